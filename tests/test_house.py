"""The house's own rules (design: one idea, one home for each thing), each with a sentence that says what to do.

Every rule looks at one parsed file and yields faults. Each has a test on a bad and a good snippet, so that a rule
which no longer bites is noticed. Beside them run import-linter's contracts of pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 800
QT_HOMES = ("dutydesk/qt/*", "dutydesk/shell/*", "dutydesk/app.py", "dutydesk/*/pane*.py")
EDGES = (
    "dutydesk/cli.py",
    "dutydesk/__main__.py",
    "dutydesk/shell/crash.py",
    "dutydesk/qt/jobs.py",
    "dutydesk/sync/age.py",
)
"""Where `except Exception` may stand: the edges that log what nobody expected and say one sentence, and the one through
which errors are carried past a library that would make texts of them."""


@dataclass(frozen=True)
class Source:
    """A file: its name relative to the root, with slashes, its text and its tree."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    def under(self, *patterns: str) -> bool:
        return any(fnmatch(self.name, pattern) for pattern in patterns)

    @property
    def in_package(self) -> bool:
        return self.name.startswith("dutydesk/")


Fault = tuple[int, str]
Rule = Callable[[Source], Iterator[Fault]]
RULES: dict[str, Rule] = {}


def rule(check: Rule) -> Rule:
    RULES[check.__name__] = check
    return check


