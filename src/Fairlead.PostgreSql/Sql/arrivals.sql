-- What comes in through callers' own transactions.

-- name: begin
-- In: since which transaction arrivals count. Out: the server's time, microseconds since 1970-01-01 UTC: of this moment, not of the transaction's beginning;
-- whether arrivals wait; before which transaction none does, if none wait: all older ones have ended.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, EXISTS (SELECT 1 FROM fairlead.arrival WHERE xact >= $1), txid_snapshot_xmin(txid_current_snapshot())

-- name: any_arrival
-- In: since which transaction arrivals count. Out: a row when one waits.
SELECT 1 FROM fairlead.arrival WHERE xact >= $1 LIMIT 1

-- name: arrivals
-- In: since which transaction arrivals count. Out: id, body; in the order in which they were written.
SELECT id, body FROM fairlead.arrival WHERE xact >= $1 ORDER BY id

-- name: forget_arrivals
-- In: ids.
DELETE FROM fairlead.arrival WHERE id = ANY($1)

-- name: own_arrivals
-- Out: what this transaction brought so far.
SELECT body FROM fairlead.arrival WHERE xact = txid_current() ORDER BY id

-- name: add_arrival
-- In: body.
INSERT INTO fairlead.arrival(body) VALUES ($1)

-- name: whose_database
-- In: the counters' table. Out: the database's name, whether it has such a table.
SELECT current_database(), to_regclass($1) IS NOT NULL

-- name: wait_for_stripes
-- In: schema, stripes. In one order, so that two callers do not wait for each other. Out: a row for each.
SELECT pg_advisory_xact_lock(hashtext('fairlead keys ' || $1), s::int) FROM (SELECT s FROM unnest($2::bigint[]) s ORDER BY s) o

-- name: holders_by_name
-- In: queues' names, keys. Out: the number of a key from 1, and the job that holds it.
SELECT k.n, u.job FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(queue, key, n)
CROSS JOIN LATERAL (SELECT id FROM fairlead.queue q WHERE q.name = k.queue OFFSET 0) q
CROSS JOIN LATERAL (SELECT job FROM fairlead.unique u WHERE u.queue = q.id AND u.key = k.key OFFSET 0) u
