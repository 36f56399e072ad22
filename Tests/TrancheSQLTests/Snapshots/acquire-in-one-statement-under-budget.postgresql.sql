-- Trip 1, in a transaction of their own.

WITH queue AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1, 0))
), locked AS MATERIALIZED (
    SELECT tranche_row.*
    FROM "inventory_run" AS tranche_row CROSS JOIN queue
    WHERE meta_table = $2 AND job = $3 AND run = $4
    FOR UPDATE OF tranche_row
)
SELECT 1
FROM locked;
-- $1 text, $2 text, $3 text, $4 text

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
), known AS MATERIALIZED (
SELECT
    id AS given_run, greatest(tile_end, last_end) AS given_cover,
    lease_ms AS given_lease,
    CAST(date_part('epoch', clock_timestamp()) * 1000 AS bigint) AS given_now,
    CASE WHEN is_upstream > 0 THEN 0 END AS given_completion,
    greatest(passed_id, last_end) AS passed_id
FROM "inventory_run"
CROSS JOIN (SELECT (SELECT batch_id_end
FROM "inventory"
WHERE meta_table = $7 AND job = $8 AND run = $9 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1) AS last_end) AS tile
WHERE meta_table = $10 AND job = $11 AND run = $12
    AND definition = $13
    AND id_from IS NOT DISTINCT FROM $14
    AND id_to IS NOT DISTINCT FROM $15
    AND root_from IS NOT DISTINCT FROM $16
    AND root_to IS NOT DISTINCT FROM $17
    AND greatest(passed_id, last_end) < 9223372036854775807 - $18
    AND cancelled_at IS NULL
    AND (extended_ms IS NULL OR $19 = 0)
    AND pause_reason IS NULL
    AND budget_set = $20 AND execution IS NULL
    AND (gaps_due_at IS NULL
        OR gaps_due_at > clock_timestamp() AND gaps_due_at <= clock_timestamp() + $21 * interval '1 millisecond')
    -- More than is needed may look like a hold: that is looked at then.
    AND (outage IS NULL OR outage NOT LIKE '%"hold":%')
    AND settle_lag_ms = 0
    AND 1 = 1
    AND (SELECT count(*) FROM ended) = 1
), seen AS MATERIALIZED (
SELECT
    tranche_id, tranche_weight, tranche_item,
    row_number() OVER tranche_order AS tranche_place,
    sum(CASE WHEN coalesce(tranche_weight BETWEEN 0 AND 1e300, true) THEN coalesce(tranche_weight, 0) ELSE 0 END)
        OVER tranche_order
        AS tranche_sum
FROM (
SELECT "uid", CAST("weight" AS double precision), "item"
FROM "item"
WHERE "uid" >= (SELECT passed_id + 1 FROM known)
ORDER BY "uid"
LIMIT 16
) AS tranche_step (tranche_id, tranche_weight, tranche_item)
WINDOW tranche_order AS (ORDER BY tranche_id ROWS UNBOUNDED PRECEDING)
), given AS MATERIALIZED (
SELECT known.*, passed_id + 1 AS given_start, passed_id + given_count AS given_end,
    given_count, given_weight,
    CAST(NULL AS text) AS given_ids, $22 AS given_kind,
    $23 AS given_worker, $24 AS given_token
FROM known
CROSS JOIN (
    SELECT
        count(*) FILTER (WHERE is_admitted) AS given_count,
        max(tranche_sum) FILTER (WHERE is_admitted) AS given_weight,
        count(*) AS seen_count,
        bool_and(tranche_id = (SELECT passed_id FROM known) + tranche_place)
            FILTER (WHERE is_admitted) AS is_dense,
        bool_and(coalesce(tranche_weight BETWEEN 0 AND 1e300, true)) AS is_sound,
        -- An id that stands twice falls behind its place.
        bool_and(tranche_id >= (SELECT passed_id FROM known) + tranche_place)
            AS is_unique
    FROM (SELECT *, 1 = 1 AND tranche_place <= $25 AS is_admitted FROM seen) AS marked
) AS batch
WHERE is_dense AND is_sound AND is_unique
    AND given_count < seen_count
    AND NOT EXISTS (
        SELECT 1
        FROM "inventory"
        WHERE meta_table = $26 AND job = $27 AND run = $28
            AND coalesce(lease_expires_at, retry_at)
                <= (SELECT to_timestamp(CAST(given_now AS double precision) / 1000) FROM known)
            -- The statement does not see yet that this one has ended.
            AND id <> ALL (ARRAY(SELECT id FROM ended))
    )
), advanced AS (
    UPDATE "inventory_run"
    SET pending_since = NULL
    WHERE id = (SELECT given_run FROM given) AND pending_since IS NOT NULL
), base AS MATERIALIZED (
    SELECT b.*, b.bound_batches AS held_batches, b.bound_weight AS held_weight,
        b.summed_batches AS summed
    FROM (SELECT b.*, l.bound_batches, l.bound_weight, l.summed_batches,
    (SELECT coalesce(h.batch_weight, 0.0)
FROM "inventory" AS h
WHERE h.id = l.batch_id AND h.attempt = l.attempt AND h.status = 'running'
    AND h.lease_expires_at > clock_timestamp() AND h.id <> ALL (ARRAY(SELECT id FROM ended))) AS last_weight
FROM (SELECT * FROM "inventory_budget" WHERE "id" = ANY (CAST($29 AS bigint[]))) AS b
LEFT JOIN "inventory_let_in" AS l
    ON l.id = (SELECT max(e.id) FROM "inventory_let_in" AS e WHERE e.budget_id = b.id)) AS b
), room AS MATERIALIZED (
    SELECT
        -- Where there is no budget any more, the run has others.
        coalesce(max(CASE WHEN b.bound_batches IS NULL OR b.bound_batches > 2 * b.summed_batches + 64
    OR b.bound_batches + 1 > b.batches
    OR b.bound_weight > b.weight - coalesce(CAST((SELECT given_weight FROM given) AS double precision), 0.0) OR b.pause_reason IS NOT NULL OR b.parked_until > clock_timestamp() OR b.open_until <= clock_timestamp()
    OR b.weight = 0
    OR b.held_batches + 1 > b.batches
    OR (b.held_batches > 0 OR 1 > 1)
        AND b.held_weight > b.weight * 1.000000001 - coalesce(CAST((SELECT given_weight FROM given) AS double precision), 0.0) OR b.rate IS NOT NULL THEN 1 ELSE 0 END), 1) AS is_full,
        coalesce(max(CASE WHEN b.bound_batches + 1 > 2 * b.summed_batches + 64
    OR b.bound_batches + 2 > b.batches
    OR b.bound_weight > b.weight - 2 * coalesce(CAST((SELECT given_weight FROM given) AS double precision), 0.0) OR EXISTS (
    SELECT 1 FROM "inventory_waiting" AS w
    WHERE w.budget_id = b.id AND w.waits_until > clock_timestamp() AND w.waits_until <= clock_timestamp() + $30 * interval '1 millisecond'
) THEN 1 ELSE 0 END), 1) AS is_tight,
        coalesce(max(CASE WHEN b.last_weight IS NULL THEN 0 ELSE 1 END), 1) AS is_shared
    FROM base AS b
), made AS (
INSERT INTO "inventory" (
    meta_table, job, run, kind, status, job_identifier, worker,
    batch_id_start, batch_id_end, cover_start, item_ids, batch_count, batch_weight,
    processing_start, lease_expires_at, request, completion, config
)
SELECT $31, $32, $33, given_kind,
    'running',
    $34, given_worker,
    given_start, given_end, CAST(given_cover AS bigint), given_ids, given_count,
    CAST(given_weight AS double precision),
    to_timestamp(CAST(given_now AS double precision) / 1000), to_timestamp(CAST(given_now + given_lease AS double precision) / 1000),
    given_token, CAST(given_completion AS bigint),
    CAST($35 AS json)
FROM given WHERE (SELECT is_full FROM room) = 0
RETURNING id, batch_id_start
), entered AS (INSERT INTO "inventory_let_in" (
    budget_id, run_id, batch_id, attempt, bound_batches, bound_weight, summed_batches
)
SELECT base.id, CAST((SELECT given_run FROM given) AS bigint), made.id, 1,
    base.held_batches + 1,
    -- A sum beyond all numbers is an error of the database.
    CASE WHEN base.held_weight > CAST(1.7976931348623157e308 AS double precision) - coalesce(CAST((SELECT given_weight FROM given) AS double precision), 0.0)
        THEN CAST(1.7976931348623157e308 AS double precision) ELSE base.held_weight + coalesce(CAST((SELECT given_weight FROM given) AS double precision), 0.0) END,
    base.summed
FROM made CROSS JOIN base)
SELECT tranche_id, tranche_weight, tranche_item,
    CASE WHEN tranche_place > 1 THEN NULL ELSE (SELECT count(*) FROM ended) END, CASE WHEN tranche_place > 1 THEN NULL ELSE (SELECT is_full FROM room) END, CASE WHEN tranche_place > 1 THEN NULL ELSE (SELECT is_tight FROM room) END, CASE WHEN tranche_place > 1 THEN NULL ELSE (SELECT is_shared FROM room) END, CASE WHEN tranche_place > 1 THEN NULL ELSE number END,
    CASE WHEN tranche_place > 1 THEN NULL ELSE given_now END, CASE WHEN tranche_place > 1 THEN NULL ELSE given_lease END, CASE WHEN tranche_place > 1 THEN NULL ELSE given_cover END
FROM (VALUES (1)) AS always (tranche_always)
LEFT JOIN (
    given CROSS JOIN (SELECT id AS number FROM made) AS numbered CROSS JOIN seen
) ON tranche_place <= given_count
ORDER BY tranche_place;
-- $1 null, $2 null, $3 integer, $4 integer, $5 text, $6 null, $7 text, $8 text, $9 text, $10 text, $11 text, $12 text, $13 text, $14 null, $15 null, $16 null, $17 null, $18 integer, $19 integer, $20 text, $21 integer, $22 text, $23 text, $24 text, $25 integer, $26 text, $27 text, $28 text, $29 text, $30 integer, $31 text, $32 text, $33 text, $34 null, $35 text
