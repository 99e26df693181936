-- The first schema. Times are microseconds since 1970-01-01 UTC; queues and kinds are small numbers (fairlead.queue, fairlead.kind).
-- Texts compare by their bytes, whatever the database's own order is.

-- Numbers the store counts with. Ids of jobs and nodes come from here, so that they are never used again, even after pruning.
CREATE TABLE fairlead.meta(name text COLLATE "C" PRIMARY KEY, value bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO fairlead.meta(name, value) VALUES
  ('schema', 0), ('next_job', 1), ('next_node', 1), ('next_permit', 1), ('stale_refused', 0), ('nodes_lost', 0), ('abandoned', 0), ('expire_cursor', 0);
-- By which a transaction of another database is told from one of this.
INSERT INTO fairlead.meta(name, value) SELECT 'identity', (random() * 9e18)::bigint;

-- groups: how many rows it has in fairlead.group. fair_clock: virtual time, the start tag of what was started last. outage: its own
-- breaker, open while more than half of its groups fail. change: an operator's, JSON; max_concurrent is what is in force.
CREATE TABLE fairlead.queue(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, definition text, max_concurrent bigint,
  revision bigint NOT NULL DEFAULT 0, paused bigint NOT NULL DEFAULT 0, credit bigint NOT NULL DEFAULT 0, next_slot bigint NOT NULL DEFAULT 0,
  groups bigint NOT NULL DEFAULT 0, fair_clock double precision NOT NULL DEFAULT 0, outage text, change text) WITH (fillfactor = 50);
CREATE TABLE fairlead.kind(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL, version bigint NOT NULL, UNIQUE(name, version));

-- Which kinds were ever used in which queue: a claim looks only at these, and the first use is where a wait for a node begins.
-- estimate: how long jobs of the kind take there, in seconds. first_priority, first_job: nothing of it in fairlead.ready comes before that. Claims begin
-- there: as long as an old snapshot is open anywhere, all that was claimed since then still lies before it.
CREATE TABLE fairlead.line(
  queue bigint NOT NULL, kind bigint NOT NULL, estimate double precision, first_priority bigint NOT NULL DEFAULT -9223372036854775808,
  first_job bigint NOT NULL DEFAULT 0, PRIMARY KEY(queue, kind)) WITH (fillfactor = 50);

-- A job as it was enqueued; not written again (only a retry by an operator moves its deadline). deadline: null is seven days after enqueued_at.
CREATE TABLE fairlead.job(
  id bigint PRIMARY KEY, queue bigint NOT NULL, kind bigint NOT NULL, priority bigint NOT NULL, enqueued_at bigint NOT NULL,
  batch bigint, flags bigint NOT NULL, deadline bigint, group_key text COLLATE "C", unique_key text COLLATE "C", extras text, payload bytea);

-- The hot table: what may run now, in the order in which it is to run. priority is negated. attempt counts the attempts spent.
CREATE TABLE fairlead.ready(
  queue bigint NOT NULL, kind bigint NOT NULL, priority bigint NOT NULL, job bigint NOT NULL,
  batch bigint, flags bigint NOT NULL, attempt bigint NOT NULL, fence bigint NOT NULL, lost bigint NOT NULL, since bigint NOT NULL,
  PRIMARY KEY(queue, kind, priority, job));

-- What may not run yet. state: 0 scheduled, 1 blocked, 2 parked (its batch runs its share), 3 solo (waits for an empty node).
CREATE TABLE fairlead.waiting(
  job bigint PRIMARY KEY, state bigint NOT NULL, queue bigint NOT NULL, priority bigint NOT NULL, batch bigint, due bigint, cause bigint NOT NULL,
  blockers bigint NOT NULL, attempt bigint NOT NULL, fence bigint NOT NULL, lost bigint NOT NULL, since bigint NOT NULL, reserved bigint);
CREATE INDEX waiting_due ON fairlead.waiting(queue, due, job) WHERE state = 0;
CREATE INDEX waiting_parked ON fairlead.waiting(batch, priority, job) WHERE state = 2;
CREATE INDEX waiting_solo ON fairlead.waiting(queue, priority, job) WHERE state = 3;

-- What runs. The node comes first in the key: a node's jobs are one range. grp: the group that is charged; charged: seconds so far.
CREATE TABLE fairlead.running(
  node bigint NOT NULL, job bigint NOT NULL, queue bigint NOT NULL, batch bigint, flags bigint NOT NULL,
  attempt bigint NOT NULL, fence bigint NOT NULL, lost bigint NOT NULL, ready_at bigint NOT NULL, claimed_at bigint NOT NULL,
  cancel bigint NOT NULL, processed bigint, total bigint, grp bigint, charged double precision, PRIMARY KEY(node, job));

-- How a job ended, with its last attempt in the same row (node is null when it ended without one).
CREATE TABLE fairlead.ended(
  job bigint PRIMARY KEY, status bigint NOT NULL, spent bigint NOT NULL, lost bigint NOT NULL, ended_at bigint NOT NULL,
  outcome bigint, attempt bigint, fence bigint NOT NULL, node bigint, ready_at bigint, claimed_at bigint, started_at bigint,
  attempt_ended_at bigint, error text, result bytea);
CREATE INDEX ended_badly ON fairlead.ended(status, job) WHERE status > 4;

-- Attempts that did not end their job.
CREATE TABLE fairlead.attempt(
  job bigint NOT NULL, fence bigint NOT NULL, attempt bigint NOT NULL, node bigint NOT NULL, ready_at bigint NOT NULL,
  claimed_at bigint NOT NULL, started_at bigint NOT NULL, ended_at bigint NOT NULL, outcome bigint NOT NULL, error text, PRIMARY KEY(job, fence));

-- A job's own waits that are over.
CREATE TABLE fairlead.wait(
  job bigint NOT NULL, from_at bigint NOT NULL, to_at bigint NOT NULL, cause bigint NOT NULL, PRIMARY KEY(job, from_at));

CREATE TABLE fairlead.log(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job bigint NOT NULL, fence bigint NOT NULL, at bigint NOT NULL, level bigint NOT NULL, message text NOT NULL);
CREATE INDEX log_job ON fairlead.log(job, id);

CREATE TABLE fairlead.unique(queue bigint NOT NULL, key text COLLATE "C" NOT NULL, job bigint NOT NULL, PRIMARY KEY(queue, key));
CREATE TABLE fairlead.abandoned(
  job bigint NOT NULL, fence bigint NOT NULL, node bigint NOT NULL, queue bigint NOT NULL, grp bigint, PRIMARY KEY(job, fence));

CREATE TABLE fairlead.dependency(on_job bigint NOT NULL, job bigint NOT NULL, PRIMARY KEY(on_job, job));
CREATE INDEX dependency_job ON fairlead.dependency(job);

-- Deadlines that are not the default one. Default ones need no row: ids grow with time, so a cursor walks them.
CREATE TABLE fairlead.deadline(at bigint NOT NULL, job bigint NOT NULL, PRIMARY KEY(at, job));

-- A batch's items are the ids job + 1 … job + size. open: items that are ready or running, kept only where max_parallel is set.
CREATE TABLE fairlead.batch(
  job bigint PRIMARY KEY, name text COLLATE "C", size bigint NOT NULL, max_parallel bigint, open bigint NOT NULL DEFAULT 0,
  fail_on_error bigint NOT NULL, generation bigint NOT NULL DEFAULT 1, finalize_job bigint, status bigint NOT NULL,
  started_at bigint, ended_at bigint, cancelled bigint NOT NULL DEFAULT 0, finalize text, memo bytea) WITH (fillfactor = 70);
CREATE INDEX batch_name ON fairlead.batch(name, job) WHERE name IS NOT NULL;

-- Exact counters by status. scope: a batch's id, or minus a queue's number.
CREATE TABLE fairlead.tally(
  scope bigint PRIMARY KEY, scheduled bigint NOT NULL, queued bigint NOT NULL, blocked bigint NOT NULL, processing bigint NOT NULL,
  completed bigint NOT NULL, failed bigint NOT NULL, cancelled bigint NOT NULL, timed_out bigint NOT NULL) WITH (fillfactor = 50);

-- heartbeat_at: by the store's clock, which decides. heard_at: by the server's own, which tells an outage of the store from the silence of one. excused: how long
-- the store was away since then.
CREATE TABLE fairlead.node(
  id bigint PRIMARY KEY, name text NOT NULL, slots bigint NOT NULL, lease bigint NOT NULL, joined_at bigint NOT NULL,
  heartbeat_at bigint NOT NULL, heard_at bigint NOT NULL, excused bigint NOT NULL DEFAULT 0, left_at bigint, drain bigint NOT NULL DEFAULT 0, solo_job bigint) WITH (fillfactor = 50);
CREATE INDEX node_live ON fairlead.node(id) WHERE left_at IS NULL;
CREATE TABLE fairlead.serves(queue bigint NOT NULL, kind bigint NOT NULL, node bigint NOT NULL, PRIMARY KEY(queue, kind, node));
CREATE INDEX serves_node ON fairlead.serves(node);

-- When a queue could not start ready work, and by what.
CREATE TABLE fairlead.block(
  queue bigint NOT NULL, cause bigint NOT NULL, key text COLLATE "C" NOT NULL, from_at bigint NOT NULL, to_at bigint, PRIMARY KEY(queue, cause, key, from_at));
CREATE INDEX block_open ON fairlead.block(queue, cause, key) WHERE to_at IS NULL;
CREATE INDEX block_over ON fairlead.block(to_at) WHERE to_at IS NOT NULL;

-- A group of a queue; the one with the empty name stands for the jobs without a group. tag: its start tag. reach: nothing blocks it.
-- wake_at: when what blocks it is over by itself. open: 1 while it is quarantined, 2 while failures are counted.
CREATE TABLE fairlead.group(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue bigint NOT NULL, name text COLLATE "C" NOT NULL, tag double precision NOT NULL,
  ready bigint NOT NULL, in_flight bigint NOT NULL, reach bigint NOT NULL, paused bigint NOT NULL, open bigint NOT NULL, breaker text,
  held_until bigint NOT NULL, held_by text, held_cause bigint, wake_at bigint, block_cause bigint, block_key text, served double precision NOT NULL,
  slow bigint NOT NULL, UNIQUE(queue, name)) WITH (fillfactor = 70);
CREATE INDEX group_ready ON fairlead.group(queue, tag, id) WHERE ready > 0;
CREATE INDEX group_wake ON fairlead.group(queue, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX group_open ON fairlead.group(open, queue) WHERE open > 0;

-- One kind of one group: a claim finds the group that goes next among those with jobs of a kind that its node knows.
CREATE TABLE fairlead.lane(
  grp bigint NOT NULL, kind bigint NOT NULL, queue bigint NOT NULL, ready bigint NOT NULL, tag double precision NOT NULL, reach bigint NOT NULL,
  estimate double precision, PRIMARY KEY(grp, kind)) WITH (fillfactor = 70);
CREATE INDEX lane_reach ON fairlead.lane(queue, kind, tag, grp) WHERE reach = 1;

-- The ready jobs of groups, as fairlead.ready holds those without one.
CREATE TABLE fairlead.grouped(
  grp bigint NOT NULL, kind bigint NOT NULL, priority bigint NOT NULL, job bigint NOT NULL,
  batch bigint, flags bigint NOT NULL, attempt bigint NOT NULL, fence bigint NOT NULL, lost bigint NOT NULL, since bigint NOT NULL,
  PRIMARY KEY(grp, kind, priority, job));

-- declared: what nodes say; change: what an operator said. Both JSON.
CREATE TABLE fairlead.limit(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, declared text NOT NULL, change text);
CREATE TABLE fairlead.declares(limit_id bigint NOT NULL, node bigint NOT NULL, PRIMARY KEY(limit_id, node));

-- key: the group, where each group has a limit of its own, else empty.
CREATE TABLE fairlead.limit_state(
  limit_id bigint NOT NULL, key text COLLATE "C" NOT NULL, used_at bigint NOT NULL, open bigint NOT NULL, state bytea NOT NULL,
  PRIMARY KEY(limit_id, key)) WITH (fillfactor = 50);

-- Permits of numbers at once, in somebody's hands. job, fence: the attempt that holds it, if one does.
CREATE TABLE fairlead.held(
  id bigint PRIMARY KEY, limit_id bigint NOT NULL, key text COLLATE "C" NOT NULL, cost bigint NOT NULL, node bigint NOT NULL, job bigint, fence bigint);
CREATE INDEX held_node ON fairlead.held(node, job);

-- A node's newest report of its pools, JSON; gone with the node's life.
CREATE TABLE fairlead.pool(node bigint PRIMARY KEY, report bytea NOT NULL);

-- Workers that somebody asked to end, as long as their node's report names them.
CREATE TABLE fairlead.ending(node bigint NOT NULL, worker text COLLATE "C" NOT NULL, PRIMARY KEY(node, worker));

-- A key is kept (expires_at is set), or claimed for an attempt that is to decide (job and fence are; keep: how long, in microseconds). What
-- became of such an attempt is looked at when somebody asks for the key, and written down before its job is forgotten: an end of an attempt costs nothing more.
CREATE TABLE fairlead.key(
  scope text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, job bigint, fence bigint, keep bigint NOT NULL, expires_at bigint, PRIMARY KEY(scope, key));
CREATE INDEX key_expiry ON fairlead.key(expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX key_owner ON fairlead.key(job) WHERE job IS NOT NULL;

-- A schedule: what nodes declared last and where it stands, JSON. Whoever has read its newest revision may change its state.
CREATE TABLE fairlead.schedule(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, definition text NOT NULL, state text NOT NULL, revision bigint NOT NULL);
CREATE TABLE fairlead.keeps_time(schedule bigint NOT NULL, node bigint NOT NULL, PRIMARY KEY(schedule, node));

-- Jobs that have become parents, and which node did it. Until the batch has ended, the store carries the attempt: its row in fairlead.running,
-- and the permits it holds, are those of node 0, which no node has. batch is null when all children were left out.
CREATE TABLE fairlead.parent(
  job bigint PRIMARY KEY, fence bigint NOT NULL, batch bigint UNIQUE, node bigint NOT NULL, started_at bigint NOT NULL, left_out bigint NOT NULL);

-- What callers' own transactions brought and no store has looked at yet: jobs, a batch, or keys to settle, as JSON. Seen with the caller's commit; whoever writes next
-- takes it in. xact: the caller's transaction, so that nobody walks over the remains of older ones while an old snapshot keeps them.
CREATE TABLE fairlead.arrival(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, xact bigint NOT NULL DEFAULT txid_current(), body text NOT NULL);
CREATE INDEX arrival_xact ON fairlead.arrival(xact);

-- A row of these tables lives for as long as one job waits or runs, and claims read past what is dead: clean up after few changes, without pauses. Their
-- planner's statistics are old at once, too. What is only added to and forgotten in ranges needs it less often, but not only after a fifth of all.
ALTER TABLE fairlead.ready SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE fairlead.grouped SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE fairlead.waiting SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE fairlead.running SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE fairlead.unique SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE fairlead.held SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE fairlead.group SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE fairlead.lane SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
-- A few rows that every transaction writes: they must stay on a few pages.
ALTER TABLE fairlead.meta SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE fairlead.queue SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE fairlead.tally SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE fairlead.limit_state SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE fairlead.node SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
-- History.
ALTER TABLE fairlead.job SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE fairlead.ended SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE fairlead.attempt SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE fairlead.wait SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE fairlead.log SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
