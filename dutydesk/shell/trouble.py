"""When the running window finds its record damaged: what was found, what is still safe, and the way to where it is mended.

Damage that writing on cannot make worse (an altered act, ledgers that do not agree with the acts) leaves the desk as it
is. Pages that are broken stop it from writing: what is typed then is kept beside the record, and paper goes on. Either
way one key closes the window in order and brings it up again where the ways back are (`recovery`).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from dutydesk.core.clock import local
from dutydesk.core.deskkey import desk_key
from dutydesk.core.errors import DutyDeskError, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.qt.jobs import JobRunner, Token
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, fit, label, line, shortcut
from dutydesk.shell.manual import NIGHT_PAGE, show_page

WIDTH, HEIGHT = 600, 340
MOST = 6


def copy_as_is(home: Path, at: int, token: Token) -> str:
    """In a process of its own (closing a file here would let go of SQLite's locks): the record as it is now, file by
    file, with nobody writing meanwhile; the name of the folder that holds it."""
    from dutydesk.core.files import sync_file, sync_folder
    from dutydesk.journal import recipe

    token.check()
    here = Home(home)
    stem = local(at).strftime("desk.as-is-%Y%m%d-%H%M%S")
    target = here.root / stem
    count = 1
    while target.exists():
        count += 1
        target = here.root / f"{stem}-{count}"
    raw = None
    with suppress(DutyDeskError, recipe.driver().DatabaseError):  # it is copied all the same
        raw = recipe.connect(here.database, desk_key())
        recipe.begin(raw.cursor())  # whoever holds the writer keeps the -wal from being begun anew
    try:
        target.mkdir()
        for name in (here.database.name, f"{here.database.name}-wal", here.head.name, here.config.name):
            if (here.root / name).exists():
                shutil.copyfile(here.root / name, target / name)
                sync_file(target / name)
        sync_folder(target)
        sync_folder(here.root)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise Unavailable(_("没有抄成：{error}").format(error=error.strerror or error)) from None
    finally:
        if raw is not None:
            raw.close()
    return target.name


class Trouble(QDialog):
    """See the module's docstring.

    Signals:
        mend: the person wants it mended now.
    """

    mend = Signal()

    def __init__(
        self,
        home: Home,
        found: Sequence[str],
        *,
        grave: bool,
        at: int,
        parent: QWidget | None = None,
        sound: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("trouble")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("记录受损"))
        self._home, self._at = home, at
        self._jobs = JobRunner(self)
        theme = current()
        title = _("记录有损坏，程序已停止写入") if grave else _("记录有一处不对，可以接着记")
        if grave and sound:
            title = _("硬盘读写出错，程序已停止写入")
        told = (
            _(
                "已经记下的还能看、能查、能打印。新的先记在纸上，没存完的字已经留好。"
                "按“现在处理”：关上窗口，换到恢复窗口，照着选，几分钟就好。"
            )
            if grave
            else _("接着记不会更坏，交班前处理就行。按“现在处理”：关上窗口，换到恢复窗口，没存完的字会留好。")
        )
        self.heading = label(title, "title", wrap=True)
        self.told = label(told, wrap=True)
        lines = list(found[:MOST])
        if len(found) > MOST:
            lines.append(_("另有 {rest} 处").format(rest=len(found) - MOST))
        self.found = label("\n".join(lines), "problem", wrap=True, selectable=True)
        self.found.setObjectName("trouble-found")
        self.said = label("", "muted", wrap=True)
        self.said.setObjectName("trouble-said")
        self.said.hide()
        self.now = button(_("现在处理"), primary=True)
        self.now.setObjectName("trouble-mend")
        self.now.setDefault(True)
        self.now.clicked.connect(self._mend)
        self.copy = button(_("先抄一份"), tip=_("把数据库原样抄一份放在旁边，交给信息中心"))
        self.copy.setObjectName("trouble-copy")
        self.copy.clicked.connect(self.make_copy)
        self.help = button(_("怎么办（F1）"))
        self.help.setObjectName("trouble-help")
        self.help.clicked.connect(self.show_help)
        self.later = button(_("先看记录") if grave else _("接着记"), tip="Esc")
        self.later.setObjectName("trouble-later")
        self.later.clicked.connect(self.reject)
        inner = QVBoxLayout()
        inner.setContentsMargins(*(theme.px(16),) * 4)
        inner.setSpacing(theme.px(8))
        for part in (self.heading, self.told, label(_("发现了什么"), "heading"), self.found, self.said):
            inner.addWidget(part)
        inner.addStretch(1)
        bar = QHBoxLayout()
        bar.setContentsMargins(*(theme.px(16), theme.px(8)) * 2)
        bar.setSpacing(theme.px(8))
        bar.addWidget(self.help)
        bar.addStretch(1)
        for part in (self.copy, self.later, self.now):
            bar.addWidget(part)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(inner, 1)
        outer.addWidget(line())
        outer.addLayout(bar)
        shortcut(self, "F1", self.show_help)
        fit(self, theme.px(WIDTH), theme.px(HEIGHT))
        self.now.setFocus()

    def _mend(self) -> None:
        self.accept()
        self.mend.emit()

    def make_copy(self) -> None:
        """Copy the files as they are, beside the window."""
        self.copy.setEnabled(False)
        self._say(_("正在抄…"))
        job = self._jobs.run_process(_("先抄一份"), copy_as_is, self._home.root, self._at)
        job.result.connect(self._copied)
        job.failed.connect(self._not_copied)

    def _copied(self, name: str) -> None:
        self._say(_("已原样抄到数据文件夹里的 {name}").format(name=name))

    def _not_copied(self, text: str) -> None:
        self.copy.setEnabled(True)
        self._say(text)

    def _say(self, text: str) -> None:
        self.said.setText(text)
        self.said.setVisible(bool(text))

    def show_help(self) -> None:
        """F1: the page for three o'clock in the morning."""
        show_page(self, NIGHT_PAGE)

    def done(self, result: int) -> None:
        self._jobs.close()
        super().done(result)
