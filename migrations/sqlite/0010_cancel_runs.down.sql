ALTER TABLE {inventory_run} DROP COLUMN cancelled_at;
ALTER TABLE {inventory_run} DROP COLUMN cancelled_by;
ALTER TABLE {inventory_run} DROP COLUMN cancel_reason;
ALTER TABLE {inventory_attempt} DROP COLUMN cause;
ALTER TABLE {inventory} DROP COLUMN cause;
