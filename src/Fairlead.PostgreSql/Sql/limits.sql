-- Limits, their state, and permits of numbers at once.

-- name: find_limit
-- In: name. Out: id, declared, change.
SELECT id, declared, change FROM fairlead.limit WHERE name = $1

-- name: limits_named
-- In: names. Out: id, declared, change, name.
SELECT id, declared, change, name FROM fairlead.limit WHERE name = ANY($1)

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

-- name: states_of
-- In: names of limits, keys. Out: limit, key, state of those keys of those limits.
SELECT s.limit_id, s.key, s.state FROM fairlead.limit l
CROSS JOIN LATERAL (SELECT * FROM fairlead.limit_state s WHERE s.limit_id = l.id AND s.key = ANY($2) OFFSET 0) s WHERE l.name = ANY($1)

-- name: limit_states
-- In: limit, at most. Out: key, state; the last used first.
SELECT key, state FROM fairlead.limit_state WHERE limit_id = $1 ORDER BY used_at DESC, key LIMIT $2

-- name: limit_keys
-- In: limit. Out: its keys.
SELECT key FROM fairlead.limit_state WHERE limit_id = $1

-- name: write_limit_state
-- In: rows: limit, key, used at, open, state.
INSERT INTO fairlead.limit_state(limit_id, key, used_at, open, state)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[])
ON CONFLICT (limit_id, key) DO UPDATE SET used_at = excluded.used_at, open = excluded.open, state = excluded.state

-- name: forget_limit_state
-- In: limit, key.
DELETE FROM fairlead.limit_state WHERE limit_id = $1 AND key = $2

-- name: unused_limit_states
-- In: used before, after limit, after key, limit. Out: the next states by limit and key: limit's name, key, limit's id, whether it is a group's own that was not used since.
SELECT (SELECT l.name FROM fairlead.limit l WHERE l.id = s.limit_id), s.key, s.limit_id, s.key <> '' AND s.used_at < $1 FROM fairlead.limit_state s
WHERE (s.limit_id, s.key) > ($2, $3) ORDER BY s.limit_id, s.key LIMIT $4

-- name: hold
-- In: rows: id, limit, key, cost, node, job, fence.
INSERT INTO fairlead.held(id, limit_id, key, cost, node, job, fence)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])

-- name: held
-- In: id. Out: limit, key, cost.
SELECT limit_id, key, cost, id FROM fairlead.held WHERE id = $1

-- name: held_by_attempt
-- In: node, job, fence. Out: limit, key, cost, id.
SELECT limit_id, key, cost, id FROM (SELECT * FROM fairlead.held WHERE node = $1 AND job = $2 AND fence = $3 OFFSET 0) h ORDER BY id

-- name: held_by_jobs
-- In: node, jobs. Out: limit, key, cost, id, job, fence, state of the limit.
SELECT h.limit_id, h.key, h.cost, h.id, h.job, h.fence, s.state
FROM (SELECT * FROM fairlead.held WHERE node = $1 AND job = ANY($2) OFFSET 0) h
LEFT JOIN LATERAL (SELECT * FROM fairlead.limit_state s WHERE s.limit_id = h.limit_id AND s.key = h.key OFFSET 0) s ON true ORDER BY h.id

-- name: held_by_node
-- In: node. Out: limit, key, cost, id.
SELECT limit_id, key, cost, id FROM (SELECT * FROM fairlead.held WHERE node = $1 OFFSET 0) h ORDER BY id

-- name: release_held
-- In: ids.
DELETE FROM fairlead.held WHERE id = ANY($1)

-- name: mark_holding
-- In: node, job, fence, flag. The end of the attempt has something to release.
UPDATE fairlead.running SET flags = flags | $4 WHERE node = $1 AND job = $2 AND fence = $3

-- name: count_live_nodes
-- In: now. Out: how many nodes hold their lease.
SELECT count(*) FROM fairlead.node WHERE left_at IS NULL AND $1 - heartbeat_at < lease

-- name: ailing_queues
-- In: node. Out: queues it serves whose own breaker is open: queue, outage.
SELECT DISTINCT q.id, q.outage FROM fairlead.serves s JOIN fairlead.queue q ON q.id = s.queue WHERE s.node = $1 AND q.outage IS NOT NULL
