from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import HOUR, parse_iso
from dutydesk.warnings.rules import (
    Colour,
    Level,
    Message,
    Standing,
    State,
    Typed,
    check_typed,
    covers,
    ends,
    levels,
    rank,
    standings,
)

T = parse_iso("2026-06-18 14:30")
A = Message("a", T, hazard="11B03", colour=Colour.ORANGE, issuer="示例台", expires=T + 3 * HOUR)


def at(now: int, *messages: Message) -> dict[str, Standing]:
    return standings(messages, now)


def test_order_of_colours() -> None:
    assert sorted([None, *Colour], key=rank) == [Colour.RED, Colour.ORANGE, Colour.YELLOW, Colour.BLUE, None]


@pytest.mark.parametrize(
    ("expires", "starts", "end", "assumed"),
    [
        (T + 1, None, T + 1, False),
        (T, None, T + 12 * HOUR, True),
        (T - 1, None, T + 12 * HOUR, True),
        (None, None, T + 12 * HOUR, True),
        (None, T, T + 12 * HOUR, True),
        (None, T + 6 * HOUR, T + 18 * HOUR, True),
        (None, T - 6 * HOUR, T + 12 * HOUR, True),
        (T + HOUR, T + 6 * HOUR, T + HOUR, False),
    ],
)
def test_ends(expires: int | None, starts: int | None, end: int, assumed: bool) -> None:
    assert ends(replace(A, expires=expires, starts=starts)) == (end, assumed)


def test_the_assumed_hours_are_a_setting() -> None:
    assert ends(replace(A, expires=None), 6) == (T + 6 * HOUR, True)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (T, State.ACTIVE),
        (T + 3 * HOUR - 1, State.ACTIVE),
        (T + 3 * HOUR, State.EXPIRED),
        (T + 90 * HOUR, State.EXPIRED),
    ],
)
def test_expiry(now: int, state: State) -> None:
    assert at(now, A)["a"].state is state


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Actual", State.ACTIVE),
        ("Draft", State.DRAFT),
        ("Test", State.NOT_LIVE),
        ("Exercise", State.NOT_LIVE),
        ("System", State.NOT_LIVE),
    ],
)
def test_only_actual_is_in_force(status: str, state: State) -> None:
    found = at(T, replace(A, status=status))
    assert found["a"].state is state
    assert found["a"].in_force is (status == "Actual")
    assert bool(levels(found.values())) is (status == "Actual")


@pytest.mark.parametrize("kind", ["Ack", "Error"])
def test_acknowledgements_are_no_warnings(kind: str) -> None:
    assert at(T, replace(A, msg_type=kind))["a"].state is State.NOT_LIVE


def test_an_update_supersedes_what_it_names() -> None:
    update = Message("b", T + HOUR, "11B03", Colour.RED, "示例台", msg_type="Update", references=("a",))
    found = at(T + HOUR, A, update)
    assert (found["a"].state, found["a"].by, found["b"].state) == (State.SUPERSEDED, "b", State.ACTIVE)
    found = at(T + 40 * HOUR, A, update)
    assert (found["a"].state, found["b"].state) == (State.SUPERSEDED, State.EXPIRED)


def test_a_chain_of_updates_and_a_cancellation() -> None:
    b = Message("b", T + 1, "11B03", Colour.RED, "示例台", msg_type="Update", references=("a",))
    c = Message("c", T + 2, "11B03", Colour.RED, "示例台", msg_type="Cancel", references=("b",))
    found = at(T + 3, c, b, A)
    assert [found[name].state for name in "abc"] == [State.SUPERSEDED, State.CANCELLED, State.CANCELLED]
    assert not levels(found.values())


@pytest.mark.parametrize("status", ["Test", "Exercise", "Draft"])
@pytest.mark.parametrize("kind", ["Update", "Cancel"])
def test_a_drill_ends_nothing_real(status: str, kind: str) -> None:
    drill = Message("b", T + 1, "11B03", Colour.BLUE, "示例台", status=status, msg_type=kind, references=("a",))
    assert at(T + 2, A, drill)["a"].in_force


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, State.CANCELLED),
        ({"colour": None}, State.CANCELLED),
        ({"colour": Colour.BLUE}, State.ACTIVE),
        ({"issuer": "别的台"}, State.ACTIVE),
        ({"hazard": "11B06"}, State.ACTIVE),
        ({"areas": ("330102000000",)}, State.ACTIVE),
        ({"areas": ("330106005000",)}, State.CANCELLED),
        ({"sent": T - 1}, State.ACTIVE),
        ({"references": ("unknown",)}, State.ACTIVE),
    ],
)
def test_a_cancellation_without_names(change: dict[str, object], state: State) -> None:
    a = replace(A, areas=("330106000000",))
    cancel = replace(A, identifier="b", sent=T + 1, msg_type="Cancel")
    assert at(T + 2, a, replace(cancel, **change))["a"].state is state


def test_what_refers_to_itself_or_each_other_hides_nothing() -> None:
    one = replace(A, msg_type="Update", references=("a",))
    assert at(T, one)["a"].in_force
    other = replace(one, identifier="b", references=("a",))
    found = at(T, replace(one, references=("b",)), other)
    assert sum(standing.in_force for standing in found.values()) == 1


