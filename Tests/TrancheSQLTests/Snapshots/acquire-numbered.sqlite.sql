-- Trip 1, reading.

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
    pause_reason, pending_since,
    ceiling_id, ceiling_next, ceiling_next_at, ceiling_holders,
    gaps_due_at, gaps_dropped, outage, root_from, root_to,
    is_upstream, audit_position, source_mark, source_witness, rewound_id, hold_reason,
    source_promotion, timeline,
    created_at, budget_set, share, priority, per_key,
    cancelled_at, cancelled_by, cancel_reason, let_through,
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

INSERT INTO "inventory_registry" (meta_table, uid_column, kind)
SELECT CAST($1 AS text), CAST($2 AS text),
    CAST($3 AS text)
WHERE NOT EXISTS (SELECT 1 FROM "inventory_registry" WHERE meta_table = $4 AND uid_column = $5 AND kind = $6)
ON CONFLICT DO NOTHING;
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text

SELECT last_id, rounds, CASE WHEN walked IS NULL THEN 1 ELSE 0 END,
    CASE WHEN front IS NULL THEN 0 ELSE 1 END
FROM "inventory_registry"
WHERE meta_table = $1 AND uid_column = $2 AND kind = $3
;
-- $1 text, $2 text, $3 text

WITH tranche_state AS (
    SELECT id, last_id, walked, front
    FROM "inventory_registry"
    WHERE meta_table = $1 AND uid_column = $2 AND kind = $3 AND (front IS NULL AND last_id - 16 < (
    SELECT CASE WHEN tranche_first < 1 THEN 1 ELSE tranche_first END
    FROM (SELECT (
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
WHERE meta_table = $4 AND job = $5 AND run = $6 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $7 AND job = $8 AND run = $9
) AS tranche_first) AS tranche_begin
))
), tranche_looked AS MATERIALIZED (
SELECT tranche_t."key" AS tranche_key,
    CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END AS tranche_text
FROM "document" AS tranche_t
WHERE (SELECT count(*) FROM tranche_state) = 1
    AND tranche_t."key" >= coalesce((SELECT walked FROM tranche_state), '')
ORDER BY tranche_t."key"
LIMIT 8192
)
INSERT INTO "inventory_uid" (registry_id, number, uid)
SELECT id, last_id + row_number() OVER (ORDER BY tranche_key), tranche_text
FROM tranche_looked CROSS JOIN tranche_state
WHERE (SELECT 1
FROM "inventory_uid" AS tranche_known
WHERE tranche_known.registry_id = (SELECT id FROM tranche_state)
    AND tranche_known.uid = tranche_text COLLATE BINARY) IS NULL;
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text, $7 text, $8 text, $9 text

WITH tranche_state AS (
    SELECT id, last_id, walked, front
    FROM "inventory_registry"
    WHERE meta_table = $1 AND uid_column = $2 AND kind = $3 AND ((front IS NULL AND last_id - 16 < (
    SELECT CASE WHEN tranche_first < 1 THEN 1 ELSE tranche_first END
    FROM (SELECT (
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
WHERE meta_table = $4 AND job = $5 AND run = $6 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $7 AND job = $8 AND run = $9
) AS tranche_first) AS tranche_begin
)) OR last_id < coalesce(
    (
        SELECT max(number)
        FROM "inventory_uid" AS tranche_given
        WHERE tranche_given.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $10 AND uid_column = $11 AND kind = $12)
    ),
    0
))
), tranche_looked AS MATERIALIZED (
SELECT tranche_t."key" AS tranche_key,
    CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END AS tranche_text
FROM "document" AS tranche_t
WHERE (SELECT count(*) FROM tranche_state) = 1
    AND tranche_t."key" >= coalesce((SELECT walked FROM tranche_state), '')
ORDER BY tranche_t."key"
LIMIT 8192
)
UPDATE "inventory_registry"
SET walked = CASE WHEN tranche_count < 8192 THEN NULL ELSE tranche_last END, rounds = rounds + CASE WHEN tranche_count < 8192 THEN 1 ELSE 0 END, front = CASE WHEN tranche_count < 8192 AND front IS NULL AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $13) THEN coalesce(next_front, front) ELSE front END, next_front = CASE WHEN next_at IS NULL OR tranche_count < 8192 AND front IS NULL AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $14) THEN (
    SELECT CAST(tranche_t."rowid" AS text)
    FROM "document" AS tranche_t
    WHERE tranche_t."rowid" IS NOT NULL AND 1 = 1
    ORDER BY tranche_t."rowid" DESC
    LIMIT 1
) ELSE next_front END, next_at = CASE WHEN next_at IS NULL OR tranche_count < 8192 AND front IS NULL AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $15) THEN CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) ELSE next_at END, last_id = coalesce(
    (
        SELECT max(number)
        FROM "inventory_uid" AS tranche_given
        WHERE tranche_given.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $16 AND uid_column = $17 AND kind = $18)
    ),
    0
)
FROM (
    SELECT (SELECT count(*) FROM tranche_looked) AS tranche_count, (SELECT tranche_text FROM tranche_looked ORDER BY tranche_key DESC LIMIT 1) AS tranche_last
) AS tranche_seen
WHERE id = (SELECT id FROM tranche_state);
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text, $7 text, $8 text, $9 text, $10 text, $11 text, $12 text, $13 integer, $14 integer, $15 integer, $16 text, $17 text, $18 text

