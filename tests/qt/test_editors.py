from __future__ import annotations

import inspect

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QLineEdit

from dutydesk.core.clock import MINUTE
from dutydesk.ledger import kinds
from dutydesk.ledger.kinds import CODE, COUNT, DAY, DEGREE, FLAG, LONG, PHONE, TEXT, TIME, Kind, ref
from dutydesk.ledger.spec import Choice, Field
from dutydesk.qt.editors import DayEditor, Editor, PickEditor, TimeEditor, make_editor
from dutydesk.qt.picker import Option, Picker, among

pytestmark = pytest.mark.usefixtures("themed")
CHOICES = (Choice("rain", "暴雨"), Choice("wind", "大风"), Choice("typhoon", "台风"), Choice("hail", "冰雹"))
ROW = bytes(range(16))


def made(qtbot, field: Field, **more) -> Editor:
    editor = make_editor(field, **more)
    qtbot.addWidget(editor)
    with qtbot.waitExposed(editor):
        editor.show()
    return editor


def every_kind() -> list[Kind]:
    found = [value for _, value in inspect.getmembers(kinds) if isinstance(value, Kind)]
    return [*found, ref("regions")]


@pytest.mark.parametrize("kind", every_kind(), ids=lambda kind: kind.name)
def test_every_kind_has_an_editor(qtbot, kind: Kind) -> None:
    field = Field("x", kind, "某项", required=True, choices=CHOICES)
    editor = made(qtbot, field, find=among(CHOICES))
    assert editor.text() == ""
    assert editor.input.accessibleName() == "某项（必填）"
    editor.problem("必填")
    assert editor.shown_problem == "必填"
    assert editor.input.accessibleDescription() == "必填"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (TEXT, "凯旋街道"),
        (LONG, "一\n二"),
        (COUNT, 12),
        (DEGREE, 120_123_456),
        (TIME, 1_781_764_200_000),
        (DAY, "2026-06-18"),
        (CODE, "typhoon"),
        (FLAG, 0),
        (FLAG, 1),
        (PHONE, "0571-00000000"),
        (ref("regions"), ROW),
        *((kind, None) for kind in (TEXT, LONG, COUNT, TIME, DAY, CODE, FLAG, PHONE, ref("regions"))),
    ],
)
def test_a_value_comes_back_as_it_was(qtbot, kind: Kind, value: object) -> None:
    class Desk:
        def title(self, ledger: str, row: bytes) -> str:
            return "凯旋街道"

    field = Field("x", kind, "某项", choices=CHOICES)
    editor = made(qtbot, field, find=among(CHOICES), desk=Desk())
    editor.set_value(value)
    assert field.kind.parse(editor.text(), field) == value
    draft = editor.text()
    editor.set_text("")
    assert editor.text() == ""
    editor.set_text(draft)
    assert field.kind.parse(editor.text(), field) == value


