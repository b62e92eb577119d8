"""Faults that other duty programs had, each over everything that is declared here: a setting that nothing reads, a row
that a filter loses because a field is empty, a deleted row that one view still shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest

from dutydesk.accounts.rules import policy_of
from dutydesk.admin.known import refusal
from dutydesk.attendance import limits
from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.core.reference import rows as reference_rows
from dutydesk.core.settings import DeskConfig
from dutydesk.daybook import entry
from dutydesk.daybook import service as daybook
from dutydesk.exchange.exporting import export
from dutydesk.features import FEATURES, schema
from dutydesk.incidents import clocks
from dutydesk.journal import history, plain, settings
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query
from dutydesk.journal.settings import Setting
from dutydesk.ledger.feature import Change, Known
from dutydesk.ledger.kinds import Code, Day, Phone, Ref, Time
from dutydesk.ledger.spec import Field, Ledger, Mode, Search
from dutydesk.papers import limits as paper_limits
from dutydesk.rain.thresholds import thresholds
from dutydesk.roster import facts
from dutydesk.shifts import handover, pending
from dutydesk.shifts import service as shifts
from dutydesk.sync import planning
from dutydesk.transit import limits as transit
from dutydesk.warnings import standing
from tests.desks import a_desk
from tests.journal.desks import deliver

PACKAGE = Path(__file__).resolve().parent.parent / "dutydesk"
LEDGERS = sorted(schema().shapes)
MERGED = [name for name in LEDGERS if schema()[name].ledger.mode is Mode.MERGE]
CODED = [
    (name, field.name)
    for name in LEDGERS
    for field in schema()[name].ledger.fields
    if isinstance(field.kind, Code) and field.choices and not field.required
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", FixedClock(parse_iso("2026-06-18 22:00"))) as made:
        yield made


def least(ledger: Ledger) -> dict[str, Any]:
    """A row with nothing but what saving demands."""
    return {field.name: some(field) for field in ledger.fields if field.required and field.name != ledger.number}


def some(field: Field) -> Any:
    match field.kind:
        case Code() if field.choices:
            return field.choices[0].code
        case Time():
            return parse_iso("2026-06-18 21:00")
        case Day():
            return "2026-06-18"
        case Phone():
            return "0571-00000001"
        case Ref():
            return b"\x01" * 16
        case kind:
            return 1 if kind.numeric else f"示例{field.name}"


@pytest.mark.parametrize("name", [field.name for field in fields(DeskConfig)])
def test_every_setting_of_a_desk_is_read_somewhere(name: str) -> None:
    used = re.compile(rf"\.{name}\b")
    home = PACKAGE / "core" / "settings.py"
    places = [file for file in PACKAGE.rglob("*.py") if file != home and used.search(file.read_text(encoding="utf-8"))]
    own = used.findall(home.read_text(encoding="utf-8"))
    assert places or own, f"{name} can be set and changes nothing"


# -- rules and thresholds: rows of the ledger `settings` ---------------------------------------------------------------


def declared() -> list[Known]:
    """Every setting that a feature says it reads, in a district of Zhejiang."""
    dotted = [feature.settings.split(":") for feature in FEATURES if feature.settings]
    return [one for module, name in dotted for one in getattr(import_module(module), name)("330102")]


class Asked(dict[str, str]):
    """Settings of which none is written: notes which ones are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_asked.add(key)
        return default

    def told(self, _desk: Desk, key: str) -> str:
        return self.get(key, "")

    def all(self, _connection: Any, _prefix: str) -> Mapping[str, str]:
        return self


def bundles(given: Mapping[str, str]) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "values", lambda _connection, _prefix: given)
        return transit.limits(cast("Any", None))


