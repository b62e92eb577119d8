"""What features do for one another, through the desk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk, Me, Service
from dutydesk.ledger.feature import Feature
from tests.desks import a_desk

NOW = parse_iso("2026-06-18 20:00")


def who(desk: Desk, *given: int, more: str = "") -> tuple[str, tuple[int, ...], str]:
    """A service for this test."""
    return desk.me.name, given, more


FEATURE = Feature("test", "测试", services={"who": f"{__name__}:who", "kept": f"{__name__}:who"})


def test_a_service_is_called_with_the_desk_and_only_then_imported(tmp_path: Path) -> None:
    with a_desk(tmp_path / "desk", FixedClock(NOW)) as made:
        broken = Feature("broken", "坏", services={"broken": "dutydesk.nothing:at_all"})
        desk = Desk(made.store, made.clock, Me(name="李示例"), (FEATURE, broken))
        assert desk.services["who"](1, 2, more="三") == ("李示例", (1, 2), "三")
        assert isinstance(desk.services["broken"], Service)


def test_a_copy_of_a_desk_serves_whoever_sits_there_and_keeps_what_was_given(tmp_path: Path) -> None:
    def given() -> str:
        return "given"

    with a_desk(tmp_path / "desk", FixedClock(NOW)) as made:
        desk = Desk(made.store, made.clock, Me(name="李示例"), (FEATURE,))
        desk.services["kept"] = given
        other = replace(desk, me=Me(name="赵示例"))
        assert other.services["who"]()[0] == "赵示例"
        assert desk.services["who"]()[0] == "李示例"
        assert other.services["kept"] is given


def test_the_shift_of_a_moment_is_such_a_service(tmp_path: Path) -> None:
    with a_desk(tmp_path / "desk", FixedClock(NOW)) as desk:
        assert desk.services["shift_of"](NOW) == "2026-06-18/H24"
