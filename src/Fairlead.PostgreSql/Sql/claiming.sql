-- What a claim asks and moves.

-- name: node_for_claim
-- In: node. Out: heartbeat, lease, left at.
SELECT heartbeat_at, lease, left_at FROM fairlead.node WHERE id = $1

-- name: first_running_lost
-- In: node. Out: how many nodes its first running job has lost; no row when it runs nothing. A job that runs alone is the only one.
SELECT lost FROM fairlead.running WHERE node = $1 ORDER BY job LIMIT 1

-- name: due_jobs
-- In: queue, now. Out: scheduled jobs whose time has come, in that order.
SELECT w.job, j.queue, j.kind, j.priority, j.batch, j.flags, w.attempt, w.fence, w.lost, w.since, w.cause, w.due
FROM fairlead.waiting w JOIN fairlead.job j ON j.id = w.job
WHERE w.state = 0 AND w.queue = $1 AND w.due <= $2 ORDER BY w.due, w.job LIMIT 2000

-- name: next_due
-- In: queue. Out: when its next scheduled job comes due.
SELECT min(due) FROM fairlead.waiting WHERE state = 0 AND queue = $1

-- name: solo_jobs
-- In: queue. Out: jobs that wait for an empty node, and who was asked to be it.
SELECT w.job, w.reserved, j.queue, j.kind, j.priority, j.batch, j.flags, w.attempt, w.fence, w.lost, w.since
FROM fairlead.waiting w JOIN fairlead.job j ON j.id = w.job
WHERE w.state = 3 AND w.queue = $1 ORDER BY w.priority, w.job

-- name: any_solo
-- In: queue. Out: a row when any job of it waits for an empty node.
SELECT 1 FROM fairlead.waiting WHERE state = 3 AND queue = $1 LIMIT 1

-- name: count_reserved
-- In: queue. Out: how many of its jobs keep a place under max_concurrent because a live node makes room for them.
SELECT count(*) FROM fairlead.waiting w JOIN fairlead.node n ON n.id = w.reserved
WHERE w.state = 3 AND w.queue = $1 AND n.left_at IS NULL

-- name: reserve
-- In: job, node.
UPDATE fairlead.waiting SET reserved = $2 WHERE job = $1

-- name: unreserve
-- In: node.
UPDATE fairlead.waiting SET reserved = NULL WHERE state = 3 AND queue = $1 AND reserved = $2

-- name: any_ready
-- In: queue. Out: a row when anything of it is ready.
SELECT 1 FROM fairlead.ready WHERE queue = $1 ORDER BY kind LIMIT 1

-- name: ready_jobs
-- In: queue, kind, limit. Out: its ready jobs in order, with what it takes to run them.
SELECT r.priority, r.job, r.batch, r.flags, r.attempt, r.fence, r.lost, r.since,
  j.enqueued_at, j.deadline, j.group_key, j.extras, j.payload
FROM fairlead.ready r JOIN fairlead.job j ON j.id = r.job
WHERE r.queue = $1 AND r.kind = $2 ORDER BY r.priority, r.job LIMIT $3

-- name: start_ready
-- In: node, now, queue, kind, negated priority, last job, group, charged, further flags. A kind's claimed jobs are the beginning of its line: one range, moved by one statement.
INSERT INTO fairlead.running(node, job, queue, batch, flags, attempt, fence, lost, ready_at, claimed_at, cancel, grp, charged)
SELECT $1, job, queue, batch, flags | $9, attempt + 1, fence + 1, lost, since, $2, 0, $7, $8
FROM fairlead.ready WHERE queue = $3 AND kind = $4 AND priority = $5 AND job <= $6

-- name: start_ready_above
-- In: node, now, queue, kind, negated priority, group, charged, further flags. The same for whole priorities before it.
INSERT INTO fairlead.running(node, job, queue, batch, flags, attempt, fence, lost, ready_at, claimed_at, cancel, grp, charged)
SELECT $1, job, queue, batch, flags | $8, attempt + 1, fence + 1, lost, since, $2, 0, $6, $7
FROM fairlead.ready WHERE queue = $3 AND kind = $4 AND priority < $5

-- name: remove_started
-- In: queue, kind, negated priority, last job.
DELETE FROM fairlead.ready WHERE queue = $1 AND kind = $2 AND priority = $3 AND job <= $4

-- name: remove_started_above
-- In: queue, kind, negated priority.
DELETE FROM fairlead.ready WHERE queue = $1 AND kind = $2 AND priority < $3

-- name: start_one
-- In: node, job, queue, batch, flags, attempt, fence, lost, ready at, now, group, charged.
INSERT INTO fairlead.running(node, job, queue, batch, flags, attempt, fence, lost, ready_at, claimed_at, cancel, grp, charged)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12)

-- name: job_to_run
-- In: id. Out: what it takes to run it.
SELECT enqueued_at, deadline, group_key, extras, payload FROM fairlead.job WHERE id = $1

-- name: start_batch
-- In: batch, now. At its first item only.
UPDATE fairlead.batch SET started_at = $2, status = 3 WHERE job = $1 AND started_at IS NULL

-- name: close_slot_blocks
-- In: queue, now. Nothing is ready any more: no slot is missing.
UPDATE fairlead.block SET to_at = $2 WHERE queue = $1 AND to_at IS NULL AND cause = 2

-- name: node_is_live
-- In: node. Out: a row while it lives.
SELECT 1 FROM fairlead.node WHERE id = $1 AND left_at IS NULL
