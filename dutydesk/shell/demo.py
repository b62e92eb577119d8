"""`dutydesk demo`: the last hour of the sample night, played on the real window by keys and clicks.

No service is called here and no method of a pane: what happens, happens because a key was pressed. Each step waits until
what it brought about can be seen in the window. It leaves `handover.pdf`, `log.pdf`, `desk.png` and a picture a step.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from dutydesk.core import ids
from dutydesk.core.clock import HOUR, FixedClock, parse_iso
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.qt.widgets import Tile
from dutydesk.shell.crash import hush
from dutydesk.shell.player import NotSeenError, Player, Scene, Seen, click, letters, press, there, widget, write

if TYPE_CHECKING:
    from dutydesk.shell.window import MainWindow

AT = "2026-06-19 06:30"
SEED = 20260619
SIZE = (1366, 768)
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
Key = Qt.Key
INTAKE = (
    ("happened_at", "0540", Key.Key_Return),
    ("type", "nl", Key.Key_Return),
    ("place", "示例河沿河步道", Key.Key_Return),
    ("region", "jiubaojiedao", Key.Key_Return),
    ("text", "河水漫上步道约20厘米，长约50米，无人被困。", Key.Key_Tab),
    *((name, "0", Key.Key_Return) for name in ("dead", "missing", "trapped", "serious", "injured")),
)
"""The intake form from field to field: what is typed, and the key that goes on."""
WARNING = (
    ("type", "leidian", Key.Key_Return),
    ("colour", "huang", Key.Key_Return),
    ("issuer", "区气象台（示例）", Key.Key_Return),
    ("areas", "丁兰街道、笕桥街道", Key.Key_Tab),
    ("issued_at", "", Key.Key_Return),
    ("ends_at", "1000", Key.Key_Return),
)
Waits = Iterator[tuple[str, Seen]]


def play(args: argparse.Namespace) -> int:
    """Play the demo into `args.out`; prints one line a step, returns 0 when everything was seen."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["DUTYDESK_MUTE"] = "1"
    hush()
    out = Path(getattr(args, "out", "") or "demo").resolve()
    out.mkdir(parents=True, exist_ok=True)
    for old in (*out.glob("*.png"), out / "handover.pdf", out / "log.pdf"):
        old.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="dutydesk-demo-", ignore_cleanup_errors=True) as folder:
        trouble = play_night(Home(Path(folder) / "desk"), out)
    if trouble:
        sys.stdout.write(f"FAILED {trouble}\n")
        return 1
    sys.stdout.write(f"{out}\n")
    return 0


def play_night(home: Home, out: Path) -> str:
    """Make the sample desk in `home` without its last hour and play that hour; gives what was not seen, or nothing."""
    from dutydesk.qt import theme, words
    from dutydesk.sample import make_sample
    from dutydesk.shell.start import Starter, application

    app = application()
    native = app.testAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    app.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    theme.apply(app, theme.Theme())
    words.speak(app)
    end = parse_iso(AT)
    with ids.seeded(SEED):
        make_sample(home, FixedClock(end), end, leave_out=60)
        clock = FixedClock(end - HOUR)
        starter = Starter(home, clock)
        window = starter.window
        window.resize(*SIZE)
        try:
            _open(starter)
            if window.desk is None:
                return "the window did not open"
            window.begin()
            return Player(clock, Night(window, out).scenes(), out, window).play()
        finally:
            window.close()
            starter.close()
            window.deleteLater()
            app.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, native)


def _open(starter: object) -> None:
    from dutydesk.shell.start import Starter

    assert isinstance(starter, Starter)
    loop = QEventLoop()
    guard = QTimer()
    guard.setSingleShot(True)
    guard.timeout.connect(loop.quit)
    starter.ready.connect(loop.quit)
    starter.failed.connect(loop.quit)
    guard.start(60_000)
    starter.start()
    loop.exec()
    guard.stop()


def offered() -> bool:
    """Whether a list of what can be picked is open."""
    return QApplication.activePopupWidget() is not None


