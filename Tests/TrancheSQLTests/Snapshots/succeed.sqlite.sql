-- Trip 1, in a transaction of their own.

UPDATE "inventory"
SET status = 'succeeded', job_result_item = $1, logging = $2,
    lease_expires_at = NULL, retry_at = NULL, processing_end = strftime('%Y-%m-%d %H:%M:%f', CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer) / 1000.0, 'unixepoch')
WHERE id = $3 AND attempt = $4 AND status = 'running'
RETURNING id, meta_table, job, run, kind, status, attempt, failures, batch_id_start, batch_id_end,
    cover_start, item_ids, batch_count, batch_weight, worker, job_identifier,
    CAST(round((julianday(processing_start) - 2440587.5) * 86400000.0) AS integer),
    CAST(round((julianday(processing_end) - 2440587.5) * 86400000.0) AS integer),
    lease_expires_at, retry_at,
    job_result_item, logging, parent_id, completion, cause,
    deferrals, deferred_since,
    begun_at, item_key, stuck_until,
    interval_from, interval_to;
-- $1 text, $2 null, $3 integer, $4 integer

INSERT INTO "inventory_attempt"
    (batch_id, attempt, worker, started_at, ended_at, outcome, error)
SELECT id, attempt, worker, CAST(round((julianday(processing_start) - 2440587.5) * 86400000.0) AS integer), CAST(round((julianday(processing_end) - 2440587.5) * 86400000.0) AS integer), $1, $2
FROM "inventory" WHERE id = $3 AND attempt = $4 AND status = $5
ON CONFLICT (batch_id, attempt) DO NOTHING;
-- $1 text, $2 null, $3 integer, $4 integer, $5 text
