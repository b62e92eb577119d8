"""The sample district: its files agree with each other and with the reference data, and nobody in it is real."""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dutydesk.attendance import duties
from dutydesk.attendance import service as attendance
from dutydesk.attendance.ledger import SPOT_CHECKS
from dutydesk.attendance.plans import DueState
from dutydesk.attendance.rules import State
from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.paths import Home, resources
from dutydesk.core.reference import by_code, reference
from dutydesk.daybook.ledger import LOG
from dutydesk.daybook.rules import missing_fields
from dutydesk.features import open_desk
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.incidents.rules import Harm, suggest_grade
from dutydesk.ledger.kinds import Ref, Time
from dutydesk.ledger.spec import Ledger
from dutydesk.people.ledger import NUMBERS, PEOPLE, POSTS, REGIONS, UNITS
from dutydesk.rain.ledger import STATIONS
from dutydesk.roster import service as rosters
from dutydesk.sample import make_sample
from dutydesk.shelters.ledger import COUNTS, SHELTERS
from dutydesk.shelters.rules import capacity, check_count, per_person, summary
from dutydesk.shifts.ledger import SHIFTS
from dutydesk.supplies.ledger import SUPPLIES
from dutydesk.teams.ledger import TEAMS
from dutydesk.warnings.ledger import WARNINGS

TABLES = ("regions", "units", "posts", "people", "numbers", "shelters", "supplies", "teams", "stations")
NAMES = (*TABLES, "night")
STREETS = "清波 湖滨 小营 南星 紫阳 望江 凯旋 采荷 闸弄口 四季青 彭埠 笕桥 丁兰 九堡".split()
PHONE = re.compile(r"(?<!\d)(?:1\d{10}|0\d{2,3}-?\d{7,8})(?!\d)")
FICTIONAL = re.compile(r"1990000\d{4}|0571-0000\d{4}")
MARK = re.compile(r"\{(?:t|d|ts):-?\d+\}")


def text_of(name: str) -> str:
    return resources("sample", f"{name}.json").read_text(encoding="utf-8")


def rows(name: str) -> list[dict[str, Any]]:
    file = json.loads(text_of(name))
    assert file["ledger"] == name
    assert all(len(row) == len(file["fields"]) for row in file["rows"])
    return [dict(zip(file["fields"], row, strict=True)) for row in file["rows"]]


def keys(name: str) -> set[str]:
    return {row["key"] for row in rows(name)}


def regions() -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in rows("regions")}


def phones_by_name() -> dict[str, set[str]]:
    names = {row["key"]: row["name"] for row in rows("people")}
    found: dict[str, set[str]] = {name: set() for name in names.values()}
    for row in rows("numbers"):
        found[names[row["person"]]].add(row["number"])
    return found


def hundredths(text: str) -> int:
    return int(Decimal(text) * 100)


@pytest.fixture(scope="module")
def night() -> dict[str, Any]:
    return json.loads(text_of("night"))


def test_files_are_small_and_hold_no_floats() -> None:
    def no_float(text: str) -> object:
        raise AssertionError(text)

    for name in NAMES:
        json.loads(text_of(name), parse_float=no_float)
    assert sum(len(text_of(name).encode()) for name in NAMES) <= 150_000


def test_every_number_is_fictional() -> None:
    for name in NAMES:
        for number in PHONE.findall(text_of(name)):
            assert FICTIONAL.fullmatch(number), f"{name}: {number}"
    assert all(FICTIONAL.fullmatch(row["number"]) for row in rows("numbers"))
    assert all(FICTIONAL.fullmatch(row["duty_phone"]) for row in rows("units"))


def test_every_file_says_that_it_is_fiction() -> None:
    for name in NAMES:
        assert json.loads(text_of(name))["note"].startswith("示例数据"), name
    assert any("（示例）" in row["name"] for row in rows("units"))


def test_names_of_people_are_made_of_stems_and_branches() -> None:
    names = [row["name"] for row in rows("people")]
    assert len(names) == len(set(names)) == 90
    assert all(re.fullmatch(r".[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]", name) for name in names)


