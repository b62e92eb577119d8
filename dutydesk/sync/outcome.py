"""What a run of sync came to: for the pane, the log of runs, and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dutydesk.core.clock import iso

EQUAL, REBUILT, DIFFERENT, NOT_ASKED = "EQUAL", "REBUILT", "DIFFERENT", ""


@dataclass(slots=True)
class SyncReport:
    """Filled while the run goes on; when the run fails it is what was done until then.

    `waiting`: acts of this desk that the hub has not confirmed; `in_step`: every chain ends at the same act on both
    sides; `digest`: how the tables compare with other desks' at the same frontier; `alarms` want a person, `notes` do
    not; times are milliseconds UTC.
    """

    hub: str = ""
    started_at: int = 0
    ended_at: int = 0
    pushed: int = 0
    pulled: int = 0
    quarantined: int = 0
    waiting: int = 0
    files_sent: int = 0
    files_fetched: int = 0
    in_step: bool = False
    epoch: int = 0
    clock_ahead: int = 0
    digest: str = NOT_ASKED
    forks: list[str] = field(default_factory=list[str])
    alarms: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is left to do and nothing wants a person."""
        return self.in_step and not self.alarms and not self.error

    def alarm(self, text: str) -> None:
        """Something that a person must look at; said once."""
        if text not in self.alarms:
            self.alarms.append(text)

    def note(self, *texts: str) -> None:
        """Something worth knowing; said once."""
        self.notes += [text for text in texts if text not in self.notes]

    def json(self) -> dict[str, Any]:
        """For `--json` and the log of runs; times in ISO 8601."""
        told = asdict(self)
        for name in ("started_at", "ended_at"):
            told[name] = iso(told[name]) if told[name] else ""
        return {"ok": self.ok} | told

    def lines(self) -> Sequence[str]:
        """The alarms first, then the notes."""
        return [*self.alarms, *self.notes]
