DROP TABLE {inventory_worker};
ALTER TABLE {inventory_migration} DROP COLUMN works_with;
ALTER TABLE {inventory_migration} DROP COLUMN program;
