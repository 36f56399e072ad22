-- Trip 1, opening a transaction.

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
    NULL
FROM "inventory_run"
WHERE (meta_table, job, run) = (
    SELECT meta_table, job, run FROM "inventory" WHERE id = $1
)
FOR UPDATE;
-- $1 integer

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
WHERE id = $1
FOR UPDATE;
-- $1 integer

WITH RECURSIVE line AS (
    SELECT id, parent_id FROM "inventory" WHERE id = $1
    UNION ALL
    SELECT parent.id, parent.parent_id
    FROM line JOIN "inventory" AS parent ON parent.id = line.parent_id
)
SELECT min(id), CASE WHEN EXISTS (
    SELECT 1
    FROM line AS above JOIN "inventory" AS part ON part.parent_id = above.id
    WHERE part.status = 'succeeded'
) THEN 1 ELSE 0 END
FROM line;
-- $1 integer

SELECT CAST(date_part('epoch', clock_timestamp()) * 1000 AS bigint);

-- Trip 2, with the commit.

UPDATE "inventory"
SET status = $1, failures = $2,
    lease_expires_at = NULL, retry_at = to_timestamp(CAST($3 AS double precision) / 1000), stuck_until = NULL, cause = $4,
    processing_end = to_timestamp(CAST($5 AS double precision) / 1000),
    logging = $6, job_result_item = CAST($7 AS json),
    deferrals = 0, deferred_since = NULL
WHERE id = $8 AND attempt = $9 AND status = 'running';
-- $1 text, $2 integer, $3 integer, $4 null, $5 integer, $6 text, $7 null, $8 integer, $9 integer

INSERT INTO "inventory_attempt"
    (batch_id, attempt, worker, started_at, ended_at, outcome, error)
SELECT id, attempt, worker, processing_start, to_timestamp(CAST($1 AS double precision) / 1000), $2, $3
FROM "inventory"
WHERE id = $4 AND attempt = $5 AND status = $6
ON CONFLICT (batch_id, attempt) DO NOTHING;
-- $1 integer, $2 text, $3 text, $4 integer, $5 integer, $6 text
