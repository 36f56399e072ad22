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
    NULL, CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) FROM "inventory_run" WHERE meta_table = $1 AND job = $2 AND run = $3;
-- $1 text, $2 text, $3 text

SELECT batch_id_end
FROM "inventory"
WHERE meta_table = $1 AND job = $2 AND run = $3 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1;
-- $1 text, $2 text, $3 text

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
WHERE meta_table = $1 AND job = $2 AND run = $3
    -- The clock stands in a query of its own, or it would be read anew for each row and could
    -- not be looked up in the index.
    AND coalesce(lease_expires_at, retry_at) <= (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer))
-- As the index has them: however many are due, a few are read.
ORDER BY coalesce(lease_expires_at, retry_at), id
LIMIT $4
;
-- $1 text, $2 text, $3 text, $4 integer

SELECT "uid", "weight", "item"
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

UPDATE "inventory"
SET status = 'running', attempt = $1, failures = $2,
    worker = $3, job_identifier = $4,
    processing_start = strftime('%Y-%m-%d %H:%M:%f', $5 / 1000.0, 'unixepoch'),
    processing_end = NULL,
    lease_expires_at = $6, retry_at = NULL, cause = NULL,
    stuck_until = NULL, deferrals = $7,
    deferred_since = CASE WHEN cause = 'deferred' THEN deferred_since END,
    -- An adopted batch covers what it names, and is known for one by having no request.
    cover_start = CASE
        WHEN request IS NULL AND kind IN ('incremental', 'backfill')
            AND batch_id_start > -9223372036854775807
        THEN batch_id_start - 1
        ELSE cover_start
    END,
    request = $8, job_result_item = NULL, logging = NULL
WHERE id = $9;
-- $1 integer, $2 integer, $3 text, $4 null, $5 integer, $6 integer, $7 integer, $8 text, $9 integer

-- Trip 3, reading.

SELECT "uid", "weight", "item"
FROM "item"
WHERE "uid" >= $1
    AND "uid" <= $2
ORDER BY "uid"
LIMIT $3;
-- $1 integer, $2 integer, $3 integer
