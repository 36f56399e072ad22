-- What the tiles of a run add up to, as far as they were added up: who asks adds what follows, however long the
-- table is. All tiles count, whatever has become of them: those that have not succeeded are few, and are taken off.
CREATE TABLE {inventory_tally} (
    run_id INTEGER PRIMARY KEY REFERENCES {inventory_run} (id) ON DELETE CASCADE,
    -- The lowest id at which a tile may end that is not counted.
    next_id INTEGER NOT NULL,
    batches INTEGER NOT NULL,
    items INTEGER NOT NULL,
    weight REAL NOT NULL,
    -- The highest id of the source that was seen, and when: what waits below it waits since then at least.
    seen_id INTEGER,
    seen_at INTEGER
) STRICT;
-- What was split: few rows, of which no other index tells.
CREATE INDEX {name:inventory_split_idx} ON {inventory} (meta_table, job, run) WHERE status = 'split';
-- What failed lately.
CREATE INDEX {name:inventory_attempt_failed_idx}
    ON {inventory_attempt} (ended_at)
    WHERE outcome IN ('failed', 'expired');
