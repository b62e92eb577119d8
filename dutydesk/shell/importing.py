"""The import and export dialogs, given the work of `exchange`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from dutydesk.core.errors import DutyDeskError, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.exchange import exporting, importing
from dutydesk.exchange.reading import Options as Settings
from dutydesk.journal.query import Query
from dutydesk.ledger.spec import Ledger
from dutydesk.qt import dialogs
from dutydesk.qt.import_dialog import ImportDialog, Options, Sample, sample_of
from dutydesk.qt.jobs import Token, sentence

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.shell.actions import Actions

RAIN = Ledger("rain", N_("雨量数据"), ())
TABLES = (".csv", ".txt", ".tsv", ".xlsx", ".xls", ".ods")


class _Import(QObject):
    """One import: what the dialog asks for is done by `exchange.importing`."""

    def __init__(self, desk: Desk, ledger: Ledger, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._ledger = desk, ledger

    def sample(self, path: Path) -> Sample:
        """The head of a table; other forms of file bring their own fields."""
        if self._ledger is RAIN or path.suffix.lower() not in (*TABLES, ".json", ".geojson"):
            return Sample(note=_("这种文件自带字段，不用对应"))
        try:
            return sample_of(self._ledger, path)
        except Refused:
            # A web list of warnings ends in .json too: its own importer reads it, or says why not.
            return Sample(note=_("按内容识别"))

    def _settings(self, options: Options) -> Settings:
        columns = {f"column.{name}": header for name, header in options.columns.items()}
        return Settings(settings=columns, create=options.create, replace=options.replace, partial=options.partial)

    def dry_run(self, options: Options, token: Token) -> dict[str, Any]:
        """What would happen."""
        token.check()
        made = importing.plan(
            self._desk, self._ledger.name, options.path.read_bytes(), options.path.name, self._settings(options)
        )
        return made.result()

    def run(self, options: Options, token: Token) -> dict[str, Any]:
        """Do it, in small acts beside the window."""
        made = importing.plan(
            self._desk, self._ledger.name, options.path.read_bytes(), options.path.name, self._settings(options)
        )

        def told(done: int, whole: int) -> None:
            token.progress(done, whole)

        return importing.run(self._desk, made, told, beside_a_window=True)


def start_import(actions: Actions, ledger: str, parent: QWidget) -> ImportDialog:
    """Open the import dialog for a ledger, or for `rain`."""
    desk = actions.desk
    declared = RAIN if ledger == "rain" else desk.ledger(ledger)
    work = _Import(desk, declared, actions)
    dialog = ImportDialog(
        declared,
        actions.window.jobs,
        dry_run=work.dry_run,
        run=work.run,
        preview=work.sample,
        filters=[_("所有可导入的文件 (*.csv *.txt *.xlsx *.xls *.ods *.geojson *.json *.vcf *.xml *.cap *.atom)")],
        memory=desk.store,
        parent=parent,
    )
    dialog.setObjectName("import-dialog")
    dialog.destroyed.connect(work.deleteLater)
    dialog.open()
    return dialog


class _Export(QObject):
    """One export, after the file was named."""

    def __init__(self, actions: Actions, ledger: Ledger, query: Query) -> None:
        super().__init__(actions)
        self._actions, self._ledger, self._query = actions, ledger, query

    def write(self, path: Path) -> None:
        """Write the list; personal numbers stay masked."""
        try:
            count = exporting.export(self._actions.desk, self._ledger, self._query, path)
        except DutyDeskError as error:
            dialogs.fail(self._actions.window, sentence(error))
            return
        dialogs.tell(self._actions.window, _("已导出 {count} 行：{name}").format(count=count, name=path.name))


def start_export(actions: Actions, ledger: str, query: Any, parent: QWidget) -> None:
    """Ask for a file and write what a list shows."""
    declared = actions.desk.ledger(ledger)
    work = _Export(actions, declared, query if isinstance(query, Query) else Query(ledger))
    chooser = dialogs.save_file(
        parent, _("导出"), f"{_(declared.title)}.xlsx", [_("表格 (*.xlsx)"), "CSV (*.csv)"], memory=actions.desk.store,
        purpose="export",
    )  # fmt: skip
    chooser.chosen.connect(work.write)
    chooser.finished.connect(work.deleteLater)
