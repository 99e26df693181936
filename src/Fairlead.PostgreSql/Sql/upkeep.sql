-- What maintenance loops do.

-- name: late_jobs
-- In: now, limit. Out: jobs whose own deadline has passed and which do not run: at, job.
SELECT d.at, d.job FROM fairlead.deadline d
WHERE d.at <= $1 AND NOT EXISTS (SELECT 1 FROM fairlead.running r
  WHERE r.node IN (SELECT 0 UNION ALL SELECT id FROM fairlead.node WHERE left_at IS NULL) AND r.job = d.job)
ORDER BY d.at, d.job LIMIT $2

-- name: remove_deadline
-- In: at, job.
DELETE FROM fairlead.deadline WHERE at = $1 AND job = $2

-- name: next_by_age
-- In: after id, enqueued at or before, limit. Out: jobs in order of id that are old enough: id, deadline, flags.
SELECT id, deadline, flags FROM fairlead.job WHERE id > $1 AND enqueued_at <= $2 ORDER BY id LIMIT $3

-- name: first_enqueued_after
-- In: after id. Out: when the next job was enqueued.
SELECT enqueued_at FROM fairlead.job WHERE id > $1 ORDER BY id LIMIT 1

-- name: old_ended
-- In: after id, ended well at or before, ended badly at or before. Out: jobs that may be forgotten.
-- Jobs are walked upward and the reader ends the walk at the first that is too young to have ended long enough ago: ids grow with time.
SELECT j.id, j.flags, j.batch, j.enqueued_at,
  coalesce((SELECT CASE WHEN e.status = 4 THEN e.ended_at <= $2 ELSE e.ended_at <= $3 END FROM fairlead.ended e WHERE e.job = j.id),
    (SELECT CASE WHEN b.status = 4 THEN b.ended_at <= $2 ELSE b.ended_at <= $3 END FROM fairlead.batch b WHERE b.job = j.id), false)
FROM fairlead.job j WHERE j.id > $1 ORDER BY j.id LIMIT 2000

-- name: batch_size
-- In: batch. Out: how many items it has.
SELECT size FROM fairlead.batch WHERE job = $1

-- name: any_abandoned_between
-- In: first, last. Out: a row when the code of any of them still runs.
SELECT 1 FROM fairlead.abandoned WHERE job BETWEEN $1 AND $2 LIMIT 1

-- name: ended_between
-- In: first, last. Out: queue, status, outcome timed out, number of jobs.
SELECT j.queue, e.status, e.status = 5 AND coalesce(e.outcome, 0) & 15 = 3, count(*)
FROM fairlead.ended e JOIN fairlead.job j ON j.id = e.job WHERE e.job BETWEEN $1 AND $2 GROUP BY 1, 2, 3

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

-- name: forget_batch
-- In: batch.
DELETE FROM fairlead.batch WHERE job = $1

-- name: forget_tally
-- In: scope.
DELETE FROM fairlead.tally WHERE scope = $1

-- name: forget_blocks
-- In: ended before.
DELETE FROM fairlead.block WHERE to_at < $1
