"""The grid, hand edits, publishing, leave, swaps, who is on post, coverage."""

from __future__ import annotations

import pypdfium2
import pytest

from dutydesk.accounts import service as accounts
from dutydesk.accounts.guard import Guard
from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.core.reference import by_code
from dutydesk.core.reference import rows as table
from dutydesk.core.turns import shift_id
from dutydesk.journal.desk import Desk
from dutydesk.journal.history import history
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value
from dutydesk.roster import service
from dutydesk.roster.report import p03
from dutydesk.roster.service import Edit, Key
from tests.roster.conftest import Staff, days_off

H24 = "H24"


def place(day: str, post: str = "PRIMARY", slot: int = 1) -> Key:
    return (day, H24, post, slot)


def put(desk: Desk, *wishes: tuple[str, str, bytes | None], reason: str = "") -> service.Undo:
    edits = [Edit(day, H24, post, 1, person) for day, post, person in wishes]
    return service.assign(desk, edits, reason=reason)


def crew(desk: Desk, staff: Staff, day: str, *names: str) -> None:
    posts = ("LEADER", "PRIMARY", "SECONDARY")
    put(desk, *((day, post, staff[name]) for post, name in zip(posts, names, strict=True)))


def published(desk: Desk, staff: Staff) -> None:
    """Two days of a published roster."""
    crew(desk, staff, "2026-06-22", "王示例", "李示例", "赵示例")
    crew(desk, staff, "2026-06-23", "陈示例", "钱示例", "孙示例")
    service.publish(desk, "2026-06-22", "2026-06-23", staff["何示例"], staff["王示例"])


def leave(staff: Staff, name: str, first: str, last: str, **more: Value) -> dict[str, Value]:
    return {"person": staff[name], "kind": "LEAVE", "starts_on": first, "ends_on": last, **more}


# -- grid and hand edits


def test_the_grid_has_a_cell_for_every_place_of_every_day(desk: Desk, staff: Staff) -> None:
    crew(desk, staff, "2026-06-22", "王示例", "李示例", "赵示例")
    grid = service.grid(desk, "2026-06-22", "2026-06-28")
    assert [line.label for line in grid.lines] == ["带班领导", "主班", "副班"]
    assert len(grid.cells) == 21
    cell = grid.cells[place("2026-06-22")]
    assert (cell.person, cell.origin, cell.mark, cell.problems) == (staff["李示例"], "HAND", "", ())
    assert grid.names[staff["李示例"]] == "李示例"
    assert grid.cells[place("2026-06-23")].person is None
    assert grid.published is False
    assert grid.counts[staff["李示例"]] == service.Counts(1, 0, 0, 1)
    assert grid.counts[staff["冯示例"]].total == 0
    assert grid.bounds[staff["王示例"]].total == (2, 3)


def test_an_edit_that_breaks_a_rule_is_refused_whole_with_the_reason_by_cell(desk: Desk, staff: Staff) -> None:
    put(desk, ("2026-06-22", "PRIMARY", staff["李示例"]))
    cases = [
        (("2026-06-22", "SECONDARY", staff["李示例"]), "同一班又排在主班"),
        (("2026-06-23", "SECONDARY", staff["李示例"]), "与 06-22 全天班 主班 连续两班"),
        (("2026-06-21", "PRIMARY", staff["李示例"]), "连续两班"),
        (("2026-06-24", "LEADER", staff["李示例"]), "不能任带班领导"),
    ]
    for wish, reason in cases:
        with pytest.raises(Refused, match=reason) as caught:
            put(desk, wish, ("2026-06-29", "PRIMARY", staff["赵示例"]))
        assert caught.value.problems[0].field == f"{wish[0]}/H24/{wish[1]}/1"
    assert desk.count("assignments") == 1
    assert put(desk, ("2026-06-24", "PRIMARY", staff["李示例"])).changed


def test_a_stranger_a_wrong_shift_post_slot_or_day_is_refused(desk: Desk, staff: Staff) -> None:
    ok = staff["李示例"]
    for edit, reason in (
        (Edit("2026-06-22", "NIGHT", "PRIMARY", 1, ok), "没有班次"),
        (Edit("2026-06-22", H24, "CAPTAIN", 1, ok), "没有岗位"),
        (Edit("2026-06-22", H24, "PRIMARY", 0, ok), "席位"),
        (Edit("2026-02-30", H24, "PRIMARY", 1, ok), "应为日期"),
        (Edit("2026-06-22", H24, "PRIMARY", 1, b"\x01" * 16), "通讯录"),
    ):
        with pytest.raises(Refused, match=reason):
            service.assign(desk, [edit])
    outsider = desk.new("people", {"name": "外示例"})
    desk.act("people.add", [outsider])
    with pytest.raises(Refused, match="不在值班人员里"):
        put(desk, ("2026-06-22", "PRIMARY", outsider.row))


