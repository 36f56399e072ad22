-- How many batches of one key may be held at once; NULL for any number.
ALTER TABLE {inventory_run} ADD COLUMN per_key bigint;
-- The key of a batch's items in text form. NULL is a key of its own where has_key is 1; of a source
-- without a key column both are NULL.
ALTER TABLE {inventory} ADD COLUMN item_key text;
ALTER TABLE {inventory} ADD COLUMN has_key integer;
-- What is held of a run's keys is counted in it: those of other runs are not in it.
CREATE INDEX {name:inventory_key_idx} ON {inventory} (meta_table, job, run, item_key) WHERE has_key = 1 AND status = 'running';
