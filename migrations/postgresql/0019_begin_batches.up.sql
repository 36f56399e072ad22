-- How often a handler may start; NULL for at least once.
ALTER TABLE {inventory_run} ADD COLUMN execution text;
-- When work on a batch began that is not to be repeated, and by which request.
ALTER TABLE {inventory} ADD COLUMN begun_at timestamptz;
ALTER TABLE {inventory} ADD COLUMN begun_token text;
