-- Trip 1, reading.

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
    (
    SELECT t.batch_id_end
    FROM "inventory" AS t
    WHERE t.meta_table = r.meta_table AND t.job = r.job AND t.run = r.run
        AND t.kind IN ('incremental', 'backfill')
    ORDER BY t.batch_id_end DESC
    LIMIT 1
)
FROM "inventory_run" AS r
WHERE 1 = 1 AND meta_table = $1 AND job = $2 AND run = $3
ORDER BY meta_table, job, run
LIMIT $4;
-- $1 text, $2 text, $3 text, $4 integer

-- Trip 2, reading.

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
    (
    SELECT t.batch_id_end
    FROM "inventory" AS t
    WHERE t.meta_table = r.meta_table AND t.job = r.job AND t.run = r.run
        AND t.kind IN ('incremental', 'backfill')
    ORDER BY t.batch_id_end DESC
    LIMIT 1
)
FROM "inventory_run" AS r
WHERE 1 = 1 AND job = $1
ORDER BY meta_table, job, run
LIMIT $2;
-- $1 text, $2 integer

-- Trip 3, opening a transaction.

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

SELECT max("uid") FROM "item";

WITH RECURSIVE held AS (
    SELECT l.relation, l.virtualtransaction
    FROM pg_locks AS l
    WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.pid IS DISTINCT FROM pg_backend_pid()
),
ancestry(relation, ancestor) AS (
    SELECT relation, relation FROM held
    UNION
    SELECT a.relation, i.inhparent
    FROM ancestry AS a
    CROSS JOIN LATERAL (
        SELECT inhparent FROM pg_inherits WHERE inhrelid = a.ancestor OFFSET 0
    ) AS i
)
SELECT server.epoch, h.virtualtransaction, h.virtualtransaction LIKE '-1/%'
FROM (
    SELECT concat(
        CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000000 AS bigint),
        '+',
        CAST(
            extract(
                epoch FROM least(
                    (SELECT stats_reset FROM pg_stat_bgwriter),
                    (SELECT stats_reset FROM pg_stat_archiver)
                )
            ) * 1000000 AS bigint
        )
    ) AS epoch
) AS server
LEFT JOIN (
    SELECT DISTINCT virtualtransaction
    FROM held
    WHERE relation = ANY (
        ARRAY(
            SELECT relation
            FROM ancestry
            WHERE ancestor = ANY (
                    ARRAY(
                        SELECT CAST(to_regclass(name) AS oid)
                        FROM unnest(CAST($1 AS text[])) AS name
                    )
                )
                OR relation = ancestor AND relation = ANY (
                    ARRAY(
                        SELECT CAST(to_regclass(name) AS oid)
                        FROM unnest(CAST($2 AS text[])) AS name
                    )
                )
        )
    )
) AS h ON true;
-- $1 text, $2 text

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

-- Trip 4, rolling back.

-- Trip 5, opening a transaction.

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
WHERE meta_table = $1 AND job = $2 AND definition IS NOT NULL
LIMIT 1;
-- $1 text, $2 text

INSERT INTO "inventory_run" (
    meta_table, job, run, definition, id_from, id_to,
    lease_ms, max_attempts, backoff_ms, backoff_limit_ms,
    on_exhausted, extended_ms, execution, settle_wait_ms, settle_lag_ms, watch_ms,
    root_from, root_to, is_upstream, budget_set, timeline, created_at
)
VALUES (
    $1, $2, $3,
    $4, $5, $6,
    $7, $8,
    $9, $10,
    $11,
    $12, $13,
    $14,
    $15, $16,
    $17, $18,
    -- A sibling that is read now; one that becomes upstream later marks this run, too.
    coalesce((
        SELECT max(is_upstream) FROM "inventory_run"
        WHERE meta_table = $19 AND job = $20
    ), 0),
    -- A number that no change has: new runs have that budget alone.
    coalesce((SELECT -id FROM "inventory_budget" WHERE name = $21), 0),
    -- On another one, numbers of batches are left out before it gives any.
    (SELECT timeline FROM "inventory_run" WHERE timeline IS NOT NULL ORDER BY id DESC LIMIT 1),
    clock_timestamp()
)
ON CONFLICT (meta_table, job, run) DO NOTHING
RETURNING id;
-- $1 text, $2 text, $3 text, $4 text, $5 null, $6 null, $7 integer, $8 integer, $9 integer, $10 integer, $11 text, $12 null, $13 null, $14 integer, $15 integer, $16 integer, $17 null, $18 null, $19 text, $20 text, $21 text

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

SELECT max("uid") FROM "item";

