-- Jobs and batches as they come in.

-- name: add_job
-- In: id, queue, kind, priority, enqueued at, batch, flags, deadline, group, unique key, extras, payload.
INSERT INTO fairlead.job(id, queue, kind, priority, enqueued_at, batch, flags, deadline, group_key, unique_key, extras, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: add_jobs
-- In: rows: id, queue, kind, priority, enqueued at, batch, flags, deadline, group, unique key, extras, payload.
INSERT INTO fairlead.job(id, queue, kind, priority, enqueued_at, batch, flags, deadline, group_key, unique_key, extras, payload)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::bytea[])

-- name: take_keys
-- In: rows: queue, key, job. Whoever takes one has looked at its holder before.
INSERT INTO fairlead.unique(queue, key, job) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[]) ON CONFLICT DO NOTHING

-- name: add_dependencies
-- In: rows: on job, job.
INSERT INTO fairlead.dependency(on_job, job) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING

-- name: add_deadlines
-- In: rows: at, job.
INSERT INTO fairlead.deadline(at, job) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING

-- name: try_stripes
-- In: schema, stripes. Takes those of them that nobody's open transaction has, until this one ends. Out: the others.
SELECT s FROM unnest($2::bigint[]) s WHERE NOT pg_try_advisory_xact_lock(hashtext('fairlead keys ' || $1), s::int)

-- name: holders_of_keys
-- In: queues, keys. Out: the number of a key from 1, and the job that holds it. To be asked after the stripes were taken, by a statement with a newer snapshot.
SELECT k.n, u.job FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS k(queue, key, n)
CROSS JOIN LATERAL (SELECT job FROM fairlead.unique u WHERE u.queue = k.queue AND u.key = k.key OFFSET 0) u

-- name: stripes
-- In: schema, stripe. Waits for one; whoever asks holds nothing else. Out: one row.
SELECT pg_advisory_xact_lock(hashtext('fairlead keys ' || $1), $2::int)

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
-- In: rows: job, queue. The key stays while an abandoned attempt of the job still runs.
DELETE FROM fairlead.unique WHERE ctid = ANY(ARRAY(
  SELECT k.ctid FROM unnest($1::bigint[], $2::bigint[]) AS u(job, queue)
  CROSS JOIN LATERAL (SELECT unique_key FROM fairlead.job j WHERE j.id = u.job OFFSET 0) j
  CROSS JOIN LATERAL (SELECT ctid FROM fairlead.unique k WHERE k.queue = u.queue AND k.key = j.unique_key AND k.job = u.job OFFSET 0) k
  WHERE (SELECT true FROM fairlead.abandoned a WHERE a.job = u.job LIMIT 1) IS NULL))

-- name: any_dependency
-- Out: a row when any job waits for another.
SELECT 1 FROM fairlead.dependency ORDER BY on_job LIMIT 1

-- name: dependents
-- In: on jobs. Out: on job, and the jobs that wait for it, in order.
SELECT on_job, job FROM fairlead.dependency WHERE on_job = ANY($1) ORDER BY on_job, job

-- name: forget_dependencies_on
-- In: on jobs.
DELETE FROM fairlead.dependency WHERE on_job = ANY($1)

-- name: forget_dependencies_of
-- In: job.
DELETE FROM fairlead.dependency WHERE job = $1

-- name: state_for_dependents
-- In: id. Out: its status when it has ended (jobs and batches), else null; no row when there is none.
SELECT coalesce((SELECT e.status FROM fairlead.ended e WHERE e.job = j.id),
  (SELECT b.status FROM fairlead.batch b WHERE b.job = j.id AND b.ended_at IS NOT NULL))
FROM fairlead.job j WHERE j.id = $1

-- name: add_ready
-- In: rows: queue, kind, negated priority, job, batch, flags, attempts spent, fence, nodes lost, since.
INSERT INTO fairlead.ready(queue, kind, priority, job, batch, flags, attempt, fence, lost, since)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])

-- name: add_waiting
-- In: rows: job, state, queue, negated priority, batch, due, cause, blockers, attempts spent, fence, nodes lost, since.
INSERT INTO fairlead.waiting(job, state, queue, priority, batch, due, cause, blockers, attempt, fence, lost, since)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
  $10::bigint[], $11::bigint[], $12::bigint[])

-- name: add_wait
-- In: rows: job, from, to, cause.
INSERT INTO fairlead.wait(job, from_at, to_at, cause) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
ON CONFLICT (job, from_at) DO UPDATE SET to_at = excluded.to_at, cause = excluded.cause

-- name: add_batch
-- In: id, name, size, max parallel, fail on error, status, finalize, memo.
INSERT INTO fairlead.batch(job, name, size, max_parallel, fail_on_error, status, finalize, memo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: batch_places
-- In: batches. Out: batch, how many of its items are in play, how many may be.
SELECT job, open, max_parallel FROM fairlead.batch WHERE job = ANY($1)

-- name: set_places
-- In: rows: batch, how many of its items are in play.
UPDATE fairlead.batch b SET open = f.open FROM (
  SELECT b.at, u.open FROM unnest($1::bigint[], $2::bigint[]) AS u(batch, open)
  CROSS JOIN LATERAL (SELECT ctid AS at FROM fairlead.batch b WHERE b.job = u.batch OFFSET 0) b) f
WHERE b.ctid = f.at

-- name: parked
-- In: batches, how many of each. Out: the items that get the next places of each.
SELECT w.job, j.queue, j.kind, j.priority, j.batch, j.flags, w.attempt, w.fence, w.lost, w.since
FROM unnest($1::bigint[]) AS u(batch) CROSS JOIN LATERAL
  (SELECT * FROM fairlead.waiting w WHERE w.state = 2 AND w.batch = u.batch ORDER BY w.priority, w.job LIMIT $2) w
CROSS JOIN LATERAL (SELECT * FROM fairlead.job j WHERE j.id = w.job OFFSET 0) j
ORDER BY w.batch, w.priority, w.job

-- name: batch_ends
-- In: batches. Out: what the end of each that has not ended needs to know.
SELECT job, fail_on_error, cancelled, finalize FROM fairlead.batch WHERE job = ANY($1) AND ended_at IS NULL

-- name: end_batch
-- In: batch, status, ended at.
UPDATE fairlead.batch SET status = $2, ended_at = $3 WHERE job = $1

-- name: set_finalize_job
-- In: batch, job.
UPDATE fairlead.batch SET finalize_job = $2 WHERE job = $1
