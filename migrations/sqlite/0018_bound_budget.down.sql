ALTER TABLE {inventory_let_in} DROP COLUMN bound_batches;
ALTER TABLE {inventory_let_in} DROP COLUMN bound_weight;
ALTER TABLE {inventory_let_in} DROP COLUMN summed_batches;
