"""What the command line says: results on standard output, problems on standard error, one line each, in UTF-8."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from dutydesk.core.errors import DutyDeskError, Problem


def use_utf8() -> None:
    """Speak UTF-8 whatever the terminal was set to: a Windows console's code page has no 㙍, and scripts expect it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def say(text: str) -> None:
    """One line of the result."""
    _line(sys.stdout, text)


def warn(text: str) -> None:
    """One line beside the result."""
    _line(sys.stderr, text)


def answer(value: Any) -> None:
    """The one JSON value of `--json`."""
    import json  # a window asks for none

    say(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def write(parts: Iterable[str]) -> None:
    """A long result, piece by piece, as it is made."""
    for part in parts:
        sys.stdout.write(part)
    sys.stdout.write("\n")


def problem(found: Problem) -> dict[str, Any]:
    """A problem as JSON shows it."""
    shape: dict[str, Any] = {"line": found.line, "field": found.field, "reason": found.reason}
    return shape


def complain(problems: Iterable[Problem]) -> None:
    """One line a problem: file, line, field, reason."""
    for found in problems:
        warn(str(found).replace("\n", " "))


def refusal(error: DutyDeskError) -> dict[str, Any]:
    """What `--json` prints when a command is refused."""
    return {"problems": [{"file": found.file} | problem(found) for found in error.problems]}


def _line(stream: TextIO, text: str) -> None:
    stream.write(text + "\n")
