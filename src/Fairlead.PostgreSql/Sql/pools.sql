-- What nodes say of their pools, and which workers are to be ended.

-- name: report_pools
-- In: node, report.
INSERT INTO fairlead.pool(node, report) VALUES ($1, $2) ON CONFLICT(node) DO UPDATE SET report = $2

-- name: pools
-- Out: node, its name, its report, of nodes that neither left nor were found dead.
SELECT n.id, n.name, p.report FROM fairlead.pool p JOIN fairlead.node n ON n.id = p.node WHERE n.left_at IS NULL ORDER BY n.id

-- name: forget_pools
-- In: node.
DELETE FROM fairlead.pool WHERE node = $1

-- name: end_worker
-- In: node, worker.
INSERT INTO fairlead.ending(node, worker) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: workers_to_end
-- In: node. Out: worker.
SELECT worker FROM fairlead.ending WHERE node = $1 ORDER BY worker

-- name: worker_is_gone
-- In: node, worker.
DELETE FROM fairlead.ending WHERE node = $1 AND worker = $2

-- name: forget_ending
-- In: node.
DELETE FROM fairlead.ending WHERE node = $1
