ALTER TABLE {inventory_run} DROP COLUMN let_through;
