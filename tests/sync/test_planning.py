"""The schedule at a desk with a real hub: due, missed and made up for, tried again; the files that wake it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from defusedxml import ElementTree

from dutydesk.core.clock import DAY, HOUR, MINUTE
from dutydesk.core.errors import Unavailable
from dutydesk.core.settings import save
from dutydesk.features import FEATURES
from dutydesk.journal import peers
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.inbox import take_in
from dutydesk.sync import bundlekeys, planning, protocol, schedule
from tests.journal import desks as d
from tests.sync.fleet import PASSWORD, Fleet

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"


@pytest.fixture
def desk(fleet: Fleet) -> Desk:
    """Desk 1 of a hub, joined an hour before its turn of this night."""
    from dutydesk.features import schema

    store = fleet.add(1, schema=schema())
    clock = fleet.clocks[1]
    yesterday = schedule.turn(schedule.Rules(), store.config.desk_id, clock.at)
    clock.at = yesterday + DAY - HOUR
    store.config = type(store.config)(**{**_plain(store.config), "hub": fleet.url(1)})
    save(store.home.config, store.config)
    protocol.remember_login(store, fleet.url(1), PASSWORD)
    return Desk(store, clock, Me("cli"), FEATURES)


def _plain(config: object) -> dict[str, object]:
    from dataclasses import fields

    return {each.name: getattr(config, each.name) for each in fields(config)}  # type: ignore[arg-type]


def runs(desk: Desk) -> list[tuple[str, str]]:
    return [(run.state, str(run.body.get("error", ""))) for run in peers.runs(desk.store, "sync")]


def test_the_night_runs_once_and_says_when_the_next_one_is(desk: Desk, fleet: Fleet) -> None:
    clock = fleet.clocks[1]
    assert planning.keep(desk) == ""
    told = planning.plan(desk)
    assert told is not None
    assert told.next_at == clock.at + HOUR
    clock.advance(HOUR)
    assert planning.keep(desk) == schedule.NIGHT
    assert planning.go(desk, schedule.NIGHT).ok
    assert planning.keep(desk) == ""
    clock.advance(MINUTE)
    assert planning.keep(desk) == ""
    assert planning.plan(desk).next_at == clock.at + DAY - MINUTE  # type: ignore[union-attr]
    assert runs(desk) == [("DONE", "")]


def test_a_missed_night_is_a_row_with_its_reason_and_is_made_up_for(desk: Desk, fleet: Fleet) -> None:
    clock = fleet.clocks[1]
    clock.advance(7 * HOUR)
    assert planning.keep(desk) == schedule.MADE_UP
    ((state, reason),) = runs(desk)
    assert state == "FAILED"
    assert "没有运行" in reason
    assert planning.keep(desk) == schedule.MADE_UP, "it is not taken for an attempt"
    assert len(runs(desk)) == 1, "and it is noted once"
    assert planning.go(desk, schedule.MADE_UP).ok
    assert planning.keep(desk) == ""


def test_a_hub_that_is_down_is_tried_again_and_at_once_when_it_answers(desk: Desk, fleet: Fleet) -> None:
    clock = fleet.clocks[1]
    clock.advance(HOUR)
    fleet.server.crash()
    try:
        with pytest.raises(Unavailable):
            planning.go(desk, planning.keep(desk))
        assert runs(desk)[0][0] == "FAILED"
        assert "连不上" in runs(desk)[0][1]
        clock.advance(5 * MINUTE)
        assert planning.keep(desk) == ""
        clock.advance(6 * MINUTE)
        assert planning.keep(desk) == schedule.RETRY
        clock.advance(-6 * MINUTE)
    finally:
        fleet.server.start()
    assert planning.keep(desk) == schedule.ONLINE
    assert planning.go(desk, schedule.ONLINE).ok
    assert not peers.peer(desk.store, planning.OFFLINE)


def test_settings_move_the_window_and_a_wrong_one_changes_nothing(desk: Desk) -> None:
    known = {one.key: one for one in planning.known("330102")}
    assert set(known) == {f"sync.{name}" for name in ("start", "end", "every", "sheet", "retry", "silence")}
    assert planning.rules(desk.store) == schedule.Rules()
    for key, value in (("sync.start", "23:30"), ("sync.every", "5"), ("sync.silence", "0")):
        row = {"key": key, "value": value, "source": "示例", "place": "示例区", "date": "2026"}
        desk.act("settings.add", [desk.new("settings", row)])
    assert planning.rules(desk.store) == schedule.Rules(start=23 * 60 + 30, every=5)
    for key, wrong in (("sync.start", "25:00"), ("sync.every", "-1"), ("sync.silence", "0")):
        check = known[key].check
        assert check is not None
        with pytest.raises(ValueError, match="应为"):
            check(wrong)
        check(known[key].default)


def test_every_five_minutes_where_the_district_has_a_second_desk(desk: Desk, fleet: Fleet) -> None:
    assert planning.rules(desk.store).every == 0, "alone"
    fleet.add(2, district="330105")
    fleet.add(3, name="三号席")
    for n in (2, 3):
        store = fleet.stores[str(n)]
        take_in(desk.store, d.acts_of(store, store.config.desk_id))
        assert planning.rules(desk.store).every == (0 if n == 2 else 5), "one of another district is none"
    planning.go(desk)
    fleet.clocks[1].advance(4 * MINUTE)
    assert planning.keep(desk) == ""
    fleet.clocks[1].advance(2 * MINUTE)
    assert planning.keep(desk) == schedule.EVERY
    bundlekeys.revoke(desk.store, {fleet.stores["3"].config.desk_id: {1: 1}})
    assert planning.rules(desk.store).every == 0, "a desk that was shut out is none"
    row = {"key": "sync.every", "value": "0", "source": "示例", "place": "示例区", "date": "2026"}
    bundlekeys.restore(desk.store, fleet.stores["3"].config.desk_id)
    assert planning.rules(desk.store).every == 5
    desk.act("settings.add", [desk.new("settings", row)])
    assert planning.rules(desk.store).every == 0, "switched off"


def test_the_end_of_the_running_shift_comes_from_its_row(desk: Desk) -> None:
    now = desk.clock.now()
    assert planning.shift_end(desk, now) is None
    values = {"date": "2026-11-22", "code": "H24", "starts_at": now - HOUR, "ends_at": now + HOUR}
    desk.act("shift.add", [desk.new("shifts", values)])
    assert planning.shift_end(desk, now) == now + HOUR
    assert planning.shift_end(desk, now + 2 * HOUR) is None


def test_a_desk_without_a_hub_is_left_alone(fleet: Fleet) -> None:
    store = fleet.add(2, enrol=False)
    assert planning.plan(Desk(store, store.clock, Me(), ())) is None
    drill = fleet.add(3, enrol=False, drill=True, hub="postgresql://127.0.0.1/x")
    assert planning.plan(Desk(drill, drill.clock, Me(), ())) is None


def test_where_new_acts_begin_is_remembered(fleet: Fleet, desk: Desk) -> None:
    fleet.add(2)
    fleet.write(2, "从二号席来")
    fleet.sync(2)
    before = planning.arrival(desk.store)
    assert planning.go(desk).pulled == 2
    assert peers.peer(desk.store, planning.CAME)["after"] == before
    planning.go(desk)
    assert peers.peer(desk.store, planning.CAME)["after"] == before, "nothing came since"


def test_the_timer_command_does_nothing_until_it_is_time(desk: Desk, fleet: Fleet, tmp_path: Path) -> None:
    """In a process of its own, with the machine's own clock: years after the night that was missed."""
    home = desk.store.home.root
    fleet.close_desk("1")
    words = [sys.executable, "-m", "dutydesk", "sync", "--timer", "--json"]
    words += ["--home", str(home)]
    first = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["pushed"] > 0
    second = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert json.loads(second.stdout) == {"due": False}


