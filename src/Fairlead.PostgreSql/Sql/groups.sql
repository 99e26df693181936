-- Groups: who goes next, and what keeps a group out of reach.

-- name: find_group
-- In: queue, name. Out: the group.
SELECT id, queue, name, tag, ready, in_flight, reach, paused, breaker, held_until, held_by, held_cause, wake_at, block_cause, block_key, served, slow
FROM fairlead.group WHERE queue = $1 AND name = $2

-- name: groups_by_name
-- In: queues, names. Out: those groups that exist.
SELECT g.id, g.queue, g.name, g.tag, g.ready, g.in_flight, g.reach, g.paused, g.breaker, g.held_until, g.held_by, g.held_cause, g.wake_at, g.block_cause, g.block_key, g.served, g.slow
FROM unnest($1::bigint[], $2::text[]) AS k(queue, name) JOIN fairlead.group g ON g.queue = k.queue AND g.name = k.name

-- name: lanes_of_groups
-- In: groups. Out: group, kind, ready, tag, reach, estimate.
SELECT grp, kind, ready, tag, reach, estimate FROM fairlead.lane WHERE grp = ANY($1)

-- name: add_groups
-- In: queues, names, tags. Out: id, queue, name.
INSERT INTO fairlead.group(queue, name, tag, ready, in_flight, reach, paused, open, held_until, served, slow)
SELECT queue, name, tag, 0, 0, 0, 0, 0, 0, 0, 0 FROM unnest($1::bigint[], $2::text[], $3::double precision[]) AS k(queue, name, tag) RETURNING id, queue, name

-- name: group
-- In: id. Out: the group.
SELECT id, queue, name, tag, ready, in_flight, reach, paused, breaker, held_until, held_by, held_cause, wake_at, block_cause, block_key, served, slow
FROM fairlead.group WHERE id = $1

-- name: groups_of
-- In: queue, limit. Out: its groups but for the one without a name, those with work first, in the order in which they go next.
SELECT id, queue, name, tag, ready, in_flight, reach, paused, breaker, held_until, held_by, held_cause, wake_at, block_cause, block_key, served, slow
FROM fairlead.group WHERE queue = $1 AND name <> '' ORDER BY ready = 0, tag, id LIMIT $2

-- name: groups_with_breakers
-- Out: groups whose breaker remembers anything.
SELECT id, queue, name, tag, ready, in_flight, reach, paused, breaker, held_until, held_by, held_cause, wake_at, block_cause, block_key, served, slow
FROM fairlead.group WHERE open > 0 ORDER BY open, queue, name LIMIT 1000

-- name: add_group
-- In: queue, name, tag. Out: id.
INSERT INTO fairlead.group(queue, name, tag, ready, in_flight, reach, paused, open, held_until, served, slow)
VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0, 0, 0) RETURNING id

-- name: count_group
-- In: queue, by how many.
UPDATE fairlead.queue SET groups = groups + $2 WHERE id = $1

-- name: write_group
-- In: id, tag, ready, in flight, reach, paused, open, breaker, held until, held by, wake at, block cause, block key, served, slow, held cause.
UPDATE fairlead.group SET tag = $2, ready = $3, in_flight = $4, reach = $5, paused = $6, open = $7, breaker = $8, held_until = $9, held_by = $10,
  wake_at = $11, block_cause = $12, block_key = $13, served = $14, slow = $15, held_cause = $16 WHERE id = $1

-- name: lanes_of
-- In: group. Out: kind, ready, tag, reach, estimate.
SELECT kind, ready, tag, reach, estimate FROM fairlead.lane WHERE grp = $1

-- name: write_lane
-- In: group, kind, queue, ready, tag, reach, estimate.
INSERT INTO fairlead.lane(grp, kind, queue, ready, tag, reach, estimate) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (grp, kind) DO UPDATE SET ready = $4, tag = $5, reach = $6, estimate = $7

-- name: groups_in_reach
-- In: queue, kind, after tag, after group, limit. Out: group, tag: in the order in which they go next.
SELECT grp, tag FROM fairlead.lane WHERE queue = $1 AND kind = $2 AND reach = 1 AND (tag, grp) > ($3, $4) ORDER BY tag, grp LIMIT $5

-- name: group_head
-- In: group, kind, after negated priority, after job. Out: its next ready job, with what it takes to run it.
SELECT g.priority, g.job, g.batch, g.flags, g.attempt, g.fence, g.lost, g.since, j.enqueued_at, j.deadline, j.group_key, j.extras, j.payload
FROM fairlead.grouped g JOIN fairlead.job j ON j.id = g.job
WHERE g.grp = $1 AND g.kind = $2 AND (g.priority, g.job) > ($3, $4) ORDER BY g.priority, g.job LIMIT 1

-- name: remove_grouped
-- In: group, kind, negated priority, job. Changes one row when it was there.
DELETE FROM fairlead.grouped WHERE grp = $1 AND kind = $2 AND priority = $3 AND job = $4

-- name: grouped_place
-- In: queue, kind, negated priority, job. Out: attempts spent, fence, nodes lost, since.
SELECT attempt, fence, lost, since FROM fairlead.grouped
WHERE grp = (SELECT g.id FROM fairlead.group g JOIN fairlead.job j ON j.id = $4 WHERE g.queue = $1 AND g.name = j.group_key)
  AND kind = $2 AND priority = $3 AND job = $4

