"""The journal's own tables, and the desk's local ones, as they are made in a new file.

`migrations/` brings an older file to the same state; a test compares both through `sqlite_master`. Ledger tables are
projections and are made from their declarations (`journal/schema.py`).
"""

from __future__ import annotations

VERSION = 2
"""`user_version` of a file of this program."""

APPLICATION_ID = 0x44445431

JOURNAL = """
CREATE TABLE act (
  arrival INTEGER PRIMARY KEY,
  desk BLOB NOT NULL CHECK (length(desk) = 16),
  epoch INTEGER NOT NULL CHECK (epoch >= 1),
  seq INTEGER NOT NULL CHECK (seq >= 1),
  act_id BLOB NOT NULL CHECK (length(act_id) = 16),
  hlc INTEGER NOT NULL,
  happened_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  by TEXT NOT NULL,
  kind TEXT NOT NULL,
  sv INTEGER NOT NULL,
  body BLOB NOT NULL,
  alg INTEGER NOT NULL,
  prev BLOB NOT NULL CHECK (length(prev) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE UNIQUE INDEX ux_act_position ON act (desk, epoch, seq);
CREATE UNIQUE INDEX ux_act_id ON act (act_id);
CREATE TRIGGER act_no_update BEFORE UPDATE ON act
BEGIN SELECT RAISE(ABORT, 'an act is never altered'); END;
CREATE TRIGGER act_no_delete BEFORE DELETE ON act
BEGIN SELECT RAISE(ABORT, 'an act is never removed'); END;
CREATE TRIGGER act_guard BEFORE INSERT ON act
BEGIN
  SELECT RAISE(ABORT, 'an act is never replaced')
    WHERE EXISTS (SELECT 1 FROM act WHERE act_id = NEW.act_id)
       OR EXISTS (SELECT 1 FROM act WHERE desk = NEW.desk AND epoch = NEW.epoch AND seq = NEW.seq)
       OR EXISTS (SELECT 1 FROM act WHERE arrival = NEW.arrival);
  SELECT RAISE(ABORT, 'an epoch begins with epoch.open')
    WHERE (NEW.seq = 1) <> (NEW.kind = 'epoch.open');
  SELECT RAISE(ABORT, 'the chain has a gap or a wrong link')
    WHERE NEW.seq > 1 AND NEW.prev IS NOT
      (SELECT hash FROM act WHERE desk = NEW.desk AND epoch = NEW.epoch AND seq = NEW.seq - 1);
END;
CREATE TABLE personal (
  act_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  ledger TEXT NOT NULL,
  row BLOB NOT NULL,
  salt BLOB NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (act_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_personal_row ON personal (ledger, row);
CREATE TABLE quarantine (
  n INTEGER PRIMARY KEY,
  desk BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  act_id BLOB NOT NULL,
  reason TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  act BLOB NOT NULL,
  UNIQUE (desk, epoch, seq, act)
) STRICT;
CREATE TABLE frontier (
  desk BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  hlc INTEGER NOT NULL,
  PRIMARY KEY (desk, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint (
  n INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  desk BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  note TEXT NOT NULL
) STRICT;
"""
"""The record itself and what vouches for it."""

MERGE = """
CREATE TABLE head (
  ledger TEXT NOT NULL,
  row BLOB NOT NULL,
  field TEXT NOT NULL,
  act_id BLOB NOT NULL,
  hlc INTEGER NOT NULL,
  value ANY,
  PRIMARY KEY (ledger, row, field, act_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE early (
  ledger TEXT NOT NULL,
  row BLOB NOT NULL,
  field TEXT NOT NULL,
  act_id BLOB NOT NULL,
  PRIMARY KEY (ledger, row, field, act_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE conflict (
  ledger TEXT NOT NULL,
  row BLOB NOT NULL,
  field TEXT NOT NULL,
  kind TEXT NOT NULL,
  PRIMARY KEY (ledger, row, field, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE erased (
  ledger TEXT NOT NULL,
  row BLOB NOT NULL,
  PRIMARY KEY (ledger, row)
) STRICT, WITHOUT ROWID;
CREATE TABLE touched (
  row BLOB NOT NULL,
  act_id BLOB NOT NULL,
  PRIMARY KEY (row, act_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE counter (
  desk BLOB NOT NULL,
  ledger TEXT NOT NULL,
  year INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (desk, ledger, year)
) STRICT, WITHOUT ROWID;
CREATE TABLE tally (
  ledger TEXT NOT NULL,
  listed INTEGER NOT NULL,
  PRIMARY KEY (ledger)
) STRICT, WITHOUT ROWID;
CREATE TABLE open_batch (
  batch BLOB NOT NULL,
  whole INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (batch)
) STRICT, WITHOUT ROWID;
CREATE TABLE unprojected (
  act_id BLOB NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (act_id)
) STRICT, WITHOUT ROWID;
"""
"""What apply keeps beside the ledger tables; dropped and made again by rebuild."""

MERGE_TABLES = (
    "head", "early", "conflict", "erased", "touched", "counter", "tally", "open_batch", "unprojected",
)  # fmt: skip

LOCAL = """
CREATE TABLE local_state (
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;
CREATE TABLE local_draft (
  form TEXT NOT NULL,
  body TEXT NOT NULL,
  saved_at INTEGER NOT NULL,
  PRIMARY KEY (form)
) STRICT, WITHOUT ROWID;
CREATE TABLE local_mapping (
  ledger TEXT NOT NULL,
  source TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (ledger, source)
) STRICT, WITHOUT ROWID;
CREATE TABLE local_job (
  n INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  state TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE local_batch (
  batch BLOB NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (batch)
) STRICT, WITHOUT ROWID;
CREATE TABLE local_pin (
  person TEXT NOT NULL,
  hash TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL,
  PRIMARY KEY (person)
) STRICT, WITHOUT ROWID;
CREATE TABLE local_key (
  name TEXT NOT NULL,
  secret BLOB NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;
CREATE TABLE local_peer (
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;
"""
"""Never acts, never synced: window state, drafts, import mappings, job runs, PIN hashes, keys, what is known of a hub
or another desk (house.md §6)."""
