-- What readers ask.

-- name: job
-- In: id. Out: the job as it was enqueued.
SELECT queue, kind, priority, batch, flags, coalesce(deadline, enqueued_at + 604800000000), enqueued_at, group_key, unique_key, extras, payload
FROM fairlead.job WHERE id = $1

-- name: last_attempt
-- In: job. Out: started at, outcome, error of its latest attempt that did not end it.
SELECT started_at, outcome, error FROM fairlead.attempt WHERE job = $1 ORDER BY fence DESC LIMIT 1

-- name: ended
-- In: job. Out: how it ended.
SELECT ended_at, outcome, started_at, error, result FROM fairlead.ended WHERE job = $1

-- name: running_progress
-- In: node, job. Out: claimed at, processed, total.
SELECT claimed_at, processed, total FROM fairlead.running WHERE node = $1 AND job = $2

-- name: batch
-- In: id. Out: the batch.
SELECT name, max_parallel, generation, finalize_job, status, started_at, ended_at, cancelled, memo, size FROM fairlead.batch WHERE job = $1

-- name: latest_deadline
-- In: first, last. Out: the latest deadline of these jobs.
SELECT max(coalesce(deadline, enqueued_at + 604800000000)) FROM fairlead.job WHERE id BETWEEN $1 AND $2

-- name: find_batch
-- In: name. Out: the newest batch of that name.
SELECT job FROM fairlead.batch WHERE name = $1 ORDER BY job DESC LIMIT 1

-- name: first_awaited
-- In: job. Out: the first job it waits for.
SELECT min(on_job) FROM (SELECT on_job FROM fairlead.dependency WHERE job = $1 OFFSET 0) d

-- name: slot_block
-- In: queue. Out: the key of a block for slots that lasts.
SELECT key FROM fairlead.block WHERE queue = $1 AND to_at IS NULL AND cause = 2 ORDER BY from_at LIMIT 1

-- name: walk_up
-- In: after id. Out: jobs upward: id, batch, queue, flags, group.
SELECT id, batch, queue, flags, group_key FROM fairlead.job WHERE id > $1 ORDER BY id LIMIT 500

-- name: walk_down
-- In: before id. Out: jobs downward: id, batch, queue, flags, group.
SELECT id, batch, queue, flags, group_key FROM fairlead.job WHERE id < $1 ORDER BY id DESC LIMIT 500

-- name: batches_up
-- In: after id. Out: batches upward.
SELECT job FROM fairlead.batch WHERE job > $1 ORDER BY job LIMIT 500

-- name: batches_down
-- In: before id. Out: batches downward.
SELECT job FROM fairlead.batch WHERE job < $1 ORDER BY job DESC LIMIT 500

-- name: badly_up
-- In: status, after id. Out: jobs that failed or were cancelled, upward, by the index that holds only these.
SELECT job FROM fairlead.ended WHERE status = $1 AND status > 4 AND job > $2 ORDER BY job LIMIT 500

-- name: badly_down
-- In: status, before id. Out: the same, downward.
SELECT job FROM fairlead.ended WHERE status = $1 AND status > 4 AND job < $2 ORDER BY job DESC LIMIT 500

-- name: waiting_up
-- In: state, after id. Out: jobs that wait so, upward.
SELECT job FROM fairlead.waiting WHERE state = $1 AND job > $2 ORDER BY job LIMIT 500

-- name: waiting_down
-- In: state, before id. Out: the same, downward.
SELECT job FROM fairlead.waiting WHERE state = $1 AND job < $2 ORDER BY job DESC LIMIT 500

-- name: processing_up
-- In: after id. Out: jobs that run, upward. The key begins with the node: the first of each live one are merged.
SELECT r.job FROM (SELECT 0 AS id UNION ALL SELECT id FROM fairlead.node WHERE left_at IS NULL) n
CROSS JOIN LATERAL (SELECT job FROM fairlead.running WHERE node = n.id AND job > $1 ORDER BY job LIMIT 500) r ORDER BY r.job LIMIT 500

