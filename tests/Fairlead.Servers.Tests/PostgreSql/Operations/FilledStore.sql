-- A store as it is after a while: tens of thousands of rows in every table that grows, few in those that do not. By Npgsql and psql alike.
INSERT INTO fairlead.queue(name) SELECT 'q' || g FROM generate_series(1, 40) g;
INSERT INTO fairlead.kind(name, version) SELECT 'k' || g, 1 FROM generate_series(1, 10) g;
INSERT INTO fairlead.line(queue, kind) SELECT q, k FROM generate_series(1, 40) q, generate_series(1, 10) k;
INSERT INTO fairlead.node(id, name, slots, lease, joined_at, heartbeat_at, heard_at, left_at) SELECT g, 'n' || g, 8, 8000000, 0, 0, 0, CASE WHEN g > 20 THEN 1 END FROM generate_series(1, 200) g;
INSERT INTO fairlead.serves(queue, kind, node) SELECT q, q % 10 + 1, n FROM generate_series(1, 40) q, generate_series(1, 200) n;
INSERT INTO fairlead.job(id, queue, kind, priority, enqueued_at, batch, flags, group_key, payload)
  SELECT g, g / 5 % 40 + 1, g / 5 % 10 + 1, 0, g * 1000, CASE WHEN g % 5 > 0 THEN g / 5 * 5 END, CASE WHEN g % 5 = 0 THEN 8 ELSE 0 END, 'g' || g % 500, '{}' FROM generate_series(5, 40000) g;
INSERT INTO fairlead.batch(job, name, size, fail_on_error, status) SELECT g * 5, CASE WHEN g % 2 = 0 THEN 'b' || g END, 4, 0, 3 FROM generate_series(1, 8000) g;
INSERT INTO fairlead.ready(queue, kind, priority, job, flags, attempt, fence, lost, since) SELECT g % 40 + 1, g % 10 + 1, 0, g, 0, 0, 0, 0, g FROM generate_series(1, 30000) g;
INSERT INTO fairlead.waiting(job, state, queue, priority, batch, due, cause, blockers, attempt, fence, lost, since)
  SELECT g, CASE WHEN g % 100 = 99 THEN 3 ELSE g % 3 END, g % 37 + 1, 0, CASE WHEN g % 3 = 2 THEN g / 5 * 5 END, g, 1, 0, 0, 0, 0, 0 FROM generate_series(1, 30000) g;
INSERT INTO fairlead.running(node, job, queue, flags, attempt, fence, lost, ready_at, claimed_at, cancel)
  SELECT g % 20, g, g % 40 + 1, 0, 1, 1, 0, g, g, 0 FROM generate_series(1, 30000) g;
INSERT INTO fairlead.ended(job, status, spent, lost, ended_at, fence) SELECT g, 4 + (g % 20 = 0)::int, 1, 0, g * 1000, 1 FROM generate_series(1, 30000) g;
INSERT INTO fairlead.attempt(job, fence, attempt, node, ready_at, claimed_at, started_at, ended_at, outcome) SELECT g, 1, 1, 1, g, g, g, g, 1 FROM generate_series(1, 30000) g;
INSERT INTO fairlead.wait(job, from_at, to_at, cause) SELECT g, g, g, 1 FROM generate_series(1, 30000) g;
INSERT INTO fairlead.log(job, fence, at, level, message) SELECT g / 4 + 5, 1, g, 2, 'line ' || g FROM generate_series(1, 60000) g;
INSERT INTO fairlead.unique(queue, key, job) SELECT g % 40 + 1, 'u' || g, g FROM generate_series(1, 30000) g;
INSERT INTO fairlead.dependency(on_job, job) SELECT g, g + 1 FROM generate_series(1, 30000) g;
INSERT INTO fairlead.deadline(at, job) SELECT g, g FROM generate_series(1, 30000) g;
INSERT INTO fairlead.tally SELECT g * 5, 1, 1, 1, 1, 0, 0, 0, 0 FROM generate_series(1, 8000) g;
INSERT INTO fairlead.block(queue, cause, key, from_at, to_at) SELECT g % 40 + 1, g % 5, 'b' || g % 50, g, CASE WHEN g < 29900 THEN g + 1 END FROM generate_series(1, 30000) g;
INSERT INTO fairlead.group(queue, name, tag, ready, in_flight, reach, paused, open, held_until, served, slow, wake_at, held_by)
  SELECT g % 40 + 1, 'g' || g, g, g % 2, 0, 1, 0, (g % 100 = 0)::int, 0, 0, 0, CASE WHEN g % 50 = 0 THEN g END, CASE WHEN g % 50 = 0 THEN 'l' || g END FROM generate_series(1, 20000) g;
INSERT INTO fairlead.lane(grp, kind, queue, ready, tag, reach) SELECT g, g % 10 + 1, g % 40 + 1, 1, g, g % 2 FROM generate_series(1, 20000) g;
INSERT INTO fairlead.grouped(grp, kind, priority, job, flags, attempt, fence, lost, since) SELECT g % 20000 + 1, g % 10 + 1, 0, g, 0, 0, 0, 0, g FROM generate_series(1, 30000) g;
INSERT INTO fairlead.key(scope, key, job, fence, keep, expires_at) SELECT 's' || g % 10, 'k' || g, CASE WHEN g % 2 = 0 THEN g END, 1, 1, CASE WHEN g % 2 = 1 THEN g END FROM generate_series(1, 30000) g;
INSERT INTO fairlead.limit(name, declared) SELECT 'l' || g, '{}' FROM generate_series(1, 20) g;
INSERT INTO fairlead.limit_state(limit_id, key, used_at, open, state) SELECT g % 20 + 1, 'g' || g, g, 0, '' FROM generate_series(1, 20000) g;
INSERT INTO fairlead.held(id, limit_id, key, cost, node, job, fence) SELECT g, g % 20 + 1, '', 1, g % 20, g, 1 FROM generate_series(1, 10000) g;
INSERT INTO fairlead.parent(job, fence, batch, node, started_at, left_out) SELECT g * 5 + 1, 1, g * 5, 1, 1, 0 FROM generate_series(1, 5000) g;
INSERT INTO fairlead.abandoned(job, fence, node, queue) SELECT g, 1, 1, g % 40 + 1 FROM generate_series(1, 20) g;
INSERT INTO fairlead.schedule(name, definition, state, revision) SELECT 's' || g, '{}', '{}', 1 FROM generate_series(1, 20) g;
VACUUM ANALYZE;
