"""Two days and their desk: what the office had made ready before, and the scenes that are then played on the window.

Every stage opens the window anew at its own time, as an office does, and leaves its papers in `out`. A stage is played
once; whoever wants a later one gets those before it first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QPoint, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QTreeWidget,
    QWidget,
)

from dutydesk.accounts import service as accounts
from dutydesk.core import ids
from dutydesk.core.clock import DAY, FixedClock, iso, parse_iso
from dutydesk.core.paths import Home
from dutydesk.features import open_desk
from dutydesk.journal.desk import Desk
from dutydesk.qt import theme, words
from dutydesk.qt.widgets import Tile
from dutydesk.roster import service as rosters
from dutydesk.roster.rows import Edit
from dutydesk.shell.player import Player, Scene, Seen, click, hand, letters, press, there, widget, write
from dutydesk.shell.start import Starter
from tests.desks import a_desk

Key = Qt.Key
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
SHIFT, NO_KEYS = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier
Waits = Iterator[tuple[str, Seen]]
SEED = 20260601
SIZE = (1366, 768)
LEADERS = ("赵示甲", "钱示乙", "孙示丙")
PRIMARIES = ("周示丁", "吴示戊", "郑示己", "王示庚")
SECONDARIES = ("冯示辛", "陈示壬", "褚示癸")
HEAD = "卫示子"
TURNS = {"LEADER": LEADERS, "PRIMARY": PRIMARIES, "SECONDARY": SECONDARIES}
ROLES = {"LEADER": "LEADER", "PRIMARY": "OFFICER", "SECONDARY": "OFFICER"}
PINS = {
    name: f"{271828 + 7919 * n}" for n, name in enumerate((HEAD, *LEADERS, *PRIMARIES, *SECONDARIES))
}  # made up, one each
FIRST, DAYS = "2026-06-01", 30
ONE, TWO, THREE = "2026-06-01/H24", "2026-06-02/H24", "2026-06-03/H24"


# -- before -----------------------------------------------------------------------------------------------------------


def make_ready(folder: Path, clock: FixedClock) -> None:
    """People, accounts with PINs, the calendar and a published roster of the month."""
    clock.at = parse_iso("2026-05-26 09:00")
    with ids.seeded(SEED), a_desk(folder, clock, code="A", name="值班室", unit="示例区应急管理局") as desk:
        office = desk.new("units", {"name": "示例区应急管理局"})
        desk.act("units.import", [office])
        changes = [
            desk.new("people", {"name": name, "kind": "PERSON", "unit": office.row})
            for name in (HEAD, *LEADERS, *PRIMARIES, *SECONDARIES)
        ]
        numbers = [
            desk.new("numbers", {"person": change.row, "kind": "MOBILE", "number": f"1990000{n:04d}", "order": 1})
            for n, change in enumerate(changes, 101)
        ]
        desk.act("people.import", [*changes, *numbers])
        people = {str(change.values["name"]): change.row for change in changes}
        told = {
            "account.argon2_time": "1",
            "account.argon2_memory_kib": "8192",
            "account.idle_min": "120",
            "attendance.sign_ahead": "60",
            "roster.crew.FLOOD_SEASON": "LEADER=1 PRIMARY=1 SECONDARY=1",
        }
        desk.act(
            "settings.add",
            [desk.new("settings", {"key": key, "value": value, "source": "测试"}) for key, value in told.items()],
        )
        desk.me.id, desk.me.name = people[HEAD].hex(), HEAD
        _roster(desk, people)
        _accounts(desk, people)


def _roster(desk: Desk, people: dict[str, bytes]) -> None:
    trained = [
        desk.new("roster_people", {"person": people[name], "posts": post, "trained_on": "2026-01-10"})
        for post, names in TURNS.items()
        for name in names
    ]
    desk.act("roster_people.add", trained)
    source = "测试用日历"
    desk.act("day_types.add", [desk.new("day_types", {"date": "2026-10-01", "kind": "HOLIDAY", "source": source})])
    start = parse_iso(f"{FIRST} 00:00")
    edits = [
        Edit(iso(start + n * DAY)[:10], "H24", post, 1, people[names[n % len(names)]])
        for n in range(DAYS)
        for post, names in TURNS.items()
    ]
    rosters.assign(desk, edits)
    rosters.publish(desk, edits[0].date, edits[-1].date, people[HEAD], people[LEADERS[0]])


def _accounts(desk: Desk, people: dict[str, bytes]) -> None:
    accounts.enrol(desk, people[HEAD], PINS[HEAD])
    for post, names in TURNS.items():
        for name in names:
            accounts.add(desk, people[name], ROLES[post])
            accounts.enrol(desk, people[name], PINS[name])


# -- the stages -------------------------------------------------------------------------------------------------------


@dataclass
class Days:
    """The desk as far as it has been played."""

    root: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(0))
    played: int = 0
    trouble: str = ""

    def __post_init__(self) -> None:
        self.out.mkdir()
        make_ready(self.home.root, self.clock)

    @property
    def home(self) -> Home:
        return Home(self.root / "desk")

    @property
    def out(self) -> Path:
        return self.root / "out"

    def upto(self, stage: int) -> None:
        """Play what was not played yet, up to this stage."""
        while self.played < stage and not self.trouble:
            at, scenes = STAGES[self.played]
            self.trouble = self.play(parse_iso(at), scenes(self.out), self.played)
            self.played += 1
        assert not self.trouble, self.trouble

    def play(self, at: int, scenes: Sequence[Scene], stage: int) -> str:
        """One sitting; gives what was not seen."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, theme.Theme())
        words.speak(app)
        native = app.testAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
        app.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
        self.clock.at = at
        pictures = self.out / f"stage{stage + 1}"
        pictures.mkdir()
        with ids.seeded(SEED + 1 + stage):
            starter = Starter(self.home, self.clock)
            starter.window.resize(*SIZE)
            try:
                _wait_for(starter)
                if starter.window.desk is None:
                    return "the window did not open"
                starter.window.begin()
                starter.window.resize(*SIZE)  # not what the last sitting kept of it on a smaller screen
                return Player(self.clock, scenes, pictures, starter.window).play()
            finally:
                starter.window.close()
                starter.close()
                starter.window.deleteLater()
                starter.deleteLater()
                app.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, native)
                QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
                theme.apply(app, theme.Theme())

    @contextmanager
    def desk(self) -> Generator[Desk]:
        """The record as it stands, to be looked at."""
        made = open_desk(self.home, self.clock)
        try:
            yield made
        finally:
            made.store.close()


