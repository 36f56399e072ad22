-- What a run knows of ids that may still be committed, of failures that are not the items', and of
-- its audit.
ALTER TABLE {inventory_run} ADD COLUMN on_exhausted TEXT NOT NULL DEFAULT 'fail'
    CONSTRAINT {name:inventory_run_on_exhausted_known} CHECK (on_exhausted IN ('fail', 'split'));
ALTER TABLE {inventory_run} ADD COLUMN settle_wait_ms INTEGER NOT NULL DEFAULT 60000;
ALTER TABLE {inventory_run} ADD COLUMN settle_lag_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE {inventory_run} ADD COLUMN watch_ms INTEGER NOT NULL DEFAULT 86400000;
-- The id up to which batches are handed out, the next one that is waited for, since when, and
-- the writers that are known.
ALTER TABLE {inventory_run} ADD COLUMN ceiling_id INTEGER;
ALTER TABLE {inventory_run} ADD COLUMN ceiling_next INTEGER;
ALTER TABLE {inventory_run} ADD COLUMN ceiling_next_at INTEGER;
ALTER TABLE {inventory_run} ADD COLUMN ceiling_holders TEXT;
ALTER TABLE {inventory_run} ADD COLUMN gaps_due_at INTEGER;
ALTER TABLE {inventory_run} ADD COLUMN gaps_dropped INTEGER NOT NULL DEFAULT 0;
-- The outage guard as JSON; null while it has seen nothing.
ALTER TABLE {inventory_run} ADD COLUMN outage TEXT;
ALTER TABLE {inventory_run} ADD COLUMN audit_position TEXT;
ALTER TABLE {inventory_run} ADD COLUMN root_from INTEGER;
ALTER TABLE {inventory_run} ADD COLUMN root_to INTEGER;

-- Ids behind a run's cursor that were not handed out and may still be committed.
CREATE TABLE {inventory_gap} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL,
    id_start INTEGER NOT NULL,
    id_end INTEGER NOT NULL,
    -- How many ids of the range were handed out; null when they are to be compared at the next look.
    known INTEGER,
    -- The writers that may still commit an id of it, and the server's life; null once it is closed.
    holders TEXT,
    found_at INTEGER NOT NULL,
    next_look INTEGER NOT NULL,
    watch_until INTEGER NOT NULL,
    looks INTEGER NOT NULL DEFAULT 0,
    is_redo INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT {name:inventory_gap_ordered} CHECK (id_start <= id_end)
) STRICT;
CREATE INDEX {name:inventory_gap_run_id_id_end_idx} ON {name:inventory_gap} (run_id, id_end);

-- The tile that holds an id, and the late batches that may: these are in no tile.
CREATE INDEX {name:inventory_tile_idx}
    ON {name:inventory} (meta_table, job, run, batch_id_end)
    WHERE kind IN ('incremental', 'backfill');
CREATE INDEX {name:inventory_late_idx}
    ON {name:inventory} (meta_table, job, run, batch_id_end, batch_id_start)
    WHERE kind = 'late';
-- The parts of a batch, and what was made of it again.
CREATE INDEX {name:inventory_parent_id_idx}
    ON {name:inventory} (parent_id)
    WHERE parent_id IS NOT NULL;
