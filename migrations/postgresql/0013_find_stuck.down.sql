DROP INDEX {inventory_stuck_idx};
ALTER TABLE {inventory} DROP COLUMN stuck_until;
ALTER TABLE {inventory_run} DROP COLUMN extended_ms;
