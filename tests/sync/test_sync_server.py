"""F12, F13: the hub's server dies at any moment, again and again, and is put back from yesterday's backup. What any desk
was told is there stays somewhere, and everybody comes into step.
"""

from __future__ import annotations

import os
import random
import threading
from contextlib import suppress

import pytest

from dutydesk.core.errors import DutyDeskError, Refused, Unavailable
from dutydesk.core.ids import CLI
from dutydesk.journal import attachments
from dutydesk.sync import protocol
from dutydesk.sync.hub import Hub
from tests import tally
from tests.journal import desks as d
from tests.sync.fleet import Fleet

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
CRASHES = 120 if FULL else 2
BACKUPS = 12 if FULL else 1


def test_a_hub_that_dies_at_any_moment_loses_nothing_that_it_confirmed(fleet: Fleet) -> None:
    """`pg_ctl -m immediate` while three desks push and pull."""
    names = (1, 2, 3)
    for n in names:
        fleet.add(n)
    fleet.settle(*names, rounds=1)
    rng = random.Random(12)
    met = 0
    for turn in range(CRASHES):
        for n in names:
            for entry in range(rng.randint(1, 12)):
                fleet.write(n, f"{turn} {entry}" + "甲" * rng.randint(0, 2_000))
        failed: list[str] = []

        def sync(n: int, failed: list[str] = failed) -> None:
            try:
                fleet.sync(n)
            except Unavailable as error:
                failed.append(str(error))

        desks = [threading.Thread(target=sync, args=(n,)) for n in names]
        for desk in desks:
            desk.start()
        threading.Event().wait(rng.random() * (0.4 if FULL else 0.1))
        fleet.server.crash()
        for desk in desks:
            desk.join()
        met += bool(failed)
        fleet.server.start()
        heads = {
            bytes(desk): int(str(seq)) for desk, seq in fleet.hub_rows("SELECT desk, max(seq) FROM act GROUP BY desk")
        }
        for n in names:
            store = fleet.stores[str(n)]
            confirmed = store.position()[0] - protocol.waiting(store)
            assert confirmed <= heads.get(store.config.desk_id, 0), "no false claim"
    assert met >= CRASHES // 4, "the server died under somebody"
    fleet.settle(*names)
    fleet.check(*names)
    assert fleet.lost(*names) == []
    assert fleet.hub_rows("SELECT count(*) FROM act") == [(len(fleet.acts(1)),)]
    tally.tell("F12", crashes=CRASHES, met=met, acts=len(fleet.acts(1)))


@pytest.mark.parametrize("told", [True, False] if FULL else [False])
def test_a_hub_whose_data_are_yesterdays_gets_back_what_it_lost(fleet: Fleet, *, told: bool) -> None:
    """The folder of the data is swapped for a copy. What came since is pushed again, by others too for a desk that does
    not come; erased personal data do not come back; a desk that was enrolled since is enrolled once more."""
    names = (1, 2, 3)
    one, two, _three = (fleet.add(n) for n in names)
    rng = random.Random(13)
    for turn in range(BACKUPS):
        for n in names:
            fleet.write(n, f"备份前 {turn}")
        person = d.add(one, "people", name=f"钱{turn}", phone="0571-00000001")
        fleet.settle(*names)
        copy = fleet.server.back_up()
        for n in names:
            for entry in range(rng.randint(1, 5)):
                fleet.write(n, f"备份后 {turn} {entry}")
        two.erase("people", person, by=CLI, note="本人要求")
        name = attachments.keep(one.home, f"{turn}".encode())
        one.act("test", [d.new("log", {"text": f"附件 {name}"})], by=CLI)
        late = 4 + turn
        fleet.add(late)
        fleet.write(late, "备份后才登记")
        fleet.settle(late, *names)
        before = {bytes(act) for (act,) in fleet.hub_rows("SELECT act_id FROM act")}
        fleet.server.put_back(copy)
        assert {bytes(act) for (act,) in fleet.hub_rows("SELECT act_id FROM act")} < before
        if told:
            with Hub.connect(fleet.owner_url) as hub:
                hub.init(b"ignored".ljust(16, b"0"), restored=True)
        gone = rng.choice(names[1:])  # a desk that does not come for a while: the others bring what it made
        for n in names:
            if n != gone:
                assert any("恢复过备份" in note for note in fleet.sync(n).notes)
        with pytest.raises((Refused, Unavailable)):
            fleet.sync(late)
        fleet.enrol(late)
        for n in (late, *names, late):
            with suppress(DutyDeskError):
                fleet.sync(n)
        assert before <= {bytes(act) for (act,) in fleet.hub_rows("SELECT act_id FROM act")}
        assert fleet.hub_rows(f"SELECT count(*) FROM personal WHERE row_id = '\\x{person.hex()}'") == [(0,)]
        fleet.settle(late, *names)
        fleet.check(late, *names)
        assert fleet.lost(late, *names) == []
        assert d.ask(one, "SELECT phone FROM people WHERE id = ?", person) == [("〔已删除〕",)]
        fleet.close_desk(str(late))
    tally.tell("F13", backups=BACKUPS, told=str(told), acts=len(fleet.acts(1)))
