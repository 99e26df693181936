-- Limits, their state, and permits of numbers at once.

-- name: find_limit
-- In: name. Out: id, declared, change.
SELECT id, declared, change FROM fairlead.limit WHERE name = $1

-- name: limits
-- Out: every limit by name.
SELECT id, declared, change, name FROM fairlead.limit ORDER BY name COLLATE "C"

-- name: add_limit
-- In: name, declared.
INSERT INTO fairlead.limit(name, declared) VALUES ($1, $2)

-- name: declare_limit
-- In: id, declared.
UPDATE fairlead.limit SET declared = $2 WHERE id = $1

-- name: change_limit
-- In: id, change or null.
UPDATE fairlead.limit SET change = $2 WHERE id = $1

-- name: add_declares
-- In: limit, node.
INSERT INTO fairlead.declares(limit_id, node) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: forget_declared
-- In: node.
DELETE FROM fairlead.declares WHERE node = $1

-- name: forget_declares
-- Those of nodes that are forgotten.
DELETE FROM fairlead.declares WHERE node NOT IN (SELECT id FROM fairlead.node)

-- name: live_declarers
-- In: limit. Out: live nodes that declare it: id, name.
SELECT n.id, n.name FROM fairlead.declares d JOIN fairlead.node n ON n.id = d.node WHERE d.limit_id = $1 AND n.left_at IS NULL ORDER BY n.id

-- name: limit_state
-- In: limit, key. Out: its state.
SELECT state FROM fairlead.limit_state WHERE limit_id = $1 AND key = $2

-- name: limit_states
-- In: limit, at most. Out: key, state; the last used first.
SELECT key, state FROM fairlead.limit_state WHERE limit_id = $1 ORDER BY used_at DESC, key LIMIT $2

-- name: limit_keys
-- In: limit. Out: its keys.
SELECT key FROM fairlead.limit_state WHERE limit_id = $1

-- name: write_limit_state
-- In: limit, key, used at, open, state.
INSERT INTO fairlead.limit_state(limit_id, key, used_at, open, state) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (limit_id, key) DO UPDATE SET used_at = $3, open = $4, state = $5

-- name: forget_limit_state
-- In: limit, key.
DELETE FROM fairlead.limit_state WHERE limit_id = $1 AND key = $2

-- name: unused_limit_states
-- In: used before, after limit, after key, limit. Out: the next states by limit and key: limit's name, key, limit's id, whether it is a group's own that was not used since.
SELECT l.name, s.key, s.limit_id, s.key <> '' AND s.used_at < $1 FROM fairlead.limit_state s JOIN fairlead.limit l ON l.id = s.limit_id
WHERE (s.limit_id, s.key) > ($2, $3) ORDER BY s.limit_id, s.key LIMIT $4

-- name: hold
-- In: id, limit, key, cost, node, job, fence.
INSERT INTO fairlead.held(id, limit_id, key, cost, node, job, fence) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: held
-- In: id. Out: limit, key, cost.
SELECT limit_id, key, cost, id FROM fairlead.held WHERE id = $1

-- name: held_by_attempt
-- In: node, job, fence. Out: limit, key, cost, id.
SELECT limit_id, key, cost, id FROM fairlead.held WHERE node = $1 AND job = $2 AND fence = $3 ORDER BY id

-- name: held_by_node
-- In: node. Out: limit, key, cost, id.
SELECT limit_id, key, cost, id FROM fairlead.held WHERE node = $1 ORDER BY id

-- name: release_held
-- In: id.
DELETE FROM fairlead.held WHERE id = $1

-- name: mark_holding
-- In: node, job, fence, flag. The end of the attempt has something to release.
UPDATE fairlead.running SET flags = flags | $4 WHERE node = $1 AND job = $2 AND fence = $3

-- name: count_live_nodes
-- In: now. Out: how many nodes hold their lease.
SELECT count(*) FROM fairlead.node WHERE left_at IS NULL AND $1 - heartbeat_at < lease

-- name: ailing_queues
-- In: node. Out: queues it serves whose own breaker is open: queue, outage.
SELECT DISTINCT q.id, q.outage FROM fairlead.serves s JOIN fairlead.queue q ON q.id = s.queue WHERE s.node = $1 AND q.outage IS NOT NULL
