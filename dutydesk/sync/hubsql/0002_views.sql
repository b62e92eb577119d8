-- For people with any SQL tool: ids in hexadecimal, times as times, texts as texts. Documented in docs/sync.md §6.

CREATE VIEW v_desks AS
SELECT encode(desk, 'hex') AS desk_id, code, district, name, unit, encode(public_key, 'hex') AS public_key, enrolled_at,
       revoked_at, revoked_reason
FROM desk;

CREATE VIEW v_heads AS
SELECT d.district, d.code AS desk_code, d.name AS desk_name, encode(c.desk, 'hex') AS desk_id, c.epoch, a.seq,
       encode(a.hash, 'hex') AS hash, to_timestamp(a.recorded_at / 1000.0) AS recorded_at, a.received_at
FROM chain c
JOIN desk d ON d.desk = c.desk
JOIN act a ON a.desk = c.desk AND a.epoch = c.epoch
  AND a.seq = (SELECT max(b.seq) FROM act b WHERE b.desk = c.desk AND b.epoch = c.epoch);

CREATE VIEW v_acts AS
SELECT d.district, d.code AS desk_code, d.name AS desk_name, a.epoch, a.seq, a.kind, a.author,
       to_timestamp(a.happened_at / 1000.0) AS happened_at, to_timestamp(a.recorded_at / 1000.0) AS recorded_at,
       a.received_at, convert_from(a.body, 'UTF8') AS body, encode(a.act_id, 'hex') AS act_id,
       encode(a.hash, 'hex') AS hash, encode(a.desk, 'hex') AS desk_id, a.arrival
FROM act a
JOIN desk d ON d.desk = a.desk;

CREATE VIEW v_witness AS
SELECT d.district, d.code AS desk_code, w.epoch, w.seq, encode(w.hash, 'hex') AS hash, w.received_at,
       encode(w.desk, 'hex') AS desk_id
FROM witness w
JOIN desk d ON d.desk = w.desk;

CREATE VIEW v_quarantine AS
SELECT d.district, d.code AS desk_code, q.epoch, q.seq, encode(q.hash, 'hex') AS hash, q.reason, q.received_at,
       convert_from(q.act, 'UTF8') AS act, encode(q.desk, 'hex') AS desk_id
FROM quarantine q
JOIN desk d ON d.desk = q.desk;
