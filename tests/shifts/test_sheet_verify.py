"""What a sheet covers where a district has several desks, and what the record says to a sheet: sealed, printed before,
tampered with, from a desk that was restored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dutydesk.cli import parse, run
from dutydesk.core.clock import DAY, MINUTE, FixedClock, parse_iso
from dutydesk.features import FEATURES, schema
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Change
from dutydesk.shifts import handover, seals, service, sheet
from dutydesk.shifts.sheet import Place, covers
from dutydesk.sync import restoring, snapshots
from tests.desks import a_desk
from tests.journal.desks import deliver
from tests.shifts.handing import KEY, NEXT, Hands, handed_over, order, two_crews

NOW = parse_iso("2026-06-19 08:15")


@pytest.fixture
def hands(desk: Desk, clock: FixedClock, crew: dict[str, bytes]) -> Hands:
    return two_crews(desk, clock, crew)


@pytest.fixture
def other(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    """The second desk of the district."""
    with a_desk(tmp_path / "second", clock, desk="6f" * 16, code="2") as made:
        yield made


def answer(desk: Desk, text: str) -> tuple[str, str]:
    with desk.store.read() as connection:
        told = seals.check(connection, sheet.read(text))
    return told.sheet, told.seal


# -- what it covers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place("5e5e5e5e", True, 1, 512, "2026-0100", NOW), "本机至 #512"),
        (Place("2", False, 1, 88, "", parse_iso("2026-06-19 06:10")), "二号机至 #88（06:10）"),
        (Place("9", False, 1, 88, "", parse_iso("2026-06-18 23:59")), "九号机至 #88（06-18 23:59）"),
        (Place("北区", False, 1, 7, "", NOW), "北区机至 #7（08:15）"),
        (Place("0190c0de", False, 1, 7, "", NOW), "0190c0de至 #7（08:15）"),
        (Place("5e5e5e5e", False, 1, 300, "", NOW, before=True), "本机恢复前（1）至 #300（08:15）"),
    ],
)
def test_a_place_in_words(place: Place, text: str) -> None:
    assert place.text(NOW) == text


def test_one_line_for_all_desks() -> None:
    places = [Place("1", True, 1, 512, ""), Place("2", False, 1, 88, "", parse_iso("2026-06-19 06:10"))]
    assert covers(places, NOW) == "本机至 #512，二号机至 #88（06:10）"


def test_two_desks_on_paper_as_they_were_when_the_shift_was_sealed(
    desk: Desk, other: Desk, hands: Hands, clock: FixedClock
) -> None:
    clock.at = parse_iso("2026-06-19 06:10")
    order(other, "二号机的批示")
    reached = other.store.position()[0]
    clock.at = NOW
    deliver(other.store, desk.store)
    held = handed_over(desk, hands)
    clock.advance(DAY)
    order(other, "第二天的批示")
    deliver(other.store, desk.store)
    _made, places = service.made_now(desk, service.SHEET, KEY)
    assert covers(places, NOW) == f"本机至 #{held['sealed_seq']}，二号机至 #{reached}（06:10）"
    _made, places = service.made_now(desk, service.SHEET, NEXT)
    assert covers(places, clock.at) == f"本机至 #{desk.store.position()[0]}，二号机至 #{reached + 1}（08:15）"


def test_the_other_desk_knows_the_seal_too(desk: Desk, other: Desk, hands: Hands) -> None:
    held = handed_over(desk, hands)
    deliver(desk.store, other.store)
    with other.store.read() as connection:
        found = seals.seal_of(connection, seals.of_shift(connection, KEY))
    assert found is not None
    assert (found.desk, found.seq) == (desk.config.desk_id, held["sealed_seq"])
    text = seals.sheet_of(found, "330102", KEY).code()
    assert answer(other, text) == answer(desk, text) == ("same", "sealed")
    _made, places = service.made_now(other, service.SHEET, KEY)
    assert covers(places, NOW).startswith("5e5e5e5e至 #")


# -- paper against record ----------------------------------------------------------------------------------------------


def sealed_text(desk: Desk) -> str:
    made, _places = service.made_now(desk, service.SHEET, KEY)
    assert made.seal
    return made.sheet.code()


def test_each_answer(desk: Desk, hands: Hands) -> None:
    before = service.made_now(desk, service.SHEET, KEY)[0].sheet.code()
    assert answer(desk, before) == ("same", "")
    held = handed_over(desk, hands)
    text = sealed_text(desk)
    told = sheet.read(text)
    assert answer(desk, text) == ("same", "sealed")
    assert answer(desk, before) == ("same", "before")
    assert answer(desk, replace(told, head="0" * 16).code()) == ("other", "")
    assert answer(desk, replace(told, about=NEXT).code()) == ("other", ""), "the seal of another shift"
    assert answer(desk, replace(told, seq=told.seq - 1).code()) == ("other", "")
    assert answer(desk, replace(told, seq=9_999).code()) == ("absent", "")
    assert answer(desk, replace(told, desk="00000000").code()) == ("absent", "")
    # somebody writes another seal over it
    desk.act("handovers.edit", [Change("handovers", held.id, {"sealed_seq": 1, "sealed_head": "0" * 64})])
    assert answer(desk, text) == ("same", "altered")
    with desk.store.read() as connection:
        assert seals.seal_of(connection, seals.of_shift(connection, KEY)) is None


def test_a_desk_restored_from_before_and_from_after(
    desk: Desk, hands: Hands, clock: FixedClock, tmp_path: Path
) -> None:
    early = snapshots.take(desk.store.home, schema(), clock)
    handed_over(desk, hands)
    text = sealed_text(desk)
    clock.advance(MINUTE)
    order(desk, "交接以后")
    clock.advance(MINUTE)
    after = snapshots.take(desk.store.home, schema(), clock)
    root = desk.store.home.root
    desk.store.close()
    for name, copy, wanted in (("a", early, ("absent", "")), ("b", after, ("same", "sealed"))):
        place = type(desk.store.home)(tmp_path / name)
        shutil.copytree(root, place.root)
        restoring.restore(place, schema(), clock, place.snapshots / copy.path.name, {})
        with Store.open(place, schema(), clock) as store:
            restored = Desk(store, clock, Me(), FEATURES)
            assert answer(restored, text) == wanted
            places = covers(sheet_places(restored), NOW)
            assert places.startswith("本机至 #")
            assert "本机恢复前（1）至 #" in places


def sheet_places(desk: Desk) -> list[Place]:
    with desk.store.read() as connection:
        return sheet.frontier(connection, desk.config)


@pytest.mark.parametrize(
    ("change", "code", "sheet_says", "seal_says"),
    [
        ({}, 0, "same", "sealed"),
        ({"head": "f" * 16}, 1, "other", None),
        ({"about": NEXT}, 1, "other", None),
        ({"seq": 4711}, 1, "absent", None),
    ],
)
def test_verify_on_the_command_line(
    desk: Desk,
    hands: Hands,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str | int],
    code: int,
    sheet_says: str,
    seal_says: str | None,
) -> None:
    handed_over(desk, hands)
    told = sheet.read(sealed_text(desk))
    text = sheet.Sheet(
        told.district,
        told.desk,
        told.epoch,
        int(change.get("seq", told.seq)),
        str(change.get("head", told.head)),
        str(change.get("about", told.about)),
    ).code()
    home = str(desk.store.home.root)
    assert run(parse(["--home", home, "verify", "--sheet", text, "--json"])) == code
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["sheet"], said["seal"]) == (True, sheet_says, seal_says)
    assert run(parse(["--home", home, "verify", "--sheet", text])) == code
    said_in_words = capsys.readouterr().out
    assert ("封存" in said_in_words) is (seal_says == "sealed")


def test_status_and_lists_on_the_command_line(
    desk: Desk, hands: Hands, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    handed_over(desk, hands)
    home = str(desk.store.home.root)
    assert run(parse(["--home", home, "handover", "status", "--shift", KEY, "--json"])) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["shift"], told["state"], told["taker"]) == (KEY, "TAKEN_OVER", "孙示例")
    assert run(parse(["--home", home, "handover", "status", "--shift", KEY])) == 0
    assert "待带班签字" in capsys.readouterr().out
    assert run(parse(["--home", home, "handover", "status", "--shift", "2026-06-18/NONE"])) == 1
    capsys.readouterr()
    for ledger in ("handovers", "shifts", "handover_items"):
        assert run(parse(["--home", home, "list", ledger, "--json"])) == 0
        assert json.loads(capsys.readouterr().out)["ledger"] == ledger
    assert run(parse(["--home", home, "print", "P01", "--shift", KEY, "--out", str(tmp_path / "p01.pdf")])) == 0
    capsys.readouterr()
    assert handover.of_shift(desk, KEY) is not None
    (row,) = desk.rows("prints")
    assert row["head"] == sealed_text(desk)
