"""How a desk comes to a hub from its window: its card goes out, the owner's file comes in."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.qt import dialogs
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label
from dutydesk.sync import joining


class Joining(QWidget):
    """What stands in the pane of a desk that belongs to no hub: what to do, and the two buttons that do it.

    Signals:
        joined: the hub is known from now on.
    """

    joined = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sync-joining")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._desk = desk
        theme = current()
        config = desk.config
        alone = config.sample or config.drill or config.view
        column = QVBoxLayout(self)
        column.setSpacing(theme.px(8))
        column.addStretch(1)
        self.sentence = label(_("本机还没有接入中心库"), "heading", wrap=True)
        hint = (
            _("{mark}数据不同步").format(mark=config.mark)
            if alone
            else _("先写出登记卡交给中心库管理员，再读入他给的文件，马上就能同步")
        )
        self.hint = label(hint, "muted", wrap=True)
        for widget in (self.sentence, self.hint):
            widget.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(widget)
        self.card = button(_("写出登记卡"))
        self.card.setObjectName("sync-card")
        self.card.clicked.connect(self.choose_card)
        self.join = button(_("读入登记文件"), primary=True)
        self.join.setObjectName("sync-join")
        self.join.clicked.connect(self.choose_file)
        bar = QHBoxLayout()
        bar.setSpacing(theme.px(8))
        bar.addStretch(1)
        for one in (self.card, self.join):
            bar.addWidget(one)
        bar.addStretch(1)
        column.addLayout(bar)
        column.addStretch(2)
        for one in (self.card, self.join):  # not before it has a parent: it would be a window, and take the keyboard
            one.setVisible(not alone)

    def again(self, *, joined: bool) -> None:
        """Whether it stands in the pane of a desk that belongs to a hub already, and comes to it anew."""
        if joined:
            self.sentence.setText(_("重新接入中心库"))
            self.hint.setText(_("口令、地址或证书换了：请中心库管理员重新登记本机，读入他给的文件。本机的记录不变。"))

    def choose_card(self) -> None:
        """Ask where the card goes."""
        name = f"dutydesk-{self._desk.config.code or self._desk.config.desk[:8]}.card"
        files = [_("登记卡 (*.card)")]
        dialog = dialogs.save_file(self, _("写出登记卡"), name, files, memory=self._desk.store, purpose="hub")
        dialog.chosen.connect(self.write_card)

    def write_card(self, path: Path) -> None:
        """Write it."""
        try:
            joining.write_card(self._desk.store, path)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        dialogs.tell(self, _("登记卡写在 {file}，请交给中心库管理员").format(file=path.name))

    def choose_file(self) -> None:
        """Ask for the owner's file."""
        dialog = dialogs.open_file(self, _("读入登记文件"), [_("所有文件 (*)")], memory=self._desk.store, purpose="hub")
        dialog.chosen.connect(self.read_file)

    def read_file(self, path: Path) -> None:
        """Keep what it says, and begin."""
        try:
            joining.join(self._desk.store, path)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.joined.emit()
