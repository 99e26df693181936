-- What is asked of the server itself, without a store.

-- name: server_facts
-- Out: version, fsync, synchronous_commit, connections at most, its time.
SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'), current_setting('max_connections')::bigint, clock_timestamp()
