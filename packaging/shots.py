"""`make shots`: the pictures of `docs/screens`, of the sample night at a fixed time, equal bytes when made twice.

The window is driven by the same hands as the demo (`dutydesk.shell.player`); nothing here knows a pane from inside. Each
picture is reduced to 256 colours, which keeps type sharp and files below 200 kB.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["FONTCONFIG_FILE"] = str(ROOT / "tests" / "fonts.conf")
os.environ["DUTYDESK_MUTE"] = "1"

from PIL import Image  # noqa: E402
from PySide6.QtCore import QBuffer, QCoreApplication, QEvent, QEventLoop, QPoint, Qt, QTimer  # noqa: E402
from PySide6.QtGui import QImage, QPainter, QPixmap  # noqa: E402
from PySide6.QtWidgets import QAbstractItemView, QApplication, QDialog, QWidget  # noqa: E402

from dutydesk.core import i18n, ids  # noqa: E402
from dutydesk.core.clock import HOUR, FixedClock, parse_iso  # noqa: E402
from dutydesk.core.paths import Home  # noqa: E402
from dutydesk.features import schema  # noqa: E402
from dutydesk.papers.service import print_blanks  # noqa: E402
from dutydesk.qt import theme, words  # noqa: E402
from dutydesk.sample import make_sample  # noqa: E402
from dutydesk.shell.crash import hush  # noqa: E402
from dutydesk.shell.player import Player, Scene, Seen, letters, press, there, widget, write  # noqa: E402
from dutydesk.shell.start import Starter, application  # noqa: E402
from dutydesk.sync import snapshots  # noqa: E402

AT = parse_iso("2026-06-19 06:30")
SEED = 20260619
LIMIT = 200_000
SMALL, WIDE = (1366, 768), (1920, 1080)
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
Key = Qt.Key
Waits = Iterator[tuple[str, Seen]]


def main() -> int:
    """Make all pictures; returns how many are too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", default=str(ROOT / "docs" / "screens"))
    out = Path(parser.parse_args().out)
    out.mkdir(parents=True, exist_ok=True)
    hush()
    app = application()
    app.setCursorFlashTime(0)
    large = 0
    for sitting in (Day, Night, Large, English, Broken):
        with tempfile.TemporaryDirectory(prefix="dutydesk-shots-") as folder, ids.seeded(SEED):
            trouble = sitting(app, Path(folder), out).play()
        if trouble:
            sys.stderr.write(f"{sitting.__name__}: {trouble}\n")
            return 1
    for picture in sorted(out.glob("*.png")):
        size = picture.stat().st_size
        large += size > LIMIT
        print(f"{size:7d} {picture.name}")
    return large


