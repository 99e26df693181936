-- Jobs and batches as they come in.

-- name: add_job
-- In: id, queue, kind, priority, enqueued at, batch, flags, deadline, group, unique key, extras, payload.
INSERT INTO fairlead.job(id, queue, kind, priority, enqueued_at, batch, flags, deadline, group_key, unique_key, extras, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: add_jobs
-- In: ids, queues, kinds, priorities, enqueued at, batches, flags, deadlines, groups, unique keys, extras, payloads.
INSERT INTO fairlead.job(id, queue, kind, priority, enqueued_at, batch, flags, deadline, group_key, unique_key, extras, payload)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::bytea[])

-- name: add_new_readies
-- In: queues, kinds, negated priorities, jobs, batches, flags, since. Jobs that were never run.
INSERT INTO fairlead.ready(queue, kind, priority, job, batch, flags, since, attempt, fence, lost)
SELECT *, 0, 0, 0 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])

-- name: add_groupeds
-- In: groups, kinds, negated priorities, jobs, batches, flags, attempts spent, fences, nodes lost, since.
INSERT INTO fairlead.grouped(grp, kind, priority, job, batch, flags, attempt, fence, lost, since)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])

-- name: add_waitings
-- In: jobs, states, queues, negated priorities, batches, due, causes, blockers, since. Jobs that were never run.
INSERT INTO fairlead.waiting(job, state, queue, priority, batch, due, cause, blockers, since, attempt, fence, lost)
SELECT *, 0, 0, 0 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])

-- name: take_keys
-- In: queues, keys, jobs. Whoever takes one has looked at its holder before.
INSERT INTO fairlead.unique(queue, key, job) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[]) ON CONFLICT DO NOTHING

-- name: add_dependencies
-- In: on jobs, jobs.
INSERT INTO fairlead.dependency(on_job, job) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING

-- name: add_deadlines
-- In: at, jobs.
INSERT INTO fairlead.deadline(at, job) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING

-- name: try_stripes
-- In: schema, stripes. Takes those of them that nobody's open transaction has, until this one ends; the others are named in a setting, which the next question reads:
-- it must look at the keys' holders with a newer snapshot than that of the statement that took the locks.
SELECT set_config('fairlead_stripes.busy', coalesce((
  SELECT string_agg(s::text, ',') FROM unnest($2::bigint[]) s WHERE NOT pg_try_advisory_xact_lock(hashtext('fairlead keys ' || $1), s::int)), ''), true)

-- name: stripes
-- In: schema, stripe. Waits for one; whoever asks holds nothing else.
SELECT pg_advisory_xact_lock(hashtext('fairlead keys ' || $1), $2::int)

-- name: holders_of_keys
-- In: queues, keys, since which transaction arrivals count. Out: the number of a key from 1, and the job that holds it; first a row with number 0: stripes that are busy, whether arrivals wait.
SELECT 0::bigint, NULL::bigint, coalesce(current_setting('fairlead_stripes.busy', true), ''), EXISTS (SELECT 1 FROM fairlead.arrival WHERE xact >= $3)
UNION ALL SELECT k.n, u.job, NULL, NULL
FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS k(queue, key, n) JOIN fairlead.unique u ON u.queue = k.queue AND u.key = k.key
ORDER BY 1

-- name: facts_of_queues
-- In: queues. Out: as queue_facts; then the queue's number, and the next job's.
SELECT paused, max_concurrent, revision, credit, next_slot, groups, fair_clock, outage, id, (SELECT value FROM fairlead.meta WHERE name = 'next_job')
FROM fairlead.queue WHERE id = ANY($1)

-- name: states_for_dependents
-- In: ids. Out: of each that exists its id, and its status when it has ended (jobs and batches), else null.
SELECT j.id, coalesce((SELECT e.status FROM fairlead.ended e WHERE e.job = j.id),
  (SELECT b.status FROM fairlead.batch b WHERE b.job = j.id AND b.ended_at IS NOT NULL))
FROM fairlead.job j WHERE j.id = ANY($1)

-- name: set_open
-- In: batch, how many items are in play.
UPDATE fairlead.batch SET open = $2 WHERE job = $1

-- name: reserve_jobs
-- In: how many. Out: the first of their ids. What becomes of them is decided later; ids are never used again.
UPDATE fairlead.meta SET value = value + $1 WHERE name = 'next_job' RETURNING value - $1

-- name: add_deadline
-- In: at, job.
INSERT INTO fairlead.deadline(at, job) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: release_key
-- In: job, queue. The key stays while an abandoned attempt of the job still runs.
DELETE FROM fairlead.unique
WHERE queue = $2 AND key = (SELECT unique_key FROM fairlead.job WHERE id = $1) AND job = $1
  AND NOT EXISTS (SELECT 1 FROM fairlead.abandoned WHERE job = $1)

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