def test_the_same_identifier_counts_once() -> None:
    found = at(T + 1, A, replace(A, sent=T - 1, colour=Colour.BLUE), A)
    assert list(found) == ["a"]
    assert found["a"].message.colour is Colour.ORANGE


def test_highest_colour_of_each_hazard() -> None:
    found = at(
        T,
        replace(A, identifier="1", colour=Colour.BLUE),
        replace(A, identifier="2", colour=Colour.RED),
        replace(A, identifier="3", colour=None),
        replace(A, identifier="4", hazard="11B06", colour=Colour.YELLOW),
    )
    assert [(level.hazard, level.colour) for level in levels(found.values())] == [
        ("11B03", Colour.RED),
        ("11B06", Colour.YELLOW),
    ]


def test_levels_at_a_place() -> None:
    found = at(
        T,
        replace(A, identifier="1", colour=Colour.RED, areas=("330106000000",)),
        replace(A, identifier="2", colour=Colour.BLUE, areas=("330100000000",)),
        replace(A, identifier="3", colour=Colour.YELLOW, areas=("330102005000",)),
    ).values()

    def colour(place: str) -> Colour | None:
        (level,) = levels(found, place)
        return level.colour

    assert colour("330106001000") is Colour.RED
    assert colour("330102005000") is Colour.YELLOW
    assert colour("330102006000") is Colour.BLUE
    assert colour("330102") is Colour.YELLOW
    assert not levels(found, "440000")


def test_a_stale_warning_never_hides_the_present_level() -> None:
    old = replace(A, identifier="old", colour=Colour.RED, sent=T - 30 * 24 * HOUR, expires=T + 9999 * HOUR)
    new = replace(A, identifier="new", colour=Colour.BLUE)
    (level,) = levels(at(T, old, new).values())
    assert (level.colour, level.stale) == (Colour.BLUE, False)
    assert [one.message.identifier for one in level.standings] == ["new", "old"]
    (level,) = levels(at(T, old).values())
    assert (level.colour, level.stale) == (Colour.RED, True)


@pytest.mark.parametrize(("hours", "stale"), [(71, False), (72, True)])
def test_stale_boundary(hours: int, stale: bool) -> None:
    assert at(T + hours * HOUR, replace(A, expires=T + 999 * HOUR))["a"].stale is stale


@pytest.mark.parametrize(
    ("area", "place", "inside"),
    [
        ("330000000000", "330106001000", True),
        ("330106000000", "330106001000", True),
        ("330106", "330106001", True),
        ("330106001000", "330106000000", False),
        ("330106000000", "330105001000", False),
        ("62102300000000", "621023001000", True),
        ("330205004001", "330205004001", True),
        ("330205004001", "330205004002", False),
        ("清波街道", "清波街道", True),
        ("清波街道", "湖滨街道", False),
        ("33", "330106", False),
    ],
)
def test_covers(area: str, place: str, inside: bool) -> None:
    assert covers(area, place) is inside


GOOD = Typed("11B03", "ORANGE", "示例台", "全区", T, T, T + HOUR)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, []),
        ({"type": ""}, ["type"]),
        ({"colour": ""}, ["colour"]),
        ({"colour": "GREEN"}, ["colour"]),
        ({"issuer": ""}, ["issuer"]),
        ({"areas": ""}, ["areas"]),
        ({"issued_at": None}, ["issued_at"]),
        ({"ends_at": None}, []),
        ({"ends_at": T, "starts_at": None}, []),
        ({"ends_at": T - 1, "starts_at": None}, ["ends_at"]),
        ({"starts_at": T - 1}, ["starts_at"]),
        ({"starts_at": T + 2 * HOUR}, ["ends_at"]),
        ({"msg_type": "Update"}, ["references"]),
        ({"msg_type": "Cancel", "references": ("a",)}, []),
    ],
)
def test_a_typed_warning(change: dict[str, object], fields: list[str]) -> None:
    assert [problem.field for problem in check_typed(replace(GOOD, **change))] == fields


_ids = st.sampled_from("abcdef")
_messages = st.builds(
    Message,
    identifier=_ids,
    sent=st.integers(T - 100 * HOUR, T + HOUR),
    hazard=st.sampled_from(["11B03", "11B06"]),
    colour=st.sampled_from([None, *Colour]),
    issuer=st.sampled_from(["甲", "乙"]),
    status=st.sampled_from(["Actual", "Actual", "Test", "Draft"]),
    msg_type=st.sampled_from(["Alert", "Update", "Cancel"]),
    expires=st.none() | st.integers(T - 100 * HOUR, T + 200 * HOUR),
    references=st.lists(_ids, max_size=2).map(tuple),
)


@given(st.lists(_messages, max_size=8, unique_by=lambda message: message.identifier), st.randoms())
@settings(max_examples=100, deadline=None)
def test_the_order_of_arrival_does_not_matter(messages: list[Message], random: Random) -> None:
    shuffled = list(messages)
    random.shuffle(shuffled)
    found = standings(messages, T)
    assert found == standings(shuffled, T)
    present: tuple[Level, ...] = levels(found.values())
    assert {one.message.identifier for level in present for one in level.standings} == {
        name for name, one in found.items() if one.state is State.ACTIVE
    }
    for level in present:
        fresh = [one.message.colour for one in level.standings if not one.stale]
        assert level.colour == min(fresh or [one.message.colour for one in level.standings], key=rank)
        assert all(one.message.status == "Actual" for one in level.standings)
