-- Where a job stands, and its way from one table to the next.

-- name: job_place
-- In: id. Out: what stays with it wherever it goes.
SELECT queue, kind, priority, batch, flags, coalesce(deadline, enqueued_at + 604800000000), enqueued_at FROM fairlead.job WHERE id = $1

-- name: job_rows
-- In: ids. Out: the same of many, with what only few ends of attempts need: id, queue, kind, priority, batch, flags, deadline, extras, group.
SELECT id, queue, kind, priority, batch, flags, coalesce(deadline, enqueued_at + 604800000000), extras, group_key FROM fairlead.job WHERE id = ANY($1)

-- name: ready_place
-- In: queue, kind, negated priority, job. Out: attempts spent, fence, nodes lost, since.
SELECT attempt, fence, lost, since FROM fairlead.ready WHERE queue = $1 AND kind = $2 AND priority = $3 AND job = $4

-- name: remove_ready
-- In: queue, kind, negated priority, job.
DELETE FROM fairlead.ready WHERE queue = $1 AND kind = $2 AND priority = $3 AND job = $4

-- name: waiting_place
-- In: job. Out: where and why it waits.
SELECT attempt, fence, lost, since, state, due, cause, blockers FROM fairlead.waiting WHERE job = $1

-- name: remove_waiting
-- In: jobs.
DELETE FROM fairlead.waiting WHERE job = ANY($1)

-- name: one_blocker_less
-- In: job. Out: how many are left.
UPDATE fairlead.waiting SET blockers = blockers - 1 WHERE job = $1 RETURNING blockers

-- name: running_anywhere
-- In: job. Out: its row, on whichever node. The key begins with the node, so the few live ones are asked in turn, and the store, which carries parents.
SELECT r.attempt, r.fence, r.lost, r.ready_at, r.claimed_at, r.cancel, r.node FROM (SELECT 0::bigint AS id UNION ALL SELECT id FROM fairlead.node WHERE left_at IS NULL) n
CROSS JOIN LATERAL (SELECT * FROM fairlead.running r WHERE r.node = n.id AND r.job = $1 OFFSET 0) r

-- name: running
-- In: node, job. Out: what the end of its attempt needs.
SELECT attempt, fence, lost, ready_at, claimed_at, cancel, queue, batch, flags, grp, charged FROM fairlead.running WHERE node = $1 AND job = $2

-- name: running_among
-- In: node, jobs. Out: job, then what the end of its attempt needs, of those that run there.
SELECT job, attempt, fence, lost, ready_at, claimed_at, cancel, queue, batch, flags, grp, charged FROM fairlead.running WHERE node = $1 AND job = ANY($2)

-- name: take_running
-- In: node, rows: job, fence. Out: job, then what the end of its attempt needs, of those that ran there; they do no longer. Looked up row by row, as
-- everything is that comes as rows (OFFSET 0): a plan made while the table was empty would read it whole for each of them.
DELETE FROM fairlead.running r WHERE r.ctid = ANY(ARRAY(
  SELECT r.ctid FROM unnest($2::bigint[], $3::bigint[]) AS u(job, fence) CROSS JOIN LATERAL (
    SELECT ctid FROM fairlead.running r WHERE r.node = $1 AND r.job = u.job AND r.fence = u.fence OFFSET 0) r))
RETURNING r.job, r.attempt, r.fence, r.lost, r.ready_at, r.claimed_at, r.cancel, r.queue, r.batch, r.flags, r.grp, r.charged

-- name: running_on
-- In: node. Out: all it holds.
SELECT job, attempt, fence, lost, ready_at, claimed_at, cancel, queue, batch, flags, grp, charged FROM fairlead.running WHERE node = $1 ORDER BY job

-- name: remove_running
-- In: rows: node, job.
DELETE FROM fairlead.running WHERE ctid = ANY(ARRAY(
  SELECT r.ctid FROM unnest($1::bigint[], $2::bigint[]) AS u(node, job) CROSS JOIN LATERAL (
    SELECT ctid FROM fairlead.running r WHERE r.node = u.node AND r.job = u.job OFFSET 0) r))

-- name: mark_cancelled
-- In: node, job.
UPDATE fairlead.running SET cancel = 1 WHERE node = $1 AND job = $2

-- name: add_attempt
-- In: rows: job, fence, attempt, node, ready at, claimed at, started at, ended at, outcome, error.
INSERT INTO fairlead.attempt(job, fence, attempt, node, ready_at, claimed_at, started_at, ended_at, outcome, error)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[])
ON CONFLICT (job, fence) DO UPDATE SET attempt = excluded.attempt, node = excluded.node, ready_at = excluded.ready_at, claimed_at = excluded.claimed_at,
  started_at = excluded.started_at, ended_at = excluded.ended_at, outcome = excluded.outcome, error = excluded.error

-- name: add_ended
-- In: rows: job, status, attempts spent, nodes lost, ended at, outcome, attempt, fence, node, ready at, claimed at, started at, attempt ended at, error, result.
INSERT INTO fairlead.ended(job, status, spent, lost, ended_at, outcome, attempt, fence, node, ready_at, claimed_at, started_at, attempt_ended_at, error, result)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
  $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[], $15::bytea[])

-- name: add_ended_waiting
-- In: rows: job, status, attempts spent, nodes lost, ended at, fence, error, outcome of its last attempt. Jobs that ended while they waited.
INSERT INTO fairlead.ended(job, status, spent, lost, ended_at, fence, error, outcome)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[])

-- name: last_outcome
-- In: job. Out: how its last attempt ended.
SELECT outcome FROM fairlead.attempt WHERE job = $1 ORDER BY fence DESC LIMIT 1

-- name: applied_before
-- In: node, rows: place in the list, job, fence, recorded outcome. Out: places of those whose very end is kept already. A parent's (32) is before it has ended, too.
-- Looked up row by row: with EXISTS the server may read a whole table into a hash instead.
SELECT u.place FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS u(place, job, fence, outcome)
WHERE (SELECT true FROM fairlead.ended e WHERE e.job = u.job AND e.fence = u.fence AND e.node = $1 AND e.outcome = u.outcome)
  OR (SELECT true FROM fairlead.attempt a WHERE a.job = u.job AND a.fence = u.fence AND a.node = $1 AND a.outcome = u.outcome)
  OR (u.outcome = 32 AND (SELECT true FROM fairlead.parent p WHERE p.job = u.job AND p.fence = u.fence AND p.node = $1))

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
