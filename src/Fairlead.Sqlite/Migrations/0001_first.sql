-- The first schema. Times are microseconds since 1970-01-01 UTC; queues and kinds are small numbers (fairlead_queue, fairlead_kind).
-- Everything is prefixed, because the file may be the application's own.

-- Numbers the store counts with. Ids of jobs and nodes come from here, so that they are never used again, even after pruning.
CREATE TABLE fairlead_meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO fairlead_meta(name, value) VALUES
  ('next_job', 1), ('next_node', 1), ('stale_refused', 0), ('nodes_lost', 0), ('abandoned', 0), ('expire_cursor', 0);

CREATE TABLE fairlead_queue(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT, max_concurrent INTEGER, revision INTEGER NOT NULL DEFAULT 0,
  paused INTEGER NOT NULL DEFAULT 0, credit INTEGER NOT NULL DEFAULT 0, next_slot INTEGER NOT NULL DEFAULT 0);
CREATE TABLE fairlead_kind(id INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, UNIQUE(name, version));

-- Which kinds were ever used in which queue: a claim looks only at these, and the first use is where a wait for a node begins.
CREATE TABLE fairlead_line(queue INTEGER NOT NULL, kind INTEGER NOT NULL, PRIMARY KEY(queue, kind)) WITHOUT ROWID;

-- A job as it was enqueued; not written again (only a retry by an operator moves its deadline). The payload is last, so that reading
-- the other columns never walks its overflow pages. deadline: null is seven days after enqueued_at.
CREATE TABLE fairlead_job(
  id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, kind INTEGER NOT NULL, priority INTEGER NOT NULL, enqueued_at INTEGER NOT NULL,
  batch INTEGER, flags INTEGER NOT NULL, deadline INTEGER, group_key TEXT, unique_key TEXT, extras TEXT, payload BLOB);

-- The hot table: what may run now, in the order in which it is to run. priority is negated. attempt counts the attempts spent.
CREATE TABLE fairlead_ready(
  queue INTEGER NOT NULL, kind INTEGER NOT NULL, priority INTEGER NOT NULL, job INTEGER NOT NULL,
  batch INTEGER, flags INTEGER NOT NULL, attempt INTEGER NOT NULL, fence INTEGER NOT NULL, lost INTEGER NOT NULL, since INTEGER NOT NULL,
  PRIMARY KEY(queue, kind, priority, job)) WITHOUT ROWID;

-- What may not run yet. state: 0 scheduled, 1 blocked, 2 parked (its batch runs its share), 3 solo (waits for an empty node).
CREATE TABLE fairlead_waiting(
  job INTEGER PRIMARY KEY, state INTEGER NOT NULL, queue INTEGER NOT NULL, priority INTEGER NOT NULL, batch INTEGER, due INTEGER, cause INTEGER NOT NULL,
  blockers INTEGER NOT NULL, attempt INTEGER NOT NULL, fence INTEGER NOT NULL, lost INTEGER NOT NULL, since INTEGER NOT NULL,
  reserved INTEGER);
CREATE INDEX fairlead_waiting_due ON fairlead_waiting(queue, due) WHERE state = 0;
CREATE INDEX fairlead_waiting_parked ON fairlead_waiting(batch, priority, job) WHERE state = 2;
CREATE INDEX fairlead_waiting_solo ON fairlead_waiting(queue, priority, job) WHERE state = 3;

-- What runs. The node comes first in the key: a node's jobs are one range, and there is no second index to keep.
CREATE TABLE fairlead_running(
  node INTEGER NOT NULL, job INTEGER NOT NULL, queue INTEGER NOT NULL, batch INTEGER, flags INTEGER NOT NULL,
  attempt INTEGER NOT NULL, fence INTEGER NOT NULL, lost INTEGER NOT NULL, ready_at INTEGER NOT NULL, claimed_at INTEGER NOT NULL,
  cancel INTEGER NOT NULL, processed INTEGER, total INTEGER, PRIMARY KEY(node, job)) WITHOUT ROWID;

-- How a job ended, with its last attempt in the same row (node is null when it ended without one).
CREATE TABLE fairlead_ended(
  job INTEGER PRIMARY KEY, status INTEGER NOT NULL, spent INTEGER NOT NULL, lost INTEGER NOT NULL, ended_at INTEGER NOT NULL,
  outcome INTEGER, attempt INTEGER, fence INTEGER NOT NULL, node INTEGER, ready_at INTEGER, claimed_at INTEGER, started_at INTEGER,
  attempt_ended_at INTEGER, error TEXT, result BLOB);
