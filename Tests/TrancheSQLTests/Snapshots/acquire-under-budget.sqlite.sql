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

SELECT
    b.id, b.name, r.meta_table, r.job, r.run, b.batches, b.weight, b.rate, b.burst,
CASE WHEN b.rate IS NOT NULL THEN (
    SELECT tokens FROM "inventory_charge" AS c
    WHERE c.budget_id = b.id
    ORDER BY c.id DESC
    LIMIT 1
) END,
CASE WHEN b.rate IS NOT NULL
    THEN (
    SELECT charged_at FROM "inventory_charge" AS c
    WHERE c.budget_id = b.id
    ORDER BY c.id DESC
    LIMIT 1
) END,
b.pause_reason, b.parked_until, b.park_reason,
b.folded_to, b.open_until,
(
    SELECT count(*) FROM "inventory_waiting" AS w
    WHERE w.budget_id = b.id AND w.waits_until > CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) AND w.waits_until <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $1)
), 0, b.bound_batches, b.bound_weight, b.summed_batches, 0,
    CASE WHEN b.bound_batches IS NULL OR b.bound_batches > 2 * b.summed_batches + 64
    OR b.bound_batches + $2 > b.batches
    OR b.bound_weight > b.weight - $3 OR EXISTS (
    SELECT 1 FROM "inventory_waiting" AS w
    WHERE w.budget_id = b.id AND w.waits_until > CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) AND w.waits_until <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $4)
) THEN 1 ELSE 0 END
FROM (
    SELECT b.*, l.bound_batches, l.bound_weight, l.summed_batches
    FROM (SELECT * FROM "inventory_budget" WHERE "id" IN (SELECT value FROM json_each($5))) AS b
LEFT JOIN "inventory_let_in" AS l
    ON l.id = (SELECT max(e.id) FROM "inventory_let_in" AS e WHERE e.budget_id = b.id)
) AS b
LEFT JOIN "inventory_run" AS r ON r.id = b.run_id
ORDER BY b.id;
-- $1 integer, $2 integer, $3 real, $4 integer, $5 text

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

-- Trip 2, with a commit that gives up its locks before it is on disk.

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
    given_weight,
    strftime('%Y-%m-%d %H:%M:%f', $14 / 1000.0, 'unixepoch'), $15,
    given_token, CAST($16 AS bigint),
    $17
FROM given
RETURNING id, batch_id_start;
-- $1 text, $2 text, $3 integer, $4 integer, $5 integer, $6 null, $7 integer, $8 real, $9 text, $10 text, $11 text, $12 text, $13 null, $14 integer, $15 integer, $16 null, $17 text

INSERT INTO "inventory_let_in" (
    budget_id, run_id, batch_id, attempt, bound_batches, bound_weight, summed_batches
)
VALUES ($1, $2, (SELECT max(id) FROM "inventory"), 1, $3, $4, $5);
-- $1 integer, $2 integer, $3 integer, $4 real, $5 integer
