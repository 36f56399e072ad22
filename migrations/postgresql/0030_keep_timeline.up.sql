-- What was found when a standby had taken the place of a source's server, as JSON: both timelines, and
-- how many of the ids handed out last were compared, are missing, and are handed out again. NULL while
-- none has.
ALTER TABLE {inventory_run} ADD COLUMN source_promotion text;
-- The timeline of the inventory's own server when batches of the run were handed out; NULL where it has
-- none.
ALTER TABLE {inventory_run} ADD COLUMN timeline bigint;