WITH tranche_state AS (
    SELECT id, last_id, walked, front
    FROM "inventory_registry"
    WHERE meta_table = $1 AND uid_column = $2 AND kind = $3 AND (front IS NOT NULL AND last_id - 16 < (
    SELECT CASE WHEN tranche_first < 1 THEN 1 ELSE tranche_first END
    FROM (SELECT (
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
WHERE meta_table = $4 AND job = $5 AND run = $6 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $7 AND job = $8 AND run = $9
) AS tranche_first) AS tranche_begin
))
), tranche_looked AS MATERIALIZED (
SELECT tranche_t."key" AS tranche_key,
    CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END AS tranche_text, tranche_t."rowid" AS tranche_order
FROM "document" AS tranche_t
WHERE (SELECT count(*) FROM tranche_state) = 1
    AND tranche_t."rowid" >= CAST((SELECT front FROM tranche_state) AS integer)
    AND tranche_t."key" IS NOT NULL
    AND (SELECT 1
FROM "inventory_uid" AS tranche_known
WHERE tranche_known.registry_id = (SELECT id FROM tranche_state)
    AND tranche_known.uid = CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END COLLATE BINARY) IS NULL
ORDER BY tranche_t."rowid"
LIMIT 8192
)
INSERT INTO "inventory_uid" (registry_id, number, uid)
SELECT id, last_id + row_number() OVER (ORDER BY tranche_order, tranche_key), tranche_text
FROM tranche_looked CROSS JOIN tranche_state
WHERE (SELECT 1
FROM "inventory_uid" AS tranche_known
WHERE tranche_known.registry_id = (SELECT id FROM tranche_state)
    AND tranche_known.uid = tranche_text COLLATE BINARY) IS NULL;
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text, $7 text, $8 text, $9 text

