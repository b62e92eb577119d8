from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import DAY, HOUR, MINUTE, iso, local, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.core.reference import reference, rows
from dutydesk.daybook.rules import defaults, missing_fields, parse_due, parse_time, reminder_due, wechat_line

CATEGORIES = reference("log_categories")
NOW = parse_iso("2026-11-22 14:07:32")


def read(text: str, now: str = "2026-11-22 14:07:32") -> str:
    return iso(parse_time(text, parse_iso(now)))[:19].replace("T", " ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "2026-11-22 14:07:00"),
        ("  ", "2026-11-22 14:07:00"),
        ("刚才", "2026-11-22 14:07:00"),
        ("1402", "2026-11-22 14:02:00"),
        ("14:02", "2026-11-22 14:02:00"),
        ("14：02", "2026-11-22 14:02:00"),
        ("１４０２", "2026-11-22 14:02:00"),
        ("14.02", "2026-11-22 14:02:00"),
        ("14:02:31", "2026-11-22 14:02:31"),
        ("905", "2026-11-22 09:05:00"),
        ("9:05", "2026-11-22 09:05:00"),
        ("9点", "2026-11-22 09:00:00"),
        ("9时05分", "2026-11-22 09:05:00"),
        ("14时", "2026-11-22 14:00:00"),
        ("0000", "2026-11-22 00:00:00"),
        ("2400", "2026-11-22 00:00:00"),
        ("今0815", "2026-11-22 08:15:00"),
        ("今天 8:15", "2026-11-22 08:15:00"),
        ("昨2340", "2026-11-21 23:40:00"),
        ("昨日23:40", "2026-11-21 23:40:00"),
        ("昨天 23：40", "2026-11-21 23:40:00"),
        ("昨晚2340", "2026-11-21 23:40:00"),
        ("昨0130", "2026-11-21 01:30:00"),
        ("昨2400", "2026-11-22 00:00:00"),
        ("前天0815", "2026-11-20 08:15:00"),
        ("大前天0815", "2026-11-19 08:15:00"),
        ("11-21 2340", "2026-11-21 23:40:00"),
        ("11/21 23:40", "2026-11-21 23:40:00"),
        ("1121 2340", "2026-11-21 23:40:00"),
        ("11月21日23时40分", "2026-11-21 23:40:00"),
        ("12-31 2340", "2025-12-31 23:40:00"),
        ("20261121 2340", "2026-11-21 23:40:00"),
        ("202611212340", "2026-11-21 23:40:00"),
        ("2026-11-21 23:40", "2026-11-21 23:40:00"),
        ("2026/11/21 23:40:05", "2026-11-21 23:40:05"),
        ("2026年11月21日 23:40", "2026-11-21 23:40:00"),
        ("2026-11-21T23:40:00", "2026-11-21 23:40:00"),
        ("2026-11-21T15:40:00Z", "2026-11-21 23:40:00"),
        ("5分钟前", "2026-11-22 14:02:00"),
        ("半小时前", "2026-11-22 13:37:00"),
        ("2小时前", "2026-11-22 12:07:00"),
    ],
)
def test_times_as_they_are_typed(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("2355", "2026-11-22 00:10:00", "2026-11-21 23:55:00"),
        ("0010", "2026-11-22 00:10:00", "2026-11-22 00:10:00"),
        ("0015", "2026-11-22 00:10:00", "2026-11-22 00:15:00"),
        ("0016", "2026-11-22 00:10:00", "2026-11-21 00:16:00"),
        ("2355", "2026-11-22 23:50:00", "2026-11-22 23:55:00"),
        ("2356", "2026-11-22 23:50:00", "2026-11-21 23:56:00"),
        ("2400", "2026-11-22 00:10:00", "2026-11-22 00:00:00"),
        ("2355", "2026-12-01 00:10:00", "2026-11-30 23:55:00"),
        ("2355", "2027-01-01 00:10:00", "2026-12-31 23:55:00"),
        ("昨2340", "2027-01-01 00:10:00", "2026-12-31 23:40:00"),
        ("前天0815", "2028-03-01 08:00:00", "2028-02-28 08:15:00"),
        ("12-31 2340", "2027-01-01 00:10:00", "2026-12-31 23:40:00"),
        ("1-1 0005", "2026-12-30 23:58:00", "2026-01-01 00:05:00"),
        ("1-1 0001", "2026-12-31 23:58:00", "2027-01-01 00:01:00"),
        ("2-29 1200", "2028-03-01 08:00:00", "2028-02-29 12:00:00"),
        ("2-29 1200", "2029-01-05 08:00:00", "2028-02-29 12:00:00"),
        ("刚才", "2026-11-22 00:00:00", "2026-11-22 00:00:00"),
        ("10分钟前", "2026-11-22 00:05:00", "2026-11-21 23:55:00"),
    ],
)
def test_around_midnight_and_the_ends_of_months_and_years(text: str, now: str, expected: str) -> None:
    assert read(text, now) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("2560", "没有这个时刻"),
        ("14:60", "没有这个时刻"),
        ("2401", "没有这个时刻"),
        ("14:02:75", "没有这个时刻"),
        ("02-30 1200", "没有这一天"),
        ("2-29 1200", "没有这一天"),
        ("20261321 1200", "没有这一天"),
        ("今2340", "时间还没有到"),
        ("明0830", "时间还没有到"),
        ("2027-01-01 00:00", "时间还没有到"),
        ("20261122 1413", "时间还没有到"),
        ("昨晚1130", "24 小时制"),
        ("昨", "认不出时间"),
        ("11-21", "认不出时间"),
        ("2", "认不出时间"),
        ("14", "认不出时间"),
        ("12345", "认不出时间"),
        ("-5", "认不出时间"),
        ("晚上", "认不出时间"),
        ("30分钟后", "认不出时间"),
        ("2026-11-21T25:00:00Z", "没有这个时刻|认不出时间"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(text: str, word: str) -> None:
    with pytest.raises(Refused, match=word) as caught:
        parse_time(text, NOW)
    assert caught.value.problems[0].field == "happened_at"


@given(now=st.integers(parse_iso("2024-02-27"), parse_iso("2029-03-02")), minute=st.integers(0, 1439))
@settings(max_examples=150, deadline=None)
def test_a_time_of_day_is_the_latest_such_moment(now: int, minute: int) -> None:
    at = parse_time(f"{minute // 60:02}{minute % 60:02}", now)
    assert now + 5 * MINUTE - DAY < at <= now + 5 * MINUTE
    assert (local(at).hour, local(at).minute) == divmod(minute, 60)


@given(now=st.integers(parse_iso("2024-02-27"), parse_iso("2029-03-02")), back=st.integers(0, 360 * 24 * 60))
@settings(max_examples=150, deadline=None)
def test_every_way_of_writing_the_same_minute_agrees(now: int, back: int) -> None:
    moment = local(now - back * MINUTE)
    expected = (now - back * MINUTE) // MINUTE * MINUTE
    for form in ("%Y%m%d %H%M", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%m-%d %H%M", "%m%d %H%M", "%m月%d日%H时%M分"):
        assert parse_time(moment.strftime(form), now) == expected, form


@given(text=st.text(alphabet="0123456789:.-/ 昨前天日月年时分今晚半小前後Tz：０", max_size=16))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_gives_a_past_time_or_a_refusal(text: str) -> None:
    try:
        at = parse_time(text, NOW)
    except Refused:
        return
    assert at <= NOW + 5 * MINUTE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1500", "2026-11-22 15:00:00"),
        ("1407", "2026-11-22 14:07:00"),
        ("0830", "2026-11-23 08:30:00"),
        ("明0830", "2026-11-23 08:30:00"),
        ("明天 8:30", "2026-11-23 08:30:00"),
        ("后天0900", "2026-11-24 09:00:00"),
        ("11-23 0900", "2026-11-23 09:00:00"),
        ("1-5 0900", "2027-01-05 09:00:00"),
        ("30分钟后", "2026-11-22 14:37:00"),
        ("2小时后", "2026-11-22 16:07:00"),
    ],
)
def test_due_times_lie_ahead(text: str, expected: str) -> None:
    due = parse_due(text, NOW)
    assert due is not None
    assert iso(due)[:19].replace("T", " ") == expected