NUMBERS: dict[str, Callable[[Mapping[str, str]], object]] = {
    "account.": lambda given: policy_of(reference_rows("roles", "setting"), given),
    "report.": clocks.rules_of,
    "warnings.": standing.hours_of,
    "attendance.": limits.limits_of,
    "bundle.": bundles,
    "papers.": paper_limits.limits_of,
    "rain.": lambda given: thresholds([Setting(key, value, date="2026-01-01") for key, value in given.items()]),
}
"""Readers of the settings of one prefix, as functions of what is written."""
if any(one.key.startswith("sync.") for one in declared()):
    NUMBERS["sync."] = planning.rules_of
TRIED = ("7", "2", "1", "8192", "0", "ALL_HANDS", "3h 77", "77.7", "03:33", "x", "-1", "1.5", "１２", " ", "9" * 12)


def every_key(desk: Desk, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask every reader for everything that it reads."""
    for read in [reader for prefix, reader in NUMBERS.items() if prefix != "rain."]:
        read(asked)
    for module in (entry, daybook, handover):
        monkeypatch.setattr(module, "setting", asked.told)
    entry.quick_texts(desk)
    daybook.late_minutes(desk)
    handover.major(desk)
    with pytest.MonkeyPatch.context() as patch, desk.store.read() as connection:
        patch.setattr(settings, "values", asked.all)
        shifts.equipment_names(connection)
        pending.unprinted(connection, desk.clock.now())
    monkeypatch.setattr(facts, "settings", asked.all)
    for mode in reference_rows("duty", "duty_mode"):
        desk.act("posture.add", [desk.new("postures", {"mode": mode["code"], "starts_on": "2026-06-01"})])
    made = facts.facts(desk, "2026-06-18", "2026-06-18")
    made.demand("2026-06-18")
    for check in reference_rows("roster", "check"):
        made.hard(check["code"])
    for post in made.posts:
        made.post_label(post)
    for key in [f"rain.{row['code']}" for row in reference_rows("rain", "settings")]:
        assert not thresholds([Setting(key, "3", date="2026-01-01")]).problems
        asked.get(key)
    for colour in reference_rows("rain", "colours"):
        assert not thresholds([Setting(f"rain.signal.{colour['code']}", "3h 77", date="2026-01-01")]).problems
        asked.get(f"rain.signal.{colour['code']}")


def test_every_key_that_is_read_is_known_and_every_known_key_is_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked()
    every_key(desk, asked, monkeypatch)
    known = declared()
    assert len(known) > 100
    assert len({one.key for one in known}) == len(known), "a key is declared twice"
    assert asked.keys_asked == {one.key for one in known}


def test_whoever_reads_settings_says_which() -> None:
    reads = re.compile(r"from dutydesk\.journal(\.settings import| import [^\n]*\bsettings\b)")
    found = {path.parent.name for path in PACKAGE.rglob("*.py") if reads.search(path.read_text(encoding="utf-8"))}
    declaring = [feature for feature in FEATURES if feature.settings]
    said = {dotted.split(".")[1] for one in declaring for dotted in (one.settings, one.pane) if dotted}
    assert found - {"admin", "journal", "sync"} <= said, "sync is a library: the feature that shows it declares for it"


def test_the_text_of_every_default_is_one_that_may_be_written() -> None:
    for one in declared():
        if one.default and one.check is not None:
            one.check(one.default)
        assert one.label
        assert one.source or not one.default, one.key


def test_what_a_check_takes_changes_what_is_read_and_what_it_refuses_does_not() -> None:
    def takes(one: Known, text: str) -> bool:
        return not refusal(one, text)

    tried = 0
    for one in declared():
        read = next((reader for prefix, reader in NUMBERS.items() if one.key.startswith(prefix)), None)
        if read is None:
            continue
        taken = [text for text in TRIED if text.strip() and text != one.default and takes(one, text)]
        assert taken, one.key
        assert read({one.key: taken[0]}) != read({}), one.key
        if one.key.startswith("rain."):
            continue  # tells of what it could not read
        for text in [text for text in TRIED if text.strip() and not takes(one, text)]:
            assert re.search("[一-鿿]", refusal(one, text)), one.key
            assert read({one.key: text}) == read({}), (one.key, text)
            tried += 1
    assert tried > 100


@pytest.mark.parametrize(("ledger", "field"), CODED)
def test_a_row_without_a_value_is_in_the_list_and_in_every_negative_filter(desk: Desk, ledger: str, field: str) -> None:
    row = desk.new(ledger, least(desk.ledger(ledger)))
    desk.act(f"{ledger}.add", [row])
    code = desk.ledger(ledger)[field].choices[0].code
    assert [held.id for held in desk.rows(ledger)] == [row.row]
    for condition in (Condition(field, "!=", code), Condition(field, "null")):
        assert [held.id for held in desk.rows(ledger, condition)] == [row.row], condition
        assert desk.count(ledger, condition) == 1, condition
        assert [held.id for held in desk.pages(Query(ledger, (condition,))).page(0)] == [row.row], condition


@pytest.mark.parametrize("ledger", LEDGERS)
@pytest.mark.parametrize("backward", [False, True])
def test_an_order_loses_no_row_that_lacks_the_field(desk: Desk, ledger: str, backward: bool) -> None:
    row = desk.new(ledger, least(desk.ledger(ledger)))
    desk.act(f"{ledger}.add", [row])
    for field in desk.ledger(ledger).fields:
        query = Query(ledger, order=f"-{field.name}" if backward else field.name)
        assert [held.id for held in desk.pages(query).page(0)] == [row.row], field.name


@pytest.mark.parametrize("ledger", MERGED)
def test_a_deleted_row_is_gone_from_every_view_and_stays_in_the_record(desk: Desk, ledger: str, tmp_path: Path) -> None:
    declared = desk.ledger(ledger)
    row = desk.new(ledger, least(declared))
    desk.act(f"{ledger}.add", [row])
    word = next((str(row.values[item.name]) for item in declared.searched if row.values.get(item.name)), "")
    if word:
        assert [held.id for held in desk.rows(ledger, search=word)] == [row.row]
    plain.remove(desk, ledger, row.row)
    assert desk.rows(ledger) == []
    assert desk.count(ledger) == 0
    assert desk.pages(Query(ledger)).count() == 0
    assert not any(item.row == row.row for item in desk.open_items())
    if word:
        assert desk.rows(ledger, search=word) == []
        assert not any(found.row == row.row for found in desk.find(word))
    target = tmp_path / "list.csv"
    assert export(desk, declared, Query(ledger), target) == 0
    if word and any(item.search is not Search.NO and not item.personal for item in declared.fields):
        assert word not in target.read_text(encoding="utf-8-sig").partition("\n")[2]
    with desk.store.read() as connection:
        versions = history.history(connection, desk.store.schema[ledger], row.row)
    assert len(versions) == 2, "its making and its deletion"
    with pytest.raises(Refused):
        desk.act(f"{ledger}.edit", [Change(ledger, row.row, row.values)])


def test_two_desks_of_a_district_give_no_number_twice(tmp_path: Path) -> None:
    """Two machines without a network number their entries at the same moments (ZS-Karte #569)."""
    clock = FixedClock(parse_iso("2026-06-18 22:00"))
    with (
        a_desk(tmp_path / "one", clock, desk="a1" * 16, code="A") as one,
        a_desk(tmp_path / "two", clock, desk="b2" * 16, code="B") as two,
    ):
        for n in range(3):
            for desk in (one, two):
                desk.act("log.add", [desk.new("log", {"happened_at": clock.now(), "text": f"示例{n}"})])
        deliver(one.store, two.store)
        deliver(two.store, one.store)
        numbers = [[row["no"] for row in desk.rows("log", order="no")] for desk in (one, two)]
    assert numbers[0] == numbers[1]
    assert numbers[0] == ["A-2026-0001", "A-2026-0002", "A-2026-0003", "B-2026-0001", "B-2026-0002", "B-2026-0003"]
