"""The pane 纸质单: sheets with pre-printed numbers, what is typed from them, and outages."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.papers import outages
from dutydesk.papers.pane_lists import OutageTab, PaperTab
from dutydesk.qt.announcer import Changed, announcer_of

CommandRow = tuple[str, str, Callable[[], None]]


class PapersPane(QWidget):
    """Two lists: the sheets (Enter types a line of the current one) and the outages (F8 begins one, F9 ends it)."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("papers-main")
        self.title = _("纸质单")
        self.desk = desk
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("papers-tabs")
        self.tabs.setDocumentMode(True)
        self.papers = PaperTab(desk)
        self.outages = OutageTab(desk)
        self.tabs.addTab(self.papers, _("单子"))
        self.tabs.addTab(self.outages, "")
        column.addWidget(self.tabs)
        announcer_of(desk).changed.connect(self.heed)
        self._label()

    def heed(self, changed: Changed) -> None:
        """Slot for the announcer."""
        if changed.touches("outages"):
            self._label()

    def _label(self) -> None:
        running = outages.current(self.desk)
        text = outages.title(running[0].values) if running else _("断电断网")
        self.tabs.setTabText(1, text)

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """The list that is in front."""
        (self.papers if self.tabs.currentIndex() == 0 else self.outages).focus_first()

    def show_row(self, ledger: str, row: bytes) -> None:
        """Show a sheet or an outage."""
        tab = self.outages if ledger == "outages" else self.papers
        self.tabs.setCurrentWidget(tab)
        tab.show_row(ledger, row)

    def toggle_outage(self) -> None:
        """An outage begins, or the one that goes on is over: the form for it."""
        self.tabs.setCurrentWidget(self.outages)
        if outages.current(self.desk):
            self.outages.end()
        else:
            self.outages.begin()

    def commands(self) -> list[CommandRow]:
        """What the palette and the key sheet show of this pane; keys that both lists have are those of the one in
        front."""
        front, behind = (self.papers, self.outages)[:: 1 if self.tabs.currentIndex() == 0 else -1]
        found = front.commands()
        taken = {key for _text, key, _run in found}
        return [*found, *((text, "" if key in taken else key, run) for text, key, run in behind.commands())]
