ALTER TABLE {inventory_run} DROP COLUMN is_limited;
DROP TABLE {inventory_change};
DROP TABLE {inventory_let_in};
DROP TABLE {inventory_run_budget};
DROP TABLE {inventory_budget};