def test_a_due_time_may_be_left_out_but_not_lie_behind() -> None:
    assert parse_due(" ", NOW) is None
    for text in ("昨0830", "20261121 2340", "今0830", "一会儿"):
        with pytest.raises(Refused):
            parse_due(text, NOW)


def test_a_call_needs_its_party_and_handling() -> None:
    entry = {"category": "PHONE_IN", "text": "积水", "direction": "IN", "means": "PHONE"}
    assert missing_fields(entry, CATEGORIES) == ("line", "party", "party_phone", "handling")
    whole = {**entry, "line": "FLOOD", "party": "凯旋街道", "party_phone": "0571-00000107", "handling": "已派人"}
    assert missing_fields(whole, CATEGORIES) == ()
    assert missing_fields({**whole, "handling": ""}, CATEGORIES) == ("handling",)


def test_a_patrol_needs_its_line_alone_and_an_incident_its_incident() -> None:
    assert missing_fields({"category": "PATROL"}, CATEGORIES) == ("line",)
    assert "incident" in missing_fields({"category": "INCIDENT"}, CATEGORIES)
    assert "incident" not in missing_fields({"category": "INCIDENT", "incident": b"x" * 16}, CATEGORIES)


def test_an_entry_without_a_known_category_needs_one() -> None:
    assert missing_fields({}, CATEGORIES) == ("category", "line")
    assert missing_fields({"category": "NO_SUCH", "line": "GOV"}, CATEGORIES) == ()