class Sitting:
    """One window in one look, and the pictures taken of it."""

    language = "zh_CN"
    look = theme.Theme()
    size = SMALL

    def __init__(self, app: QApplication, folder: Path, out: Path) -> None:
        self.app, self.folder, self.out = app, folder, out
        self.clock = FixedClock(AT)

    def play(self) -> str:
        """Open the window, play, close; gives what was not seen."""
        i18n.use(self.language)
        theme.apply(self.app, self.look)
        words.speak(self.app)
        home = Home(self.folder / "desk")
        make_sample(home, self.clock, AT, seed=SEED)
        starter = Starter(home, self.clock)
        self.window = starter.window
        self.window.resize(*self.size)
        loop = QEventLoop()
        starter.ready.connect(loop.quit)
        starter.failed.connect(loop.quit)
        starter.start()
        loop.exec()
        try:
            self.window.begin()
            scenes = [Scene("who", self.who, 0), *(Scene(step.__name__, step, 0) for step in self.steps())]
            return Player(self.clock, scenes, self.folder, self.window).play()
        finally:
            self.end(starter)

    def end(self, starter: Starter) -> None:
        """Close the window and take it away now: left to the collector, it could go in the middle of being drawn anew
        for the next sitting's look."""
        self.window.close()
        starter.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()  # what is left of its charts, or pyqtgraph speaks of it at the end

    def steps(self) -> list:
        """The generators to play."""
        raise NotImplementedError

    def who(self) -> Waits:
        """Someone sits there, the record has been looked at, the first copy is made."""
        press(Key.Key_L, CTRL)
        yield "the dialog", there(QWidget, "who-name")
        letters("wgw")
        yield "what it offers", lambda: QApplication.activePopupWidget() is not None
        press(Key.Key_Return)
        yield "someone", lambda: "卫庚午" in self.window.board.who.value
        yield (
            "the record",
            lambda: "✓" in self.window.board.record.value and "06:30" in self.window.board.record.caption,
        )
        yield "quiet", lambda: not self.window.quiet.jobs and not self.window.jobs.jobs
        yield from self.rest()

    def rest(self) -> Waits:
        """Wait until nothing moves: 400 ms without anything to do."""
        done: list[bool] = []

        def now() -> None:
            done.append(True)

        QTimer.singleShot(400, self.window, now)
        yield "rest", lambda: bool(done)

    def shoot(self, name: str, dialog: str = "") -> None:
        """Take the picture, the dialog in the middle of the window."""
        picture = QPixmap(self.window.size())
        self.window.render(picture, QPoint(0, 0))
        if dialog:
            over = widget(QDialog, dialog)
            painter = QPainter(picture)
            at = QPoint((picture.width() - over.width()) // 2, (picture.height() - over.height()) // 2)
            painter.fillRect(picture.rect(), Qt.GlobalColor.transparent)
            painter.drawPixmap(at, over.grab())
            painter.setPen(theme.current().colour("outline"))
            painter.drawRect(at.x() - 1, at.y() - 1, over.width() + 1, over.height() + 1)
            painter.end()
        self.keep(picture, name)

    def shoot_dialog(self, name: str, dialog: str) -> None:
        """Take the picture of a dialog alone."""
        self.keep(widget(QDialog, dialog).grab(), name)

    def keep(self, picture: QPixmap, name: str) -> None:
        """Write it in few colours."""
        held = QBuffer()
        held.open(QBuffer.OpenModeFlag.WriteOnly)
        picture.toImage().convertToFormat(QImage.Format.Format_RGB888).save(held, "PNG")
        whole = Image.open(io.BytesIO(held.data().data())).convert("RGB")
        few = whole.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(self.out / f"{name}.png", optimize=True)

    def pane(self, digit: Qt.Key, name: str) -> Waits:
        """Go to a pane by its key."""
        press(digit, ALT)
        yield name, there(QWidget, name)
        yield from self.rest()


class Day(Sitting):
    """Light, at 1366 × 768."""

    def steps(self) -> list:
        return [
            self.desk,
            self.intake,
            self.roster,
            self.on_duty,
            self.palette,
            self.accounts,
            self.papers,
            self.sheet,
            self.hand_over,
        ]

    def desk(self) -> Waits:
        yield from self.pane(Key.Key_1, "daybook-pane")
        press(Key.Key_Down)
        press(Key.Key_Down)
        yield from self.rest()
        self.shoot("desk-light")

    def papers(self) -> Waits:
        for form, count in (("P02", 2), ("TEL", 4)):
            print_blanks(self.window.desk, form, count)
        yield from self.pane(Key.Key_BracketLeft, "papers-main")
        self.shoot("papers")

    def accounts(self) -> Waits:
        yield from self.pane(Key.Key_Backslash, "accounts-pane")
        widget(QWidget, "account-begin").click()
        yield "the dialog", lambda: QApplication.activeModalWidget() is not None or bool(self.dialogs())
        yield from self.rest()
        dialog = self.dialogs()[0]
        self.shoot("accounts", dialog.objectName())
        dialog.reject()
        yield "closed", lambda: not self.dialogs()

    def dialogs(self) -> list[QDialog]:
        return [one for one in self.window.findChildren(QDialog) if one.isVisible()]

    def intake(self) -> Waits:
        yield from self.pane(Key.Key_2, "incidents-pane")
        press(Key.Key_N, CTRL)
        yield "the form", there(QWidget, "incident-intake")
        letters("0540")
        press(Key.Key_Return)
        letters("nl")
        yield "what it offers", lambda: QApplication.activePopupWidget() is not None
        press(Key.Key_Return)
        yield "the next field", there(QWidget, "intake-place-input")
        write("示例河沿河步道")
        for name in ("dead", "missing", "trapped", "serious", "injured"):
            widget(QWidget, f"intake-{name}-input").setFocus()
            letters("0" if name != "trapped" else "3")
        yield from self.rest()
        self.shoot("intake")
        press(Key.Key_Escape)
        yield from self.rest()

    def roster(self) -> Waits:
        yield from self.pane(Key.Key_Equal, "roster-pane")
        self.shoot("roster")

    def on_duty(self) -> Waits:
        yield from self.pane(Key.Key_BracketRight, "attendance-pane")
        self.shoot("attendance")

    def palette(self) -> Waits:
        press(Key.Key_K, CTRL)
        yield "the palette", there(QDialog, "palette")
        letters("zxs")
        yield "found", lambda: widget(QAbstractItemView, "palette-list").model().rowCount() > 1
        yield from self.rest()
        self.shoot("palette", "palette")
        press(Key.Key_Escape)
        yield "closed", lambda: not there(QDialog, "palette")()

    def sheet(self) -> Waits:
        yield from self.pane(Key.Key_0, "shifts-pane")
        press(Key.Key_P, CTRL)
        yield "the preview", there(QDialog, "preview-dialog")
        yield from self.rest()
        self.shoot("handover", "preview-dialog")
        press(Key.Key_Escape)
        yield "closed", lambda: not there(QDialog, "preview-dialog")()

    def hand_over(self) -> Waits:
        yield from self.pane(Key.Key_0, "shifts-pane")
        press(Key.Key_Return, CTRL)
        yield "its items", there(QWidget, "handover-items")
        press(Key.Key_Return)
        yield "the line for an answer", there(QWidget, "handover-line")
        write("现场仍在处置，前方每半小时报一次。")
        press(Key.Key_Return)
        yield "no line", lambda: not there(QWidget, "handover-line")()
        yield from self.rest()
        self.shoot("handover-page")


class Night(Sitting):
    """The night theme on a large screen."""

    look = theme.Theme(night=True)

    def steps(self) -> list:
        return [self.rain]

    def rain(self) -> Waits:
        yield from self.pane(Key.Key_3, "rain-pane")
        yield "the chart", there(QWidget, "rain-chart")
        yield from self.rest()
        self.shoot("rain")


class Large(Sitting):
    """Twice the size of type on the smallest screen."""

    look = theme.Theme(percent=200)

    def steps(self) -> list:
        return [self.desk]

    def desk(self) -> Waits:
        yield from self.pane(Key.Key_2, "incidents-pane")
        self.shoot("desk-200")


class English(Sitting):
    """The other language."""

    language = "en"

    def steps(self) -> list:
        return [self.desk]

    def desk(self) -> Waits:
        yield from self.pane(Key.Key_1, "daybook-pane")
        self.shoot("desk-english")


class Broken(Sitting):
    """A record that does not open, at three in the morning."""

    def play(self) -> str:
        theme.apply(self.app, self.look)
        i18n.use(self.language)
        words.speak(self.app)
        home = Home(self.folder / "desk")
        make_sample(home, self.clock, AT, seed=SEED)
        for hours in (2, 1):
            snapshots.take(home, schema(), FixedClock(AT - hours * HOUR))
        with home.database.open("r+b") as file:
            file.write(b"\xaa" * 4_096)
        starter = Starter(home, self.clock)
        self.window = starter.window
        self.window.resize(*self.size)
        loop = QEventLoop()
        starter.failed.connect(loop.quit)
        starter.start()
        loop.exec()
        try:
            return Player(self.clock, [Scene("recovery", self.recovery, 0)], self.folder, self.window).play()
        finally:
            self.end(starter)

    def recovery(self) -> Waits:
        yield "the ways", lambda: widget(QWidget, "recovery-go").isEnabled()
        yield from self.rest()
        self.shoot_dialog("recovery", "recovery")
        widget(QDialog, "recovery").reject()


if __name__ == "__main__":
    sys.exit(main())
