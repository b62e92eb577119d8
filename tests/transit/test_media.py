"""The register of sticks and discs: who has what, what may follow on what, the mark, the paper."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest

from dutydesk.core.clock import DAY, FixedClock
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.journal.desk import Desk
from dutydesk.sync import bundlekeys
from dutydesk.transit import media, report, service, standing


@pytest.fixture
def medium(desk: Desk) -> bytes:
    return media.add_medium(desk, {"label": "U-01", "kind": "STICK", "state": "LOST", "holder": "张示例"})


def state(desk: Desk, medium: bytes) -> tuple[str, str]:
    row = desk.get("media", medium)
    assert row is not None
    return row.text("state"), row.text("holder")


def enter(desk: Desk, medium: bytes, what: str, **more: str) -> None:
    media.move(desk, {"medium": medium, "what": what, **more})


def test_what_a_medium_is_follows_from_what_was_entered(desk: Desk, medium: bytes) -> None:
    assert state(desk, medium) == ("IN_USE", "")  # nobody types these
    enter(desk, medium, "ISSUED", holder=" 李示例 ")
    assert state(desk, medium) == ("LENT", "李示例")
    enter(desk, medium, "RETURNED")
    assert state(desk, medium) == ("IN_USE", "")
    enter(desk, medium, "LOST", witness="王示例")
    enter(desk, medium, "RETURNED", holder="李示例", note="在车上找到")
    enter(desk, medium, "RETIRED")
    enter(desk, medium, "DESTROYED", witness="王示例", note="粉碎")
    assert state(desk, medium) == ("DESTROYED", "")
    told = [(row.text("what"), row.text("holder"), row.text("by")) for row in reversed(media.moves(desk, medium))]
    assert told[:2] == [("ISSUED", "李示例", "李示例"), ("RETURNED", "李示例", "李示例")]  # who gave it back is known
    assert [what for what, _holder, _by in told] == ["ISSUED", "RETURNED", "LOST", "RETURNED", "RETIRED", "DESTROYED"]


FOLLOWS = {
    "IN_USE": ("ISSUED", "LOST", "RETIRED", "DESTROYED"),
    "LENT": ("RETURNED", "LOST", "RETIRED", "DESTROYED"),
    "LOST": ("RETURNED",),
    "RETIRED": ("RETURNED", "LOST", "DESTROYED"),
    "DESTROYED": (),
}
WAY = {
    "IN_USE": (),
    "LENT": ("ISSUED",),
    "LOST": ("LOST",),
    "RETIRED": ("RETIRED",),
    "DESTROYED": ("DESTROYED",),
}


def test_what_may_follow(desk: Desk) -> None:
    """Every state and everything that may be said of a medium in it."""
    for now, what in product(FOLLOWS, media.BECOMES):
        medium = media.add_medium(desk, {"label": f"{now} {what}", "kind": "STICK"})
        for step in WAY[now]:
            enter(desk, medium, step, holder="甲示例", witness="乙示例")
        before = desk.count("media_moves")
        if what in FOLLOWS[now]:
            enter(desk, medium, what, holder="甲示例", witness="乙示例")
            assert state(desk, medium)[0] == media.BECOMES[what]
        else:
            with pytest.raises(Refused, match="不能登记"):
                enter(desk, medium, what, holder="甲示例", witness="乙示例")
            assert desk.count("media_moves") == before


def test_two_people_know_what_is_lost_or_destroyed(desk: Desk, medium: bytes) -> None:
    for what, witness in product(media.TWO, ("", "李示例", "张示例")):
        with pytest.raises(Refused, match="见证人"):
            enter(desk, medium, what, holder="张示例", witness=witness)


def test_what_is_refused(desk: Desk, other: Desk, medium: bytes, stick: Path) -> None:
    with pytest.raises(Refused, match="谁领走"):
        enter(desk, medium, "ISSUED")
    with pytest.raises(Refused, match="没有登记"):
        enter(desk, bytes(16), "ISSUED", holder="李示例")
    with pytest.raises(Refused, match="不能登记"):
        enter(desk, medium, "STOLEN")
    with pytest.raises(Refused, match="逐项登记"):
        media.edit_medium(desk, medium, {"state": "LOST"})
    with pytest.raises(Refused):
        media.add_medium(desk, {"label": "U-01", "kind": "DISC"})
    media.edit_medium(desk, medium, {"model": "虚构牌 32G"})
    enter(desk, medium, "RETIRED")
    with pytest.raises(Refused, match="用过"):
        media.remove_medium(desk, medium)
    bundlekeys.remember(desk.store, bundlekeys.own_card(other.store))
    with pytest.raises(Refused, match="停用"):
        service.export(desk, stick, medium=medium)
    assert list(stick.iterdir()) == []
    fresh = media.add_medium(desk, {"label": "U-02", "kind": "STICK"})
    media.remove_medium(desk, fresh)
    assert desk.count("media") == 1


def test_the_mark_of_a_stick_is_only_read_as_one(desk: Desk, medium: bytes, stick: Path) -> None:
    for text in (b"", b"\xff" * 40, b"zz" * 16, b"00" * 16, b"x" * 100_000):
        (stick / media.MARK).write_bytes(text)
        assert media.medium_at(desk, stick) is None
    (stick / media.MARK).unlink()
    os.mkfifo(stick / media.MARK)  # it would never give anything
    assert media.medium_at(desk, stick) is None
    media.mark_medium(desk, medium, stick)
    (stick / "inner").mkdir()
    assert media.medium_at(desk, stick / "inner") == medium
    media.mark_medium(desk, medium, stick)
    second = media.add_medium(desk, {"label": "U-02", "kind": "STICK"})
    with pytest.raises(Refused, match="U-01"):
        media.mark_medium(desk, second, stick)
    with pytest.raises(Unavailable):
        media.mark_medium(desk, second, stick / "none")
    with pytest.raises(Refused):
        media.mark_medium(desk, bytes(16), stick)


def test_a_medium_that_is_out_for_long_is_an_open_item(desk: Desk, medium: bytes, clock: FixedClock) -> None:
    enter(desk, medium, "ISSUED", holder="李示例")

    def items(days: int) -> list[tuple[str, str, bytes]]:
        with desk.store.read() as connection:
            found = standing.open_items(connection, clock.now() + days * DAY)
        return [(item.title, item.detail, item.row) for item in found]

    assert items(7) == []
    assert items(8) == [("介质 U-01 外带 8 天未归还", "李示例", medium)]
    enter(desk, medium, "RETURNED")
    assert items(8) == []


def test_the_register_on_paper(desk: Desk, medium: bytes) -> None:
    empty = report.p19(desk, start=0, end=1)
    enter(desk, medium, "ISSUED", holder="李示例")
    whole = report.p19(desk)
    assert whole.startswith(b"%PDF")
    assert not whole.missing
    assert whole != empty
