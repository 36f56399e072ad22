-- Trip 1, in a transaction of their own.

WITH ended AS (
UPDATE "inventory"
SET status = 'released', lease_expires_at = NULL, retry_at = clock_timestamp(), processing_end = clock_timestamp()
WHERE id = $1 AND attempt = $2 AND begun_at IS NULL AND status = 'running'
RETURNING *
), recorded AS (
INSERT INTO "inventory_attempt"
    (batch_id, attempt, worker, started_at, ended_at, outcome, error)
SELECT id, attempt, worker, processing_start, processing_end, $3, $4
FROM ended
ON CONFLICT (batch_id, attempt) DO NOTHING
)
SELECT id, meta_table, job, run, kind, status, attempt, failures, batch_id_start, batch_id_end,
    cover_start, item_ids, batch_count, batch_weight, worker, job_identifier,
    CAST(date_part('epoch', processing_start) * 1000 AS bigint),
    CAST(date_part('epoch', processing_end) * 1000 AS bigint),
    CAST(date_part('epoch', lease_expires_at) * 1000 AS bigint), CAST(date_part('epoch', retry_at) * 1000 AS bigint),
    job_result_item, logging, parent_id, completion, cause,
    deferrals, CAST(date_part('epoch', deferred_since) * 1000 AS bigint),
    CAST(date_part('epoch', begun_at) * 1000 AS bigint), item_key, CAST(date_part('epoch', stuck_until) * 1000 AS bigint),
    CAST(date_part('epoch', interval_from) * 1000 AS bigint), CAST(date_part('epoch', interval_to) * 1000 AS bigint)
FROM ended;
-- $1 integer, $2 integer, $3 text, $4 null
