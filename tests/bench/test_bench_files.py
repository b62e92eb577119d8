"""B2, B8 to B10: files into the desk and out of it, against the raw driver and the bare libraries."""

from __future__ import annotations

import csv
import gc
import io
import math
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bigdesk import entry
from harness import ROUNDS, against, report
from python_calamine import CalamineWorkbook

from dutydesk.core.clock import FixedClock, iso, local, parse_iso
from dutydesk.core.ids import new_id, token
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.daybook.report import p02
from dutydesk.exchange import importing
from dutydesk.exchange.reading import Options
from dutydesk.features import FEATURES, schema
from dutydesk.journal import chain, recipe, search
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import INSERT_ACT, MOVE_FRONTIER, Store
from dutydesk.ledger.kinds import INT, LONG, PHONE, TEXT, TIME
from dutydesk.ledger.readers import read_records
from dutydesk.ledger.spec import Field, Ledger, Value
from dutydesk.ledger.writers import write_csv, write_xlsx
from dutydesk.printing import pdf
from dutydesk.printing.plain import ledger_document

pytestmark = pytest.mark.bench
NOW = parse_iso("2026-11-22 20:00")
IMPORTED = 100_000
ACT = 500
Row = tuple[str, dict[str, Value]]


# -- files -------------------------------------------------------------------------------------------------------------