# -- what wakes it while the window is closed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "command"),
    [("sync", "sync --timer"), ("snapshot", "snapshot --timer"), ("project", "hub project %h/")],
)
def test_systemd_takes_the_timer(unit: str, command: str) -> None:
    files = sorted((PACKAGING / "systemd").glob(f"dutydesk-{unit}.*"))
    assert [file.suffix for file in files] == [".service", ".timer"]
    service, timer = (file.read_text(encoding="utf-8") for file in files)
    assert f"dutydesk {command}" in service
    assert "Persistent=true" in timer
    if shutil.which("systemd-analyze"):
        said = subprocess.run(["systemd-analyze", "verify", *map(str, files)], capture_output=True, text=True)
        assert said.returncode == 0, said.stderr
        assert "dutydesk" not in said.stderr, said.stderr


@pytest.mark.parametrize(
    ("unit", "every", "words"),
    [
        ("sync", "PT5M", "sync --timer"),
        ("snapshot", "PT10M", "snapshot --timer"),
        ("project", "PT15M", r'hub project "%LOCALAPPDATA%\dutydesk-project.login"'),
    ],
)
def test_the_windows_task_says_the_same(unit: str, every: str, words: str) -> None:
    data = (PACKAGING / "windows" / f"dutydesk-{unit}.xml").read_bytes()
    assert data.isascii(), "schtasks reads it in whatever code page"
    root = ElementTree.fromstring(data.decode())
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}

    def text(path: str) -> str:
        found = root.find(path, space)
        assert found is not None, path
        return str(found.text)

    assert root.tag == f"{{{space['t']}}}Task"
    assert root.get("version") == "1.4"
    assert [child.tag.partition("}")[2] for child in root] == ["RegistrationInfo", "Triggers", "Settings", "Actions"]
    assert text(".//t:Repetition/t:Interval") == every
    assert text("t:Settings/t:MultipleInstancesPolicy") == "IgnoreNew"
    assert text("t:Settings/t:StartWhenAvailable") == "true"
    assert text("t:Actions/t:Exec/t:Command").endswith(r"\dutydesk.exe")
    assert text("t:Actions/t:Exec/t:Arguments") == words


def test_times_read_as_people_write_them() -> None:
    assert [planning.minutes(text) for text in ("02:00", "2:05", "23:59", "24:00", "2", "", "02:00 ")] == [
        120, 125, 1439, None, None, None, 120,
    ]  # fmt: skip
