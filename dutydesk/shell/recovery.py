"""When the record does not open: what was found, what each way out keeps and loses, and the last numbers on paper.

Nothing is touched before somebody chooses; whatever is chosen, the broken file stays beside the new one. The hub is asked
meanwhile and may answer late. On a new machine the same dialog makes the desk again out of a copy that somebody brings.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.clock import Clock, local
from dutydesk.core.deskkey import typed_key, use_key
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.features import schema
from dutydesk.qt import dialogs
from dutydesk.qt.jobs import Apart, JobRunner
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, fit, label, line, restyle, shortcut
from dutydesk.shell.manual import NIGHT_PAGE, show_page
from dutydesk.shell.ways import Bring, Look, Take, ask_hub, close_opened
from dutydesk.sync import ladder, restoring, second, snapshots
from dutydesk.sync.ladder import Choice, Found
from dutydesk.sync.restoring import Floor

WIDTH, HEIGHT = 760, 640
HUB_MS = 10_000
"""How long the way back waits for the hub; what it says later is still taken in."""
FAR = 2_000
"""A number that is so much greater than the greatest known one is asked about once: a slip leaves a gap for good."""


class Recovery(QDialog):
    """The way back. `stay`: the record still opens, so leaving goes back to the window; `fresh`: there is no record
    here yet, on a new machine.

    Signals:
        restored: the record may be opened again.
    """

    restored = Signal()

    def __init__(
        self,
        home: Home,
        clock: Clock,
        error: DutyDeskError,
        key: bytes | None = None,
        parent: QWidget | None = None,
        *,
        stay: bool = False,
        fresh: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("recovery")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("从备份恢复") if fresh else _("数据打不开"))
        self._home, self._clock, self._key = home, clock, key
        self._jobs, self._asking = JobRunner(self), JobRunner(self)
        self._found: Found | None = None
        self._brought: list[Choice] = []
        self._done = self._taking = False
        self._stay, self._fresh = stay, fresh
        self._locked: Choice | Path | None = None
        self._sure: set[tuple[str, int]] = set()
        self._offered: dict[str, str] = {}
        self.lines: dict[str, QLineEdit] = {}
        self._told: list[QLabel] = []
        self.group = QButtonGroup(self)
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(HUB_MS)
        self._late.timeout.connect(self._hub_late)
        self._lay_out(error)
        fit(self, current().px(WIDTH), current().px(HEIGHT))
        job = self._jobs.run(_("查看备份"), Look(home, key, self._year))
        job.result.connect(self._show)
        job.failed.connect(self._fail)

    @property
    def _year(self) -> int:
        return local(self._clock.now()).year

    def _lay_out(self, error: DutyDeskError) -> None:
        theme = current()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(*(theme.px(16),) * 4)
        column.setSpacing(theme.px(8))
        if self._fresh:
            self._title = label(_("把值班台恢复到这台电脑上"), "title", wrap=True)
            self._calm = label(
                _("插上有备份的盘，按“别处的备份”选最新的一份。旧电脑从此不要再记。"), "muted", wrap=True
            )
        else:
            self._title = label(
                _("记录有损坏，选一种办法") if self._stay else _("值班记录打不开，先用纸笔接着记"), "title", wrap=True
            )
            self._calm = label(_("现在还什么都没有动。不管选哪一种，原来的文件都会留着。"), "muted", wrap=True)
        column.addWidget(self._title)
        column.addWidget(self._calm)
        self._found_title = label(_("发现了什么"), "heading")
        column.addWidget(self._found_title)
        self.said = label("\n".join(str(one) for one in error.problems), "problem", wrap=True, selectable=True)
        self.said.setObjectName("recovery-said")
        column.addWidget(self.said)
        for part in (self._found_title, self.said):
            part.setVisible(not self._fresh)
        self.hub = label("", "muted", wrap=True)
        self.hub.setObjectName("recovery-hub")
        self.hub.hide()
        column.addWidget(self.hub)
        self.heading = label(_("正在查看还剩下什么…"), "heading")
        column.addWidget(self.heading)
        self._choices = QVBoxLayout()
        self._choices.setSpacing(theme.px(4))
        column.addLayout(self._choices)
        self.elsewhere = button(_("别处的备份…"), tip=_("U 盘、另一块硬盘、共享文件夹里的备份"))
        self.elsewhere.setObjectName("recovery-elsewhere")
        self.elsewhere.setEnabled(False)
        self.elsewhere.clicked.connect(self.choose_file)
        self.secret = QLineEdit()
        self.secret.setObjectName("recovery-secret")
        self.secret.returnPressed.connect(self._secret_typed)
        self.secret.hide()
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        self._area = area
        self.group.idToggled.connect(self._show_picked)
        area.verticalScrollBar().rangeChanged.connect(self._room_changed)
        # Below the list and never scrolled away: nobody goes back without having seen the numbers.
        self._ask = label("", wrap=True)
        self._ask.setObjectName("recovery-ask")
        self._ask.setContentsMargins(theme.px(16), theme.px(8), theme.px(16), 0)
        self._ask.hide()
        self._numbers = QGridLayout()
        self._numbers.setContentsMargins(theme.px(16), theme.px(4), theme.px(16), 0)
        self._numbers.setHorizontalSpacing(theme.px(16))
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("recovery-problem")
        self.problem.hide()
        self.go = button(_("照此恢复"), primary=True)
        self.go.setObjectName("recovery-go")
        self.go.setEnabled(False)
        self.go.clicked.connect(self.take)
        self.leave = button(_("先不动，回到窗口") if self._stay else _("先不动，退出"))
        self.leave.setObjectName("recovery-leave")
        self.leave.clicked.connect(self.reject)
        self.help = button(_("怎么办（F1）"))
        self.help.setObjectName("recovery-help")
        self.help.clicked.connect(self.show_help)
        bar = QHBoxLayout()
        bar.setContentsMargins(*(theme.px(16), theme.px(8)) * 2)
        bar.setSpacing(theme.px(8))
        bar.addWidget(self.help)
        bar.addWidget(self.elsewhere)
        bar.addStretch(1)
        bar.addWidget(self.leave)
        bar.addWidget(self.go)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(area, 1)
        outer.addWidget(line())
        told = QVBoxLayout()
        told.setContentsMargins(theme.px(16), theme.px(4), theme.px(16), 0)
        told.addWidget(self.secret)
        told.addWidget(self.problem)
        outer.addLayout(told)
        outer.addWidget(self._ask)
        outer.addLayout(self._numbers)
        outer.addLayout(bar)
        shortcut(self, "F1", self.show_help)

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def show_help(self) -> None:
        """F1: the page for three o'clock in the morning."""
        show_page(self, NIGHT_PAGE)

    # -- what there is -------------------------------------------------------------------------------------------------

    def _show(self, found: Found) -> None:
        self._found = found
        self.elsewhere.setEnabled(True)
        if found.said:
            self.said.setText("\n".join(found.said))
        shapes = schema().shapes
        for ledger in found.numbers:
            last = QLineEdit()
            last.setObjectName(f"recovery-last-{ledger}")
            title = _(shapes[ledger].ledger.title)
            last.setAccessibleName(title)
            last.setPlaceholderText(_("没有就空着"))
            self._numbers.addWidget(label(title, "muted"), 0, len(self.lines))
            self._numbers.addWidget(last, 1, len(self.lines))
            self.lines[ledger] = last
        self._offer_numbers()
        self._list()
        if found.locked:
            self._ask_key(self._home.database)
            return
        if found.has_hub:
            self.hub.setText(_("正在问中心库知道的最后编号…"))
            self.hub.show()
            self.go.setEnabled(False)
            job = self._asking.run(
                _("问中心库"), Apart(ask_hub, (self._home.root, found, self._key, self._year), asks=False)
            )
            job.result.connect(self._heard)
            job.failed.connect(self._not_heard)
            self._late.start()
        if not found.choices:
            self.elsewhere.setFocus()

    def _heard(self, found: Found) -> None:
        """The hub has answered, perhaps late; never under the hands of a restore that goes on."""
        self._late.stop()
        if self._taking or self._done:
            return
        self._found = found
        self._hub_says(found.hub)
        self._offer_numbers()
        self._list()

    def _not_heard(self, text: str) -> None:
        self._late.stop()
        if not (self._taking or self._done):
            self._hub_says(text)
            self._list()

    def _hub_late(self) -> None:
        self._hub_says(_("中心库还没有应答，不用等：它知道的记录下次同步时取回，编号请照纸上填"))
        self._list()

    def _hub_says(self, text: str) -> None:
        self.hub.setText(text)
        self.hub.setVisible(bool(text))

    def _offer_numbers(self) -> None:
        """Fill in the greatest known numbers, where nobody has typed another."""
        assert self._found is not None
        for ledger, known in self._found.numbers.items():
            text = str(known) if known else ""
            if self.lines[ledger].text() in ("", self._offered.get(ledger, "")):
                self.lines[ledger].setText(text)
            self._offered[ledger] = text
        more = _("纸上最后一个编号（看最后一张打印件；填大了没关系，填小了会重号）")
        if self._found.unseen:
            more += "\n" + _("另有 {count} 次查不到编号：纸上找不到的，加 {count} 再填").format(
                count=self._found.unseen
            )
        self._ask.setText(more)

    def _all(self) -> list[Choice]:
        assert self._found is not None
        return [*self._brought, *self._found.choices]

    def _list(self) -> None:
        """Show the ways, the best first; what was picked stays picked."""
        picked = self.group.checkedButton()
        kept = picked.property("what") if picked is not None else None
        for old in (*self.group.buttons(), *self._told):
            self._choices.removeWidget(old)
            if isinstance(old, QRadioButton):
                self.group.removeButton(old)
            old.deleteLater()
        self._told = []
        every = self._all()
        self.heading.setText(
            _("可以怎么办")
            if every
            else _("请选一份备份")
            if self._fresh
            else _("没有可用的备份。请在其他盘上找 desk-….sqlite，按“别处的备份”")
        )
        theme = current()
        for n, choice in enumerate(every):
            what = f"{choice.kind} {choice.file}"
            pick = QRadioButton(choice.title if n else _("{title}（建议）").format(title=choice.title))
            pick.setObjectName(f"recovery-choice-{n}")
            pick.setProperty("what", what)
            pick.setChecked(what == kept or (kept is None and n == 0))
            self.group.addButton(pick, n)
            told = label(
                _("留下：{keeps}\n会丢：{loses}").format(keeps=choice.keeps, loses=choice.loses), "muted", wrap=True
            )
            told.setContentsMargins(theme.px(24), 0, 0, theme.px(4))
            self._told.append(told)
            self._choices.addWidget(pick)
            self._choices.addWidget(told)
        self._show_numbers(shown=bool(every))
        self.go.setEnabled(bool(every) and not self._late.isActive())
        self.go.setDefault(True)
        chain = [
            *self.group.buttons(),
            self.secret,
            *self.lines.values(),
            self.go,
            self.leave,
            self.elsewhere,
            self.help,
        ]
        for before, after in pairwise(chain):
            self.setTabOrder(before, after)
        chosen = self.group.checkedButton()
        if chosen is not None and not self.secret.hasFocus():
            chosen.setFocus()

    def _show_picked(self, n: int, picked: bool) -> None:
        """What is chosen can be read, with what it keeps and loses, however little room there is."""
        if picked and n < len(self._told):
            inner = self._area.widget().layout()
            assert inner is not None
            inner.activate()
            self._area.ensureWidgetVisible(self._told[n], 0, current().px(8))
            self._area.ensureWidgetVisible(self.group.button(n), 0, current().px(4))

    def _room_changed(self, _low: int, _high: int) -> None:
        self._show_picked(self.group.checkedId(), self.group.checkedId() >= 0)

    def _show_numbers(self, *, shown: bool) -> None:
        self._ask.setVisible(shown)
        for at in range(self._numbers.count()):
            item = self._numbers.itemAt(at)
            part = item.widget() if item is not None else None
            if part is not None:
                part.setVisible(shown)

    # -- a copy from elsewhere -----------------------------------------------------------------------------------------

    def choose_file(self) -> None:
        """Ask for a copy on another disk."""
        chooser = dialogs.open_file(
            self,
            _("别处的备份"),
            [_("备份 (desk-*.sqlite desk-*.sqlite.age desk.before-*.sqlite desk.before-*.sqlite.age)")],
        )
        chooser.chosen.connect(self.bring)

    def bring(self, file: Path) -> None:
        """Take in a copy that somebody has chosen; an encrypted one waits for its key."""
        self._file = file
        self._locked = None
        locked = file.suffix == second.AGE
        self.secret.setVisible(locked)
        self._say(_("这份是加密的，请输入恢复密钥") if locked else "")
        if locked:
            self.secret.setAccessibleName(_("恢复密钥"))
            self.secret.setPlaceholderText(_("照恢复密钥那张纸输入，空格、大小写都不要紧，回车打开"))
            self.secret.setFocus()
        else:
            self._open_brought()

    def _secret_typed(self) -> None:
        if self._locked is None:
            self._open_brought()
        elif self.secret.text().strip():
            self._try_key(self._locked)

    def _ask_key(self, locked: Choice | Path) -> None:
        """The record itself is encrypted, and the key it was started with is none or another."""
        self._locked = locked
        self.heading.setText(_("照“备份恢复密钥”那张纸，在下面输入数据密钥"))
        self.secret.clear()
        self.secret.setAccessibleName(_("数据密钥"))
        self.secret.setPlaceholderText(_("数据密钥，64 个字，空格、大小写都不要紧，回车打开"))
        self.secret.show()
        self.secret.setFocus()

    def _try_key(self, locked: Choice | Path) -> None:
        """With the right key there is nothing to mend; a copy from elsewhere is taken in."""
        try:
            key = typed_key(self.secret.text())
        except ValueError as error:
            self._say(str(error))
            return
        files = [locked, *snapshots.snapshots(self._home.snapshots)] if isinstance(locked, Path) else [locked.file]
        if not any(file is not None and ladder.opens(file, key) for file in files):
            self._say(_("这把密钥打不开，请逐组再对一遍"))
            self.secret.selectAll()
            return
        use_key(key)
        self._key, self._locked = key, None
        self.secret.clear()
        self.secret.hide()
        if isinstance(locked, Path):
            self.restored.emit()
            self.accept()
        elif locked.file is not None:
            self._take_in(ladder.elsewhere(self._home, locked.file, key))

    def _open_brought(self) -> None:
        if self._file.suffix == second.AGE and not self.secret.text().strip():
            return
        self._say(_("正在打开…"))
        job = self._jobs.run(_("打开备份"), Bring(self._home, self._file, self.secret.text(), self._key))
        job.result.connect(self._take_in)
        job.failed.connect(self._fail)

    def _take_in(self, choice: Choice) -> None:
        self._say("")
        if choice.locked:
            self._say(_("备份里的数据也是加密的，还要数据密钥（同一张纸上）"))
            self._ask_key(choice)
            return
        self.secret.clear()
        self.secret.hide()
        self._brought = [choice, *[one for one in self._brought if one.file != choice.file]]
        if choice.file is not None and self._found is not None:
            held = restoring.counted(choice.file, schema(), self._key, year=self._year)
            numbers = {ledger: max(n, held.get(ledger, 0)) for ledger, n in self._found.numbers.items()}
            self._found = replace(self._found, numbers=numbers)
            self._offer_numbers()
        picked = self.group.checkedButton()
        if picked is not None:
            picked.setProperty("what", f"{choice.kind} {choice.file}")
        self._list()

    # -- going back ----------------------------------------------------------------------------------------------------

    def _on_paper(self) -> tuple[dict[str, int], list[Floor]] | None:
        """The numbers of this year and of another; `None` where one of them is to be looked at again."""
        assert self._found is not None
        numbers: dict[str, int] = {}
        floors: list[Floor] = []
        for ledger, last in self.lines.items():
            known = self._found.numbers.get(ledger, 0)
            numbers[ledger] = known
            try:
                told = restoring.on_paper(last.text(), self._year)
            except ValueError as error:
                self._stop_at(last, str(error))
                return None
            if told is None:
                continue
            year, n = told
            if year != self._year:
                floors.append((ledger, year, n))
                continue
            if known and n > known + FAR and (ledger, n) not in self._sure:
                self._sure.add((ledger, n))
                self._stop_at(
                    last, _("{n} 比知道的最后一号 {known} 大很多；没有抄错就再按一次").format(n=n, known=known)
                )
                return None
            numbers[ledger] = max(known, n)
        return numbers, floors

    def _stop_at(self, last: QLineEdit, text: str) -> None:
        self._say(text)
        last.setFocus()
        last.selectAll()

    def take(self) -> None:
        """Do what is chosen, or open the window when it is done."""
        if self._done:
            self.restored.emit()
            self.accept()
            return
        if self._found is None or not self._all():
            return
        told = self._on_paper()
        if told is None:
            return
        self._say("")
        self._taking = True
        self._late.stop()
        for part in (self.go, self.leave, self.elsewhere):
            part.setEnabled(False)
        self.heading.setText(_("正在恢复，请不要关机…"))
        choice = self._all()[max(0, self.group.checkedId())]
        job = self._jobs.run(choice.title, Take(choice, self._home, self._clock, *told, self._key))
        job.result.connect(self._took)
        job.failed.connect(self._fail)

    def _took(self, said: list[str]) -> None:
        self._done = True
        self._taking = False
        self._title.setText(_("恢复好了"))
        self._calm.setText(_("按“打开值班台”接着记；纸上记的补进去，时间写当时的时间。"))
        self.said.setProperty("role", "")
        restyle(self.said)
        self.said.setText("\n".join(said))
        self.said.show()
        self._show_numbers(shown=False)
        for part in (*self.group.buttons(), *self._told, self._found_title, self.heading, self.hub):
            part.hide()
        for part in (self.leave, self.elsewhere):
            part.hide()
        self.go.setText(_("打开值班台"))
        self.go.setEnabled(True)
        self.go.setFocus()

    def _fail(self, text: str) -> None:
        self._taking = False
        self._say(text)
        self.heading.setText(_("可以怎么办") if self._found else _("查看时出错"))
        self.leave.setEnabled(True)
        self.elsewhere.setEnabled(self._found is not None)
        self.go.setEnabled(self._found is not None and bool(self._all()))

    def reject(self) -> None:
        """Leave everything as it is; not in the middle of a restore."""
        if self._taking or self._done:
            return
        if self._stay:
            self.restored.emit()
            self.accept()
        else:
            super().reject()

    def done(self, result: int) -> None:
        self._late.stop()
        self._asking.close()
        self._jobs.close()
        close_opened(self._home)
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.go.isEnabled() and not self.secret.hasFocus():
            self.take()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "go"):
            fit(self, current().px(WIDTH), current().px(HEIGHT))
