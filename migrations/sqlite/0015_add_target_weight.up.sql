-- The weight that batches have by their target time, and the end of the last one that it was found
-- from.
ALTER TABLE {inventory_run} ADD COLUMN target_weight REAL;
ALTER TABLE {inventory_run} ADD COLUMN target_measured_at INTEGER;
