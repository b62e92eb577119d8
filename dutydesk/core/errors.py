"""The families of failure and what each means to the person at the desk.

A refusal is the user's to mend, an unavailability is the environment's, damage is the record's. Everything
else is our own bug and is caught once, at the edge (`cli.main`, `shell.crash`), logged whole and shown as one
sentence. The exit codes are the command line's contract (house.md §8).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with what was given: file, line and field where they are known, and the reason."""

    reason: str
    field: str = ""
    line: int | None = None
    file: str = ""

    def __str__(self) -> str:
        where = [self.file, "" if self.line is None else str(self.line), self.field]
        return ": ".join([part for part in where if part] + [self.reason])


class DutyDeskError(Exception):
    """Root of every error that the program raises on purpose; `exit_code` is what the command line returns."""

    exit_code = 1

    def __init__(self, *problems: Problem | str) -> None:
        self.problems: tuple[Problem, ...] = tuple(Problem(p) if isinstance(p, str) else p for p in problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Refused(DutyDeskError):
    """The input breaks a rule that the user can mend; nothing was written."""

    exit_code = 1


class Unavailable(DutyDeskError):
    """Disk, hub, printer or another thing outside the program is not there."""

    exit_code = 3


class Damaged(DutyDeskError):
    """The record on disk is not what was written; nothing was touched."""

    exit_code = 4