def _wait_for(starter: Starter) -> None:
    loop, guard = QEventLoop(), QTimer()
    guard.setSingleShot(True)
    guard.timeout.connect(loop.quit)
    starter.ready.connect(loop.quit)
    starter.failed.connect(loop.quit)
    guard.start(60_000)
    starter.start()
    loop.exec()
    guard.stop()


# -- hands ------------------------------------------------------------------------------------------------------------


def caret_in(name: str) -> Seen:
    """Whether the keyboard goes into this widget."""

    def look() -> bool:
        found = QApplication.focusWidget()
        return found is not None and found.objectName() == name

    return look


def gone(kind: type[QWidget], name: str) -> Seen:
    """Whether no such widget can be seen."""
    seen = there(kind, name)

    def look() -> bool:
        return not seen()

    return look


def said(name: str, text: str) -> Seen:
    """Whether a label says this."""

    def look() -> bool:
        return text in widget(QLabel, name).text()

    return look


def tile(name: str) -> str:
    """What a tile of the board says."""
    made = widget(Tile, name)
    return f"{made.caption} {made.value}"


def cells(name: str, row: int) -> str:
    """A line of a list."""
    model = widget(QAbstractItemView, name).model()
    return " ".join(str(model.index(row, at).data() or "") for at in range(model.columnCount()))


def rows(name: str) -> int:
    """Lines of a list."""
    return widget(QAbstractItemView, name).model().rowCount()


def item_lines() -> list[str]:
    """The items of the hand-over as they are shown."""
    tree = widget(QTreeWidget, "handover-items")
    found: list[str] = []
    for at in range(tree.topLevelItemCount()):
        line = tree.topLevelItem(at)
        assert line is not None
        found.append(" ".join(line.text(column) for column in range(5)))
    return found


