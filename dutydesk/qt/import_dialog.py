"""Import of a file into a ledger, step by step on one page: which file, which column fills which field, what would
happen (line and field of everything that is refused), then do it, with progress and a way to stop.

The dialog knows no database. It is given `preview(path)`, `dry_run(options, token)` and `run(options, token)`, which
the runner calls in its worker; both results have the keys of house.md §8: read, added, changed, unchanged, refused,
warnings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QScrollArea,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.i18n import _
from dutydesk.ledger.spec import Ledger, On
from dutydesk.qt import dialogs
from dutydesk.qt.dialogs import Memory
from dutydesk.qt.flow import flow
from dutydesk.qt.jobs import Job, JobRunner, Token
from dutydesk.qt.table import Index
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button, fit, label, line

SAMPLE_ROWS = 3
Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """The head of a file. `fills` proposes for a header the field (or list of entries) that it fills; a form of file
    that brings its own fields (vCard, CAP) has no `headers`, and no columns are asked for."""

    headers: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    fills: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[tuple[str, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What was chosen. `columns` is field → header, several joined by `+`, "" for a field left out: what
    `ledger.mapping.propose(given=…)` and `--set column.FIELD=HEADER` take."""

    path: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    create: bool = False
    replace: bool = False
    partial: bool = False


def sample_of(ledger: Ledger, path: Path, remembered: Mapping[str, str] | None = None) -> Sample:
    """The sample of a table file (CSV, xlsx, xls, ods, GeoJSON). Raises `Refused` for a file that is none."""
    from dutydesk.core.errors import Refused
    from dutydesk.ledger.mapping import propose
    from dutydesk.ledger.readers import read_records

    records = read_records(path.read_bytes(), path.name)
    rows = tuple(tuple(cells) for _line, cells in list(records.rows)[:SAMPLE_ROWS])
    fills: dict[str, str] = {}
    note, lists = "", dict[str, None]()
    try:
        mapping = propose(ledger, records.headers, remembered=remembered, blank=records.blank(), file=path.name)
    except Refused as refused:
        note = refused.problems[0].reason
    else:
        fills = {header: name for name, headers in mapping.columns.items() for header in headers}
        for name, items in mapping.lists.items():
            lists[name] = None
            fills.update((item.header, name) for item in items)
    targets = [(item.name, _(item.label)) for item in ledger.on(On.FILE)]
    targets += [(name, _("号码") if name == "numbers" else name) for name in lists if name not in ledger]
    return Sample(tuple(records.headers), rows, fills, tuple(targets), note)


