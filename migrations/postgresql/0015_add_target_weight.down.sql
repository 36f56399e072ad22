ALTER TABLE {inventory_run} DROP COLUMN target_measured_at;
ALTER TABLE {inventory_run} DROP COLUMN target_weight;
