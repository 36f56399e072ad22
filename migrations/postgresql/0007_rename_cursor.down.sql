UPDATE {inventory_run} AS r
SET passed_id = greatest(r.passed_id, t.last_end), tile_end = greatest(r.tile_end, t.last_end)
FROM (
    SELECT meta_table, job, run, max(batch_id_end) AS last_end
    FROM {inventory}
    WHERE kind IN ('incremental', 'backfill')
    GROUP BY meta_table, job, run
) AS t
WHERE t.meta_table = r.meta_table AND t.job = r.job AND t.run = r.run;
ALTER TABLE {inventory_run} RENAME COLUMN passed_id TO cursor_id;
