"""What stands on the page of one incident: its clocks, what happened, the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QScrollArea,
    QWidget,
)

from dutydesk.core.clock import MINUTE, local
from dutydesk.core.i18n import _
from dutydesk.incidents import lines, rules, service
from dutydesk.incidents.clocks import Timed
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.incidents.rules import Harm
from dutydesk.journal.query import Row
from dutydesk.ledger.kinds import Time
from dutydesk.ledger.spec import Value
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Tile, button, label

HARM = "dead"
"""The fact under which all casualties and the loss stand in one line."""
FACTS = (
    *("text", HARM, "measures", "happened_at", "received_at", "type", "region", "place", "source", "caller"),
    *("caller_phone", "grade", "impact", "request", "contact", "phoned_to", "reported_to"),
)
WANTED = ("source", "region", "measures", "grade")
"""What a first report should say (domain.md §4.5) and the form does not insist on."""
MOST_MOMENTS = 300


def left_text(due_at: int, now: int) -> str:
    """Hours and minutes to a time, or since it; days from two on."""
    minutes = abs(due_at - now) // MINUTE
    if minutes >= 48 * 60:
        return _("{days} 天").format(days=minutes // 1440)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def clock_text(timed: Timed, now: int) -> tuple[str, str]:
    """What a clock says, and its tone: time left, 逾期 and by how much, 已报 and when."""
    if timed.state == "DONE" and timed.done_at is not None:
        when = _("已报 {time}").format(time=f"{local(timed.done_at):%H:%M}")
        return (_("{when} 迟 {late}").format(when=when, late=lines.late_text(timed.late)) if timed.late else when), ""
    if timed.state == "WAIVED":
        return (_("未报 迟 {late}").format(late=lines.late_text(timed.late)) if timed.late else _("未报")), ""
    text = left_text(timed.clock.due_at, now)
    if timed.state == "OVERDUE":
        return _("逾期 {time}").format(time=text), "late"
    return _("剩 {time}").format(time=text), "yellow" if timed.state == "DUE_SOON" else ""


class Clocks(QWidget):
    """The clocks of an incident: the next due one large, the others beside it, below it where it is narrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incident-clocks")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(current().px(4))
        self.tiles: list[Tile] = []

    def show_clocks(self, clocks: Sequence[Timed], now: int) -> None:
        """Show these, the running ones first."""
        order = sorted(clocks, key=lambda one: (not one.running, one.clock.due_at))
        if len(order) != len(self.tiles):
            for tile in self.tiles:
                tile.setParent(None)
                tile.deleteLater()
            self.tiles = [Tile("", big=not at) for at in range(len(order))]
            self._place()
        for tile, one in zip(self.tiles, order, strict=True):
            value, tone = clock_text(one, now)
            due = _("最迟 {time}").format(time=f"{local(one.clock.due_at):%H:%M}")
            tile.setObjectName(f"clock-{one.clock.rule}")
            tile.show_value(value, tone, caption=f"{one.clock.label} {due}")
            tile.setToolTip(
                _("{label}\n报给：{to}\n时限：{due}\n依据：{source}").format(
                    label=one.clock.label,
                    to=one.clock.to,
                    due=f"{local(one.clock.due_at):%m-%d %H:%M}",
                    source=one.clock.source,
                )
            )
        self.setVisible(bool(order))

    def _place(self) -> None:
        if not self.tiles:
            return
        beside = self.width() >= current().px(460)
        others = self.tiles[1:]
        for tile in self.tiles:
            self._grid.removeWidget(tile)
        self._grid.addWidget(self.tiles[0], 0, 0, 2 if beside and len(others) > 1 else 1, 1)
        for at, tile in enumerate(others):
            if beside:
                self._grid.addWidget(tile, at % 2, 1 + at // 2)
            else:
                self._grid.addWidget(tile, 1 + at, 0)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 3 if column == 0 else 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()


class Timeline(QScrollArea):
    """What happened, the newest last and in sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incident-timeline")
        self.setAccessibleName(_("经过"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.moments: Sequence[service.Moment] = ()

    def show_moments(self, moments: Sequence[service.Moment]) -> None:
        """Show these; nothing happens where they are the same."""
        if moments == self.moments and self.widget() is not None:
            return
        self.moments = moments
        theme = current()
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, theme.px(8), theme.px(8), theme.px(8))
        grid.setHorizontalSpacing(theme.px(12))
        grid.setVerticalSpacing(theme.px(2))
        grid.setColumnStretch(1, 1)
        day = ""
        at = 0
        for moment in moments[-MOST_MOMENTS:]:
            when = local(moment.at)
            if f"{when:%m-%d}" != day:
                day = f"{when:%m-%d}"
                grid.addWidget(label(day, "small"), at, 0, 1, 2)
                at += 1
            grid.addWidget(label(f"{when:%H:%M}"), at, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(moment.text, wrap=True, selectable=True), at, 1)
            at += 1
            late = _("{time} 记").format(time=f"{local(moment.recorded_at):%H:%M}")
            typed = late if moment.recorded_at - moment.at > 10 * MINUTE else ""
            note = _("说明：{note}").format(note=moment.note) if moment.note else ""
            under = " · ".join(part for part in (moment.by, typed, note) if part)
            if under:
                grid.addWidget(label(under, "small", wrap=True), at, 1)
                at += 1
            grid.setRowMinimumHeight(at, theme.px(4))
            at += 1
        grid.setRowStretch(at, 1)
        grid.activate()
        self.setWidget(body)
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())


class Facts(QScrollArea):
    """Everything that is known, and what is still to be asked.

    Signals:
        reveal: somebody wants to see the caller's whole number.
    """

    reveal = Signal()

    def __init__(self, desk: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incident-facts")
        self.setAccessibleName(_("要素"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._desk = desk
        self._shown: tuple[bytes, Mapping[str, Value], bool] | None = None

    def show_row(self, row: Row, *, revealed: bool) -> None:
        """Show the facts of a row."""
        if self._shown == (row.id, row.values, revealed):
            return
        self._shown = (row.id, row.values, revealed)
        theme = current()
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, theme.px(8), theme.px(8), theme.px(8))
        grid.setHorizontalSpacing(theme.px(8))
        grid.setVerticalSpacing(theme.px(4))
        grid.setColumnStretch(1, 1)
        at = 0
        missing = [_(INCIDENTS[name].label) for name in WANTED if row.values.get(name) is None]
        if all(row.values.get(name) is None for name in service.HARM):
            missing.append(_("人员伤亡"))
        if missing:
            told = label(_("待补：{what}").format(what=_("、").join(missing)), "muted", wrap=True)
            told.setObjectName("incident-missing")
            grid.addWidget(told, at, 0, 1, 2)
            at += 1
        for name in FACTS:
            text = self._text(row, name, revealed=revealed)
            if not text:
                continue
            item = INCIDENTS[name]
            caption = _("伤亡损失") if name == HARM else _(item.label)
            grid.addWidget(label(caption, "muted"), at, 0, Qt.AlignmentFlag.AlignTop)
            value = label(text, wrap=True, selectable=True)
            value.setObjectName(f"fact-{name}")
            grid.addWidget(value, at, 1)
            at += 1
            if item.personal and not revealed:
                show = button(_("显示号码"), tip=_("显示完整号码，理由记入审计"))
                show.setObjectName("fact-reveal")
                show.clicked.connect(self.reveal)
                grid.addWidget(show, at, 1, Qt.AlignmentFlag.AlignLeft)
                at += 1
        grid.setRowStretch(at, 1)
        self.setWidget(body)

    def _text(self, row: Row, name: str, *, revealed: bool) -> str:
        item, value = INCIDENTS[name], row.values.get(name)
        if name == HARM:
            return rules.harm_text(Harm.of(row.values), lines.grades())
        if value is None:
            return ""
        if name == "type":
            return lines.type_path(value)
        if isinstance(item.kind, Time) and isinstance(value, int):
            return f"{local(value):%m-%d %H:%M}"
        if isinstance(value, bytes):
            return self._desk.title("regions", value)
        if item.personal and not revealed:
            return str(self._desk.masked(row, name))
        return lines.shown(item, value)