def fill(text: str) -> None:
    """Type into what has the keyboard: latin letters key by key, Chinese as an input method gives it."""
    press(Key.Key_A, CTRL)
    (letters if text.isascii() else write)(text)


def offered() -> bool:
    """Whether a list of what can be picked is open."""
    return QApplication.activePopupWidget() is not None


def pick(name: str, text: str) -> Waits:
    """Write into a field that offers a list, and take the first."""
    yield f"the caret in {name}", caret_in(name)
    press(Key.Key_A, CTRL)
    (letters if text.isascii() else write)(text)
    yield f"what it offers for {text}", offered
    press(Key.Key_Return)


def give_pin(name: str, line: str) -> Waits:
    """The person's own PIN, Enter."""
    yield f"the line for the PIN of {name}", caret_in(line)
    letters(PINS[name])
    press(Key.Key_Return)


def log_in(name: str) -> Waits:
    """On the cover of the locked window or in the dialog: the name by arrow keys, the PIN, Enter."""
    yield "the line for the PIN", caret_in("login-pin")
    people = widget(QListWidget, "login-people")
    wanted = next(n for n in range(people.count()) if people.item(n).text().startswith(name))
    while people.currentRow() != wanted:
        press(Key.Key_Down if people.currentRow() < wanted else Key.Key_Up)
    yield from give_pin(name, "login-pin")
    yield f"{name} on the board", lambda: name in tile("tile-who")


def copied(at: str) -> Waits:
    """The copy that is made when the window opens is there: what is open does not depend on how fast it was."""
    yield "the copy", lambda: at in tile("tile-record")


def switch_to(name: str) -> Waits:
    """Ctrl+L, the other officer's PIN."""
    press(Key.Key_L, CTRL)
    yield from log_in(name)
    yield "no dialog", gone(QDialog, "login-dialog")


def pane(key: Qt.Key, name: str) -> Waits:
    """To a pane by its key."""
    press(key, ALT)
    yield name, there(QWidget, name)


def tab(name: str, text: str) -> None:
    """A tab by a click."""
    tabs = widget(QTabWidget, name)
    bar = tabs.tabBar()
    at = next(n for n in range(tabs.count()) if tabs.tabText(n).startswith(text))
    click(bar, bar.tabRect(at).center())


def sign_in(*names: str, key: Qt.Key = Key.Key_F6, held: Qt.KeyboardModifier = NO_KEYS) -> Waits:
    """In 在岗: each line by arrow keys, F6, the person's own PIN."""
    yield from pane(Key.Key_BracketRight, "attendance-pane")
    for name in names:
        yield "the list", lambda: isinstance(hand(), QAbstractItemView)
        view = hand()
        assert isinstance(view, QAbstractItemView)
        model = view.model()
        wanted = next(
            row
            for row in range(model.rowCount())
            if any(name == model.index(row, at).data() for at in range(model.columnCount()))
        )
        while view.currentIndex().row() != wanted:
            press(Key.Key_Down if view.currentIndex().row() < wanted else Key.Key_Up)
        press(key, held)
        yield from give_pin(name, "attendance-pin")
        yield f"{name} has signed", said_text("attendance-status", name)


def said_text(name: str, text: str) -> Seen:
    """Whether a line of status says this."""

    def look() -> bool:
        found = widget(QLabel, name)
        return text in (found.text() + found.toolTip() + found.accessibleName())

    return look


