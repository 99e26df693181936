-- Jobs and batches as they come in.

-- name: add_job
-- In: id, queue, kind, priority, enqueued at, batch, flags, deadline, group, unique key, extras, payload.
INSERT INTO fairlead.job(id, queue, kind, priority, enqueued_at, batch, flags, deadline, group_key, unique_key, extras, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: add_plain_job
-- In: id, queue, kind, priority, enqueued at, batch, flags, payload. The same for the many jobs that have nothing else.
INSERT INTO fairlead.job(id, queue, kind, priority, enqueued_at, batch, flags, payload) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: add_deadline
-- In: at, job.
INSERT INTO fairlead.deadline(at, job) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: holder_of_key
-- In: queue, key. Out: the job that holds it.
SELECT job FROM fairlead.unique WHERE queue = $1 AND key = $2

-- name: take_key
-- In: queue, key, job.
INSERT INTO fairlead.unique(queue, key, job) VALUES ($1, $2, $3)

-- name: release_key
-- In: job, queue. The key stays while an abandoned attempt of the job still runs.
DELETE FROM fairlead.unique
WHERE queue = $2 AND key = (SELECT unique_key FROM fairlead.job WHERE id = $1) AND job = $1
  AND NOT EXISTS (SELECT 1 FROM fairlead.abandoned WHERE job = $1)

-- name: add_dependency
-- In: on job, job.
INSERT INTO fairlead.dependency(on_job, job) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: any_dependency
-- Out: a row when any job waits for another.
SELECT 1 FROM fairlead.dependency ORDER BY on_job LIMIT 1

-- name: dependents
-- In: on job. Out: the jobs that wait for it, in order.
SELECT job FROM fairlead.dependency WHERE on_job = $1 ORDER BY job

-- name: forget_dependencies_on
-- In: on job.
DELETE FROM fairlead.dependency WHERE on_job = $1

-- name: forget_dependencies_of
-- In: job.
DELETE FROM fairlead.dependency WHERE job = $1

-- name: state_for_dependents
-- In: id. Out: its status when it has ended (jobs and batches), else null; no row when there is none.
SELECT coalesce((SELECT e.status FROM fairlead.ended e WHERE e.job = j.id),
  (SELECT b.status FROM fairlead.batch b WHERE b.job = j.id AND b.ended_at IS NOT NULL))
FROM fairlead.job j WHERE j.id = $1

-- name: add_ready
-- In: queue, kind, negated priority, job, batch, flags, attempts spent, fence, nodes lost, since.
INSERT INTO fairlead.ready(queue, kind, priority, job, batch, flags, attempt, fence, lost, since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: add_new_ready
-- In: queue, kind, negated priority, job, batch, flags, since. The same for jobs that were never run.
INSERT INTO fairlead.ready(queue, kind, priority, job, batch, flags, attempt, fence, lost, since)
VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, $7)

-- name: add_waiting
-- In: job, state, queue, negated priority, batch, due, cause, blockers, attempts spent, fence, nodes lost, since.
INSERT INTO fairlead.waiting(job, state, queue, priority, batch, due, cause, blockers, attempt, fence, lost, since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: add_wait
-- In: job, from, to, cause.
INSERT INTO fairlead.wait(job, from_at, to_at, cause) VALUES ($1, $2, $3, $4)
ON CONFLICT (job, from_at) DO UPDATE SET to_at = $3, cause = $4

-- name: add_batch
-- In: id, name, size, max parallel, fail on error, status, finalize, memo.
INSERT INTO fairlead.batch(job, name, size, max_parallel, fail_on_error, status, finalize, memo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: take_place
-- In: batch. Changes one row when the batch may have one more item in play.
UPDATE fairlead.batch SET open = open + 1 WHERE job = $1 AND open < max_parallel

-- name: leave_place
-- In: batch.
UPDATE fairlead.batch SET open = open - 1 WHERE job = $1

-- name: first_parked
-- In: batch. Out: the item that gets the next place.
SELECT w.job, j.queue, j.kind, j.priority, j.batch, j.flags, w.attempt, w.fence, w.lost, w.since
FROM fairlead.waiting w JOIN fairlead.job j ON j.id = w.job
WHERE w.state = 2 AND w.batch = $1 ORDER BY w.priority, w.job LIMIT 1

-- name: batch_end
-- In: batch. Out: what its end needs to know.
SELECT fail_on_error, cancelled, finalize, ended_at FROM fairlead.batch WHERE job = $1

-- name: end_batch
-- In: batch, status, ended at.
UPDATE fairlead.batch SET status = $2, ended_at = $3 WHERE job = $1

-- name: set_finalize_job
-- In: batch, job.
UPDATE fairlead.batch SET finalize_job = $2 WHERE job = $1