-- name: processing_down
-- In: before id. Out: the same, downward.
SELECT r.job FROM (SELECT 0 AS id UNION ALL SELECT id FROM fairlead.node WHERE left_at IS NULL) n
CROSS JOIN LATERAL (SELECT job FROM fairlead.running WHERE node = n.id AND job < $1 ORDER BY job DESC LIMIT 500) r ORDER BY r.job DESC LIMIT 500

-- name: queues
-- Out: every queue by name.
SELECT q.id, q.name, q.definition, q.paused, (SELECT count(*) FROM fairlead.abandoned a WHERE a.queue = q.id), q.change
FROM fairlead.queue q ORDER BY q.name COLLATE "C"

-- name: lines
-- In: queue. Out: the kinds that were ever in it.
SELECT kind FROM fairlead.line WHERE queue = $1

-- name: next_priority
-- In: queue, kind, after priority. Out: the next negated priority that has ready jobs.
SELECT priority FROM fairlead.ready WHERE queue = $1 AND kind = $2 AND priority > $3 ORDER BY priority LIMIT 1

-- name: oldest_of_first
-- In: queue, kind, negated priority. Out: since when the longest-waiting of the first thousand there has been ready.
SELECT min(since) FROM (SELECT since FROM fairlead.ready WHERE queue = $1 AND kind = $2 AND priority = $3 ORDER BY job LIMIT 1000) first

-- name: oldest_solo
-- In: queue. Out: since when its longest-waiting solo job has been ready.
SELECT min(since) FROM fairlead.waiting WHERE state = 3 AND queue = $1

-- name: log_of_job
-- In: job, after, limit, text or null. Out: lines in order, and whether they hold the text.
SELECT id, job, fence, at, level, message, $4::text IS NULL OR position(lower($4 COLLATE "C") IN lower(message COLLATE "C")) > 0 FROM fairlead.log WHERE job = $1 AND id > $2 ORDER BY id LIMIT $3

-- name: log_of_batch
-- In: first, last, after, limit, text or null. Out: the same. Read in the order of writing, not by the index: page after page is one pass, without a sort.
SELECT id, job, fence, at, level, message, $5::text IS NULL OR position(lower($5 COLLATE "C") IN lower(message COLLATE "C")) > 0 FROM fairlead.log WHERE id > $3 AND job BETWEEN $1 AND $2 ORDER BY id LIMIT $4

-- name: log_of_small_batch
-- In: first, last, after, limit, text or null. Out: the same by the index, with a sort: better where the batch is a small part of the log.
SELECT id, job, fence, at, level, message, $5::text IS NULL OR position(lower($5 COLLATE "C") IN lower(message COLLATE "C")) > 0 FROM fairlead.log WHERE job BETWEEN $1 AND $2 AND id > $3 ORDER BY id LIMIT $4

-- name: timeline_jobs
-- In: first, last. Out: jobs with how they ended.
SELECT j.id, j.queue, j.kind, j.group_key, j.enqueued_at, e.status, e.ended_at, e.attempt, e.fence, e.node, e.ready_at, e.claimed_at,
  e.started_at, e.attempt_ended_at, e.outcome, e.error, j.priority
FROM fairlead.job j LEFT JOIN LATERAL (SELECT * FROM fairlead.ended e WHERE e.job = j.id OFFSET 0) e ON true WHERE j.id BETWEEN $1 AND $2 ORDER BY j.id

-- name: timeline_attempts
-- In: first, last. Out: attempts that did not end their job.
SELECT job, attempt, fence, node, ready_at, claimed_at, started_at, ended_at, outcome, error FROM fairlead.attempt
WHERE job BETWEEN $1 AND $2 ORDER BY job, fence

-- name: timeline_waits
-- In: first, last. Out: waits that are over.
SELECT job, cause, from_at, to_at FROM fairlead.wait WHERE job BETWEEN $1 AND $2 ORDER BY job, from_at

-- name: blocks
-- In: queue, from, to. Out: the blocks that touch that time.
SELECT cause, key, from_at, to_at FROM fairlead.block WHERE queue = $1 AND from_at <= $3 AND (to_at IS NULL OR to_at >= $2) ORDER BY from_at

-- name: job_filter
-- In: id. Out: queue, group, batch.
SELECT queue, group_key, batch FROM fairlead.job WHERE id = $1