class ProblemsModel(QAbstractTableModel):
    """Refused lines and warnings: line, field, reason; any number of them."""

    def __init__(self, ledger: Ledger, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ledger = ledger
        self._rows: Sequence[Mapping[str, Any]] = ()

    def show_problems(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show `{"line","field","reason"}` records."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never written to
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never written to
        return 0 if parent.isValid() else 3

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            row = self._rows[index.row()]
            if index.column() == 0:
                return "" if row.get("line") is None else str(row["line"])
            if index.column() == 1:
                name = str(row.get("field") or "")
                return _(self._ledger[name].label) if name in self._ledger else name
            return str(row.get("reason") or "")
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 0:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (_("行"), _("字段"), _("原因"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None


class ImportDialog(QDialog):
    """Import into `ledger`.

    Signals:
        imported: the result, after rows were written.
    """

    imported = Signal(object)

    def __init__(
        self,
        ledger: Ledger,
        runner: JobRunner,
        *,
        dry_run: Callable[[Options, Token], Result],
        run: Callable[[Options, Token], Result],
        preview: Callable[[Path], Sample] | None = None,
        filters: Sequence[str] = (),
        memory: Memory | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.ledger = ledger
        self._runner = runner
        self._dry_run, self._run = dry_run, run
        self._preview = preview or partial(sample_of, ledger)
        self._filters = list(filters) or [_("表格 (*.csv *.xlsx *.xls *.ods *.geojson *.json)")]
        self._memory = memory
        self._path: Path | None = None
        self._sample = Sample()
        self._checked: Options | None = None
        self._combos: dict[str, QComboBox] = {}
        self._job: Job | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("导入{title}").format(title=_(ledger.title)))
        self._lay_out()
        self._ready()

    # -- layout -----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = current()
        gap = theme.px(8)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*(theme.px(16),) * 4)
        outer.setSpacing(gap)
        top = QHBoxLayout()
        top.setSpacing(gap)
        self.file = Elided(_("还没有选文件"))
        self.choose_button = button(_("选文件…"))
        self.choose_button.clicked.connect(self.choose)
        top.addWidget(self.file, 1)
        top.addWidget(self.choose_button)
        outer.addLayout(top)
        self.note = label("", "problem", wrap=True)
        outer.addWidget(self.note)
        self.columns = QScrollArea()
        self.columns.setWidgetResizable(True)
        self.columns.setMinimumHeight(theme.px(88))
        outer.addWidget(self.columns, 3)
        self.create_missing = QCheckBox(_("建立还没有的单位、地点"))
        self.partial = QCheckBox(_("有错的行跳过，其余照样导入"))
        self.replace = QCheckBox(_("文件里没有的行从这里删除"))
        options = QWidget()
        ticks = flow(options, theme.px(16))
        for box in (self.create_missing, self.partial, self.replace):
            box.toggled.connect(self._altered)
            ticks.addWidget(box)
        outer.addWidget(options)
        outer.addWidget(line())
        self.summary = label("", "heading", wrap=True)
        outer.addWidget(self.summary)
        self.problems = ProblemsModel(self.ledger, self)
        self.table = QTableView()
        self.table.setModel(self.problems)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(theme.row)
        self.table.setWordWrap(False)
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.horizontalHeader().resizeSection(0, theme.px(80))
        self.table.horizontalHeader().resizeSection(1, theme.px(140))
        self.table.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.table.setMinimumHeight(theme.px(84))
        outer.addWidget(self.table, 2)
        bar = QHBoxLayout()
        bar.setSpacing(gap)
        self.progress = QProgressBar()
        self.stop = button(_("停止"))
        self.stop.clicked.connect(self._cancel)
        self.check = button(_("检查"), tip=_("读一遍，不写入"))
        self.go = button(_("导入"), primary=True)
        self.leave = button(_("关闭"))
        self.check.clicked.connect(self.try_it)
        self.go.clicked.connect(self.do_it)
        self.leave.clicked.connect(self.reject)
        bar.addWidget(self.progress, 1)
        bar.addWidget(self.stop)
        bar.addStretch(1)
        for widget in (self.check, self.go, self.leave):
            bar.addWidget(widget)
        outer.addLayout(bar)
        fit(self, theme.px(760), theme.px(640))

    # -- steps ------------------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Ask for the file."""
        title = _("导入{title}").format(title=_(self.ledger.title))
        chooser = dialogs.open_file(self, title, self._filters, memory=self._memory, purpose="import")
        chooser.chosen.connect(self.take_file)

    def take_file(self, path: Path) -> None:
        """Read the head of `path` and propose its columns."""
        self._path = path
        self.file.setText(path.name)
        self.file.setToolTip(str(path))
        self._sample = Sample()
        self._start(
            _("读取 {name}").format(name=path.name), partial(_without_token, self._preview, path), self._sampled
        )

    def try_it(self) -> None:
        """Dry run: everything is read and checked, nothing written."""
        options = self.options()
        if options is not None:
            self._start(_("检查 {name}").format(name=options.path.name), partial(self._dry_run, options), self._tried)
            self._checked = options

    def do_it(self) -> None:
        """Write; asks first where rows would be deleted."""
        if self._checked is None:
            return
        if self._checked.replace:
            question = dialogs.confirm(
                self, _("文件里没有的行会从“{title}”里删除。").format(title=_(self.ledger.title)), _("删除并导入")
            )
            question.answered.connect(self._do_it_if)
        else:
            self._do_it_if(True)

    def _do_it_if(self, yes: bool) -> None:
        if yes and self._checked is not None:
            title = _("导入 {name}").format(name=self._checked.path.name)
            self._start(title, partial(self._run, self._checked), self._imported)

    def options(self) -> Options | None:
        """What is chosen now; None before a file is."""
        if self._path is None:
            return None
        columns: dict[str, str] = dict.fromkeys(self._sample.fills.values(), "")
        for header, combo in self._combos.items():
            name = str(combo.currentData() or "")
            if name:
                columns[name] = f"{columns[name]}+{header}" if columns.get(name) else header
        return Options(
            self._path, columns, self.create_missing.isChecked(), self.replace.isChecked(), self.partial.isChecked()
        )

    # -- what comes back --------------------------------------------------------------------------------------------

    def _sampled(self, sample: Sample) -> None:
        self._sample = sample
        self.note.setText(sample.note)
        self.note.setVisible(bool(sample.note))
        self._combos = {}
        body = QWidget()
        grid = QGridLayout(body)
        theme = current()
        grid.setContentsMargins(0, 0, theme.px(8), 0)
        grid.setHorizontalSpacing(theme.px(12))
        grid.setVerticalSpacing(theme.px(4))
        grid.setColumnMinimumWidth(0, theme.px(160))
        grid.setColumnStretch(1, 1)
        for column, title in enumerate((_("文件里的列"), _("前几行"), _("填入"))):
            grid.addWidget(label(title, "small"), 0, column)
        for at, header in enumerate(sample.headers):
            seen = " | ".join(row[at] for row in sample.rows if at < len(row) and row[at])
            combo = QComboBox()
            combo.setAccessibleName(header)
            combo.addItem(_("不导入"), "")
            for name, title in sample.targets:
                combo.addItem(title, name)
            combo.setCurrentIndex(max(combo.findData(sample.fills.get(header, "")), 0))
            combo.currentIndexChanged.connect(self._altered)
            combo.setMinimumWidth(theme.px(140))
            self._combos[header] = combo
            grid.addWidget(Elided(header or _("（无名）")), at + 1, 0)
            grid.addWidget(Elided(seen, "muted"), at + 1, 1)
            grid.addWidget(combo, at + 1, 2)
        grid.setRowStretch(len(sample.headers) + 1, 1)
        self.columns.setWidget(body)
        self.columns.setVisible(bool(sample.headers))
        self._altered()

    def _tried(self, result: Result) -> None:
        self._show_result(result, _("检查完："))
        possible = int(result.get("added", 0)) + int(result.get("changed", 0))
        refused = len(result.get("refused", ()))
        replaces = self._checked is not None and self._checked.replace
        if refused and not (self._checked is not None and self._checked.partial):
            self._checked = None
            self.summary.setText(self.summary.text() + _("。改好文件，或勾选跳过有错的行"))
        elif not possible and not replaces:
            self._checked = None
        self._ready()

    def _imported(self, result: Result) -> None:
        self._checked = None
        self._show_result(result, _("已导入："))
        self._ready()
        self.leave.setFocus()
        self.imported.emit(result)

    def _show_result(self, result: Result, lead: str) -> None:
        counts = {name: int(result.get(name, 0)) for name in ("read", "added", "changed", "unchanged")}
        refused = list(result.get("refused", ()))
        told = _("{lead}读到 {read} 条，新增 {added}，更改 {changed}，不变 {unchanged}，不能用 {refused}")
        self.summary.setText(told.format(lead=lead, refused=len(refused), **counts))
        self.problems.show_problems([*refused, *result.get("warnings", ())])
        self.table.setVisible(self.problems.rowCount() > 0)

    def _altered(self) -> None:
        """Another choice: what was checked no longer counts."""
        self._checked = None
        self.summary.setText("")
        self.problems.show_problems(())
        self._ready()

    # -- the job ----------------------------------------------------------------------------------------------------

    def _start(self, title: str, work: Callable[[Token], Any], then: Callable[[Any], None]) -> None:
        if self._job is not None:
            return
        job = self._runner.run(title, work)
        self._job = job
        job.result.connect(then)
        job.progress.connect(self._progress)
        job.refused.connect(self._refused)
        job.failed.connect(self._failed)
        job.finished.connect(self._over)
        self.progress.setRange(0, 0)
        self._ready()

    def _progress(self, done: int, total: int, text: str) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.setFormat(text or "%p%")

    def _refused(self, error: Any) -> None:
        self._checked = None
        self.problems.show_problems(
            [{"line": item.line, "field": item.field, "reason": item.reason} for item in error.problems]
        )

    def _failed(self, text: str) -> None:
        self._checked = None
        self.summary.setText(text)
        self.table.setVisible(self.problems.rowCount() > 0)

    def _over(self) -> None:
        self._job = None
        self._ready()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _ready(self) -> None:
        """Buttons say what can be done now."""
        busy = self._job is not None
        self.progress.setVisible(busy)
        self.stop.setVisible(busy)
        self.choose_button.setEnabled(not busy)
        self.check.setEnabled(not busy and self._path is not None)
        self.go.setEnabled(not busy and self._checked is not None)
        self.columns.setEnabled(not busy)
        self.columns.setVisible(bool(self._sample.headers))
        self.table.setVisible(self.problems.rowCount() > 0)
        self.note.setVisible(bool(self.note.text()))

    def reject(self) -> None:
        """Close; what runs is asked to stop."""
        self._cancel()
        super().reject()


def _without_token(preview: Callable[[Path], Sample], path: Path, token: Token) -> Sample:
    token.check()
    return preview(path)
