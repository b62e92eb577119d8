"""What an import came to: for the register, the pane and the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dutydesk.core.clock import iso
from dutydesk.sync.bundle import Manifest

DONE, KNOWN, WAITING, PARTLY = "DONE", "KNOWN", "WAITING", "PARTLY"
GUARD, STRANGER, NEWER = "GUARD", "STRANGER", "NEWER"
REVOKED, FOREIGN, TAMPERED = "REVOKED", "FOREIGN", "TAMPERED"
KEPT = (WAITING, GUARD, STRANGER, NEWER)
"""States in which the file stays in `inbox/`."""
WELL = (DONE, KNOWN, WAITING)
"""States that want nobody."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When deletions want a person: more than `rows` rows, or more than `share` percent of a list and at least
    `least` rows (engineering.md §1.1, deletion fail-safe; F24)."""

    share: int = 20
    rows: int = 50
    least: int = 3


RULE = Rule()


@dataclass(slots=True)
class Taken:
    """What became of one bundle. `reason` is a sentence; `fingerprint` what to compare of an unknown desk."""

    name: str
    sha256: str = ""
    state: str = DONE
    reason: str = ""
    manifest: Manifest | None = None
    applied: int = 0
    known: int = 0
    waiting: int = 0
    quarantined: int = 0
    files: int = 0
    deletes: dict[str, int] = field(default_factory=dict[str, int])
    notes: list[str] = field(default_factory=list[str])

    @property
    def fingerprint(self) -> str:
        """Of the sender."""
        return self.manifest.sender.fingerprint if self.manifest else ""

    @property
    def ok(self) -> bool:
        """Whether nothing wants a person."""
        return self.state in WELL and not self.quarantined

    def note(self, text: str) -> None:
        """Something worth knowing; said once."""
        if text not in self.notes:
            self.notes.append(text)

    def json(self) -> dict[str, Any]:
        """For `--json`."""
        told = self.manifest
        return {
            "file": self.name,
            "ok": self.ok,
            "state": self.state,
            "reason": self.reason,
            "from": told.sender.called if told else "",
            "desk": told.sender.desk.hex() if told else "",
            "number": told.number if told else 0,
            "fingerprint": self.fingerprint,
            "sha256": self.sha256,
            "made_at": iso(told.made_at) if told else "",
            "applied": self.applied,
            "known": self.known,
            "waiting": self.waiting,
            "quarantined": self.quarantined,
            "files": self.files,
            "deletes": self.deletes,
            "notes": self.notes,
        }


@dataclass(frozen=True, slots=True)
class Held:
    """A file in `inbox/`: why it waits, since when (ms UTC), from whom."""

    sha256: str
    state: str
    reason: str
    name: str
    at: int
    sender: str
    number: int
    fingerprint: str
