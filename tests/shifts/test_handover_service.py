"""The hand-over on a real desk: items in step with the record, each refusal, the seal, one side alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dutydesk.accounts import service as accounts
from dutydesk.core.clock import HOUR, MINUTE, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.features import FEATURES
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.query import Row
from dutydesk.ledger.feature import Feature, OpenItem
from dutydesk.shifts import blocks, commands, handover, pending, seals, service
from tests.shifts.handing import (
    KEY,
    MORNING,
    NEXT,
    Hands,
    accept_all,
    handed_over,
    incident,
    order,
    receiving,
    two_crews,
    whole_shift,
)


@pytest.fixture
def hands(desk: Desk, clock: FixedClock, crew: dict[str, bytes]) -> Hands:
    return two_crews(desk, clock, crew)


def items(desk: Desk) -> list[Row]:
    return handover.items_of(desk, handover.of_shift(desk, KEY))


def states(desk: Desk) -> dict[str, str]:
    return {row.text("title"): row.text("state") for row in items(desk)}


def acts(desk: Desk, kind: str) -> list[tuple[str, dict[str, object]]]:
    with desk.store.read() as connection:
        found = connection.exec_driver_sql("SELECT by, body FROM act WHERE kind = ? ORDER BY seq", (kind,)).all()
    return [(by, json.loads(body)) for by, body in found]


def refused(call: pytest.ExceptionInfo[Refused], *fields: str) -> str:
    """What was said; the problems name just these fields."""
    problems = call.value.problems
    assert [problem.field for problem in problems] == list(fields)
    return "；".join(problem.reason for problem in problems)


# -- the way -----------------------------------------------------------------------------------------------------------


def test_from_the_first_look_to_the_leader(desk: Desk, clock: FixedClock, hands: Hands) -> None:
    order(desk, "核实转移人数")
    held = handover.prepare(desk, KEY)
    assert (held["state"], held["shift"], held["next_shift"]) == ("PREPARED", KEY, NEXT)
    (item,) = items(desk)
    assert (item["block"], item["state"], item["ledger"]) == ("INSTRUCTIONS", "OPEN", "log")
    handover.answer(desk, item.id, "留待下一班，因为街道中午前报数")
    clock.advance(MINUTE)
    held = handover.sign_out(desk, KEY, hands.giving["primary"])
    assert (held["state"], held["giver"], held["given_at"]) == ("SIGNED_OUT", hands.giving["primary"], clock.at)
    handover.question(receiving(desk), item.id, "谁在报")
    with pytest.raises(Refused) as caught:
        handover.take(desk, KEY, hands.taking["primary"])
    assert "1 项没有确认" in refused(caught, "items")
    handover.answer(handover.as_author(desk, hands.giving["primary"]), item.id, "丁兰街道 陈示例")
    assert states(desk) == {item.text("title"): "ANSWERED"}
    clock.advance(MINUTE)
    held = handover.take(desk, KEY, hands.taking["primary"])
    assert (held["state"], held["taken_at"]) == ("TAKEN_OVER", clock.at)
    _span, following = service.find(desk, NEXT)
    assert following is not None
    assert following["taken_over_at"] == clock.at
    (entry,) = desk.rows("log", order="-recorded_at", limit=1)
    assert (entry["text"], entry["shift"]) == ("接班：带班 郑示例 主班 孙示例 副班 钱示例", NEXT)
    assert [one.title for one in handover_items(desk)] == [f"交接班待带班领导签字 {KEY}"]
    clock.advance(HOUR)
    held = handover.countersign(desk, KEY, hands.taking["leader"])
    assert (held["state"], held["leader"], held["countersigned_at"]) == (
        "COUNTERSIGNED", hands.taking["leader"], clock.at,
    )  # fmt: skip
    assert handover_items(desk) == []


def handover_items(desk: Desk) -> list[OpenItem]:
    return [item for item in desk.open_items() if item.ledger == "handovers"]


def test_whoever_signs_is_the_author(desk: Desk, hands: Hands) -> None:
    handed_over(desk, hands)
    handover.countersign(desk, KEY, hands.giving["leader"])
    for kind, person in (
        ("handover.sign_out", hands.giving["primary"]),
        ("handover.take", hands.taking["primary"]),
        ("handover.seal", hands.taking["primary"]),
        ("handover.countersign", hands.giving["leader"]),
    ):
        assert [by for by, _body in acts(desk, kind)] == [person.hex()], kind


# -- the items ---------------------------------------------------------------------------------------------------------


def test_items_follow_the_record_until_the_giver_signs(desk: Desk, hands: Hands) -> None:
    first = order(desk, "核实转移人数")
    handover.prepare(desk, KEY)
    assert not handover.refresh(desk, KEY)
    second = order(desk, "报送降雨情况")
    assert handover.refresh(desk, KEY)
    assert [row["row"] for row in items(desk)] == [first.hex(), second.hex()]
    now = desk.clock.now()
    reply = {"happened_at": now, "recorded_at": now, "category": "OTHER", "text": "已核实", "answers": first}
    desk.act("log.add", [desk.new("log", {**reply, "recorder": "李示例", "line": "GOV", "handling": "报送"})])
    handover.refresh(desk, KEY)
    assert [row["state"] for row in items(desk)] == ["DONE", "OPEN"]
    handover.sign_out(desk, KEY, hands.giving["primary"])
    third = order(desk, "签字以后的批示")
    handover.refresh(desk, KEY)
    assert third.hex() not in [row["row"] for row in items(desk)]


def test_a_wording_that_moves_on_keeps_its_item_and_its_answer(desk: Desk, hands: Hands) -> None:
    def toy(*items: OpenItem) -> Desk:
        return replace(desk, features=(*FEATURES, Feature("toy", "", open_items=lambda _read, _now: items)))

    row = b"\x01" * 16
    two = (OpenItem("TODO", "甲 10 分钟", 5, 0, "people", row), OpenItem("TODO", "乙", 6, 0, "people", row))
    handover.prepare(toy(*two), KEY)
    before = {item.text("title"): item for item in items(desk)}
    handover.answer(desk, before["甲 10 分钟"].id, "留待下一班，因为等回电")
    moved = (two[1], OpenItem("TODO", "甲 5 分钟", 5, 0, "people", row))
    handover.refresh(toy(*moved), KEY)
    after = {item.text("title"): item for item in items(desk)}
    assert set(after) == {"甲 5 分钟", "乙"}
    assert after["甲 5 分钟"].id == before["甲 10 分钟"].id
    assert after["甲 5 分钟"]["answer"] == "留待下一班，因为等回电"
    handover.refresh(toy(two[1]), KEY)
    assert states(desk) == {"甲 5 分钟": "DONE", "乙": "OPEN"}
    handover.refresh(toy(*moved), KEY)
    assert states(desk) == {"甲 5 分钟": "OPEN", "乙": "OPEN"}
    nameless = (OpenItem("没有的块", "丙"), OpenItem("TODO", "丁"))
    handover.refresh(toy(*moved, *nameless), KEY)
    assert {row.text("title"): row.text("block") for row in items(desk)}["丙"] == "TODO"
    handover.refresh(toy(*moved, OpenItem("TODO", "丁")), KEY)
    assert states(desk)["丙"] == "DONE"


def test_more_open_items_than_one_act_takes(desk: Desk, hands: Hands) -> None:
    many = tuple(OpenItem("TODO", f"第{n}件", n) for n in range(620))
    busy = replace(desk, features=(*FEATURES, Feature("toy", "", open_items=lambda _read, _now: many)))
    handover.prepare(busy, KEY)
    assert len(items(desk)) == 620
    assert not handover.refresh(busy, KEY)


def test_what_the_hand_over_itself_lacks_is_not_one_of_its_items(desk: Desk, hands: Hands, clock: FixedClock) -> None:
    service.save_facts(desk, KEY, {"weather": ""})
    assert "交接班 08:30 缺1项" in [item.title for item in desk.open_items()]
    handover.prepare(desk, KEY)
    handover.refresh(desk, KEY)
    assert items(desk) == []
    clock.at = parse_iso("2026-06-19 08:40")
    handover.refresh(desk, KEY)
    assert items(desk) == []


def test_an_incident_that_arrives_in_between_stays_with_the_outgoing_crew(
    desk: Desk, clock: FixedClock, hands: Hands
) -> None:
    before = incident(desk, "示例一路")
    handover.prepare(desk, KEY)
    clock.advance(MINUTE)
    during = incident(desk, "示例二路")
    handover.sign_out(desk, KEY, hands.giving["primary"])
    clock.at = MORNING - HOUR  # a clock that was set back hides nothing
    late = incident(desk, "示例三路")
    false = incident(desk, "示例四路", state="FALSE_ALARM")
    clock.at = MORNING + 5 * MINUTE
    handover.refresh(desk, KEY)
    accept_all(desk)
    found = {row["row"]: row["state"] for row in items(desk)}
    assert found[before.hex()] == "ACCEPTED"
    assert (found[during.hex()], found[late.hex()]) == ("KEPT", "KEPT")
    assert false.hex() not in found
    (kept,) = [row for row in items(desk) if row["row"] == during.hex()]
    with pytest.raises(Refused, match="交班组"):
        handover.question(receiving(desk), kept.id, "谁处置")
    handover.take(desk, KEY, hands.taking["primary"])
    after = incident(desk, "示例五路")
    assert not handover.refresh(desk, KEY)
    assert after.hex() not in [row["row"] for row in items(desk)]


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_nothing_is_signed_while_a_field_is_empty(desk: Desk, hands: Hands) -> None:
    handover.prepare(desk, KEY)
    seq, _head = desk.store.position()
    _span, row = service.find(desk, KEY)
    assert row is not None
    for name, value in (("weather", None), ("risk_level", None), ("secondary", None), ("equipment", "√ 值班电话")):
        change = desk.edit("shifts", row.id, {name: value})
        assert change is not None
        desk.act("shift.edit", [change])
        with pytest.raises(Refused) as caught:
            handover.sign_out(desk, KEY, hands.giving["primary"])
        assert refused(caught, "missing")
        back = desk.edit("shifts", row.id, {name: row[name]})
        assert back is not None
        desk.act("shift.edit", [back])
    assert desk.store.position()[0] == seq + 8, "a refusal writes nothing"
    handover.sign_out(desk, KEY, hands.giving["primary"])


def test_the_incoming_crew_has_to_be_there(desk: Desk, hands: Hands) -> None:
    there: set[bytes] = set()
    asked: list[str] = []

    def signed_in(key: str) -> set[bytes]:
        asked.append(key)
        return there

    desk.services["signed_in"] = signed_in
    handover.prepare(desk, KEY)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    with pytest.raises(Refused) as caught:
        handover.take(desk, KEY, hands.taking["primary"])
    assert "孙示例、钱示例" in refused(caught, "absent")
    there.add(hands.taking["primary"])
    with pytest.raises(Refused) as caught:
        handover.take(desk, KEY, hands.taking["primary"])
    assert "孙示例" not in refused(caught, "absent")
    there.add(hands.taking["secondary"])  # the leader is reachable, not in the room
    handover.take(desk, KEY, hands.taking["primary"])
    assert set(asked) == {NEXT}


def test_a_crew_without_names_takes_nothing(desk: Desk, hands: Hands) -> None:
    service.save_facts(desk, NEXT, {"leader": None})
    handover.prepare(desk, KEY)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    with pytest.raises(Refused) as caught:
        handover.take(desk, KEY, hands.taking["primary"])
    assert "带班领导" in refused(caught, "crew")


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({"major": 1}, True),
        ({"grade": "L1"}, True),
        ({"grade": "L2"}, True),
        ({"grade": "L3"}, False),
        ({"grade": "L1", "state": "CLOSED"}, False),
        ({"major": 1, "state": "PASSED"}, False),
        ({}, False),
    ],
)
def test_a_major_matter_asks_for_joint_handling(
    desk: Desk, hands: Hands, more: dict[str, str | int], asked: bool
) -> None:
    incident(desk, "示例山", **more)
    handover.prepare(desk, KEY)
    if asked:
        with pytest.raises(Refused) as caught:
            handover.sign_out(desk, KEY, hands.giving["primary"])
        assert "示例山" in refused(caught, "joint")
        handover.note_joint(desk, KEY, "交班组李示例留守，接班组协助")
    handover.sign_out(desk, KEY, hands.giving["primary"])


def test_which_grades_ask_is_a_setting(desk: Desk, hands: Hands) -> None:
    incident(desk, "示例山", grade="L3")
    assert handover.major(desk) == []
    desk.act("setting.add", [desk.new("settings", {"key": handover.JOINT_SETTING, "value": "L1 L2 L3"})])
    assert len(handover.major(desk)) == 1


def test_a_major_matter_between_the_signatures(desk: Desk, hands: Hands) -> None:
    handover.prepare(desk, KEY)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    incident(desk, "示例山", major=1)
    with pytest.raises(Refused) as caught:
        handover.take(desk, KEY, hands.taking["primary"])
    refused(caught, "joint")
    handover.note_joint(desk, KEY, "交班组处置，接班组协助")
    handover.take(desk, KEY, hands.taking["primary"])


def test_who_may_sign(desk: Desk, hands: Hands) -> None:
    handover.prepare(desk, KEY)
    with pytest.raises(Refused, match="不是 2026-06-18/H24 的值班人员"):
        handover.sign_out(desk, KEY, hands.taking["primary"])
    handover.sign_out(desk, KEY, hands.giving["primary"])
    with pytest.raises(Refused, match="交班人已签字"):
        handover.sign_out(desk, KEY, hands.giving["secondary"])
    with pytest.raises(Refused, match="不是 2026-06-19/H24 的值班人员"):
        handover.take(desk, KEY, hands.giving["secondary"])
    service.save_facts(desk, NEXT, {"secondary": hands.giving["primary"]})  # two shifts running
    desk.services.pop("signed_in")
    with pytest.raises(Refused, match="两个人"):
        handover.take(desk, KEY, hands.giving["primary"])
    with pytest.raises(Refused, match="交班人已签字"):
        handover.countersign(desk, KEY, hands.giving["leader"])
    handover.take(desk, KEY, hands.taking["primary"])
    with pytest.raises(Refused, match="只等带班领导"):
        handover.take(desk, KEY, hands.taking["primary"])
    with pytest.raises(Refused, match="不能再作带班签字"):
        handover.countersign(desk, KEY, hands.taking["primary"])
    with pytest.raises(Refused, match="不是这两班的带班领导"):
        handover.countersign(desk, KEY, hands.giving["secondary"])
    handover.countersign(desk, KEY, hands.giving["leader"])
    with pytest.raises(Refused, match="已经完成"):
        handover.countersign(desk, KEY, hands.giving["leader"])


def test_the_roster_knows_who_belongs_to_a_shift(desk: Desk, hands: Hands) -> None:
    driver = desk.new("people", {"name": "司示例", "kind": "PERSON"})
    given = {"date": "2026-06-18", "shift": "H24", "post": "DRIVER", "slot": 1, "person": driver.row}
    desk.act("people.add", [driver])
    desk.act("assignments.add", [desk.new("assignments", given)])
    handover.prepare(desk, KEY)
    assert handover.sign_out(desk, KEY, driver.row)["giver"] == driver.row


def test_with_accounts_in_force_a_signature_is_a_pin(desk: Desk, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[bytes, str]] = []

    def in_force(_desk: Desk) -> bool:
        return True

    def verify(_desk: Desk, person: bytes, pin: str) -> None:
        tried.append((person, pin))
        if pin != "246813":
            raise Refused("口令不对")

    monkeypatch.setattr(accounts, "in_force", in_force)
    monkeypatch.setattr(accounts, "verify", verify)
    service.save_facts(desk, KEY, {"weather": ""})
    handover.prepare(desk, KEY)
    with pytest.raises(Refused, match="天气"):
        handover.sign_out(desk, KEY, hands.giving["primary"], "246813")
    assert tried == [], "no PIN is spent on what is refused anyway"
    service.save_facts(desk, KEY, {"weather": "阴"})
    with pytest.raises(Refused, match="口令不对"):
        handover.sign_out(desk, KEY, hands.giving["primary"], "0")
    assert handover.of_shift(desk, KEY)["state"] == "PREPARED"  # pyright: ignore[reportOptionalSubscript]
    handover.sign_out(desk, KEY, hands.giving["primary"], "246813")
    with pytest.raises(Refused, match="口令不对"):
        handover.take(desk, KEY, hands.taking["primary"])
    handover.take(desk, KEY, hands.taking["primary"], "246813")
    with pytest.raises(Refused, match="口令不对"):
        handover.countersign(desk, KEY, hands.taking["leader"])
    handover.countersign(desk, KEY, hands.taking["leader"], "246813")
    assert [pin for _person, pin in tried] == ["0", "246813", "", "246813", "", "246813"]


def test_only_the_incoming_side_goes_through_the_items(desk: Desk, hands: Hands) -> None:
    order(desk, "核实转移人数")
    order(desk, "报送降雨情况")
    handover.prepare(desk, KEY)
    first, second = items(desk)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    stranger = desk.new("people", {"name": "何示例", "kind": "PERSON"})
    desk.act("people.add", [stranger])
    told = {hands.giving["primary"]: "交班人", hands.giving["secondary"]: "不是", stranger.row: "不是"}
    for person, why in told.items():
        other = handover.as_author(desk, person)
        with pytest.raises(Refused, match=why):
            handover.accept(other, first.id)
        with pytest.raises(Refused, match=why):
            handover.question(other, first.id, "谁在报")
        with pytest.raises(Refused, match=why):
            handover.identify_receiver(desk, KEY, person)
    for nobody in (replace(desk, me=Me("cli")), replace(desk, me=Me("system"))):
        with pytest.raises(Refused, match="写明是谁"):
            handover.accept(nobody, first.id)
    assert set(states(desk).values()) == {"OPEN"}
    handover.accept(handover.identify_receiver(desk, KEY, hands.taking["secondary"]), first.id)
    assert acts(desk, "handover.accept")[-1][0] == hands.taking["secondary"].hex()
    # whoever has signed in for the next shift belongs to the incoming side, named there or not
    desk.services["signed_in"] = lambda _key: {*hands.taking.values(), stranger.row}
    handover.accept(handover.identify_receiver(desk, KEY, stranger.row), second.id)
    assert set(states(desk).values()) == {"ACCEPTED"}
    assert handover.take(desk, KEY, stranger.row)["taker"] == stranger.row


def test_the_giver_is_no_receiver_though_he_stays_for_the_next_shift(desk: Desk, hands: Hands) -> None:
    order(desk, "核实转移人数")
    service.save_facts(desk, NEXT, {"secondary": hands.giving["primary"]})
    handover.prepare(desk, KEY)
    (item,) = items(desk)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    assert hands.giving["primary"] not in handover.receivers(desk, KEY)
    with pytest.raises(Refused, match="交班人"):
        handover.accept(handover.as_author(desk, hands.giving["primary"]), item.id)


def test_empty_words_are_refused(desk: Desk, hands: Hands) -> None:
    order(desk, "核实转移人数")
    handover.prepare(desk, KEY)
    (item,) = items(desk)
    with pytest.raises(Refused):
        handover.answer(desk, item.id, "  ")
    with pytest.raises(Refused):
        handover.note_joint(desk, KEY, "")
    for early in (handover.accept,):
        with pytest.raises(Refused, match="还没有签字"):
            early(desk, item.id)
    with pytest.raises(Refused, match="还没有签字"):
        handover.question(desk, item.id, "早了")
    with pytest.raises(Refused, match="没有这一项"):
        handover.answer(desk, b"\0" * 16, "无")
    with pytest.raises(Refused, match="还没有签字"):
        handover.prepare(desk, KEY)
    with pytest.raises(Refused):
        handover.prepare(desk, "2026-06-18/NIGHT")
    with pytest.raises(Refused, match="没有开始"):
        handover.sign_out(desk, NEXT, hands.taking["primary"])


# -- one side alone ----------------------------------------------------------------------------------------------------


def test_one_side_takes_over_alone(desk: Desk, clock: FixedClock, hands: Hands) -> None:
    incident(desk, "示例山", major=1)
    desk.services.pop("signed_in")
    with pytest.raises(Refused) as caught:
        handover.emergency(desk, KEY, hands.taking["primary"], "  ")
    refused(caught, "reason")
    held = handover.emergency(desk, KEY, hands.taking["primary"], "交班组撤离受阻，值班室已断电")
    assert (held["state"], held["taker"], held["taken_at"], held["giver"]) == (
        "EMERGENCY", hands.taking["primary"], clock.at, None,
    )  # fmt: skip
    assert held["sealed_head"]
    assert [row["state"] for row in items(desk)] == ["OPEN"]
    (item,) = handover_items(desk)
    assert (item.severity, item.detail) == (2, "交班组撤离受阻，值班室已断电")
    assert desk.figures(0, clock.at + 1)["shifts.handover"].severity == 2
    assert any("单方接班" in row.text("text") for row in desk.rows("log"))
    accept_all(desk)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    with pytest.raises(Refused, match="已经签字"):
        handover.sign_out(desk, KEY, hands.giving["primary"])
    assert handover_items(desk)
    handover.countersign(desk, KEY, hands.giving["leader"])
    assert handover_items(desk) == []
    assert "shifts.handover" not in desk.figures(0, clock.at + 1)


def test_one_side_leaves_alone(desk: Desk, clock: FixedClock, hands: Hands) -> None:
    handover.prepare(desk, KEY)
    held = handover.emergency(desk, KEY, hands.giving["primary"], "接班组被困途中，市局命令撤离")
    assert (held["state"], held["taken_at"], held["sealed_head"]) == ("EMERGENCY", None, None)
    with pytest.raises(Refused, match="没有人接班"):
        handover.countersign(desk, KEY, hands.giving["leader"])
    with pytest.raises(Refused, match="单方交接"):
        handover.emergency(desk, KEY, hands.taking["primary"], "再来一次")
    assert handover.shift_for(desk, clock.at + 3 * HOUR) == KEY, "nobody has the desk yet"
    clock.advance(HOUR)
    held = handover.take(desk, KEY, hands.taking["primary"])
    assert (held["state"], held["taken_at"]) == ("EMERGENCY", clock.at)
    assert held["sealed_head"]
    handover.countersign(desk, KEY, hands.taking["leader"])


def test_nobody_from_elsewhere_hands_over(desk: Desk, hands: Hands) -> None:
    stranger = desk.new("people", {"name": "外示例", "kind": "PERSON"})
    desk.act("people.add", [stranger])
    with pytest.raises(Refused, match="值班人员"):
        handover.emergency(desk, KEY, stranger.row, "路过")
    assert handover.of_shift(desk, KEY) is None


# -- the seal ----------------------------------------------------------------------------------------------------------


def test_the_head_at_the_takeover_is_sealed(desk: Desk, hands: Hands) -> None:
    held = handed_over(desk, hands)
    with desk.store.read() as connection:
        seq, head = connection.exec_driver_sql("SELECT seq, hash FROM act WHERE kind = 'handover.take'").one()
    assert (held["sealed_seq"], held["sealed_head"]) == (seq, bytes(head).hex())
    ((_by, body),) = acts(desk, "handover.seal")
    assert body["note"] == f"{desk.config.desk}/1/{seq}"
    assert handover.seal(desk, KEY).values == held.values, "a seal is set once"
    assert len(acts(desk, "handover.seal")) == 1


def test_a_seal_that_was_cut_off_is_made_up_for(desk: Desk, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(_desk: Desk, key: str) -> Row:
        found = handover.of_shift(desk, key)
        assert found is not None
        return found

    with monkeypatch.context() as patched:
        patched.setattr(handover, "seal", cut)
        assert handed_over(desk, hands)["sealed_head"] is None
    assert handover.seal(desk, KEY)["sealed_head"]


@pytest.mark.parametrize(
    ("happened", "recorded", "late"),
    [
        ("2026-06-19 08:10", "2026-06-19 08:14", False),
        ("2026-06-19 08:10", "2026-06-19 08:16", True),
        ("2026-06-19 08:15:30", "2026-06-19 08:16", False),  # after the takeover: the new crew's own
        ("2026-06-18 08:29", "2026-06-19 09:00", False),  # another shift
        ("2026-06-18 08:30", "2026-06-19 09:00", True),
        ("2026-06-19 08:31", "2026-06-19 09:00", False),
    ],
)
def test_what_was_typed_later_for_a_sealed_shift(
    desk: Desk, hands: Hands, happened: str, recorded: str, late: bool
) -> None:
    handed_over(desk, hands)
    spans = seals.sealed(desk, parse_iso("2026-06-17 00:00"), parse_iso("2026-06-20 00:00"))
    assert spans == [(parse_iso("2026-06-18 08:30"), parse_iso("2026-06-19 08:30"), MORNING)]
    assert seals.typed_later(spans, parse_iso(happened), parse_iso(recorded)) is late
    assert seals.sealed(desk, parse_iso("2026-06-19 08:30"), parse_iso("2026-06-20 00:00")) == []


# -- which shift, and what time it is ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "prepared", "wanted"),
    [
        ("2026-06-19 08:15", False, KEY),
        ("2026-06-19 08:45", False, KEY),  # nobody has handed over yet
        ("2026-06-19 20:29", False, KEY),
        ("2026-06-19 20:30", False, NEXT),  # and nobody will
        ("2026-06-19 21:00", True, KEY),  # begun is to be finished
    ],
)
def test_which_hand_over_is_due(
    desk: Desk, clock: FixedClock, hands: Hands, moment: str, prepared: bool, wanted: str
) -> None:
    if prepared:
        handover.prepare(desk, KEY)
    clock.at = parse_iso(moment)
    assert handover.shift_for(desk, clock.at) == wanted


def test_a_finished_hand_over_makes_room_for_the_next(desk: Desk, clock: FixedClock, hands: Hands) -> None:
    handed_over(desk, hands)
    assert handover.shift_for(desk, clock.at) == KEY
    assert handover.shift_for(desk, parse_iso("2026-06-19 08:45")) == KEY, "to be counter-signed and printed"
    late = parse_iso("2026-06-20 07:29")
    assert handover.shift_for(desk, late) == KEY, "whoever is late with signing keeps the sheet in sight"
    assert handover.shift_for(desk, parse_iso("2026-06-20 07:30")) == NEXT, "its own is to be done"
    handover.countersign(desk, KEY, hands.taking["leader"])
    assert handover.shift_for(desk, parse_iso("2026-06-19 09:29")) == KEY, "to be printed"
    assert handover.shift_for(desk, late) == NEXT
    service.record_print(desk, "P01", "交接班记录表", KEY, b"%PDF")
    assert handover.shift_for(desk, parse_iso("2026-06-19 08:45")) == NEXT
    assert pending.unprinted_sheets(desk) == []


def test_the_next_one_begun_makes_room(desk: Desk, clock: FixedClock, hands: Hands) -> None:
    handed_over(desk, hands)
    clock.at = parse_iso("2026-06-19 15:00")
    assert handover.shift_for(desk, clock.at) == KEY
    handover.prepare(desk, NEXT)
    assert handover.shift_for(desk, clock.at) == NEXT


def test_only_the_giver_answers_what_is_asked(
    desk: Desk, hands: Hands, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(desk, "核实转移人数")
    handover.prepare(desk, KEY)
    giver = hands.giving["primary"]
    handover.sign_out(desk, KEY, giver)
    (item,) = handover.items_of(desk, handover.of_shift(desk, KEY))
    handover.question(receiving(desk), item.id, "谁在等回复")
    for other in (hands.taking["primary"], hands.giving["secondary"]):
        with pytest.raises(Refused, match="本人答复"):
            handover.answer(handover.as_author(desk, other), item.id, "街道")
        with pytest.raises(Refused, match="本人答复"):
            handover.answer(desk, item.id, "街道", other)
    assert handover.items_of(desk, handover.of_shift(desk, KEY))[0]["state"] == "QUESTIONED"
    accounts.enrol(desk, giver, "240817")
    with pytest.raises(Refused, match="口令"):
        handover.answer(receiving(desk), item.id, "街道", giver, "240818")
    row = handover.answer(receiving(desk), item.id, "街道陈示例", giver, "240817")
    assert row["state"] == "ANSWERED"
    assert acts(desk, "handover.answer")[-1][0] == giver.hex()


def test_of_a_desk_taken_over_alone_the_outgoing_crew_answers(desk: Desk, hands: Hands) -> None:
    order(desk, "核实转移人数")
    handover.prepare(desk, KEY)
    handover.emergency(desk, KEY, hands.taking["primary"], "交班人送医")
    (item,) = handover.items_of(desk, handover.of_shift(desk, KEY))
    handover.question(receiving(desk), item.id, "谁在等回复")
    with pytest.raises(Refused, match="操作人"):
        handover.answer(receiving(desk), item.id, "街道")
    row = handover.answer(handover.as_author(desk, hands.giving["secondary"]), item.id, "街道陈示例")
    assert row["state"] == "ANSWERED"


def test_the_clock_is_set_back_during_the_shift(desk: Desk, clock: FixedClock, hands: Hands) -> None:
    """What was signed stays in the journal's order, and is sealed; the clock's word is kept as it was."""
    order(desk, "核实转移人数")
    handover.prepare(desk, KEY)
    given = handover.sign_out(desk, KEY, hands.giving["primary"]).number("given_at")
    accept_all(desk)
    clock.at = parse_iso("2026-06-19 07:00")
    held = handover.take(desk, KEY, hands.taking["primary"])
    assert held.number("taken_at") < given
    assert desk.store.clock_behind > 0
    assert held["state"] == "TAKEN_OVER"
    with desk.store.read() as connection:
        found = seals.seal_of(connection, held)
    assert found is not None
    assert found.seq == held["sealed_seq"]
    assert handover.shift_for(desk, clock.at) == KEY


@pytest.mark.parametrize(
    ("pattern", "day", "key", "following"),
    [
        ("H24_0830", "2026-12-31 23:50", "2026-12-31/H24", "2027-01-01/H24"),
        ("DAY_NIGHT", "2026-06-19 00:10", "2026-06-18/NIGHT", "2026-06-19/DAY"),
        ("DAY_NIGHT", "2026-12-31 17:00", "2026-12-31/DAY", "2026-12-31/NIGHT"),
        ("H24_0830", "2028-02-29 08:00", "2028-02-28/H24", "2028-02-29/H24"),
    ],
)
def test_across_midnight_and_across_the_year(
    tmp_path: object, clock: FixedClock, pattern: str, day: str, key: str, following: str
) -> None:
    from pathlib import Path

    from tests.desks import a_desk

    assert isinstance(tmp_path, Path)
    clock.at = parse_iso(day)
    with a_desk(tmp_path / "other", clock, desk="5f" * 16, shift_pattern=pattern) as desk:
        names = [
            desk.new("people", {"name": name, "kind": "PERSON"}) for name in ("甲示例", "乙示例", "丙示例", "丁示例")
        ]
        desk.act("people.add", names)
        ids = [change.row for change in names]
        whole_shift(desk, key, {"leader": ids[0], "primary": ids[1], "secondary": ids[2]})
        service.save_facts(desk, following, {"leader": ids[0], "primary": ids[3], "secondary": ids[2]})
        desk.services.pop("signed_in", None)
        assert handover.shift_for(desk, clock.at) == key
        handover.prepare(desk, key)
        handover.sign_out(desk, key, ids[1])
        for row in handover.items_of(desk, handover.of_shift(desk, key)):
            handover.accept(handover.as_author(desk, ids[3]), row.id)
        held = handover.take(desk, key, ids[3])
        assert held["next_shift"] == following
        _span, row = service.find(desk, following)
        assert row is not None
        assert row["taken_over_at"] == clock.at
        handover.countersign(desk, key, ids[0])


# -- what scripts see --------------------------------------------------------------------------------------------------


def test_the_status_tells_the_step_and_what_is_in_the_way(desk: Desk, hands: Hands) -> None:
    service.save_facts(desk, KEY, {"weather": ""})
    told = commands.status(desk)
    assert (told["shift"], told["state"], told["step"]) == (KEY, None, "CHECK")
    assert told["problems"] == [{"field": "missing", "reason": "本班还没有填：天气"}]
    service.save_facts(desk, KEY, {"weather": "阴"})
    order(desk, "核实转移人数")
    handover.prepare(desk, KEY)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    told = commands.status(desk)
    assert (told["state"], told["step"], told["unsettled"], told["giver"]) == ("SIGNED_OUT", "REVIEW", 1, "李示例")
    assert told["given_at"] == "2026-06-19T08:15:00+08:00"
    accept_all(desk)
    held = handover.take(desk, KEY, hands.taking["primary"])
    told = commands.status(desk, KEY)
    assert (told["seal"]["seq"], told["seal"]["hash"]) == (held["sealed_seq"], held["sealed_head"])
    assert told["unprinted"] == [KEY]
    assert json.loads(json.dumps(told)) == told


def test_blocks_keep_their_order(desk: Desk) -> None:
    assert blocks.codes() == ["INCIDENTS", "WARNINGS", "RESPONSES", "INSTRUCTIONS", "TODO", "EQUIPMENT"]
