-- Nodes and what they say.

-- name: add_node
-- In: id, name, slots, lease, now.
INSERT INTO fairlead.node(id, name, slots, lease, joined_at, heartbeat_at, heard_at)
VALUES ($1, $2, $3, $4, $5, $5, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)

-- name: note_outage
-- In: microseconds. When no node at all was heard for that long, by the server's own clock, it was the store that was away: nobody's silence counts for as long.
UPDATE fairlead.node n SET excused = n.excused + (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - h.heard_at
FROM (SELECT max(heard_at) AS heard_at FROM fairlead.node WHERE left_at IS NULL) h
WHERE n.left_at IS NULL AND h.heard_at < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - $1

-- name: add_serves
-- In: queue, kind, node.
INSERT INTO fairlead.serves(queue, kind, node) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: forget_served
-- In: node.
DELETE FROM fairlead.serves WHERE node = $1

-- name: set_slots
-- In: node, slots.
UPDATE fairlead.node SET slots = $2 WHERE id = $1

-- name: live_holders
-- In: queue. Out: live nodes that serve it: id, name.
SELECT DISTINCT n.id, n.name FROM fairlead.node n JOIN fairlead.serves s ON s.node = n.id
WHERE n.left_at IS NULL AND s.queue = $1 ORDER BY n.id

-- name: define_queue
-- In: queue, definition, change, max concurrent in force.
UPDATE fairlead.queue SET definition = $2, change = $3, max_concurrent = $4, revision = revision + 1 WHERE id = $1

-- name: changed_queues
-- In: node. Out: what it serves and an operator changed: definition, change.
SELECT definition, change FROM fairlead.queue
WHERE change IS NOT NULL AND id IN (SELECT queue FROM fairlead.serves WHERE node = $1) ORDER BY name COLLATE "C"

-- name: node_is_member
-- In: node. Out: a row while it neither left nor was found dead.
SELECT 1 FROM fairlead.node WHERE id = $1 AND left_at IS NULL

-- name: heartbeat
-- In: node, now. Changes one row while it is a member.
UPDATE fairlead.node SET heartbeat_at = $2, excused = 0, heard_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint WHERE id = $1 AND left_at IS NULL

-- name: beat
-- In: node; now, or null for the server's clock; for how long some node must have been heard, or null. A heartbeat without the turn: what it asks is asked of the
-- state before it. Changes and answers nothing when the lease was lost, or nobody was heard for that long: then more is to be written. Out: now, whether the node was
-- asked to drain, how many nodes hold their lease, when the first lease of another ends, whether anything runs longer than was charged; then null, or in a row each: 1: job
-- and fence of what was cancelled; 2: a worker to end; 3: definition and change of a queue that an operator changed; 4: a queue whose breaker is open, and its state.
WITH beat AS (
  UPDATE fairlead.node SET heartbeat_at = coalesce($2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint), excused = 0,
    heard_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
  WHERE id = $1 AND left_at IS NULL AND ($3 IS NULL
    OR (SELECT max(heard_at) FROM fairlead.node WHERE left_at IS NULL) >= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - $3)
  RETURNING heartbeat_at AS now, drain)
SELECT b.now, b.drain, 1 + (SELECT count(*) FROM fairlead.node n WHERE n.left_at IS NULL AND n.id <> $1 AND b.now - n.heartbeat_at < n.lease),
  (SELECT min(n.heartbeat_at + n.excused + n.lease) FROM fairlead.node n WHERE n.left_at IS NULL AND n.id <> $1),
  (SELECT true FROM fairlead.running r WHERE r.node = $1 AND r.grp IS NOT NULL AND r.charged < ((b.now - r.claimed_at) / 1000000.0)::double precision LIMIT 1) IS NOT NULL,
  s.what, s.number, s.fence, s.text, s.more
FROM beat b LEFT JOIN (
  SELECT 1 AS what, job AS number, fence, NULL::text AS text, NULL::text AS more FROM fairlead.running WHERE node = $1 AND cancel = 1
  UNION ALL SELECT 2, NULL, NULL, worker, NULL FROM fairlead.ending WHERE node = $1
  UNION ALL SELECT 3, NULL, NULL, definition, change FROM fairlead.queue WHERE change IS NOT NULL AND id IN (SELECT queue FROM fairlead.serves WHERE node = $1)
  UNION ALL SELECT 4, q.id, NULL, q.outage, NULL FROM fairlead.queue q WHERE q.outage IS NOT NULL AND q.id IN (SELECT queue FROM fairlead.serves WHERE node = $1)) s ON true
ORDER BY s.what, s.number, s.text COLLATE "C"

-- name: hold_nodes
-- Heartbeats need no turn: whoever judges silence lets none of them in before the judgement is carried out. Out: ids.
SELECT id FROM fairlead.node WHERE left_at IS NULL ORDER BY id FOR NO KEY UPDATE

-- name: drain_asked
-- In: node. Out: whether it was asked to stop taking work.
SELECT drain FROM fairlead.node WHERE id = $1

-- name: cancelled_on
-- In: node. Out: job and fence of what it runs and somebody cancelled.
SELECT job, fence FROM fairlead.running WHERE node = $1 AND cancel = 1 ORDER BY job

-- name: end_node
-- In: node, now.
UPDATE fairlead.node SET left_at = $2 WHERE id = $1

-- name: unreserve_all
-- In: node.
UPDATE fairlead.waiting SET reserved = NULL WHERE state = 3 AND reserved = $1

-- name: served_by
-- In: node. Out: queue, kind.
SELECT queue, kind FROM fairlead.serves WHERE node = $1

-- name: line_exists
-- In: queue, kind. Out: a row when a job of that kind was ever in that queue.
SELECT 1 FROM fairlead.line WHERE queue = $1 AND kind = $2

-- name: progress
-- In: node, job, fence, processed, total.
UPDATE fairlead.running SET processed = $4, total = $5 WHERE node = $1 AND job = $2 AND fence = $3

-- name: add_log
-- In: job, fence, at, level, message. A batch has no log of its own.
INSERT INTO fairlead.log(job, fence, at, level, message)
SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1 FROM fairlead.job WHERE id = $1 AND flags & 8 = 0)

