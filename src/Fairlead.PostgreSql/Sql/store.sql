-- The store itself: schema, counters, names.

-- name: has_meta
-- In: schema. Out: one row when it holds a store.
-- Asked of the catalog, which also shows what we have no right to: then that is what is said, not that there is nothing.
SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'meta'

-- name: has_schema
-- In: schema. Out: one row when it exists.
SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1

-- name: counter
-- In: name. Out: its value.
SELECT value FROM fairlead.meta WHERE name = $1

-- name: set_counter
-- In: value, name.
UPDATE fairlead.meta SET value = $1 WHERE name = $2

-- name: raise_counter
-- In: by how much, name.
UPDATE fairlead.meta SET value = value + $1 WHERE name = $2

-- name: find_queue
-- In: name. Out: number.
SELECT id FROM fairlead.queue WHERE name = $1

-- name: add_queue
-- In: name. Out: number.
INSERT INTO fairlead.queue(name) VALUES ($1) RETURNING id

-- name: queue_name
-- In: number. Out: name.
SELECT name FROM fairlead.queue WHERE id = $1

-- name: find_kind
-- In: name, version. Out: number.
SELECT id FROM fairlead.kind WHERE name = $1 AND version = $2

-- name: add_kind
-- In: name, version. Out: number.
INSERT INTO fairlead.kind(name, version) VALUES ($1, $2) RETURNING id

-- name: kind_name
-- In: number. Out: name, version.
SELECT name, version FROM fairlead.kind WHERE id = $1

-- name: add_line
-- In: queue, kind. Changes nothing when it is known.
INSERT INTO fairlead.line(queue, kind) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: line_is_served
-- In: queue, kind. Out: a row when a live node serves it.
SELECT 1 FROM fairlead.serves s JOIN fairlead.node n ON n.id = s.node
WHERE s.queue = $1 AND s.kind = $2 AND n.left_at IS NULL LIMIT 1

-- name: tallies
-- In: scopes. Out: scope and its counters.
SELECT scope, scheduled, queued, blocked, processing, completed, failed, cancelled, timed_out FROM fairlead.tally WHERE scope = ANY($1)

-- name: tally
-- In: scope. Out: its counters.
SELECT scheduled, queued, blocked, processing, completed, failed, cancelled, timed_out FROM fairlead.tally WHERE scope = $1

-- name: add_to_tally
-- In: rows: scope, eight differences.
INSERT INTO fairlead.tally AS t(scope, scheduled, queued, blocked, processing, completed, failed, cancelled, timed_out)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
ON CONFLICT(scope) DO UPDATE SET
  scheduled = t.scheduled + excluded.scheduled, queued = t.queued + excluded.queued, blocked = t.blocked + excluded.blocked,
  processing = t.processing + excluded.processing, completed = t.completed + excluded.completed, failed = t.failed + excluded.failed,
  cancelled = t.cancelled + excluded.cancelled, timed_out = t.timed_out + excluded.timed_out

-- name: open_block
-- In: rows: queue, cause, key, from. Blocks that last already go on.
INSERT INTO fairlead.block(queue, cause, key, from_at)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[]) AS u(queue, cause, key, from_at)
WHERE (SELECT true FROM fairlead.block b WHERE b.queue = u.queue AND b.to_at IS NULL AND b.cause = u.cause AND b.key = u.key LIMIT 1) IS NULL
ON CONFLICT (queue, cause, key, from_at) DO UPDATE SET to_at = NULL

-- name: add_block
-- In: queue, cause, key, from, to. A block that is over already.
INSERT INTO fairlead.block(queue, cause, key, from_at, to_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (queue, cause, key, from_at) DO UPDATE SET to_at = $5

-- name: drop_empty_block
-- In: rows: queue, cause, key, now. A block that would end when it began never was.
DELETE FROM fairlead.block WHERE ctid = ANY(ARRAY(
  SELECT b.ctid FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[]) AS u(queue, cause, key, at) CROSS JOIN LATERAL (
    SELECT ctid FROM fairlead.block b WHERE b.queue = u.queue AND b.cause = u.cause AND b.key = u.key AND b.from_at = u.at AND b.to_at IS NULL OFFSET 0) b))

