"""From the store's listeners to a Qt signal in the window's thread.

The store calls its listeners in whatever thread committed. `Announcer` hands each announcement over to the GUI
thread, queued, so that a pane never runs inside someone's transaction. What other processes wrote is seen by
`PRAGMA data_version`, asked once a second; it says that something changed, not what, hence `Changed(everything=True)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal, SignalInstance

POLL_MS = 1_000


@dataclass(frozen=True, slots=True)
class Changed:
    """What was written: names of ledgers and ids of their rows; `everything` when only that something was."""

    ledgers: frozenset[str] = frozenset()
    rows: Mapping[str, frozenset[bytes]] = field(default_factory=dict)
    everything: bool = False

    def touches(self, *ledgers: str) -> bool:
        """Whether any of these ledgers may have changed."""
        return self.everything or not self.ledgers.isdisjoint(ledgers)


class Announcer(QObject):
    """One per store; `announcer_for` gives it.

    Signals:
        changed: a `Changed`, in the thread of this object, after the commit and after what the committer was doing.
    """

    changed = Signal(object)
    _heard = Signal(object)

    def __init__(self, store: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self._version: int | None = None
        self._heard.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._poll = QTimer(self)
        self._poll.setInterval(POLL_MS)
        self._poll.timeout.connect(self.look)
        self._listener = self._hear
        store.listeners.append(self._listener)

    def watch(self) -> None:
        """Begin to look for other processes' writes once a second."""
        self._version = self.store.data_version()
        self._poll.start()

    def look(self) -> None:
        """Look once for other processes' writes."""
        version = self.store.data_version()
        if self._version is not None and version != self._version:
            self.changed.emit(Changed(everything=True))
        self._version = version

    def close(self) -> None:
        """Stop listening and looking; safe to call twice."""
        self._poll.stop()
        if self._listener in self.store.listeners:
            self.store.listeners.remove(self._listener)
        self.setParent(None)

    def _hear(self, announcement: Any) -> None:
        signal: SignalInstance = self._heard
        signal.emit(Changed(frozenset(announcement.ledgers), dict(announcement.rows)))

    def _deliver(self, changed: Changed) -> None:
        self.changed.emit(changed)


def announcer_of(desk: Any) -> Announcer:
    """The announcer that the window put among a desk's services, or the one of its store."""
    return desk.services.get("announcer") or announcer_for(desk.store)


def announcer_for(store: Any) -> Announcer:
    """The announcer of `store`, made at the first call. It lives with the application until `close`."""
    app = QCoreApplication.instance()
    assert app is not None
    for made in app.findChildren(Announcer, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if made.store is store:
            return made
    return Announcer(store, app)
