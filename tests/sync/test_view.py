"""The city's view with a real server: everything the hub holds, nothing personal, and no way to write."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dutydesk import cli
from dutydesk.core import crashpoint
from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI, SYSTEM
from dutydesk.core.paths import Home
from dutydesk.core.settings import load
from dutydesk.features import FEATURES, VIEWED, open_desk, schema
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.journal.view import ViewStore, Whose, districts, last_success
from dutydesk.ledger.feature import Change
from dutydesk.sync import protocol, view
from dutydesk.sync.hub import Hub
from tests.cli.lines import Line
from tests.journal import desks as d
from tests.sync.cities import add, log, make_city, reader_of
from tests.sync.fleet import Fleet


@pytest.fixture
def city(fleet: Fleet) -> Fleet:
    return make_city(fleet)


@pytest.fixture
def reader(city: Fleet) -> str:
    return reader_of(city)


@pytest.fixture
def home(folder: Path) -> Home:
    return Home(folder / "view")


@pytest.fixture
def opened(home: Home, reader: str) -> Iterator[Callable[[], Desk]]:
    """Makes the view's folder, and opens it as the program does."""
    clock = FixedClock(d.EVENING + 3_600_000)
    view.make(home, schema(), clock, reader)
    desks: list[Desk] = []

    def open_() -> Desk:
        desks.append(open_desk(home, clock))
        return desks[-1]

    yield open_
    for desk in desks:
        desk.store.close()


def texts(desk: Desk, *where: Condition, search: str = "") -> list[str]:
    return sorted(str(row["text"]) for row in desk.rows("log", *where, search=search))


def test_a_view_shows_what_the_desks_show_and_nothing_personal(city: Fleet, opened: Callable[[], Desk]) -> None:
    desk = opened()
    report = view.refresh(desk.store)
    assert report.ok, report.lines()
    assert [(report.pulled,)] == city.hub_rows("SELECT count(*) FROM act")
    assert texts(desk) == ["第1条 隧道积水", "第2条 隧道积水", "第3条 隧道积水"]
    assert texts(desk, search="隧道 第2条") == ["第2条 隧道积水"]
    assert {row["party_phone"] for row in desk.rows("log")} == {None}
    assert d.ask(desk.store, "SELECT count(*) FROM personal") == [(0,)]
    assert verify(desk.store.home, schema()).ok
    again = view.refresh(desk.store)
    assert (again.pulled, again.ok) == (0, True)
    log(city.stores["2"], "新的一条", party="水务局")
    city.sync(2)
    assert view.refresh(desk.store).pulled >= 1
    assert "新的一条" in texts(desk)
    assert last_success(desk.store) == desk.clock.now()


def test_lists_can_be_narrowed_to_a_district(city: Fleet, opened: Callable[[], Desk]) -> None:
    desk = opened()
    view.refresh(desk.store)
    store = desk.store
    assert isinstance(store, ViewStore)
    assert districts(store) == [("330102", "甲区"), ("330105", "乙区")]
    whose = Whose(store)
    assert {whose(row) for row in desk.rows("log")} == {"甲区", "乙区"}
    query = Query("log")
    assert desk.pages(query).count() == 3
    store.desks = (city.stores["2"].config.desk_id, city.stores["3"].config.desk_id)
    assert texts(desk) == ["第2条 隧道积水", "第3条 隧道积水"]
    pages = desk.pages(query)
    assert (pages.count(), len(pages.page(0))) == (2, 2)
    searched = Query("log", (), "隧道")
    assert desk.count("log", search="隧道") == desk.pages(searched).count() == len(desk.pages(searched).page(0)) == 2
    assert desk.pages(Query("log", (), "", "text")).count() == 2
    assert [row["name"] for row in desk.rows("regions")] == ["乙区", "乙区"]
    held = desk.rows("log")[0]
    assert pages.position(held.id) is not None
    store.desks = (city.stores["1"].config.desk_id,)
    assert pages.__class__(store, query).position(held.id) is None
    assert desk.get("log", held.id) is not None, "a row that is named is found wherever it comes from"
    store.desks = ()
    assert desk.count("log") == 3


