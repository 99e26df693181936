-- Groups: who goes next, and what keeps a group out of reach.

-- name: find_group
-- In: queue, name. Out: the group.
SELECT id, queue, name, tag, ready, in_flight, reach, paused, breaker, held_until, held_by, held_cause, wake_at, block_cause, block_key, served, slow
FROM fairlead.group WHERE queue = $1 AND name = $2

-- name: groups
-- In: ids. Out: the groups.
SELECT id, queue, name, tag, ready, in_flight, reach, paused, breaker, held_until, held_by, held_cause, wake_at, block_cause, block_key, served, slow
FROM fairlead.group WHERE id = ANY($1)

-- name: groups_named
-- In: queue, names. Out: the groups.
SELECT id, queue, name, tag, ready, in_flight, reach, paused, breaker, held_until, held_by, held_cause, wake_at, block_cause, block_key, served, slow
FROM fairlead.group WHERE queue = $1 AND name = ANY($2)

-- name: lanes_named
-- In: queue, names of groups. Out: kind, ready, tag, reach, estimate, group.
SELECT l.kind, l.ready, l.tag, l.reach, l.estimate, l.grp FROM fairlead.group g
CROSS JOIN LATERAL (SELECT * FROM fairlead.lane l WHERE l.grp = g.id OFFSET 0) l WHERE g.queue = $1 AND g.name = ANY($2)

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

-- name: add_groups
-- In: queues, names, tags. Out: id, queue, name.
INSERT INTO fairlead.group(queue, name, tag, ready, in_flight, reach, paused, open, held_until, served, slow)
SELECT queue, name, tag, 0, 0, 0, 0, 0, 0, 0, 0 FROM unnest($1::bigint[], $2::text[], $3::double precision[]) AS k(queue, name, tag) RETURNING id, queue, name

-- name: count_group
-- In: queue, by how many.
UPDATE fairlead.queue SET groups = groups + $2 WHERE id = $1

-- name: write_groups
-- In: rows: id, tag, ready, in flight, reach, paused, open, breaker, held until, held by, wake at, block cause, block key, served, slow, held cause.
UPDATE fairlead.group g SET tag = u.tag, ready = u.ready, in_flight = u.in_flight, reach = u.reach, paused = u.paused, open = u.open, breaker = u.breaker,
  held_until = u.held_until, held_by = u.held_by, wake_at = u.wake_at, block_cause = u.block_cause, block_key = u.block_key, served = u.served,
  slow = u.slow, held_cause = u.held_cause
FROM (SELECT g.at, u.* FROM unnest($1::bigint[], $2::double precision[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[], $10::text[],
  $11::bigint[], $12::bigint[], $13::text[], $14::double precision[], $15::bigint[], $16::bigint[])
  AS u(id, tag, ready, in_flight, reach, paused, open, breaker, held_until, held_by, wake_at, block_cause, block_key, served, slow, held_cause)
  CROSS JOIN LATERAL (SELECT ctid AS at FROM fairlead.group g WHERE g.id = u.id OFFSET 0) g) u
WHERE g.ctid = u.at

-- name: lanes_of
-- In: groups. Out: kind, ready, tag, reach, estimate, group.
SELECT kind, ready, tag, reach, estimate, grp FROM fairlead.lane WHERE grp = ANY($1)

-- name: write_lanes
-- In: rows: group, kind, queue, ready, tag, reach, estimate.
INSERT INTO fairlead.lane AS l(grp, kind, queue, ready, tag, reach, estimate)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::double precision[], $6::bigint[], $7::double precision[])
ON CONFLICT (grp, kind) DO UPDATE SET ready = excluded.ready, tag = excluded.tag, reach = excluded.reach, estimate = excluded.estimate

-- name: lanes_in_reach
-- In: queue, kind, after tag, after group, limit, how many jobs are wanted. Out: the lanes that go next, and of each so many ready jobs that a fair share of
-- what is wanted is there twice, with what it takes to run them: group, tag, then the job's columns; null where there is none.
WITH page AS (
  SELECT grp, tag FROM fairlead.lane WHERE queue = $1 AND kind = $2 AND reach = 1 AND (tag, grp) > ($3, $4) ORDER BY tag, grp LIMIT $5)