def test_someone_without_a_record_of_training_is_taken_with_a_warning(desk: Desk, staff: Staff) -> None:
    held = next(row for row in desk.rows("roster_people") if row["person"] == staff["李示例"])
    change = desk.edit("roster_people", held.id, {"trained_on": None})
    assert change
    desk.act("roster_people.edit", [change])
    done = put(desk, ("2026-06-22", "PRIMARY", staff["李示例"]))
    assert [problem.code for problem in done.problems] == ["NO_RECORD"]
    assert service.grid(desk, "2026-06-22", "2026-06-22").cells[place("2026-06-22")].problems == ("没有岗前培训记录",)


def test_a_change_is_undone_and_redone_but_not_over_another(desk: Desk, staff: Staff) -> None:
    first = put(desk, ("2026-06-22", "PRIMARY", staff["李示例"]))
    second = put(desk, ("2026-06-22", "PRIMARY", staff["赵示例"]))
    with pytest.raises(Refused, match="之后又改过"):
        service.undo(desk, first)
    redo = service.undo(desk, second)
    assert service.grid(desk, "2026-06-22", "2026-06-22").cells[place("2026-06-22")].person == staff["李示例"]
    service.undo(desk, redo)
    assert service.grid(desk, "2026-06-22", "2026-06-22").cells[place("2026-06-22")].person == staff["赵示例"]


def test_two_places_of_a_draft_change_their_people(desk: Desk, staff: Staff) -> None:
    crew(desk, staff, "2026-06-22", "王示例", "李示例", "赵示例")
    crew(desk, staff, "2026-06-24", "陈示例", "钱示例", "孙示例")
    service.exchange(desk, place("2026-06-22"), place("2026-06-24"))
    cells = service.grid(desk, "2026-06-22", "2026-06-24").cells
    assert cells[place("2026-06-22")].person == staff["钱示例"]
    assert cells[place("2026-06-24")].person == staff["李示例"]
    service.exchange(desk, place("2026-06-22"), place("2026-06-26"))  # one of them is empty: it moves
    cells = service.grid(desk, "2026-06-22", "2026-06-26").cells
    assert (cells[place("2026-06-22")].person, cells[place("2026-06-26")].person) == (None, staff["钱示例"])
    with pytest.raises(Refused, match="不能任主班"):
        service.exchange(desk, place("2026-06-24"), place("2026-06-24", "LEADER"))


def test_whoever_may_take_a_place_comes_with_the_deputy_first(desk: Desk, staff: Staff) -> None:
    held = next(row for row in desk.rows("roster_people") if row["person"] == staff["李示例"])
    change = desk.edit("roster_people", held.id, {"deputy": staff["郑示例"]})
    assert change
    desk.act("roster_people.edit", [change])
    crew(desk, staff, "2026-06-22", "王示例", "李示例", "赵示例")
    found = service.candidates(desk, place("2026-06-22"))
    assert (found[0].person, found[0].why) == (staff["郑示例"], "DEPUTY")
    assert staff["李示例"] not in [one.person for one in found]
    assert found[-1].person == staff["赵示例"]  # stands beside already
    assert found[-1].problems[0].code == "DOUBLE"


# -- publishing


def test_publishing_writes_the_crews_of_the_shifts_and_locks(desk: Desk, staff: Staff) -> None:
    published(desk, staff)
    assert service.is_published(desk, "2026-06-22", "2026-06-23")
    assert not service.is_published(desk, "2026-06-22", "2026-06-24")
    row = desk.get("shifts", shift_id("330102", "2026-06-22", H24))
    assert row is not None
    assert (row["leader"], row["primary"], row["secondary"]) == (staff["王示例"], staff["李示例"], staff["赵示例"])
    assert row["starts_at"] == parse_iso("2026-06-22 08:30")
    with pytest.raises(Refused, match="原因"):
        put(desk, ("2026-06-22", "PRIMARY", staff["吴示例"]))
    with pytest.raises(Refused, match="提出调班"):
        service.exchange(desk, place("2026-06-22"), place("2026-06-23"))
    with pytest.raises(Refused, match="已经发布"):
        service.publish(desk, "2026-06-23", "2026-06-24", staff["何示例"], staff["王示例"])
    put(desk, ("2026-06-22", "PRIMARY", staff["吴示例"]), reason="临时出差")
    cell = service.grid(desk, "2026-06-22", "2026-06-22").cells[place("2026-06-22")]
    assert (cell.person, cell.planned, cell.mark) == (staff["吴示例"], staff["李示例"], "")
    assert cell.row
    kept = desk.get("assignments", cell.row)
    assert kept
    assert kept["note"] == "临时出差"
    row = desk.get("shifts", row.id)
    assert row
    assert row["primary"] == staff["吴示例"]


