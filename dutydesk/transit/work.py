"""Export and import in a process of their own, beside an open window: the parse and the packing would hold up a save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from dutydesk.core.clock import FixedClock
from dutydesk.core.i18n import N_, _, use
from dutydesk.core.paths import Home
from dutydesk.journal.desk import Desk, Me

STAGES = {
    "acts": N_("打包记录"),
    "write": N_("写到介质"),
    "copy": N_("从介质读取"),
    "check": N_("检查"),
    "apply": N_("收入"),
}


class Token(Protocol):
    """What a job is given (`qt.jobs`)."""

    def progress(self, done: int, total: int, text: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Who:
    """The desk to open: folder, key, who is at it, what time it is (ms UTC), the language."""

    root: Path
    key: bytes | None
    id: str
    name: str
    at: int
    language: str


def who(desk: Desk) -> Who:
    """This desk, for another process."""
    from dutydesk.core.i18n import language

    store = desk.store
    return Who(store.home.root, store.key, desk.me.id, desk.me.name, desk.clock.now(), language())


class _Told:
    def __init__(self, token: Token) -> None:
        self._token = token
        self._last = (-1, "")

    def __call__(self, stage: str, done: int, whole: int) -> None:
        """Every hundredth part, so that the telling costs nothing; raises where somebody asked to stop."""
        part = (done * 100 // whole if whole else 0, stage)
        if part != self._last:
            self._last = part
            self._token.progress(done, whole, _(STAGES.get(stage, stage)))


def _open(told: Who) -> Desk:
    use(told.language)
    features: Any = import_module("dutydesk.features")  # by name, like a service: nobody hands it over here
    return features.open_desk(Home(told.root), FixedClock(told.at), Me(told.id, told.name), key=told.key)


def export(
    told: Who, folder: str, to: str, since: int | str, medium: bytes | None, reason: str, token: Token
) -> tuple[list[str], int, list[str]]:
    """Files written, acts in them, notes."""
    from dutydesk.transit import service

    desk = _open(told)
    try:
        made = service.export(desk, Path(folder), to, since=since, medium=medium, reason=reason, progress=_Told(token))
        return [one.file.name for one in made.written], sum(one.acts for one in made.written), made.notes
    finally:
        desk.store.close()


def check(told: Who, files: Sequence[str], token: Token) -> list[tuple[str, bool, str]]:
    """Each file on a medium held against the register: name, whether it is as entered, one sentence."""
    from dutydesk.transit import service

    desk = _open(told)
    try:
        out: list[tuple[str, bool, str]] = []
        for n, file in enumerate(files):
            token.progress(n, len(files), _("核对"))
            out += [(one.file, one.ok, one.said) for one in service.check(desk, [Path(file)])]
        return out
    finally:
        desk.store.close()


def take(
    told: Who, files: Sequence[str], fingerprint: str, deletes: bool, identity: str, token: Token
) -> list[dict[str, Any]]:
    """What came of each file: its JSON and `summary`."""
    from dutydesk.transit import service

    desk = _open(told)
    try:
        found = service.take(
            desk,
            [Path(file) for file in files],
            fingerprint=fingerprint,
            deletes=deletes,
            identity=identity,
            progress=_Told(token),
        )
        return [{**one.json(), "summary": service.summary(one)} for one in found]
    finally:
        desk.store.close()
