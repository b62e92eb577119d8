"""The PIN on the command line: asked for before the first act of a person, from the terminal or a file of their own.

What only reads asks for nothing; timer jobs have the author `system` and no PIN.
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
from pathlib import Path

from dutydesk.accounts import service
from dutydesk.accounts.guard import Guard
from dutydesk.core.console import warn
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk

LONGEST = 1_024


class Asking(Guard):
    """The journal's question on the command line: beside the role, that of whoever `--by` names for their PIN, once."""

    def __init__(self, desk: Desk, pin_file: str = "") -> None:
        super().__init__(desk)
        self._who = desk
        self._pin_file = pin_file
        self._sure = False

    def __call__(self, kind: str, by: str) -> None:
        super().__call__(kind, by)
        if self._sure or by != self._who.me.id or len(by) != 32 or not self.in_force:
            return
        self._sure = True  # the check itself makes acts
        try:
            name = self._who.me.name
            pin = pin_of(self._pin_file, _("{name}的口令：").format(name=name), "--pin-file")
            service.verify(self._who, bytes.fromhex(by), pin, reason=_("命令行"))
        except Refused:
            self._sure = False
            raise


def person(desk: Desk, name: str) -> bytes:
    """The person whom a name means: of several in the book the one who has an account. Raises `ValueError`."""
    held = [one.person for one in service.accounts(desk) if one.name == name.strip()]
    return held[0] if len(held) == 1 else desk.resolve("people", name)


def pin_of(file: str, prompt: str, option: str) -> str:
    """A PIN: the one line of `file`, or typed unseen at the terminal. Raises `Refused` naming `option`."""
    if file:
        return read_pin(Path(file).expanduser(), option)
    if not sys.stdin.isatty():
        raise Refused(Problem(_("没有终端可以输入口令，请用 {option}").format(option=option), option))
    return getpass.getpass(prompt)


def new_pin(file: str, name: str, option: str) -> str:
    """A new PIN; at the terminal it is typed twice. Raises `Refused` where the two differ."""
    pin = pin_of(file, _("{name}的新口令：").format(name=name), option)
    if not file and pin != getpass.getpass(_("再输一次：")):
        raise Refused(Problem(_("两次输的不一样"), "pin"))
    return pin


def read_pin(path: Path, option: str) -> str:
    """The PIN in a file that its owner alone can read. Raises `Refused` for any other file; Windows has no such
    permissions to look at, which is said."""
    try:
        with path.open("rb") as file:
            told = os.fstat(file.fileno())
            data = file.read(LONGEST + 1)
    except OSError as error:
        raise Refused(Problem(error.strerror or str(error), option, file=path.name)) from None
    if sys.platform == "win32":
        warn(_("Windows 上不检查口令文件的权限，请放在只有自己能打开的地方"))
    elif told.st_uid != os.getuid() or stat.S_IMODE(told.st_mode) & 0o077:
        raise Refused(Problem(_("口令文件只能由本人读写，请先运行 chmod 600"), option, file=path.name))
    try:
        lines = data.decode("utf-8-sig").splitlines() if len(data) <= LONGEST else []
    except UnicodeDecodeError:
        lines = []
    if len(lines) != 1 or not lines[0].strip():
        raise Refused(Problem(_("口令文件里应只有一行口令"), option, file=path.name))
    return lines[0].strip()
