-- What maintenance loops do.

-- name: late_jobs
-- In: now, limit. Out: jobs whose own deadline has passed and which do not run: at, job. One look each at what runs, not a join: few are late.
SELECT d.at, d.job FROM fairlead.deadline d
WHERE d.at <= $1 AND (SELECT count(*) FROM fairlead.running r
  WHERE r.node = ANY(ARRAY(SELECT 0 UNION ALL SELECT id FROM fairlead.node WHERE left_at IS NULL)) AND r.job = d.job) = 0
ORDER BY d.at, d.job LIMIT $2

-- name: any_late
-- In: now, or null for the server's clock; the default deadline. Out: a row when a deadline has passed of a job that does not run, or a job is old enough for the default one.
SELECT 1 FROM (SELECT coalesce($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now) c
WHERE (SELECT true FROM fairlead.deadline d WHERE d.at <= c.now AND (SELECT count(*) FROM fairlead.running r
    WHERE r.node = ANY(ARRAY(SELECT 0 UNION ALL SELECT id FROM fairlead.node WHERE left_at IS NULL)) AND r.job = d.job) = 0 ORDER BY d.at, d.job LIMIT 1)
  OR (SELECT j.enqueued_at FROM fairlead.job j WHERE j.id > (SELECT value FROM fairlead.meta WHERE name = 'expire_cursor') ORDER BY j.id LIMIT 1) <= c.now - $2

-- name: remove_deadline
-- In: at, job.
DELETE FROM fairlead.deadline WHERE at = $1 AND job = $2

-- name: next_by_age
-- In: after id, enqueued at or before, limit. Out: jobs in order of id that are old enough: id, whether it is a job with the default deadline that has not ended.
SELECT j.id, j.deadline IS NULL AND j.flags & 8 = 0 AND coalesce((SELECT false FROM fairlead.ended e WHERE e.job = j.id), true)
FROM fairlead.job j WHERE j.id > $1 AND j.enqueued_at <= $2 ORDER BY j.id LIMIT $3

-- name: first_enqueued_after
-- In: after id. Out: when the next job was enqueued.
SELECT enqueued_at FROM fairlead.job WHERE id > $1 ORDER BY id LIMIT 1

-- name: may_prune
-- In: now, or null for the server's clock; for how long nodes are kept, blocks, and jobs at least. Out: whether there are nodes, keys or blocks to forget; whether there may
-- be anything else.
SELECT EXISTS (SELECT 1 FROM fairlead.node WHERE left_at <= c.now - $2)
    OR (SELECT true FROM fairlead.key k WHERE k.expires_at <= c.now ORDER BY k.expires_at LIMIT 1) IS NOT NULL
    OR (SELECT true FROM fairlead.block b WHERE b.to_at < c.now - $3 ORDER BY b.to_at LIMIT 1) IS NOT NULL,
  coalesce((SELECT j.enqueued_at FROM fairlead.job j ORDER BY j.id LIMIT 1) <= c.now - $4, false)
    OR (SELECT g.id FROM fairlead.group g ORDER BY g.id LIMIT 1) IS NOT NULL OR (SELECT s.limit_id FROM fairlead.limit_state s ORDER BY s.limit_id, s.key LIMIT 1) IS NOT NULL
FROM (SELECT coalesce($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now) c

-- name: old_jobs
-- In: after id, ended well at or before, ended badly at or before, limit. Out: jobs and batches upward, items of batches among them: id, enqueued at,
-- how many items follow it, whether it ended early enough and no code of it runs any more.
SELECT j.id, j.enqueued_at, coalesce((SELECT b.size FROM fairlead.batch b WHERE b.job = j.id), 0),
  coalesce((SELECT CASE WHEN e.status = 4 THEN e.ended_at <= $2 ELSE e.ended_at <= $3 END FROM fairlead.ended e WHERE e.job = j.id),
    (SELECT CASE WHEN b.status = 4 THEN b.ended_at <= $2 ELSE b.ended_at <= $3 END FROM fairlead.batch b WHERE b.job = j.id), false)
  AND NOT EXISTS (SELECT 1 FROM fairlead.abandoned a
    WHERE a.job BETWEEN j.id AND j.id + coalesce((SELECT b.size FROM fairlead.batch b WHERE b.job = j.id), 0))
FROM fairlead.job j WHERE j.id > $1 ORDER BY j.id LIMIT $4

-- name: batch_size
-- In: batch. Out: how many items it has.
SELECT size FROM fairlead.batch WHERE job = $1

-- name: kept_between
-- In: first, last. Out: a row when anything there must be kept: it has not ended (any more), or its code still runs.
SELECT 1 WHERE EXISTS (SELECT 1 FROM fairlead.job j WHERE j.id BETWEEN $1 AND $2
    AND coalesce((SELECT false FROM fairlead.ended e WHERE e.job = j.id), (SELECT b.ended_at IS NULL FROM fairlead.batch b WHERE b.job = j.id), true))
  OR EXISTS (SELECT 1 FROM fairlead.abandoned WHERE job BETWEEN $1 AND $2)

-- name: count_between
-- In: first, last. Out: how many jobs and batches there are.
SELECT count(*) FROM fairlead.job WHERE id BETWEEN $1 AND $2

-- name: ended_between
-- In: first, last. Out: queue, status, outcome timed out, number of jobs.
SELECT j.queue, e.status, e.status = 5 AND coalesce(e.outcome, 0) & 15 = 3, count(*)
FROM fairlead.ended e CROSS JOIN LATERAL (SELECT queue FROM fairlead.job j WHERE j.id = e.job OFFSET 0) j WHERE e.job BETWEEN $1 AND $2 GROUP BY 1, 2, 3

-- name: forget_ended
-- In: first, last.
DELETE FROM fairlead.ended WHERE job BETWEEN $1 AND $2

-- name: forget_attempts
-- In: first, last.
DELETE FROM fairlead.attempt WHERE job BETWEEN $1 AND $2

-- name: forget_waits
-- In: first, last.
DELETE FROM fairlead.wait WHERE job BETWEEN $1 AND $2

-- name: forget_logs
-- In: first, last.
DELETE FROM fairlead.log WHERE job BETWEEN $1 AND $2

-- name: forget_jobs
-- In: first, last.
DELETE FROM fairlead.job WHERE id BETWEEN $1 AND $2

-- name: forget_batches
-- In: first, last.
DELETE FROM fairlead.batch WHERE job BETWEEN $1 AND $2

-- name: forget_tallies
-- In: first, last batch.
DELETE FROM fairlead.tally WHERE scope BETWEEN $1 AND $2

-- name: forget_blocks
-- In: ended before, limit.
DELETE FROM fairlead.block WHERE ctid = ANY(ARRAY(SELECT ctid FROM fairlead.block WHERE to_at < $1 ORDER BY to_at LIMIT $2))
