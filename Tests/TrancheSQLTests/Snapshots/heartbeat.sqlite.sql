-- Trip 1, in a transaction of their own.

UPDATE "inventory" AS b
SET lease_expires_at = (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) + (
    SELECT r.lease_ms FROM "inventory_run" AS r
    WHERE r.meta_table = b.meta_table AND r.job = b.job AND r.run = b.run
))
WHERE id = $1 AND attempt = $2 AND status = 'running' AND (lease_expires_at > CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) OR NOT EXISTS (
    SELECT 1 FROM "inventory_run" AS r
    WHERE r.meta_table = b.meta_table AND r.job = b.job AND r.run = b.run
        AND (r.budget_set <> 0 OR b.has_key = 1 AND r.per_key <= (
    SELECT count(*)
    FROM "inventory" AS o
    WHERE o.meta_table = b.meta_table AND o.job = b.job AND o.run = b.run
        AND o.has_key = 1 AND o.status = 'running'
        AND o.item_key IS NOT DISTINCT FROM b.item_key
        AND o.id <> b.id AND o.lease_expires_at > CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer)
))
))
RETURNING lease_expires_at;
-- $1 integer, $2 integer