def entry(text: str, category: str, **more: str) -> Waits:
    """F2, the category by initials, fields by a click, the text, Enter."""
    before = rows("daybook-list") if there(QAbstractItemView, "daybook-list")() else None
    press(Key.Key_F2)
    yield "the caret in the text", caret_in("entry-text")
    click(widget(QLineEdit, "entry-category"))
    yield "the caret in the category", caret_in("entry-category")
    press(Key.Key_A, CTRL)
    letters(category)
    yield "what it offers", offered
    press(Key.Key_Tab)
    yield "the caret behind it", lambda: not caret_in("entry-category")()
    for name, told in more.items():
        click(widget(QLineEdit, f"entry-{name}"))
        yield f"the caret in {name}", caret_in(f"entry-{name}")
        fill(told)
    press(Key.Key_F2)
    yield "the caret in the text again", caret_in("entry-text")
    write(text)
    press(Key.Key_Return)
    if before is None:
        yield "an empty line", lambda: not widget(QWidget, "entry-text").property("text")
    else:
        yield "one more row", lambda: rows("daybook-list") == before + 1
        yield "the text on top", lambda: text[:12] in cells("daybook-list", 0)


def save_preview(target: Path) -> Waits:
    """Save what the preview shows through its file dialog."""
    yield "the preview", lambda: widget(QDialog, "preview-dialog").isAncestorOf(hand())
    press(Key.Key_S, CTRL)
    yield "the file dialog", there(QLineEdit, "fileNameEdit")
    line = widget(QLineEdit, "fileNameEdit")
    line.setFocus()
    press(Key.Key_A, CTRL)
    write(str(target))
    press(Key.Key_Return)
    yield target.name, lambda: target.exists() and target.stat().st_size > 1_000
    yield "no file dialog", gone(QLineEdit, "fileNameEdit")
    press(Key.Key_Escape)
    yield "no preview", gone(QDialog, "preview-dialog")


def step(number: int) -> Seen:
    """Whether the hand-over stands at this of its six steps."""

    def look() -> bool:
        return f"第 {number} 步" in widget(QWidget, "handover-steps").accessibleName()

    return look


def look_at_equipment() -> Waits:
    """All the equipment is fine."""
    tab("shifts-tabs", "设备清点")
    yield "the list", there(QPushButton, "shifts-equipment-rest")
    click(widget(QPushButton, "shifts-equipment-rest"))
    yield "all looked at", caret_in("shifts-equipment-save")
    press(Key.Key_Space)
    yield "it is saved", said_text("shifts-status", "设备清点已保存")


def facts(weather: str, risk: str) -> Waits:
    """Weather and risk level of the shift, Ctrl+Enter."""
    yield from pick("shifts-field-weather", weather)
    yield from pick("shifts-field-risk_level", risk)
    yield "the next field", caret_in("shifts-field-mode")
    press(Key.Key_Return, CTRL)
    yield "it is saved", there(QLabel, "shifts-status")


# -- day one ----------------------------------------------------------------------------------------------------------