def calls(source: Source) -> Iterator[tuple[ast.Call, str, str]]:
    """Every call with the name called and the dotted text before it: `a.b.c()` gives c and a.b."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node, node.func.attr, ast.unparse(node.func.value)
            elif isinstance(node.func, ast.Name):
                yield node, node.func.id, ""


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Every import, also inside functions, as a dotted name; imports for types alone are left out."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            skipped.update(child for part in node.body for child in ast.walk(part))
    for node in ast.walk(source.tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def is_of(module: str, *packages: str) -> bool:
    return module.split(".")[0] in packages


# --- the rules


@rule
def commits_only_in_the_journal(source: Source) -> Iterator[Fault]:
    if source.in_package and not source.under("dutydesk/journal/*", "dutydesk/migrations/*"):
        for call, name, owner in calls(source):
            if name == "commit" and not owner.endswith("inputMethod()"):  # that is a word half composed
                yield call.lineno, "only the journal commits: make an act through journal's Store"


WRITES = re.compile(
    r"\s*(INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|REPLACE\s+INTO)\b", re.IGNORECASE
)


@rule
def rows_are_written_only_by_the_journal(source: Source) -> Iterator[Fault]:
    if not source.in_package or source.under("dutydesk/journal/*", "dutydesk/migrations/*"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WRITES.match(node.value):
            yield node.lineno, "INSERT, UPDATE and DELETE have one home, journal/: make an act instead"
    for line, module in imports(source):
        if is_of(module, "sqlalchemy"):
            names = sqlalchemy_names(source, line)
            if names & {"insert", "update", "delete"}:
                yield line, "sqlalchemy's insert, update and delete have one home, journal/: make an act instead"


def sqlalchemy_names(source: Source, line: int) -> set[str]:
    found = (n for n in ast.walk(source.tree) if isinstance(n, ast.ImportFrom) and n.lineno == line)
    return {alias.name for node in found for alias in node.names}


@rule
def no_mapped_classes_and_no_session(source: Source) -> Iterator[Fault]:
    if source.in_package:
        for line, module in imports(source):
            if module == "sqlalchemy.orm" or module.startswith("sqlalchemy.ext."):
                yield line, "SQLAlchemy is used as Core: no mapped class, no Session (they cost the start 0.2 s, too)"


@rule
def no_lambda_on_a_signal(source: Source) -> Iterator[Fault]:
    if source.in_package:
        for call, name, _ in calls(source):
            if name == "connect" and any(isinstance(a, ast.Lambda) for a in call.args):
                yield (
                    call.lineno,
                    "a lambda outlives its widget: connect a bound method (functools.partial will not do)",
                )


@rule
def waits_are_for_something(source: Source) -> Iterator[Fault]:
    if source.name.startswith("tests/"):
        for call, name, of in calls(source):
            if (of in ("qtbot", "QTest") and name in ("wait", "qWait", "qSleep")) or (of, name) == ("time", "sleep"):
                yield call.lineno, f"{of}.{name} waits for time: wait for a signal or a condition (qtbot.waitUntil)"


@rule
def the_package_never_spins_the_event_loop(source: Source) -> Iterator[Fault]:
    if source.in_package:
        for call, name, _ in calls(source):
            if name == "processEvents":
                yield call.lineno, "processEvents lets a click in amid a change: use qt/jobs, or a timer of 0 ms"


@rule
def one_place_asks_for_the_time(source: Source) -> Iterator[Fault]:
    if source.in_package and source.name != "dutydesk/core/clock.py":
        for call, name, of in calls(source):
            last = of.rpartition(".")[2]
            if (last in ("datetime", "date") and name in ("now", "today", "utcnow")) or (
                last == "time" and name in ("time", "time_ns", "localtime", "gmtime")
            ):
                yield call.lineno, f"{of}.{name}: take the time from the injected core.clock.Clock"


@rule
def shortcuts_keep_their_context(source: Source) -> Iterator[Fault]:
    if source.in_package:
        for call, name, _ in calls(source):
            if name == "QShortcut" and len(call.args) > 2 and any(k.arg == "context" for k in call.keywords):
                yield call.lineno, "PySide drops context= beside a third argument: pass the slot as activated="


@rule
def package_files_are_empty(source: Source) -> Iterator[Fault]:
    if source.in_package and source.name.endswith("/__init__.py") and source.text.strip():
        kept = [n for n in source.tree.body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))]
        version = len(kept) == 1 and ast.unparse(kept[0]).startswith("__version__ = ")
        if source.name != "dutydesk/__init__.py" or not version:
            yield 1, "an __init__.py is empty (dutydesk/__init__.py: the version): import from the module itself"


@rule
def modules_stay_short(source: Source) -> Iterator[Fault]:
    lines = source.text.count("\n")
    if source.in_package and lines > LONGEST:
        yield LONGEST, f"{lines} lines, more than {LONGEST}: split it by what changes together"


@rule
def errors_have_families(source: Source) -> Iterator[Fault]:
    if source.in_package and not source.under(*EDGES):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ExceptHandler):
                kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                if any(k is None or ast.unparse(k) in ("Exception", "BaseException") for k in kinds):
                    undone = any(
                        isinstance(n, ast.Raise) and n.exc is None for part in node.body for n in ast.walk(part)
                    )
                    if not undone:
                        yield (
                            node.lineno,
                            "name the errors you can answer; the rest belongs to the edges: " + ", ".join(EDGES),
                        )


@rule
def message_boxes_and_tool_tips_have_one_home(source: Source) -> Iterator[Fault]:
    if source.in_package and not source.under("dutydesk/qt/*"):
        for call, name, of in calls(source):
            if name in ("QMessageBox", "QToolTip") or of.rpartition(".")[2] in ("QMessageBox", "QToolTip"):
                yield (
                    call.lineno,
                    "QMessageBox and QToolTip guess rich text: use dutydesk.qt.dialogs, which shows plain text",
                )


@rule
def labels_show_plain_text(source: Source) -> Iterator[Fault]:
    if source.in_package and not source.under("dutydesk/qt/*"):
        for call, name, _ in calls(source):
            if name == "QLabel":
                yield (
                    call.lineno,
                    "QLabel guesses rich text (links, remote images): use the label of dutydesk.qt.widgets",
                )
            if name == "setTextFormat" and "PlainText" not in ast.unparse(call):
                yield call.lineno, "text a person typed is never markup: PlainText"


@rule
def qt_stays_in_its_places(source: Source) -> Iterator[Fault]:
    if source.in_package and not source.under(*QT_HOMES):
        for line, module in imports(source):
            if is_of(module, "PySide6", "shiboken6"):
                yield line, f"{module}: Qt lives in pane.py, qt/, shell/ and app.py; hand over frozen rows instead"


@rule
def charts_have_one_home(source: Source) -> Iterator[Fault]:
    if source.in_package and not source.under("dutydesk/qt/charts*.py"):
        for line, module in imports(source):
            if is_of(module, "pyqtgraph"):
                yield (
                    line,
                    "pyqtgraph costs the start half a second and has one home, qt/charts*.py, imported when shown",
                )


@rule
def paper_has_one_home(source: Source) -> Iterator[Fault]:
    if source.in_package and not source.under("dutydesk/printing/*", "dutydesk/*/report.py"):
        for line, module in imports(source):
            if is_of(module, "reportlab"):
                yield line, "reportlab lives in printing/ and report.py: let a report.py turn rows into bytes"


@rule
def rules_are_pure(source: Source) -> Iterator[Fault]:
    if source.under("dutydesk/*/rules.py"):
        for line, module in imports(source):
            if not (is_of(module, *sys.stdlib_module_names) or module.startswith("dutydesk.core")):
                yield line, f"{module}: rules.py imports the standard library and core alone"
            elif module in ("dutydesk.core.clock", "time", "sqlite3"):
                names = sqlalchemy_names(source, line)
                if module != "dutydesk.core.clock" or "SystemClock" in names:
                    yield line, f"{module}: a rule is given the time and the rows; it asks for neither"


UNTYPED = {
    "sqlcipher3": ("dutydesk/journal/*", "dutydesk/migrations/*"),
    "alembic": ("dutydesk/migrations/*", "dutydesk/journal/*"),
    "python_calamine": ("dutydesk/ledger/*",),
    "ortools": ("dutydesk/roster/solver.py",),
    "icalendar": ("dutydesk/roster/ics.py",),
    "pypinyin": ("dutydesk/ledger/pinyin.py",),
    "pypdfium2": ("dutydesk/printing/*", "dutydesk/qt/*"),
    "segno": ("dutydesk/printing/*",),
}


@rule
def each_library_has_one_home(source: Source) -> Iterator[Fault]:
    if source.in_package:
        for line, module in imports(source):
            homes = UNTYPED.get(module.split(".")[0])
            if homes and not source.under(*homes):
                yield line, f"{module} is wrapped once, in {homes[0]}: use the wrapper"


XML_PARSERS = ("xml.etree", "xml.dom", "xml.sax", "xml.parsers")
HARMLESS_XML = {"ParseError", "Element", "SubElement", "ElementTree", "escape", "quoteattr", "tostring", "indent"}


@rule
def xml_is_read_with_care(source: Source) -> Iterator[Fault]:
    if source.in_package:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import):
                taken = [(alias.name, {"all of it"}) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                taken = [(node.module, {alias.name for alias in node.names})]
            else:
                continue
            for module, names in taken:
                if module.startswith(XML_PARSERS) and names - HARMLESS_XML:
                    yield (
                        node.lineno,
                        f"{module} expands entities: read with defusedxml, or lxml without DTD and network",
                    )


# --- over the project


def project() -> list[Source]:
    files = [*ROOT.joinpath("dutydesk").rglob("*.py"), *ROOT.joinpath("tests").rglob("*.py")]
    return [Source(f.relative_to(ROOT).as_posix(), f.read_text(encoding="utf-8")) for f in sorted(files)]


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    return project()


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_project_keeps_the_rule(name: str, sources: list[Source]) -> None:
    faults = [f"{source.name}:{line}: {what}" for source in sources for line, what in RULES[name](source)]
    assert not faults, "\n" + "\n".join(faults)


def test_the_layers_hold() -> None:
    """import-linter's contracts: order of the layers, no feature imports a sibling, every folder has its place."""
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def loaded_by(statement: str) -> set[str]:
    """The names of top-level modules that a fresh interpreter holds after `statement`."""
    code = f"import sys\n{statement}\nprint(*sorted({{name for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_features_and_command_line_load_no_qt() -> None:
    loaded = loaded_by("import dutydesk.features, dutydesk.cli")
    assert not {"PySide6", "shiboken6", "pyqtgraph", "reportlab", "alembic", "sqlalchemy.orm"} & loaded