WITH tranche_state AS (
    SELECT id, last_id, walked, front
    FROM "inventory_registry"
    WHERE meta_table = $1 AND uid_column = $2 AND kind = $3 AND ((front IS NOT NULL AND last_id - 16 < (
    SELECT CASE WHEN tranche_first < 1 THEN 1 ELSE tranche_first END
    FROM (SELECT (
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
WHERE meta_table = $4 AND job = $5 AND run = $6 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $7 AND job = $8 AND run = $9
) AS tranche_first) AS tranche_begin
)) OR last_id < coalesce(
    (
        SELECT max(number)
        FROM "inventory_uid" AS tranche_given
        WHERE tranche_given.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $10 AND uid_column = $11 AND kind = $12)
    ),
    0
))
), tranche_looked AS MATERIALIZED (
SELECT tranche_t."key" AS tranche_key,
    CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END AS tranche_text, tranche_t."rowid" AS tranche_order
FROM "document" AS tranche_t
WHERE (SELECT count(*) FROM tranche_state) = 1
    AND tranche_t."rowid" >= CAST((SELECT front FROM tranche_state) AS integer)
    AND tranche_t."key" IS NOT NULL
    AND (SELECT 1
FROM "inventory_uid" AS tranche_known
WHERE tranche_known.registry_id = (SELECT id FROM tranche_state)
    AND tranche_known.uid = CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END COLLATE BINARY) IS NULL
ORDER BY tranche_t."rowid"
LIMIT 8192
)
UPDATE "inventory_registry"
SET front = CASE WHEN tranche_count < 8192 AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $13) THEN coalesce(next_front, front) ELSE front END, next_front = CASE WHEN 1 = 0 OR tranche_count < 8192 AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $14) THEN (
    SELECT CAST(tranche_t."rowid" AS text)
    FROM "document" AS tranche_t
    WHERE tranche_t."rowid" IS NOT NULL AND 1 = 1
    ORDER BY tranche_t."rowid" DESC
    LIMIT 1
) ELSE next_front END, next_at = CASE WHEN 1 = 0 OR tranche_count < 8192 AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $15) THEN CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) ELSE next_at END, last_id = coalesce(
    (
        SELECT max(number)
        FROM "inventory_uid" AS tranche_given
        WHERE tranche_given.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $16 AND uid_column = $17 AND kind = $18)
    ),
    0
)
FROM (
    SELECT coalesce(
    (
        SELECT max(number)
        FROM "inventory_uid" AS tranche_given
        WHERE tranche_given.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $19 AND uid_column = $20 AND kind = $21)
    ),
    0
) - (SELECT last_id FROM tranche_state) AS tranche_count, (SELECT tranche_text FROM tranche_looked ORDER BY tranche_key DESC LIMIT 1) AS tranche_last
) AS tranche_seen
WHERE id = (SELECT id FROM tranche_state);
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text, $7 text, $8 text, $9 text, $10 text, $11 text, $12 text, $13 integer, $14 integer, $15 integer, $16 text, $17 text, $18 text, $19 text, $20 text, $21 text

SELECT "tranche_uid_number", NULL, NULL, "tranche_uid"
FROM (
    SELECT tranche_r.number AS "tranche_uid_number",
        tranche_r.uid AS "tranche_uid", tranche_t.*
    FROM "inventory_uid" AS tranche_r CROSS JOIN "document" AS tranche_t
    WHERE tranche_r.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $1 AND uid_column = $2 AND kind = $3)
        AND tranche_t."key" = tranche_r.uid AND CASE
            WHEN CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END COLLATE BINARY = tranche_r.uid COLLATE BINARY THEN true
            ELSE false
        END
) AS "document"
WHERE "tranche_uid_number" >= (
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
WHERE meta_table = $4 AND job = $5 AND run = $6 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $7 AND job = $8 AND run = $9
)
ORDER BY "tranche_uid_number"
LIMIT 16;
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text, $7 text, $8 text, $9 text

-- Trip 4, rolling back.

-- Trip 5, opening a transaction.

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
    CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer)
)
ON CONFLICT (meta_table, job, run) DO NOTHING
RETURNING id;
-- $1 text, $2 text, $3 text, $4 text, $5 null, $6 null, $7 integer, $8 integer, $9 integer, $10 integer, $11 text, $12 null, $13 null, $14 integer, $15 integer, $16 integer, $17 null, $18 null, $19 text, $20 text, $21 text

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

INSERT INTO "inventory_registry" (meta_table, uid_column, kind)
SELECT CAST($1 AS text), CAST($2 AS text),
    CAST($3 AS text)
WHERE NOT EXISTS (SELECT 1 FROM "inventory_registry" WHERE meta_table = $4 AND uid_column = $5 AND kind = $6)
ON CONFLICT DO NOTHING;
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text

SELECT last_id, rounds, CASE WHEN walked IS NULL THEN 1 ELSE 0 END,
    CASE WHEN front IS NULL THEN 0 ELSE 1 END
FROM "inventory_registry"
WHERE meta_table = $1 AND uid_column = $2 AND kind = $3
;
-- $1 text, $2 text, $3 text