class Morning:
    """1 June 08:10: the first crew of this desk signs in and takes it over; entries."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def scenes(self) -> list[Scene]:
        return [
            Scene("who sits there", self.log_in, 0),
            Scene("the crew signs in", self.sign_in, 2),
            Scene("the desk is taken over", self.take_over, 20),
        ]

    def later(self) -> list[Scene]:
        """09:10: entries."""
        return [
            Scene("who sits there", self.log_in, 0),
            Scene("entries", self.entries, 2),
            Scene("the other officer takes the keyboard", self.other, 10),
        ]

    def log_in(self) -> Waits:
        yield from log_in(PRIMARIES[0])

    def sign_in(self) -> Waits:
        yield from sign_in(LEADERS[0], PRIMARIES[0], SECONDARIES[0])

    def take_over(self) -> Waits:
        yield from pane(Key.Key_0, "shifts-pane")
        yield from facts("暴雨", "橙")
        yield from look_at_equipment()
        click(widget(QPushButton, "shifts-take-over"))
        yield "the question", lambda: QApplication.activeModalWidget() is not None
        press(Key.Key_Return)
        yield "it is taken", gone(QPushButton, "shifts-take-over")
        yield (
            "the crew on the board",
            lambda: all(name in tile("tile-crew") for name in (LEADERS[0], PRIMARIES[0], SECONDARIES[0])),
        )

    def entries(self) -> Waits:
        press(Key.Key_1, ALT)
        yield "the list", caret_in("daybook-list")
        yield from entry("区气象台来电：午后有短时强降雨，注意低洼路段。", "laidian", party="区气象台")
        yield from entry(
            "带班领导指示：地下空间逐个核查，明早九点前报结果。", "pszs", party="带班领导", due="06-02 0900"
        )

    def other(self) -> Waits:
        yield from switch_to(SECONDARIES[0])
        yield from entry("视频巡查下穿通道、低洼路段12处，未见积水。", "xuncha")


class Swap:
    """1 June 14:00: 吴示戊 asks 郑示己 to stand the next day, who agrees; the leader approves. P03."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def scenes(self) -> list[Scene]:
        return [
            Scene("who sits there", self.log_in, 0),
            Scene("the swap is asked", self.ask, 3),
            Scene("the other agrees", self.accept, 5),
            Scene("the leader approves", self.approve, 10),
            Scene("the roster on paper", self.paper, 2),
        ]

    def log_in(self) -> Waits:
        yield from log_in(PRIMARIES[0])

    def ask(self) -> Waits:
        yield from pane(Key.Key_Equal, "roster-pane")
        yield "the grid", lambda: isinstance(hand(), QAbstractItemView)
        press(Key.Key_Down)
        press(Key.Key_Right)
        yield "the place", said_text("roster-status", "6月2日 周二 主班 吴示戊")
        press(Key.Key_F10)
        yield from pick("swap-other", PRIMARIES[2])
        yield from pick("swap-in_return", "6月3日")
        yield "why", caret_in("swap-reason")
        write("孩子住院")
        press(Key.Key_Return)
        yield from give_pin(PRIMARIES[1], "swap-pin")
        press(Key.Key_Return, CTRL)
        yield "no dialog", gone(QDialog, "swap")
        yield "it waits", lambda: "待对方同意" in cells("swaps-list", 0)

    def accept(self) -> Waits:
        press(Key.Key_F6)
        yield from give_pin(PRIMARIES[2], "swap-accept-pin")
        press(Key.Key_Return, CTRL)
        yield "it is accepted", lambda: "待领导批准" in cells("swaps-list", 0)

    def approve(self) -> Waits:
        yield "no dialog", gone(QDialog, "swap-accept")
        press(Key.Key_F7)
        yield from pick("swap-approve-by", LEADERS[0])
        yield from give_pin(LEADERS[0], "swap-approve-pin")
        press(Key.Key_Return, CTRL)
        yield "it is approved", lambda: "已批准" in cells("swaps-list", 0)

    def paper(self) -> Waits:
        yield "no dialog", gone(QDialog, "swap-approve")
        press(Key.Key_1, CTRL)
        yield "the grid", lambda: isinstance(hand(), QAbstractItemView)
        press(Key.Key_P, CTRL)
        yield from save_preview(self.out / "p03.pdf")


INTAKE = (
    ("happened_at", "0815", Key.Key_Return),
    ("type", "nl", Key.Key_Return),
    ("place", "示例路下穿隧道", Key.Key_Return),
    ("region", "", Key.Key_Return),
    ("text", "隧道积水约30厘米，已封闭，无人被困。", Key.Key_Tab),
    *((name, "0", Key.Key_Return) for name in ("dead", "missing", "trapped", "serious", "injured")),
)
"""The intake form from field to field: what is typed, and the key that goes on."""


