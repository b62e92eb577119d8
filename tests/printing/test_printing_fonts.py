"""Faces and glyphs: what can be drawn, what becomes a box, what is said before printing."""

from __future__ import annotations

from pathlib import Path

import pytest

from dutydesk.core.errors import Unavailable
from dutydesk.core.paths import fonts_dir
from dutydesk.printing import fonts
from dutydesk.printing.pdf import outlines

NOWHERE = "\U00020bb7"  # 𠮷 is in neither face


@pytest.mark.parametrize("face", fonts.FACES)
@pytest.mark.parametrize("character", "㙍䶮㛃℃㎡〔〕〇Ⅲ①№×√□■·—…“”，。")
def test_each_face_has_ink_for_what_forms_need(face: str, character: str) -> None:
    assert outlines(face).has_outline(ord(character))


def test_blank_characters_are_no_glyphs_but_may_be_drawn() -> None:
    assert not outlines(fonts.SANS).has_outline(ord(" "))
    assert fonts.can_draw(" ")
    assert fonts.can_draw("\u3000")


def test_runs_keep_the_text_and_single_out_what_no_face_has() -> None:
    assert fonts.runs(f"张{NOWHERE}甲A") == [
        fonts.Run("Sans", "张"),
        fonts.Run("", NOWHERE),
        fonts.Run("Sans", "甲A"),
    ]
    assert fonts.runs("甲", fonts.SERIF) == [fonts.Run("Serif", "甲")]


def test_runs_fall_back_to_another_face() -> None:
    other = {
        face: next(
            chr(code)
            for code in sorted(outlines(face).glyphs)
            if outlines(face).has_outline(code) and not outlines(rival).has_outline(code)
        )
        for face, rival in (("Serif", "Sans"), ("Sans", "Serif"))
    }
    assert [run.face for run in fonts.runs("甲" + other["Serif"])] == ["Sans", "Serif"]
    assert [run.face for run in fonts.runs("甲" + other["Sans"], "Serif")] == ["Serif", "Sans"]


def test_missing_names_row_character_and_code() -> None:
    found = fonts.missing(["张三甲", f"{NOWHERE}{NOWHERE}甲", "a\n\tb", "\x01"])
    assert found == [fonts.Missing(2, NOWHERE, "U+20BB7"), fonts.Missing(4, "\x01", "U+0001")]
    problem = found[0].problem()
    assert problem.line == 2
    assert NOWHERE in problem.reason
    assert "U+20BB7" in problem.reason


@pytest.mark.parametrize("character", ["\u200b", "\u202e", "\ufe0f", "\ufeff"])
def test_instructions_to_text_engines_take_no_room(character: str) -> None:
    assert fonts.runs(f"甲{character}乙") == [fonts.Run("Sans", "甲乙")]
    assert fonts.widths()[character] == 0
    assert fonts.missing([character]) == []


def test_widths_are_the_faces_own() -> None:
    assert fonts.widths()["甲"] == 1000
    assert fonts.widths()[NOWHERE] == 1000
    assert fonts.widths().measure("1") * 2 == fonts.widths().measure("90"), "digits are tabular"


def test_without_fonts_the_sentence_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DUTYDESK_FONTS", str(tmp_path))
    with pytest.raises(Unavailable, match="make fonts"):
        fonts_dir()
