-- How many batches of a paused run are handed out all the same before the pause begins.
ALTER TABLE {inventory_run} ADD COLUMN let_through bigint NOT NULL DEFAULT 0;
