"""What will be on paper, inside the window: pages one below the other, fitted to the width or zoomed, with 打印, 另存,
关闭. Paper stays white at night; only its surround is dark.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShortcut,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from dutydesk.core.errors import Problem, Unavailable
from dutydesk.core.files import write_whole
from dutydesk.core.i18n import _
from dutydesk.qt import dialogs, printer
from dutydesk.qt.dialogs import Memory
from dutydesk.qt.pdf import Pages
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, IconButton, button, label, line

GAP = 16
MOST_PICTURES = 12
STEP = 1.25
LEAST, MOST = 0.25, 4.0
WIDEST = 1_000
"""Fitted pages are not drawn wider than this (at 100 %): a page as wide as a wall screen cannot be read."""


class PageView(QAbstractScrollArea):
    """The pages, drawn when they come into sight. `zoom` 0 fits the width.

    Signals:
        zoomed: the scale in per cent of paper at 96 dpi. at_page: the page in the middle, from 1.
    """

    zoomed = Signal(int)
    at_page = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("预览"))
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self._pages: Pages | None = None
        self._zoom = 0.0
        self._rects: list[QRect] = []
        self._pictures: OrderedDict[tuple[int, int], QImage] = OrderedDict()
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    def show_pages(self, pages: Pages | None) -> None:
        """Show another document from its first page."""
        self._pages = pages
        self._pictures.clear()
        self._lay_out()
        self.verticalScrollBar().setValue(0)
        self._scrolled()

    @property
    def scale(self) -> float:
        """Pixels on the screen for a pixel of paper at 96 dpi."""
        if self._zoom or self._pages is None or not self._pages.sizes:
            return self._zoom or 1.0
        widest = max(width for width, _height in self._pages.sizes) * 96 / 72
        room = min(self.viewport().width() - 2 * current().px(GAP), current().px(WIDEST))
        return min(max(room / widest, LEAST), MOST)

    def set_zoom(self, zoom: float) -> None:
        """A scale, or 0 to fit the width; the middle of the view stays where it is."""
        bar = self.verticalScrollBar()
        middle = (bar.value() + bar.pageStep() / 2) / max(bar.maximum() + bar.pageStep(), 1)
        self._zoom = min(max(zoom, LEAST), MOST) if zoom else 0.0
        self._lay_out()
        bar.setValue(round(middle * (bar.maximum() + bar.pageStep()) - bar.pageStep() / 2))

    def closer(self) -> None:
        self.set_zoom(self.scale * STEP)

    def farther(self) -> None:
        self.set_zoom(self.scale / STEP)

    def fit(self) -> None:
        self.set_zoom(0)

    def page(self) -> int:
        """The page in the middle of the view, from 1; 0 without pages."""
        middle = self.verticalScrollBar().value() + self.viewport().height() // 2
        numbers = [at for at, rect in enumerate(self._rects, 1) if rect.top() <= middle]
        return numbers[-1] if numbers else min(len(self._rects), 1)

    def show_page(self, number: int) -> None:
        """Bring a page, from 1, to the top."""
        if 1 <= number <= len(self._rects):
            self.verticalScrollBar().setValue(self._rects[number - 1].top() - current().px(GAP))

    def _lay_out(self) -> None:
        self._rects = []
        gap, scale = current().px(GAP), self.scale
        sizes = self._pages.sizes if self._pages is not None else []
        widths = [round(width * 96 / 72 * scale) for width, _height in sizes]
        total = max([self.viewport().width(), *(width + 2 * gap for width in widths)])
        top = gap
        for (_width, height), width in zip(sizes, widths, strict=True):
            tall = round(height * 96 / 72 * scale)
            self._rects.append(QRect((total - width) // 2, top, width, tall))
            top += tall + gap
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        down.setRange(0, max(top - self.viewport().height(), 0))
        down.setPageStep(self.viewport().height())
        down.setSingleStep(current().px(40))
        across.setRange(0, max(total - self.viewport().width(), 0))
        across.setPageStep(self.viewport().width())
        self.zoomed.emit(round(scale * 100))
        self.viewport().update()

    def _scrolled(self) -> None:
        self.at_page.emit(self.page())

    def _picture(self, number: int, width: int) -> QImage:
        assert self._pages is not None
        held = self._pictures.get((number, width))
        if held is None:
            held = self._pages.picture(number, width)
            self._pictures[number, width] = held
            if len(self._pictures) > MOST_PICTURES:
                self._pictures.popitem(last=False)
        return held

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme.colour("hover"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        offset = QPoint(self.horizontalScrollBar().value(), self.verticalScrollBar().value())
        ratio = self.devicePixelRatioF()
        for number, rect in enumerate(self._rects):
            shown = rect.translated(-offset)
            if shown.intersects(event.rect()):
                painter.drawImage(shown, self._picture(number, round(rect.width() * ratio)))
                painter.setPen(theme.colour("border"))
                painter.drawRect(shown)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            (self.closer if event.angleDelta().y() > 0 else self.farther)()
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Home:
            self.show_page(1)
        elif event.key() == Qt.Key.Key_End:
            self.show_page(len(self._rects))
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_rects"):
            self._lay_out()


class PdfPreview(QWidget):
    """Preview of one printout.

    Signals:
        printed: it went to a printer, named. saved: it was written there (`Path`). closed: the reader is through.
    """

    printed = Signal(str)
    saved = Signal(object)
    closed = Signal()

    def __init__(self, *, memory: Memory | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._memory = memory
        self._pages: Pages | None = None
        self._name = "print.pdf"
        gap = current().px(8)
        self.title = Elided("", "heading")
        self.where = label("", "muted")
        self.view = PageView()
        self.smaller = IconButton("minus", _("缩小"))
        self.percent = button("100%", flat=True, tip=_("适合宽度"))
        self.larger = IconButton("plus", _("放大"))
        self.print_button = button(_("打印"), primary=True, tip="Ctrl+P")
        self.save_button = button(_("另存"), tip="Ctrl+S")
        self.close_button = button(_("关闭"), tip="Esc")
        bar = QHBoxLayout()
        bar.setContentsMargins(gap, gap // 2, gap, gap // 2)
        bar.setSpacing(gap)
        bar.addWidget(self.title, 1)
        for widget in (self.where, self.smaller, self.percent, self.larger):
            bar.addWidget(widget)
        bar.addSpacing(gap)
        for widget in (self.print_button, self.save_button, self.close_button):
            bar.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(line())
        column.addWidget(self.view, 1)
        self.setFocusProxy(self.view)
        self.view.zoomed.connect(self._zoomed)
        self.view.at_page.connect(self._at_page)
        self.smaller.clicked.connect(self.view.farther)
        self.larger.clicked.connect(self.view.closer)
        self.percent.clicked.connect(self.view.fit)
        self.print_button.clicked.connect(self.print_out)
        self.save_button.clicked.connect(self.save)
        self.close_button.clicked.connect(self.leave)
        for keys, slot in (
            ("Ctrl+P", self.print_out),
            ("Ctrl+S", self.save),
            ("Escape", self.leave),
            ("Ctrl++", self.view.closer),
            ("Ctrl+=", self.view.closer),
            ("Ctrl+-", self.view.farther),
            ("Ctrl+0", self.view.fit),
        ):
            QShortcut(QKeySequence(keys), self, activated=slot, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)  # pyright: ignore[reportCallIssue]

    def show_pdf(self, data: bytes, title: str, name: str) -> None:
        """Show a printout; `name` is what 另存 proposes. Raises `Refused` for bytes that are no PDF."""
        pages = Pages(data)
        self._drop()
        self._pages, self._name = pages, name
        self.title.setText(title)
        self.view.show_pages(pages)
        self.view.setFocus()

    def leave(self) -> None:
        """Close the document and say so."""
        self._drop()
        self.closed.emit()

    def print_out(self) -> None:
        """Ask for a printer and print; without any printer offer to save."""
        if self._pages is None:
            return
        if not printer.printers():
            question = dialogs.ask(self, _("这台电脑没有打印机。存成 PDF 文件，拿到别处打印？"), _("另存"))
            question.answered.connect(self._save_instead)
            return
        dialog = printer.choose(self)
        dialog.accepted.connect(self._chosen)
        QDialog.open(dialog)  # the print dialog's own open() wants a receiver

    def save(self) -> None:
        """Ask where to save the PDF."""
        if self._pages is not None:
            chooser = dialogs.save_file(
                self, _("另存"), self._name, [_("PDF 文件 (*.pdf)")], memory=self._memory, purpose="print"
            )
            chooser.chosen.connect(self.write)

    def write(self, path: Path) -> None:
        """Write the PDF; a failure is told in a sentence."""
        if self._pages is None:
            return
        try:
            write_whole(path, self._pages.data)
        except OSError as error:
            why = error.strerror or str(error)
            dialogs.fail(self, Unavailable(Problem(_("写不进去：{why}").format(why=why), file=os.fspath(path))))
        else:
            self.saved.emit(path)

    def _save_instead(self, yes: bool) -> None:
        if yes:
            self.save()

    def _chosen(self) -> None:
        dialog = self.sender()
        if isinstance(dialog, printer.PrintDialog) and self._pages is not None:
            try:
                printer.print_pages(self._pages, dialog.printer())
            except Unavailable as error:
                dialogs.fail(self, error)
            else:
                self.printed.emit(dialog.printer().printerName())

    def _zoomed(self, percent: int) -> None:
        self.percent.setText(f"{percent}%")

    def _at_page(self, number: int) -> None:
        total = len(self._pages) if self._pages is not None else 0
        self.where.setText(_("第 {number} / {total} 页").format(number=number, total=total) if total else "")

    def _drop(self) -> None:
        self.view.show_pages(None)
        if self._pages is not None:
            self._pages.close()
            self._pages = None

    def closeEvent(self, event: QCloseEvent) -> None:
        self._drop()
        super().closeEvent(event)