SELECT p.grp, p.tag, g.priority, g.job, g.batch, g.flags, g.attempt, g.fence, g.lost, g.since, j.enqueued_at, j.deadline, j.group_key, j.extras, j.payload
FROM page p LEFT JOIN LATERAL (
  SELECT * FROM fairlead.grouped WHERE grp = p.grp AND kind = $2 ORDER BY priority, job
  LIMIT (SELECT 1 + least($6, 2 * $6 / count(*)) FROM page)) g ON true
LEFT JOIN LATERAL (SELECT * FROM fairlead.job j WHERE j.id = g.job OFFSET 0) j ON true
ORDER BY p.tag, p.grp, g.priority, g.job

-- name: groups_in_reach
-- In: queue, kind, after tag, after group, limit. Out: the groups of the lanes that go next.
SELECT g.id, g.queue, g.name, g.tag, g.ready, g.in_flight, g.reach, g.paused, g.breaker, g.held_until, g.held_by, g.held_cause, g.wake_at, g.block_cause, g.block_key, g.served, g.slow
FROM (SELECT grp FROM fairlead.lane WHERE queue = $1 AND kind = $2 AND reach = 1 AND (tag, grp) > ($3, $4) ORDER BY tag, grp LIMIT $5) p
CROSS JOIN LATERAL (SELECT * FROM fairlead.group g WHERE g.id = p.grp OFFSET 0) g

-- name: lanes_of_those
-- In: queue, kind, after tag, after group, limit. Out: all lanes of these groups: kind, ready, tag, reach, estimate, group.
SELECT l.kind, l.ready, l.tag, l.reach, l.estimate, l.grp
FROM (SELECT grp FROM fairlead.lane WHERE queue = $1 AND kind = $2 AND reach = 1 AND (tag, grp) > ($3, $4) ORDER BY tag, grp LIMIT $5) p
CROSS JOIN LATERAL (SELECT * FROM fairlead.lane l WHERE l.grp = p.grp OFFSET 0) l

-- name: group_heads
-- In: rows: group, kind, after negated priority, after job; limit. Out: the next ready jobs of each: group, kind, then the job's columns with what it takes to run them.
SELECT u.grp, u.kind, g.priority, g.job, g.batch, g.flags, g.attempt, g.fence, g.lost, g.since, j.enqueued_at, j.deadline, j.group_key, j.extras, j.payload
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS u(grp, kind, priority, job)
CROSS JOIN LATERAL (
  SELECT * FROM fairlead.grouped g WHERE g.grp = u.grp AND g.kind = u.kind AND (g.priority, g.job) > (u.priority, u.job) ORDER BY g.priority, g.job LIMIT $5) g
CROSS JOIN LATERAL (SELECT * FROM fairlead.job j WHERE j.id = g.job OFFSET 0) j
ORDER BY u.grp, u.kind, g.priority, g.job

-- name: add_grouped
-- In: rows: group, kind, negated priority, job, batch, flags, attempts spent, fence, nodes lost, since.
INSERT INTO fairlead.grouped(grp, kind, priority, job, batch, flags, attempt, fence, lost, since)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])

-- name: remove_grouped
-- In: rows: group, kind, negated priority, job.
DELETE FROM fairlead.grouped WHERE ctid = ANY(ARRAY(
  SELECT g.ctid FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS u(grp, kind, priority, job) CROSS JOIN LATERAL (
    SELECT ctid FROM fairlead.grouped g WHERE g.grp = u.grp AND g.kind = u.kind AND g.priority = u.priority AND g.job = u.job OFFSET 0) g))

-- name: grouped_place
-- In: queue, kind, negated priority, job. Out: attempts spent, fence, nodes lost, since.
SELECT attempt, fence, lost, since FROM fairlead.grouped
WHERE grp = (SELECT g.id FROM fairlead.group g WHERE g.queue = $1 AND g.name = (SELECT j.group_key FROM fairlead.job j WHERE j.id = $4))
  AND kind = $2 AND priority = $3 AND job = $4

-- name: group_of_job
-- In: job. Out: its group's name.
SELECT group_key FROM fairlead.job WHERE id = $1

-- name: groups_to_wake
-- In: queue, now. Out: groups whose block is over; the rest at the next look, which follows at once.
SELECT id FROM fairlead.group WHERE queue = $1 AND wake_at <= $2 ORDER BY wake_at, id LIMIT 1000