# --- of the rules themselves

A = "dutydesk/rain/service.py"
BAD: list[tuple[str, str, str]] = [
    ("commits_only_in_the_journal", A, "conn.commit()"),
    ("rows_are_written_only_by_the_journal", A, "conn.execute('INSERT INTO rain VALUES (1)')"),
    ("rows_are_written_only_by_the_journal", A, "q = '''\n update log set x=1'''"),
    ("rows_are_written_only_by_the_journal", A, "q = f'DELETE FROM {t}'"),
    ("rows_are_written_only_by_the_journal", A, "from sqlalchemy import select, update"),
    ("no_mapped_classes_and_no_session", A, "from sqlalchemy.orm import Session"),
    ("no_lambda_on_a_signal", "dutydesk/rain/pane.py", "button.clicked.connect(lambda: self.save())"),
    ("waits_are_for_something", "tests/rain/test_x.py", "qtbot.wait(50)"),
    ("waits_are_for_something", "tests/rain/test_x.py", "time.sleep(1)"),
    ("the_package_never_spins_the_event_loop", "dutydesk/app.py", "QApplication.processEvents()"),
    ("one_place_asks_for_the_time", A, "datetime.now(UTC)"),
    ("one_place_asks_for_the_time", A, "datetime.date.today()"),
    ("one_place_asks_for_the_time", A, "time.time()"),
    ("shortcuts_keep_their_context", "dutydesk/rain/pane.py", "QShortcut(key, self, self.go, context=x)"),
    ("package_files_are_empty", "dutydesk/rain/__init__.py", "from dutydesk.rain.model import TABLE"),
    ("package_files_are_empty", "dutydesk/__init__.py", "import os\n__version__ = '1'"),
    ("modules_stay_short", A, "x = 1\n" * (LONGEST + 1)),
    ("errors_have_families", A, "try:\n  f()\nexcept Exception:\n  pass"),
    ("errors_have_families", A, "try:\n  f()\nexcept (ValueError, BaseException) as e:\n  pass"),
    ("errors_have_families", A, "try:\n  f()\nexcept:\n  pass"),
    ("message_boxes_and_tool_tips_have_one_home", "dutydesk/shell/window.py", "QMessageBox.warning(self, t, x)"),
    ("message_boxes_and_tool_tips_have_one_home", "dutydesk/shell/window.py", "QMessageBox(self)"),
    ("labels_show_plain_text", "dutydesk/rain/pane.py", "QLabel(text)"),
    ("labels_show_plain_text", "dutydesk/rain/pane.py", "x.setTextFormat(Qt.TextFormat.RichText)"),
    ("qt_stays_in_its_places", A, "def f():\n  from PySide6.QtCore import QObject"),
    ("charts_have_one_home", "dutydesk/rain/pane.py", "import pyqtgraph as pg"),
    ("paper_has_one_home", "dutydesk/rain/pane.py", "from reportlab.pdfgen import canvas"),
    ("rules_are_pure", "dutydesk/rain/rules.py", "from dutydesk.journal.store import Store"),
    ("rules_are_pure", "dutydesk/rain/rules.py", "import sqlalchemy"),
    ("rules_are_pure", "dutydesk/rain/rules.py", "from dutydesk.core.clock import SystemClock"),
    ("each_library_has_one_home", "dutydesk/rain/report.py", "import segno"),
    ("xml_is_read_with_care", A, "import xml.etree.ElementTree as ET"),
    ("xml_is_read_with_care", A, "from xml.etree.ElementTree import Element, fromstring"),
]
GOOD: list[tuple[str, str, str]] = [
    ("commits_only_in_the_journal", "dutydesk/journal/store.py", "conn.commit()"),
    ("commits_only_in_the_journal", "dutydesk/shell/window.py", "QGuiApplication.inputMethod().commit()"),
    ("rows_are_written_only_by_the_journal", "dutydesk/journal/apply.py", "q = 'INSERT INTO act VALUES (1)'"),
    ("rows_are_written_only_by_the_journal", A, "from sqlalchemy import select\ns = 'update the list'"),
    ("no_lambda_on_a_signal", "dutydesk/rain/pane.py", "button.clicked.connect(self.save)"),
    ("waits_are_for_something", "tests/rain/test_x.py", "qtbot.waitUntil(ready)"),
    ("one_place_asks_for_the_time", "dutydesk/core/clock.py", "time.time_ns()"),
    ("one_place_asks_for_the_time", A, "clock.now()\ntime.perf_counter()"),
    ("package_files_are_empty", "dutydesk/__init__.py", '"""Doc."""\n__version__ = "1"\n'),
    ("shortcuts_keep_their_context", "dutydesk/rain/pane.py", "QShortcut(key, self, activated=self.go, context=x)"),
    ("package_files_are_empty", "dutydesk/rain/__init__.py", ""),
    ("modules_stay_short", A, "x = 1\n" * LONGEST),
    ("errors_have_families", "dutydesk/cli.py", "try:\n  f()\nexcept Exception:\n  pass"),
    ("errors_have_families", A, "try:\n  f()\nexcept BaseException:\n  undo()\n  raise"),
    ("message_boxes_and_tool_tips_have_one_home", "dutydesk/qt/dialogs.py", "QMessageBox(self)"),
    ("labels_show_plain_text", "dutydesk/rain/pane.py", "label(text)"),
    ("qt_stays_in_its_places", "dutydesk/rain/pane.py", "from PySide6.QtCore import QObject"),
    ("qt_stays_in_its_places", A, "if TYPE_CHECKING:\n  from PySide6.QtCore import QObject"),
    ("charts_have_one_home", "dutydesk/qt/charts.py", "import pyqtgraph as pg"),
    ("paper_has_one_home", "dutydesk/shifts/report.py", "from reportlab.pdfgen import canvas"),
    ("rules_are_pure", "dutydesk/rain/rules.py", "import math\nfrom dutydesk.core.clock import HOUR"),
    ("each_library_has_one_home", "dutydesk/printing/qr.py", "import segno"),
    ("xml_is_read_with_care", A, "from defusedxml.ElementTree import fromstring"),
    ("xml_is_read_with_care", A, "from xml.sax.saxutils import escape"),
]


@pytest.mark.parametrize(("name", "file", "snippet"), BAD)
def test_the_rule_bites(name: str, file: str, snippet: str) -> None:
    assert list(RULES[name](Source(file, snippet)))


@pytest.mark.parametrize(("name", "file", "snippet"), GOOD)
def test_the_rule_leaves_good_code_alone(name: str, file: str, snippet: str) -> None:
    assert not list(RULES[name](Source(file, snippet)))


def test_every_rule_is_tried_both_ways() -> None:
    assert {name for name, *_ in BAD} == set(RULES)
    assert set(RULES) - {name for name, *_ in GOOD} <= {
        "no_mapped_classes_and_no_session",
        "the_package_never_spins_the_event_loop",
    }
