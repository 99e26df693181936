-- Limits, groups and breakers. What a queue does not use costs it nothing: a job without a group stays in fairlead_ready, and a queue
-- without groups or limits reads no row of these tables.

ALTER TABLE fairlead_queue ADD COLUMN groups INTEGER NOT NULL DEFAULT 0;      -- how many rows it has in fairlead_group
ALTER TABLE fairlead_queue ADD COLUMN fair_clock REAL NOT NULL DEFAULT 0;     -- virtual time: the start tag of what was started last
ALTER TABLE fairlead_queue ADD COLUMN outage TEXT;                            -- its own breaker, open while more than half of its groups fail
ALTER TABLE fairlead_line ADD COLUMN estimate REAL;                           -- how long jobs of the kind take there, in seconds
ALTER TABLE fairlead_running ADD COLUMN grp INTEGER;                          -- the group that is charged; null where nobody shares
ALTER TABLE fairlead_running ADD COLUMN charged REAL;                         -- seconds charged so far
ALTER TABLE fairlead_abandoned ADD COLUMN grp INTEGER;

-- A group of a queue; the one with the empty name stands for the jobs without a group. tag: its start tag. reach: nothing blocks it.
-- wake_at: when what blocks it is over by itself. open: 1 while it is quarantined, 2 while failures are counted.
CREATE TABLE fairlead_group(
  id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, name TEXT NOT NULL, tag REAL NOT NULL, ready INTEGER NOT NULL, in_flight INTEGER NOT NULL,
  reach INTEGER NOT NULL, paused INTEGER NOT NULL, open INTEGER NOT NULL, breaker TEXT, held_until INTEGER NOT NULL, held_by TEXT, held_cause INTEGER,
  wake_at INTEGER, block_cause INTEGER, block_key TEXT, served REAL NOT NULL, slow INTEGER NOT NULL, UNIQUE(queue, name));
CREATE INDEX fairlead_group_ready ON fairlead_group(queue, tag, id) WHERE ready > 0;
CREATE INDEX fairlead_group_wake ON fairlead_group(queue, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX fairlead_group_open ON fairlead_group(open, queue) WHERE open > 0;

-- One kind of one group: a claim finds the group that goes next among those with jobs of a kind that its node knows.
CREATE TABLE fairlead_lane(
  grp INTEGER NOT NULL, kind INTEGER NOT NULL, queue INTEGER NOT NULL, ready INTEGER NOT NULL, tag REAL NOT NULL, reach INTEGER NOT NULL,
  estimate REAL, PRIMARY KEY(grp, kind)) WITHOUT ROWID;
CREATE INDEX fairlead_lane_reach ON fairlead_lane(queue, kind, tag, grp) WHERE reach = 1;

-- The ready jobs of groups, as fairlead_ready holds those without one.
CREATE TABLE fairlead_grouped(
  grp INTEGER NOT NULL, kind INTEGER NOT NULL, priority INTEGER NOT NULL, job INTEGER NOT NULL,
  batch INTEGER, flags INTEGER NOT NULL, attempt INTEGER NOT NULL, fence INTEGER NOT NULL, lost INTEGER NOT NULL, since INTEGER NOT NULL,
  PRIMARY KEY(grp, kind, priority, job)) WITHOUT ROWID;

-- declared: what nodes say; change: what an operator said. Both JSON.
CREATE TABLE fairlead_limit(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, declared TEXT NOT NULL, change TEXT);
CREATE TABLE fairlead_declares(limit_id INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY(limit_id, node)) WITHOUT ROWID;

-- key: the group, where each group has a limit of its own, else empty.
CREATE TABLE fairlead_limit_state(
  limit_id INTEGER NOT NULL, key TEXT NOT NULL, used_at INTEGER NOT NULL, open INTEGER NOT NULL, state BLOB NOT NULL,
  PRIMARY KEY(limit_id, key)) WITHOUT ROWID;

-- Permits of numbers at once, in somebody's hands. job, fence: the attempt that holds it, if one does.
CREATE TABLE fairlead_held(
  id INTEGER PRIMARY KEY, limit_id INTEGER NOT NULL, key TEXT NOT NULL, cost INTEGER NOT NULL, node INTEGER NOT NULL, job INTEGER, fence INTEGER);
CREATE INDEX fairlead_held_node ON fairlead_held(node, job);
INSERT INTO fairlead_meta(name, value) VALUES ('next_permit', 1);

-- Groups block by their own keys: what lasts is found by them, not among all that last.
DROP INDEX fairlead_block_open;
CREATE INDEX fairlead_block_open ON fairlead_block(queue, cause, key) WHERE to_at IS NULL;
