-- Ends the batch before and acquires the next: needs -D batch=0.
\set job 1
WITH ended AS (
    UPDATE yardstick_batch SET status = 'succeeded', ended = now() WHERE id = :batch
), run AS (
    SELECT id, last_id FROM yardstick_run WHERE id = :job FOR UPDATE
), found AS (
    SELECT m.id, m.item, m.weight
    FROM run
    CROSS JOIN LATERAL (
        SELECT id, item, weight FROM items_1000000 AS t WHERE t.id > run.last_id ORDER BY id LIMIT :rows
    ) AS m
), summed AS (
    SELECT id, item, weight, sum(weight) OVER (ORDER BY id) AS total FROM found
), batch AS (
    SELECT min(id) AS first, max(id) AS last, count(*) AS items, sum(weight) AS weight,
        array_agg(item ORDER BY id) AS payload
    FROM summed
    WHERE total <= :weight
), moved AS (
    UPDATE yardstick_run
    SET last_id = CASE WHEN batch.last > 999000 THEN 0 ELSE batch.last END
    FROM batch
    WHERE yardstick_run.id = :job
), inserted AS (
    INSERT INTO yardstick_batch (job, first, last, items, weight, status, started)
    SELECT :job, first, last, items, weight, 'running', now() FROM batch
    RETURNING id
)
SELECT inserted.id AS batch, batch.first, batch.last, batch.payload FROM inserted, batch \gset
