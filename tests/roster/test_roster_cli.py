"""`dutydesk roster …`, `add` and `print P03` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from dutydesk.roster.ics import read_ics
from tests.cli.lines import Line

NAMES = {"王示例": "LEADER", "陈示例": "LEADER", **{f"{n}示例": "PRIMARY SECONDARY" for n in "李赵钱孙"}}
SPAN = ("--from", "2027-03-01", "--to", "2027-03-04")


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    """The command line over a desk with people of the roster."""
    made = Line(tmp_path / "desk", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
    assert made("init", "--district", "330102", "--name", "示例区", "--unit", "示例区应急管理局").code == 0
    for name, posts in NAMES.items():
        made.ok("add", "people", f"name={name}")
        made.ok("add", "roster_people", f"person={name}", f"posts={posts}", "trained_on=2020-01-01")
    return made


def test_the_plan_as_json_is_the_contract(line: Line) -> None:
    plan = line.ok("roster", "generate", *SPAN)
    assert list(plan) == ["assignments", "unfilled", "fairness"]
    assert len(plan["assignments"]) == 12
    assert plan["unfilled"] == []
    assert {tuple(one) for one in plan["assignments"]} == {("date", "shift", "post", "person")}
    assert {tuple(one) for one in plan["fairness"]} == {("person", "total", "weekend", "holiday", "night")}
    assert {one["person"] for one in plan["fairness"]} == set(NAMES)
    assert {one["total"] for one in plan["fairness"]} == {2}
    assert plan["assignments"][0]["date"] == "2027-03-01"
    assert line.count("assignments") == 0
    empty = line.ok("roster", "generate", "--from", "2027-03-01", "--to", "2027-03-01", "--seed", 1)
    assert len(empty["assignments"]) == 3


def test_a_roster_from_generating_to_paper(line: Line, tmp_path: Path) -> None:
    assert line("roster", "publish", *SPAN, "--maker", "李示例", "--approver", "王示例").code == 1
    said = line("roster", "generate", *SPAN, "--accept")
    assert (said.code, said.out.splitlines()[-1]) == (0, "排了 12 个班次席位，空缺 0")
    assert line("roster", "publish", *SPAN, "--maker", "李示例", "--approver", "赵示例").code == 1
    said = line("roster", "publish", *SPAN, "--maker", "李示例", "--approver", "王示例")
    assert (said.code, said.out) == (0, "已发布 2027-03-01 至 2027-03-04 的值班表\n")
    assert line("roster", "check", *SPAN, "--json").json == []
    covered = line.ok("roster", "coverage", *SPAN)
    assert (covered["hours"], covered["short_minutes"]) == (96, 510)  # the morning of the first day
    assert [row["date"] for row in line.ok("list", "shifts")["rows"]][-1] == "2027-03-01"
    paper = tmp_path / "p03.pdf"
    assert line("print", "P03", "--from", "2027-03-01", "--to", "2027-03-04", "--out", paper).code == 0
    assert paper.read_bytes().startswith(b"%PDF")
    calendar = tmp_path / "a.ics"
    assert line("roster", "ics", *SPAN, "--person", "李示例", "--out", calendar).code == 0
    assert len(read_ics(calendar.read_bytes())) == 2
    assert line("export", "assignments", tmp_path / "b.ics").code == 0
    assert len(read_ics((tmp_path / "b.ics").read_bytes())) == 12
    form = tmp_path / "form.xlsx"
    assert line("roster", "form", *SPAN, "--filled", "--out", form).code == 0
    again = line("import", "assignments", form, "--json")
    assert (again.code, again.json["read"], again.json["refused"]) == (0, 12, [])


def test_who_may_be_called_beside_the_crew(line: Line) -> None:
    assert line.ok("roster", "on-call", "--at", "2027-03-01") == {
        "date": "2027-03-01", "standby": [], "experts": [], "teams": [],
    }  # fmt: skip
    assert line("roster", "on-call").out == ""
    line.ok("add", "people", "name=吴示例")
    line.ok("add", "roster_people", "person=吴示例", "posts=FIELD", "trained_on=2020-01-01", "standby=是")
    for name, kind, status in (
        ("示例防汛队", "FLOOD", "READY"), ("示例地质专家组", "EXPERT", "READY"), ("示例二队", "FLOOD", "OFF"),
    ):  # fmt: skip
        line.ok("add", "teams", f"name={name}", f"kind={kind}", f"status={status}")
    assert line("roster", "on-call", "--at", "2027-03-01").out.splitlines() == [
        "备班\t吴示例", "专家组\t示例地质专家组", "队伍\t示例防汛队",
    ]  # fmt: skip
    told = line.ok("roster", "on-call", "--at", "2027-03-02 02:00")
    assert told["date"] == "2027-03-01", "after midnight the shift of the day before still runs"
    assert [one["name"] for one in told["standby"]] == ["吴示例"]
    assert [(one["name"], one["status"]) for one in told["teams"]] == [("示例防汛队", "READY")]
    assert [one["name"] for one in told["experts"]] == ["示例地质专家组"]
    assert line("add", "assignments", "date=2027-03-01", "shift=H24", "post=FIELD", "slot=1", "person=吴示例").code == 0
    assert line.ok("roster", "on-call", "--at", "2027-03-01")["standby"] == [], "on duty is not on standby"
    said = line("roster", "on-call", "--at", "昨天")
    assert said.code == 1
    assert "应为日期或时间" in said.err


def test_hand_edits_by_command_keep_the_rules(line: Line) -> None:
    first = ("add", "assignments", "date=2027-03-01", "shift=H24", "post=PRIMARY", "slot=1")
    assert line(*first, "person=李示例").code == 0
    said = line("add", "assignments", "date=2027-03-02", "shift=H24", "post=PRIMARY", "slot=1", "person=李示例")
    assert said.code == 1
    assert "连续两班" in said.err
    said = line(
        "add", "leaves", "person=李示例", "kind=休假", "starts_on=2027-03-05", "ends_on=2027-03-06", "state=APPROVED"
    )
    assert said.code == 1
    assert "由领导审批" in said.err
    assert (
        line(
            "add", "leaves", "person=李示例", "kind=休假", "starts_on=2027-03-05", "ends_on=2027-03-06", "state=ASKED"
        ).code
        == 0
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("generate", "--from", "x", "--to", "2027-03-01"), "应为日期"),
        (("generate", "--from", "2027-03-02", "--to", "2027-03-01"), "止期早于起期"),
        (("ics", *SPAN, "--person", "无名氏", "--out", "x.ics"), "没有“无名氏”"),
    ],
)
def test_what_means_nothing_is_refused(line: Line, words: tuple[str, ...], reason: str) -> None:
    said = line("roster", *words)
    assert said.code == 1
    assert reason in said.err


LEAVE = "人员,类别,起,止,状态,批准人\n"


@pytest.mark.parametrize(
    ("row", "taken"),
    [
        ("李示例,休假,2020-03-05,2020-03-06,已批,王示例", True),
        ("李示例,休假,2099-03-05,2099-03-06,待批,", True),
        ("李示例,休假,2099-03-05,2099-03-06,已批,王示例", False),
        ("李示例,休假,2020-03-05,2099-03-06,已批,王示例", False),
    ],
)
def test_no_file_goes_round_the_approval_of_leave(line: Line, tmp_path: Path, row: str, taken: bool) -> None:
    file = tmp_path / "leaves.csv"
    file.write_text(f"{LEAVE}{row}\n", encoding="utf-8")
    said = line("import", "leaves", str(file))
    assert (said.code == 0) is taken, said.err
    assert line.count("leaves") == int(taken)
    if not taken:
        assert "由领导审批" in said.err
        assert "leaves.csv: 2: state" in said.err
