"""Paper, through QPrinter: the pages of the PDF drawn at the printer's own resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QPageLayout, QPageSize, QPainter
from PySide6.QtPrintSupport import QPrintDialog, QPrinter, QPrinterInfo
from PySide6.QtWidgets import QWidget

from dutydesk.core.errors import Problem, Unavailable
from dutydesk.core.i18n import _

if TYPE_CHECKING:
    from dutydesk.qt.pdf import Pages

MOST_DPI = 300
"""A page at 600 dpi is 100 MB of picture and no better to read."""


class PrintDialog(QPrintDialog):
    """Qt's print dialog with the printer it chooses: the C++ dialog does not keep it alive."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._paper = QPrinter(QPrinter.PrinterMode.HighResolution)
        super().__init__(self._paper, parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setOption(QPrintDialog.PrintDialogOption.PrintToFile, False)


def printers() -> list[str]:
    """Names of the printers that this workstation knows."""
    return QPrinterInfo.availablePrinterNames()


def choose(parent: QWidget | None) -> PrintDialog:
    """A dialog for printer, copies and pages; `open` it, `accepted` follows."""
    return PrintDialog(parent)


def print_pages(pages: Pages, paper: QPrinter) -> int:
    """Print the pages that the printer's range asks for, each on a sheet of its own size; gives their number.

    Raises `Unavailable` when the printer does not take them.
    """
    first = max(paper.fromPage(), 1)
    last = paper.toPage() or len(pages)
    numbers = range(first - 1, min(last, len(pages)))
    dpi = min(paper.resolution(), MOST_DPI)
    paper.setFullPage(True)
    painter = QPainter()
    for at, number in enumerate(numbers):
        width, height = pages.sizes[number]
        _set_sheet(paper, width, height)
        started = paper.newPage() if at else painter.begin(paper)
        if not started:
            if painter.isActive():
                painter.end()
            raise Unavailable(Problem(_("打印机不接受任务：{name}").format(name=paper.printerName())))
        sheet = paper.pageLayout().fullRectPixels(paper.resolution())
        picture = pages.picture(number, round(width / 72 * dpi))
        size = QSizeF(picture.size()).scaled(QSizeF(sheet.size()), Qt.AspectRatioMode.KeepAspectRatio)
        painter.drawImage(QRectF((sheet.width() - size.width()) / 2, 0, size.width(), size.height()), picture)
    if painter.isActive() and not painter.end():
        raise Unavailable(Problem(_("打印没有完成：{name}").format(name=paper.printerName())))
    return len(numbers)


def _set_sheet(paper: QPrinter, width: float, height: float) -> None:
    wide = width > height
    short, long = sorted((width, height))
    paper.setPageSize(QPageSize(QSizeF(short, long), QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.FuzzyMatch))
    paper.setPageOrientation(QPageLayout.Orientation.Landscape if wide else QPageLayout.Orientation.Portrait)