def test_a_roster_with_a_gap_or_by_someone_who_does_not_lead_is_not_published(desk: Desk, staff: Staff) -> None:
    crew(desk, staff, "2026-06-22", "王示例", "李示例", "赵示例")
    with pytest.raises(Refused, match="带班领导或主要领导"):
        service.publish(desk, "2026-06-22", "2026-06-22", staff["何示例"], staff["李示例"])
    with pytest.raises(Refused, match="空缺") as caught:
        service.publish(desk, "2026-06-22", "2026-06-23", staff["何示例"], staff["王示例"])
    assert [problem.field for problem in caught.value.problems] == [
        "2026-06-23/H24/LEADER/1", "2026-06-23/H24/PRIMARY/1", "2026-06-23/H24/SECONDARY/1",
    ]  # fmt: skip
    service.publish(desk, "2026-06-22", "2026-06-23", staff["何示例"], staff["王示例"], gaps=True)
    assert service.is_published(desk, "2026-06-23")


def test_publishing_leaves_shifts_that_are_over_alone(desk: Desk, staff: Staff, clock: FixedClock) -> None:
    crew(desk, staff, "2026-06-16", "王示例", "李示例", "赵示例")
    service.publish(desk, "2026-06-16", "2026-06-16", staff["何示例"], staff["王示例"])
    assert desk.count("shifts") == 0


# -- leave


def test_leave_is_asked_approved_and_reported_back(desk: Desk, staff: Staff, clock: FixedClock) -> None:
    row = service.ask_leave(desk, leave(staff, "李示例", "2026-06-22", "2026-06-26", reason="探亲"))
    put(desk, ("2026-06-24", "PRIMARY", staff["李示例"]))  # not approved yet
    with pytest.raises(Refused, match="带班领导"):
        service.approve_leave(desk, row, staff["赵示例"])
    in_the_way = service.approve_leave(desk, row, staff["王示例"])
    assert [problem.key for problem in in_the_way] == [place("2026-06-24")]
    with pytest.raises(Refused, match="06-22 至 06-26 请假外出"):
        put(desk, ("2026-06-22", "PRIMARY", staff["李示例"]))
    assert [one.person for one in service.away(desk, "2026-06-22")] == [staff["李示例"]]
    clock.at = parse_iso("2026-06-24 09:00")
    service.report_back(desk, row)
    assert service.away(desk, "2026-06-24") == ()
    assert service.away(desk, "2026-06-23")
    with pytest.raises(Refused, match="已销假"):
        service.report_back(desk, row)


def test_leave_that_means_nothing_is_refused_by_field(desk: Desk, staff: Staff) -> None:
    with pytest.raises(Refused) as caught:
        service.ask_leave(desk, leave(staff, "李示例", "2026-06-26", "2026-06-22"))
    assert caught.value.problems[0].field == "ends_on"
    with pytest.raises(Refused) as caught:
        service.ask_leave(desk, {"kind": "PARTY", "starts_on": "2026-06-22"})
    assert {problem.field for problem in caught.value.problems} >= {"kind", "person", "ends_on"}


def test_a_leader_names_who_acts_and_one_principal_stays_on_a_holiday(desk: Desk, staff: Staff) -> None:
    days_off(desk, ("2026-06-19", "HOLIDAY", "端午节"), ("2026-10-01", "HOLIDAY", "国庆节"))
    with pytest.raises(Refused) as caught:
        service.ask_leave(desk, leave(staff, "王示例", "2026-06-19", "2026-06-20"))
    assert {problem.field for problem in caught.value.problems} == {"acting", "phone"}
    contact: dict[str, Value] = {"phone": "13900000000"}
    one = service.ask_leave(desk, leave(staff, "王示例", "2026-06-19", "2026-06-20", acting=staff["周示例"], **contact))
    other = service.ask_leave(
        desk, leave(staff, "陈示例", "2026-06-19", "2026-06-19", acting=staff["周示例"], **contact)
    )
    with pytest.raises(Refused, match="不能批准自己"):
        service.approve_leave(desk, one, staff["王示例"])
    service.approve_leave(desk, one, staff["陈示例"])
    with pytest.raises(Refused, match="2026-06-19 节假日，主要领导不能都不在"):
        service.approve_leave(desk, other, staff["周示例"])
    service.refuse_leave(desk, other, staff["周示例"], "节假日留一人")
    assert service.acting(desk, staff["王示例"], "2026-06-19") == staff["周示例"]
    later = service.ask_leave(
        desk, leave(staff, "陈示例", "2026-06-20", "2026-06-20", acting=staff["周示例"], **contact)
    )
    service.approve_leave(desk, later, staff["周示例"])  # no holiday