def test_the_district_has_its_fourteen_streets() -> None:
    found = regions()
    levels = Counter(row["level"] for row in found.values())
    assert levels == {"DISTRICT": 1, "SUBDISTRICT": 14, "COMMUNITY": 187}
    streets = {row["name"] for row in found.values() if row["level"] == "SUBDISTRICT"}
    assert streets == {name + "街道" for name in STREETS}
    assert set(levels) <= set(by_code("duty", "region_level"))
    for code, row in found.items():
        assert row["parent"] == {6: "", 9: "330102", 12: code[:9]}[len(code)]
        assert not row["parent"] or row["parent"] in found
        assert len(code) < 12 or code[9] == "9"


def test_units_posts_people_and_numbers_find_each_other() -> None:
    units, posts, people = keys("units"), keys("posts"), keys("people")
    assert sum(row["key"].startswith("s") for row in rows("units")) == 14
    assert sum(row["name"].endswith("值班室") and row["key"].startswith("d") for row in rows("units")) == 21
    assert {row["unit"] for row in rows("people")} <= units
    assert {row["post"] for row in rows("people")} <= posts
    assert {row["role"] for row in rows("posts")} - {""} <= set(by_code("duty", "post"))
    assert all(row["region"] in {*regions(), ""} for row in rows("units"))
    held = Counter(row["person"] for row in rows("numbers"))
    assert set(held) == people
    assert set(held.values()) == {1, 2, 3}
    for person in people:
        orders = [row["order"] for row in rows("numbers") if row["person"] == person]
        assert orders == list(range(1, len(orders) + 1))


def test_shelters_add_up_to_the_published_figures() -> None:
    found = [
        {**row, "area_m2": hundredths(row["area_m2"]), "usable_m2": hundredths(row["usable_m2"])}
        for row in rows("shelters")
    ]
    total = summary(found, reference("shelters"))
    assert total.count_text == "205 = 4 + 14 + 187"
    assert total.area_m2 == 16_010_000
    assert total.area_text == "16.01 万㎡"
    assert (total.standardised, total.standardised_text) == (36, "17.56 %")
    assert total.without_area == 0
    each = per_person(reference("shelters"))
    states, phones = by_code("shelters", "state"), phones_by_name()
    assert len({row["name"] for row in found}) == 205
    for row in found:
        assert row["area_m2"] >= 10_000
        assert row["capacity"] == capacity(row["usable_m2"], each)
        assert row["usable_m2"] <= row["area_m2"]
        assert row["state"] in states
        assert row["region"] in regions()
        assert row["manager_phone"] in phones[row["manager"]]


def test_supplies_and_teams_use_known_codes() -> None:
    supplies, teams, phones = rows("supplies"), rows("teams"), phones_by_name()
    assert 55 <= len(supplies) <= 85
    assert 3 <= len({row["store"] for row in supplies if row["holding"] == "PHYSICAL"}) <= 5
    for row in supplies:
        assert row["class"] in by_code("supplies", "class")
        assert row["holding"] in by_code("supplies", "holding")
        assert row["region"] in regions()
        assert row["phone"] in phones[row["contact"]]
        assert row["quantity"] >= 0
    assert any(row["quantity"] < row["standard"] for row in supplies)
    assert any(row["expires_in_days"] and row["expires_in_days"] <= 90 for row in supplies)
    assert len(teams) == 25
    for row in teams:
        assert row["kind"] in by_code("teams", "kind")
        assert row["status"] in by_code("teams", "status")
        assert row["unit"] in {unit["name"] for unit in rows("units")}
        assert row["region"] in regions()
        assert row["phone"] in phones[row["leader"]]
        assert row["strength"] > 0


def test_gauges_stand_inside_the_district() -> None:
    stations = rows("stations")
    assert 14 <= len(stations) <= 20
    assert {regions()[row["region"]]["name"] for row in stations} == {name + "街道" for name in STREETS}
    for row in stations:
        assert Decimal("120.1321") < Decimal(row["lon"]) < Decimal("120.2913")
        assert Decimal("30.1949") < Decimal(row["lat"]) < Decimal("30.3957")


