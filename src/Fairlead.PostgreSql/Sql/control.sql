-- What operators ask for.

-- name: set_paused
-- In: queue, paused.
UPDATE fairlead.queue SET paused = $2 WHERE id = $1

-- name: batch_head
-- In: id. Out: size, ended at, generation; no row when it is no batch.
SELECT size, ended_at, generation FROM fairlead.batch WHERE job = $1

-- name: job_batch
-- In: id. Out: its batch or null, its flags; no row when there is no such job.
SELECT batch, flags FROM fairlead.job WHERE id = $1

-- name: cancel_batch
-- In: batch.
UPDATE fairlead.batch SET cancelled = 1 WHERE job = $1 AND ended_at IS NULL

-- name: ended_badly_between
-- In: status, first, last. Out: jobs that ended so.
SELECT job FROM fairlead.ended WHERE status = $1 AND job BETWEEN $2 AND $3 ORDER BY job

-- name: open_between
-- In: first, last. Out: jobs that have not ended.
SELECT j.id FROM fairlead.job j WHERE j.id BETWEEN $1 AND $2 AND (SELECT e.job FROM fairlead.ended e WHERE e.job = j.id) IS NULL ORDER BY j.id

-- name: reopen_batch
-- In: batch, status.
UPDATE fairlead.batch SET status = CASE WHEN started_at IS NULL THEN 1 ELSE 3 END, ended_at = NULL, cancelled = 0, generation = generation + 1 WHERE job = $1

-- name: key_of
-- In: job. Out: queue, unique key.
SELECT queue, unique_key FROM fairlead.job WHERE id = $1
