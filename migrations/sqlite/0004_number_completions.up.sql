-- Whether other jobs take this run's batches as their items: 0 no, 1 yes, while older batches are not all
-- marked yet, 2 yes. Only the batches of such runs are marked to be numbered, by a completion of 0, so
-- that a success pays nothing where nobody asks.
ALTER TABLE {inventory_run} ADD COLUMN is_upstream INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX {name:inventory_completion_idx}
    ON {name:inventory} (job, meta_table, completion)
    WHERE completion > 0;
CREATE INDEX {name:inventory_unnumbered_idx}
    ON {name:inventory} (job, meta_table, processing_end, id)
    WHERE completion = 0 AND status = 'succeeded';
