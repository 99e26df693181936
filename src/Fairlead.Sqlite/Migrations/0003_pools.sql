-- What operators change of queues, what nodes say of their pools, and which workers are to be ended.

ALTER TABLE fairlead_queue ADD COLUMN change TEXT;      -- an operator's change, JSON; max_concurrent is what is in force

-- A node's newest report, JSON; gone with the node's life.
CREATE TABLE fairlead_pool(node INTEGER PRIMARY KEY, report BLOB NOT NULL);

-- Workers that somebody asked to end, as long as their node's report names them.
CREATE TABLE fairlead_ending(node INTEGER NOT NULL, worker TEXT NOT NULL, PRIMARY KEY(node, worker)) WITHOUT ROWID;
