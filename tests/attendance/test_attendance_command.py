"""`dutydesk sign-in`, `spot-checks`, `duties` over a desk's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from tests.cli.lines import Line

NOW = parse_iso("2026-06-18 08:42:30")
KEY = "2026-06-18/H24"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    """The time that the command line has."""
    made = FixedClock(NOW)
    monkeypatch.setattr("dutydesk.core.clock.SystemClock", lambda: made)
    return made


@pytest.fixture
def line(tmp_path: Path, clock: FixedClock, capsys: pytest.CaptureFixture[str]) -> Line:
    made = Line(tmp_path / "desk", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
    assert made("init", "--district", "330102", "--name", "示例区", "--unit", "示例区应急管理局").code == 0
    for name in ("李示例", "赵示例"):
        made.ok("add", "people", f"name={name}")
    made.ok(
        "add", "shifts", "date=2026-06-18", "code=H24", "starts_at=2026-06-18 08:30", "ends_at=2026-06-19 08:30",
        "primary=李示例",
    )  # fmt: skip
    return made


def test_signing_in_and_out(line: Line, clock: FixedClock) -> None:
    told = line.ok("sign-in", "李示例")
    assert told | {"person": ""} == {
        "person": "",
        "name": "李示例",
        "shift": KEY,
        "post": "PRIMARY",
        "sign": "IN",
        "at": "2026-06-18T08:42:30+08:00",
        "late_min": 13,
        "overtime_min": 0,
    }
    refused = line("sign-in", "李示例", "--shift", KEY)
    assert (refused.code, refused.err.strip()) == (1, "person: 这一班已经签到")
    assert line("sign-in", "赵示例").code == 1
    assert "note: 不在本班名单，写明原因" in line("sign-in", "赵示例").err
    said = line("sign-in", "赵示例", "--note", "防汛增援")
    assert said.out.strip() == f"赵示例 签到 {KEY} 迟到 13 分钟"
    clock.at = parse_iso("2026-06-19 08:50")
    assert line("sign-in", "李示例", "--out").out.strip() == f"李示例 签退 {KEY} 延班 20 分钟"
    assert line.ok("list", "log")["rows"][0]["text"] == "延班 20 分钟：主班 李示例"
    acts = line.ok("show", "sign_ins", line.ok("list", "sign_ins")["rows"][0]["id"], "--history")
    assert acts["history"]
    assert line("sign-in", "周示例").code == 1
    assert line("sign-in", "李示例", "--out", "--home").code == 2


def test_the_months_statistics(line: Line) -> None:
    line.ok("add", "units", "name=东示例街道办事处")
    for result, seconds in (("IN_POST", "9"), ("FORWARDED", "32"), ("NO_ANSWER", "")):
        given = [f"seconds={seconds}"] if seconds else []
        line.ok("add", "spot_checks", "unit=东示例街道办事处", f"result={result}", *given)
    figures = {"checks": 3, "answered": 2, "in_post": 1, "mean_seconds": 21, "p90_seconds": 32, "slow": 1}
    told = line.ok("spot-checks", "stats", "--month", "2026-06")
    assert told == {"month": "2026-06", **figures, "units": [{"unit": "东示例街道办事处", **figures}]}
    lines = line("spot-checks", "stats").out.splitlines()
    assert lines[1].split("\t") == ["东示例街道办事处", "3", "2", "66.7 %", "1", "33.3 %", "21", "32", "1"]
    assert lines[2].startswith("合计\t3\t2")
    refused = line("spot-checks", "stats", "--month", "六月")
    assert (refused.code, refused.err.strip()) == (1, "--month: 应为月份，如 2026-11：六月")
    assert line("spot-checks", "everything").code == 2


def test_duties_due_and_ticked(line: Line, clock: FixedClock, tmp_path: Path) -> None:
    assert line.ok("duties", "due") == []
    offers = line.ok("duties", "offers")
    assert {"code": "ZERO_REPORT", "name": "节假日零报告"} in offers
    line.ok("duties", "adopt", "EQUIPMENT")
    assert "ZERO_REPORT\t节假日零报告  每天 15:00 节假日" in line("duties", "offers").out
    due = line.ok("duties", "due")
    assert due == [
        {
            "duty": "设备清点",
            "due_at": "2026-06-18T09:00:00+08:00",
            "state": "AHEAD",
            "done_at": None,
            "late_min": None,
            "by": None,
            "note": None,
        }
    ]
    clock.at = parse_iso("2026-06-18 09:40")
    assert line("duties", "due").out.strip() == "2026-06-18 09:00\t设备清点\t逾期"
    refused = line("duties", "tick", "设备清点", "--not-done")
    assert (refused.code, refused.err.strip()) == (1, "note: 写明为什么没有办")
    told = line.ok("duties", "tick", "设备清点", "--note", "齐全", "--by", "李示例")
    assert told == {"duty": "设备清点", "due_at": "2026-06-18T09:00:00+08:00", "late_min": 40, "not_done": False}
    row = line.ok("duties", "due")[0]
    assert (row["state"], row["by"], row["note"]) == ("LATE", "李示例", "齐全")
    assert line("duties", "tick", "设备清点").code == 1
    assert line("duties", "tick").err.strip() == "NAME: 必填"
    assert line("duties", "adopt", "EQUIPMENT").code == 1


def test_the_form_prints_from_the_command_line(line: Line, tmp_path: Path) -> None:
    out = tmp_path / "spot.pdf"
    said = line("print", "SPOT", "--out", out, "--from", "2026-06-01", "--to", "2026-07-01")
    assert (said.code, out.read_bytes()[:5]) == (0, b"%PDF-")


def test_where_accounts_are_in_force_whoever_signs_gives_their_own_pin(line: Line, tmp_path: Path) -> None:
    good, bad = tmp_path / "pin", tmp_path / "other"
    for file, pin in ((good, "730415"), (bad, "918264")):
        file.write_text(pin, encoding="utf-8")
        file.chmod(0o600)
    assert line("accounts", "enrol", "李示例", "--new-pin-file", good).code == 0
    assert line("sign-in", "李示例").code == 1  # nobody can be asked here
    assert line("sign-in", "李示例", "--pin-file", bad).code == 1
    assert line.count("sign_ins") == 0
    assert line("sign-in", "李示例", "--pin-file", good).code == 0
    told = line.ok("sign-in", "李示例", "--out", "--note", "换班", "--by", "李示例", "--pin-file", good)
    assert told["sign"] == "OUT"
    refused = line("sign-in", "赵示例", "--by", "李示例", "--note", "代签", "--pin-file", good)
    assert refused.code == 1  # another's sign needs the other's PIN
    assert line.count("sign_ins") == 2
