-- works with 28
-- The program that applied a migration, and the lowest migration that a program must know to work
-- with it; NULL: the migration itself.
ALTER TABLE {inventory_migration} ADD COLUMN program text;
ALTER TABLE {inventory_migration} ADD COLUMN works_with integer;

-- Processes that work, so that whoever migrates learns which are too old.
CREATE TABLE {inventory_worker} (
    name TEXT NOT NULL PRIMARY KEY,
    -- Its version, and the last migration that it knows.
    program TEXT NOT NULL,
    knows INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