-- name: next_wakes
-- In: queue, limit. Out: the groups whose blocks are over next: id, when.
SELECT id, wake_at FROM fairlead.group WHERE queue = $1 AND wake_at IS NOT NULL ORDER BY wake_at LIMIT $2

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
SELECT id FROM (SELECT id FROM fairlead.group WHERE queue = $1 OFFSET 0) g ORDER BY id

-- name: groups_held
-- In: by which limit and group, or null for all. Out: groups that their own limits keep back.
SELECT id FROM fairlead.group WHERE wake_at IS NOT NULL AND held_by IS NOT NULL AND ($1::text IS NULL OR held_by = $1) ORDER BY id

-- name: groups_at_rest
-- In: now, after id, limit. Out: the next groups by id, and whether nothing of them is to be remembered.
SELECT g.id, g.ready = 0 AND g.in_flight = 0 AND g.paused = 0 AND g.open = 0 AND g.held_until <= $1 AND g.tag <= (SELECT q.fair_clock FROM fairlead.queue q WHERE q.id = g.queue)
FROM fairlead.group g WHERE g.id > $2 ORDER BY g.id LIMIT $3

-- name: idle_groups
-- In: now, ids. Out: those of which nothing is to be remembered still: id, queue.
SELECT g.id, g.queue FROM fairlead.group g
WHERE g.id = ANY($2) AND g.ready = 0 AND g.in_flight = 0 AND g.paused = 0 AND g.open = 0 AND g.held_until <= $1
  AND g.tag <= (SELECT q.fair_clock FROM fairlead.queue q WHERE q.id = g.queue)

-- name: forget_group
-- In: id.
DELETE FROM fairlead.group WHERE id = $1

-- name: forget_lanes
-- In: group.
DELETE FROM fairlead.lane WHERE grp = $1

-- name: set_fair
-- In: queue, clock, outage.
UPDATE fairlead.queue SET fair_clock = $2, outage = $3 WHERE id = $1

-- name: line_estimates
-- In: queues. Out: queue, kind, how long its jobs take on average.
SELECT queue, kind, estimate FROM fairlead.line WHERE queue = ANY($1) AND estimate IS NOT NULL

-- name: set_line_estimates
-- In: rows: queue, kind, seconds.
UPDATE fairlead.line l SET estimate = u.estimate FROM unnest($1::bigint[], $2::bigint[], $3::double precision[]) AS u(queue, kind, estimate)
WHERE l.queue = u.queue AND l.kind = u.kind

-- name: start_grouped
-- In: rows: group, kind, negated priority, job, charged; node, now, queue, further flags. Moves them from what is ready to what runs.
WITH found AS (
  SELECT g.at, u.charged FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::double precision[]) AS u(grp, kind, priority, job, charged)
  CROSS JOIN LATERAL (
    SELECT ctid AS at FROM fairlead.grouped g WHERE g.grp = u.grp AND g.kind = u.kind AND g.priority = u.priority AND g.job = u.job OFFSET 0) g),
gone AS (
  DELETE FROM fairlead.grouped g USING found f WHERE g.ctid = f.at
  RETURNING g.job, g.batch, g.flags, g.attempt, g.fence, g.lost, g.since, g.grp, f.charged)
INSERT INTO fairlead.running(node, job, queue, batch, flags, attempt, fence, lost, ready_at, claimed_at, cancel, grp, charged)
SELECT $6, job, $8, batch, flags | $9, attempt + 1, fence + 1, lost, since, $7, 0, grp, charged FROM gone

-- name: overrunning
-- In: node, now. Out: job, group, charged, seconds run: attempts that run longer than was charged for them.
SELECT job, grp, charged, (($2 - claimed_at) / 1000000.0)::double precision FROM fairlead.running
WHERE node = $1 AND grp IS NOT NULL AND charged < (($2 - claimed_at) / 1000000.0)::double precision ORDER BY job

-- name: set_charged
-- In: rows: node, job, seconds.
UPDATE fairlead.running r SET charged = f.charged FROM (
  SELECT r.at, u.charged FROM unnest($1::bigint[], $2::bigint[], $3::double precision[]) AS u(node, job, charged)
  CROSS JOIN LATERAL (SELECT ctid AS at FROM fairlead.running r WHERE r.node = u.node AND r.job = u.job OFFSET 0) r) f
WHERE r.ctid = f.at