class HandOver:
    """2 June 08:00: the ordinary hand-over, item by item; an incident arrives in the middle of it. P01 and P02."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def scenes(self) -> list[Scene]:
        return [
            Scene("who sits there", self.log_in, 0),
            Scene("what is open is listed and answered", self.prepare, 4),
            Scene("the giver signs", self.give, 6),
            Scene("an incident arrives", self.incident, 6),
        ]

    def later(self) -> list[Scene]:
        """08:18: the receiver's side."""
        return [
            Scene("who sits there", self.log_in, 0),
            Scene("item by item", self.review, 1),
            Scene("nobody takes over who has not signed in", self.too_early, 1),
            Scene("the next crew signs in", self.sign_in, 1),
            Scene("the receiver signs: the takeover", self.take, 2),
            Scene("the leader signs", self.countersign, 1),
            Scene("the sheet on paper", self.paper, 1),
            Scene("the duty log on paper", self.log, 1),
        ]

    def log_in(self) -> Waits:
        yield from log_in(PRIMARIES[0])

    def prepare(self) -> Waits:
        yield from copied("08:00")
        yield from pane(Key.Key_0, "shifts-pane")
        yield "the list", caret_in("shifts-items")
        press(Key.Key_Return, CTRL)
        yield "its items", caret_in("handover-items")
        yield "the instruction among them", lambda: any("地下空间" in line for line in item_lines())
        press(Key.Key_Return)
        yield "the line for an answer", caret_in("handover-line")
        write("街道还在报，九点前汇总。")
        press(Key.Key_Return)
        yield "the items again", caret_in("handover-items")

    def give(self) -> Waits:
        press(Key.Key_Return, CTRL)
        yield "the second step", step(2)
        yield "who signs", lambda: widget(QLineEdit, "handover-person").text() == PRIMARIES[0]
        letters("000000")
        press(Key.Key_Return)
        yield "a wrong PIN is none", said("handover-problem", "口令不对")
        yield "the second step still", step(2)
        yield from give_pin(PRIMARIES[0], "handover-pin")
        yield "the third step", step(3)

    def incident(self) -> Waits:
        yield from pane(Key.Key_2, "incidents-pane")
        press(Key.Key_N, CTRL)
        for name, typed, on in INTAKE:
            yield f"the caret in {name}", caret_in(f"intake-{name}-input")
            (letters if typed.isascii() else write)(typed)
            yield "what it offers", there(QWidget, "main-window")
            press(on)
        press(Key.Key_Return, CTRL)
        yield "its page", lambda: "示例路下穿隧道" in widget(QLabel, "incident-title").text()
        yield from pane(Key.Key_0, "shifts-pane")
        yield (
            "it stays with those who took the call",
            lambda: any("示例路下穿隧道" in line and "由交班组处置" in line for line in item_lines()),
        )

    def review(self) -> Waits:
        yield from pane(Key.Key_0, "shifts-pane")
        yield "who receives: by the swap", lambda: widget(QLineEdit, "handover-person").text() == PRIMARIES[2]
        yield from give_pin(PRIMARIES[2], "handover-pin")
        yield "the items", caret_in("handover-items")
        press(Key.Key_Q)
        yield "the line for a question", caret_in("handover-line")
        write("哪几个街道还没报")
        press(Key.Key_Return)
        yield "the items again", caret_in("handover-items")
        press(Key.Key_Return)
        yield "the line for the answer", caret_in("handover-line")
        write("丁兰、笕桥")
        press(Key.Key_Return)
        yield "the items once more", caret_in("handover-items")
        while left := sum("待确认" in line for line in item_lines()):
            press(Key.Key_Return)
            yield "one item less", lambda left=left: sum("待确认" in line for line in item_lines()) < left
        yield "the fourth step", step(4)

    def too_early(self) -> Waits:
        press(Key.Key_0, ALT)
        yield "who takes over: by the swap", lambda: widget(QLineEdit, "handover-person").text() == PRIMARIES[2]
        yield from give_pin(PRIMARIES[2], "handover-pin")
        yield "it is refused", said("handover-problem", "接班人员还没有签到")
        yield "the fourth step still", step(4)

    def sign_in(self) -> Waits:
        yield from sign_in(LEADERS[1], PRIMARIES[2], SECONDARIES[1])

    def take(self) -> Waits:
        yield from pane(Key.Key_0, "shifts-pane")
        yield from give_pin(PRIMARIES[2], "handover-pin")
        yield "the fifth step", step(5)

    def countersign(self) -> Waits:
        yield "who leads", lambda: widget(QLineEdit, "handover-person").text() == LEADERS[1]
        yield from give_pin(LEADERS[1], "handover-pin")
        yield "the sixth step", step(6)

    def paper(self) -> Waits:
        yield "the button", caret_in("handover-next")
        press(Key.Key_Space)
        yield from save_preview(self.out / "p01-ordinary.pdf")
        yield "it is done", lambda: widget(QPushButton, "handover-next").text() == "交接已完成"

    def log(self) -> Waits:
        press(Key.Key_L, CTRL | SHIFT)
        yield from save_preview(self.out / "p02.pdf")


