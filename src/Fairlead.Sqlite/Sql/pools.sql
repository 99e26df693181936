-- What nodes say of their pools, and which workers are to be ended.

-- name: report_pools
-- In: node, report.
INSERT INTO fairlead_pool(node, report) VALUES (?1, ?2) ON CONFLICT(node) DO UPDATE SET report = ?2

-- name: pools
-- Out: node, its name, its report, of nodes that neither left nor were found dead.
SELECT n.id, n.name, p.report FROM fairlead_pool p JOIN fairlead_node n ON n.id = p.node WHERE n.left_at IS NULL ORDER BY n.id

-- name: forget_pools
-- In: node.
DELETE FROM fairlead_pool WHERE node = ?1

-- name: end_worker
-- In: node, worker.
INSERT OR IGNORE INTO fairlead_ending(node, worker) VALUES (?1, ?2)

-- name: workers_to_end
-- In: node. Out: worker.
SELECT worker FROM fairlead_ending WHERE node = ?1 ORDER BY worker

-- name: worker_is_gone
-- In: node, worker.
DELETE FROM fairlead_ending WHERE node = ?1 AND worker = ?2

-- name: forget_ending
-- In: node.
DELETE FROM fairlead_ending WHERE node = ?1