class Night:
    """The script. Texts are the last hour of `resources/sample/night.json`, as somebody types them."""

    def __init__(self, window: MainWindow, out: Path) -> None:
        self.window, self.out = window, out

    def scenes(self) -> list[Scene]:
        """All steps in order, with the minutes before each."""
        return [
            Scene("who sits there", self.sit_down, 1),
            Scene("an entry: what is said on the net", self.opinion),
            Scene("an instruction with a time for feedback", self.instruction, 6),
            Scene("a quick text", self.quick_text),
            Scene("an incident by keyboard", self.intake),
            Scene("its first report", self.first_report, 2),
            Scene("a shelter opens and people are counted", self.shelter, 4),
            Scene("a warning is typed", self.warning, 6),
            Scene("an amendment", self.amend, 4),
            Scene("feedback on the instruction", self.answer, 8),
            Scene("the rain", self.rain, 2),
            Scene("a person by initials", self.person, 4),
            Scene("the roster of the month", self.roster, 1),
            Scene("the duty log on paper", self.log, 4),
            Scene("what is handed over, looked through and answered", self.look_through, 1),
            Scene("the hand-over sheet on paper", self.hand_over, 2),
            Scene("the desk in the morning", self.morning, 1),
        ]

    # -- what can be seen ------------------------------------------------------------------------------------------

    def rows(self) -> int:
        """Entries in the list of the duty log."""
        return widget(QAbstractItemView, "daybook-list").model().rowCount()

    def top(self) -> str:
        """The newest entry as its list shows it."""
        model = widget(QAbstractItemView, "daybook-list").model()
        return " ".join(str(model.index(0, at).data() or "") for at in range(model.columnCount()))

    def listed(self, text: str) -> bool:
        """Whether one of the newest entries shows this."""
        model = widget(QAbstractItemView, "daybook-list").model()
        shown = (str(model.index(row, at).data()) for row in range(20) for at in range(model.columnCount()))
        return any(text in one for one in shown)

    def newest_has(self, text: str) -> Seen:
        """Whether the newest entry shows this."""

        def look() -> bool:
            return text in self.top()

        return look

    def tile(self, name: str) -> str:
        """What a tile of the board says."""
        made = widget(Tile, name)
        return f"{made.caption} {made.value}"

    def todo(self) -> list[str]:
        """The titles of what is due."""
        model = widget(QAbstractItemView, "todo-list").model()
        return [str(model.index(at, 1).data()) for at in range(model.rowCount())]

    def due(self, *texts: str) -> bool:
        """Whether something due has all of this in its title."""
        return any(all(text in title for text in texts) for title in self.todo())

    def said(self, name: str, text: str) -> Seen:
        """Whether a label says this."""

        def look() -> bool:
            return text in widget(QLabel, name).text()

        return look

    def caret_in(self, name: str) -> Seen:
        """Whether the keyboard goes into this widget."""

        def look() -> bool:
            found = QApplication.focusWidget()
            return found is not None and found.objectName() == name

        return look

    # -- the steps -------------------------------------------------------------------------------------------------

    def sit_down(self) -> Waits:
        """Ctrl+L, initials, Enter."""
        press(Key.Key_L, CTRL)
        yield "the dialog", self.caret_in("who-name")
        letters("wgw")
        yield "what it offers", offered
        press(Key.Key_Return)
        yield "卫庚午 on the board", lambda: "卫庚午" in self.tile("tile-who")

    def opinion(self) -> Waits:
        """F2, the category by initials, the text, Enter."""
        before = self.rows()
        press(Key.Key_F2)
        yield "the caret in the text", self.caret_in("entry-text")
        click(widget(QLineEdit, "entry-category"))
        yield "the caret in the category", self.caret_in("entry-category")
        press(Key.Key_A, CTRL)
        letters("yq")
        yield "what it offers", offered
        press(Key.Key_Tab)
        yield "the caret behind it", lambda: not self.caret_in("entry-category")()
        press(Key.Key_F2)
        yield "the caret in the text again", self.caret_in("entry-text")
        write("网上有示例路隧道积水视频，转发约300次，内容基本属实，拍摄时人员已救出。")
        press(Key.Key_Return)
        yield "one more row", lambda: self.rows() == before + 1
        yield "the text on top", self.newest_has("转发约300次")

    def instruction(self) -> Waits:
        """An entry of another category with a time by which an answer is due."""
        press(Key.Key_F2)
        click(widget(QLineEdit, "entry-category"))
        yield "the caret in the category", self.caret_in("entry-category")
        press(Key.Key_A, CTRL)
        letters("pszs")
        yield "what it offers", offered
        press(Key.Key_Tab)
        yield "the caret behind it", lambda: not self.caret_in("entry-category")()
        for name, text in (("entry-party", "带班领导"), ("entry-due", "0725")):
            click(widget(QLineEdit, name))
            yield "the caret there", self.caret_in(name)
            write(text)
        press(Key.Key_F2)
        yield "the caret in the text", self.caret_in("entry-text")
        write("带班领导指示：滑坡点转移人员未经专家同意不得返回，07:25前报专家意见。")
        letters(" #4")
        press(Key.Key_Return)
        yield "the text on top", self.newest_has("未经专家同意")
        yield "it is due", lambda: self.due("未经专家", _("待反馈"))

    def quick_text(self) -> Waits:
        """`/`, initials, Enter: a phrase; what is to be filled in is typed over."""
        before = self.rows()
        press(Key.Key_F2)
        letters("/xcz")
        yield "phrases", there(QAbstractItemView, "entry-text-suggestions")
        press(Key.Key_Escape)
        for _step in "xcz":
            press(Key.Key_Backspace)
        letters("spxc")
        press(Key.Key_Return)
        yield "the phrase", lambda: "视频巡查下穿通道" in widget(QPlainTextEdit, "entry-text").toPlainText()
        letters("12")
        press(Key.Key_End)
        press(Key.Key_Backspace)
        press(Key.Key_Backspace)
        write("3处仍有积水，均在15厘米以下，示例路隧道抽排中，继续封闭。")
        press(Key.Key_Return)
        yield "one more row", lambda: self.rows() == before + 1
        yield "the text on top", self.newest_has("低洼路段12处，3处仍有积水")

    def intake(self) -> Waits:
        """Alt+2, Ctrl+N and the form from field to field."""
        press(Key.Key_2, ALT)
        yield "the pane", there(QWidget, "incidents-pane")
        press(Key.Key_N, CTRL)
        for name, typed, on in INTAKE:
            yield f"the caret in {name}", self.caret_in(f"intake-{name}-input")
            (letters if typed.isascii() else write)(typed)
            yield "what it offers", there(QWidget, "main-window")
            press(on)
        press(Key.Key_Return, CTRL)
        yield "its page", lambda: "示例河沿河步道" in widget(QLabel, "incident-title").text()
        yield "three in hand", lambda: "3" in self.tile("tile-incidents.open")

    def first_report(self) -> Waits:
        """Alt+R; whom, how and when stand there already; Ctrl+Enter."""
        press(Key.Key_R, ALT)
        yield "the sheet", there(QDialog, "incident-sheet")
        press(Key.Key_Return, CTRL)
        yield "it is saved", self.said("incident-said", _("已保存"))
        yield "its clock stands", lambda: not self.due("示例河沿河步道 内涝 报")

    def shelter(self) -> Waits:
        """Alt+7, a search, F7 opens, F6 counts."""
        before = self.tile("tile-shelters.people_now")
        press(Key.Key_7, ALT)
        yield "the pane", there(QWidget, "shelters-pane")
        press(Key.Key_F, CTRL)
        yield "the search", self.caret_in("shelters-search")
        letters("jbjd")
        press(Key.Key_Down)
        yield "the list", lambda: 0 < widget(QAbstractItemView, "shelters-list").model().rowCount() < 60
        press(Key.Key_Home, CTRL)
        press(Key.Key_F7)
        yield "it is open", lambda: "6" in self.tile("tile-shelters.people_now").split()[1]
        press(Key.Key_F6)
        yield "the form", there(QWidget, "shelters-field-in")
        letters("18")
        press(Key.Key_Return, CTRL)
        yield "more people", lambda: self.tile("tile-shelters.people_now") != before
        yield "232 people", lambda: "232" in self.tile("tile-shelters.people_now")

    def warning(self) -> Waits:
        """Alt+4, Ctrl+N, a warning read over the telephone."""
        press(Key.Key_4, ALT)
        yield "the pane", there(QWidget, "warnings-pane")
        press(Key.Key_N, CTRL)
        yield "the form", self.caret_in("typed-type")
        for name, typed, on in WARNING:
            yield f"the caret in {name}", self.caret_in(f"typed-{name}")
            (letters if typed.isascii() else write)(typed)
            yield "what it offers", there(QWidget, "main-window")
            press(on)
        yield "the caret behind them", lambda: not self.caret_in("typed-ends_at")()
        press(Key.Key_Return, CTRL)
        yield "its page", self.said("warning-title", "雷电黄色预警")
        yield "it is due to end", lambda: self.due("雷电")

    def amend(self) -> Waits:
        """Alt+1, to the entry, A, the reason, the new wording."""
        press(Key.Key_1, ALT)
        yield "the list", self.caret_in("daybook-list")
        press(Key.Key_F, CTRL)
        letters("")
        write("转发约300次")
        press(Key.Key_Down)
        yield "the entry alone", lambda: self.rows() == 1
        press(Key.Key_A)
        yield "the dialog", self.caret_in("amend-reason")
        write("宣传部来电核实转发数")
        press(Key.Key_Return)
        text = widget(QPlainTextEdit, "amend-text")
        click(text)
        press(Key.Key_A, CTRL)
        write("网上有示例路隧道积水视频，转发约500次，内容基本属实，拍摄时人员已救出。")
        press(Key.Key_Return, CTRL)
        yield "it is closed", lambda: not there(QDialog, "amend-dialog")()
        press(Key.Key_F, CTRL)
        press(Key.Key_Escape)
        yield "the whole list", lambda: self.rows() > 50
        yield "the new wording in the list", lambda: self.listed("转发约500次")

    def answer(self) -> Waits:
        """The instruction's feedback, R, in the entry line."""
        press(Key.Key_F, CTRL)
        write("未经专家同意")
        press(Key.Key_Down)
        yield "the entry alone", lambda: self.rows() == 1
        press(Key.Key_R)
        yield "the entry line", self.caret_in("entry-text")
        write("地质专家现场意见：坡体暂稳，转移人员今日不返回，派人值守。")
        press(Key.Key_Return)
        yield "it is due no more", lambda: not self.due("未经专家", _("待反馈"))
        press(Key.Key_1, ALT)
        press(Key.Key_F, CTRL)
        press(Key.Key_Escape)
        yield "the text on top", self.newest_has("坡体暂稳")

    def rain(self) -> Waits:
        """Alt+3: gauges by what is worst now, the chart of the first."""
        press(Key.Key_3, ALT)
        yield "the gauges", lambda: widget(QAbstractItemView, "rain-list").model().rowCount() == 18
        yield "the chart", there(QWidget, "rain-chart")

    def person(self) -> Waits:
        """Ctrl+K, initials, Enter: the card, its number masked."""
        press(Key.Key_K, CTRL)
        yield "the palette", self.caret_in("palette-line")
        letters("zxs")
        found = widget(QAbstractItemView, "palette-list").model()
        yield "the person", lambda: found.rowCount() > 0 and "赵辛巳" in str(found.index(0, 0).data())
        press(Key.Key_Return)
        yield "the card", there(QWidget, "people-pane")
        yield "no palette", lambda: not there(QDialog, "palette")()

    def roster(self) -> Waits:
        """Alt+=: who stands when; a swap is marked."""
        press(Key.Key_Equal, ALT)
        yield "the pane", there(QWidget, "roster-pane")
        yield "it is published", lambda: _("已发布") in widget(QLabel, "roster-state").text()

    def log(self) -> Waits:
        """Alt+0, Ctrl+Shift+L, Ctrl+S: the duty log of the shift as a file."""
        press(Key.Key_0, ALT)
        yield "the pane", there(QWidget, "shifts-pane")
        press(Key.Key_L, CTRL | SHIFT)
        yield from self.save_preview("log.pdf")

    def look_through(self) -> Waits:
        """The equipment, then the guided sheet: Ctrl+Enter begins it, Enter answers, Ctrl+Enter goes on."""
        press(Key.Key_0, ALT)
        yield "the list", self.caret_in("shifts-items")
        press(Key.Key_Return, CTRL)
        yield "its items", self.caret_in("handover-items")
        press(Key.Key_Return)
        yield "the line for an answer", self.caret_in("handover-line")
        write("现场仍在处置，前方每半小时报一次。")
        press(Key.Key_Return)
        yield "the items again", self.caret_in("handover-items")
        press(Key.Key_Return, CTRL)
        yield "what lacks is gone to", self.caret_in("shifts-equipment-state-PHONE")
        click(widget(QPushButton, "shifts-equipment-rest"))
        yield "all looked at", self.caret_in("shifts-equipment-save")
        press(Key.Key_Space)
        yield "it is saved", self.said("shifts-status", _("设备清点已保存"))
        press(Key.Key_0, ALT)
        yield "the items", self.caret_in("handover-items")
        press(Key.Key_Return, CTRL)
        yield "the place to sign", self.caret_in("handover-person")
        sign = widget(QWidget, "handover-sign")
        yield "it has its place", lambda: sign.height() <= sign.sizeHint().height()

    def hand_over(self) -> Waits:
        """Ctrl+P, Ctrl+S: the hand-over sheet."""
        press(Key.Key_P, CTRL)
        yield from self.save_preview("handover.pdf")

    def save_preview(self, name: str) -> Waits:
        """Save what the preview shows through its file dialog."""
        target = self.out / name
        yield "the preview", there(QDialog, "preview-dialog")
        press(Key.Key_S, CTRL)
        yield "the file dialog", there(QLineEdit, "fileNameEdit")
        line = widget(QLineEdit, "fileNameEdit")
        line.setFocus()
        press(Key.Key_A, CTRL)
        write(str(target))
        press(Key.Key_Return)
        yield name, lambda: target.exists() and target.stat().st_size > 1_000
        yield "no file dialog", lambda: not there(QLineEdit, "fileNameEdit")()
        press(Key.Key_Escape)
        yield "no preview", lambda: not there(QDialog, "preview-dialog")()

    def morning(self) -> Waits:
        """Back to the log; the record has been looked at and copied."""
        press(Key.Key_1, ALT)
        yield "the list", self.caret_in("daybook-list")
        yield "the record is sound", lambda: _("记录完好") in self.tile("tile-record")
        yield "the time", lambda: "06:25" in self.tile("tile-clock")
        if not self.window.grab().save(str(self.out / "desk.png")):
            raise NotSeenError("desk.png")


__all__ = ["AT", "SIZE", "Night", "play", "play_night"]
