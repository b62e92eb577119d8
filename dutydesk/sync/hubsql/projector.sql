-- Every statement that `dutydesk hub project` and the making of its tables send, by name, beside those of `apply`
-- (journal/statements.py) and the tables and views of the declarations (journal/postgres.py).

-- name: columns
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'ledgers';

-- name: any_unprojected
SELECT count(*) FROM ledgers.unprojected;

-- A run of the former program that is under way finds itself overtaken.
-- name: settle
UPDATE ledgers.projector SET fingerprint = %s, run = run + 1, anew = CASE WHEN %s = 1 THEN 1 ELSE anew END, search_index = %s WHERE id = 1;

-- name: projector
SELECT fingerprint, anew FROM ledgers.projector WHERE id = 1;

-- name: hold
SELECT id FROM ledgers.one_run WHERE id = 1 FOR UPDATE NOWAIT;

-- name: begin_run
UPDATE ledgers.projector SET run = run + 1, started_at = now(), ended_at = NULL, told = NULL WHERE id = 1 RETURNING run;

-- name: still
SELECT run FROM ledgers.projector WHERE id = 1 FOR UPDATE;

-- name: end_run
UPDATE ledgers.projector SET ended_at = now(), told = %s WHERE id = 1 AND run = %s;

-- name: begun_anew
UPDATE ledgers.projector SET anew = 0 WHERE id = 1;

-- name: frontier
SELECT desk, epoch, seq, hash FROM ledgers.projected;

-- name: move
INSERT INTO ledgers.projected (desk, epoch, seq, hash) VALUES (%s, %s, %s, %s)
ON CONFLICT (desk, epoch) DO UPDATE SET seq = excluded.seq, hash = excluded.hash;

-- name: enrolled_keys
SELECT desk, public_key FROM desk_key ORDER BY enrolled_at;

-- name: announcing
SELECT a.desk, a.epoch, a.seq, a.act_id, a.hlc, a.happened_at, a.recorded_at, a.author, a.kind, a.sv, a.body, a.alg,
       a.prev, a.hash
FROM ledgers.announced k
JOIN act a ON a.desk = k.desk AND a.epoch = k.epoch AND a.seq = k.seq
ORDER BY a.desk, a.epoch, a.seq;

-- name: announce
INSERT INTO ledgers.announced (desk, epoch, seq) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING;

-- name: set_aside
INSERT INTO ledgers.set_aside (desk, epoch, seq, hash, reason) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING;

-- name: skip
INSERT INTO ledgers.unprojected (act_id, reason) VALUES (%s, %s) ON CONFLICT DO NOTHING;
