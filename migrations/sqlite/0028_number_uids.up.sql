-- Uids that are not integers have numbers, given in the order in which they are found.
CREATE TABLE {inventory_registry} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    meta_table TEXT NOT NULL,
    uid_column TEXT NOT NULL,
    -- What the uids are, such as 'uuid'.
    kind TEXT NOT NULL,
    -- The highest number that was given.
    last_id INTEGER NOT NULL DEFAULT 0,
    -- Where the walk through all uids stands; NULL at the beginning.
    walked TEXT,
    -- How often the walk came to the end.
    rounds INTEGER NOT NULL DEFAULT 0,
    -- From where new uids are looked for in the order in which they come; NULL while all are.
    front TEXT,
    -- What becomes the front, and since when it is known.
    next_front TEXT,
    next_at INTEGER,
    CONSTRAINT {name:inventory_registry_source_once} UNIQUE (meta_table, uid_column, kind),
    CONSTRAINT {name:inventory_registry_last_id_not_negative} CHECK (last_id >= 0)
) STRICT;

CREATE TABLE {inventory_uid} (
    registry_id INTEGER NOT NULL REFERENCES {inventory_registry} (id),
    number INTEGER NOT NULL,
    uid TEXT NOT NULL,
    PRIMARY KEY (registry_id, number),
    CONSTRAINT {name:inventory_uid_numbered_once} UNIQUE (registry_id, uid),
    CONSTRAINT {name:inventory_uid_number_from_1} CHECK (number >= 1)
) STRICT;