def test_rain_of_the_night(night: dict[str, Any]) -> None:
    step, first = night["rain"]["step"], night["rain"]["first_end"]
    names = {row["code"]: row["name"] for row in rows("stations")}
    assert set(night["samples"]) == set(names)
    hours: dict[str, int] = {}
    for code, samples in night["samples"].items():
        assert first + step * (len(samples) - 1) == 0
        assert all(value is None or 0 <= value <= 80 for value in samples)
        hours[names[code]] = max(sum(v or 0 for v in samples[i - 11 : i + 1]) for i in range(11, len(samples)))
    worst = next(code for code, name in names.items() if name == "彭埠站")
    samples = night["samples"][worst]
    assert max(hours, key=lambda name: hours[name]) == "彭埠站"
    assert hours["彭埠站"] == 425
    assert 1_200 <= sum(samples) <= 1_500
    peaks = [i for i in range(11, len(samples)) if sum(samples[i - 11 : i + 1]) == 425]
    assert len(peaks) == 1
    ends = first + step * peaks[0]
    (told,) = [entry for entry in night["log"] if "42.5毫米" in entry["text"]]
    assert 0 < told["happened_at"] - ends <= 5
    assert [names[code] for code, values in night["samples"].items() if None in values] == ["九堡站"]


def test_warnings_of_the_night(night: dict[str, Any]) -> None:
    by_key = {warning["key"]: warning for warning in night["warnings"]}
    assert len(by_key) == len(night["warnings"])
    (test,) = [warning for warning in night["warnings"] if warning["status"] == "TEST"]
    assert test["colour"] == "RED"
    assert test["state"] != "ACTIVE"
    rain = [w["colour"] for w in night["warnings"] if w["type"] == "11B03" and w["status"] == "ACTUAL"]
    assert rain == ["BLUE", "YELLOW", "ORANGE", "ORANGE"]
    names = {code: row["name"] for code, row in regions().items()}
    for warning in night["warnings"]:
        assert warning["type"] in by_code("event_codes", "event_code")
        assert warning["areas"] == "、".join(names[code] for code in warning["area_codes"].split())
        assert warning["issued_at"] <= warning["starts_at"] < warning["ends_at"]
        assert (warning["state"] == "ACTIVE") == (
            warning["status"] == "ACTUAL"
            and warning["ends_at"] > 0
            and not any(later.get("refers") == warning["key"] for later in night["warnings"])
        )
        earlier = by_key.get(warning.get("refers", ""))
        assert (warning["kind"] == "UPDATE") == (earlier is not None)
        assert earlier is None or earlier["issued_at"] < warning["issued_at"]
        assert warning["identifier"].endswith(f"_{{ts:{warning['issued_at']}}}")


def test_the_log_of_the_night(night: dict[str, Any]) -> None:
    log = night["log"]
    entries = {entry["key"]: entry for entry in log}
    assert len(entries) == len(log)
    assert 40 <= len(log) <= 60
    incidents = {incident["key"] for incident in night["incidents"]}
    recorded = [entry["happened_at"] + entry.get("typed_after", 1) for entry in log]
    assert recorded == sorted(recorded)
    assert recorded[-1] <= 0
    assert -night["minutes"] <= min(entry["happened_at"] for entry in log)
    for entry in log:
        assert entry["category"] in by_code("log_categories", "category")
        assert entry["line"] in by_code("duty", "line")
        assert entry["direction"] in {*by_code("log_categories", "direction"), ""}
        assert entry["means"] in {*by_code("log_categories", "means"), ""}
        assert entry["by"] in ("PRIMARY", "SECONDARY")
        assert entry.get("incident", "i1") in incidents
        for link in ("answers", "amends"):
            if link in entry:
                assert entries[entry[link]]["happened_at"] <= entry["happened_at"]
        assert ("amends" in entry) == ("reason" in entry)
        assert entry.get("due_at", entry["happened_at"]) >= entry["happened_at"]


