-- Trip 1, opening a transaction.

SELECT id, meta_table, job, run, definition, id_from, id_to, passed_id, tile_end,
    lease_ms, max_attempts, backoff_ms, backoff_limit_ms,
    on_exhausted, extended_ms, execution, settle_wait_ms, settle_lag_ms, watch_ms,
    pause_reason, pending_since,
    ceiling_id, ceiling_next, ceiling_next_at, ceiling_holders,
    gaps_due_at, gaps_dropped, outage, root_from, root_to,
    is_upstream, audit_position, source_mark, source_witness, rewound_id, hold_reason,
    source_promotion, timeline,
    created_at, budget_set, share, priority, per_key,
    cancelled_at, cancelled_by, cancel_reason, let_through,
    NULL
FROM "inventory_run"
WHERE (meta_table, job, run) = (
    SELECT meta_table, job, run FROM "inventory" WHERE id = $1
)
;
-- $1 integer

SELECT id, meta_table, job, run, kind, status, attempt, failures, batch_id_start, batch_id_end,
    cover_start, item_ids, batch_count, batch_weight, worker, job_identifier,
    CAST(round((julianday(processing_start) - 2440587.5) * 86400000.0) AS integer),
    CAST(round((julianday(processing_end) - 2440587.5) * 86400000.0) AS integer),
    lease_expires_at, retry_at,
    job_result_item, logging, parent_id, completion, cause,
    deferrals, deferred_since,
    begun_at, item_key, stuck_until,
    interval_from, interval_to
FROM "inventory"
WHERE id = $1
;
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

SELECT CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer);

-- Trip 2, with the commit.

UPDATE "inventory"
SET status = $1, failures = $2,
    lease_expires_at = NULL, retry_at = $3, stuck_until = NULL, cause = $4,
    processing_end = strftime('%Y-%m-%d %H:%M:%f', $5 / 1000.0, 'unixepoch'),
    logging = $6, job_result_item = $7,
    deferrals = 0, deferred_since = NULL
WHERE id = $8 AND attempt = $9 AND status = 'running';
-- $1 text, $2 integer, $3 integer, $4 null, $5 integer, $6 text, $7 null, $8 integer, $9 integer

INSERT INTO "inventory_attempt"
    (batch_id, attempt, worker, started_at, ended_at, outcome, error)
SELECT id, attempt, worker, CAST(round((julianday(processing_start) - 2440587.5) * 86400000.0) AS integer), $1, $2, $3
FROM "inventory"
WHERE id = $4 AND attempt = $5 AND status = $6
ON CONFLICT (batch_id, attempt) DO NOTHING;
-- $1 integer, $2 text, $3 text, $4 integer, $5 integer, $6 text
