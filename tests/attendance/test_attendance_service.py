"""Signing in and out, who is on, violations, the duty telephone; a clock that is set back during a shift."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dutydesk.attendance import service
from dutydesk.attendance.rules import State
from dutydesk.core.clock import DAY, HOUR, MINUTE, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from tests.attendance.conftest import START

KEY = "2026-06-18/H24"
People = dict[str, bytes]


def refused(desk: Desk, *given: Any, **named: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        service.sign(desk, *given, **named)
    return [(problem.field, problem.reason) for problem in caught.value.problems]


def states(desk: Desk) -> dict[str, str]:
    return {line.name: line.state.value for line in service.roll(desk).lines}


def todo(desk: Desk) -> list[tuple[str, int]]:
    return [(item.title, item.severity) for item in desk.open_items() if item.ledger in ("people", "duties")]


def log(desk: Desk) -> list[str]:
    return [row.text("text") for row in desk.rows("log")]


def sign_at(desk: Desk, clock: FixedClock, moment: str, person: bytes, what: str = "IN", **named: Any) -> Row:
    clock.at = parse_iso(moment)
    return service.sign(desk, person, what, **named)


# -- signing in --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "late"),
    [
        ("2026-06-18 06:30", 0),  # the earliest, two hours before
        ("2026-06-18 08:29:59", 0),
        ("2026-06-18 08:30", 0),
        ("2026-06-18 08:30:01", 1),
        ("2026-06-18 09:00", 30),
        ("2026-06-19 00:00", 930),
    ],
)
def test_the_shift_that_is_meant_and_its_lateness(
    desk: Desk, people: People, shift: bytes, clock: FixedClock, moment: str, late: int
) -> None:
    row = sign_at(desk, clock, moment, people["PRIMARY"])
    assert (row["shift"], row["post"], row["sign"], row["late_min"]) == (KEY, "PRIMARY", "IN", late)
    assert row["workstation"] == "一号席"
    assert service.signed_in(desk, KEY) == {people["PRIMARY"]}
    assert desk.services["signed_in"](KEY) == {people["PRIMARY"]}
    assert log(desk) == []  # a sign alone is not worth a line


def test_before_the_coming_shift_opens_one_signs_for_the_running_one(
    desk: Desk, people: People, shift: bytes, clock: FixedClock
) -> None:
    clock.at = parse_iso("2026-06-18 06:29:59")
    assert refused(desk, people["PRIMARY"]) == [("note", "不在本班名单，写明原因")]
    assert refused(desk, people["PRIMARY"], shift=KEY) == [("at", "开班前 120 分钟起可签到")]


@pytest.mark.usefixtures("shift")
def test_what_cannot_be_signed(desk: Desk, people: People, clock: FixedClock) -> None:
    who = people["PRIMARY"]
    assert refused(desk, b"x" * 16) == [("person", "通讯录里没有这个人")]
    assert refused(desk, who, "OUT") == [("person", "这一班没有签到")]
    assert refused(desk, who, "HOME") == [("sign", "主班现在须到岗值守")]
    assert refused(desk, who, shift="2026-06-18/DAY") == [("code", "没有班次“DAY”，可用：H24")]
    assert refused(desk, people["OTHER"], shift=KEY) == [("note", "不在本班名单，写明原因")]
    service.sign(desk, who)
    assert refused(desk, who, shift=KEY) == [("person", "这一班已经签到")]
    assert refused(desk, who, "OUT") == [("note", "还没有到交班时间，写明原因")]
    clock.at = START + DAY
    assert refused(desk, people["SECONDARY"], shift=KEY) == [("shift", "这一班已经结束")]
    assert desk.count("sign_ins") == 1


@pytest.mark.usefixtures("shift")
def test_reinforcement_signs_with_a_reason_and_is_on(desk: Desk, people: People, clock: FixedClock) -> None:
    clock.at = START + HOUR
    row = service.sign(desk, people["OTHER"], note="防汛增援", post="FIELD")
    assert (row["shift"], row["post"], row["note"], row["late_min"]) == (KEY, "FIELD", "防汛增援", 60)
    assert [line.name for line in service.on_now(desk)] == ["钱示例"]


@pytest.mark.usefixtures("shift")
def test_the_leader_is_on_from_home_until_the_mode_wants_them_in_the_room(
    desk: Desk, people: People, shift: bytes, clock: FixedClock
) -> None:
    service.sign(desk, people["LEADER"], "HOME")
    clock.at = START + 5 * MINUTE
    assert service.signed_in(desk, KEY) == {people["LEADER"]}
    assert states(desk)["王示例"] == "HOME"
    assert ("带班领导 王示例 在家值守，现在须到岗", 1) not in todo(desk)
    edit = desk.edit("shifts", shift, {"mode": "RAIN_STORM"})
    assert edit is not None
    desk.act("shift.edit", [edit])
    assert ("带班领导 王示例 在家值守，现在须到岗", 1) in todo(desk)
    service.sign(desk, people["LEADER"], "IN")
    assert states(desk)["王示例"] == "IN"
    assert ("带班领导 王示例 在家值守，现在须到岗", 1) not in todo(desk)
    held = desk.rows("sign_ins", order="at")
    assert [row.number("late_min") for row in held] == [0, 0]  # who came over from home is not late


@pytest.mark.usefixtures("shift")
def test_a_posture_keeps_the_leader_in_the_room(desk: Desk, people: People) -> None:
    desk.act("posture.add", [desk.new("postures", {"mode": "GUARD", "starts_on": "2026-06-18"})])
    assert refused(desk, people["LEADER"], "HOME") == [("sign", "带班领导现在须到岗值守")]


# -- absence -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shift")
def test_who_does_not_come_is_an_open_item_from_the_minute_on(desk: Desk, people: People, clock: FixedClock) -> None:
    clock.at = START + DAY // 2
    assert todo(desk) == []  # nobody is missed where signs were never kept
    clock.at = START - 5 * MINUTE
    service.sign(desk, people["PRIMARY"])
    for offset, count in ((0, 0), (15 * MINUTE - 1, 0), (15 * MINUTE, 2)):
        clock.at = START + offset
        assert len(todo(desk)) == count
    assert todo(desk) == [("副班 赵示例 未到岗", 1), ("带班领导 王示例 未到岗", 1)]
    item = next(item for item in desk.open_items() if item.row == people["SECONDARY"])
    assert (item.block, item.due_at, item.detail) == ("TODO", START, "08:30 开班，还没有签到")
    service.sign(desk, people["SECONDARY"])
    assert todo(desk) == [("带班领导 王示例 未到岗", 1)]


@pytest.mark.usefixtures("shift")
def test_the_minutes_of_absence_are_a_setting(desk: Desk, people: People, clock: FixedClock) -> None:
    service.sign(desk, people["PRIMARY"])
    desk.act(
        "settings.add", [desk.new("settings", {"key": "attendance.absent_after", "value": "1", "source": "某规定"})]
    )
    clock.at = START + MINUTE
    assert len(todo(desk)) == 2


@pytest.mark.usefixtures("shift")
def test_the_roster_says_who_is_expected_and_a_draft_does_not(desk: Desk, people: People) -> None:
    row = {"date": "2026-06-18", "shift": "H24", "post": "PRIMARY", "slot": 1, "person": people["OTHER"]}
    desk.act("roster.add", [desk.new("assignments", {**row, "origin": "SUBSTITUTE"})])
    lines = service.coming(desk).lines
    assert [(line.post, line.name, line.origin) for line in lines] == [
        ("LEADER", "王示例", ""),
        ("PRIMARY", "钱示例", "SUBSTITUTE"),
        ("SECONDARY", "赵示例", ""),
    ]
    draft = desk.new("rosters", {"starts_on": "2026-06-01", "ends_on": "2026-06-30", "state": "DRAFT"})
    desk.act("roster.add", [draft])
    assert [line.name for line in service.coming(desk).lines] == ["王示例", "李示例", "赵示例"]
    edit = desk.edit("rosters", draft.row, {"state": "PUBLISHED"})
    assert edit is not None
    desk.act("roster.publish", [edit])
    assert [line.name for line in service.coming(desk).lines] == ["王示例", "钱示例", "赵示例"]


# -- signing out -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shift")
def test_who_stays_for_an_absent_relief_is_on_and_the_log_says_how_long(
    desk: Desk, people: People, clock: FixedClock
) -> None:
    sign_at(desk, clock, "2026-06-18 08:20", people["PRIMARY"])
    day = {"date": "2026-06-19", "code": "H24", "starts_at": START + DAY, "ends_at": START + 2 * DAY}
    desk.act("shifts.add", [desk.new("shifts", {**day, "primary": people["OTHER"], "leader": people["LEADER"]})])
    clock.at = START + DAY + 20 * MINUTE
    here = [(line.name, line.state.value, line.overtime) for line in service.on_now(desk)]
    assert here == [("李示例", "STAYED", 20)]
    figure = desk.figures(clock.at - DAY, clock.at + 1)["attendance.on_now"]
    assert figure.value == "带班领导 王示例（未到岗） 主班 钱示例（未到岗） 主班 李示例（延班）"
    assert figure.severity == 1
    clock.at = START + DAY + 35 * MINUTE + 30_000
    row = service.sign(desk, people["PRIMARY"], "OUT")
    assert (row["shift"], row["overtime_min"], row["late_min"]) == (KEY, 35, None)
    assert log(desk) == ["延班 35 分钟：主班 李示例"]
    line = desk.rows("log")[0]
    assert (line["category"], line["handling"], line["recorder"]) == ("CHECK", "接班人未按时到岗", "李示例")
    assert [line.name for line in service.roll(desk).lines] == ["王示例", "钱示例"]


@pytest.mark.usefixtures("shift")
@pytest.mark.parametrize(
    ("moment", "minutes", "lines"),
    [("2026-06-19 08:30", 0, 0), ("2026-06-19 08:30:59", 0, 0), ("2026-06-19 08:31", 1, 1)],
)
def test_overtime_at_its_minute(
    desk: Desk, people: People, clock: FixedClock, moment: str, minutes: int, lines: int
) -> None:
    service.sign(desk, people["PRIMARY"])
    row = sign_at(desk, clock, moment, people["PRIMARY"], "OUT")
    assert row["overtime_min"] == minutes
    assert len(log(desk)) == lines


@pytest.mark.usefixtures("shift")
def test_the_relief_ends_the_stay(desk: Desk, people: People, clock: FixedClock) -> None:
    service.sign(desk, people["PRIMARY"])
    day = {"date": "2026-06-19", "code": "H24", "starts_at": START + DAY, "ends_at": START + 2 * DAY}
    desk.act("shifts.add", [desk.new("shifts", {**day, "primary": people["OTHER"]})])
    sign_at(desk, clock, "2026-06-19 08:35", people["OTHER"])
    assert [line.name for line in service.on_now(desk)] == ["钱示例"]


@pytest.mark.usefixtures("shift")
def test_leaving_early_needs_a_reason(desk: Desk, people: People, clock: FixedClock) -> None:
    service.sign(desk, people["PRIMARY"])
    row = sign_at(desk, clock, "2026-06-18 12:00", people["PRIMARY"], "OUT", note="就医，副班代")
    assert row["overtime_min"] == 0
    assert states(desk)["李示例"] == "OUT"
    assert service.signed_in(desk, KEY) == set()


@pytest.mark.usefixtures("shift")
def test_a_clock_set_back_during_a_shift_undoes_nothing(desk: Desk, people: People, clock: FixedClock) -> None:
    sign_at(desk, clock, "2026-06-18 08:20", people["PRIMARY"])
    clock.at = parse_iso("2026-06-18 08:00")
    row = service.sign(desk, people["PRIMARY"], "OUT", shift=KEY, note="换人")
    assert row["overtime_min"] == 0
    assert service.signed_in(desk, KEY) == set()  # the later sign counts, whatever its time says
    service.sign(desk, people["PRIMARY"], shift=KEY)
    assert service.signed_in(desk, KEY) == {people["PRIMARY"]}


def test_a_shift_across_the_year_without_a_row_follows_the_pattern(
    desk: Desk, people: People, clock: FixedClock
) -> None:
    clock.at = parse_iso("2027-01-01 00:00")
    row = service.sign(desk, people["PRIMARY"], note="临时值守")
    assert (row["shift"], row["late_min"]) == ("2026-12-31/H24", 930)
    assert [line.name for line in service.on_now(desk)] == ["李示例"]


def test_a_copy_of_the_desk_sees_the_same_people_on(desk: Desk, people: People, shift: bytes) -> None:
    service.sign(desk, people["PRIMARY"])
    other = replace(desk)
    assert other.services["signed_in"](KEY) == {people["PRIMARY"]}
    assert service.now_text(other.services["on_now"](START)) == "主班 李示例"


def test_where_nobody_signs_the_expected_are_on(desk: Desk, people: People, shift: bytes) -> None:
    assert {line.state for line in service.on_now(desk, START)} == {State.WAITING}
    assert "attendance.on_now" not in desk.figures(START - DAY, START)


# -- violations --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shift")
def test_a_violation_is_kept_and_told(desk: Desk, people: People, streets: dict[str, bytes]) -> None:
    unit = streets["东"]
    row = service.add_violation(desk, {"kind": "SUBSTITUTED", "unit": unit, "text": "由司机代班，未报批"})
    held = desk.get("violations", row)
    assert held is not None
    assert (held["shift"], held["found_by"]) == ("2026-06-17/H24", "李示例")
    assert log(desk) == ["值班违纪 擅自代班：东示例街道办事处 由司机代班，未报批"]
    assert desk.figures(START - DAY, START)["attendance.violations"].value == 1
    with pytest.raises(Refused) as caught:
        service.add_violation(desk, {"kind": "ABSENT", "text": "", "at": START + DAY})
    assert [problem.field for problem in caught.value.problems] == ["text"]
    with pytest.raises(Refused, match="时间还没有到"):
        service.add_violation(desk, {"kind": "ABSENT", "text": "不在", "at": START + DAY})


@pytest.mark.usefixtures("shift")
def test_absence_and_late_reports_are_proposed_once(desk: Desk, people: People, clock: FixedClock) -> None:
    service.sign(desk, people["PRIMARY"])
    clock.at = START + HOUR
    rows = service.proposals(desk, START, START + DAY)
    assert [one.title for one in rows] == [
        "2026-06-18/H24 带班领导 王示例 未签到",
        "2026-06-18/H24 副班 赵示例 未签到",
    ]
    service.add_violation(desk, rows[0].values)
    assert [one.title for one in service.proposals(desk, START, START + DAY)] == ["2026-06-18/H24 副班 赵示例 未签到"]


def test_a_report_that_went_out_late_is_proposed(desk: Desk, clock: FixedClock) -> None:
    clock.at = START
    values = {"received_at": START, "happened_at": START, "type": "11A02", "place": "示例隧道", "text": "积水"}
    made = desk.new("incidents", {**values, "state": "OPEN"})
    desk.act("incident.add", [made])
    clock.at = START + 5 * HOUR
    found = service.proposals(desk, START, START + DAY)
    assert [one.values["kind"] for one in found] == ["LATE_REPORT"]
    assert "到时限未报" in found[0].title
    service.add_violation(desk, found[0].values)
    assert service.proposals(desk, START, START + DAY) == []


# -- the duty telephone ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shift")
def test_the_own_duty_telephone_is_whoever_stands_the_post(desk: Desk, people: People) -> None:
    found = service.duty_contact(desk, None, START + HOUR)
    assert (found.name, found.number, found.whole) == ("李示例", "139****0001", "")
    assert found.text == "主班 李示例 139****0001"
    leader = service.duty_contact(desk, None, START + HOUR, "LEADER")
    assert (leader.name, leader.number) == ("王示例", "")

    def duty(post: str, at: int) -> bytes | None:
        return people["OTHER"] if post == "PRIMARY" else None

    desk.services["duty"] = duty
    assert service.duty_contact(desk, None, START + HOUR).name == "钱示例"


@pytest.mark.usefixtures("shift")
def test_a_number_known_to_be_wrong_is_not_the_duty_telephone(desk: Desk, people: People) -> None:
    first = desk.rows("numbers")[0]
    edit = desk.edit("numbers", first.id, {"state": "BAD"})
    office = desk.new("numbers", {"person": people["PRIMARY"], "order": 2, "kind": "OFFICE", "number": "0571-00000008"})
    assert edit is not None
    desk.act("numbers.edit", [edit, office])
    found = service.duty_contact(desk, None, START + HOUR)
    assert (found.number, found.whole, found.kind) == ("0571-00000008", "0571-00000008", "OFFICE")


def test_another_unit_is_reached_by_its_own_telephone_else_by_its_office_or_officer(
    desk: Desk, people: People, streets: dict[str, bytes]
) -> None:
    assert service.duty_contact(desk, streets["东"]).number == "0571-00000001"
    assert service.duty_contact(desk, streets["南"]).number == ""
    role = desk.new("posts", {"name": "值班员", "role": "PRIMARY"})
    officer = desk.new("people", {"name": "周示例", "unit": streets["南"], "post": role.row, "kind": "PERSON"})
    mobile = desk.new("numbers", {"person": officer.row, "order": 1, "kind": "MOBILE", "number": "13900000007"})
    desk.act("people.import", [role, officer, mobile])
    assert service.duty_contact(desk, streets["南"]).text == "南示例街道办事处 主班 周示例 139****0007"
    office = desk.new("people", {"name": "南示例街道值班室", "unit": streets["南"], "kind": "OFFICE"})
    number = desk.new("numbers", {"person": office.row, "order": 1, "kind": "DUTY", "number": "0571-00000003"})
    desk.act("people.import", [office, number])
    assert service.duty_contact(desk, streets["南"]).number == "0571-00000003"
    with pytest.raises(Refused, match="没有这个单位"):
        service.duty_contact(desk, b"x" * 16)


# -- accounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shift")
def test_where_accounts_are_in_force_the_own_pin_is_needed(desk: Desk, people: People) -> None:
    from dutydesk.accounts import service as accounts

    accounts.enrol(desk, people["LEADER"], "730415")
    desk.me.id, desk.me.name = people["LEADER"].hex(), "王示例"
    accounts.add(desk, people["PRIMARY"], "OFFICER")
    accounts.enrol(desk, people["PRIMARY"], "918264")
    assert service.asks_pin(desk)
    assert [field for field, _reason in refused(desk, people["PRIMARY"], pin="000001")] == ["pin"]
    assert refused(desk, people["PRIMARY"], pin=None)  # another's proof is not one's own
    assert desk.count("sign_ins") == 0
    service.sign(desk, people["PRIMARY"], pin="918264")
    with pytest.raises(Refused, match="须由 钱示例 本人操作"):
        service.sign_row(desk, {"person": people["OTHER"], "note": "增援"})
    assert not [
        row
        for row in desk.rows("audit")
        if row["action"] == "SIGN_FAILED" and people["OTHER"].hex() in row.text("subject")
    ]
    service.sign_row(desk, {"person": people["LEADER"]})
    assert service.signed_in(desk, KEY) == {people["PRIMARY"], people["LEADER"]}