def test_the_deputy_acts_where_a_leader_names_nobody(desk: Desk, staff: Staff) -> None:
    held = next(row for row in desk.rows("roster_people") if row["person"] == staff["王示例"])
    change = desk.edit("roster_people", held.id, {"deputy": staff["周示例"]})
    assert change
    desk.act("roster_people.edit", [change])
    row = service.ask_leave(desk, leave(staff, "王示例", "2026-06-22", "2026-06-22", phone="13900000000"))
    service.approve_leave(desk, row, staff["陈示例"])
    assert service.acting(desk, staff["王示例"], "2026-06-22") == staff["周示例"]
    put(desk, ("2026-06-23", "LEADER", staff["周示例"]))
    gone = leave(staff, "周示例", "2026-06-24", "2026-06-24", acting=staff["陈示例"], phone="13900000000")
    service.approve_leave(desk, service.ask_leave(desk, gone), staff["王示例"])
    with pytest.raises(Refused) as caught:
        service.ask_leave(desk, leave(staff, "王示例", "2026-06-24", "2026-06-24", phone="13900000000"))
    assert [problem.field for problem in caught.value.problems] == ["acting"], "the deputy is away too"


def test_all_hands_calls_leave_off(desk: Desk, staff: Staff) -> None:
    row = service.ask_leave(desk, leave(staff, "李示例", "2026-06-22", "2026-06-26"))
    service.approve_leave(desk, row, staff["王示例"])
    posture = {"mode": "ALL_HANDS", "starts_on": "2026-06-24", "ends_on": "2026-06-24", "crew": "PRIMARY=2"}
    desk.act("postures.add", [desk.new("postures", posture)])
    put(desk, ("2026-06-24", "PRIMARY", staff["李示例"]))
    assert service.away(desk, "2026-06-24") == ()
    assert service.demand(desk, "2026-06-24").crew["PRIMARY"] == 2
    with pytest.raises(Refused, match="请假外出"):
        put(desk, ("2026-06-26", "PRIMARY", staff["李示例"]))


# -- swaps


def test_a_swap_is_asked_accepted_approved_and_marked(desk: Desk, staff: Staff) -> None:
    published(desk, staff)
    one, other = place("2026-06-22"), place("2026-06-23")
    at = parse_iso("2026-06-22 12:00")
    with pytest.raises(Refused, match="由这一班的值班人提出"):
        service.ask_swap(desk, one, staff["钱示例"], other, "家中有事", staff["赵示例"])
    swap = service.ask_swap(desk, one, staff["钱示例"], other, "家中有事", staff["李示例"])
    with pytest.raises(Refused, match="未办完"):
        service.ask_swap(desk, one, staff["吴示例"], None, "再问一次", staff["李示例"])
    with pytest.raises(Refused, match="待对方同意"):
        service.approve_swap(desk, swap, staff["周示例"])
    with pytest.raises(Refused, match="须由 钱示例 同意"):
        service.accept_swap(desk, swap, staff["吴示例"])
    service.accept_swap(desk, swap, staff["钱示例"])
    with pytest.raises(Refused, match="领导批准"):
        service.approve_swap(desk, swap, staff["吴示例"])
    with pytest.raises(Refused, match="自己的调代"):
        service.approve_swap(desk, swap, staff["钱示例"])
    assert service.on_post(desk, "PRIMARY", at) == staff["李示例"]
    service.approve_swap(desk, swap, staff["周示例"])
    cells = service.grid(desk, "2026-06-22", "2026-06-23").cells
    assert (cells[one].person, cells[one].mark, cells[one].planned) == (staff["钱示例"], "调", staff["李示例"])
    assert (cells[other].person, cells[other].mark, cells[other].planned) == (staff["李示例"], "调", staff["钱示例"])
    assert service.on_post(desk, "PRIMARY", at) == staff["钱示例"]
    row = desk.get("shifts", shift_id("330102", "2026-06-22", H24))
    assert row
    assert row["primary"] == staff["钱示例"]
    assert desk.services["duty"]("PRIMARY", at) == staff["钱示例"]
    with pytest.raises(Refused, match="已批准"):
        service.cancel_swap(desk, swap, staff["李示例"])