def test_the_night_leaves_something_to_hand_over(night: dict[str, Any]) -> None:
    answered = {entry.get("answers") for entry in night["log"]}
    open_due = [e["due_at"] for e in night["log"] if "due_at" in e and e["key"] not in answered]
    assert len(open_due) == 3
    assert all(due > 0 for due in open_due)
    lacking = [e for e in night["log"] if missing_fields(e, reference("log_categories"))]
    assert [entry["party"] for entry in lacking] == ["南星街道值班室"]
    assert {
        i["key"] for i in night["incidents"] if not any(u["set"].get("state") == "CLOSED" for u in i["updates"])
    } == {
        "i1",
        "i4",
    }


def test_texts_name_no_clock_time_of_their_own(night: dict[str, Any]) -> None:
    def strings(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for key, item in value.items() if key != "syntax" for text in strings(item)]
        if isinstance(value, list):
            return [text for item in value for text in strings(item)]
        return [value] if isinstance(value, str) else []

    for text in strings(night):
        plain = MARK.sub("", text)
        assert "{" not in plain, text
        assert not re.search(r"\d{1,2}[::]\d{2}|凌晨|今晚|上午|下午|傍晚|天亮", plain), text
        assert "!" not in plain, text
        assert "!" not in plain, text


def test_incidents_of_the_night(night: dict[str, Any]) -> None:
    assert len(night["incidents"]) == 4
    for incident in night["incidents"]:
        assert incident["type"] in by_code("event_codes", "event_code")
        assert incident["source"] in by_code("sources", "source_kind")
        assert incident["region"] in regions()
        assert incident["grade"] in by_code("incident_grades", "grade")
        suggestion = suggest_grade(Harm.of(incident), incident["type"], reference("incident_grades"))
        assert suggestion is None or suggestion.grade == incident["grade"]
        assert incident["happened_at"] <= incident["received_at"]
        times = [update["at"] for update in incident["updates"]]
        assert times == sorted(times)
        assert all(incident["received_at"] <= at <= 0 for at in times)
        for update in incident["updates"]:
            assert update["set"].get("state", "OPEN") in by_code("incident_grades", "incident_state")
            if "reported_at" in update["set"]:
                assert update["set"]["reported_at"] == update["at"] <= incident["happened_at"] + 120
    (unreported,) = [i for i in night["incidents"] if not any("reported_at" in u["set"] for u in i["updates"])]
    assert 0 < unreported["happened_at"] + 120 <= 30


def test_people_in_shelters(night: dict[str, Any]) -> None:
    shelters = {row["key"]: row for row in rows("shelters")}
    opened = {change["shelter"]: change["at"] for change in night["shelter_states"] if change["state"] == "OPEN"}
    inside: Counter[str] = Counter()
    for count in night["shelter_counts"]:
        key = count["shelter"]
        assert opened[key] <= count["at"] <= 0
        inside[key] = check_count(inside[key], count["in"], count["out"])
        assert inside[key] <= shelters[key]["capacity"]
        assert set(filter(None, count.get("needs", "").split(","))) <= set(by_code("shelters", "need"))
    assert set(opened) <= set(shelters)
    assert all(shelters[key]["state"] == "READY" for key in opened)
    present = sum(inside.values())
    assert any(f"启用安置点{len(opened)}处，在点{present}人" in entry["text"] for entry in night["log"])
    assert (len(opened), present) == (5, 214)


def test_every_crew_is_one_leader_and_two_staff(night: dict[str, Any]) -> None:
    people = {row["key"]: row for row in rows("people")}
    assert len(night["crews"]) >= 3
    for crew in night["crews"]:
        for post in ("leader", "primary", "secondary"):
            assert people[crew[post]]["post"] == post
        assert crew["weather"] in {row["zh"] for row in by_code("duty", "weather").values()}
        assert crew["mode"] in by_code("duty", "duty_mode")
        assert crew["risk_level"] in by_code("duty", "risk_level")


LEDGERS: tuple[Ledger, ...] = (
    REGIONS,
    UNITS,
    POSTS,
    PEOPLE,
    NUMBERS,
    SHELTERS,
    SUPPLIES,
    TEAMS,
    STATIONS,
)
RELATIVE = {"key", "verified_days_ago", "expires_in_days"}


