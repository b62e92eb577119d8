"""alembic's environment: migrations run on the connection that the journal hands over, inside its transaction.

The number of a file's schema is SQLite's own `user_version`; alembic's table of versions is dropped again in the same
transaction, so that an upgraded file is the same as a new one.
"""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=None,
    transactional_ddl=True,
)
context.run_migrations()
