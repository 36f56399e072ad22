DROP INDEX {inventory_key_idx};
ALTER TABLE {inventory} DROP COLUMN has_key;
ALTER TABLE {inventory} DROP COLUMN item_key;
ALTER TABLE {inventory_run} DROP COLUMN per_key;
