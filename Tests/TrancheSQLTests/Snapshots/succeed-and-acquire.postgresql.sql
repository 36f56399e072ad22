-- Trip 1, opening a transaction.

WITH queue AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1, 0))
), locked AS MATERIALIZED (
    SELECT tranche_row.*
    FROM "inventory_run" AS tranche_row CROSS JOIN queue
    WHERE meta_table = $2 AND job = $3 AND run = $4
    FOR UPDATE OF tranche_row
)
SELECT id, meta_table, job, run, definition, id_from, id_to, passed_id, tile_end,
    lease_ms, max_attempts, backoff_ms, backoff_limit_ms,
    on_exhausted, extended_ms, execution, settle_wait_ms, settle_lag_ms, watch_ms,
    pause_reason, CAST(date_part('epoch', pending_since) * 1000 AS bigint),
    ceiling_id, ceiling_next, CAST(date_part('epoch', ceiling_next_at) * 1000 AS bigint), ceiling_holders,
    CAST(date_part('epoch', gaps_due_at) * 1000 AS bigint), gaps_dropped, outage, root_from, root_to,
    is_upstream, audit_position, source_mark, source_witness, rewound_id, hold_reason,
    source_promotion, timeline,
    CAST(date_part('epoch', created_at) * 1000 AS bigint), budget_set, share, priority, per_key,
    CAST(date_part('epoch', cancelled_at) * 1000 AS bigint), cancelled_by, cancel_reason, let_through,
    NULL, CAST(date_part('epoch', clock_timestamp()) * 1000 AS bigint)
FROM locked;
-- $1 text, $2 text, $3 text, $4 text

SELECT batch_id_end
FROM "inventory"
WHERE meta_table = $1 AND job = $2 AND run = $3 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1;
-- $1 text, $2 text, $3 text

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
SELECT id, CAST(date_part('epoch', processing_end) * 1000 AS bigint)
FROM ended;
-- $1 null, $2 null, $3 integer, $4 integer, $5 text, $6 null

SELECT id, meta_table, job, run, kind, status, attempt, failures, batch_id_start, batch_id_end,
    cover_start, item_ids, batch_count, batch_weight, worker, job_identifier,
    CAST(date_part('epoch', processing_start) * 1000 AS bigint),
    CAST(date_part('epoch', processing_end) * 1000 AS bigint),
    CAST(date_part('epoch', lease_expires_at) * 1000 AS bigint), CAST(date_part('epoch', retry_at) * 1000 AS bigint),
    job_result_item, logging, parent_id, completion, cause,
    deferrals, CAST(date_part('epoch', deferred_since) * 1000 AS bigint),
    CAST(date_part('epoch', begun_at) * 1000 AS bigint), item_key, CAST(date_part('epoch', stuck_until) * 1000 AS bigint),
    CAST(date_part('epoch', interval_from) * 1000 AS bigint), CAST(date_part('epoch', interval_to) * 1000 AS bigint)
FROM "inventory"
WHERE meta_table = $1 AND job = $2 AND run = $3
    -- The clock stands in a query of its own, or it would be read anew for each row and could
    -- not be looked up in the index.
    AND coalesce(lease_expires_at, retry_at) <= (SELECT clock_timestamp())
-- As the index has them: however many are due, a few are read.
ORDER BY coalesce(lease_expires_at, retry_at), id
LIMIT $4
FOR UPDATE SKIP LOCKED;
-- $1 text, $2 text, $3 text, $4 integer

SELECT "uid", CAST("weight" AS double precision), "item"
FROM "item"
WHERE "uid" >= (
    SELECT CASE
        WHEN coalesce(batch_id_end, passed_id) IS NULL
        THEN coalesce(id_from, -9223372036854775807 - 1)
        -- There is none behind the highest of all.
        WHEN batch_id_end >= coalesce(passed_id, batch_id_end)
        THEN nullif(batch_id_end, 9223372036854775807) + 1
        ELSE nullif(passed_id, 9223372036854775807) + 1
    END
    FROM "inventory_run"
    LEFT JOIN (
    SELECT batch_id_end
FROM "inventory"
WHERE meta_table = $1 AND job = $2 AND run = $3 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $4 AND job = $5 AND run = $6
)
ORDER BY "uid"
LIMIT 16;
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text

-- Trip 2, with the commit.

WITH given (given_kind, given_worker, given_start, given_end, given_cover, given_ids, given_count, given_weight, given_token) AS (VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))
INSERT INTO "inventory" (
    meta_table, job, run, kind, status, job_identifier, worker,
    batch_id_start, batch_id_end, cover_start, item_ids, batch_count, batch_weight,
    processing_start, lease_expires_at, request, completion, config
)
SELECT $10, $11, $12, given_kind,
    'running',
    $13, given_worker,
    given_start, given_end, CAST(given_cover AS bigint), given_ids, given_count,
    CAST(given_weight AS double precision),
    to_timestamp(CAST($14 AS double precision) / 1000), to_timestamp(CAST($15 AS double precision) / 1000),
    given_token, CAST($16 AS bigint),
    CAST($17 AS json)
FROM given
RETURNING id, batch_id_start;
-- $1 text, $2 text, $3 integer, $4 integer, $5 integer, $6 null, $7 integer, $8 real, $9 text, $10 text, $11 text, $12 text, $13 null, $14 integer, $15 integer, $16 null, $17 text