-- name: close_block
-- In: rows: queue, cause, key, to.
UPDATE fairlead.block b SET to_at = f.to_at FROM (
  SELECT b.at, u.at AS to_at FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[]) AS u(queue, cause, key, at)
  CROSS JOIN LATERAL (SELECT ctid AS at FROM fairlead.block b WHERE b.queue = u.queue AND b.to_at IS NULL AND b.cause = u.cause AND b.key = u.key OFFSET 0) b) f
WHERE b.ctid = f.at

-- name: open_blocks
-- In: queues, keys. Out: queue, cause, key of blocks that last: all those for slots, and those of the keys.
SELECT queue, cause, key FROM fairlead.block WHERE queue = ANY($1) AND to_at IS NULL AND cause = 2
UNION ALL SELECT queue, cause, key FROM fairlead.block WHERE queue = ANY($1) AND to_at IS NULL AND cause <> 2 AND key = ANY($2)

-- name: queue_facts
-- In: queues. Out: what a claim and an end of attempts must know of each, and its number.
SELECT q.paused, q.max_concurrent, q.revision, q.credit, q.next_slot, q.groups, q.fair_clock, q.outage, q.id,
  coalesce((SELECT t.processing FROM fairlead.tally t WHERE t.scope = -q.id), 0)
FROM fairlead.queue q WHERE q.id = ANY($1)

-- name: queue_definition
-- In: queue. Out: its declared definition and an operator's change, JSON or null.
SELECT definition, change FROM fairlead.queue WHERE id = $1

-- name: set_budget
-- In: queue, credit, next slot.
UPDATE fairlead.queue SET credit = $2, next_slot = $3 WHERE id = $1

-- name: now
-- Out: the server's time, microseconds since 1970-01-01 UTC: of this moment, not of the transaction's beginning.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint

-- name: take_turn
-- In: how long the transaction may be silent, in milliseconds; schema. Writing transactions of a store follow one after the other; one whose node
-- stands still or is gone is ended by the server: between two messages, while it takes in no answer, and while a statement lasts. Out: one row.
SELECT set_config('idle_in_transaction_session_timeout', $1, true), set_config('tcp_user_timeout', '3000', true), set_config('client_connection_check_interval', '1000', true),
  set_config('lock_timeout', '2000', true), pg_advisory_xact_lock(1179731, hashtext($2))

-- name: end_silent_turn
-- In: schema, milliseconds. Ends who holds the turn for longer than that and waits for its node, not for the server. Out: a row for each.
SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 1179731 AND l.objid::bigint = hashtext($1)::bigint & 4294967295 AND l.objsubid = 2
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND a.wait_event_type = 'Client' AND a.state_change < clock_timestamp() - $2 * interval '1 millisecond'

-- name: plan_by_keys
-- For the transaction: tables grow and shrink faster than anybody counts their rows, so plans go by keys, whatever the counts say, and are made once.
-- Whatever is switched off costs so much where nothing else is left that the server would compile the plan (jit), anew each time. Out: one row.
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)

-- name: plan_by_keys_always
-- The same for the session, for what is asked outside of transactions: where statements are prepared, the session is ours. Out: one row.
SELECT set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false), set_config('enable_hashjoin', 'off', false),
  set_config('enable_mergejoin', 'off', false), set_config('plan_cache_mode', 'force_generic_plan', false), set_config('jit', 'off', false)

-- name: lock_migrations
-- In: schema. Held to the end of the transaction; another key than that of the writers, whom it must not hold up. Out: one row.
SELECT pg_advisory_xact_lock(1179732, hashtext($1))

-- name: tell
-- In: channel, signals. Out: one row.
SELECT pg_notify($1, $2)
