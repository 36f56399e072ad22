-- Batches that succeeded long ago, many to a row. What a row says of them besides the body is what
-- finds it; late batches are in rows of their own, since their ids lie in others' tiles.
CREATE TABLE {inventory_archive} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL,
    first_batch INTEGER NOT NULL,
    last_batch INTEGER NOT NULL,
    -- The lowest id that a tile or batch of the row covers, and the highest.
    id_start INTEGER NOT NULL,
    id_end INTEGER NOT NULL,
    completion_from INTEGER,
    completion_to INTEGER,
    has_late INTEGER NOT NULL,
    batches INTEGER NOT NULL,
    items INTEGER NOT NULL,
    weight REAL NOT NULL,
    ended_until INTEGER NOT NULL,
    body BLOB NOT NULL,
    CONSTRAINT {name:inventory_archive_batches_ordered} CHECK (first_batch <= last_batch),
    CONSTRAINT {name:inventory_archive_ids_ordered} CHECK (id_start <= id_end)
) STRICT;
-- The lower ends are in the indexes so that a row that only ends behind a range is passed over there.
CREATE INDEX {name:inventory_archive_run_id_id_end_idx}
    ON {name:inventory_archive} (run_id, id_end, id_start);
CREATE INDEX {name:inventory_archive_late_idx}
    ON {name:inventory_archive} (run_id, id_end, id_start)
    WHERE has_late = 1;
CREATE INDEX {name:inventory_archive_run_id_completion_to_idx}
    ON {name:inventory_archive} (run_id, completion_to, completion_from)
    WHERE completion_to IS NOT NULL;
CREATE INDEX {name:inventory_archive_last_batch_idx}
    ON {name:inventory_archive} (last_batch, first_batch);