@pytest.mark.parametrize("substitute", [False, True], ids=["swap", "substitute"])
def test_a_call_reaches_whoever_took_the_shift_over_and_the_record_keeps_both(
    desk: Desk, staff: Staff, clock: FixedClock, *, substitute: bool
) -> None:
    """The duty telephone is a role; a swap must not leave calls with whoever was planned (grafana/oncall #3096)."""
    published(desk, staff)
    calls = {"李示例": "13900000001", "钱示例": "13900000002"}
    kept = [{"person": staff[name], "order": 1, "kind": "MOBILE", "number": number} for name, number in calls.items()]
    desk.act("numbers.import", [desk.new("numbers", values) for values in kept])
    begins, ends = parse_iso("2026-06-22 08:30"), parse_iso("2026-06-23 08:30") - 1
    other = None if substitute else place("2026-06-23")
    taker = staff["钱示例"]
    if substitute:  # who stands the next day cannot stand in: two shifts running
        put(desk, ("2026-06-23", "PRIMARY", staff["吴示例"]), reason="领导指定")

    def reached(at: int) -> tuple[bytes | None, bytes | None, str]:
        told = desk.services["duty_contact"](None, at)
        return desk.services["duty"]("PRIMARY", at), told.person, told.number[-4:]

    swap = service.ask_swap(desk, place("2026-06-22"), taker, other, "家中有事", staff["李示例"])
    service.accept_swap(desk, swap, taker)
    assert reached(begins) == reached(ends) == (staff["李示例"], staff["李示例"], "0001"), "agreed is not approved"
    service.approve_swap(desk, swap, staff["周示例"])
    assert reached(begins) == reached(ends) == (taker, taker, "0002")
    if not substitute:
        assert reached(ends + 1) == (staff["李示例"], staff["李示例"], "0001"), "at the turn of the shift the other way"
    clock.at = begins
    told = desk.services["duty_contact"](None)
    assert (told.person, told.name) == (taker, "钱示例"), "now, by the clock"
    cell = service.grid(desk, "2026-06-22", "2026-06-22").cells[place("2026-06-22")]
    assert (cell.planned, cell.person, cell.mark) == (staff["李示例"], taker, "代" if substitute else "调")
    row = desk.get("swaps", swap)
    assert row is not None
    assert (row["person"], row["other"], row["approver"]) == (staff["李示例"], taker, staff["周示例"])
    assert cell.row is not None
    with desk.store.read() as connection:
        versions = history(connection, desk.store.schema.shapes["assignments"], cell.row)
    stood = [version.values["person"] for version in versions if "person" in version.values]
    assert stood == [staff["李示例"], taker], "both stand in the history of the place"


def test_a_substitute_stands_in_and_the_rules_hold(desk: Desk, staff: Staff) -> None:
    published(desk, staff)
    with pytest.raises(Refused, match="同一班又排在副班"):
        service.ask_swap(desk, place("2026-06-22"), staff["赵示例"], None, "有事", staff["李示例"])
    with pytest.raises(Refused, match="连续两班"):
        service.ask_swap(desk, place("2026-06-22"), staff["钱示例"], None, "有事", staff["李示例"])
    swap = service.ask_swap(desk, place("2026-06-22"), staff["吴示例"], None, "有事", staff["李示例"])
    service.accept_swap(desk, swap, staff["吴示例"])
    service.approve_swap(desk, swap, staff["陈示例"])
    cell = service.grid(desk, "2026-06-22", "2026-06-22").cells[place("2026-06-22")]
    assert (cell.person, cell.mark) == (staff["吴示例"], "代")


def test_a_swap_is_refused_cancelled_or_overtaken(desk: Desk, staff: Staff, clock: FixedClock) -> None:
    published(desk, staff)
    ask = service.ask_swap
    one = ask(desk, place("2026-06-22"), staff["吴示例"], None, "有事", staff["李示例"])
    service.refuse_swap(desk, one, staff["吴示例"])
    two = ask(desk, place("2026-06-22"), staff["吴示例"], None, "有事", staff["李示例"])
    with pytest.raises(Refused, match="提出的人"):
        service.cancel_swap(desk, two, staff["吴示例"])
    service.cancel_swap(desk, two, staff["李示例"])
    three = ask(desk, place("2026-06-22"), staff["吴示例"], None, "有事", staff["李示例"])
    service.accept_swap(desk, three, staff["吴示例"])
    put(desk, ("2026-06-22", "PRIMARY", staff["郑示例"]), reason="领导指定")
    with pytest.raises(Refused, match="之后改过"):
        service.approve_swap(desk, three, staff["陈示例"])
    with pytest.raises(Refused, match="事由"):
        ask(desk, place("2026-06-23"), staff["吴示例"], None, " ", staff["钱示例"])
    clock.at = parse_iso("2026-06-24 08:30")
    with pytest.raises(Refused, match="已经结束"):
        ask(desk, place("2026-06-23"), staff["吴示例"], None, "有事", staff["钱示例"])


# -- on post


