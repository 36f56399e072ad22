-- Trip 1, reading.

SELECT max(number)
FROM (
    SELECT max(completion) AS number FROM "inventory"
    WHERE meta_table = $1 AND job = $2 AND completion > 0
    UNION ALL
    SELECT (
    SELECT max(number)
    FROM (
        SELECT (
            SELECT max(a.completion_to) FROM "inventory_archive" AS a
            WHERE a.run_id = r.id AND a.completion_to IS NOT NULL
        ) AS number
        FROM "inventory_run" AS r
        WHERE r.meta_table = $3 AND r.job = $4
    ) AS numbers
)
) AS known;
-- $1 text, $2 text, $3 text, $4 text

SELECT 1 FROM "inventory_run" WHERE meta_table = $1 AND job = $2 AND is_upstream < 2 LIMIT 1;
-- $1 text, $2 text

SELECT 1 FROM "inventory" WHERE meta_table = $1 AND job = $2 AND completion = 0 AND status = 'succeeded' LIMIT 1;
-- $1 text, $2 text

-- Trip 2, in a transaction of their own.

UPDATE "inventory_run" SET is_upstream = 1
WHERE meta_table = $1 AND job = $2 AND is_upstream < 2
RETURNING run;
-- $1 text, $2 text

-- Trip 3, in a transaction of their own.

UPDATE "inventory" SET completion = 0
WHERE completion IS NULL AND id IN (
    SELECT id FROM "inventory"
    WHERE meta_table = $1 AND job = $2 AND run = $3 AND completion IS NULL AND id > $4
    ORDER BY id
    LIMIT $5
)
RETURNING id;
-- $1 text, $2 text, $3 text, $4 integer, $5 integer

-- Trip 4, in a transaction of their own.

UPDATE "inventory_run" SET is_upstream = 2 WHERE meta_table = $1 AND job = $2 AND run = $3;
-- $1 text, $2 text, $3 text

-- Trip 5, opening a transaction.

SELECT pg_advisory_xact_lock(hashtextextended($1, 0));
-- $1 text

SELECT max(number)
FROM (
    SELECT max(completion) AS number FROM "inventory"
    WHERE meta_table = $1 AND job = $2 AND completion > 0
    UNION ALL
    SELECT (
    SELECT max(number)
    FROM (
        SELECT (
            SELECT max(a.completion_to) FROM "inventory_archive" AS a
            WHERE a.run_id = r.id AND a.completion_to IS NOT NULL
        ) AS number
        FROM "inventory_run" AS r
        WHERE r.meta_table = $3 AND r.job = $4
    ) AS numbers
)
) AS known;
-- $1 text, $2 text, $3 text, $4 text

-- Trip 6, with the commit.

UPDATE "inventory"
SET completion = n.number
FROM (
    SELECT id AS numbered_id,
        $1 + row_number() OVER (ORDER BY processing_end, id) AS number
    FROM (
        SELECT id, processing_end
        FROM "inventory"
        WHERE meta_table = $2 AND job = $3 AND completion = 0 AND status = 'succeeded'
        ORDER BY processing_end, id
        LIMIT $4
    ) AS u
) AS n
WHERE id = n.numbered_id
RETURNING completion;
-- $1 integer, $2 text, $3 text, $4 integer

-- Trip 7, reading.

SELECT max(number)
FROM (
    SELECT max(completion) AS number FROM "inventory"
    WHERE meta_table = $1 AND job = $2 AND completion > 0
    UNION ALL
    SELECT (
    SELECT max(number)
    FROM (
        SELECT (
            SELECT max(a.completion_to) FROM "inventory_archive" AS a
            WHERE a.run_id = r.id AND a.completion_to IS NOT NULL
        ) AS number
        FROM "inventory_run" AS r
        WHERE r.meta_table = $3 AND r.job = $4
    ) AS numbers
)
) AS known;
-- $1 text, $2 text, $3 text, $4 text
