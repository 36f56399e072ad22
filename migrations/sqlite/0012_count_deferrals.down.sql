ALTER TABLE {inventory} DROP COLUMN deferred_since;
ALTER TABLE {inventory} DROP COLUMN deferrals;