def test_the_shift_row_tells_who_is_on_post_where_no_roster_is_in_force(desk: Desk, staff: Staff) -> None:
    at = parse_iso("2026-06-22 12:00")
    assert service.on_post(desk, "PRIMARY", at) is None
    crew(desk, staff, "2026-06-22", "王示例", "李示例", "赵示例")
    assert service.on_post(desk, "PRIMARY", at) is None  # a draft is nobody's duty
    values: dict[str, Value] = {
        "date": "2026-06-22", "code": H24, "starts_at": parse_iso("2026-06-22 08:30"),
        "ends_at": parse_iso("2026-06-23 08:30"), "primary": staff["吴示例"],
    }  # fmt: skip
    desk.act("shift.add", [desk.new("shifts", values)])
    assert service.on_post(desk, "PRIMARY", at) == staff["吴示例"]
    service.publish(desk, "2026-06-22", "2026-06-22", staff["何示例"], staff["王示例"])
    assert service.on_post(desk, "PRIMARY", at) == staff["李示例"]
    assert service.on_post(desk, "PRIMARY", parse_iso("2026-06-22 08:30")) == staff["李示例"]
    assert service.on_post(desk, "PRIMARY", parse_iso("2026-06-22 08:29:59")) is None
    assert [(one.label, one.person) for one in service.crew_at(desk, at)] == [
        ("带班领导", staff["王示例"]), ("主班", staff["李示例"]), ("副班", staff["赵示例"]),
    ]  # fmt: skip


def test_whoever_acts_for_a_leader_who_is_away_is_on_post(desk: Desk, staff: Staff) -> None:
    published(desk, staff)
    told = leave(staff, "王示例", "2026-06-22", "2026-06-22", acting=staff["周示例"], phone="13900000000")
    service.approve_leave(desk, service.ask_leave(desk, told), staff["陈示例"])
    assert service.on_post(desk, "LEADER", parse_iso("2026-06-22 12:00")) == staff["周示例"]


def test_the_unit_has_its_own_name_for_a_post_and_its_own_crew(desk: Desk, staff: Staff) -> None:
    rows = [("roster.post.LEADER", "总值班长"), ("roster.crew.NORMAL", "LEADER=1 PRIMARY=1 DRIVER=1")]
    rows += [("roster.crew.GUARD", "garbage"), ("roster.rest_hours", "30")]
    desk.act("postures.add", [desk.new("postures", {"mode": "GUARD", "starts_on": "2026-12-01"})])
    desk.act("settings.edit", [desk.new("settings", {"key": key, "value": value}) for key, value in rows])
    assert service.post_name(desk, "LEADER") == "总值班长"
    assert service.demand(desk, "2026-03-02").crew == {"LEADER": 1, "PRIMARY": 1, "DRIVER": 1}
    assert service.demand(desk, "2026-12-01").crew["FIELD"] == 1, "what means nothing changes nothing"
    assert service.demand(desk, "2026-06-22").modes == ("NORMAL", "FLOOD_SEASON")
    put(desk, ("2026-06-22", "PRIMARY", staff["李示例"]))
    with pytest.raises(Refused, match="只休息 24 小时，应有 30 小时"):
        put(desk, ("2026-06-24", "PRIMARY", staff["李示例"]))


def test_a_posture_asks_for_more_people(desk: Desk, staff: Staff) -> None:
    desk.act("postures.add", [desk.new("postures", {"mode": "RAIN_STORM", "starts_on": "2026-06-22"})])
    demand = service.demand(desk, "2026-06-23")
    assert demand.crew == {"LEADER": 1, "SECTION_HEAD": 1, "PRIMARY": 1, "SECONDARY": 2, "DRIVER": 1}
    assert demand.modes[-1] == "RAIN_STORM"
    assert service.demand(desk, "2026-06-21").crew == {"LEADER": 1, "PRIMARY": 1, "SECONDARY": 1}
    labels = [line.label for line in service.grid(desk, "2026-06-21", "2026-06-22").lines]
    assert labels == ["带班领导", "带班主任", "主班", "副班1", "副班2", "值班司机"]


STRENGTHENED = {
    "FLOOD_SEASON": {"FIELD": 1},
    "MAIN_FLOOD": {"SECTION_HEAD": 1},
    "RAIN_MODERATE": {"SECTION_HEAD": 1},
    "RAIN_STORM": {"SECTION_HEAD": 1, "SECONDARY": 2, "DRIVER": 1},
    "HOLIDAY": {"SECTION_HEAD": 1},
    "GUARD": {"SECTION_HEAD": 1, "FIELD": 1},
    "FIRE_SEASON": {"FIELD": 1},
    "SNOW": {"DRIVER": 1},
    "EPIDEMIC": {"SECONDARY": 2},
    "ALL_HANDS": {"SECTION_HEAD": 1, "SECONDARY": 2, "DRIVER": 1, "FIELD": 2},
}


@pytest.mark.parametrize("mode", [row["code"] for row in table("duty", "duty_mode") if row["code"] != "NORMAL"])
def test_each_mode_asks_as_delivered_for_more_than_the_ordinary_crew(desk: Desk, mode: str) -> None:
    ordinary = {"LEADER": 1, "PRIMARY": 1, "SECONDARY": 1}
    assert service.demand(desk, "2026-12-01").crew == ordinary
    desk.act("postures.add", [desk.new("postures", {"mode": mode, "starts_on": "2026-12-02", "ends_on": "2026-12-02"})])
    assert service.demand(desk, "2026-12-02").crew == ordinary | STRENGTHENED[mode]
    assert service.demand(desk, "2026-12-03").crew == ordinary
    told = by_code("roster", "crew")[mode]
    assert told.get("mark", "design") in ("design", "verified V06")


