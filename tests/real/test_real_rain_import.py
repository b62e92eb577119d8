"""Every rain file of `$DUTYDESK_REAL_DATA` through import into a desk and out of `dutydesk rain --json`."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused
from dutydesk.exchange import importing
from dutydesk.exchange.reading import Options
from dutydesk.journal.desk import Desk
from dutydesk.journal.rebuild import rebuild
from dutydesk.rain import command, report
from tests.rain.gauges import NOW, make_desk

REAL = os.environ.get("DUTYDESK_REAL_DATA", "")
pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL, reason="DUTYDESK_REAL_DATA is not set")]
BJT = "+08:00"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = make_desk(tmp_path / "desk", FixedClock(NOW))
    yield made
    made.store.close()


def bring(desk: Desk, name: str, target: str = "rain", *, create: bool = False, **settings: str) -> dict[str, Any]:
    data = (Path(REAL) / "rain" / name).read_bytes()
    return importing.run(desk, importing.plan(desk, target, data, name, Options(settings=settings, create=create)))


def rain(desk: Desk, capsys: Any, *words: str) -> dict[str, dict[str, Any]]:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    capsys.readouterr()
    assert command.run(desk, parser.parse_args([*words, "--json"])) == 0
    return {each["station"]: each for each in json.loads(capsys.readouterr().out)}


def counts(told: dict[str, Any]) -> tuple[int, int, int, int, int]:
    return (*(told[key] for key in ("read", "added", "changed", "unchanged")), len(told["refused"]))  # pyright: ignore[reportReturnType]


def test_the_hourly_table_of_a_weather_office(desk: Desk, capsys: Any) -> None:
    assert counts(bring(desk, "Aws_01.csv")) == (350, 350, 0, 0, 0)
    found = rain(desk, capsys)
    assert len(found) == 14
    wanted = {"58669": ("石塘", 23.2, 9.2), "58559": ("天台", 24.3, 4.3), "58666": ("大陈", 25.7, 7.6)}
    for code, (name, total, hour) in wanted.items():
        gauge = found[code]
        assert (gauge["name"], gauge["total_mm"], gauge["max_hour_mm"], gauge["samples"]) == (name, total, hour, 25)
        assert gauge["sums"]["24"] == total
        assert gauge["complete"]["24"]
    assert found["58669"]["max_hour_at"] == f"2022-02-07T16:00:00{BJT}"
    part = rain(desk, capsys, "--from", "2022-02-07 15:00", "--to", "2022-02-07 16:00")["58669"]
    assert (part["total_mm"], part["samples"]) == (9.2, 1)
    assert counts(bring(desk, "Aws_01.csv")) == (350, 0, 0, 350, 0)
    assert desk.count("rain_batches") == 1


def test_a_snapshot_needs_its_time_and_its_length(desk: Desk, capsys: Any) -> None:
    with pytest.raises(Refused, match="time"):
        bring(desk, "rain.csv")
    assert desk.count("stations") == 0
    assert counts(bring(desk, "rain.csv", time="2022-07-01 08:00", minutes="1440")) == (483, 483, 0, 0, 0)
    found = rain(desk, capsys)
    assert len(found) == 483
    assert max(gauge["total_mm"] for gauge in found.values()) == 91.7
    assert all(row["lon"] and row["lat"] for row in desk.rows("stations"))


def test_a_running_total_and_the_list_of_its_network(desk: Desk, capsys: Any) -> None:
    refused = bring(desk, "vlinder04.csv")
    assert (refused["read"], refused["added"], len(refused["refused"])) == (4320, 0, 1)
    told = bring(desk, "demo_metadatafile.csv", "stations", create=True)
    assert (told["read"], told["added"]) == (28, 28)
    assert counts(bring(desk, "vlinder04.csv")) == (4320, 4320, 0, 0, 0)
    gauge = rain(desk, capsys, "--station", "Stadsboerderij")["vlinder04"]
    assert (gauge["total_mm"], gauge["max_hour_mm"], gauge["samples"], gauge["missing"]) == (46.8, 2.8, 4320, 0)


def test_a_header_block_of_hourly_values(desk: Desk, capsys: Any) -> None:
    assert counts(bring(desk, "DE_00389.txt")) == (10224, 10224, 0, 0, 0)
    gauge = rain(desk, capsys)["DE_00389"]
    assert (gauge["total_mm"], gauge["max_hour_mm"], gauge["samples"]) == (1219.7, 12.6, 10224)
    assert gauge["max_hour_at"] == f"2010-08-23T23:00:00{BJT}"  # 16:00 CET
    before = [tuple(row) for row in _samples(desk)]
    assert desk.store._raw is not None
    rebuild(desk.store._raw, desk.store.schema, desk.store.home.attachments)
    assert [tuple(row) for row in _samples(desk)] == before


def test_published_figures_are_taken_with_a_warning(desk: Desk, capsys: Any) -> None:
    told = bring(desk, "zhengzhou_20210720_published.csv")
    assert counts(told) == (3, 3, 0, 0, 0)
    assert [found["line"] for found in told["warnings"]] == [2]
    gauge = rain(desk, capsys)["郑州国家站"]
    assert (gauge["max_hour_mm"], gauge["max_hour_at"]) == (201.9, f"2021-07-20T17:00:00{BJT}")
    assert (gauge["sums"]["24"], gauge["complete"]["24"], gauge["sums"]["1"], gauge["total_mm"]) == (
        552.5,
        True,
        None,
        617.1,
    )


def test_all_of_them_print_on_one_list(desk: Desk) -> None:
    for name in ("Aws_01.csv", "DE_00389.txt", "zhengzhou_20210720_published.csv"):
        bring(desk, name)
    assert report.rain_table(desk, start=NOW - 86_400_000, end=NOW).startswith(b"%PDF-")
    with pytest.raises(Refused):
        bring(desk, "LICENSE")


def _samples(desk: Desk) -> Any:
    with desk.store.read() as connection:
        return connection.exec_driver_sql("SELECT * FROM sample ORDER BY 1, 2, 3").all()
