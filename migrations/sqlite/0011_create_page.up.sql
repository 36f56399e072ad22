-- Pages that are found one from another: a source is a list of them.
CREATE TABLE {inventory_page_list} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    -- What a cursor means that is known already: 'fails' or 'ends'.
    repeated TEXT NOT NULL
) STRICT;

CREATE TABLE {inventory_page} (
    list_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    cursor TEXT NOT NULL,
    -- Of the cursor, which may be too long for an index.
    hash INTEGER NOT NULL,
    weight REAL NOT NULL,
    -- How the pages end here: 'final' or 'for_now'.
    page_end TEXT,
    -- The attempt that named the page; NULL for the first, and where somebody named it by hand.
    batch_id INTEGER,
    attempt INTEGER,
    PRIMARY KEY (list_id, number),
    CONSTRAINT {name:inventory_page_number_from_1} CHECK (number >= 1)
) STRICT;
CREATE INDEX {name:inventory_page_hash_idx} ON {inventory_page} (list_id, hash);
