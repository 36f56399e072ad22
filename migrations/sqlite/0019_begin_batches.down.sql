ALTER TABLE {inventory} DROP COLUMN begun_token;
ALTER TABLE {inventory} DROP COLUMN begun_at;
ALTER TABLE {inventory_run} DROP COLUMN execution;
