-- How often in a row a batch was given back until later, and since when.
ALTER TABLE {inventory} ADD COLUMN deferrals integer NOT NULL DEFAULT 0;
ALTER TABLE {inventory} ADD COLUMN deferred_since timestamptz;
