-- Keys that are taken once, schedules, and parents of children.

-- A key is kept (expires_at is set), or claimed for an attempt that is to decide (job and fence are; keep: how long, in microseconds). What
-- became of such an attempt is looked at when somebody asks for the key, and written down before its job is forgotten: an end of an attempt costs nothing more.
CREATE TABLE fairlead_key(
  scope TEXT NOT NULL, key TEXT NOT NULL, job INTEGER, fence INTEGER, keep INTEGER NOT NULL, expires_at INTEGER, PRIMARY KEY(scope, key)) WITHOUT ROWID;
CREATE INDEX fairlead_key_expiry ON fairlead_key(expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX fairlead_key_owner ON fairlead_key(job) WHERE job IS NOT NULL;

-- A schedule: what nodes declared last and where it stands, JSON. Whoever has read its newest revision may change its state.
CREATE TABLE fairlead_schedule(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL, state TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE TABLE fairlead_keeps_time(schedule INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY(schedule, node)) WITHOUT ROWID;

-- Jobs that have become parents, and which node did it. Until the batch has ended, the store carries the attempt: its row in fairlead_running,
-- and the permits it holds, are those of node 0, which no node has. batch is null when all children were left out.
CREATE TABLE fairlead_parent(
  job INTEGER PRIMARY KEY, fence INTEGER NOT NULL, batch INTEGER UNIQUE, node INTEGER NOT NULL, started_at INTEGER NOT NULL, left_out INTEGER NOT NULL);
