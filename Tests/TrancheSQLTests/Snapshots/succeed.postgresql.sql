-- Trip 1, in a transaction of their own.

WITH ended AS (
UPDATE "inventory"
SET status = 'succeeded', job_result_item = CAST($1 AS json), logging = $2,
    lease_expires_at = NULL, retry_at = NULL, processing_end = clock_timestamp()
WHERE id = $3 AND attempt = $4 AND status = 'running'
RETURNING *
), recorded AS (
INSERT INTO "inventory_attempt"
    (batch_id, attempt, worker, started_at, ended_at, outcome, error)
SELECT id, attempt, worker, processing_start, processing_end, $5, $6
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
-- $1 text, $2 null, $3 integer, $4 integer, $5 text, $6 null
