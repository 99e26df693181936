-- What a claim asks and moves.

-- name: node_for_claim
-- In: node. Out: heartbeat, lease, left at, how many nodes the job has lost that it runs alone; null when it runs none alone.
SELECT n.heartbeat_at, n.lease, n.left_at, (SELECT r.lost FROM fairlead.running r WHERE r.node = n.id AND r.job = n.solo_job) FROM fairlead.node n WHERE n.id = $1

-- name: runs_alone
-- In: node, job. From here on it runs nothing beside that job.
UPDATE fairlead.node SET solo_job = $2 WHERE id = $1

-- name: runs_any
-- In: node. Out: a row when it runs anything. The newest first: that is where what has not ended is.
SELECT 1 FROM fairlead.running WHERE node = $1 ORDER BY job DESC LIMIT 1

-- name: claim_look
-- In: queues. Out: queue, when its next scheduled job comes due, whether any of its jobs waits for an empty node.
SELECT u.queue, (SELECT min(w.due) FROM fairlead.waiting w WHERE w.state = 0 AND w.queue = u.queue),
  (SELECT true FROM fairlead.waiting w WHERE w.state = 3 AND w.queue = u.queue LIMIT 1) IS NOT NULL
FROM unnest($1::bigint[]) AS u(queue)

-- name: may_claim
-- In: now, or null for the server's clock; queues; since which transaction arrivals count. Out: now, when the next scheduled job of these queues comes due, whether a
-- claim may find or write anything in them, whether arrivals wait, before which transaction none does, if none wait. One look into each index, without the turn.
SELECT c.now, w.due, coalesce(w.due <= c.now, false) OR EXISTS (SELECT 1 FROM unnest($2::bigint[]) AS u(queue) WHERE
    (SELECT true FROM fairlead.waiting w WHERE w.state = 3 AND w.queue = u.queue LIMIT 1)
    OR (SELECT true FROM fairlead.block b WHERE b.queue = u.queue AND b.to_at IS NULL LIMIT 1)
    OR (SELECT q.outage IS NOT NULL FROM fairlead.queue q WHERE q.id = u.queue)
    OR (SELECT true FROM fairlead.group g WHERE g.queue = u.queue AND g.ready > 0 LIMIT 1)
    OR (SELECT true FROM fairlead.group g WHERE g.queue = u.queue AND g.wake_at IS NOT NULL LIMIT 1)
    OR (SELECT true FROM fairlead.line l WHERE l.queue = u.queue
      AND (SELECT true FROM fairlead.ready r WHERE r.queue = l.queue AND r.kind = l.kind AND (r.priority, r.job) >= (l.first_priority, l.first_job) LIMIT 1) LIMIT 1)),
  EXISTS (SELECT 1 FROM fairlead.arrival WHERE xact >= $3), txid_snapshot_xmin(txid_current_snapshot())
