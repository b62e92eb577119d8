"""The form for a warning that somebody types, and the small one that lifts a warning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from dutydesk.core.clock import MINUTE
from dutydesk.core.errors import DutyDeskError, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.core.shorthand import parse_due, parse_time
from dutydesk.journal import drafts
from dutydesk.ledger.kinds import TEXT, TIME
from dutydesk.ledger.spec import Field, Ledger, Value
from dutydesk.qt.editors import TimeEditor, typed_time
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label
from dutydesk.warnings import service
from dutydesk.warnings.ledger import WARNINGS

DRAFT = "warnings.typed"
FIRST = ("type", "colour", "issuer", "areas", "issued_at")
MORE = (
    *("ends_at", "starts_at", "text", "measures", "headline"),
    *("status", "kind", "refers", "identifier", "area_codes"),
)
TYPED = Ledger(
    "typed_warning",
    N_("预警"),
    (
        *(replace(WARNINGS[name], required=True) for name in FIRST),
        *(WARNINGS[name] for name in MORE),
    ),
)
LIFTED = Ledger(
    "lifted_warning",
    N_("解除"),
    (Field("at", TIME, N_("解除时间"), required=True), Field("note", TEXT, N_("说明"))),
)


def typed_end(desk: Any) -> Callable[[str], int]:
    """Reads the begin or end of a warning: a time of day alone is the coming one; `3小时后`, `明0830`; what is over by
    its date."""

    def parse(text: str) -> int:
        now = desk.clock.now()
        try:
            due = parse_due(text, now)
            assert due is not None
        except Refused as refused:
            try:
                return parse_time(text, now)
            except Refused:
                raise ValueError(refused.problems[0].reason) from None
        return due

    return parse


class TypedForm(QWidget):
    """A warning typed from a telephone call or a fax.

    Signals:
        saved: the new row. closed: the reader is through; says whether a draft was kept.
    """

    saved = Signal(object)
    closed = Signal(bool)

    def __init__(self, desk: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("warning-typed")
        self._desk = desk
        self._kept = False
        self._after: dict[str, Value] | None = None
        theme = current()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(theme.px(16), theme.px(8), theme.px(16), 0)
        head.setSpacing(theme.px(8))
        self.title = label(_("记一条预警"), "title")
        self.said = label("", "muted")
        self.empty = button(_("清空"), flat=True, tip=_("丢掉草稿，从头填"))
        self.empty.setObjectName("typed-empty")
        self.empty.clicked.connect(self.start_over)
        head.addWidget(self.title)
        head.addWidget(self.said, 1)
        head.addWidget(self.empty)
        column.addLayout(head)
        self._column = column
        self.form: LedgerForm | None = None

    def begin(self, after: Mapping[str, Value] | None = None) -> None:
        """Be ready: with the draft of last time, or as an update of the warning whose fields are given."""
        kept = drafts.kept(self._desk.store, DRAFT) if after is None else None
        now = self._desk.clock.now()
        defaults: dict[str, Value] = {"issued_at": now - now % MINUTE, **(after or {})}
        self._after = dict(after) if after is not None else None
        self._make(defaults)
        assert self.form is not None
        self.title.setText(_("更新预警") if after is not None else _("记一条预警"))
        self.said.setText("")
        if isinstance(kept, dict):
            self.form.restore({str(name): str(text) for name, text in kept.items()})
            self.said.setText(_("接着上次的草稿填"))
        self.empty.setVisible(isinstance(kept, dict))

    def start_over(self) -> None:
        """Throw the draft away."""
        drafts.forget(self._desk.store, DRAFT)
        self.begin()
        self.focus_first()

    def _make(self, defaults: Mapping[str, Value]) -> None:
        if self.form is not None:
            self.form.setParent(None)
            self.form.deleteLater()
        form = LedgerForm(
            TYPED, self._desk, names=(*FIRST, *MORE), defaults=defaults, parse_time=typed_time(self._desk.clock)
        )
        for name in ("starts_at", "ends_at"):
            editor = form.editors[name]
            if isinstance(editor, TimeEditor):
                editor.read_by(typed_end(self._desk))
        form.editors["ends_at"].hint(_("1800 或 3小时后"))
        form.editors["areas"].hint(_("街道之间用顿号分开"))
        form.editors["refers"].hint(_("更新、解除时填原预警编号"))
        for name, editor in form.editors.items():
            editor.input.setObjectName(f"typed-{name}")
        form.save.setObjectName("typed-save")
        form.leave.setObjectName("typed-close")
        form.submitted.connect(self._submit)
        form.drafted.connect(self._draft)
        form.closed.connect(self._close)
        self.form = form
        self._kept = False
        self._column.addWidget(form, 1)
        self.setFocusProxy(form)

    def focus_first(self) -> None:
        """Put the caret where typing begins."""
        if self.form is not None:
            self.form.editors["type"].input.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _submit(self, values: dict[str, Any]) -> None:
        assert self.form is not None
        try:
            row = service.add(self._desk, values)
        except DutyDeskError as error:
            self.form.refuse(error.problems)
            return
        self.form.done()
        if self._after is None:
            drafts.forget(self._desk.store, DRAFT)
        self.saved.emit(row)

    def keep_draft(self) -> None:
        """The window is closing: keep what stands here."""
        if self.form is not None and self.form.dirty and self._after is None:
            drafts.keep(self._desk.store, DRAFT, self.form.texts())

    def _draft(self, texts: dict[str, str]) -> None:
        if self._after is None:
            drafts.keep(self._desk.store, DRAFT, texts)
            self._kept = True

    def _close(self) -> None:
        kept, self._kept = self._kept, False
        self.closed.emit(kept)


class LiftSheet(QDialog):
    """When a warning was lifted, and a word about it.

    Signals:
        given: time (ms) and note; answer with `form.refuse` or `accept`.
    """

    given = Signal(dict)

    def __init__(self, desk: Any, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("lift-sheet")
        self.setWindowTitle(title)
        now = desk.clock.now()
        self.form = LedgerForm(LIFTED, desk, defaults={"at": now - now % MINUTE}, parse_time=typed_time(desk.clock))
        for name, editor in self.form.editors.items():
            editor.input.setObjectName(f"lift-{name}")
        self.form.save.setText(_("解除"))
        self.form.save.setObjectName("lift-save")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form)
        self.form.submitted.connect(self.given)
        self.form.closed.connect(self.reject)
        self.resize(current().px(440), current().px(200))

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.form.setFocus(Qt.FocusReason.PopupFocusReason)