def test_what_a_category_needs_is_a_field_and_what_it_fills_in_is_a_code() -> None:
    known = {"line", "direction", "means", "party", "party_phone", "handling", "incident"}
    direction = {row["code"] for row in rows("log_categories", "direction")}
    means = {row["code"] for row in rows("log_categories", "means")}
    line = {row["code"] for row in rows("duty", "line")}
    for row in rows("log_categories", "category"):
        assert set(row["needs"]) <= known
        filled = defaults(row["code"], CATEGORIES)
        assert filled.get("direction", "IN") in direction
        assert filled.get("means", "FAX") in means
        assert filled.get("line", "GOV") in line
    assert defaults("PHONE_OUT", CATEGORIES) == {"direction": "OUT", "means": "PHONE"}
    assert defaults("NO_SUCH", CATEGORIES) == {}


@pytest.mark.parametrize(
    ("left", "state"),
    [(HOUR, "WAITING"), (10 * MINUTE + 1, "WAITING"), (10 * MINUTE, "SOON"), (1, "SOON"), (0, "DUE"), (-DAY, "DUE")],
)
def test_reminders(left: int, state: str) -> None:
    assert reminder_due(NOW + left, NOW) == state
    assert reminder_due(NOW + left, NOW, answered=True) == "NONE"
    assert reminder_due(None, NOW) == "NONE"


def test_an_entry_in_one_line_masks_numbers_and_leaves_the_caller_s_out() -> None:
    entry = {
        "category": "PHONE_IN",
        "happened_at": NOW,
        "party": "凯旋街道值班室",
        "party_phone": "0571-00000107",
        "text": "隧道积水约60厘米，\n现场电话 19900000001。",
        "handling": "已报带班领导",
    }
    assert wechat_line(entry, CATEGORIES) == (
        "11-22 14:07 【来电】 凯旋街道值班室：隧道积水约60厘米， 现场电话 199****0001；处置：已报带班领导"
    )
    assert wechat_line({"text": "接班"}, CATEGORIES) == "接班"