WITH tranche_state AS (
    SELECT id, last_id, walked, front
    FROM "inventory_registry"
    WHERE meta_table = $1 AND uid_column = $2 AND kind = $3 AND (front IS NULL AND last_id - 16 < (
    SELECT CASE WHEN tranche_first < 1 THEN 1 ELSE tranche_first END
    FROM (SELECT (
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
WHERE meta_table = $4 AND job = $5 AND run = $6 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $7 AND job = $8 AND run = $9
) AS tranche_first) AS tranche_begin
))
), tranche_looked AS MATERIALIZED (
SELECT tranche_t."key" AS tranche_key,
    CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END AS tranche_text
FROM "document" AS tranche_t
WHERE (SELECT count(*) FROM tranche_state) = 1
    AND tranche_t."key" >= coalesce((SELECT walked FROM tranche_state), '')
ORDER BY tranche_t."key"
LIMIT 8192
)
INSERT INTO "inventory_uid" (registry_id, number, uid)
SELECT id, last_id + row_number() OVER (ORDER BY tranche_key), tranche_text
FROM tranche_looked CROSS JOIN tranche_state
WHERE (SELECT 1
FROM "inventory_uid" AS tranche_known
WHERE tranche_known.registry_id = (SELECT id FROM tranche_state)
    AND tranche_known.uid = tranche_text COLLATE BINARY) IS NULL;
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text, $7 text, $8 text, $9 text

WITH tranche_state AS (
    SELECT id, last_id, walked, front
    FROM "inventory_registry"
    WHERE meta_table = $1 AND uid_column = $2 AND kind = $3 AND ((front IS NULL AND last_id - 16 < (
    SELECT CASE WHEN tranche_first < 1 THEN 1 ELSE tranche_first END
    FROM (SELECT (
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
WHERE meta_table = $4 AND job = $5 AND run = $6 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $7 AND job = $8 AND run = $9
) AS tranche_first) AS tranche_begin
)) OR last_id < coalesce(
    (
        SELECT max(number)
        FROM "inventory_uid" AS tranche_given
        WHERE tranche_given.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $10 AND uid_column = $11 AND kind = $12)
    ),
    0
))
), tranche_looked AS MATERIALIZED (
SELECT tranche_t."key" AS tranche_key,
    CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END AS tranche_text
FROM "document" AS tranche_t
WHERE (SELECT count(*) FROM tranche_state) = 1
    AND tranche_t."key" >= coalesce((SELECT walked FROM tranche_state), '')
ORDER BY tranche_t."key"
LIMIT 8192
)
UPDATE "inventory_registry"
SET walked = CASE WHEN tranche_count < 8192 THEN NULL ELSE tranche_last END, rounds = rounds + CASE WHEN tranche_count < 8192 THEN 1 ELSE 0 END, front = CASE WHEN tranche_count < 8192 AND front IS NULL AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $13) THEN coalesce(next_front, front) ELSE front END, next_front = CASE WHEN next_at IS NULL OR tranche_count < 8192 AND front IS NULL AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $14) THEN (
    SELECT CAST(tranche_t."rowid" AS text)
    FROM "document" AS tranche_t
    WHERE tranche_t."rowid" IS NOT NULL AND 1 = 1
    ORDER BY tranche_t."rowid" DESC
    LIMIT 1
) ELSE next_front END, next_at = CASE WHEN next_at IS NULL OR tranche_count < 8192 AND front IS NULL AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $15) THEN CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) ELSE next_at END, last_id = coalesce(
    (
        SELECT max(number)
        FROM "inventory_uid" AS tranche_given
        WHERE tranche_given.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $16 AND uid_column = $17 AND kind = $18)
    ),
    0
)
FROM (
    SELECT (SELECT count(*) FROM tranche_looked) AS tranche_count, (SELECT tranche_text FROM tranche_looked ORDER BY tranche_key DESC LIMIT 1) AS tranche_last
) AS tranche_seen
WHERE id = (SELECT id FROM tranche_state);
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text, $7 text, $8 text, $9 text, $10 text, $11 text, $12 text, $13 integer, $14 integer, $15 integer, $16 text, $17 text, $18 text