def test_the_season_asks_for_the_field_team_unless_an_order_says_otherwise(desk: Desk) -> None:
    assert service.demand(desk, "2026-04-14").crew.get("FIELD") is None
    assert service.demand(desk, "2026-04-15").crew["FIELD"] == 1
    order = {"mode": "FLOOD_SEASON", "starts_on": "2026-04-16", "ends_on": "2026-04-16", "crew": "LEADER=1 PRIMARY=2"}
    desk.act("postures.add", [desk.new("postures", order)])
    assert service.demand(desk, "2026-04-16").crew == {"LEADER": 1, "PRIMARY": 2, "SECONDARY": 1}
    assert service.demand(desk, "2026-04-17").crew["FIELD"] == 1


@pytest.mark.parametrize(("year", "hours"), [("2026", 8760), ("2028", 8784)])
def test_the_hours_of_a_year_without_a_whole_crew(desk: Desk, staff: Staff, year: str, hours: int) -> None:
    found = service.coverage(desk, f"{year}-01-01", f"{year}-12-31")
    assert (found.hours, found.short_minutes) == (hours, hours * 60)
    crew(desk, staff, f"{year}-06-22", "王示例", "李示例", "赵示例")
    put(desk, (f"{year}-06-26", "LEADER", staff["陈示例"]))  # a leader alone is no crew
    found = service.coverage(desk, f"{year}-01-01", f"{year}-12-31")
    assert found.short_minutes == hours * 60 - 1440
    first = found.missing[0]
    assert (first.date, first.end - first.start) == (f"{int(year) - 1}-12-31", 510 * 60_000)


def test_shifts_without_a_roster_are_covered_by_their_own_crew(desk: Desk, staff: Staff) -> None:
    values: dict[str, Value] = {
        "date": "2026-06-17", "code": H24, "starts_at": parse_iso("2026-06-17 08:30"),
        "ends_at": parse_iso("2026-06-18 08:30"), "primary": staff["吴示例"], "leader": staff["王示例"],
        "secondary": staff["赵示例"],
    }  # fmt: skip
    desk.act("shift.add", [desk.new("shifts", values)])
    assert service.coverage(desk, "2026-06-17", "2026-06-17").short_minutes == 510


def test_standby_and_teams_on_call(desk: Desk, staff: Staff) -> None:
    for name in ("吴示例", "郑示例"):
        held = next(row for row in desk.rows("roster_people") if row["person"] == staff[name])
        change = desk.edit("roster_people", held.id, {"standby": 1})
        assert change
        desk.act("roster_people.edit", [change])
    put(desk, ("2026-06-22", "PRIMARY", staff["吴示例"]))
    assert service.standby(desk, "2026-06-22") == (staff["郑示例"],)
    teams = [{"name": "示例防汛队", "status": "READY"}, {"name": "示例二队", "status": "OFF"}]
    desk.act("teams.import", [desk.new("teams", team) for team in teams])
    assert [row.text("name") for row in service.teams_on_call(desk)] == ["示例防汛队"]
    assert service.on_call_text(desk, "2026-06-22") == "备班：郑示例；队伍：示例防汛队"
    desk.act("teams.import", [desk.new("teams", {"name": "示例地质专家组", "kind": "EXPERT", "status": "READY"})])
    assert service.on_call_text(desk, "2026-06-22") == "备班：郑示例；专家组：示例地质专家组；队伍：示例防汛队"
    sheet = pypdfium2.PdfDocument(p03(desk, start="2026-06-22"))
    text = "".join(page.get_textpage().get_text_range() for page in sheet).replace("\r\n", "")
    assert "专家组：示例地质专家组；队伍：示例防汛队" in text


def test_somebody_on_leave_whom_nobody_stands_in_for_covers_no_hour(desk: Desk, staff: Staff) -> None:
    put(desk, ("2026-06-22", "PRIMARY", staff["吴示例"]))
    posts = {gap.post for gap in service.coverage(desk, "2026-06-22", "2026-06-22").missing if gap.date == "2026-06-22"}
    assert "PRIMARY" not in posts
    values = {"person": staff["吴示例"], "kind": "SICK", "starts_on": "2026-06-22", "ends_on": "2026-06-22"}
    desk.act("leaves.import", [desk.new("leaves", {**values, "state": "APPROVED"})])
    posts = {gap.post for gap in service.coverage(desk, "2026-06-22", "2026-06-22").missing if gap.date == "2026-06-22"}
    assert "PRIMARY" in posts


# -- board


