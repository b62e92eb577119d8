"""The journal, what apply keeps beside the ledgers, and the desk's local tables.

Raw statements, equal to the letter to the ones that make a new file: alembic's own operations would drop the guards of
`act` without a word (its batch mode copies a table and leaves the triggers behind).
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE act (
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
) STRICT""",
    """CREATE UNIQUE INDEX ux_act_position ON act (desk, epoch, seq)""",
    """CREATE UNIQUE INDEX ux_act_id ON act (act_id)""",
    """CREATE TRIGGER act_no_update BEFORE UPDATE ON act
BEGIN SELECT RAISE(ABORT, 'an act is never altered'); END""",
    """CREATE TRIGGER act_no_delete BEFORE DELETE ON act
BEGIN SELECT RAISE(ABORT, 'an act is never removed'); END""",
    """CREATE TRIGGER act_guard BEFORE INSERT ON act
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
END""",
    """CREATE TABLE personal (
  act_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  ledger TEXT NOT NULL,
  row BLOB NOT NULL,
  salt BLOB NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (act_id, n)
) STRICT, WITHOUT ROWID""",
    """CREATE INDEX ix_personal_row ON personal (ledger, row)""",
    """CREATE TABLE quarantine (
  n INTEGER PRIMARY KEY,
  desk BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  act_id BLOB NOT NULL,
  reason TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  act BLOB NOT NULL,
  UNIQUE (desk, epoch, seq, act)
) STRICT""",
    """CREATE TABLE frontier (
  desk BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  hlc INTEGER NOT NULL,
  PRIMARY KEY (desk, epoch)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE checkpoint (
  n INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  desk BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  note TEXT NOT NULL
) STRICT""",
    """CREATE TABLE head (
  ledger TEXT NOT NULL,
  row BLOB NOT NULL,
  field TEXT NOT NULL,
  act_id BLOB NOT NULL,
  hlc INTEGER NOT NULL,
  value ANY,
  PRIMARY KEY (ledger, row, field, act_id)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE early (
  ledger TEXT NOT NULL,
  row BLOB NOT NULL,
  field TEXT NOT NULL,
  act_id BLOB NOT NULL,
  PRIMARY KEY (ledger, row, field, act_id)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE conflict (
  ledger TEXT NOT NULL,
  row BLOB NOT NULL,
  field TEXT NOT NULL,
  kind TEXT NOT NULL,
  PRIMARY KEY (ledger, row, field, kind)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE erased (
  ledger TEXT NOT NULL,
  row BLOB NOT NULL,
  PRIMARY KEY (ledger, row)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE touched (
  row BLOB NOT NULL,
  act_id BLOB NOT NULL,
  PRIMARY KEY (row, act_id)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE counter (
  desk BLOB NOT NULL,
  ledger TEXT NOT NULL,
  year INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (desk, ledger, year)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE tally (
  ledger TEXT NOT NULL,
  listed INTEGER NOT NULL,
  PRIMARY KEY (ledger)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE open_batch (
  batch BLOB NOT NULL,
  whole INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (batch)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE unprojected (
  act_id BLOB NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (act_id)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE local_state (
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (key)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE local_draft (
  form TEXT NOT NULL,
  body TEXT NOT NULL,
  saved_at INTEGER NOT NULL,
  PRIMARY KEY (form)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE local_mapping (
  ledger TEXT NOT NULL,
  source TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (ledger, source)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE local_job (
  n INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  state TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT""",
    """CREATE TABLE local_batch (
  batch BLOB NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (batch)
) STRICT, WITHOUT ROWID""",
)


def upgrade() -> None:
    """An empty file becomes a journal."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """The journal is taken away; refused where it holds a single act."""
    connection = op.get_bind()
    if connection.exec_driver_sql("SELECT 1 FROM act LIMIT 1").first() is not None:
        raise RuntimeError("a record is never dropped")
    for statement in reversed(STATEMENTS):
        kind, name = statement.replace("UNIQUE ", "").split()[1:3]
        op.execute(f"DROP {kind} IF EXISTS {name}")