def test_every_way_to_write_is_refused_with_a_sentence(opened: Callable[[], Desk], city: Fleet) -> None:
    desk = opened()
    view.refresh(desk.store)
    row = desk.rows("log")[0]
    before = d.ask(desk.store, "SELECT count(*) FROM act")
    ways: list[Callable[[], Any]] = [
        lambda: desk.act("log.add", [desk.new("log", {"text": "写"})]),
        lambda: desk.store.act("x", [desk.new("log", {"text": "写"})], by=SYSTEM),
        lambda: desk.store.erase("log", row.id, by=CLI, note="x"),
        lambda: desk.store.declare("desk.key", {}),
        lambda: protocol.run(desk, city.owner_url),
    ]
    for way in ways:
        with pytest.raises(Refused, match="只读"):
            way()
    desk.store.guard = None
    with pytest.raises(Refused, match="只读"):
        ways[0]()
    assert d.ask(desk.store, "SELECT count(*) FROM act") == before


def test_on_the_command_line(
    city: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(tmp_path / "view", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
    note = tmp_path / "reader.login"
    said = line("hub", "login", city.owner_url, f"{city.database}_cli", "--out", note)
    assert said.code == 0
    password = note.read_text().splitlines()[1]
    assert note.stat().st_mode & 0o077 == 0
    assert password not in said.out + said.err
    first = line.ok("hub", "view", note)
    assert (first["ok"], first["pulled"] > 3) == (True, True)
    assert line.ok("hub", "view")["pulled"] == 0
    assert load(Home(line.home).config).view
    assert password not in Home(line.home).config.read_text()
    told = line.ok("list", "log", "--search", "隧道")
    assert sorted(row["district"] for row in told["rows"]) == ["乙区", "乙区", "甲区"]
    assert line("list", "log").out.splitlines()[0].endswith("\t区县")
    assert line("export", "log", tmp_path / "log.csv").code == 0
    head, *rows = (tmp_path / "log.csv").read_text(encoding="utf-8-sig").splitlines()
    assert head.startswith("区县,")
    assert len(rows) == 3
    assert line("export", "log", tmp_path / "log.csv", "--reveal", "看看").code == 1
    for words in (
        ("add", "log", "text=写", "happened_at=2026-06-18 22:00"),
        ("sync",),
        ("hub", "card", tmp_path / "x"),
        ("list", "log", "--reveal", "看看"),
    ):
        said = line(*words)
        assert (said.code, "只读" in said.err) == (1, True), (words, said.err)
    assert line("verify").code == 0
    note.write_text("one line\n")
    assert line("hub", "view", note).code == 1


def test_a_desk_is_not_turned_into_a_view_nor_one_hub_into_another(city: Fleet, opened: Any, home: Home) -> None:
    store = city.stores["1"]
    with pytest.raises(Refused, match="一台席位"):
        view.make(store.home, schema(), store.clock, city.owner_url)
    with pytest.raises(Refused, match="一台席位"):
        view.refresh(store)
    with pytest.raises(Refused, match="另一个中心库"):
        view.make(home, schema(), store.clock, city.server.url("another"))


def test_a_making_that_was_cut_off_is_begun_anew(reader: str, home: Home) -> None:
    home.root.mkdir()
    home.database.write_bytes(b"")
    view.make(home, schema(), FixedClock(d.EVENING), reader)
    with ViewStore.open(home, schema(), FixedClock(d.EVENING)) as store:
        assert view.refresh(store).ok


def test_where_a_view_lies_says_nothing_of_its_password(tmp_path: Path) -> None:
    root = Home(tmp_path)
    one = view.folder(root, "postgresql://city1@localhost/hub")
    assert one == view.folder(root, "postgresql://city1:geheim@localhost/hub")
    assert one != view.folder(root, "postgresql://city1@localhost/another")
    assert one.root.parent == tmp_path / "views"


def test_the_command_line_of_the_window() -> None:
    args = cli.parse(["--hub", "postgresql://city1@localhost/hub", "--view"])
    assert (args.command, args.hub, args.view) == (None, "postgresql://city1@localhost/hub", "")
    assert cli.parse(["--view", "shelters", "--hub", "x"]).view == "shelters"
    assert cli.parse(["sync", "--hub", "y"]).hub == "y"


def shown(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every ledger as it stands, but for what is personal."""
    out: dict[str, list[tuple[Any, ...]]] = {}
    for name, shape in store.schema.shapes.items():
        names = ["id", "_act", "_hlc", "_state", *sorted(set(shape.names) - shape.ledger.personal)]
        columns = ", ".join(f'"{one}"' for one in names)
        out[name] = d.ask(store, f"SELECT {columns} FROM {name} ORDER BY id")
    return out


def test_a_view_shows_the_same_as_a_desk(city: Fleet, opened: Callable[[], Desk]) -> None:
    one, two = city.stores["1"], city.add(4, schema=schema(), district="330100")  # the city's own desk has everything
    row = add(one, "shelters", name="甲区中学", manager="甲某", capacity=300, state="READY")
    city.settle(1, 2, 4)
    for store, state in ((one, "OPEN"), (two, "CLOSED")):  # both at once: a conflict
        store.act("shelters.edit", [Change("shelters", row, {"state": state, "manager": state})], by=CLI)
    store = two
    store.erase("log", d.ask(store, "SELECT id FROM log")[0][0], by=CLI, note="本人要求")
    city.settle(1, 2, 3, 4, rounds=2)
    desk = opened()
    assert view.refresh(desk.store).ok
    city.settle(4, rounds=1)
    mine, theirs = shown(desk.store), shown(two)
    late = {name for name in mine if mine[name] != theirs[name]} - {"audit"}  # each run is audited after it
    assert not late
    assert d.ask(desk.store, "SELECT count(*) FROM conflict") != [(0,)]
    assert verify(desk.store.home, schema(), deep=True).ok


@pytest.mark.parametrize("place", ["pull.received", "pull.applied"])
def test_a_refresh_that_is_killed_goes_on_where_it_was(
    city: Fleet, reader: str, home: Home, folder: Path, place: str
) -> None:
    view.make(home, schema(), FixedClock(d.EVENING), reader)
    child = os.fork()
    if child == 0:
        try:
            os.environ[crashpoint.VARIABLE] = place
            view.refresh(ViewStore.open(home, schema(), FixedClock(d.EVENING)))
        finally:
            os._exit(9)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    whole = Home(folder / "whole")
    view.make(whole, schema(), FixedClock(d.EVENING), reader)
    with ViewStore.open(home, schema(), FixedClock(d.EVENING)) as store:
        assert view.refresh(store).ok
        with ViewStore.open(whole, schema(), FixedClock(d.EVENING)) as other:
            assert view.refresh(other).ok
            assert d.digest_of(store) == d.digest_of(other)
    assert verify(home, schema()).ok


def test_a_view_believes_no_more_than_a_desk_does(city: Fleet, opened: Callable[[], Desk]) -> None:
    """A well-formed act under somebody else's name, put in by the owner of the hub, is not shown."""
    desk = opened()
    view.refresh(desk.store)
    log(city.stores["1"], "真的一条")
    city.sync(1)
    city.server.execute(
        city.database, "DELETE FROM seal WHERE seq = (SELECT max(seq) FROM act a WHERE a.desk = seal.desk)"
    )
    report = view.refresh(desk.store)
    assert "真的一条" not in texts(desk)
    assert any("签名" in one for one in report.lines())
    log(city.stores["1"], "又一条")
    city.sync(1)
    assert view.refresh(desk.store).ok
    assert {"真的一条", "又一条"} <= set(texts(desk))


def test_a_reader_can_take_nothing_personal_from_the_hub(reader: str, city: Fleet) -> None:
    with Hub.connect(reader) as hub, pytest.raises(Refused, match="权限"):
        hub.acts([(store.config.desk_id, 1, 0, 99) for store in city.stores.values()])


def test_the_panes_of_a_view_are_those_of_the_desk(opened: Callable[[], Desk]) -> None:
    shown = [feature for feature in opened().features if feature.pane]
    assert [feature.name for feature in shown] == ["districts", *VIEWED]
    assert [feature.pane for feature in shown[1:]] == [one.pane for one in FEATURES if one.name in VIEWED]
