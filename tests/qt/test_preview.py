from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRect, Qt
from PySide6.QtGui import QColor, QPageSize, QPainter, QPdfWriter
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication

from dutydesk.core.errors import Refused
from dutydesk.qt import printer, theme
from dutydesk.qt.dialogs import FileChooser, Sentence
from dutydesk.qt.pdf import Pages
from dutydesk.qt.preview import MOST_PICTURES, PdfPreview

pytestmark = pytest.mark.usefixtures("themed")


def pdf(pages: int) -> bytes:
    """A4 pages with a black square in the upper left corner."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setResolution(72)
    painter = QPainter(writer)
    for number in range(pages):
        if number:
            writer.newPage()
        painter.fillRect(QRect(0, 0, 100, 100), QColor("black"))
    painter.end()
    return bytes(buffer.data().data())


@pytest.fixture
def preview(qtbot) -> PdfPreview:
    made = PdfPreview()
    qtbot.addWidget(made)
    made.resize(900, 700)
    with qtbot.waitExposed(made):
        made.show()
    made.show_pdf(pdf(30), "值班日志", "P02.pdf")
    return made


def test_pages_become_pictures() -> None:
    pages = Pages(pdf(2))
    assert len(pages) == 2
    assert [round(side) for side in pages.sizes[0]] == [595, 842]
    image = pages.picture(0, 595)
    assert (image.width(), image.height()) == (595, 842)
    assert image.pixelColor(50, 50).lightness() == 0
    assert image.pixelColor(300, 300).lightness() == 255
    pages.close()
    pages.close()


def test_what_is_no_pdf_is_refused() -> None:
    with pytest.raises(Refused):
        Pages(b"no pdf")


def test_pages_fit_the_width_and_can_be_zoomed(preview) -> None:
    view = preview.view
    fitted = view.scale
    assert view._rects[0].width() <= view.viewport().width()
    assert preview.percent.text() == f"{round(fitted * 100)}%"
    preview.larger.click()
    assert view.scale == pytest.approx(fitted * 1.25)
    preview.percent.click()
    assert view.scale == fitted
    for _ in range(30):
        view.closer()
    assert view.scale == 4


def test_only_pages_in_sight_are_drawn(preview) -> None:
    preview.grab()
    assert {number for number, _width in preview.view._pictures} <= {0, 1}
    for number in range(1, 31):
        preview.view.show_page(number)
        preview.grab()
    assert len(preview.view._pictures) <= MOST_PICTURES
    assert preview.where.text() == "第 30 / 30 页"


def test_paper_stays_white_at_night(preview, qapp) -> None:
    theme.apply(qapp, theme.Theme(night=True))
    image = preview.view.grab().toImage()
    rect = preview.view._rects[0]
    assert image.pixelColor(rect.center().x(), rect.top() + 400).lightness() == 255
    assert image.pixelColor(2, 400).lightness() < 60


def test_saving_writes_the_same_bytes(preview, tmp_path, qtbot) -> None:
    with qtbot.waitSignal(preview.saved) as saved:
        preview.write(tmp_path / "a.pdf")
    assert saved.args == [tmp_path / "a.pdf"]
    assert (tmp_path / "a.pdf").read_bytes() == preview._pages.data
    preview.write(Path("/dev/null/a.pdf"))
    (told,) = preview.findChildren(Sentence)
    assert told.text.text().startswith("/dev/null/a.pdf")
    told.accept()


def test_without_a_printer_saving_is_offered(preview, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(printer, "printers", list)
    qtbot.keyClick(preview.view, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    (question,) = preview.findChildren(Sentence)
    assert "没有打印机" in question.text.text()
    qtbot.mouseClick(question.yes, Qt.MouseButton.LeftButton)
    (chooser,) = preview.findChildren(FileChooser)
    chooser.reject()


def test_with_a_printer_its_dialog_is_opened(preview, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(printer, "printers", lambda: ["HP"])
    preview.print_button.click()
    (dialog,) = preview.findChildren(printer.PrintDialog)
    assert dialog.isVisible()
    assert dialog.printer() is not None
    dialog.reject()


def test_printing_draws_every_page_at_its_size(qapp, tmp_path) -> None:
    paper = QPrinter(QPrinter.PrinterMode.HighResolution)
    paper.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    paper.setOutputFileName(str(tmp_path / "out.pdf"))
    pages = Pages(pdf(3))
    assert printer.print_pages(pages, paper) == 3
    pages.close()
    printed = Pages((tmp_path / "out.pdf").read_bytes())
    assert len(printed) == 3
    assert [round(side) for side in printed.sizes[2]] == [595, 842]
    image = printed.picture(2, 595)
    assert image.pixelColor(50, 50).lightness() < 10
    assert image.pixelColor(110, 110).lightness() > 245
    printed.close()


def test_only_the_asked_range_is_printed(qapp, tmp_path) -> None:
    paper = QPrinter(QPrinter.PrinterMode.HighResolution)
    paper.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    paper.setOutputFileName(str(tmp_path / "out.pdf"))
    paper.setFromTo(2, 3)
    pages = Pages(pdf(5))
    assert printer.print_pages(pages, paper) == 2
    pages.close()


def test_escape_closes(preview, qtbot) -> None:
    with qtbot.waitSignal(preview.closed):
        qtbot.keyClick(preview.view, Qt.Key.Key_Escape)
    assert QApplication.activeModalWidget() is None
    assert preview._pages is None
