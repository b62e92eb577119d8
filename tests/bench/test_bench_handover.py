"""B20: the hand-over sheet of a 2,000-entry day, read from the record and drawn, against a bare canvas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bigdesk import entry
from harness import against, report
from test_bench_files import ACT, PRINTED, bare_canvas, drawn, fresh

from dutydesk.core.clock import DAY, FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from dutydesk.shifts import handover, service
from dutydesk.shifts.report import p01

pytestmark = pytest.mark.bench
KEY, NEXT = "2026-11-22/H24", "2026-11-23/H24"
START = parse_iso("2026-11-22 08:30")
MORNING = parse_iso("2026-11-23 08:20")


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk that was handed over after a day of 2,000 entries."""
    desk = fresh(tmp_path_factory.mktemp("handed") / "desk")
    clock = desk.clock
    assert isinstance(clock, FixedClock)
    clock.at = MORNING
    people = [desk.new("people", {"name": name, "kind": "PERSON"}) for name in ("甲示例", "乙示例", "丙示例", "丁示例")]
    desk.act("people.add", people)
    ids = [change.row for change in people]
    step = DAY // PRINTED
    changes = [
        desk.new("log", {**entry(n), "no": f"2026-{n + 1:04d}", "happened_at": at, "recorded_at": at + 1})
        for n, at in enumerate(range(START, START + PRINTED * step, step))
        if at < MORNING
    ]
    for start in range(0, len(changes), ACT):
        desk.act("log.import", changes[start : start + ACT])
    given = {"leader": ids[0], "primary": ids[1], "secondary": ids[2], "weather": "阴", "risk_level": "BLUE"}
    service.save_facts(desk, KEY, given)
    ticks = [service.Tick(tick.code, tick.label, ok=True) for tick in service.equipment_of("")]
    service.save_equipment(desk, KEY, ticks)
    service.save_facts(desk, NEXT, {"leader": ids[0], "primary": ids[3], "secondary": ids[2]})
    desk.services.pop("signed_in", None)
    handover.prepare(desk, KEY)
    handover.sign_out(desk, KEY, ids[1])
    for row in handover.items_of(desk, handover.of_shift(desk, KEY)):
        handover.accept(handover.as_author(desk, ids[3]), row.id)
    handover.take(desk, KEY, ids[3])
    yield desk
    desk.store.close()


def test_b20_hand_over_sheet(handed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def ours() -> bytes:
        return p01(handed, shift=KEY)

    pages = drawn(ours, monkeypatch)
    lines = sum(len(page.texts) for page in pages)
    assert lines > PRINTED * 3
    mine, bare = against(ours, lambda: bare_canvas(pages))
    result = report(
        "B20 P01", f"P01 交接班记录表({PRINTED} 条日志，从库里读)", mine, bare, "≤ 2.5×", 2.5,
        note=f"{len(pages)} pages, {lines} texts",
    )  # fmt: skip
    assert result.ratio is not None