WITH tranche_state AS (
    SELECT id, last_id, walked, front
    FROM "inventory_registry"
    WHERE meta_table = $1 AND uid_column = $2 AND kind = $3 AND (front IS NOT NULL AND last_id - 16 < (
    SELECT CASE WHEN tranche_first < 1 THEN 1 ELSE tranche_first END
    FROM (SELECT (
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
WHERE meta_table = $4 AND job = $5 AND run = $6 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $7 AND job = $8 AND run = $9
) AS tranche_first) AS tranche_begin
))
), tranche_looked AS MATERIALIZED (
SELECT tranche_t."key" AS tranche_key,
    CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END AS tranche_text, tranche_t."rowid" AS tranche_order
FROM "document" AS tranche_t
WHERE (SELECT count(*) FROM tranche_state) = 1
    AND tranche_t."rowid" >= CAST((SELECT front FROM tranche_state) AS integer)
    AND tranche_t."key" IS NOT NULL
    AND (SELECT 1
FROM "inventory_uid" AS tranche_known
WHERE tranche_known.registry_id = (SELECT id FROM tranche_state)
    AND tranche_known.uid = CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END COLLATE BINARY) IS NULL
ORDER BY tranche_t."rowid"
LIMIT 8192
)
INSERT INTO "inventory_uid" (registry_id, number, uid)
SELECT id, last_id + row_number() OVER (ORDER BY tranche_order, tranche_key), tranche_text
FROM tranche_looked CROSS JOIN tranche_state
WHERE (SELECT 1
FROM "inventory_uid" AS tranche_known
WHERE tranche_known.registry_id = (SELECT id FROM tranche_state)
    AND tranche_known.uid = tranche_text COLLATE BINARY) IS NULL;
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text, $7 text, $8 text, $9 text

WITH tranche_state AS (
    SELECT id, last_id, walked, front
    FROM "inventory_registry"
    WHERE meta_table = $1 AND uid_column = $2 AND kind = $3 AND ((front IS NOT NULL AND last_id - 16 < (
    SELECT CASE WHEN tranche_first < 1 THEN 1 ELSE tranche_first END
    FROM (SELECT (
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
WHERE meta_table = $4 AND job = $5 AND run = $6 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $7 AND job = $8 AND run = $9
) AS tranche_first) AS tranche_begin
)) OR last_id < coalesce(
    (
        SELECT max(number)
        FROM "inventory_uid" AS tranche_given
        WHERE tranche_given.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $10 AND uid_column = $11 AND kind = $12)
    ),
    0
))
), tranche_looked AS MATERIALIZED (
SELECT tranche_t."key" AS tranche_key,
    CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END AS tranche_text, tranche_t."rowid" AS tranche_order
FROM "document" AS tranche_t
WHERE (SELECT count(*) FROM tranche_state) = 1
    AND tranche_t."rowid" >= CAST((SELECT front FROM tranche_state) AS integer)
    AND tranche_t."key" IS NOT NULL
    AND (SELECT 1
FROM "inventory_uid" AS tranche_known
WHERE tranche_known.registry_id = (SELECT id FROM tranche_state)
    AND tranche_known.uid = CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END COLLATE BINARY) IS NULL
ORDER BY tranche_t."rowid"
LIMIT 8192
)
UPDATE "inventory_registry"
SET front = CASE WHEN tranche_count < 8192 AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $13) THEN coalesce(next_front, front) ELSE front END, next_front = CASE WHEN 1 = 0 OR tranche_count < 8192 AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $14) THEN (
    SELECT CAST(tranche_t."rowid" AS text)
    FROM "document" AS tranche_t
    WHERE tranche_t."rowid" IS NOT NULL AND 1 = 1
    ORDER BY tranche_t."rowid" DESC
    LIMIT 1
) ELSE next_front END, next_at = CASE WHEN 1 = 0 OR tranche_count < 8192 AND next_at <= (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + $15) THEN CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) ELSE next_at END, last_id = coalesce(
    (
        SELECT max(number)
        FROM "inventory_uid" AS tranche_given
        WHERE tranche_given.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $16 AND uid_column = $17 AND kind = $18)
    ),
    0
)
FROM (
    SELECT coalesce(
    (
        SELECT max(number)
        FROM "inventory_uid" AS tranche_given
        WHERE tranche_given.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $19 AND uid_column = $20 AND kind = $21)
    ),
    0
) - (SELECT last_id FROM tranche_state) AS tranche_count, (SELECT tranche_text FROM tranche_looked ORDER BY tranche_key DESC LIMIT 1) AS tranche_last
) AS tranche_seen
WHERE id = (SELECT id FROM tranche_state);
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text, $7 text, $8 text, $9 text, $10 text, $11 text, $12 text, $13 integer, $14 integer, $15 integer, $16 text, $17 text, $18 text, $19 text, $20 text, $21 text

