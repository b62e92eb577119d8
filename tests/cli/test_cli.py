"""The contract of house.md §8: exit codes, JSON shapes, names; nothing of Qt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dutydesk import cli
from dutydesk.__main__ import main
from dutydesk.core import i18n
from dutydesk.core.paths import Home
from dutydesk.features import FEATURES, open_desk
from tests.cli.lines import Line

TIMES = ("2026-06-18T14:02:00+08:00", "2026-06-18T14:30:00+08:00")


def fill(line: Line) -> None:
    line.ok("add", "units", "name=示例区防指")
    line.ok("add", "people", "name=示例甲", "unit=示例区防指")
    line.ok("add", "numbers", "person=示例甲", "kind=MOBILE", "number=13800000000", "order=1")
    line.ok("add", "numbers", "person=示例甲", "kind=办公电话", "number=0571-00000000", "order=2")
    line.ok("add", "log", "happened_at=2026-06-18 14:02", "text=示例隧道积水约60厘米")
    line.ok("add", "log", "happened_at=2026-06-18T06:30:00Z", "text=示例路有树倒伏", "party_phone=13900000000")


# -- exit codes --------------------------------------------------------------------------------------------------------


def test_no_desk_is_refused_and_nothing_is_made(bare: Line) -> None:
    for words in (("list", "log"), ("verify",), ("rebuild",), ("snapshot",), ("add", "log", "text=x")):
        said = bare(*words)
        assert said.code == 1
        assert "dutydesk init" in said.err
        assert said.out == ""
    assert not bare.home.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["list"],
        ["list", "log", "--limit", "x"],
        ["list", "log", "--no-such"],
        ["show", "log"],
        ["import", "log"],
    ],
)
def test_a_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "用法" in said.err


def test_help_is_0_and_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name in "init demo ledgers list show add import export rain print verify rebuild snapshot restore doctor self-test".split():
        assert name in text


def test_the_manual_names_every_command() -> None:
    page = Path(__file__).parents[2] / "docs" / "manual" / "command-line.md"
    text = page.read_text(encoding="utf-8")
    declared = [command for feature in FEATURES for command in feature.commands]
    actions = [action for action in cli.build(declared)._actions if isinstance(action.choices, dict)]
    names = [name for action in actions for name in action.choices or ()]
    assert len(names) > 12
    assert [name for name in names if f"`{name}" not in text] == []


def test_a_second_init_is_refused(line: Line) -> None:
    before = line.ok("verify")
    said = line("init", "--name", "别处")
    assert said.code == 1
    assert "不会覆盖" in said.err
    assert line.ok("verify") == before


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--district", "33O102"], "--district"),
        (["--code", "a/b"], "--code"),
        (["--from", "x"], "--from"),
        (["--at", "2026-06-18"], "--at"),
        (["--sample", "--drill"], "--drill"),
        (["--sample", "--at", "yesterday"], "yesterday"),
    ],
)
def test_an_init_that_makes_no_sense_makes_nothing(bare: Line, words: list[str], part: str) -> None:
    said = bare("init", *words)
    assert said.code == 1
    assert part in said.err
    assert not bare.home.exists()


def test_a_place_that_cannot_hold_a_desk_is_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(tmp_path / "OneDrive" / "desk"), "init"]) == 3
    assert "网盘" in capsys.readouterr().err


def test_damage_is_4_and_says_where(line: Line) -> None:
    fill(line)
    path = line.home / "desk.sqlite"
    data = bytearray(path.read_bytes())
    data[4096 * 5 : 4096 * 6] = bytes(4096)
    path.write_bytes(data)
    said = line("verify", "--json")
    assert said.code == 4
    assert said.json["ok"] is False
    assert said.json["problems"]
    assert all(set(fault) == {"where", "what"} for fault in said.json["problems"])
    assert len(said.err.splitlines()) == len(said.json["problems"])


def test_what_nobody_expected_is_logged_whole_and_told_in_one_sentence(
    line: Line, monkeypatch: pytest.MonkeyPatch, expect_log: Any
) -> None:
    def broken(*_: object, **named: object) -> None:
        raise RuntimeError("a bug of ours")

    expect_log("uncaught")
    monkeypatch.setattr("dutydesk.exchange.running.table", broken)
    said = line("list", "log")
    assert said.code == 1
    assert len(said.err.splitlines()) == 1
    assert "程序出错" in said.err
    logged = (line.home / "logs" / "dutydesk.log").read_text(encoding="utf-8")
    assert "a bug of ours" in logged
    assert "Traceback" in logged


def test_a_closed_pipe_is_no_error(line: Line) -> None:
    fill(line)
    run = subprocess.run(
        f"{sys.executable} -m dutydesk --home {line.home} list log | head -n 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_output_is_utf8_whatever_the_terminal_speaks(line: Line) -> None:
    line.ok("add", "units", "name=㙍䶮单位")
    env = os.environ | {"PYTHONIOENCODING": "gbk", "LC_ALL": "C", "PYTHONUTF8": "0"}
    run = subprocess.run(
        [sys.executable, "-m", "dutydesk", "--home", line.home, "list", "units", "--json"],
        env=env,
        capture_output=True,
        check=True,
    )
    assert json.loads(run.stdout.decode("utf-8"))["rows"][0]["name"] == "㙍䶮单位"


def test_nothing_but_the_window_loads_qt(line: Line) -> None:
    code = (
        "import sys\nfrom dutydesk.__main__ import main\n"
        f"assert main(['--home', {str(line.home)!r}, 'ledgers']) == 0\n"
        f"assert main(['--home', {str(line.home)!r}, 'verify']) == 0\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('PySide6', 'shiboken6', 'pyqtgraph', 'reportlab')]"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_the_parser_of_the_window_loads_no_sqlalchemy() -> None:
    code = (
        "import sys\nfrom dutydesk import cli\ncli.parse(['--home', 'x'])\ncli.parse(['--home=x', 'demo'])\n"
        "assert 'sqlalchemy' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("words", [[], ["demo", "--out", "x"], ["self-test"], ["--view", "log"], ["--home", "list"]])
def test_what_needs_a_display_goes_to_the_app(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    app = ModuleType("dutydesk.app")

    def window(args: Any) -> int:
        seen.append(args)
        return 0

    app.main = window  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "dutydesk.app", app)
    monkeypatch.setattr("dutydesk.app", app, raising=False)
    assert main(words) == 0
    assert len(seen) == 1


def test_the_language_switches_everything_that_is_said(line: Line, english: None) -> None:
    i18n.use("zh_CN")
    assert line("--lang", "en", "show", "log", "99").code == 1
    assert cli.parse(["--lang=en", "ledgers"]).lang == "en"
    assert i18n.language() == "en"


# -- init --------------------------------------------------------------------------------------------------------------


def test_init_writes_what_the_desk_is(line: Line) -> None:
    text = (line.home / "desk.toml").read_text(encoding="utf-8")
    assert 'district = "330102"' in text
    assert 'unit = "示例区应急管理局"' in text
    assert line.ok("verify")["acts"] == 1


def test_a_sample_desk_has_a_night(bare: Line) -> None:
    assert bare("init", "--sample", "--at", "2026-06-19 06:30").code == 0
    rows = bare.ok("list", "log")["rows"]
    assert rows
    assert max(row["happened_at"] for row in rows) <= "2026-06-19T06:30:00+08:00"
    assert bare.ok("verify")["ok"] is True


def test_a_drill_takes_the_lists_and_nothing_that_happened(
    line: Line, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(line)
    drill = Line(tmp_path / "drill", line.read)
    assert drill("init", "--drill", "--from", line.home).code == 0
    assert drill.count("log") == 0
    ours, theirs = (
        [(row["id"], row["number"]) for row in one.ok("list", "numbers", "--reveal", "核对")["rows"]]
        for one in (line, drill)
    )
    assert ours == theirs
    assert drill.ok("add", "log", "happened_at=2026-06-18 15:00", "text=演练开始")["no"].startswith("演-")
    again = Line(tmp_path / "again", line.read)
    assert again("init", "--drill", "--from", drill.home).code == 1
    assert "drill = true" in (drill.home / "desk.toml").read_text(encoding="utf-8")


# -- list, show, add ---------------------------------------------------------------------------------------------------


def test_ledgers_names_titles_and_counts(line: Line) -> None:
    fill(line)
    found = {item["name"]: item for item in line.ok("ledgers")}
    assert found["log"] == {"name": "log", "title": "值班日志", "rows": 2}
    assert {"people", "numbers", "incidents", "shelters", "settings", "stations", "warnings"} <= set(found)


def test_list_is_one_json_value_of_the_promised_shape(line: Line) -> None:
    fill(line)
    said = line("list", "log", "--json")
    assert len(said.out.splitlines()) == 1
    found = said.json
    assert list(found) == ["ledger", "total", "rows"]
    assert (found["ledger"], found["total"]) == ("log", 2)
    assert [row["happened_at"] for row in found["rows"]] == list(reversed(TIMES))
    row = found["rows"][0]
    assert next(iter(row)) == "id"
    assert len(row["id"]) == 32
    assert {"no", "shift", "happened_at", "recorded_at", "category", "line", "party_phone", "text", "amends"} <= set(
        row
    )
    limited = line.ok("list", "log", "--limit", 1)
    assert (limited["total"], len(limited["rows"])) == (2, 1)
    assert limited["rows"][0] == row


def test_values_in_json_are_codes_numbers_and_ids(line: Line) -> None:
    region = line.ok("add", "regions", "code=330102099", "name=示例街道")
    level = line.ok("add", "shelters", "name=示例小学", "region=示例街道", "area_m2=780.98", "capacity=120", "standardised=是",
                    "lon=120.17", "state=OPEN")  # fmt: skip
    assert (level["region"], level["area_m2"], level["capacity"]) == (region["id"], 780.98, 120)
    assert (level["standardised"], level["lon"], level["state"]) == (True, 120.17, "OPEN")


def test_search_keeps_the_ledgers_order(line: Line) -> None:
    fill(line)
    line.ok("add", "log", "happened_at=2026-06-01 08:00", "text=示例早报")
    found = line.ok("list", "log", "--search", "示例")
    times = [row["happened_at"] for row in found["rows"]]
    assert found["total"] == 3
    assert times == sorted(times, reverse=True)
    assert line.ok("list", "log", "--search", "没有这样的字")["rows"] == []


@pytest.mark.parametrize(
    ("where", "texts"),
    [
        (["happened_at=2026-06-18 14:02"], ["示例隧道积水约60厘米"]),
        (["happened_at=2026-06-18T06:02:00Z"], ["示例隧道积水约60厘米"]),
        (["happened_at>2026-06-18 14:02"], ["示例路有树倒伏"]),
        (["happened_at>=2026-06-18 14:02", "happened_at<2026-06-18 14:30"], ["示例隧道积水约60厘米"]),
        (["text~树"], ["示例路有树倒伏"]),
        (["party="], ["示例路有树倒伏", "示例隧道积水约60厘米"]),
        (["party!="], []),
        (["text!=示例路有树倒伏"], ["示例隧道积水约60厘米"]),
        (["line!=FLOOD"], ["示例路有树倒伏", "示例隧道积水约60厘米"]),
    ],
)
def test_where_reads_values_by_the_fields_kind(line: Line, where: list[str], texts: list[str]) -> None:
    fill(line)
    words = [word for condition in where for word in ("--where", condition)]
    assert [row["text"] for row in line.ok("list", "log", *words)["rows"]] == texts


def test_where_finds_referenced_rows_by_name(line: Line) -> None:
    fill(line)
    assert line.ok("list", "people", "--where", "unit=示例区防指")["total"] == 1
    said = line("list", "people", "--where", "unit=没有的单位", "--json")
    assert said.code == 1
    assert said.json["problems"][0]["field"] == "unit"


@pytest.mark.parametrize("where", ["colour=red", "nonsense", "happened_at=maybe", "happened_at>"])
def test_a_condition_that_means_nothing_is_refused(line: Line, where: str) -> None:
    said = line("list", "log", "--where", where)
    assert said.code == 1
    assert len(said.err.splitlines()) == 1


def test_an_unknown_ledger_is_refused_with_those_there_are(line: Line) -> None:
    for words in (("list", "lgo"), ("add", "lgo", "a=b"), ("show", "lgo", "1"), ("export", "lgo", "x.csv")):
        said = line(*words)
        assert said.code == 1
        assert "incidents" in said.err


def test_show_finds_a_row_by_number_id_and_prefix(line: Line) -> None:
    fill(line)
    row = line.ok("list", "log", "--limit", 1)["rows"][0]
    for wanted in (row["no"], row["no"].rsplit("-", 1)[1].lstrip("0"), row["id"], row["id"][:28]):
        assert line.ok("show", "log", wanted) == row
    assert line("show", "log", row["id"][:7]).code == 1
    assert line("show", "log", "f" * 32).code == 1


def test_history_tells_who_wrote_what_and_when(line: Line) -> None:
    fill(line)
    line.ok("import", "people", write(line, "p.csv", "姓名,单位,备注\n示例甲,示例区防指,打座机\n"))
    person = line.ok("list", "people")["rows"][0]["id"]
    history = line.ok("show", "people", person, "--history")["history"]
    assert [(version["made"], version["by"], version["kind"]) for version in history] == [
        (True, "cli", history[0]["kind"]),
        (False, "cli", "people.import"),
    ]
    assert history[1]["values"] == {"note": "打座机"}
    assert history[0]["recorded_at"].endswith("+08:00")
    assert "打座机" in line("show", "people", person, "--history").out


def test_add_says_every_reason_at_once_and_writes_nothing(line: Line) -> None:
    said = line("add", "shelters", "capacity=many", "area_m2=-", "colour=red", "region=没有", "--json")
    assert said.code == 1
    assert {problem["field"] for problem in said.json["problems"]} == {
        "capacity",
        "area_m2",
        "colour",
        "region",
        "name",
    }
    assert len(said.err.splitlines()) == 5
    assert line.count("shelters") == 0
    assert line("add", "shelters", "nothing").code == 1


def test_the_programs_own_ledgers_are_not_written_by_hand(line: Line) -> None:
    for ledger in ("audit", "attachments", "prints", "rain_batches"):
        assert line("add", ledger, "at=2026-06-18", "action=x", "reason=x").code == 1
        assert line.count(ledger) == 0


def test_by_names_a_person(line: Line) -> None:
    fill(line)
    person = line.ok("list", "people")["rows"][0]["id"]
    assert line("--by", "示例甲", "add", "units", "name=甲").code == 0
    unit = line.ok("list", "units", "--where", "name=甲")["rows"][0]["id"]
    assert line.ok("show", "units", unit, "--history")["history"][0]["by"] == person
    said = line("--by", "没有这人", "list", "log")
    assert said.code == 1
    assert "--by" in said.err


# -- personal data -----------------------------------------------------------------------------------------------------


def test_personal_numbers_are_masked_and_offices_are_not(line: Line) -> None:
    fill(line)
    numbers = [row["number"] for row in line.ok("list", "numbers")["rows"]]
    assert numbers == ["138****0000", "0571-00000000"]
    phone = line.ok("list", "log", "--limit", 1)["rows"][0]
    assert phone["party_phone"] == "139****0000"
    assert "139****0000" in line("show", "log", phone["id"]).out
    assert "13900000000" not in line("list", "log").out
    assert "13900000000" not in line("show", "log", phone["id"], "--history", "--json").out
    assert line.count("audit") == 0


def test_revealing_is_recorded_before_it_is_shown(line: Line) -> None:
    fill(line)
    numbers = [row["number"] for row in line.ok("list", "numbers", "--reveal", "通知转移")["rows"]]
    assert numbers == ["13800000000", "0571-00000000"]
    row = line.ok("list", "audit")["rows"][0]
    assert (row["action"], row["reason"], row["by"]) == ("REVEAL", "通知转移", "cli")
    assert "numbers" in row["subject"]


# -- print and export --------------------------------------------------------------------------------------------------


def test_a_form_is_printed_without_a_window(line: Line, tmp_path: Path) -> None:
    fill(line)
    target = tmp_path / "log.pdf"
    assert line("print", "p02", "--out", target, "--from", "2026-06-18 08:00", "--to", "2026-06-19 08:00").code == 0
    assert target.read_bytes().startswith(b"%PDF")
    assert line("print", "P02", "--out", target, "--blank", 2, "--shift", "2026-06-18").code == 0
    assert [row["number"] for row in line.ok("list", "papers")["rows"]] == ["纸-2026-0001", "纸-2026-0002"]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["P99", "--out", "x.pdf"], "P02"),
        (["P02", "--out", "x.pdf", "--from", "maybe"], "--from"),
        (["P02", "--out", "x.pdf", "--warning", "1"], "--warning"),
        (["P02", "--out", "x.pdf", "--shift", "never"], ""),
    ],
)
def test_a_print_that_makes_no_sense_is_refused(line: Line, words: list[str], part: str) -> None:
    said = line("print", *words)
    assert said.code == 1
    assert part in said.err
    assert not Path("x.pdf").exists()


def test_export_takes_conditions_and_says_how_many(line: Line, tmp_path: Path) -> None:
    fill(line)
    target = tmp_path / "log.csv"
    assert line("export", "log", target, "--where", "text~树").code == 0
    text = target.read_text(encoding="utf-8-sig")
    assert "示例路有树倒伏" in text
    assert "示例隧道" not in text
    assert "13900000000" not in text
    assert line("export", "log", tmp_path / "no" / "log.csv").code == 3
    assert line("export", "log", tmp_path / "log.doc").code == 1


def test_import_prints_one_json_value_whatever_happens(line: Line, tmp_path: Path) -> None:
    keys = ["ledger", "file", "read", "added", "changed", "unchanged", "refused", "warnings"]
    good, bad = write(line, "good.csv", "名称\n示例局\n"), write(line, "bad.csv", "甲,乙\n1,2\n")
    for words, code in (((good,), 0), ((bad,), 1), ((tmp_path / "none.csv",), 1), ((good, "--format", "nonsense"), 1)):
        said = line("import", "units", *words, "--json")
        assert said.code == code
        assert list(said.json) == keys
        assert bool(said.json["refused"]) == bool(code)
        assert len(said.err.splitlines()) == len(said.json["refused"])
        assert all(list(found) == ["line", "field", "reason"] for found in said.json["refused"])
    assert line.count("units") == 1
    assert line("import", "units", good, "--set", "nonsense").code == 1


def test_partial_writes_the_rest_and_is_still_1(line: Line) -> None:
    path = write(line, "s.csv", "名称,容量\n示例一校,10\n示例二校,十\n")
    said = line("import", "shelters", path, "--partial", "--json")
    assert (said.code, said.json["added"]) == (1, 1)
    assert line.count("shelters") == 1


def test_a_dry_run_writes_nothing(line: Line) -> None:
    path = write(line, "u.csv", "名称\n示例局\n")
    before = line.ok("verify")["acts"]
    assert line.ok("import", "units", path, "--dry-run")["added"] == 1
    assert (line.ok("verify")["acts"], line.count("units")) == (before, 0)


def test_a_great_deletion_needs_a_yes(line: Line) -> None:
    line.ok("import", "units", write(line, "a.csv", "名称\n甲\n乙\n丙\n"))
    less = write(line, "b.csv", "名称\n甲\n")
    said = line("import", "units", less, "--replace")
    assert said.code == 1
    assert "请确认" in said.err
    assert line.count("units") == 3
    assert line.ok("import", "units", less, "--replace", "--yes")["deleted"] == 2
    assert line.count("units") == 1


# -- upkeep ------------------------------------------------------------------------------------------------------------


def test_verify_has_the_promised_shape(line: Line) -> None:
    fill(line)
    found = line.ok("verify")
    assert list(found) == ["ok", "acts", "desks", "problems"]
    assert (found["ok"], found["problems"]) == (True, [])
    assert found["acts"] == found["desks"][0]["seq"]
    assert list(found["desks"][0]) == ["desk", "epoch", "seq", "hash"]
    assert len(found["desks"][0]["hash"]) == 64
    assert str(found["acts"]) in line("verify").out


def test_rebuild_changes_nothing_that_is_shown(line: Line) -> None:
    fill(line)
    before = line.ok("list", "log"), line.ok("list", "numbers")
    assert line.ok("rebuild") == {"acts": line.ok("verify")["acts"]}
    assert (line.ok("list", "log"), line.ok("list", "numbers")) == before
    assert line.ok("verify")["ok"] is True


def test_rebuild_waits_for_nobody_and_refuses_beside_a_window(line: Line) -> None:
    desk = open_desk(Home(line.home))
    try:
        assert line("rebuild").code == 3
    finally:
        desk.store.close()


def test_a_snapshot_brings_the_desk_back_and_no_number_twice(line: Line) -> None:
    fill(line)
    made = line.ok("snapshot")
    last = line.ok("add", "log", "happened_at=2026-06-18 16:00", "text=备份以后的一条")["no"]
    restored = line.ok("restore", made["file"])
    assert Path(restored["kept"]).exists()
    assert line.count("log") == 2
    again = line.ok("add", "log", "happened_at=2026-06-18 17:00", "text=恢复以后的一条")["no"]
    assert int(again.rsplit("-", 1)[1]) == int(last.rsplit("-", 1)[1]) + 1
    assert line.ok("verify")["ok"] is True


def test_restore_takes_the_last_number_from_paper(line: Line) -> None:
    fill(line)
    made = line.ok("snapshot")
    line.ok("restore", made["file"], "--last", "log=512")
    assert line.ok("add", "log", "happened_at=2026-06-18 17:00", "text=甲")["no"].endswith("-0513")
    assert line("restore", made["file"], "--last", "shelters=3").code == 1
    assert line("restore", line.home / "none.sqlite").code == 1


def test_doctor_tells_versions_places_and_room(line: Line, bare: Line) -> None:
    found = line.ok("doctor")
    assert found["ok"] is True
    assert found["home"] == str(line.home)
    assert "journal_mode=wal" in found["pragmas"]
    assert int(found["free_mb"]) > 0


def test_doctor_looks_at_a_folder_without_a_desk(bare: Line) -> None:
    assert bare.ok("doctor")["desk"] == "no"
    assert not bare.home.exists()


def test_commands_share_the_desk_with_an_open_window(line: Line) -> None:
    fill(line)
    desk = open_desk(Home(line.home))
    try:
        path = write(line, "u.csv", "名称\n" + "".join(f"示例单位{n}\n" for n in range(60)))
        assert line.ok("import", "units", path)["added"] == 60
        line.ok("add", "log", "happened_at=2026-06-18 18:00", "text=窗口开着时写的")
        assert desk.count("units") == 61
        assert desk.count("log") == 3
        desk.act("units.add", [desk.new("units", {"name": "窗口里加的"})])
        assert line.ok("verify")["ok"] is True
        with desk.store.read() as connection:
            sizes = connection.exec_driver_sql("SELECT count(*) FROM act WHERE kind = 'units.import'").scalar()
        assert sizes is not None
        assert sizes >= 3
    finally:
        desk.store.close()
    assert line.ok("verify")["ok"] is True


def test_an_import_that_was_cut_off_is_finished_by_the_next_command(line: Line) -> None:
    from dutydesk.journal import batches

    desk = open_desk(Home(line.home))
    changes = [desk.new("units", {"name": f"示例单位{n}"}) for n in range(60)]

    def stop(done: int, whole: int) -> None:
        if done >= 20:
            raise batches.Stopped("stop")

    with pytest.raises(batches.Stopped):
        batches.write(desk.store, "units.import", changes, by="cli", size=20, told=stop)
    assert desk.count("units") == 0
    desk.store.close()
    assert line.count("units") == 60


def test_a_key_that_is_none_is_refused(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYDESK_KEY", "secret")
    said = line("list", "log")
    assert said.code == 1
    assert "DUTYDESK_KEY" in said.err


def write(line: Line, name: str, text: str) -> Path:
    path = line.home.parent / name
    path.write_text(text, encoding="utf-8")
    return path
