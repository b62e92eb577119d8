"""What comes about by signatures and approvals is not brought in as a table of rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.lines import Line

TABLES = {
    "handovers": "shift,state,giver,taker\n2026-06-17/H24,COUNTERSIGNED,示例甲,示例乙\n",
    "handover_items": "block,title,state\nTODO,某事,ACCEPTED\n",
    "rosters": "starts_on,ends_on,state\n2026-06-01,2026-06-30,PUBLISHED\n",
    "swaps": "kind,date,shift,post,slot,person,other,reason,state\nSUBSTITUTE,2026-06-18,H24,PRIMARY,1,示例甲,示例乙,x,APPROVED\n",
    "sign_ins": "at,shift,person,sign\n2026-06-18 08:20,2026-06-18/H24,示例甲,IN\n",
    "assignments": "date,shift,post,slot,person\n2026-06-18,H24,PRIMARY,1,示例甲\n2026-06-19,H24,PRIMARY,1,示例甲\n",
}


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    """The command line over a desk with two people and no accounts."""
    made = Line(tmp_path / "desk", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
    assert made("init", "--district", "330102", "--name", "示例区", "--unit", "示例区应急管理局").code == 0
    for name in ("示例甲", "示例乙"):
        assert made("add", "people", f"name={name}").code == 0
    return made


@pytest.mark.parametrize("ledger", TABLES)
def test_a_table_of_what_is_signed_is_refused_and_writes_nothing(line: Line, tmp_path: Path, ledger: str) -> None:
    file = tmp_path / f"{ledger}.csv"
    file.write_text(TABLES[ledger], encoding="utf-8")
    for more in ((), ("--format", "csv")):
        said = line("import", ledger, file, *more)
        assert said.code == 1, said.out
        assert "roster" in said.err if ledger == "assignments" else "由程序自己记录，不能导入" in said.err
    assert line.count(ledger) == 0


def test_a_finished_hand_over_cannot_be_typed_in(line: Line) -> None:
    said = line("add", "handovers", "shift=2026-06-17/H24", "state=COUNTERSIGNED", "giver=示例甲", "taker=示例乙")
    assert said.code == 1
    assert "由程序自己记录，不能新增" in said.err
    assert line.count("handovers") == 0