SELECT "tranche_uid_number", NULL, NULL, "tranche_uid"
FROM (
    SELECT tranche_r.number AS "tranche_uid_number",
        tranche_r.uid AS "tranche_uid", tranche_t.*
    FROM "inventory_uid" AS tranche_r CROSS JOIN "document" AS tranche_t
    WHERE tranche_r.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $1 AND uid_column = $2 AND kind = $3)
        AND tranche_t."key" = tranche_r.uid AND CASE
            WHEN CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END COLLATE BINARY = tranche_r.uid COLLATE BINARY THEN true
            ELSE false
        END
) AS "document"
WHERE "tranche_uid_number" >= (
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
WHERE meta_table = $4 AND job = $5 AND run = $6 AND kind IN ('incremental', 'backfill')
ORDER BY batch_id_end DESC
LIMIT 1
    ) AS last_tile ON 1 = 1
    WHERE meta_table = $7 AND job = $8 AND run = $9
)
ORDER BY "tranche_uid_number"
LIMIT 16;
-- $1 text, $2 text, $3 text, $4 text, $5 text, $6 text, $7 text, $8 text, $9 text

-- Trip 6, with the commit.

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
-- $1 text, $2 text, $3 integer, $4 integer, $5 null, $6 null, $7 integer, $8 real, $9 text, $10 text, $11 text, $12 text, $13 null, $14 integer, $15 integer, $16 null, $17 text

-- Trip 7, reading.

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

SELECT "tranche_uid_number", NULL, substr("key", 1, 2048)
FROM (
    SELECT tranche_r.number AS "tranche_uid_number",
        tranche_r.uid AS "tranche_uid", tranche_t.*
    FROM "inventory_uid" AS tranche_r CROSS JOIN "document" AS tranche_t
    WHERE tranche_r.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $1 AND uid_column = $2 AND kind = $3)
        AND tranche_t."key" = tranche_r.uid AND CASE
            WHEN CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END COLLATE BINARY = tranche_r.uid COLLATE BINARY THEN true
            ELSE false
        END
) AS "document"
ORDER BY "tranche_uid_number"
LIMIT $4;
-- $1 text, $2 text, $3 text, $4 integer

SELECT "tranche_uid_number", NULL, substr("key", 1, 2048)
FROM (
    SELECT tranche_r.number AS "tranche_uid_number",
        tranche_r.uid AS "tranche_uid", tranche_t.*
    FROM "inventory_uid" AS tranche_r CROSS JOIN "document" AS tranche_t
    WHERE tranche_r.registry_id = (SELECT id FROM "inventory_registry" WHERE meta_table = $1 AND uid_column = $2 AND kind = $3)
        AND tranche_t."key" = tranche_r.uid AND CASE
            WHEN CASE WHEN typeof(tranche_t."key") = 'text' THEN CAST(tranche_t."key" AS text) END COLLATE BINARY = tranche_r.uid COLLATE BINARY THEN true
            ELSE false
        END
) AS "document"
ORDER BY "tranche_uid_number" DESC
LIMIT $4;
-- $1 text, $2 text, $3 text, $4 integer

-- Trip 9, in a transaction of their own.

UPDATE "inventory_run"
SET source_mark = $1, source_witness = $2,
    rewound_id = $3, hold_reason = $4,
    source_promotion = $5
WHERE meta_table = $6 AND job = $7 AND run = $8 AND source_mark IS NOT DISTINCT FROM $9;
-- $1 text, $2 text, $3 null, $4 null, $5 null, $6 text, $7 text, $8 text, $9 null
