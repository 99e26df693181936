-- Many jobs at once.

-- name: copy_jobs
-- In: rows of jobs.
COPY fairlead.job(id, queue, kind, priority, enqueued_at, batch, flags, deadline, group_key, unique_key, extras, payload) FROM STDIN (FORMAT BINARY)

-- name: copy_ready
-- In: rows of jobs that may run and have no group.
COPY fairlead.ready(queue, kind, priority, job, batch, flags, attempt, fence, lost, since) FROM STDIN (FORMAT BINARY)

-- name: copy_grouped
-- In: rows of jobs that may run, by group.
COPY fairlead.grouped(grp, kind, priority, job, batch, flags, attempt, fence, lost, since) FROM STDIN (FORMAT BINARY)

-- name: copy_waiting
-- In: rows of jobs that may not run yet.
COPY fairlead.waiting(job, state, queue, priority, batch, due, cause, blockers, attempt, fence, lost, since) FROM STDIN (FORMAT BINARY)

-- name: copy_dependencies
-- In: rows of on job, job.
COPY fairlead.dependency(on_job, job) FROM STDIN (FORMAT BINARY)

-- name: copy_deadlines
-- In: rows of at, job.
COPY fairlead.deadline(at, job) FROM STDIN (FORMAT BINARY)