FROM (SELECT coalesce($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now) c
CROSS JOIN (SELECT min((SELECT min(w.due) FROM fairlead.waiting w WHERE w.state = 0 AND w.queue = u.queue)) AS due FROM unnest($2::bigint[]) AS u(queue)) w

-- name: lines_ready
-- In: queues, kinds. Out: queue, kind of those pairs in which anything is ready.
SELECT u.queue, u.kind FROM unnest($1::bigint[], $2::bigint[]) AS u(queue, kind)
CROSS JOIN LATERAL (SELECT * FROM fairlead.line l WHERE l.queue = u.queue AND l.kind = u.kind OFFSET 0) l
WHERE (SELECT true FROM fairlead.ready r WHERE r.queue = l.queue AND r.kind = l.kind AND (r.priority, r.job) >= (l.first_priority, l.first_job) LIMIT 1)

-- name: others_ready
-- In: queue, kinds. Out: a row when jobs without a group of other kinds are ready.
SELECT 1 FROM fairlead.line l WHERE l.queue = $1 AND l.kind <> ALL($2) AND (
  SELECT true FROM fairlead.ready r WHERE r.queue = l.queue AND r.kind = l.kind AND (r.priority, r.job) >= (l.first_priority, l.first_job) LIMIT 1) LIMIT 1

-- name: due_jobs
-- In: queue, now. Out: scheduled jobs whose time has come, in that order.
SELECT w.job, j.queue, j.kind, j.priority, j.batch, j.flags, w.attempt, w.fence, w.lost, w.since, w.cause, w.due
FROM (SELECT * FROM fairlead.waiting WHERE state = 0 AND queue = $1 AND due <= $2 ORDER BY due, job LIMIT 2000) w
CROSS JOIN LATERAL (SELECT * FROM fairlead.job j WHERE j.id = w.job OFFSET 0) j
ORDER BY w.due, w.job

-- name: solo_jobs
-- In: queue. Out: jobs that wait for an empty node, and who was asked to be it.
SELECT w.job, w.reserved, j.queue, j.kind, j.priority, j.batch, j.flags, w.attempt, w.fence, w.lost, w.since
FROM fairlead.waiting w CROSS JOIN LATERAL (SELECT * FROM fairlead.job j WHERE j.id = w.job OFFSET 0) j
WHERE w.state = 3 AND w.queue = $1 ORDER BY w.priority, w.job

-- name: count_reserved
-- In: queue. Out: how many of its jobs keep a place under max_concurrent because a live node makes room for them.
SELECT count(*) FROM fairlead.waiting w
WHERE w.state = 3 AND w.queue = $1 AND (SELECT true FROM fairlead.node n WHERE n.id = w.reserved AND n.left_at IS NULL)

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
-- In: queue, kind, limit. Out: its ready jobs in order, with what it takes to run them: no more than the queue may run, and one.
SELECT r.priority, r.job, r.batch, r.flags, r.attempt, r.fence, r.lost, r.since,
  j.enqueued_at, j.deadline, j.group_key, j.extras, j.payload
FROM (SELECT * FROM fairlead.ready WHERE queue = $1 AND kind = $2 AND (priority, job) >= (
    (SELECT l.first_priority FROM fairlead.line l WHERE l.queue = $1 AND l.kind = $2), (SELECT l.first_job FROM fairlead.line l WHERE l.queue = $1 AND l.kind = $2))
  ORDER BY priority, job
  LIMIT least($3, (SELECT greatest(q.max_concurrent - coalesce((SELECT t.processing FROM fairlead.tally t WHERE t.scope = -q.id), 0), 0) + 1
    FROM fairlead.queue q WHERE q.id = $1 AND q.max_concurrent IS NOT NULL))) r
CROSS JOIN LATERAL (SELECT * FROM fairlead.job j WHERE j.id = r.job OFFSET 0) j
ORDER BY r.priority, r.job

-- name: start_ready
-- In: node, now, queue, kind, negated priority, last job, group, charged, further flags. A kind's claimed jobs are the beginning of its line: one range,
-- moved by one statement. That is right only because nobody else makes jobs ready in the meantime: whoever does has the turn.
WITH gone AS (
  DELETE FROM fairlead.ready WHERE queue = $3 AND kind = $4 AND (priority, job) <= ($5, $6) AND (priority, job) >= (
    (SELECT l.first_priority FROM fairlead.line l WHERE l.queue = $3 AND l.kind = $4), (SELECT l.first_job FROM fairlead.line l WHERE l.queue = $3 AND l.kind = $4))
  RETURNING job, queue, batch, flags, attempt, fence, lost, since)
INSERT INTO fairlead.running(node, job, queue, batch, flags, attempt, fence, lost, ready_at, claimed_at, cancel, grp, charged)
SELECT $1, job, queue, batch, flags | $9, attempt + 1, fence + 1, lost, since, $2, 0, $7, $8 FROM gone

-- name: raise_line
-- In: queue, kind, negated priority, job. Everything up to that was claimed.
UPDATE fairlead.line SET first_priority = $3, first_job = $4 WHERE queue = $1 AND kind = $2

-- name: lower_line
-- In: rows: queue, kind, negated priority, job that is ready now.
UPDATE fairlead.line l SET first_priority = u.priority, first_job = u.job
FROM (SELECT DISTINCT ON (queue, kind) * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS r(queue, kind, priority, job)
  ORDER BY queue, kind, priority, job) u
WHERE l.queue = u.queue AND l.kind = u.kind AND (l.first_priority, l.first_job) > (u.priority, u.job)

-- name: reset_lines
-- In: queues. Anything of them may have become ready: the next claim looks at all of it.
UPDATE fairlead.line SET first_priority = -9223372036854775808, first_job = 0 WHERE queue = ANY($1) AND first_priority > -9223372036854775808

-- name: start_one
-- In: node, job, queue, batch, flags, attempt, fence, lost, ready at, now, group, charged.
INSERT INTO fairlead.running(node, job, queue, batch, flags, attempt, fence, lost, ready_at, claimed_at, cancel, grp, charged)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12)

-- name: job_to_run
-- In: id. Out: what it takes to run it.
SELECT enqueued_at, deadline, group_key, extras, payload FROM fairlead.job WHERE id = $1

-- name: start_batch
-- In: batches, now. At the first item of each only.
UPDATE fairlead.batch SET started_at = $2, status = 3 WHERE job = ANY($1) AND started_at IS NULL

-- name: close_slot_blocks
-- In: queue, now. Nothing is ready any more: no slot is missing.
UPDATE fairlead.block SET to_at = $2 WHERE queue = $1 AND to_at IS NULL AND cause = 2

-- name: node_is_live
-- In: node. Out: a row while it lives.
SELECT 1 FROM fairlead.node WHERE id = $1 AND left_at IS NULL
