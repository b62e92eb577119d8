"""A hub of a city: each district gets its own acts and the city's, the city gets all, and nobody misses anything."""

from __future__ import annotations

from dutydesk.admin import service
from dutydesk.features import FEATURES, schema
from dutydesk.journal import attachments, settings
from dutydesk.journal.desk import Desk, Me
from dutydesk.rain.samples import encode, samples_of
from dutydesk.sync import outcome
from dutydesk.sync.hub import Hub
from tests.journal import desks as d
from tests.sync.cities import add, log
from tests.sync.fleet import PASSWORD, Fleet

CITY, ONE, OTHER = "330100", "330102", "330105"


def texts(fleet: Fleet, n: int) -> list[str]:
    return sorted(text for (text,) in d.ask(fleet.stores[str(n)], "SELECT text FROM log"))


def city(fleet: Fleet) -> None:
    for n, district in enumerate((CITY, ONE, ONE, OTHER), 1):
        log(fleet.add(n, schema=schema(), district=district), f"{n} 席的话")


def test_a_district_gets_its_own_and_the_citys_and_the_city_gets_all(fleet: Fleet) -> None:
    city(fleet)
    reports = fleet.settle(1, 2, 3, 4, rounds=3)
    assert [report.ok for report in reports] == [True] * 4
    assert texts(fleet, 1) == ["1 席的话", "2 席的话", "3 席的话", "4 席的话"]
    assert texts(fleet, 2) == texts(fleet, 3) == ["1 席的话", "2 席的话", "3 席的话"]
    assert texts(fleet, 4) == ["1 席的话", "4 席的话"]
    assert d.ask(fleet.stores["4"], "SELECT count(*) FROM personal") == [(2,)], (
        "no telephone number of another district"
    )
    fleet.check(2, 3)
    assert [fleet.sync(n, deep=True).digest for n in (2, 3, 4)] == [outcome.EQUAL] * 3


def test_only_the_files_that_acts_here_name_are_fetched(fleet: Fleet) -> None:
    city(fleet)
    fleet.settle(1, 2, 3, 4, rounds=2)
    clock = fleet.clocks[2]
    kept: dict[int, str] = {}
    for n in (2, 4):
        store = fleet.stores[str(n)]
        kept[n] = attachments.keep(store.home, encode(samples_of([("S1", d.EVENING, 60, n)])))
        add(store, "rain_batches", samples_sha256=kept[n])
    clock.advance(1_000)
    fleet.settle(2, 4, 3, 1, rounds=1)

    def has(n: int, name: str) -> bool:
        return attachments.path_of(fleet.stores[str(n)].home, name).is_file()

    assert has(3, kept[2])
    assert not has(3, kept[4])
    assert has(1, kept[2])
    assert has(1, kept[4])
    before = fleet.server.execute(fleet.database, "SELECT data FROM blob_chunk", "SELECT count(*) FROM blob")
    assert before == [(2,)]
    late = attachments.keep(fleet.stores["2"].home, encode(samples_of([("S1", d.EVENING, 60, 99)])))
    path = attachments.path_of(fleet.stores["2"].home, late)
    data = path.read_bytes()
    path.unlink()
    add(fleet.stores["2"], "rain_batches", samples_sha256=late)
    fleet.settle(2, 3, rounds=1)
    assert not has(3, late), "the act is there, its file is not yet"
    with Hub.connect(fleet.url(2), password=PASSWORD) as hub:
        hub.put_blob(bytes.fromhex(late), data)
    assert fleet.sync(3).files_fetched == 1, "it is asked for again until it comes"
    assert has(3, late)


def test_a_lost_hub_gets_everything_again_from_all_of_them(fleet: Fleet) -> None:
    city(fleet)
    fleet.settle(1, 2, 3, 4, rounds=3)
    fleet.server.execute(fleet.database, "TRUNCATE act, chain, seal, witness, personal, projection, blob CASCADE")
    fleet.close_desk("4")
    fleet.settle(1, 2, 3, rounds=2)
    assert {desk for (desk,) in fleet.hub_rows("SELECT DISTINCT desk FROM act")} == {
        bytes.fromhex(f"{n:032x}") for n in (1, 2, 3, 4)
    }, "the city brings the district's that is away"
    fleet.open("4", schema())
    assert fleet.sync(4).ok


def test_rules_of_one_district_are_not_those_of_another(fleet: Fleet) -> None:
    """The city's hold where a district wrote none of its own."""
    city(fleet)
    desks = {n: Desk(fleet.stores[str(n)], fleet.clocks[n], Me("cli"), FEATURES) for n in (1, 2, 3, 4)}
    told = {"source": "示例文件", "date": "2026-06-01"}
    service.write_setting(desks[4], "sync.silence", "40", **told)
    service.write_setting(desks[1], "sync.silence", "30", **told)
    service.write_setting(desks[1], "sync.sheet", "15", **told)
    fleet.settle(1, 2, 3, 4, rounds=3)

    def in_force(n: int, key: str) -> str:
        return settings.setting(desks[n], key)

    assert [in_force(n, "sync.silence") for n in (1, 2, 3, 4)] == ["30", "30", "30", "40"]
    assert [in_force(n, "sync.sheet") for n in (1, 2, 3, 4)] == ["15"] * 4
    service.write_setting(desks[2], "sync.silence", "20", **told)
    fleet.settle(2, 3, 1, 4, rounds=2)
    assert [in_force(n, "sync.silence") for n in (1, 2, 3, 4)] == ["30", "20", "20", "40"]
    held = sorted(row.text("value") for row in service.settings(desks[2]) if row.text("key") == "sync.silence")
    assert held == ["20", "30"]
    service.write_setting(desks[3], "sync.silence", "21", **told)
    fleet.settle(3, 2, rounds=2)
    assert in_force(2, "sync.silence") == "21", "two desks of a district write the same row"
    for n in (1, 2, 3, 4):
        assert service.conflicts(desks[n]) == [], "and nobody is asked to choose between two districts"
