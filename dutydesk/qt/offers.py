"""What is offered, and what only a desk does: the one rule for every pane.

In the view of a hub nobody makes acts. A pane marks what begins one with `@desk_only`; what becomes of it in a view is
decided here alone: it is not offered. Its button is not seen, its key does nothing, the palette, the sheet of keys, menus
and bars do without it. Panes are the same code as at a desk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from dutydesk.core.i18n import N_

if TYPE_CHECKING:  # the window marks its commands before it is seen, and nothing else of this is needed by then
    from PySide6.QtGui import QShortcut
    from PySide6.QtWidgets import QAbstractButton, QWidget

Run = TypeVar("Run", bound=Callable[..., Any])
CommandRow = tuple[str, str, Callable[[], Any]]
_MARK = "__desk_only__"
NOTHING_CAME = N_("没有上传过的区县，这里也是空的；看“区县”一栏的最新记录")
"""What an empty list says in a view, where it does not mean that nothing happened."""


def desk_only(run: Run) -> Run:
    """Marks a method by which a desk writes, or which only makes sense for whoever writes."""
    setattr(run, _MARK, True)
    return run


def viewing(desk: Any) -> bool:
    """Whether `desk` is the view of a hub."""
    return bool(getattr(getattr(desk, "config", None), "view", False))


def offered(desk: Any, run: Callable[..., Any]) -> bool:
    """Whether `run` is offered at `desk`."""
    return not (viewing(desk) and _marked(run))


def _marked(run: Callable[..., Any]) -> bool:
    """Whether a command is marked; what overrides a marked method is, too."""
    while isinstance(run, partial):
        run = run.func
    name, owner = getattr(run, "__name__", ""), getattr(run, "__self__", None)
    ways = (vars(kind).get(name) for kind in type(owner).__mro__) if owner is not None else (run,)
    return any(getattr(way, _MARK, False) for way in ways)


def kept(desk: Any, commands: Iterable[CommandRow]) -> list[CommandRow]:
    """Those commands that are offered."""
    return [one for one in commands if offered(desk, one[2])]


def on_press(desk: Any, control: QAbstractButton, run: Callable[..., Any]) -> None:
    """What pressing a button does; where that is not offered the button is not seen."""
    if offered(desk, run):
        control.clicked.connect(run)
    else:
        control.hide()


def on_key(
    desk: Any, parent: QWidget, keys: str, run: Callable[[], object], *, alone: bool = False
) -> QShortcut | None:
    """A key as `widgets.shortcut` makes it, where what it does is offered."""
    from dutydesk.qt.widgets import shortcut

    return shortcut(parent, keys, run, alone=alone) if offered(desk, run) else None
