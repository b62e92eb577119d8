"""A page of the manual inside the window, record or no record: to read, to print.

The pages are the ones of `docs/manual`; they ship with the program, need no network and open nothing.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QSizeF, Qt, QUrl
from PySide6.QtGui import QFont, QImage, QPageLayout, QPageSize, QPdfWriter, QTextDocument, QTextImageFormat
from PySide6.QtWidgets import QDialog, QHBoxLayout, QTextBrowser, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.core.paths import manual
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, fit, line, shortcut

NIGHT_PAGE = "night.md"
"""夜里三点数据库打不开怎么办."""
INDEX = "README.md"
WIDTH, HEIGHT = 760, 680


class Manual(QDialog):
    """A page, and its links to others. Ctrl+P prints, Alt+Left goes back, Esc closes."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("manual")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("手册"))
        theme = current()
        self.page = QTextBrowser()
        self.page.setObjectName("manual-page")
        self.page.setAccessibleName(_("手册"))
        self.page.setOpenLinks(False)  # only pages of the manual are shown; nothing is ever fetched or run
        self.page.anchorClicked.connect(self._follow)
        self.page.setSearchPaths([str(manual())])
        self._path = ""
        self._before: list[str] = []
        self.back = button(_("返回"), tip="Alt+Left")
        self.back.clicked.connect(self.go_back)
        self.print_button = button(_("打印"), tip="Ctrl+P")
        self.print_button.setObjectName("manual-print")
        self.print_button.clicked.connect(self.print_page)
        close = button(_("关闭"), primary=True, tip="Esc")
        close.clicked.connect(self.reject)
        bar = QHBoxLayout()
        bar.setContentsMargins(*(theme.px(16), theme.px(8)) * 2)
        bar.setSpacing(theme.px(8))
        bar.addWidget(self.back)
        bar.addStretch(1)
        bar.addWidget(self.print_button)
        bar.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.page, 1)
        column.addWidget(line())
        column.addLayout(bar)
        shortcut(self, "Ctrl+P", self.print_page)
        shortcut(self, "Alt+Left", self.go_back)
        fit(self, theme.px(WIDTH), theme.px(HEIGHT))
        self.show_page(name)
        self.page.setFocus()

    def show_page(self, name: str) -> None:
        """Show a page by its file's name; one that is not shipped is said."""
        path = manual(name)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError:
            text = _("手册里没有这一页：{name}").format(name=name)
        if self._path:
            self._before.append(self._path)
        self._path = name
        self.page.setMarkdown(text)
        self.page.document().setDocumentMargin(current().px(16))
        _narrow_pictures(self.page.document(), manual(), max(self.page.viewport().width() - current().px(48), 320))
        self.back.setEnabled(bool(self._before))

    def go_back(self) -> None:
        """The page before."""
        if self._before:
            name = self._before.pop()
            self._path = ""
            self.show_page(name)

    def _follow(self, link: QUrl) -> None:
        name = Path(link.path()).name
        if not link.scheme() and name.endswith(".md") and manual(name).is_file():
            self.show_page(name)

    def print_page(self) -> None:
        """Preview it as it would be printed."""
        from dutydesk.qt.preview import PdfPreview

        dialog = QDialog(self)
        dialog.setObjectName("preview-dialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(_("手册"))
        view = PdfPreview(parent=dialog)
        column = QVBoxLayout(dialog)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(view)
        view.show_pdf(pdf_of(self._path), self.windowTitle(), f"{Path(self._path).stem}.pdf")
        view.closed.connect(dialog.accept)
        fit(dialog, current().px(WIDTH), current().px(HEIGHT))
        dialog.open()


def pdf_of(name: str) -> bytes:
    """A page of the manual on A4."""
    document = QTextDocument()
    document.setDefaultFont(_small(current().font()))
    document.setBaseUrl(QUrl.fromLocalFile(f"{manual()}/"))
    document.setMarkdown(manual(name).read_text(encoding="utf-8"))
    held = QBuffer()
    held.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(held)
    writer.setResolution(96)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(16, 12, 16, 12), QPageLayout.Unit.Millimeter)
    room = writer.pageLayout().paintRectPixels(96).size()
    _narrow_pictures(document, manual(), room.width() * 36 // 100)
    document.setPageSize(QSizeF(room))
    document.print_(writer)
    held.close()
    return bytes(held.data().data())


def _narrow_pictures(document: QTextDocument, folder: Path, width: int) -> None:
    """Pictures of the screen are wider than a page."""
    block = document.begin()
    while block.isValid():
        cursor = block.begin()
        while not cursor.atEnd():
            form = cursor.fragment().charFormat()
            if form.isImageFormat():
                image: QTextImageFormat = form.toImageFormat()
                path = (folder / image.name()).resolve()
                size = QImage(str(path)).size()
                if not size.isEmpty():
                    image.setName(str(path))
                    image.setWidth(min(width, size.width()))
                    image.setHeight(image.width() * size.height() / size.width())
                    _replace(document, cursor.fragment().position(), cursor.fragment().length(), image)
            cursor += 1
        block = block.next()


def _replace(document: QTextDocument, at: int, length: int, image: QTextImageFormat) -> None:
    from PySide6.QtGui import QTextCursor

    cursor = QTextCursor(document)
    cursor.setPosition(at)
    cursor.setPosition(at + length, QTextCursor.MoveMode.KeepAnchor)
    cursor.setCharFormat(image)


def show_page(parent: QWidget, name: str) -> Manual:
    """Open a page over `parent`."""
    page = Manual(name, parent)
    page.open()
    return page


def _small(font: QFont) -> QFont:
    """A sheet for the drawer is one sheet."""
    font.setPointSizeF(9.0)
    return font
