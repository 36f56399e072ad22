-- The logs of inputs: what they gave, each event once.
CREATE TABLE {inventory_input_log} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    -- Events up to this number are cleaned.
    floor INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE {inventory_event} (
    log_id INTEGER NOT NULL,
    -- Given under the lock of the log's row, so that none is committed behind a higher one.
    number INTEGER NOT NULL,
    identity TEXT NOT NULL,
    content TEXT NOT NULL,
    event_key TEXT,
    weight REAL NOT NULL,
    logged_at INTEGER NOT NULL,
    -- Whether the row stays when it is cleaned, without its content, so that the identity is known.
    is_lasting INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (log_id, number),
    CONSTRAINT {name:inventory_event_identity_once} UNIQUE (log_id, identity)
) STRICT;
CREATE INDEX {name:inventory_event_key_idx}
    ON {inventory_event} (log_id, event_key, number)
    WHERE event_key IS NOT NULL;
CREATE INDEX {name:inventory_event_lasting_idx}
    ON {inventory_event} (log_id, identity)
    WHERE is_lasting = 1;
-- What can still be cleaned.
CREATE INDEX {name:inventory_event_kept_idx}
    ON {inventory_event} (log_id, number)
    WHERE is_lasting = 0 OR content <> '';
