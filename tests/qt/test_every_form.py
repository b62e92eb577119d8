"""What a form shows is what was saved: every ledger's generated form, filled by Hypothesis, saved, opened again (TicketsCAD GH#87)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.features import schema
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Change
from dutydesk.ledger.kinds import Code, Day, Flag, Integer, LongText, Phone, Ref, Scaled, Time
from dutydesk.ledger.spec import Field, On
from dutydesk.qt.forms import LedgerForm
from tests.desks import a_desk

LEDGERS = [name for name, shape in sorted(schema().shapes.items()) if shape.ledger.on(On.FORM)]
AT = parse_iso("2026-06-18 22:00")
WORDS = st.text("示例路街道积水，甲乙丙AZaz09 -()/=+@℃㎡㙍<>&", min_size=1, max_size=24).map(str.strip).filter(bool)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with a_desk(tmp_path_factory.mktemp("forms") / "desk", FixedClock(AT)) as made:
        yield made


def values_of(field: Field, rows: dict[str, bytes]) -> st.SearchStrategy[Any]:
    """Any value that people may put into a field."""
    match field.kind:
        case Ref():
            found: st.SearchStrategy[Any] = st.just(rows[field.kind.ledger])
        case Code() if field.choices:
            found = st.sampled_from([choice.code for choice in field.choices])
        case Flag():
            found = st.sampled_from([0, 1])
        case Time():
            found = st.integers(-5000, 5000).map(lambda minutes: AT + minutes * 60_000)
        case Day():
            found = st.dates().filter(lambda day: day.year >= 1900).map(lambda day: day.isoformat())
        case Phone():
            found = st.from_regex(r"0571-[0-9]{8}(-[0-9]{1,4})?", fullmatch=True)
        case Scaled() if field.name in ("lon", "lat"):
            found = st.integers(0, 89_000_000)
        case Integer():
            found = st.integers(0, 10**9)
        case LongText():
            found = st.lists(WORDS, min_size=1, max_size=3).map("\n".join)
        case _:
            found = WORDS.map(lambda text: " ".join(text.split()))
    return found if field.required else st.one_of(st.none(), found)


def some_rows(desk: Desk) -> dict[str, bytes]:
    """One row of every ledger, for references to name; each by a name of its own."""
    changes = []
    for name in LEDGERS:
        ledger = desk.ledger(name)
        own = {item: f"示例{name}" for item in ("name", "headline", "text", "no", "code", "key") if item in ledger}
        changes.append(desk.new(name, own))
    desk.act("test.rows", changes)
    return {change.ledger: change.row for change in changes}


@pytest.mark.gui
@pytest.mark.parametrize("ledger", LEDGERS)
def test_what_is_saved_is_what_the_form_shows_again(desk: Desk, qtbot: Any, themed: Any, ledger: str) -> None:
    declared = desk.ledger(ledger)
    rows = some_rows(desk)

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        fields = [item for item in declared.on(On.FORM) if item.name != declared.number]
        wanted = {item.name: data.draw(values_of(item, rows), label=item.name) for item in fields}
        made = desk.act("test.add", [desk.new(ledger, {name: v for name, v in wanted.items() if v is not None})])
        row = made.changes[0].row
        held = desk.get(ledger, row)
        assert held is not None
        form = LedgerForm(declared, desk, held, reveal=True)
        qtbot.addWidget(form)
        shown, problems = form.values()
        assert problems == [], "what was saved does not hold when opened again"
        assert shown == {}, "opened and not touched, the form would save something else"
        again = LedgerForm(declared, desk)
        qtbot.addWidget(again)
        again.restore(form.texts())
        typed, problems = again.values()
        assert problems == []
        assert typed == {name: value for name, value in wanted.items() if value is not None}
        if declared.match:  # the next example may name the same thing
            desk.act("test.remove", [Change(ledger, row, {"_deleted": 1})])

    holds()
