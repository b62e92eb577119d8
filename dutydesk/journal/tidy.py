"""Housekeeping of the search indexes and of the WAL, taken out of the way of those who save.

FTS5 merges the parts of its indexes, and SQLite carries its WAL into the file, inside whatever commit comes to the
limit: in a desk of a million entries some saves wait for it, and beside an import many. A window takes both over and
does them in small steps from a worker; docs/performance.md has the figures. A desk that has no window keeps SQLite's
own ways, and limits stay where there is one: whoever comes to `MOST_PARTS` parts or `WAL_PAGES` pages does the work
after all.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from dutydesk.core.errors import Damaged, Unavailable
from dutydesk.journal import recipe

if TYPE_CHECKING:
    from dutydesk.journal.store import Store

KEPT = "tidy"
"""The mark in `local_state` of a desk whose window does this work."""
STEP = 16
"""Pages of an index that one transaction merges: a save that comes meanwhile waits for no more."""
REST = 0.005
"""Seconds between two steps, in which a save that waits gets the writer."""
MOST_PARTS, WAL_PAGES = 256, 8_000
AUTOMERGE, CRISISMERGE = 4, 16
"""What FTS5 does by itself (sqlite.org/fts5.html, "automerge" and "crisismerge")."""


class Tidy:
    """The housekeeping of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keeper = False
        self._kept = False

    def begin(self) -> None:
        """At opening: see whether a window has taken the work over, and take it back from one that was killed."""
        self._kept = self._store.state(KEPT) != ""
        if self._kept and not self._store.shared():
            self._give_back()
        elif self._kept:  # the window carries the WAL over for this process, too: its syncs are what a save waits for
            self._store.local(_leave_the_wal)

    def keep(self) -> None:
        """Take merging and checkpoints out of the saves: from now on the caller calls `work` from a worker, once a
        minute. Closing the store gives both back. Safe to call again."""
        if not self._keeper:
            self._store.local(self._take)
            self._keeper = self._kept = True

    def work(self, budget: int = 1_000) -> bool:
        """For about `budget` milliseconds merge search indexes in small transactions, then carry the WAL over; does
        nothing on a desk that does both by itself. Returns whether something is left to merge."""
        if not self._kept:
            return False
        until = time.monotonic() + budget / 1_000
        rest = threading.Event()
        left = False
        for name in self._indexes():
            more = True
            while more and not left:
                more = self._store.local(lambda cursor, name=name: merge(cursor, name))
                rest.wait(REST)
                left = more and time.monotonic() > until
        if self._keeper:
            self._checkpoint()
        return left

    def end(self) -> None:
        """Before closing: what was taken over goes back."""
        if self._keeper:
            self._give_back()

    def _indexes(self) -> list[str]:
        return [shape.fts for shape in self._store.schema.shapes.values() if shape.fts]

    def _give_back(self) -> None:
        with suppress(Unavailable, Damaged):  # a full disk: who opens the desk next tries again
            self._store.local(self._return)
            self._keeper = self._kept = False

    def _take(self, cursor: recipe.Cursor) -> None:
        self._configure(cursor, 0, MOST_PARTS)
        cursor.execute("INSERT OR REPLACE INTO local_state VALUES (?, '1')", (KEPT,))
        cursor.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")

    def _return(self, cursor: recipe.Cursor) -> None:
        self._configure(cursor, AUTOMERGE, CRISISMERGE)
        cursor.execute("DELETE FROM local_state WHERE key = ?", (KEPT,))

    def _configure(self, cursor: recipe.Cursor, automerge: int, crisismerge: int) -> None:
        """How FTS5 merges is kept in the file, for all who write to it."""
        for name in self._indexes():
            for key, value in (("automerge", automerge), ("crisismerge", crisismerge)):
                cursor.execute(f"INSERT INTO {name} ({name}, rank) VALUES (?, ?)", (key, value))

    def _checkpoint(self) -> None:
        """Carry the WAL into the file as far as no reader needs it, by a connection of its own: nobody waits."""
        raw = recipe.connect(self._store.home.database, self._store.key)
        try:
            raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        finally:
            raw.close()


def _leave_the_wal(cursor: recipe.Cursor) -> None:
    cursor.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")


def merge(cursor: recipe.Cursor, name: str) -> bool:
    """One step of merging an index, inside a transaction; whether there was anything to merge."""
    before = cursor.execute("SELECT total_changes()").fetchone()[0]
    cursor.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('merge', ?)", (STEP,))
    # fts5.html: fewer than two changes mean that nothing was left to do
    return bool(cursor.execute("SELECT total_changes()").fetchone()[0] - before >= 2)
