from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu, QStyle

from dutydesk.qt import theme
from dutydesk.qt.style import PICTURES, sheet
from dutydesk.qt.theme import LIGHT, NIGHT, PAIRS, Theme, Tokens, colour, contrast, names


def test_contrast_is_the_one_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert contrast("#FFFFFF", "#777777") == contrast("#777777", "#FFFFFF")


@pytest.mark.parametrize("tokens", [LIGHT, NIGHT], ids=["light", "night"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_every_text_can_be_read(tokens: Tokens, ink: str, ground: str) -> None:
    assert contrast(colour(tokens, ink), colour(tokens, ground)) >= 4.5


@pytest.mark.parametrize("tokens", [LIGHT, NIGHT], ids=["light", "night"])
def test_focus_and_outlines_can_be_seen(tokens: Tokens) -> None:
    for ground in ("window", "surface", "raised"):
        assert contrast(tokens.accent, colour(tokens, ground)) >= 3
        assert contrast(tokens.outline, colour(tokens, ground)) >= 3


def test_the_night_is_dim() -> None:
    assert contrast(NIGHT.text, "#000000") < contrast("#FFFFFF", "#000000") * 0.75
    for level in ("orange", "yellow"):
        night, day = (contrast(colour(tokens, f"{level}.fill"), "#000000") for tokens in (NIGHT, LIGHT))
        assert night < day


def test_colours_are_colours() -> None:
    for tokens in (LIGHT, NIGHT):
        assert all(re.fullmatch("#[0-9A-F]{6}", colour(tokens, name)) for name in names(tokens))


def test_every_level_has_a_word_and_a_shape_of_its_own() -> None:
    assert set(theme.LEVEL_WORDS) == set(theme.LEVEL_SHAPES) == {*theme.LEVELS, "late"}
    assert len(set(theme.LEVEL_SHAPES.values())) == len(theme.LEVEL_SHAPES)


@pytest.mark.parametrize("percent", theme.PERCENTS)
def test_everything_grows_with_the_type(percent: int) -> None:
    scaled = Theme(percent=percent)
    assert scaled.row == 28 * percent // 100
    assert scaled.font().pixelSize() == round(14 * percent / 100)
    assert f"padding: 0 {scaled.px(8)}px" in sheet(scaled)


@pytest.mark.parametrize("night", [False, True])
def test_the_sheet_names_pictures_that_are_there(night: bool) -> None:
    named = re.findall(r'url\("([^"]+)"\)', sheet(Theme(night=night)))
    assert len(named) >= len(PICTURES)
    assert all(Path(file).is_file() for file in named)


def test_apply_reaches_every_widget(themed) -> None:
    assert themed.palette().window().color().name().upper() == LIGHT.window
    theme.apply(themed, Theme(night=True, percent=150))
    assert themed.palette().window().color().name().upper() == NIGHT.window
    assert themed.font().pixelSize() == 21
    assert theme.current() == Theme(night=True, percent=150)


def test_the_bundled_face_is_used(themed) -> None:
    if "Noto Sans SC" not in theme.load_fonts():
        pytest.skip("the bundled faces are not built")
    from PySide6.QtGui import QFontInfo

    assert QFontInfo(Theme().font()).family() == "Noto Sans SC"


def test_figures_have_equal_width(themed) -> None:
    from PySide6.QtGui import QFontMetrics

    metrics = QFontMetrics(Theme().font())
    assert len({metrics.horizontalAdvance(figure) for figure in "0123456789"}) == 1


def test_a_menu_longer_than_the_screen_is_scrolled_not_cut_in_columns(qtbot, themed) -> None:
    menu = QMenu()
    qtbot.addWidget(menu)
    assert menu.style().styleHint(QStyle.StyleHint.SH_Menu_Scrollable, None, menu)