def test_what_is_empty_unpublished_or_waiting_is_open(desk: Desk, staff: Staff) -> None:
    def titles() -> list[str]:
        return [
            item.title for item in desk.open_items() if item.ledger in ("assignments", "rosters", "leaves", "swaps")
        ]

    assert titles() == ["还没有值班表"]
    for day in range(18, 26):
        first = ("王示例", "李示例", "赵示例") if day % 2 else ("陈示例", "钱示例", "孙示例")
        if day != 23:
            crew(desk, staff, f"2026-06-{day}", *first)
    assert "06-18 起没有已发布的值班表" in titles()
    service.publish(desk, "2026-06-18", "2026-06-25", staff["何示例"], staff["王示例"], gaps=True)
    assert titles() == ["7 天内值班空缺 3 处"]
    service.ask_leave(desk, leave(staff, "吴示例", "2026-07-01", "2026-07-02"))
    service.ask_swap(desk, place("2026-06-22"), staff["吴示例"], None, "有事", staff["钱示例"])
    assert set(titles()) == {"7 天内值班空缺 3 处", "吴示例 休假待批", "钱示例 与 吴示例 代班待对方同意"}
    figures = desk.figures(parse_iso("2026-06-23 00:00"), parse_iso("2026-06-24 00:00"))
    assert figures["roster.short"].value == 16  # from 08:30 on, a begun hour counted


def test_nobody_is_asked_for_a_roster_where_none_is_kept(desk: Desk) -> None:
    assert not [item for item in desk.open_items() if item.ledger in ("assignments", "rosters")]
    assert "roster.short" not in desk.figures(parse_iso("2026-06-23 00:00"), parse_iso("2026-06-24 00:00"))


# -- accounts


def test_where_accounts_are_in_force_each_step_is_by_the_person_at_the_desk(desk: Desk, staff: Staff) -> None:
    published(desk, staff)
    cheap = (("account.argon2_time", "1"), ("account.argon2_memory_kib", "8192"))
    desk.act("settings.add", [desk.new("settings", {"key": key, "value": value}) for key, value in cheap])
    desk.store.guard = Guard(desk)
    accounts.enrol(desk, staff["何示例"], "273951")
    accounts.sign_in(desk, staff["何示例"], "273951")
    for name, role in (("李示例", "OFFICER"), ("吴示例", "OFFICER"), ("陈示例", "LEADER")):
        accounts.add(desk, staff[name], role)

    def sit(name: str) -> None:
        desk.me.id, desk.me.name = staff[name].hex(), name

    sit("吴示例")
    with pytest.raises(Refused, match="须由 李示例 本人操作"):
        service.ask_swap(desk, place("2026-06-22"), staff["吴示例"], None, "有事", staff["李示例"])
    sit("李示例")
    swap = service.ask_swap(desk, place("2026-06-22"), staff["吴示例"], None, "有事", staff["李示例"])
    with pytest.raises(Refused, match="须由 吴示例 本人操作"):
        service.accept_swap(desk, swap, staff["吴示例"])
    sit("吴示例")
    service.accept_swap(desk, swap, staff["吴示例"])
    with pytest.raises(Refused, match="须由 陈示例 本人操作"):
        service.approve_swap(desk, swap, staff["陈示例"])
    sit("陈示例")
    service.approve_swap(desk, swap, staff["陈示例"])
    assert service.on_post(desk, "PRIMARY", parse_iso("2026-06-22 12:00")) == staff["吴示例"]
    # Who is asked may decline, officer or not; leave and swaps are turned down by a leader alone.
    sit("钱示例")
    with pytest.raises(Refused):
        service.ask_leave(desk, leave(staff, "钱示例", "2026-06-25", "2026-06-25"))
    sit("李示例")
    asked = service.ask_leave(desk, leave(staff, "李示例", "2026-06-25", "2026-06-25"))
    for act in ("leave.refuse", "swap.refuse", "leaves.edit", "swaps.edit"):
        with pytest.raises(Refused, match="值班员不能做这件事"):
            desk.act(act, [Change("leaves", asked, {"state": "REFUSED"})])
    sit("吴示例")
    again = service.ask_swap(desk, place("2026-06-22"), staff["李示例"], None, "有事", staff["吴示例"])
    sit("李示例")
    service.refuse_swap(desk, again, staff["李示例"], "走不开")
    held = desk.get("swaps", again)
    assert held is not None
    assert (held["state"], held.get("approver")) == ("REFUSED", None)
    sit("陈示例")
    for act in ("leaves.edit", "swaps.edit", "leaves.import"):
        with pytest.raises(Refused, match="带班领导不能做这件事"):
            desk.act(act, [Change("leaves", asked, {"state": "REFUSED"})])
    service.refuse_leave(desk, asked, staff["陈示例"])
    row = desk.get("leaves", asked)
    assert row is not None
    assert row["state"] == "REFUSED"
