-- What is held at most under an entry's budget: what was let in since it was added up is counted, and
-- what has ended is not taken off. NULL where that is not known.
ALTER TABLE {inventory_let_in} ADD COLUMN bound_batches INTEGER;
ALTER TABLE {inventory_let_in} ADD COLUMN bound_weight REAL;
-- How many batches were held when they were last added up.
ALTER TABLE {inventory_let_in} ADD COLUMN summed_batches INTEGER;
