"""Gauge samples that reach a desk after the act that names them are counted when they come."""

from __future__ import annotations

from pathlib import Path

from dutydesk.core.clock import FixedClock
from dutydesk.journal import attachments
from dutydesk.journal.inbox import take_in
from dutydesk.rain.samples import encode, samples_of
from tests.desks import a_desk
from tests.journal import desks as d


def test_samples_that_come_late_are_counted(tmp_path: Path) -> None:
    clock = FixedClock(d.EVENING)
    with a_desk(tmp_path / "a", clock) as one, a_desk(tmp_path / "b", clock, desk="cd" * 16) as two:
        data = encode(samples_of([("S1", d.EVENING, 60, 125)]))
        name = attachments.keep(one.store.home, data)
        one.act("test", [one.new("rain_batches", {"samples_sha256": name})])
        take_in(two.store, d.acts_of(one.store, one.config.desk_id))
        count = "SELECT count(*) FROM sample"
        assert d.ask(one.store, count) == [(1,)]
        assert d.ask(two.store, count) == [(0,)]
        attachments.keep(two.store.home, data)
        heard: list[object] = []
        two.store.listeners.append(heard.append)
        two.store.arrived([name])
        assert d.ask(two.store, count) == [(1,)]
        assert len(heard) == 1
        two.store.arrived(["ab" * 32])
        assert len(heard) == 1
