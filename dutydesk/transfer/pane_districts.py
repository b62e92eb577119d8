"""The districts of a hub's view in one table: how old what each of them sent is, and what is going on there. Enter narrows
every pane to one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from dutydesk.core.clock import local
from dutydesk.core.i18n import N_, _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.ledger.kinds import INT, TEXT, TIME
from dutydesk.ledger.spec import Field, Ledger
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.listpane import RowPages
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import SplitTitle, label
from dutydesk.transfer import districts

MINUTE_MS = 60_000
SOON_MS = 500
"""What comes in meanwhile is read together: while a hub is first pulled something comes all the time."""
COUNTED = ("incidents", "late", "warnings", "shelters", "teams")
DISTRICTS = Ledger(
    districts.NAME,
    N_("区县"),
    (
        Field("name", TEXT, N_("区县"), width=8),
        Field("heard", TIME, N_("最新记录"), width=11),
        Field("age", TEXT, N_("多久以前"), width=7),
        Field("incidents", INT, N_("在办"), width=4),
        Field("late", INT, N_("逾期"), width=4),
        Field("warnings", INT, N_("预警"), width=4),
        Field("shelters", INT, N_("安置场所"), width=6),
        Field("teams", INT, N_("出动队伍"), width=6),
        Field("rain_to", TIME, N_("雨量到"), width=11),
        Field("desks", INT, N_("席位数"), width=4),
    ),
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the table asks of a desk; its rows are not of one district each, they are the districts."""

    pane: DistrictsPane

    def pages(self, query: Query, /) -> Any:
        return self.pane.pages(query)

    def titles(self, ledger: str, rows: Sequence[bytes], /) -> Mapping[bytes, str]:
        return {}


def _moment(name: str, row: Row) -> str:
    """`06-18 21:38`."""
    at = row.get(name)
    return f"{local(at):%m-%d %H:%M}" if isinstance(at, int) else ""


class DistrictsPane(QWidget):
    """See the module's docstring."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("districts-pane")
        self.desk = desk
        self.title = _("区县")
        self.rows: list[Row] = []
        self._silent: set[bytes] = set()
        self.head = SplitTitle(self.title)
        self.head.note.setObjectName("districts-totals")
        shows = {"heard": partial(_moment, "heard"), "rain_to": partial(_moment, "rain_to")}
        self.model = LedgerModel(DISTRICTS, _Asked(self), shows=shows, tone=self._tone, parent=self)
        self.view = LedgerView(
            self.model,
            important="name",
            empty=(_("这里还没有区县"), _("第一次取数要等一会儿；取完还没有，是中心库里还没有登记席位")),
        )
        self.view.setObjectName("districts-list")
        self.view.opened.connect(self.choose)
        self.rain = label(
            _("雨量数值不在这里：样本存在各区县，不传给只读登录，这里只看得到收到了几时。要数值请问区县值班室。"),
            "muted",
            wrap=True,
        )
        self.rain.setObjectName("districts-rain")
        edge = current().px(8)
        self.rain.setContentsMargins(edge, edge // 2, edge, edge // 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.view, 1)
        column.addWidget(self.rain)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.refresh)
        self._minute = QTimer(self)
        self._minute.setInterval(MINUTE_MS)
        self._minute.timeout.connect(self.refresh)
        announcer_of(desk).changed.connect(self._heed)
        self.refresh()

    # -- for the window ---------------------------------------------------------------------------------------------

    def commands(self) -> list[tuple[str, str, Any]]:
        """What the palette and the key sheet offer."""
        return [(_("只看这个区县"), "Enter", self.choose_current)]

    def focus_first(self) -> None:
        """The caret on the table."""
        self.view.setFocus()
        if not self.view.currentIndex().isValid() and self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(0, 0))

    def show_row(self, ledger: str, row: bytes) -> None:
        """Go to a district by its code."""
        if ledger == districts.NAME:
            self.view.show_row(row)
            self.view.setFocus()

    # -- what is shown ----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read again."""
        now = self.desk.clock.now()
        found = districts.standing(self.desk, self.desk.open_items(now), now)
        self._silent = {one.code.encode() for one in found if one.silent}
        self.rows = [
            Row(
                districts.NAME,
                one.code.encode(),
                at,
                {
                    "name": one.name,
                    "heard": one.heard,
                    "age": districts.age_text(one.heard, now),
                    "rain_to": one.rain_to,
                    "desks": one.desks,
                    **{name: getattr(one, name) or None for name in COUNTED},
                },
            )
            for at, one in enumerate(found)
        ]
        told = [_("{count} 个区县").format(count=len(found))]
        if self._silent:
            told.append(_("{count} 个超过 26 小时没有新记录").format(count=len(self._silent)))
        self.head.note.setText(_("，").join(told))
        self.model.refresh()

    def pages(self, query: Query) -> RowPages:
        """The rows as the table asks for them: the silent ones first, or by a column."""
        name = query.order.lstrip("-")
        if not name:
            return RowPages(self.rows)
        by = {"age": "heard"}.get(name, name)
        downward = query.order.startswith("-") is not (name == "age")
        known = [row for row in self.rows if row.values.get(by) is not None]
        known.sort(key=lambda row: (row.values[by], row.n), reverse=downward)
        none = [row for row in self.rows if row.values.get(by) is None]
        return RowPages([*none, *known] if name in ("age", "heard") else [*known, *none])

    def _tone(self, row: Row, name: str) -> str:
        """Silence and lateness have a colour; their words stand beside it."""
        silent = name in ("heard", "age") and row.id in self._silent
        return "late" if silent or (name == "late" and row.number("late")) else ""

    def _heed(self, changed: Changed) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    # -- what is done -----------------------------------------------------------------------------------------------

    def choose(self, row: Row) -> None:
        """Narrow every pane to a district."""
        choose = self.desk.services.get("district")
        if choose is not None:
            choose(row.id.decode())

    def choose_current(self) -> None:
        """The same with the row under the keyboard."""
        row = self.view.current_row()
        if row is not None:
            self.choose(row)

    # -- Qt ---------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._minute.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._minute.stop()
        self._soon.stop()
