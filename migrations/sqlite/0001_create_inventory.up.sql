-- One row per batch. The columns up to "config" carry the names that pybatchintory gave them.
CREATE TABLE {inventory} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    meta_table TEXT NOT NULL,
    job TEXT NOT NULL,
    job_identifier TEXT,
    job_result_item TEXT,
    processing_start TEXT NOT NULL,
    processing_end TEXT,
    batch_id_start INTEGER NOT NULL,
    batch_id_end INTEGER NOT NULL,
    batch_weight REAL,
    batch_count INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1,
    status TEXT NOT NULL,
    logging TEXT,
    config TEXT NOT NULL,
    run TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL,
    -- The id after which the batch's tile begins; null from the source's start.
    cover_start INTEGER,
    -- The ids handed out, such as 1-4,6-9; null where the range says it all.
    item_ids TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    worker TEXT,
    lease_expires_at INTEGER,
    retry_at INTEGER,
    request TEXT,
    parent_id INTEGER,
    completion INTEGER,
    -- Differs by dialect: SQLite cannot add a check to a table that exists, so 0002 cannot.
    CONSTRAINT {name:inventory_status_known} CHECK (
        status IN ('running', 'succeeded', 'failed', 'released', 'split', 'quarantined')
    ),
    CONSTRAINT {name:inventory_kind_known} CHECK (
        kind IN ('incremental', 'backfill', 'late', 'split', 'redrive')
    ),
    CONSTRAINT {name:inventory_attempt_positive} CHECK (attempt >= 1),
    CONSTRAINT {name:inventory_failures_not_negative} CHECK (failures >= 0)
) STRICT;
