"""The English catalogue is whole, and the program speaks it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dutydesk.core import figures, i18n
from dutydesk.daybook.ledger import LOG
from dutydesk.ledger import kinds
from dutydesk.warnings import standing


def _folder(folder: Path, *_parts: str) -> Path:
    """Stands for `resources`: the catalogue compiled for this test, not the one of the checkout."""
    return folder


def test_every_string_is_translated(catalogue: Any) -> None:
    faults = catalogue.check()
    assert not faults, "python packaging/catalogue.py update, then translate:\n" + "\n".join(faults)


def test_update_keeps_translations_and_writes_the_same_bytes_twice(catalogue: Any, tmp_path: Path) -> None:
    po = tmp_path / "dutydesk.po"
    catalogue.update(po)
    first = next(message for message in catalogue.load(po) if message.id)
    text = po.read_text(encoding="utf-8")
    po.write_text(
        text.replace(f'msgid "{first.id}"\nmsgstr ""', f'msgid "{first.id}"\nmsgstr "kept"'), encoding="utf-8"
    )
    catalogue.update(po)
    once = po.read_bytes()
    catalogue.update(po)
    assert po.read_bytes() == once
    assert catalogue.load(po).get(first.id).string == "kept"


def test_it_compiles_and_is_spoken(catalogue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (compiled,) = catalogue.compile_all(tmp_path)
    assert compiled == tmp_path / "en" / "LC_MESSAGES" / "dutydesk.mo"
    monkeypatch.setattr(i18n, "resources", partial(_folder, tmp_path))
    i18n.use("en_GB.UTF-8")
    assert i18n.language() == "en"
    for message in catalogue.load():
        if message.id and message.string:
            assert i18n._(str(message.id)) == message.string
    i18n.use("zh_CN")
    assert i18n._("值班日志") == "值班日志"


def test_nothing_is_compiled_twice(catalogue: Any, tmp_path: Path) -> None:
    assert catalogue.compile_all(tmp_path)
    assert not catalogue.compile_all(tmp_path)


SOURCE = """
from dutydesk.core.i18n import N_, _
A = N_("甲{n}")
def f():
    return _("乙") + _("甲{n}")
"""


def test_both_marks_are_found(catalogue: Any, tmp_path: Path) -> None:
    package = tmp_path / "dutydesk"
    package.mkdir()
    (package / "a.py").write_text(SOURCE, encoding="utf-8")
    assert list(catalogue.sources(package)) == [
        ("dutydesk/a.py", 3, "甲{n}"),
        ("dutydesk/a.py", 5, "乙"),
        ("dutydesk/a.py", 5, "甲{n}"),
    ]


@pytest.mark.parametrize(
    ("english", "fault"),
    [
        ("", "not translated"),
        ("  ", "not translated"),
        ("{n} people", ""),
        ("people", "other placeholders"),
        ("{m} people", "other placeholders"),
        ("{n} 人", "Chinese left over"),
        ("{n} people\uff1a", "Chinese left over"),
        ("{n} people ", "blanks"),
    ],
)
def test_a_bad_translation_is_told(catalogue: Any, english: str, fault: str) -> None:
    message = catalogue.Message("{n}人", english)
    told = list(catalogue.faults(message))
    assert [t for t in told if fault in t] if fault else not told


def test_a_fuzzy_translation_is_told(catalogue: Any) -> None:
    assert list(catalogue.faults(catalogue.Message("是", "Yes", flags={"fuzzy"}))) == ["marked fuzzy"]


@pytest.fixture
def english(catalogue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    catalogue.compile_all(tmp_path)
    monkeypatch.setattr(i18n, "resources", partial(_folder, tmp_path))
    i18n.use("en")
    yield
    i18n.use("zh_CN")


@pytest.mark.usefixtures("english")
def test_english_says_counts_choices_and_warnings_without_chinese(catalogue: Any) -> None:
    said = [
        figures.wan(160_100, i18n._("人")),
        kinds.shown(LOG["line"].choices[0]),
        standing.signal_text({"type": "11B03", "colour": "ORANGE"}),
    ]
    assert said[0] == "160,100 people"
    assert said[2].endswith(" Orange")
    assert not [text for text in said if catalogue.CHINESE.search(text)]
