"""Where things are: the desk's folder and the program's own resources."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dutydesk.core.errors import Unavailable

APP = "DutyDesk"


@dataclass(frozen=True, slots=True)
class Home:
    """A desk's folder and the names in it (house.md §2); making one creates nothing."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "desk.sqlite"

    @property
    def head(self) -> Path:
        return self.root / "desk.head"

    @property
    def looks(self) -> Path:
        return self.root / "desk.looks"

    @property
    def lock(self) -> Path:
        return self.root / "desk.lock"

    @property
    def config(self) -> Path:
        return self.root / "desk.toml"

    @property
    def attachments(self) -> Path:
        return self.root / "attachments"

    @property
    def snapshots(self) -> Path:
        return self.root / "snapshots"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def is_desk(self) -> bool:
        return self.database.exists() or self.config.exists()


def default_home() -> Home:
    """`$DUTYDESK_HOME`, else the platform's data folder."""
    named = os.environ.get("DUTYDESK_HOME", "")
    if named:
        return Home(Path(named).expanduser())
    from platformdirs import user_data_path

    return Home(user_data_path(APP, appauthor=False, roaming=False))


def _package() -> Path:
    return Path(__file__).parent.parent


@cache
def _resource_root() -> Path:
    installed = _package() / "_resources"
    return installed if installed.is_dir() else _package().parent / "resources"


def resources(*parts: str) -> Path:
    """A file or folder of the program's resources: beside the package in a checkout, inside it in a wheel."""
    return _resource_root().joinpath(*parts)


def manual(*parts: str) -> Path:
    """A page of the manual, or a picture in it: `docs/` of a checkout, shipped in a wheel."""
    installed = _package() / "_resources"
    return (installed if installed.is_dir() else _package().parent / "docs").joinpath("manual", *parts)


def fonts_dir() -> Path:
    """The folder of the TrueType faces: `$DUTYDESK_FONTS`, else inside the wheel, else `build/fonts` of the checkout.

    Raises `Unavailable` when the faces are in none of these.
    """
    named = os.environ.get("DUTYDESK_FONTS", "")
    places = [Path(named)] if named else [resources("fonts"), _package().parent / "build" / "fonts"]
    for place in places:
        if any(place.glob("*.ttf")):
            return place
    from dutydesk.core.i18n import _  # i18n itself asks this module where its catalogues are

    raise Unavailable(_("找不到打印字体：{place}。请先运行 make fonts").format(place=places[-1]))
