"""Pages of a PDF as pictures, by PDFium. The file is kept as bytes; one page at a time becomes a picture."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QImage

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _


class Pages:
    """An open PDF.

    Attributes:
        sizes: width and height of each page in points (1/72 inch).

    Raises `Refused` for bytes that are no PDF. Close it when it is no longer shown.
    """

    def __init__(self, data: bytes) -> None:
        import pypdfium2

        self.data = data
        try:
            self._document: Any = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError:
            raise Refused(Problem(_("这不是能打开的 PDF 文件"))) from None
        self.sizes: list[tuple[float, float]] = [
            self._document.get_page_size(number) for number in range(len(self._document))
        ]

    def __len__(self) -> int:
        return len(self.sizes)

    def picture(self, number: int, width: int) -> QImage:
        """The page `number`, white paper, `width` pixels wide."""
        page = self._document[number]
        try:
            bitmap = page.render(scale=width / self.sizes[number][0])
            try:
                form = {"BGR": QImage.Format.Format_BGR888, "BGRX": QImage.Format.Format_RGB32}.get(bitmap.mode)
                form = QImage.Format.Format_ARGB32 if form is None else form
                shown = QImage(bytes(bitmap.buffer), bitmap.width, bitmap.height, bitmap.stride, form)
                return shown.copy()
            finally:
                bitmap.close()
        finally:
            page.close()

    def close(self) -> None:
        """Free it; safe to call twice."""
        if self._document is not None:
            self._document.close()
            self._document = None
