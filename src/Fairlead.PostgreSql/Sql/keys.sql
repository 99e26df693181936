-- Keys that are taken once.

-- name: add_key
-- In: scope, key, job, fence, keep, expires at. Changes one row when the key is new.
INSERT INTO fairlead.key(scope, key, job, fence, keep, expires_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING

-- name: taken_key
-- In: scope, key. Out: job, fence, keep, expires at.
SELECT job, fence, keep, expires_at FROM fairlead.key WHERE scope = $1 AND key = $2

-- name: take_over_key
-- In: scope, key, job, fence, keep, expires at. Who had it does not count any more.
UPDATE fairlead.key SET job = $3, fence = $4, keep = $5, expires_at = $6 WHERE scope = $1 AND key = $2

-- name: keep_key
-- In: scope, key, job, fence, now. Changes one row when it is claimed for that very attempt.
UPDATE fairlead.key SET job = NULL, fence = NULL, expires_at = $5 + keep WHERE scope = $1 AND key = $2 AND job = $3 AND fence = $4

-- name: give_back_key
-- In: scope, key, job, fence. Changes one row when it is claimed for that very attempt.
DELETE FROM fairlead.key WHERE scope = $1 AND key = $2 AND job = $3 AND fence = $4

-- name: keys_claimed_for
-- In: scope, keys, job, fence. Out: those of them that are claimed for that very attempt.
SELECT key FROM fairlead.key WHERE scope = $1 AND key = ANY($2) AND job = $3 AND fence = $4

-- name: attempt_runs
-- In: job, fence. Out: a row while the attempt holds its job.
SELECT 1 FROM (SELECT 0::bigint AS id UNION ALL SELECT id FROM fairlead.node WHERE left_at IS NULL) n
CROSS JOIN LATERAL (SELECT FROM fairlead.running r WHERE r.node = n.id AND r.job = $1 AND r.fence = $2 OFFSET 0) r

-- name: completed_by
-- In: job, fence. Out: when that attempt completed the job; no row when it did not.
SELECT ended_at FROM fairlead.ended WHERE job = $1 AND fence = $2 AND status = 4

-- name: keep_keys_of
-- In: first, last job. Keys of attempts that completed them are kept from then on.
UPDATE fairlead.key k SET
  expires_at = keep + (SELECT e.ended_at FROM fairlead.ended e WHERE e.job = k.job), job = NULL, fence = NULL
WHERE job BETWEEN $1 AND $2 AND fence = (SELECT e.fence FROM fairlead.ended e WHERE e.job = k.job AND e.status = 4)

-- name: drop_keys_of
-- In: first, last job. Keys of attempts that did not complete them are free.
DELETE FROM fairlead.key WHERE job BETWEEN $1 AND $2

-- name: drop_expired_keys
-- In: now, limit.
DELETE FROM fairlead.key WHERE ctid = ANY(ARRAY(SELECT ctid FROM fairlead.key WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2))
