-- What has failed for good may be tried again: its events are kept for a while.
CREATE INDEX {name:inventory_failed_idx}
    ON {inventory} (meta_table, job, run, batch_id_end)
    WHERE status IN ('failed', 'quarantined');
