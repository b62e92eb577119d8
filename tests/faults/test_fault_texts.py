"""F32, the search finds what a scan finds; F33, what is exported comes back to the letter and runs nowhere."""

from __future__ import annotations

import csv
import io
import os
import random
import re
import shutil
import subprocess
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from dutydesk.core.ids import CLI
from dutydesk.journal.query import Query, rows
from dutydesk.journal.store import Store
from dutydesk.ledger.kinds import LONG, TEXT
from dutydesk.ledger.records import unguard
from dutydesk.ledger.spec import Field, Ledger
from dutydesk.ledger.writers import write_csv, write_xlsx
from tests.journal import desks as d

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"

# --- F32

WORDS = "积水 街道 下穿隧道 三车被困 Ａ座1201 abc ABC ﬁre 𠮷野 㙍 😀 ℃ ㎡ 〔2026〕 0571-8888 １２３ ② İß e\u0301 － ％ _ ' \" *".split()
LETTERS = "积水街道号ＡaAb1１²𠮷𰀀㙍😀\u200d\u0301é,，。-%_'\"*()㎡℃ \u3000"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A desk of 3,000 entries of random words and letters."""
    rng = random.Random(33)
    with d.quick_folder() as folder, d.make(folder / "desk") as made:
        for _batch in range(10):
            texts = [
                "".join(rng.choice(WORDS) + rng.choice(["", "", " ", ",", "。"]) for _n in range(rng.randint(0, 9)))
                + "".join(rng.choice(LETTERS) for _n in range(rng.randint(1, 9)))
                for _m in range(300)
            ]
            made.act("test", [d.new("log", {"text": text}) for text in texts], by=CLI)
        yield made


def folded(text: str) -> str:
    """NFKC and case folding, written here again."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def test_the_search_finds_what_a_scan_finds(store: Store) -> None:
    rng = random.Random(32)
    held = [(row, folded(text)) for row, text in d.ask(store, "SELECT id, text FROM log") if text]
    assert len(held) == 3_000
    found_some = 0
    with store.read() as connection:
        for _n in range(2_000 if FULL else 150):
            text = rng.choice(held)[1]
            at = rng.randrange(len(text))
            query = text[at : at + rng.randint(1, 6)] if rng.random() < 0.6 else ""
            query = query if query.strip() else "".join(rng.choice(LETTERS) for _m in range(rng.randint(1, 6)))
            if not query.strip():
                continue
            words = folded(query).split()
            truth = {row for row, text in held if all(word in text for word in words)}
            found = [row.id for row in rows(connection, d.FULL["log"], Query("log", search=query))]
            assert set(found) == truth, ascii(query)
            assert len(found) == len(truth)
            found_some += bool(truth)
    assert found_some > 50


# --- F33

NOTES = Ledger("notes", "备注", (Field("a", TEXT, "甲"), Field("b", LONG, "乙")))
TEXTS = [
    "=1+1", '=HYPERLINK("http://example.invalid","点我")', "+8613800000000", "-1+1|cmd", "@SUM(A1)", "＝1", "＋1", "－1", "＠x",
    "\t=1", "'=1", "''", "=cmd|' /C calc'!A0", "<b>粗</b>", "<script>alert(1)</script>", "a&amp;b", "a&b<c>\"d\"'e'", "]]>",
    "<![CDATA[x]]>", "&#x41;", "_x0041_", "_x000D_", "a_x005F_b", "007", "1E5", "2026-06-18", "TRUE", "#REF!", "1,000",
    "مرحبا بالعالم", "עברית", "\u202e反转\u202c", "\u200f右\u200e左", "\u2066隔离\u2069", "e\u0301", "\ufeff开头", "尾\u00a0",
    "𠮷野家", "😀🚒\u200d", "两\n行", "三\n\n行", "逗,号;分\t号|", '"引"', "\u0085\u2028\u2029", "\x7f", "㎡℃〔〕",
]  # fmt: skip


def written() -> list[dict[str, str]]:
    return [{"a": f"{n}", "b": text} for n, text in enumerate(TEXTS)]


def test_a_workbook_comes_back_to_the_letter_and_holds_no_formula() -> None:
    data = write_xlsx(NOTES, written(), masked=False)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
    back = [str(row[1]) for row in sheet.to_python(skip_empty_area=False)][1:]
    assert back == TEXTS
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml"))
        assert not re.search(r"<f[ >/]|<hyperlink|externalLink|<definedName", content)
        assert not [name for name in archive.namelist() if "vba" in name.lower() or "external" in name.lower()]


def test_a_csv_file_comes_back_to_the_letter_and_no_cell_begins_like_a_formula() -> None:
    data = write_csv(NOTES, written(), masked=False)
    assert data.startswith(b"\xef\xbb\xbf")
    cells = [row[1] for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))][1:]
    assert [unguard(cell) for cell in cells] == TEXTS
    assert not [
        cell for cell in cells if re.match(r"[\s\ufeff]*[=+\-@＝＋－＠]", cell) and not re.fullmatch(r"-?\d+", cell)
    ]


def test_control_the_guard_is_what_keeps_formulas_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dutydesk.ledger.writers.guard", lambda text: text)
    cells = [row[1] for row in csv.reader(io.StringIO(write_csv(NOTES, written(), masked=False).decode("utf-8-sig")))]
    assert "=1+1" in cells


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed on this machine")
def test_libreoffice_reads_the_same_texts(tmp_path: Path) -> None:
    (tmp_path / "out.xlsx").write_bytes(write_xlsx(NOTES, written(), masked=False))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    own = {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}  # the tests' has no fonts
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", "out.xlsx"],
        cwd=tmp_path, env=own, check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    text = (tmp_path / "out.csv").read_text(encoding="utf-8")
    back = [row[1] for row in csv.reader(io.StringIO(text, newline=""))][1:]
    assert back == TEXTS
