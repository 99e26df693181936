-- Schedules: documents that change by compare and set.

-- name: schedules
-- In: now. Out: every schedule by name: name, definition, state, revision, whether a node that holds its lease declares it.
SELECT s.name, s.definition, s.state, s.revision,
  EXISTS (SELECT 1 FROM fairlead.keeps_time k JOIN fairlead.node n ON n.id = k.node WHERE k.schedule = s.id AND n.left_at IS NULL AND $1 - n.heartbeat_at < n.lease)
FROM fairlead.schedule s ORDER BY s.name COLLATE "C"

-- name: schedule
-- In: now, name. Out: the same of one.
SELECT s.name, s.definition, s.state, s.revision,
  EXISTS (SELECT 1 FROM fairlead.keeps_time k JOIN fairlead.node n ON n.id = k.node WHERE k.schedule = s.id AND n.left_at IS NULL AND $1 - n.heartbeat_at < n.lease)
FROM fairlead.schedule s WHERE s.name = $2

-- name: add_schedule
-- In: name, definition, state.
INSERT INTO fairlead.schedule(name, definition, state, revision) VALUES ($1, $2, $3, 1)

-- name: write_schedule
-- In: name, definition, state.
UPDATE fairlead.schedule SET definition = $2, state = $3, revision = revision + 1 WHERE name = $1

-- name: keep_time
-- In: name, node.
INSERT INTO fairlead.keeps_time(schedule, node) SELECT id, $2 FROM fairlead.schedule WHERE name = $1 ON CONFLICT DO NOTHING

-- name: timekeepers
-- In: name. Out: live nodes that declare it: id, name.
SELECT n.id, n.name FROM fairlead.keeps_time k JOIN fairlead.node n ON n.id = k.node
WHERE k.schedule = (SELECT id FROM fairlead.schedule WHERE name = $1) AND n.left_at IS NULL ORDER BY n.id

-- name: forget_time_of
-- In: node.
DELETE FROM fairlead.keeps_time WHERE node = $1

-- name: forget_timekeepers
-- Those of nodes that are forgotten.
DELETE FROM fairlead.keeps_time WHERE node NOT IN (SELECT id FROM fairlead.node)
