ALTER TABLE {inventory} DROP COLUMN interval_to;
ALTER TABLE {inventory} DROP COLUMN interval_from;
