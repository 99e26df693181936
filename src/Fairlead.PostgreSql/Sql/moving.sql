-- Where a job stands, and its way from one table to the next.

-- name: job_place
-- In: id. Out: what stays with it wherever it goes.
SELECT queue, kind, priority, batch, flags, coalesce(deadline, enqueued_at + 604800000000), enqueued_at FROM fairlead.job WHERE id = $1

-- name: ready_place
-- In: queue, kind, negated priority, job.
SELECT attempt, fence, lost, since FROM fairlead.ready WHERE queue = $1 AND kind = $2 AND priority = $3 AND job = $4

-- name: remove_ready
-- In: queue, kind, negated priority, job.
DELETE FROM fairlead.ready WHERE queue = $1 AND kind = $2 AND priority = $3 AND job = $4

-- name: waiting_place
-- In: job.
SELECT attempt, fence, lost, since, state, due, cause, blockers FROM fairlead.waiting WHERE job = $1

-- name: remove_waiting
-- In: job.
DELETE FROM fairlead.waiting WHERE job = $1

-- name: one_blocker_less
-- In: job. Out: how many are left.
UPDATE fairlead.waiting SET blockers = blockers - 1 WHERE job = $1 RETURNING blockers

-- name: running_anywhere
-- In: job. Out: its row, on whichever node. The key begins with the node, so the few live ones are asked in turn, and the store, which carries parents.
SELECT attempt, fence, lost, ready_at, claimed_at, cancel, node FROM fairlead.running
WHERE node IN (SELECT 0 UNION ALL SELECT id FROM fairlead.node WHERE left_at IS NULL) AND job = $1

-- name: running
-- In: node, job. Out: what the end of its attempt needs.
SELECT attempt, fence, lost, ready_at, claimed_at, cancel, queue, batch, flags, grp, charged FROM fairlead.running WHERE node = $1 AND job = $2

-- name: running_on
-- In: node. Out: all it holds.
SELECT job, attempt, fence, lost, ready_at, claimed_at, cancel, queue, batch, flags, grp, charged FROM fairlead.running WHERE node = $1 ORDER BY job

-- name: remove_running
-- In: node, job.
DELETE FROM fairlead.running WHERE node = $1 AND job = $2

-- name: mark_cancelled
-- In: node, job.
UPDATE fairlead.running SET cancel = 1 WHERE node = $1 AND job = $2

-- name: add_attempt
-- In: job, fence, attempt, node, ready at, claimed at, started at, ended at, outcome, error.
INSERT INTO fairlead.attempt(job, fence, attempt, node, ready_at, claimed_at, started_at, ended_at, outcome, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (job, fence) DO UPDATE SET attempt = $3, node = $4, ready_at = $5, claimed_at = $6, started_at = $7, ended_at = $8, outcome = $9, error = $10

-- name: add_ended
-- In: job, status, attempts spent, nodes lost, ended at, outcome, attempt, fence, node, ready at, claimed at, started at, attempt ended at, error, result.
INSERT INTO fairlead.ended(job, status, spent, lost, ended_at, outcome, attempt, fence, node, ready_at, claimed_at, started_at, attempt_ended_at, error, result)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)

-- name: add_ended_waiting
-- In: job, status, attempts spent, nodes lost, ended at, fence, error, outcome of its last attempt. A job that ended while it waited.
INSERT INTO fairlead.ended(job, status, spent, lost, ended_at, fence, error, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: last_outcome
-- In: job. Out: how its last attempt ended.
SELECT outcome FROM fairlead.attempt WHERE job = $1 ORDER BY fence DESC LIMIT 1

-- name: attempt_was_applied
-- In: job, fence, node, recorded outcome. Out: a row when this very end is kept already. A parent's (32) is before it has ended, too.
SELECT 1 FROM fairlead.ended WHERE job = $1 AND fence = $2 AND node = $3 AND outcome = $4
UNION ALL SELECT 1 FROM fairlead.attempt WHERE job = $1 AND fence = $2 AND node = $3 AND outcome = $4
UNION ALL SELECT 1 FROM fairlead.parent WHERE job = $1 AND fence = $2 AND node = $3 AND $4 = 32

-- name: job_extras
-- In: id. Out: extras, group.
SELECT extras, group_key, deadline, enqueued_at FROM fairlead.job WHERE id = $1

-- name: ended_place
-- In: job. Out: attempts spent, fence, nodes lost, ended at, status.
SELECT spent, fence, lost, ended_at, status FROM fairlead.ended WHERE job = $1

-- name: add_abandoned
-- In: job, fence, node, queue, group.
INSERT INTO fairlead.abandoned(job, fence, node, queue, grp) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING

-- name: remove_abandoned
-- In: job, fence, node. Out: a row when it was there: its group or null.
DELETE FROM fairlead.abandoned WHERE job = $1 AND fence = $2 AND node = $3 RETURNING grp

-- name: abandoned_on
-- In: node. Out: job and fence of attempts whose code still runs there.
SELECT job, fence FROM fairlead.abandoned WHERE node = $1

-- name: remove_ended
-- In: job.
DELETE FROM fairlead.ended WHERE job = $1

-- name: keep_ended_attempt
-- In: job. The last attempt of a job that is to run again becomes one of its attempts.
INSERT INTO fairlead.attempt(job, fence, attempt, node, ready_at, claimed_at, started_at, ended_at, outcome, error)
SELECT job, fence, attempt, node, ready_at, claimed_at, started_at, attempt_ended_at, outcome, error
FROM fairlead.ended WHERE job = $1 AND node IS NOT NULL
ON CONFLICT (job, fence) DO NOTHING

-- name: set_deadline
-- In: job, deadline.
UPDATE fairlead.job SET deadline = $2 WHERE id = $1

-- name: ended_outcome
-- In: job. Out: how its last attempt ended.
SELECT outcome FROM fairlead.ended WHERE job = $1

-- name: job_to_follow
-- In: id. Out: what its next step takes over.
SELECT extras, group_key, priority FROM fairlead.job WHERE id = $1