# -- day two ----------------------------------------------------------------------------------------------------------


class Blanks:
    """2 June 21:30: paper is made ready, then the electricity fails."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def scenes(self) -> list[Scene]:
        return [
            Scene("who sits there", self.log_in, 0),
            Scene("empty forms with numbers", self.blanks, 10),
            Scene("the electricity fails", self.fails, 35),
        ]

    def log_in(self) -> Waits:
        yield from log_in(PRIMARIES[2])

    def blanks(self) -> Waits:
        yield from papers()
        press(Key.Key_N, CTRL)
        yield "the form", there(QWidget, "papers-field-count")
        click(widget(QWidget, "papers-field-count"))
        yield "how many", caret_in("papers-field-count")
        fill("2")
        press(Key.Key_Return, CTRL)
        yield from save_preview(self.out / "blanks.pdf")
        yield "two numbers", lambda: rows("papers-list") == 2

    def fails(self) -> Waits:
        tab("papers-tabs", "断电断网")
        yield "the list of outages", there(QAbstractItemView, "outages-list")
        press(Key.Key_F8)
        yield "the form", there(QWidget, "outages-field-text")
        click(widget(QWidget, "outages-field-text"))
        yield "what failed", caret_in("outages-field-text")
        write("全楼停电，UPS 剩 10 分钟")
        press(Key.Key_Return, CTRL)
        yield "it goes on", lambda: "停电" in cells("outages-list", 0)
        yield "the board says so", lambda: "停电" in tile("tile-papers.outage")


class Typing:
    """2 June 23:50: electricity again; what stands on paper is typed, a sheet nobody used is voided. P18."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def scenes(self) -> list[Scene]:
        return [
            Scene("who sits there", self.log_in, 0),
            Scene("everything works again", self.works, 2),
            Scene("the first line of the sheet", self.first, 6),
            Scene("its last line", self.second, 4),
            Scene("the other sheet is void", self.void, 3),
            Scene("the sheet of the outage on paper", self.paper, 2),
        ]

    def log_in(self) -> Waits:
        yield from log_in(SECONDARIES[1])

    def works(self) -> Waits:
        yield from papers()
        tab("papers-tabs", "停电")
        yield "the list of outages", there(QAbstractItemView, "outages-list")
        press(Key.Key_F9)
        yield "the form", there(QWidget, "outages-field-measures")
        click(widget(QWidget, "outages-field-ends_at"))
        fill("2340")
        click(widget(QWidget, "outages-field-measures"))
        yield "what was done", caret_in("outages-field-measures")
        write("改用手写单和手机，电话照常")
        press(Key.Key_Return, CTRL)
        yield "it is over", gone(QWidget, "outages-field-measures")
        yield "the board says nothing", gone(Tile, "tile-papers.outage")

    def first(self) -> Waits:
        tab("papers-tabs", "单子")
        yield "the sheets", there(QAbstractItemView, "papers-list")
        click(widget(QAbstractItemView, "papers-list").viewport(), QPoint(40, 14))
        press(Key.Key_F6)
        yield from typed("2220", "紫阳街道报望江路口积水约10厘米，已放警示牌。", PRIMARIES[2])
        yield "the next line", lambda: widget(QPlainTextEdit, "papers-field-text").toPlainText() == ""

    def second(self) -> Waits:
        yield from typed("2305", "电力抢修到场，预计半小时恢复。", "", last=True)
        yield "the sheet is done", gone(QWidget, "papers-field-text")
        yield "one is left", lambda: rows("papers-list") == 1

    def void(self) -> Waits:
        press(Key.Key_F8)
        yield "why", there(QWidget, "papers-field-reason")
        click(widget(QWidget, "papers-field-reason"))
        yield "the caret there", caret_in("papers-field-reason")
        write("没有用上")
        press(Key.Key_Return, CTRL)
        yield "none is left", lambda: rows("papers-list") == 0

    def paper(self) -> Waits:
        tab("papers-tabs", "断电断网")
        yield "the list of outages", there(QAbstractItemView, "outages-list")
        press(Key.Key_P, CTRL)
        yield from save_preview(self.out / "p18.pdf")


