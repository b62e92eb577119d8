"""Local tables for PIN hashes, the desk's keys, and what is known of hubs and other desks."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE local_pin (
  person TEXT NOT NULL,
  hash TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL,
  PRIMARY KEY (person)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE local_key (
  name TEXT NOT NULL,
  secret BLOB NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (name)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE local_peer (
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (name)
) STRICT, WITHOUT ROWID""",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take the tables away."""
    for name in ("local_peer", "local_key", "local_pin"):
        op.execute(f"DROP TABLE {name}")
