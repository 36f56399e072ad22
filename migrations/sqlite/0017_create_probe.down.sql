ALTER TABLE {inventory_budget} DROP COLUMN open_until;
DROP TABLE {inventory_probe};