-- name: group_of_job
-- In: job. Out: its group's name.
SELECT group_key FROM fairlead.job WHERE id = $1

-- name: groups_to_wake
-- In: queue, now. Out: groups whose block is over; the rest at the next look, which follows at once.
SELECT id FROM fairlead.group WHERE queue = $1 AND wake_at <= $2 ORDER BY wake_at, id LIMIT 1000

-- name: next_wake
-- In: queue. Out: when the next block is over.
SELECT min(wake_at) FROM fairlead.group WHERE queue = $1 AND wake_at IS NOT NULL

-- name: any_group_ready
-- In: queue. Out: a row when any group has ready jobs.
SELECT 1 FROM fairlead.group WHERE queue = $1 AND ready > 0 AND name <> '' ORDER BY tag LIMIT 1

-- name: oldest_in_groups
-- In: queue. Out: since when the first job of one of its first thousand groups has been ready.
SELECT min((SELECT since FROM fairlead.grouped WHERE grp = f.id ORDER BY kind, priority, job LIMIT 1))
FROM (SELECT id FROM fairlead.group WHERE queue = $1 AND ready > 0 AND name <> '' ORDER BY tag, id LIMIT 1000) f

-- name: in_groups
-- In: queue. Out: how many of its ready jobs, and of its attempts, have a group.
SELECT coalesce(sum(ready), 0)::bigint, coalesce(sum(in_flight), 0)::bigint FROM fairlead.group WHERE queue = $1 AND name <> ''

-- name: active_groups
-- In: queue. Out: how many have work or are quarantined.
SELECT count(*) FROM fairlead.group WHERE queue = $1 AND name <> '' AND (ready > 0 OR in_flight > 0 OR open = 1)

-- name: open_groups
-- In: queue. Out: how many are quarantined.
SELECT count(*) FROM fairlead.group WHERE queue = $1 AND open = 1 AND open > 0

-- name: group_ids
-- In: queue. Out: all its groups.
SELECT id FROM fairlead.group WHERE queue = $1 ORDER BY id

-- name: groups_held
-- In: by which limit and group, or null for all. Out: groups that their own limits keep back.
SELECT id FROM fairlead.group WHERE wake_at IS NOT NULL AND held_by IS NOT NULL AND ($1::text IS NULL OR held_by = $1) ORDER BY id

-- name: groups_at_rest
-- In: now, after id, limit. Out: the next groups by id, and whether nothing of them is to be remembered.
SELECT g.id, g.ready = 0 AND g.in_flight = 0 AND g.paused = 0 AND g.open = 0 AND g.held_until <= $1 AND g.tag <= q.fair_clock
FROM fairlead.group g JOIN fairlead.queue q ON q.id = g.queue WHERE g.id > $2 ORDER BY g.id LIMIT $3

-- name: idle_groups
-- In: now, ids. Out: those of which nothing is to be remembered still: id, queue.
SELECT g.id, g.queue FROM fairlead.group g JOIN fairlead.queue q ON q.id = g.queue
WHERE g.id = ANY($2) AND g.ready = 0 AND g.in_flight = 0 AND g.paused = 0 AND g.open = 0 AND g.held_until <= $1 AND g.tag <= q.fair_clock

-- name: forget_group
-- In: id.
DELETE FROM fairlead.group WHERE id = $1

-- name: forget_lanes
-- In: group.
DELETE FROM fairlead.lane WHERE grp = $1

-- name: set_fair
-- In: queue, clock, outage.
UPDATE fairlead.queue SET fair_clock = $2, outage = $3 WHERE id = $1

-- name: line_estimate
-- In: queue, kind. Out: how long its jobs take on average.
SELECT estimate FROM fairlead.line WHERE queue = $1 AND kind = $2

-- name: set_line_estimate
-- In: queue, kind, seconds.
UPDATE fairlead.line SET estimate = $3 WHERE queue = $1 AND kind = $2

-- name: start_grouped
-- In: node, now, group, kind, negated priority, job, queue, charged, further flags.
INSERT INTO fairlead.running(node, job, queue, batch, flags, attempt, fence, lost, ready_at, claimed_at, cancel, grp, charged)
SELECT $1, job, $7, batch, flags | $9, attempt + 1, fence + 1, lost, since, $2, 0, $3, $8
FROM fairlead.grouped WHERE grp = $3 AND kind = $4 AND priority = $5 AND job = $6

-- name: overrunning
-- In: node, now. Out: job, group, charged, seconds run: attempts that run longer than was charged for them.
SELECT job, grp, charged, (($2 - claimed_at) / 1000000.0)::double precision FROM fairlead.running
WHERE node = $1 AND grp IS NOT NULL AND charged < (($2 - claimed_at) / 1000000.0)::double precision ORDER BY job

-- name: set_charged
-- In: node, job, seconds.
UPDATE fairlead.running SET charged = $3 WHERE node = $1 AND job = $2

-- name: kind_of_job
-- In: job. Out: its kind.
SELECT kind FROM fairlead.job WHERE id = $1
