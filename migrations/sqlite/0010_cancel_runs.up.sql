-- Why a batch, or an attempt, ended as it did, where that is not how the work ended.
ALTER TABLE {inventory} ADD COLUMN cause TEXT;
ALTER TABLE {inventory_attempt} ADD COLUMN cause TEXT;

-- Since when a run is cancelled, by whom and why: nothing more of it is handed out.
ALTER TABLE {inventory_run} ADD COLUMN cancelled_at INTEGER;
ALTER TABLE {inventory_run} ADD COLUMN cancelled_by TEXT;
ALTER TABLE {inventory_run} ADD COLUMN cancel_reason TEXT;
