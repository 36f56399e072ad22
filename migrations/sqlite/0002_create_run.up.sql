-- What is due, or will be: few rows, however long the table is.
CREATE INDEX {name:inventory_due_idx}
    ON {name:inventory} (meta_table, job, run, coalesce(lease_expires_at, retry_at))
    WHERE coalesce(lease_expires_at, retry_at) IS NOT NULL;

-- Tokens that callers gave. Those made up, marked by a tilde, are only ever looked for among the
-- batches that are due or held, and cost no index.
CREATE UNIQUE INDEX {name:inventory_request_idx}
    ON {name:inventory} (request)
    WHERE substr(request, 1, 1) <> '~';

-- One row per run: what an acquire locks.
CREATE TABLE {inventory_run} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    meta_table TEXT NOT NULL,
    job TEXT NOT NULL,
    run TEXT NOT NULL,
    -- The source's database, columns and filter as JSON with sorted keys.
    definition TEXT,
    id_from INTEGER,
    id_to INTEGER,
    -- The id up to which the run has passed, and the one at which its last tile ends.
    cursor_id INTEGER,
    tile_end INTEGER,
    lease_ms INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    backoff_ms INTEGER NOT NULL,
    backoff_limit_ms INTEGER NOT NULL,
    pause_reason TEXT,
    pending_since INTEGER,
    created_at INTEGER NOT NULL,
    CONSTRAINT {name:inventory_run_once} UNIQUE (meta_table, job, run),
    CONSTRAINT {name:inventory_run_bounds_ordered} CHECK (id_from <= id_to),
    CONSTRAINT {name:inventory_run_lease_positive} CHECK (lease_ms > 0),
    CONSTRAINT {name:inventory_run_max_attempts_positive} CHECK (max_attempts >= 1)
) STRICT;

-- One row per attempt that has ended; the one that runs is in the batch's own row.
CREATE TABLE {inventory_attempt} (
    batch_id INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    worker TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (batch_id, attempt),
    CONSTRAINT {name:inventory_attempt_outcome_known} CHECK (
        outcome IN ('succeeded', 'failed', 'released', 'expired')
    )
) STRICT, WITHOUT ROWID;
