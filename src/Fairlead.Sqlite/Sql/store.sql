-- The store itself: schema, counters, names.

-- name: has_meta
-- Out: one row when the file holds a store.
SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'fairlead_meta'

-- name: has_tables
-- Out: a row when the file holds any table.
SELECT 1 FROM sqlite_schema WHERE type = 'table' LIMIT 1

-- name: schema_version
-- Out: the version of the schema.
SELECT value FROM fairlead_meta WHERE name = 'schema'

-- name: set_schema_version
-- In: version.
INSERT INTO fairlead_meta(name, value) VALUES ('schema', ?1) ON CONFLICT(name) DO UPDATE SET value = ?1

-- name: counter
-- In: name. Out: its value.
SELECT value FROM fairlead_meta WHERE name = ?1

-- name: set_counter
-- In: value, name.
UPDATE fairlead_meta SET value = ?1 WHERE name = ?2

-- name: raise_counter
-- In: by how much, name.
UPDATE fairlead_meta SET value = value + ?1 WHERE name = ?2

-- name: find_queue
-- In: name. Out: number.
SELECT id FROM fairlead_queue WHERE name = ?1

-- name: add_queue
-- In: name. Out: number.
INSERT INTO fairlead_queue(name) VALUES (?1) RETURNING id

-- name: queue_name
-- In: number. Out: name.
SELECT name FROM fairlead_queue WHERE id = ?1

-- name: find_kind
-- In: name, version. Out: number.
SELECT id FROM fairlead_kind WHERE name = ?1 AND version = ?2

-- name: add_kind
-- In: name, version. Out: number.
INSERT INTO fairlead_kind(name, version) VALUES (?1, ?2) RETURNING id

-- name: kind_name
-- In: number. Out: name, version.
SELECT name, version FROM fairlead_kind WHERE id = ?1

-- name: add_line
-- In: queue, kind. Changes nothing when it is known.
INSERT OR IGNORE INTO fairlead_line(queue, kind) VALUES (?1, ?2)

-- name: line_is_served
-- In: queue, kind. Out: a row when a live node serves it.
SELECT 1 FROM fairlead_serves s JOIN fairlead_node n ON n.id = s.node
WHERE s.queue = ?1 AND s.kind = ?2 AND n.left_at IS NULL LIMIT 1

-- name: tally
-- In: scope. Out: its counters.
SELECT scheduled, queued, blocked, processing, completed, failed, cancelled, timed_out FROM fairlead_tally WHERE scope = ?1

-- name: add_to_tally
-- In: scope, eight differences.
INSERT INTO fairlead_tally(scope, scheduled, queued, blocked, processing, completed, failed, cancelled, timed_out)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT(scope) DO UPDATE SET
  scheduled = scheduled + ?2, queued = queued + ?3, blocked = blocked + ?4, processing = processing + ?5,
  completed = completed + ?6, failed = failed + ?7, cancelled = cancelled + ?8, timed_out = timed_out + ?9

-- name: block_is_open
-- In: queue, cause, key. Out: a row when the block lasts.
SELECT 1 FROM fairlead_block WHERE queue = ?1 AND to_at IS NULL AND cause = ?2 AND key = ?3

-- name: open_block
-- In: queue, cause, key, from.
INSERT INTO fairlead_block(queue, cause, key, from_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET to_at = NULL

-- name: add_block
-- In: queue, cause, key, from, to. A block that is over already.
INSERT OR REPLACE INTO fairlead_block(queue, cause, key, from_at, to_at) VALUES (?1, ?2, ?3, ?4, ?5)

-- name: drop_empty_block
-- In: queue, cause, key, now. A block that would end when it began never was.
DELETE FROM fairlead_block WHERE queue = ?1 AND cause = ?2 AND key = ?3 AND from_at = ?4 AND to_at IS NULL

-- name: close_block
-- In: queue, cause, key, to.
UPDATE fairlead_block SET to_at = ?4 WHERE queue = ?1 AND to_at IS NULL AND cause = ?2 AND key = ?3

-- name: open_slot_blocks
-- In: queue. Out: the keys of blocks for slots that last.
SELECT key FROM fairlead_block WHERE queue = ?1 AND cause = 2 AND to_at IS NULL

-- name: queue_facts
-- In: queue. Out: what a claim and an end of attempts must know of it.
SELECT paused, max_concurrent, revision, credit, next_slot, groups, fair_clock, outage FROM fairlead_queue WHERE id = ?1

-- name: queue_definition
-- In: queue. Out: its declared definition and an operator's change, JSON or null.
SELECT definition, change FROM fairlead_queue WHERE id = ?1

-- name: set_budget
-- In: queue, credit, next slot.
UPDATE fairlead_queue SET credit = ?2, next_slot = ?3 WHERE id = ?1

-- name: data_version
-- Out: a number that changes when another connection commits.
PRAGMA data_version
