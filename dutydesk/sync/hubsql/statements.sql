-- Every statement that the program sends to a hub, by name. {rows}, {places} and {ranges} stand for as many groups of
-- parameters as a call has; {login}, {role} and {password} are quoted by the driver.

-- name: init_version
CREATE TABLE IF NOT EXISTS hub_version (
  n integer PRIMARY KEY,
  applied_at timestamp with time zone NOT NULL DEFAULT now()
);

-- name: versions
SELECT n FROM hub_version ORDER BY n;

-- name: add_version
INSERT INTO hub_version (n) VALUES (%s);

-- name: role_exists
SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s;

-- name: make_role
CREATE ROLE {role} NOLOGIN;

-- name: make_login
CREATE ROLE {login} LOGIN PASSWORD {password};

-- name: new_password
ALTER ROLE {login} LOGIN PASSWORD {password};

-- name: bound_login
ALTER ROLE {login} SET idle_in_transaction_session_timeout = '60s';

-- name: bound_silence
ALTER ROLE {login} SET tcp_keepalives_idle = '30s';

-- name: bound_probes
ALTER ROLE {login} SET tcp_keepalives_interval = '10s';

-- name: bound_misses
ALTER ROLE {login} SET tcp_keepalives_count = 3;

-- name: bound_work
ALTER ROLE {login} SET transaction_timeout = '600s';

-- name: give_role
GRANT {role} TO {login};

-- name: take_role
REVOKE {role} FROM {login};

-- name: init_state
INSERT INTO hub_state (id, hub, incarnation, least_protocol) VALUES (1, %s, 1, %s) ON CONFLICT DO NOTHING;

-- name: init_counter
INSERT INTO hub_counter (id, arrival) VALUES (1, 0) ON CONFLICT DO NOTHING;

-- name: next_incarnation
UPDATE hub_state SET incarnation = incarnation + 1 WHERE id = 1;

-- name: enrol
INSERT INTO desk (desk, public_key, code, district, name, unit, login) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (desk) DO UPDATE SET public_key = excluded.public_key, code = excluded.code,
  district = excluded.district, name = excluded.name, unit = excluded.unit, login = excluded.login,
  revoked_at = NULL, revoked_arrival = NULL, revoked_reason = NULL;

-- name: enrol_key
INSERT INTO desk_key (desk, public_key) VALUES (%s, %s) ON CONFLICT DO NOTHING;

-- name: take_code
INSERT INTO desk_code (district, code, desk) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING;

-- name: codes
SELECT code, desk FROM desk_code WHERE district = %s ORDER BY code;

-- name: desks
SELECT desk, public_key, code, district, name, login, revoked_at IS NOT NULL FROM desk ORDER BY district, code, desk;

-- name: revoke
UPDATE desk SET revoked_at = now(), revoked_arrival = (SELECT arrival FROM hub_counter WHERE id = 1), revoked_reason = %s
WHERE desk = %s AND revoked_at IS NULL;

-- name: hello
SELECT s.hub, s.incarnation, s.least_protocol, (SELECT max(v.n) FROM hub_version v), c.arrival,
       CAST(extract(epoch FROM now()) * 1000 AS bigint), d.desk, d.public_key, d.code, d.name,
       d.revoked_at IS NOT NULL, d.revoked_arrival, h.epoch,
       (SELECT b.seq FROM act b WHERE b.desk = h.desk AND b.epoch = h.epoch ORDER BY b.seq DESC LIMIT 1),
       (SELECT b.hash FROM act b WHERE b.desk = h.desk AND b.epoch = h.epoch ORDER BY b.seq DESC LIMIT 1), d.district
FROM hub_state s
JOIN hub_counter c ON c.id = s.id
LEFT JOIN desk d ON s.id = 1
LEFT JOIN chain h ON h.desk = d.desk
ORDER BY d.desk, h.epoch;

-- name: take_numbers
UPDATE hub_counter SET arrival = arrival + %s WHERE id = 1 RETURNING arrival;

-- name: add_chain
INSERT INTO chain (desk, epoch) VALUES (%s, %s) ON CONFLICT DO NOTHING;