def check_values(ledger: Ledger, row: dict[str, Any], apart: set[str]) -> None:
    """Every value is what the ledger's own kind reads; references are names in these files, times are offsets."""
    for name, value in row.items():
        if name in apart:
            continue
        field = ledger[name]
        if value is None or isinstance(field.kind, Ref | Time):
            continue
        read = field.kind.parse(MARK.sub("0", str(value)), field)
        assert (read is not None) == (value != ""), f"{ledger.name}.{name}: {value}"


@pytest.mark.parametrize("ledger", LEDGERS, ids=lambda ledger: ledger.name)
def test_the_lists_read_as_their_ledgers_do(ledger: Ledger) -> None:
    for row in rows(ledger.name):
        check_values(ledger, row, RELATIVE)


def test_the_night_reads_as_its_ledgers_do(night: dict[str, Any]) -> None:
    for name, ledger, apart in (
        ("log", LOG, {"key", "by", "typed_after"}),
        ("incidents", INCIDENTS, {"key", "by", "updates"}),
        ("warnings", WARNINGS, {"key"}),
        ("shelter_counts", COUNTS, set[str]()),
        ("crews", SHIFTS, set[str]()),
        ("spot_checks", SPOT_CHECKS, {"by"}),
    ):
        for row in night[name]:
            check_values(ledger, row, apart)
    for incident in night["incidents"]:
        for update in incident["updates"]:
            check_values(INCIDENTS, update["set"], set())


def test_the_roster_has_the_nights_own_crews_and_people_who_may_stand_there() -> None:
    roster, night = json.loads(text_of("roster")), json.loads(text_of("night"))
    posts = {"LEADER": "leader", "PRIMARY": "primary", "SECONDARY": "secondary"}
    staff = {one["person"]: one["posts"].split() for one in roster["staff"]}
    assert set(staff) <= keys("people")
    for post, people in roster["turns"].items():
        assert all(post in staff[person] for person in people)
        for day, crew in enumerate(night["crews"]):
            assert people[day % len(people)] == crew[posts[post]]
    assert roster["ahead"] >= 8  # seven days beyond the night's second date
    assert len(night["crews"]) <= roster["swap"]["day"] < roster["swap"]["other_day"] <= roster["ahead"]


@pytest.mark.parametrize(
    ("end", "first", "last", "shifts"),
    [
        ("2026-06-19 06:30", "2026-06-01", "2026-06-30", 1),
        # The night lies across a hand-over, the week beyond it in December.
        ("2026-11-28 14:20", "2026-11-01", "2026-12-31", 2),
    ],
)
def test_the_crew_is_there_and_the_month_is_planned(
    tmp_path: Path, end: str, first: str, last: str, shifts: int
) -> None:
    clock = FixedClock(parse_iso(end))
    make_sample(Home(tmp_path / "desk"), clock, seed=1)
    desk = open_desk(Home(tmp_path / "desk"), clock)
    with desk.store:
        lines = attendance.roll(desk).lines
        assert [(line.post, line.state, line.late) for line in lines] == [
            (post, State.IN, 0) for post in ("LEADER", "PRIMARY", "SECONDARY")
        ]
        signs = Counter(row.text("sign") for row in desk.rows("sign_ins"))
        assert signs == {"IN": 3 * shifts, **({"OUT": 3} if shifts > 1 else {})}
        due = {item.state for item in duties.due_list(desk)}
        assert DueState.DONE in due
        assert due <= {DueState.DONE, DueState.AHEAD}
        assert [row.text("result") for row in desk.rows("spot_checks")] == ["IN_POST", "IN_POST"]
        grid = rosters.grid(desk, first, last)
        assert grid.published
        assert all(day.known for day in grid.days)
        assert all(cell.person and not cell.problems for cell in grid.cells.values() if cell.wanted)
        calendar = {row.text("source") for row in desk.rows("day_types")}
        assert calendar == {"示例数据，不是放假安排"}