def papers() -> Waits:
    """To the pane of papers, by the rail."""
    click(widget(QWidget, "rail-papers"))
    yield "papers-main", there(QWidget, "papers-main")


def typed(at: str, text: str, writer: str, *, last: bool = False) -> Waits:
    """A line from paper: when, what, who wrote it; `last` ends the sheet."""
    yield "the form", there(QWidget, "papers-field-text")
    click(widget(QWidget, "papers-field-happened_at"))
    yield "when", caret_in("papers-field-happened_at")
    fill(at)
    click(widget(QWidget, "papers-field-text"))
    yield "what", caret_in("papers-field-text")
    write(text)
    if writer:
        click(widget(QWidget, "papers-field-written_by"))
        yield "who wrote it", caret_in("papers-field-written_by")
        write(writer)
    if last:
        box = widget(QWidget, "papers-field-last")
        click(box, QPoint(10, box.height() // 2))
    press(Key.Key_Return, CTRL)


class Emergency:
    """3 June 08:25: the outgoing crew cannot come back; the incoming one takes over alone, with a reason. P01."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def scenes(self) -> list[Scene]:
        return [
            Scene("who sits there", self.log_in, 0),
            Scene("the crew signs in, the leader from home", self.sign_in, 2),
            Scene("the desk is taken by one side", self.take, 10),
            Scene("the board says so", self.board, 2),
            Scene("the leader signs later", self.countersign, 35),
            Scene("the sheet on paper", self.paper, 2),
        ]

    def log_in(self) -> Waits:
        yield from log_in(PRIMARIES[1])
        yield from copied("08:25")

    def sign_in(self) -> Waits:
        yield from sign_in(PRIMARIES[1], SECONDARIES[2])
        yield from sign_in(LEADERS[2], key=Key.Key_F7, held=SHIFT)

    def take(self) -> Waits:
        yield from pane(Key.Key_0, "shifts-pane")
        click(widget(QPushButton, "handover-alone"))
        yield "the reason", caret_in("handover-reason")
        press(Key.Key_Return)
        yield from give_pin_for_alone()
        yield "nothing without a reason", said("handover-problem", "写明为什么单方交接")
        click(widget(QLineEdit, "handover-reason"))
        yield "the reason again", caret_in("handover-reason")
        write("隧道塌方，交班组转移群众未归")
        press(Key.Key_Return)
        yield from give_pin_for_alone()
        yield "the leader is to sign", step(5)

    def board(self) -> Waits:
        yield "the board says so", lambda: "单方，待补签" in tile("tile-shifts.handover")

    def countersign(self) -> Waits:
        yield from pane(Key.Key_0, "shifts-pane")
        yield "who leads", lambda: widget(QLineEdit, "handover-person").text() == LEADERS[2]
        yield from give_pin(LEADERS[2], "handover-pin")
        yield "the sixth step", step(6)
        yield "the board says it no more", gone(Tile, "tile-shifts.handover")

    def paper(self) -> Waits:
        yield "the button", caret_in("handover-next")
        press(Key.Key_Space)
        yield from save_preview(self.out / "p01-emergency.pdf")


def give_pin_for_alone() -> Waits:
    """Who signs alone stands there already: on to the PIN."""
    yield "who signs", caret_in("handover-person")
    press(Key.Key_Return)
    yield from give_pin(PRIMARIES[1], "handover-pin")


STAGES: list[tuple[str, Callable[[Path], list[Scene]]]] = [
    ("2026-06-01 08:10", lambda out: Morning(out).scenes()),
    ("2026-06-01 09:10", lambda out: Morning(out).later()),
    ("2026-06-01 14:00", lambda out: Swap(out).scenes()),
    ("2026-06-02 08:00", lambda out: HandOver(out).scenes()),
    ("2026-06-02 08:18", lambda out: HandOver(out).later()),
    ("2026-06-02 21:30", lambda out: Blanks(out).scenes()),
    ("2026-06-02 23:50", lambda out: Typing(out).scenes()),
    ("2026-06-03 08:25", lambda out: Emergency(out).scenes()),
]
