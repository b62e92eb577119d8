"""What the way back (`recovery`) does beside the window: looking through the folder, asking the hub, opening a copy from
elsewhere, restoring. Each is a job of `qt.jobs`."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dutydesk.core.clock import Clock
from dutydesk.core.paths import Home
from dutydesk.features import schema
from dutydesk.qt.jobs import Token
from dutydesk.sync import ladder, second
from dutydesk.sync.ladder import Choice, Found
from dutydesk.sync.restoring import Floor

OPENED = ".opened-"
"""How the folders begin in which an encrypted copy lies open, as long as the dialog does."""


def close_opened(home: Home) -> None:
    """Nothing that was encrypted stays open."""
    for left in home.root.glob(f"{OPENED}*"):
        shutil.rmtree(left, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Look:
    """Look through the folder, beside the window; the hub is asked afterwards."""

    home: Home
    key: bytes | None
    year: int

    def __call__(self, token: Token) -> Found:
        token.check()
        close_opened(self.home)
        return ladder.look(self.home, schema(), self.key, year=self.year, ask_hub=False)


def ask_hub(home: Path, found: Found, key: bytes | None, year: int, token: Token) -> Found:
    """In a process of its own: what the hub has to add."""
    token.check()
    return ladder.heard(Home(home), found, schema(), key, year=year)


@dataclass(frozen=True, slots=True)
class Bring:
    """Open a copy from elsewhere; an encrypted one by `secret`, into a folder that goes again."""

    home: Home
    file: Path
    secret: str
    key: bytes | None

    def __call__(self, token: Token) -> Choice:
        token.check()
        file = self.file
        if file.suffix == second.AGE:
            work = self.home.root / f"{OPENED}{secrets.token_hex(4)}"
            work.mkdir(parents=True)
            file = work / self.file.name.removesuffix(second.AGE)
            second.decrypt(self.file, file, self.secret)
        return ladder.elsewhere(self.home, file, self.key)


@dataclass(frozen=True, slots=True)
class Take:
    """Do what was chosen, beside the window."""

    choice: Choice
    home: Home
    clock: Clock
    numbers: Mapping[str, int]
    floors: Sequence[Floor]
    key: bytes | None

    def __call__(self, token: Token) -> list[str]:
        token.check()
        return ladder.take(self.choice, self.home, schema(), self.clock, self.numbers, key=self.key, floors=self.floors)
