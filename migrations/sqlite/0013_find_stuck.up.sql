-- After how long a batch that has used up its attempts is tried once more; NULL for never.
ALTER TABLE {inventory_run} ADD COLUMN extended_ms INTEGER;
-- When that is. Those that are due otherwise are looked for without them, however many there are.
ALTER TABLE {inventory} ADD COLUMN stuck_until INTEGER;
CREATE INDEX {name:inventory_stuck_idx} ON {name:inventory} (meta_table, job, run, stuck_until) WHERE stuck_until IS NOT NULL;
