-- Parents: jobs whose attempt the store carries, as node 0, until their children have ended.

-- name: add_parent
-- In: job, fence, batch or null, node, started at, how many children were left out.
INSERT INTO fairlead.parent(job, fence, batch, node, started_at, left_out) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (job) DO UPDATE SET fence = $2, batch = $3, node = $4, started_at = $5, left_out = $6

-- name: parent
-- In: job. Out: batch, how many were left out, node, started at.
SELECT batch, left_out, node, started_at FROM fairlead.parent WHERE job = $1

-- name: parent_started
-- In: job. Out: when the attempt began that made it a parent.
SELECT started_at FROM fairlead.parent WHERE job = $1

-- name: parent_of
-- In: batch. Out: its parent, if that still waits for it: node, started at, how many were left out, job; then what the end of its attempt needs.
SELECT p.node, p.started_at, p.left_out, p.job,
  r.attempt, r.fence, r.lost, r.ready_at, r.claimed_at, r.cancel, r.queue, r.batch, r.flags, r.grp, r.charged
FROM fairlead.parent p CROSS JOIN LATERAL (SELECT * FROM fairlead.running r WHERE r.node = 0 AND r.job = p.job AND r.fence = p.fence OFFSET 0) r WHERE p.batch = $1

-- name: carry_running
-- In: node, job. From here on the store carries it.
UPDATE fairlead.running SET node = 0 WHERE node = $1 AND job = $2

-- name: carry_held
-- In: node, job, fence.
UPDATE fairlead.held SET node = 0 WHERE node = $1 AND job = $2 AND fence = $3

-- name: carried
-- In: job. Out: a row while the store carries it.
SELECT 1 FROM fairlead.running WHERE node = 0 AND job = $1

-- name: forget_parents
-- In: first, last.
DELETE FROM fairlead.parent WHERE job BETWEEN $1 AND $2
