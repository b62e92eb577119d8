"""How the window looked last on this workstation: `desk.looks`, one line beside the record.

It stands outside the database because the window is on the screen before the record is open: it must not flash white
at night, and must not wait for SQLite either. Nothing but looks is in it; where it is missing or spoilt the window
comes up as a new one does.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from dutydesk.core.files import write_whole
from dutydesk.core.paths import Home

log = logging.getLogger(__name__)
PERCENTS = (100, 125, 150, 175, 200)
"""The sizes of type that there are."""


class Looks(NamedTuple):
    """Night or day, the type's size in percent, and the language asked for (empty: none was)."""

    night: bool = False
    percent: int = PERCENTS[0]
    language: str = ""


def read(home: Home) -> Looks:
    """What was kept; the usual looks where that cannot be read."""
    try:
        night, percent, *language = home.looks.read_text(encoding="ascii").split()
        known = Looks(night == "1", int(percent), language[0] if language else "")
    except (OSError, ValueError):
        return Looks()
    return known if known.percent in PERCENTS else known._replace(percent=PERCENTS[0])


def keep(home: Home, looks: Looks) -> None:
    """Keep the looks for the next start; a folder that does not take them costs no more than the looks."""
    try:
        write_whole(home.looks, f"{int(looks.night)} {looks.percent} {looks.language}\n".encode("ascii"))
    except OSError as error:
        log.warning("desk.looks was not written: %s", error)
