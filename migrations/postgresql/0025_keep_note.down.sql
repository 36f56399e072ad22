ALTER TABLE {inventory_output} DROP COLUMN note;