def test_enter_goes_on_and_control_enter_saves(qtbot) -> None:
    for kind in (TEXT, COUNT, TIME, DAY, CODE, FLAG, PHONE):
        editor = made(qtbot, Field("x", kind, "某项", choices=CHOICES))
        with qtbot.waitSignal(editor.entered):
            qtbot.keyClick(editor.input, Qt.Key.Key_Return)
        with qtbot.waitSignal(editor.submitted):
            qtbot.keyClick(editor.input, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    long = made(qtbot, Field("x", LONG, "内容"))
    qtbot.keyClicks(long.input, "a")
    qtbot.keyClick(long.input, Qt.Key.Key_Return)
    assert long.text() == "a\n"
    with qtbot.waitSignal(long.submitted):
        qtbot.keyClick(long.input, Qt.Key.Key_Enter, Qt.KeyboardModifier.ControlModifier)
    assert long.text() == "a\n"


def test_typing_takes_the_problem_away(qtbot) -> None:
    editor = made(qtbot, Field("x", TEXT, "某项"))
    editor.problem("必填")
    assert editor.input.property("problem") is True
    qtbot.keyClicks(editor.input, "a")
    assert editor.shown_problem == ""
    assert editor.input.property("problem") is False


def test_time_takes_the_officers_shorthand(qtbot) -> None:
    night = 1_781_764_200_000

    def parse(text: str) -> int:
        if text == "1428":
            return night - 2 * MINUTE
        raise ValueError(text)

    editor = made(qtbot, Field("happened_at", TIME, "时间"), parse_time=parse)
    assert isinstance(editor, TimeEditor)
    qtbot.keyClicks(editor.input, "1428")
    assert editor.text() == "2026-06-18T14:28:00+08:00"
    assert editor.understood.text() == "→ 06-18 14:28"
    qtbot.keyClicks(editor.input, "9")
    assert editor.text() == "14289"
    assert editor.understood.text() == ""


def test_day_is_stepped_with_the_arrows(qtbot) -> None:
    editor = made(qtbot, Field("day", DAY, "日期"))
    assert isinstance(editor, DayEditor)
    editor.set_value("2026-02-28")
    qtbot.keyClick(editor.input, Qt.Key.Key_Up)
    assert editor.text() == "2026-03-01"
    qtbot.keyClick(editor.input, Qt.Key.Key_Down)
    assert editor.text() == "2026-02-28"


def test_flag_untouched_has_no_value(qtbot) -> None:
    editor = made(qtbot, Field("x", FLAG, "已核"))
    assert editor.text() == ""
    qtbot.keyClick(editor.input, Qt.Key.Key_Space)
    assert editor.text() == "1"
    qtbot.keyClick(editor.input, Qt.Key.Key_Space)
    assert editor.text() == "0"


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("暴", "rain"),
        ("by", "rain"),
        ("tf", "typhoon"),
        ("taif", "typhoon"),
        ("hail", "hail"),
        ("df", "wind"),
        ("风", "wind"),
    ],
)
def test_codes_are_found_by_characters_code_and_pinyin(typed: str, first: str) -> None:
    assert among(CHOICES)(typed)[0].key == first


def test_picking_by_initials_and_enter(qtbot) -> None:
    editor = made(qtbot, Field("type", CODE, "类型", choices=CHOICES))
    assert isinstance(editor, PickEditor)
    editor.input.setFocus()
    qtbot.keyClicks(editor.picker, "tf")
    assert [item.label for item in editor.picker.offered] == ["台风"]
    qtbot.keyClick(editor.picker, Qt.Key.Key_Return)
    assert editor.text() == "typhoon"
    assert editor.picker.text() == "台风"
    qtbot.keyClicks(editor.picker, "x")
    assert editor.picker.key == "", "typing on undoes the choice"


def test_the_arrow_shows_everything_and_down_takes_another(qtbot) -> None:
    picker = Picker(among(CHOICES))
    qtbot.addWidget(picker)
    with qtbot.waitExposed(picker):
        picker.show()
    qtbot.keyClick(picker, Qt.Key.Key_Down)
    assert len(picker.offered) == len(CHOICES)
    qtbot.keyClick(picker._completer.popup(), Qt.Key.Key_Down)
    qtbot.keyClick(picker, Qt.Key.Key_Return)
    assert picker.key == "wind"


def test_leaving_takes_only_what_is_certain(qtbot) -> None:
    options = [Option("1", "王一"), Option("2", "王二"), Option("3", "李三")]
    picker = Picker(lambda text: [item for item in options if text in item.label])
    other = QLineEdit()
    for widget in (picker, other):
        qtbot.addWidget(widget)
    picker.setText("王")
    assert not picker.settle()
    assert picker.told() == "王"
    picker.setText("李")
    assert picker.settle()
    assert picker.told() == "3"


def test_a_reference_needs_something_to_find_in() -> None:
    with pytest.raises(TypeError):
        make_editor(Field("x", ref("regions"), "街道"))


def test_no_editor_stops_a_key(qtbot) -> None:
    """Input methods and free texts: nothing is validated while it is typed."""
    for kind in every_kind():
        editor = made(qtbot, Field("x", kind, "某项", choices=CHOICES), find=among(CHOICES))
        if isinstance(editor.input, QLineEdit):
            assert not isinstance(editor.input.validator(), QValidator)
