-- Ledger tables for SQL tools: what `dutydesk hub project` makes of the acts (docs/sync.md §6). The tables of the ledgers
-- themselves and their views come from the program's declarations (journal/postgres.py); here is what stands beside them.
-- dutydesk_projector is the only one that writes, and it writes nowhere else; of the record it reads what a reader may,
-- no personal data. The role of 0003 that was to do this read more than that.

CREATE SCHEMA ledgers;

CREATE TABLE ledgers.head (
  ledger text NOT NULL,
  "row" bytea NOT NULL,
  field text NOT NULL,
  act_id bytea NOT NULL,
  hlc bigint NOT NULL,
  value text,
  PRIMARY KEY (ledger, "row", field, act_id)
);
CREATE TABLE ledgers.early (
  ledger text NOT NULL,
  "row" bytea NOT NULL,
  field text NOT NULL,
  act_id bytea NOT NULL,
  PRIMARY KEY (ledger, "row", field, act_id)
);
CREATE TABLE ledgers.conflict (
  ledger text NOT NULL,
  "row" bytea NOT NULL,
  field text NOT NULL,
  kind text NOT NULL,
  PRIMARY KEY (ledger, "row", field, kind)
);
CREATE TABLE ledgers.erased (
  ledger text NOT NULL,
  "row" bytea NOT NULL,
  PRIMARY KEY (ledger, "row")
);
CREATE TABLE ledgers.touched (
  "row" bytea NOT NULL,
  act_id bytea NOT NULL,
  PRIMARY KEY ("row", act_id)
);
CREATE TABLE ledgers.counter (
  desk bytea NOT NULL,
  ledger text NOT NULL,
  year bigint NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (desk, ledger, year)
);
CREATE TABLE ledgers.tally (
  ledger text PRIMARY KEY,
  listed bigint NOT NULL
);
CREATE TABLE ledgers.open_batch (
  batch bytea PRIMARY KEY,
  whole bigint NOT NULL,
  seen bigint NOT NULL
);
CREATE TABLE ledgers.unprojected (
  act_id bytea PRIMARY KEY,
  reason text NOT NULL
);

-- What is found by its characters: the folded text of a row, its bigrams, its pinyin.
CREATE TABLE ledgers.search_words (
  ledger text NOT NULL,
  n bigint NOT NULL,
  folded text NOT NULL,
  words text NOT NULL,
  py text NOT NULL,
  PRIMARY KEY (ledger, n)
);

-- One row. `run` tells runs apart: a run that finds another number here has been overtaken and writes nothing more.
CREATE TABLE ledgers.projector (
  id integer PRIMARY KEY CHECK (id = 1),
  fingerprint text NOT NULL,
  run bigint NOT NULL,
  anew integer NOT NULL,
  search_index integer NOT NULL,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  told text
);
INSERT INTO ledgers.projector (id, fingerprint, run, anew, search_index) VALUES (1, '', 0, 0, 0);

-- Whoever runs holds this row, in a transaction that ends with it.
CREATE TABLE ledgers.one_run (
  id integer PRIMARY KEY CHECK (id = 1)
);
INSERT INTO ledgers.one_run (id) VALUES (1);

-- How far the tables have come, moved in the transaction that writes them.
CREATE TABLE ledgers.projected (
  desk bytea NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (desk, epoch)
);

-- Where the acts stand that announce a desk's key, of those that are in the tables.
CREATE TABLE ledgers.announced (
  desk bytea NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (desk, epoch, seq)
);

-- Acts that are not believed, and why; they themselves stay where they are.
CREATE TABLE ledgers.set_aside (
  desk bytea NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  reason text NOT NULL,
  noted_at timestamp with time zone NOT NULL DEFAULT now(),
  PRIMARY KEY (desk, epoch, seq, hash)
);

CREATE VIEW ledgers.v_progress AS
SELECT d.district, d.code AS desk_code, d.name AS desk_name, p.epoch, p.seq AS projected_seq,
       (SELECT max(a.seq) FROM act a WHERE a.desk = p.desk AND a.epoch = p.epoch) AS hub_seq,
       encode(p.desk, 'hex') AS desk_id
FROM ledgers.projected p
JOIN desk d ON d.desk = p.desk;

CREATE VIEW ledgers.v_runs AS
SELECT run, started_at, ended_at, anew = 1 AS to_be_made_anew, told AS report FROM ledgers.projector;

CREATE VIEW ledgers.v_conflicts AS
SELECT ledger, encode("row", 'hex') AS row_id, field, kind FROM ledgers.conflict;

CREATE VIEW ledgers.v_set_aside AS
SELECT d.district, d.code AS desk_code, s.epoch, s.seq, encode(s.hash, 'hex') AS hash, s.reason, s.noted_at
FROM ledgers.set_aside s
JOIN desk d ON d.desk = s.desk;

CREATE VIEW ledgers.v_unprojected AS
SELECT d.district, d.code AS desk_code, a.epoch, a.seq, a.kind, u.reason, encode(u.act_id, 'hex') AS act_id
FROM ledgers.unprojected u
JOIN act a ON a.act_id = u.act_id
JOIN desk d ON d.desk = a.desk;

REVOKE SELECT ON hub_version, hub_state, hub_counter, desk, desk_key, desk_code, chain, act, personal, erased, seal,
  witness, quarantine, blob, blob_chunk, projection, v_desks, v_heads, v_acts, v_witness, v_quarantine
  FROM dutydesk_project;

GRANT SELECT ON hub_version, hub_state, hub_counter, desk, desk_key, chain, act, seal TO dutydesk_projector;
GRANT USAGE ON SCHEMA ledgers TO dutydesk_projector, dutydesk_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ledgers.head, ledgers.early, ledgers.conflict, ledgers.erased, ledgers.touched,
  ledgers.counter, ledgers.tally, ledgers.open_batch, ledgers.unprojected, ledgers.search_words, ledgers.projected,
  ledgers.announced, ledgers.set_aside TO dutydesk_projector;
GRANT SELECT, UPDATE ON ledgers.projector, ledgers.one_run TO dutydesk_projector;
GRANT SELECT ON ledgers.head, ledgers.early, ledgers.conflict, ledgers.erased, ledgers.touched, ledgers.counter,
  ledgers.tally, ledgers.open_batch, ledgers.unprojected, ledgers.search_words, ledgers.projector, ledgers.projected,
  ledgers.announced, ledgers.set_aside, ledgers.v_progress, ledgers.v_runs, ledgers.v_conflicts, ledgers.v_set_aside,
  ledgers.v_unprojected TO dutydesk_reader;
