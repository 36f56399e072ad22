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

-- Trip 2, with a commit that gives up its locks before it is on disk.

WITH patience AS MATERIALIZED (
    SELECT current_setting('lock_timeout') AS former,
        set_config('lock_timeout', '2000', true)
), locked AS MATERIALIZED (
    SELECT tranche_row.id, former
    FROM "inventory_budget" AS tranche_row CROSS JOIN patience
    WHERE "id" = ANY (CAST($1 AS bigint[]))
    ORDER BY tranche_row.id
    FOR NO KEY UPDATE OF tranche_row
)
-- An aggregate has all rows locked before it is put back.
SELECT set_config('lock_timeout', max(former), true) FROM locked;
-- $1 text

WITH mine AS (SELECT b.*, l.bound_batches, l.bound_weight, l.summed_batches,
    (SELECT coalesce(h.batch_weight, 0.0)
FROM "inventory" AS h
WHERE h.id = l.batch_id AND h.attempt = l.attempt AND h.status = 'running'
    AND h.lease_expires_at > clock_timestamp()) AS last_weight
FROM (SELECT * FROM "inventory_budget" WHERE "id" = ANY (CAST($1 AS bigint[]))) AS b
LEFT JOIN "inventory_let_in" AS l
    ON l.id = (SELECT max(e.id) FROM "inventory_let_in" AS e WHERE e.budget_id = b.id)),
added AS (SELECT * FROM mine AS b WHERE b.bound_batches IS NULL OR b.bound_batches > 2 * b.summed_batches + 64
    OR b.bound_batches + $2 > b.batches
    OR b.bound_weight > b.weight - $3),
base AS MATERIALIZED (
    SELECT b.*, CASE WHEN a.id IS NULL THEN b.bound_batches ELSE coalesce(u.batches, 0) END AS held_batches, CASE WHEN a.id IS NULL THEN b.bound_weight ELSE coalesce(u.weight, 0.0) END AS held_weight,
        CASE WHEN a.id IS NULL THEN b.summed_batches ELSE coalesce(u.batches, 0) END AS summed, coalesce(u.entries, 0) AS entries
    FROM mine AS b
    LEFT JOIN added AS a ON a.id = b.id
    LEFT JOIN (SELECT
    budget_id, count(*) AS entries, count(held_weight) AS batches,
    CAST(
    CASE
        WHEN max(held_weight) > 1e290
        THEN least(sum(CASE WHEN held_weight > 1e200 THEN held_weight * 1e-30 ELSE 0 END), CAST(1.79e278 AS double precision))
            * CAST(1e30 AS double precision)
        ELSE sum(CASE WHEN held_weight > 1e290 THEN 0 ELSE held_weight END)
    END AS double precision
) AS weight
FROM (SELECT l.budget_id, l.run_id, (SELECT coalesce(h.batch_weight, 0.0)
FROM "inventory" AS h
WHERE h.id = l.batch_id AND h.attempt = l.attempt AND h.status = 'running'
    AND h.lease_expires_at > clock_timestamp()) AS held_weight
FROM added AS k CROSS JOIN "inventory_let_in" AS l
WHERE l.budget_id = k.id AND l.id > k.folded_to) AS entry
GROUP BY budget_id) AS u ON u.budget_id = b.id
), room AS MATERIALIZED (
    SELECT
        -- Where there is no budget any more, the run has others.
        coalesce(CAST(max(CASE WHEN b.pause_reason IS NOT NULL OR b.parked_until > to_timestamp(CAST($4 AS double precision) / 1000) OR b.open_until <= to_timestamp(CAST($5 AS double precision) / 1000)
    OR b.weight = 0
    OR b.held_batches + $6 > b.batches
    OR (b.held_batches > 0 OR $7 > 1)
        AND b.held_weight > b.weight * 1.000000001 - $8 OR b.rate IS NOT NULL THEN $9 ELSE '0' END) AS integer), 1) AS is_full,
        coalesce(max(CASE WHEN b.rate IS NOT NULL
    OR b.held_batches + $10 > b.batches
    OR b.held_weight > b.weight - $11
    OR b.entries > $12 + b.held_batches * 5 / 4
    OR EXISTS (
    SELECT 1 FROM "inventory_waiting" AS w
    WHERE w.budget_id = b.id AND w.waits_until > clock_timestamp() AND w.waits_until <= clock_timestamp() + $13 * interval '1 millisecond'
) THEN 1 ELSE 0 END), 1) AS is_tight,
        coalesce(max(CASE WHEN b.last_weight IS NULL THEN 0 ELSE 1 END), 1) AS is_shared
    FROM base AS b
), given (given_kind, given_worker, given_start, given_end, given_cover, given_ids, given_count, given_weight, given_token) AS (VALUES ($14, $15, $16, $17, $18, $19, $20, $21, $22)), made AS (
INSERT INTO "inventory" (
    meta_table, job, run, kind, status, job_identifier, worker,
    batch_id_start, batch_id_end, cover_start, item_ids, batch_count, batch_weight,
    processing_start, lease_expires_at, request, completion, config
)
SELECT $23, $24, $25, given_kind,
    'running',
    $26, given_worker,
    given_start, given_end, CAST(given_cover AS bigint), given_ids, given_count,
    CAST(given_weight AS double precision),
    to_timestamp(CAST($27 AS double precision) / 1000), to_timestamp(CAST($28 AS double precision) / 1000),
    given_token, CAST($29 AS bigint),
    CAST($30 AS json)
FROM given WHERE (SELECT is_full FROM room) = 0
RETURNING id, batch_id_start
), entered AS (INSERT INTO "inventory_let_in" (
    budget_id, run_id, batch_id, attempt, bound_batches, bound_weight, summed_batches
)
SELECT base.id, CAST($31 AS bigint), made.id, 1,
    base.held_batches + $32,
    -- A sum beyond all numbers is an error of the database.
    CASE WHEN base.held_weight > CAST(1.7976931348623157e308 AS double precision) - $33
        THEN CAST(1.7976931348623157e308 AS double precision) ELSE base.held_weight + $34 END,
    base.summed
FROM made CROSS JOIN base)
SELECT id, batch_id_start, is_tight, is_shared FROM made CROSS JOIN room;
-- $1 text, $2 integer, $3 real, $4 integer, $5 integer, $6 integer, $7 integer, $8 real, $9 text, $10 integer, $11 real, $12 integer, $13 integer, $14 text, $15 text, $16 integer, $17 integer, $18 integer, $19 null, $20 integer, $21 real, $22 text, $23 text, $24 text, $25 text, $26 null, $27 integer, $28 integer, $29 null, $30 text, $31 integer, $32 integer, $33 real, $34 real