def text_of(headers: str, rows: Iterator[Sequence[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(headers.split())
    writer.writerows(rows)
    return out.getvalue().encode()


def log_file(rows: int) -> bytes:
    """Entries of the duty log: the usual file."""

    def lines() -> Iterator[Sequence[str]]:
        for n in range(rows):
            at = entry(n)
            yield (iso(int(at["happened_at"])), *(str(at[name]) for name in LOG_TEXTS))

    return text_of("时间 类别 业务线 对方 内容 处理情况 记录人", lines())


LOG_TEXTS = ("category", "line", "party", "text", "handling", "recorder")
SUPPLY_TEXTS = ("name", "spec", "quantity", "unit", "store", "contact", "phone", "note")


def supply_file(rows: int) -> bytes:
    """Articles in stores, each with its keeper: one row and one side row of personal fields a line."""
    things = "编织袋 抽水泵 救生衣 帐篷 应急灯 折叠床 棉被 铁锹 雨衣 发电机".split()

    def lines() -> Iterator[Sequence[str]]:
        for n in range(rows):
            yield (things[n % 10], f"{n}型", str(n % 900), "件", f"第{n % 400}号仓库", f"保管甲{n % 97}",
                   f"0571-5{n:07d}", "按季检查")  # fmt: skip

    return text_of("名称 规格型号 数量 单位 存放地点 保管人 保管人电话 备注", lines())


def people_file(rows: int) -> bytes:
    """People with a unit and two numbers: three rows and three side rows a line."""

    def lines() -> Iterator[Sequence[str]]:
        for n in range(rows):
            yield f"试{chr(0x4E00 + n % 5000)}{chr(0x4E00 + n // 5000)}", f"第{n % 300}虚构单位", f"199{n:08d}", f"0571-5{n:07d}", "打座机"  # fmt: skip

    return text_of("姓名 单位 手机 办公电话 备注", lines())


# -- the floor ---------------------------------------------------------------------------------------------------------


def log_rows(cells: Sequence[str], made: dict[str, bytes]) -> list[tuple[str, bytes, dict[str, Value]]]:
    values: dict[str, Value] = {
        "no": f"2026-{len(made) + 1:04d}",
        "happened_at": parse_iso(cells[0]),
        "recorded_at": NOW,
    }
    values.update(zip(LOG_TEXTS, cells[1:], strict=True))
    row = made[values["no"]] = new_id(NOW)  # pyright: ignore[reportArgumentType]
    return [("log", row, values)]


def supply_rows(cells: Sequence[str], _made: dict[str, bytes]) -> list[tuple[str, bytes, dict[str, Value]]]:
    values: dict[str, Value] = dict(zip(SUPPLY_TEXTS, cells, strict=True))
    values["quantity"] = int(cells[2])
    return [("supplies", new_id(NOW), values)]


def people_rows(cells: Sequence[str], made: dict[str, bytes]) -> list[tuple[str, bytes, dict[str, Value]]]:
    out: list[tuple[str, bytes, dict[str, Value]]] = []
    name, unit, mobile, office, note = cells
    if unit not in made:
        made[unit] = new_id(NOW)
        out.append(("units", made[unit], {"name": unit}))
    row = new_id(NOW)
    out.append(("people", row, {"name": name, "unit": made[unit], "kind": "PERSON", "note": note}))
    out.append(("numbers", new_id(NOW), {"person": row, "order": 1, "kind": "MOBILE", "number": mobile}))
    out.append(("numbers", new_id(NOW), {"person": row, "order": 2, "kind": "OFFICE", "number": office}))
    return out


def floor(home: Home, data: bytes, rows_of: Callable[[Sequence[str], dict[str, bytes]], list[Any]]) -> None:
    """The same rows into the same tables and indexes by the raw driver, in the same number of transactions. Reading
    the file, the search text and the bytes of the acts are made by the same functions; nothing is checked."""
    gc.disable()  # as the import does
    raw = recipe.connect(home.database)
    desk = bytes.fromhex("ab" * 16)
    seq, link = raw.execute("SELECT seq, hash FROM frontier").fetchone()
    made: dict[str, bytes] = {}
    rows = [row for _line, cells in read_records(data, "x.csv").rows for row in rows_of(cells, made)]
    last: dict[str, int] = {}
    for start in range(0, len(rows), ACT):
        part = rows[start : start + ACT]
        act_id, hlc, seq = new_id(NOW), (NOW << 16) + seq, seq + 1
        told: list[dict[str, Any]] = []
        tables: dict[str, list[tuple[Any, ...]]] = {}
        index: dict[str, list[tuple[Any, ...]]] = {}
        side: list[tuple[Any, ...]] = []
        for n, (name, row, values) in enumerate(part):
            shape = schema()[name]
            last[name] = last.get(name, 0) + 1
            cells = [values.get(field) for field in shape.names]
            tables.setdefault(name, []).append((last[name], row, act_id, hlc, 1, None, *cells))
            if shape.fts:
                words = search.words(search.row_text(shape.ledger, values))
                index.setdefault(name, []).append((last[name], words, search.row_pinyin(shape.ledger, values)))
            public = {key: value.hex() if isinstance(value, bytes) else value for key, value in values.items()}
            change: dict[str, Any] = {"ledger": name, "row": row.hex(), "set": public}
            private = {key: public.pop(key) for key in shape.ledger.personal if key in public}
            if private:
                salt, held = token(16), chain.canonical(private)
                change["personal"] = chain.personal_hash(salt, held)
                side.append((act_id, n, name, row, salt, held))
            told.append(change)
        body = chain.canonical({"changes": told})
        head = chain.header(desk, 1, seq, act_id, hlc, NOW, NOW, "system", "log.import", 1)
        digest = chain.digest(1, link, head, body)
        raw.execute("BEGIN IMMEDIATE")
        raw.execute(INSERT_ACT, (desk, 1, seq, act_id, hlc, NOW, NOW, "system", "log.import", 1, body, 1, link, digest))
        if side:
            raw.cursor().executemany("INSERT INTO personal VALUES (?, ?, ?, ?, ?, ?)", side)
        for name, filled in tables.items():
            raw.cursor().executemany(schema()[name].insert, filled)
            raw.execute(
                "INSERT INTO tally VALUES (?, ?) ON CONFLICT (ledger) DO UPDATE SET listed = listed + excluded.listed",
                (name, len(filled)),
            )
            if schema()[name].ledger.number:
                raw.execute(
                    "INSERT INTO counter VALUES (?, ?, ?, ?) ON CONFLICT (desk, ledger, year) DO UPDATE SET n = excluded.n",
                    (desk, name, local(NOW).year, last[name]),
                )
        for name, filled in index.items():
            raw.cursor().executemany(f"INSERT INTO fts_{name} (rowid, words, py) VALUES (?, ?, ?)", filled)
        raw.execute(MOVE_FRONTIER, (desk, 1, seq, digest, hlc))
        raw.execute("COMMIT")
        link = digest
    raw.close()
    gc.enable()


def fresh(root: Path) -> Desk:
    """An empty desk."""
    shutil.rmtree(root, ignore_errors=True)
    config = DeskConfig("ab" * 16, district="330102", unit="测")
    store = Store.create(Home(root), schema(), FixedClock(NOW), config)
    return Desk(store, store.clock, Me("system"), FEATURES)


def whole_import(desk: Desk, ledger: str, data: bytes) -> dict[str, Any]:
    """Check the file whole and write it, as `dutydesk import` does."""
    return importing.run(desk, importing.plan(desk, ledger, data, "x.csv", Options(create=True)))


def imports(
    tmp_path: Path,
    ledger: str,
    data: bytes,
    rows_of: Callable[[Sequence[str], dict[str, bytes]], list[Any]],
    rounds: int,
) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of import and floor in turns, each into an empty desk; and the ratios of processor time."""
    mine: list[float] = []
    bare: list[float] = []
    work: list[float] = []
    for n in range(rounds):
        spent: dict[str, float] = {}
        for who in ("ours", "floor") if n % 2 == 0 else ("floor", "ours"):
            desk = fresh(tmp_path / who)
            if who == "floor":
                desk.store.close()
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            if who == "ours":
                whole_import(desk, ledger, data)
            else:
                floor(desk.store.home, data, rows_of)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            (mine if who == "ours" else bare).append(wall * 1_000)
            spent[who] = cpu
            if who == "ours":
                desk.store.close()
        work.append(spent["ours"] / spent["floor"])
    return mine, bare, work


FILES = {
    "log": (log_file, log_rows, IMPORTED),
    "supplies": (supply_file, supply_rows, IMPORTED // 2),
    "people": (people_file, people_rows, IMPORTED // 6),  # three rows a line
}


def dump(home: Home, ledger: str) -> list[Any]:
    """What of an import can be compared: numbers and texts of the rows, and the whole search index."""
    raw = recipe.connect(home.database, read_only=True)
    shape = schema()[ledger]
    names = ", ".join(f'"{name}"' for name in shape.names if name not in shape.refs)
    rows = raw.execute(f"SELECT _n, _state, {names} FROM {ledger} ORDER BY _n").fetchall()
    if shape.fts:
        raw.execute(f"CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, '{shape.fts}', 'instance')")
        rows += sorted(raw.execute("SELECT term, doc, col, offset FROM temp.v").fetchall())
    raw.close()
    return rows


@pytest.mark.parametrize("ledger", ["log", "supplies", "people"])
def test_import_and_floor_write_the_same(tmp_path: Path, ledger: str) -> None:
    made, rows_of, _rows = FILES[ledger]
    data = made(700)
    desk = fresh(tmp_path / "ours")
    told = whole_import(desk, ledger, data)
    desk.store.close()
    assert (told["read"], told["added"], told["refused"]) == (700, 700, [])
    bare = fresh(tmp_path / "floor")
    bare.store.close()
    floor(bare.store.home, data, rows_of)
    for name in dict.fromkeys((ledger, *(("units", "numbers") if ledger == "people" else ()))):
        assert dump(desk.store.home, name) == dump(bare.store.home, name)


@pytest.mark.parametrize("ledger", ["log", "supplies", "people"])
def test_b2_import(tmp_path: Path, ledger: str) -> None:
    made, rows_of, rows = FILES[ledger]
    data = made(rows)
    mine, bare, work = imports(tmp_path, ledger, data, rows_of, ROUNDS)
    work.sort()
    result = report(
        f"B2 {ledger}", f"导入 {rows} 行 CSV({ledger})", mine, bare, "≤ 1.8×", 1.8,
        note=f"in processor time {work[len(work) // 2]:.2f}× ({work[0]:.2f}–{work[-1]:.2f})",
    )  # fmt: skip
    assert result.ratio is not None


# -- prints ------------------------------------------------------------------------------------------------------------

PRINTED = 2_000
MOVE = re.compile(r"1 0 0 1 (\S+) (\S+) Tm <([0-9A-F]+)> Tj")
FACE = re.compile(r"/(\w+) (\S+) Tf")
LINE = re.compile(r"(\S+) (\S+) m (\S+) (\S+) l S")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One page of a finished print: its size, its texts (face, size, x, y, text) and its rules."""

    size: tuple[float, float]
    texts: list[tuple[str, float, float, float, str]]
    rules: list[tuple[float, float, float, float]]


def drawn(make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch) -> list[Drawn]:
    """What a print puts on its pages, read back from the operators that it wrote."""
    found: list[Drawn] = []
    write = pdf.write

    def watched(pages: Sequence[pdf.Page], fonts: Iterable[pdf.Codes], **told: Any) -> bytes:
        fonts = list(fonts)
        used = {codes.face: codes.used for codes in fonts}
        for page in pages:
            sheet, face, size = Drawn((page.width, page.height), [], []), "Sans", 0.0
            for operator in page.operators:
                for kind in FACE.finditer(operator):
                    face, size = kind[1], float(kind[2])
                move = MOVE.search(operator)
                if move:
                    text = "".join(used[face][int(move[3][at : at + 4], 16) - 1] for at in range(0, len(move[3]), 4))
                    sheet.texts.append((face, size, float(move[1]), float(move[2]), text))
                rule = LINE.search(operator)
                if rule:
                    sheet.rules.append((float(rule[1]), float(rule[2]), float(rule[3]), float(rule[4])))
            found.append(sheet)
        return write(pages, fonts, **told)

    with monkeypatch.context() as patched:
        patched.setattr(pdf, "write", watched)
        make()
    return found


def bare_canvas(pages: Sequence[Drawn]) -> bytes:
    """The same lines at the same places by reportlab's canvas, with nothing to measure, break or look up."""
    canvas: Any = pdf.Canvas("memory", pageCompression=1, invariant=1)
    for page in pages:
        canvas.setPageSize(page.size)
        canvas.setLineWidth(0.4)
        for x1, y1, x2, y2 in page.rules:
            canvas.line(x1, y1, x2, y2)
        state = ("", 0.0)
        for face, size, x, y, text in page.texts:
            if state != (face, size):
                canvas.setFont(face, size)
                state = (face, size)
            canvas.drawString(x, y, text)
        canvas.showPage()
    return canvas.getpdfdata()


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with 2,000 entries of the duty log."""
    desk = fresh(tmp_path_factory.mktemp("printed") / "desk")
    changes = [desk.new("log", {**entry(n), "no": f"2026-{n + 1:04d}"}) for n in range(PRINTED)]
    for start in range(0, PRINTED, ACT):
        desk.act("log.import", changes[start : start + ACT])
    yield desk
    desk.store.close()


@pytest.mark.parametrize("form", ["P02", "ledger"])
def test_b8_print(printed: Desk, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    times = [int(entry(n)["happened_at"]) for n in range(PRINTED)]
    rows = [row.values for row in printed.rows("log", order="happened_at")]

    def ours() -> bytes:
        if form == "P02":
            return p02(printed, start=min(times), end=max(times) + 1)
        return ledger_document(printed.ledger("log"), rows, unit="测", at=NOW).pdf()

    pages = drawn(ours, monkeypatch)
    lines = sum(len(page.texts) for page in pages)
    assert lines > PRINTED * 4
    assert "".join(text for page in pages for *_place, text in page.texts).count("编号") >= PRINTED
    mine, bare = against(ours, lambda: bare_canvas(pages))
    what = "P02 值班日志(从库里读)" if form == "P02" else "台账打印"
    result = report(
        f"B8 {form}", f"{what} {PRINTED} 条", mine, bare, "≤ 2.5×", 2.5, note=f"{len(pages)} pages, {lines} texts"
    )
    assert result.ratio is not None


# -- workbooks ---------------------------------------------------------------------------------------------------------

SHEET = Ledger(
    "sheet",
    "台账",
    (
        Field("name", TEXT, "名称"),
        Field("place", TEXT, "地点"),
        Field("text", LONG, "内容"),
        Field("phone", PHONE, "电话"),
        Field("count", INT, "数量"),
        Field("at", TIME, "时间"),
    ),
)


def sheet_rows() -> list[dict[str, Value]]:
    return [
        {
            "name": f"编织袋{n}",
            "place": str(entry(n)["party"]),
            "text": str(entry(n)["text"]),
            "phone": f"0571-5{n:07d}",
            "count": n,
            "at": entry(n)["happened_at"],
        }
        for n in range(IMPORTED)
    ]


def test_b9_b10_workbooks() -> None:
    """100,000 rows of six columns: written, against a CSV writer; read back, against bare calamine."""
    rows = sheet_rows()

    def bare_csv() -> None:
        writer = csv.writer(io.StringIO())
        for row in rows:
            writer.writerow((*row.values(),))

    made = write_xlsx(SHEET, rows, masked=False)
    mine, bare = against(lambda: write_xlsx(SHEET, rows, masked=False), bare_csv, 3)
    report("B9 xlsx", f"导出 xlsx {IMPORTED}×6(比照 CSV 写出)", mine, bare, "—", math.inf)
    mine, bare = against(lambda: write_csv(SHEET, rows, masked=False), bare_csv, 3)
    report("B9 csv", f"导出 CSV {IMPORTED}×6(比照 CSV 写出)", mine, bare, "—", math.inf)

    def bare_calamine() -> int:
        return len(CalamineWorkbook.from_filelike(io.BytesIO(made)).get_sheet_by_index(0).to_python())

    assert bare_calamine() == IMPORTED + 1
    records = read_records(made, "x.xlsx")
    assert records.read == IMPORTED
    assert records.rows[0][1][:4] == ("编织袋0", str(rows[0]["place"]), str(rows[0]["text"]), "0571-50000000")
    mine, bare = against(lambda: read_records(made, "x.xlsx"), bare_calamine, 3)
    report("B10", f"读 xlsx {IMPORTED}×6(比照 calamine)", mine, bare, "—", math.inf)
