"""Salvage: everything that can be read is there, the rest is named, and nothing of the old is touched."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Damaged, Refused
from dutydesk.core.paths import Home
from dutydesk.core.settings import load
from dutydesk.journal import peers
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.sync import salvage, snapshots
from tests.journal import desks as d

PAGE = 4_096
CLOCK = FixedClock(d.EVENING + 3_600_000)


@pytest.fixture
def place() -> Iterator[Path]:
    with d.quick_folder() as folder:
        yield folder


@pytest.fixture(params=[None, d.KEY], ids=["plain", "encrypted"])
def key(request: pytest.FixtureRequest) -> bytes | None:
    return request.param


def filled(place: Path, key: bytes | None = None, rows: int = 60) -> Home:
    with d.make(place / "desk", key=key) as store:
        peers.own_secret(store)
        for n in range(rows):
            d.add(store, "log", text=f"第{n}条" + "水" * 200, party_phone="13800000000")
    return store.home


def pages_of_acts(home: Home) -> list[int]:
    """Pages whose loss takes acts away, by what they hold."""
    content = home.database.read_bytes()
    return [
        at // PAGE
        for at in range(PAGE, len(content), PAGE)
        if content[at] == 13 and b'"ledger":"log"' in content[at : at + PAGE]
    ]


def spoil(home: Home, pages: list[int], rng: random.Random | None = None) -> None:
    with home.database.open("r+b") as file:
        for page in pages:
            file.seek(page * PAGE)
            file.write(rng.randbytes(PAGE) if rng else bytes(PAGE))


def texts(home: Home, key: bytes | None = None) -> list[str]:
    with Store.open(home, d.FULL, CLOCK, key=key) as store:
        return [text[: text.index("条") + 1] for (text,) in d.ask(store, "SELECT text FROM log ORDER BY no")]


def test_a_whole_record_is_salvaged_whole(place: Path, key: bytes | None) -> None:
    home = filled(place, key)
    out = Home(place / "out")
    made = salvage.salvage(home, out, d.FULL, CLOCK, {"log": 70}, key=key)
    assert (made.acts, made.beside, made.missing, made.lost) == (61, 0, (), 0)
    assert made.numbers == {"log": 70}
    assert texts(out, key) == [f"第{n}条" for n in range(60)]
    assert load(out.config).epoch == 2
    with Store.open(out, d.FULL, CLOCK, key=key) as store:
        d.add(store, "log", text="接着写")
        assert d.ask(store, "SELECT no FROM log ORDER BY no DESC LIMIT 1") == [("2026-0071",)]
        (told,) = d.ask(store, "SELECT body FROM act WHERE epoch = 2 AND seq = 1")
    assert json.loads(told[0])["epoch"]["reason"] == "salvage"
    assert verify(out, d.FULL, key).ok
    assert salvage.holds(out.root)
    report = (out.root / salvage.REPORT).read_bytes()
    (out.root / salvage.REPORT).write_bytes(report.replace(b'"acts": 61', b'"acts": 62'))
    assert not salvage.holds(out.root)


def test_what_a_broken_page_took_is_named_and_the_rest_is_there(place: Path) -> None:
    home = filled(place)
    broken = pages_of_acts(home)
    spoil(home, broken[len(broken) // 2 :][:1])
    before = {path.name: path.read_bytes() for path in home.root.iterdir() if path.is_file()}
    out = Home(place / "out")
    made = salvage.salvage(home, out, d.FULL, CLOCK)
    assert {path.name: path.read_bytes() for path in home.root.iterdir() if path.is_file()} == before
    assert made.lost > 0
    assert made.acts + made.beside + made.lost == 61, "every act is in the record, beside it, or named as missing"
    assert made.numbers == {"log": 60}, "a number that stands beyond the gap is not given again"
    assert len(texts(out)) == made.acts - 1
    with Store.open(out, d.FULL, CLOCK) as store:
        assert d.ask(store, "SELECT count(*) FROM quarantine") == [(made.beside,)]
    told = json.loads((out.root / salvage.REPORT).read_text(encoding="utf-8"))
    assert sum(one["last"] - one["first"] + 1 for one in told["missing"]) == made.lost
    words = (out.root / salvage.WORDS).read_text(encoding="utf-8")
    assert f"缺失 {made.lost} 次操作" in words
    assert verify(out, d.FULL).ok


def test_a_copy_closes_the_gap(place: Path) -> None:
    home = filled(place)
    snapshots.take(home, d.FULL, FixedClock(d.EVENING))
    with Store.open(home, d.FULL, CLOCK) as store:
        d.add(store, "log", text="第60条" + "后来" * 100)
    spoil(home, pages_of_acts(home)[2:3])
    made = salvage.salvage(home, Home(place / "out"), d.FULL, CLOCK)
    assert (made.acts, made.beside, made.lost) == (62, 0, 0)
    assert texts(made.home) == [f"第{n}条" for n in range(61)], "the old from the copy, the new from the broken file"


def test_what_was_cut_off_the_end_is_missing(place: Path) -> None:
    home = filled(place)
    with home.database.open("r+b") as file:
        file.truncate(home.database.stat().st_size * 2 // 3 // PAGE * PAGE)
    made = salvage.salvage(home, Home(place / "out"), d.FULL, CLOCK)
    assert made.acts + made.beside + made.lost == 61, "desk.head knows how far it was"
    assert made.acts > 0


@pytest.mark.parametrize("seed", range(8))
def test_any_pages_may_be_noise(place: Path, seed: int) -> None:
    """Nothing false gets in, nothing is both there and missing, whatever is left of the file. Without the pages
    that say where everything is no act is found: then a copy is the way."""
    home = filled(place, rows=40)
    snapshots.take(home, d.FULL, FixedClock(d.EVENING))
    aside = home.snapshots.rename(place / "aside")
    rng = random.Random(seed)
    count = home.database.stat().st_size // PAGE
    spoil(home, rng.sample(range(1, count), 1 + seed % 4), rng)
    try:
        made = salvage.salvage(home, Home(place / "out"), d.FULL, CLOCK)
    except Damaged:  # the pages that say where everything is
        shutil.rmtree(place / "out")
        shutil.copytree(aside, home.snapshots, dirs_exist_ok=True)
        made = salvage.salvage(home, Home(place / "out"), d.FULL, CLOCK)
        assert made.lost == 0
    assert made.acts + made.beside + made.lost == 41
    assert verify(made.home, d.FULL).ok


def test_nothing_to_salvage_and_no_room_for_it(place: Path) -> None:
    home = filled(place, rows=3)
    with pytest.raises(Refused, match="不是空的"):
        salvage.salvage(home, home, d.FULL, CLOCK)
    home.database.write_bytes(b"no database at all" * 900)
    with pytest.raises(Damaged, match="一条也读不出来"):
        salvage.salvage(home, Home(place / "out"), d.FULL, CLOCK)


def test_in_place_the_broken_file_is_kept(place: Path) -> None:
    home = filled(place)
    spoil(home, pages_of_acts(home)[3:4])
    broken = home.database.read_bytes()
    made, kept = salvage.in_place(home, d.FULL, CLOCK, {"log": 60})
    assert kept is not None
    assert kept.read_bytes() == broken
    assert made.home == home
    assert len(texts(home)) == made.acts - 1
    assert salvage.holds(home.root)
    assert not list(home.root.glob(".restore-*"))
    again = Home(place / "again")
    shutil.copytree(home.root, again.root)
    assert verify(again, d.FULL).ok
