"""A drill 演练 is a desk of its own, with the real district's lists and numbers of its own; nothing of it is sent."""

from __future__ import annotations

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import CLI
from dutydesk.journal import batches
from dutydesk.journal import query as q
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Mode

NIGHTLY = frozenset(
    ("incidents", "warnings", "shifts", "prints", "reports", "responses", "callouts", "calls", "outages")
)
"""Lists that tell what happened: a drill begins without them."""


def copied(schema: Schema) -> tuple[str, ...]:
    """The lists that a drill takes over: who, where and with what, and the rules."""
    return tuple(
        name
        for name, shape in schema.shapes.items()
        if shape.ledger.mode is Mode.MERGE and not shape.ledger.number and name not in NIGHTLY
    )


def copy_lists(source: Store, target: Store) -> int:
    """Bring the lists of one desk into a new one under the same ids; returns the number of rows. Raises `Refused` when
    the source is a drill itself."""
    if source.config.drill:
        raise Refused(Problem(_("这里本身是演练数据，不能再拿来演练"), file=str(source.home.root)))
    changes: list[Change] = []
    for name in copied(source.schema):
        with source.read() as connection:
            rows = q.rows(connection, source.schema[name], q.Query(name))
        changes += [
            Change(name, row.id, {key: value for key, value in row.values.items() if value is not None}, new=True)
            for row in rows
        ]
    batches.write(target, "drill.lists", changes, by=CLI, note=_("演练：沿用名册与台账"), size=batches.ALONE // 4)
    return len(changes)