CREATE INDEX fairlead_ended_badly ON fairlead_ended(status, job) WHERE status > 4;

-- Attempts that did not end their job.
CREATE TABLE fairlead_attempt(
  job INTEGER NOT NULL, fence INTEGER NOT NULL, attempt INTEGER NOT NULL, node INTEGER NOT NULL, ready_at INTEGER NOT NULL,
  claimed_at INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, outcome INTEGER NOT NULL, error TEXT,
  PRIMARY KEY(job, fence)) WITHOUT ROWID;

-- A job's own waits that are over.
CREATE TABLE fairlead_wait(
  job INTEGER NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, cause INTEGER NOT NULL, PRIMARY KEY(job, from_at)) WITHOUT ROWID;

CREATE TABLE fairlead_log(
  id INTEGER PRIMARY KEY, job INTEGER NOT NULL, fence INTEGER NOT NULL, at INTEGER NOT NULL, level INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX fairlead_log_job ON fairlead_log(job, id);

CREATE TABLE fairlead_unique(queue INTEGER NOT NULL, key TEXT NOT NULL, job INTEGER NOT NULL, PRIMARY KEY(queue, key)) WITHOUT ROWID;
CREATE TABLE fairlead_abandoned(
  job INTEGER NOT NULL, fence INTEGER NOT NULL, node INTEGER NOT NULL, queue INTEGER NOT NULL, PRIMARY KEY(job, fence)) WITHOUT ROWID;

CREATE TABLE fairlead_dependency(on_job INTEGER NOT NULL, job INTEGER NOT NULL, PRIMARY KEY(on_job, job)) WITHOUT ROWID;
CREATE INDEX fairlead_dependency_job ON fairlead_dependency(job);

-- Deadlines that are not the default one. Default ones need no row: ids grow with time, so a cursor walks them.
CREATE TABLE fairlead_deadline(at INTEGER NOT NULL, job INTEGER NOT NULL, PRIMARY KEY(at, job)) WITHOUT ROWID;

-- A batch's items are the ids job + 1 … job + size. open: items that are ready or running, kept only where max_parallel is set.
CREATE TABLE fairlead_batch(
  job INTEGER PRIMARY KEY, name TEXT, size INTEGER NOT NULL, max_parallel INTEGER, open INTEGER NOT NULL DEFAULT 0,
  fail_on_error INTEGER NOT NULL, generation INTEGER NOT NULL DEFAULT 1, finalize_job INTEGER, status INTEGER NOT NULL,
  started_at INTEGER, ended_at INTEGER, cancelled INTEGER NOT NULL DEFAULT 0, finalize TEXT, memo BLOB);
CREATE INDEX fairlead_batch_name ON fairlead_batch(name, job) WHERE name IS NOT NULL;

-- Exact counters by status. scope: a batch's id, or minus a queue's number.
CREATE TABLE fairlead_tally(
  scope INTEGER PRIMARY KEY, scheduled INTEGER NOT NULL, queued INTEGER NOT NULL, blocked INTEGER NOT NULL, processing INTEGER NOT NULL,
  completed INTEGER NOT NULL, failed INTEGER NOT NULL, cancelled INTEGER NOT NULL, timed_out INTEGER NOT NULL);

CREATE TABLE fairlead_node(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, slots INTEGER NOT NULL, lease INTEGER NOT NULL, joined_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL, left_at INTEGER, drain INTEGER NOT NULL DEFAULT 0, solo_job INTEGER);
CREATE INDEX fairlead_node_live ON fairlead_node(id) WHERE left_at IS NULL;
CREATE TABLE fairlead_serves(
  queue INTEGER NOT NULL, kind INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY(queue, kind, node)) WITHOUT ROWID;
CREATE INDEX fairlead_serves_node ON fairlead_serves(node);

-- When a queue could not start ready work, and by what.
CREATE TABLE fairlead_block(
  queue INTEGER NOT NULL, cause INTEGER NOT NULL, key TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER,
  PRIMARY KEY(queue, cause, key, from_at)) WITHOUT ROWID;
CREATE INDEX fairlead_block_open ON fairlead_block(queue) WHERE to_at IS NULL;

