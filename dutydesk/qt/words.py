"""Qt's own words (Copy, Paste, Cancel, the names of months) in the language of the window."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from dutydesk.core.i18n import language


def speak(app: QApplication) -> None:
    """Load Qt's catalogue and locale for the language in use; English needs none."""
    chinese = language() == "zh_CN"
    QLocale.setDefault(QLocale(QLocale.Language.Chinese if chinese else QLocale.Language.English))
    for old in app.findChildren(QTranslator):
        app.removeTranslator(old)
        old.deleteLater()
    if chinese:
        translator = QTranslator(app)
        if translator.load("qtbase_zh_CN", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
            app.installTranslator(translator)