WITH RECURSIVE held AS (
    SELECT l.relation, l.virtualtransaction
    FROM pg_locks AS l
    WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.pid IS DISTINCT FROM pg_backend_pid()
),
ancestry(relation, ancestor) AS (
    SELECT relation, relation FROM held
    UNION
    SELECT a.relation, i.inhparent
    FROM ancestry AS a
    CROSS JOIN LATERAL (
        SELECT inhparent FROM pg_inherits WHERE inhrelid = a.ancestor OFFSET 0
    ) AS i
)
SELECT server.epoch, h.virtualtransaction, h.virtualtransaction LIKE '-1/%'
FROM (
    SELECT concat(
        CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000000 AS bigint),
        '+',
        CAST(
            extract(
                epoch FROM least(
                    (SELECT stats_reset FROM pg_stat_bgwriter),
                    (SELECT stats_reset FROM pg_stat_archiver)
                )
            ) * 1000000 AS bigint
        )
    ) AS epoch
) AS server
LEFT JOIN (
    SELECT DISTINCT virtualtransaction
    FROM held
    WHERE relation = ANY (
        ARRAY(
            SELECT relation
            FROM ancestry
            WHERE ancestor = ANY (
                    ARRAY(
                        SELECT CAST(to_regclass(name) AS oid)
                        FROM unnest(CAST($1 AS text[])) AS name
                    )
                )
                OR relation = ancestor AND relation = ANY (
                    ARRAY(
                        SELECT CAST(to_regclass(name) AS oid)
                        FROM unnest(CAST($2 AS text[])) AS name
                    )
                )
        )
    )
) AS h ON true;
-- $1 text, $2 text

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

-- Trip 6, with the commit.

INSERT INTO "inventory_gap" (
    run_id, id_start, id_end, known, holders, found_at, next_look, watch_until, looks, is_redo
)
SELECT CAST($1 AS bigint), CAST($2 AS bigint),
    CAST($3 AS bigint), CAST($4 AS bigint),
    CAST($5 AS text), to_timestamp(CAST($6 AS double precision) / 1000), to_timestamp(CAST($7 AS double precision) / 1000),
    to_timestamp(CAST($8 AS double precision) / 1000), CAST($9 AS integer),
    CAST($10 AS integer);
-- $1 integer, $2 integer, $3 integer, $4 integer, $5 null, $6 integer, $7 integer, $8 integer, $9 integer, $10 integer

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
-- $1 text, $2 text, $3 integer, $4 integer, $5 null, $6 null, $7 integer, $8 real, $9 text, $10 text, $11 text, $12 text, $13 null, $14 integer, $15 integer, $16 null, $17 text

UPDATE "inventory_run" SET ceiling_id = $1, ceiling_next = $2, ceiling_next_at = to_timestamp(CAST($3 AS double precision) / 1000), ceiling_holders = $4, gaps_due_at = to_timestamp(CAST($5 AS double precision) / 1000) WHERE id = $6;
-- $1 integer, $2 null, $3 integer, $4 text, $5 integer, $6 integer

-- Trip 7, reading.

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
    (
    SELECT t.batch_id_end
    FROM "inventory" AS t
    WHERE t.meta_table = r.meta_table AND t.job = r.job AND t.run = r.run
        AND t.kind IN ('incremental', 'backfill')
    ORDER BY t.batch_id_end DESC
    LIMIT 1
)
FROM "inventory_run" AS r
WHERE 1 = 1 AND meta_table = $1 AND job = $2 AND run = $3
ORDER BY meta_table, job, run
LIMIT $4;
-- $1 text, $2 text, $3 text, $4 integer

-- Trip 8, reading.

SELECT "uid", left(CAST("item" AS text), 2048), left(CAST("uid" AS text), 2048), left(CAST("item" AS text), 2048), left(CAST("weight" AS text), 2048)
FROM "item"
ORDER BY "uid"
LIMIT $1;
-- $1 integer

SELECT "uid", left(CAST("item" AS text), 2048), left(CAST("uid" AS text), 2048), left(CAST("item" AS text), 2048), left(CAST("weight" AS text), 2048)
FROM "item"
ORDER BY "uid" DESC
LIMIT $1;
-- $1 integer

-- Trip 9, in a transaction of their own.

UPDATE "inventory_run"
SET source_mark = $1, source_witness = $2,
    rewound_id = $3, hold_reason = $4,
    source_promotion = $5
WHERE meta_table = $6 AND job = $7 AND run = $8 AND source_mark IS NOT DISTINCT FROM $9;
-- $1 text, $2 text, $3 null, $4 null, $5 null, $6 text, $7 text, $8 text, $9 null