-- name: silent_nodes
-- In: now, or null for the server's clock; when this store could not be written (from, to), as whoever asks knows it; for how long some node must have been heard,
-- or null. Out: the ids of nodes that were silent for their whole lease. Silence counts only while the store could be written: by whoever asks, and by anybody.
SELECT n.id FROM (SELECT coalesce($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now) c CROSS JOIN fairlead.node n
WHERE n.left_at IS NULL AND c.now - n.heartbeat_at - greatest(n.excused, (
    SELECT coalesce(sum(greatest(least(g.to_at, c.now) - greatest(g.from_at, n.heartbeat_at), 0)), 0)::bigint FROM unnest($2::bigint[], $3::bigint[]) AS g(from_at, to_at))) >= n.lease
  AND ($4 IS NULL OR (SELECT max(heard_at) FROM fairlead.node WHERE left_at IS NULL) >= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - $4)
ORDER BY n.id

-- name: forget_nodes
-- In: left before.
DELETE FROM fairlead.node WHERE left_at <= $1

-- name: forget_serves
-- Those of nodes that are forgotten.
DELETE FROM fairlead.serves WHERE node NOT IN (SELECT id FROM fairlead.node)

-- name: node_info
-- In: node, or null for all; left after. Out: id, name, slots, running, joined, heartbeat, left.
SELECT n.id, n.name, n.slots, (SELECT count(*) FROM fairlead.running r WHERE r.node = n.id), n.joined_at, n.heartbeat_at, n.left_at
FROM fairlead.node n WHERE ($1 IS NULL OR n.id = $1) AND (n.left_at IS NULL OR n.left_at > $2) ORDER BY n.id

-- name: served_names
-- In: node. Out: queue, kind, version.
SELECT q.name, k.name, k.version FROM fairlead.serves s JOIN fairlead.queue q ON q.id = s.queue JOIN fairlead.kind k ON k.id = s.kind
WHERE s.node = $1 ORDER BY q.name, k.name, k.version
