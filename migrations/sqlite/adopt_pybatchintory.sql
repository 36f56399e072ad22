-- Takes over a table that pybatchintory 0.0.8 wrote: 0001 makes the new one between these two parts.
ALTER TABLE {inventory} RENAME TO {name:inventory_pybatchintory};
-- then 0001
INSERT INTO {inventory} (
    id, meta_table, job, job_identifier, job_result_item, processing_start, processing_end,
    batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config, kind
)
SELECT
    id, meta_table, job, job_identifier, job_result_item,
    strftime('%Y-%m-%d %H:%M:%f', processing_start),
    strftime('%Y-%m-%d %H:%M:%f', processing_end),
    batch_id_start, batch_id_end, batch_weight, batch_count, attempt, status, logging, config,
    'incremental'
FROM {inventory_pybatchintory}
ORDER BY id;
-- Numbers are never given again, even where the highest rows were deleted.
UPDATE sqlite_sequence
SET seq = max(seq, coalesce(
    (SELECT seq FROM sqlite_sequence WHERE name = {text:inventory_pybatchintory}), 0))
WHERE name = {text:inventory};
DROP TABLE {inventory_pybatchintory};
