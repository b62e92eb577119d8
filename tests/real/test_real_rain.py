"""The rain files of `$DUTYDESK_REAL_DATA`: what its README says a correct import yields."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dutydesk.core.clock import parse_iso
from dutydesk.core.errors import Refused
from dutydesk.rain.reading import Reading, options_of, read_rain, read_stations
from dutydesk.rain.samples import decode, encode
from dutydesk.rain.series import Series

REAL = os.environ.get("DUTYDESK_REAL_DATA", "")
pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL, reason="DUTYDESK_REAL_DATA is not set")]


def bytes_of(name: str) -> bytes:
    return (Path(REAL) / "rain" / name).read_bytes()


def read(name: str, **settings: str) -> Reading:
    found = read_rain(bytes_of(name), name, options_of(settings))
    assert found.refused == ()
    assert decode(encode(found.samples)) == found.samples
    return found


def series(found: Reading, code: str) -> Series:
    return Series(found.samples.by_station()[code])


def test_the_hourly_table_of_a_weather_office() -> None:
    found = read("Aws_01.csv")
    assert (found.read, len(found.stations), len(found.samples), found.samples.missing) == (350, 14, 350, 0)
    assert found.samples.span == (parse_iso("2022-02-06 19:00"), parse_iso("2022-02-07 20:00"))
    wanted = {"58669": ("石塘", 232, 92), "58559": ("天台", 243, 43), "58666": ("大陈", 257, 76)}
    for code, (name, total, hour) in wanted.items():
        gauge = series(found, code)
        assert next(each.name for each in found.stations if each.code == code) == name
        assert (gauge.whole().tenths, gauge.whole().complete, gauge.peak().tenths) == (total, True, hour)
        assert gauge.count == 25


def test_a_snapshot_table_needs_what_it_does_not_say() -> None:
    with pytest.raises(Refused, match="time"):
        read("rain.csv")
    with pytest.raises(Refused, match="minutes"):
        read("rain.csv", time="2022-07-01 08:00")
    found = read("rain.csv", time="2022-07-01 08:00", minutes="1440")
    assert (found.read, len(found.samples), max(found.samples.tenths)) == (483, 483, 917)
    assert all(each.lon and each.lat and each.region for each in found.stations)


def test_a_five_minute_series_with_a_running_total() -> None:
    found = read("vlinder04.csv")
    gauge = series(found, "vlinder04")
    assert (found.read, gauge.count, gauge.missing) == (4320, 4320, 0)
    assert (gauge.whole().tenths, gauge.whole().complete, gauge.peak().tenths) == (468, True, 28)
    assert found.warnings == ()


def test_the_stations_of_that_network() -> None:
    found = read_stations(bytes_of("demo_metadatafile.csv"), "demo_metadatafile.csv")
    assert found.read == 28
    assert next(each.name for each in found.stations if each.code == "vlinder04") == "Stadsboerderij"
    with pytest.raises(Refused):
        read("demo_metadatafile.csv")


def test_a_header_block_of_hourly_values() -> None:
    found = read("DE_00389.txt")
    gauge = series(found, "DE_00389")
    peak = gauge.peak()
    assert (found.read, gauge.count, gauge.missing, gauge.whole().tenths) == (10224, 10224, 0, 12197)
    assert (peak.tenths, peak.at) == (126, parse_iso("2010-08-23T16:00+01:00"))


def test_published_figures_are_taken_with_a_warning() -> None:
    found = read("zhengzhou_20210720_published.csv")
    gauge = series(found, "郑州国家站")
    assert (found.read, len(found.samples)) == (3, 3)
    assert [each.line for each in found.warnings] == [2]
    assert gauge.peak().tenths == 2019
    assert gauge.window(parse_iso("2021-07-20 20:00"), 1440).tenths == 5525
    assert gauge.whole().tenths == 6171


def test_a_licence_is_not_rain() -> None:
    with pytest.raises(Refused):
        read("LICENSE")
