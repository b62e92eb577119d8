"""A row of the ledger as a CAP 1.2 file, for whoever takes warnings in that form."""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.warnings.service import export_cap


def write_xml(desk: Desk, rows: Sequence[q.Row], reveal: bool) -> bytes:
    """One warning as a CAP 1.2 file. Raises `Refused` for none or several: a CAP file is one message."""
    del reveal
    if len(rows) != 1:
        reason = _("一个 CAP 文件只放一条预警，现在选中 {count} 条，请用 --where identifier=编号").format(
            count=len(rows)
        )
        raise Refused(Problem(reason, file="warnings"))
    return export_cap(desk, rows[0])
