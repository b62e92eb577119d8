"""A desk for the tests of plain lists: two streets below a district, a clock that stands, what a pane is given by the
window, and the text of a PDF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk, Me
from tests.desks import a_desk

NIGHT = parse_iso("2026-06-18 22:00")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NIGHT)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", clock, Me(name="李示例"), desk="7c" * 16, name="一号席") as made:
        yield made


@pytest.fixture
def places(desk: Desk) -> dict[str, bytes]:
    """Ids of a district, its two streets and a community."""
    ids: dict[str, bytes] = {}
    for code, name, level, parent in (
        ("990102", "示例区", "DISTRICT", ""),
        ("990102001", "东示例街道", "SUBDISTRICT", "示例区"),
        ("990102002", "西示例街道", "SUBDISTRICT", "示例区"),
        ("990102001001", "东一社区", "COMMUNITY", "东示例街道"),
    ):
        change = desk.new("regions", {"code": code, "name": name, "level": level, "parent": ids.get(parent)})
        desk.act("regions.add", [change])
        ids[name] = change.row
    return ids


@dataclass
class Window:
    """What the window gives a pane, kept to be looked at."""

    previews: list[dict[str, Any]] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    exports: list[Any] = field(default_factory=list)

    def preview(self, pdf: bytes, title: str, form: str, about: str, missing: Any) -> None:
        self.previews.append({"pdf": pdf, "title": title, "form": form, "about": about, "missing": list(missing)})

    def import_into(self, ledger: str, parent: Any) -> None:
        self.imports.append(ledger)

    def export_from(self, ledger: str, query: Any, parent: Any) -> None:
        self.exports.append(query)


@pytest.fixture
def window(desk: Desk, qapp: Any) -> Iterator[Window]:
    """The services of a window; the announcer is closed afterwards."""
    from dutydesk.qt.announcer import announcer_for

    made = Window()
    announcer = announcer_for(desk.store)
    desk.services.update({"preview": made.preview, "import": made.import_into, "export": made.export_from})
    desk.services["announcer"] = announcer
    yield made
    announcer.close()
    announcer.deleteLater()


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def text_of(pdf: bytes) -> str:
    """The text of a PDF without blanks and line ends."""
    return "".join("".join(pages_of(pdf)).split())