-- The counter is locked when the acts have arrived whole, not while they travel: a line that falls silent in between
-- must not hold up every other desk.
-- name: add_acts
WITH number AS (UPDATE hub_counter SET arrival = arrival + %s WHERE id = 1 RETURNING arrival)
INSERT INTO act (desk, epoch, seq, act_id, hlc, happened_at, recorded_at, author, kind, sv, body, alg, prev, hash, arrival)
SELECT v.desk, v.epoch, v.seq, v.act_id, v.hlc, v.happened_at, v.recorded_at, v.author, v.kind, v.sv, v.body, v.alg,
       v.prev, v.hash, number.arrival - v.before
FROM number CROSS JOIN (VALUES {rows}) AS v
  (desk, epoch, seq, act_id, hlc, happened_at, recorded_at, author, kind, sv, body, alg, prev, hash, before)
ORDER BY v.seq
ON CONFLICT DO NOTHING;

-- name: hashes
SELECT seq, hash FROM act WHERE desk = %s AND epoch = %s AND seq >= %s AND seq <= %s ORDER BY seq;

-- name: add_personal
INSERT INTO personal (desk, epoch, seq, n, ledger, row_id, salt, data) VALUES {rows} ON CONFLICT DO NOTHING;

-- name: add_erased
INSERT INTO erased (ledger, row_id) VALUES {rows} ON CONFLICT DO NOTHING;

-- name: forget
DELETE FROM personal WHERE {places};

-- name: forget_late
DELETE FROM personal WHERE desk = %s AND epoch = %s AND seq >= %s AND seq <= %s AND EXISTS
  (SELECT 1 FROM erased e WHERE e.ledger = personal.ledger AND e.row_id = personal.row_id);

-- name: add_seal
INSERT INTO seal (desk, epoch, seq, hash, sig) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING;

-- name: add_witness
INSERT INTO witness (desk, epoch, seq, hash, arrival)
VALUES (%s, %s, %s, %s, (SELECT arrival FROM hub_counter WHERE id = 1)) ON CONFLICT DO NOTHING;

-- name: hashes_at
SELECT desk, epoch, seq, hash FROM act WHERE {places};

-- name: acts
SELECT desk, epoch, seq, act_id, hlc, happened_at, recorded_at, author, kind, sv, body, alg, prev, hash FROM act
WHERE {ranges} ORDER BY desk, epoch, seq;

-- name: sides
SELECT desk, epoch, seq, n, salt, data FROM personal WHERE {ranges} ORDER BY desk, epoch, seq, n;

-- name: erased_of
SELECT ledger, row_id FROM erased WHERE {places};

-- name: seals
SELECT desk, epoch, seq, hash, sig FROM seal WHERE {ranges} ORDER BY desk, epoch, seq DESC;

-- name: next_seals
SELECT s.desk, s.epoch, s.seq, s.hash, s.sig FROM seal s
JOIN (SELECT desk, epoch, min(seq) AS seq FROM seal WHERE {ranges} GROUP BY desk, epoch) m
  ON m.desk = s.desk AND m.epoch = s.epoch AND m.seq = s.seq;

-- name: last_before
SELECT max(seq) FROM act WHERE desk = %s AND epoch = %s AND arrival <= %s;

-- name: add_quarantine
INSERT INTO quarantine (desk, epoch, seq, hash, reason, reported_by, act) VALUES {rows} ON CONFLICT DO NOTHING;

-- name: blobs_held
SELECT sha256 FROM blob WHERE sha256 IN ({rows});

-- name: chunks_held
SELECT n FROM blob_chunk WHERE sha256 = %s;

-- name: add_chunk
INSERT INTO blob_chunk (sha256, n, data) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING;

-- name: add_blob
INSERT INTO blob (sha256, size, chunks, arrival) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING;

-- name: blobs_since
SELECT sha256, size, chunks, arrival FROM blob WHERE arrival > %s ORDER BY arrival LIMIT %s;

-- name: blobs_of
SELECT sha256, size, chunks, arrival FROM blob WHERE sha256 IN ({rows}) ORDER BY arrival;

-- name: chunk
SELECT data FROM blob_chunk WHERE sha256 = %s AND n = %s;

-- name: add_projection
INSERT INTO projection (frontier, fingerprint, desk, digest) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING;

-- name: projections
SELECT desk, digest FROM projection WHERE frontier = %s AND fingerprint = %s;
