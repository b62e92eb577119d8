"""From a file of readings to what the officer is told, through a real desk."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from dutydesk.core.clock import DAY, HOUR, MINUTE, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.features import FEATURES, schema
from dutydesk.journal import attachments
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.query import Condition
from dutydesk.journal.rebuild import rebuild
from dutydesk.journal.settings import Setting
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import OpenItem
from dutydesk.rain import command, service
from dutydesk.rain.feature import RAIN
from dutydesk.rain.rules import Total, Trend
from dutydesk.rain.thresholds import thresholds, windows_of
from dutydesk.rain.words import log_text, one_line
from tests.rain.gauges import LAST, NOW, make_desk, rain_file

WET = [1.0] * 12 + [2.5] * 12
"""12 mm in the hour before the last, 30 mm in the last."""
DRY = [0.0] * 24


def samples(desk: Desk) -> list[tuple[Any, ...]]:
    with desk.store.read() as connection:
        found = connection.execute(text("SELECT * FROM sample ORDER BY 1, 2, 3")).all()
        return [tuple(row) for row in (*found, *connection.execute(text("SELECT * FROM sample_taken ORDER BY 1")))]


def made_again(desk: Desk) -> list[tuple[Any, ...]]:
    """The derived tables after a rebuild."""
    assert desk.store._raw is not None
    rebuild(desk.store._raw, desk.store.schema, desk.store.home.attachments)
    return samples(desk)


# -- import --------------------------------------------------------------------------------------------------------


def test_a_file_becomes_gauges_one_batch_and_samples(desk: Desk, bring: Any) -> None:
    told = bring(rain_file({"彭埠站": WET, "清波站": DRY}))
    assert {key: told[key] for key in ("ledger", "read", "added", "changed", "unchanged", "refused", "warnings")} == {
        "ledger": "rain", "read": 48, "added": 48, "changed": 0, "unchanged": 0, "refused": [], "warnings": [],
    }  # fmt: skip
    assert [(row["code"], row["name"]) for row in desk.rows("stations")] == [("K1", "彭埠站"), ("K2", "清波站")]
    (batch,) = desk.rows("rain_batches")
    assert (batch["samples"], batch["missing"], batch["stations"], batch["ends_at"]) == (48, 0, 2, LAST)
    for name in ("sha256", "samples_sha256"):
        assert attachments.path_of(desk.store.home, batch.text(name)).exists()


def test_the_same_file_again_adds_nothing(desk: Desk, bring: Any) -> None:
    data = rain_file({"彭埠站": WET})
    bring(data)
    before = desk.store.position()
    told = bring(data, "又一次.csv")
    assert (told["added"], told["changed"], told["unchanged"]) == (0, 0, 24)
    assert desk.store.position() == before


def test_a_dry_run_writes_nothing(desk: Desk, bring: Any) -> None:
    before = desk.store.position()
    assert bring(rain_file({"彭埠站": WET}), dry=True)["added"] == 24
    assert (desk.store.position(), desk.count("stations")) == (before, 0)
    assert not list(desk.store.home.attachments.iterdir())


def test_what_differs_is_changed_and_the_later_file_holds(desk: Desk, bring: Any, clock: FixedClock) -> None:
    first = rain_file({"彭埠站": DRY})
    bring(first)
    clock.advance(MINUTE)
    told = bring(rain_file({"彭埠站": [*DRY[:-1], 4.2]}))
    assert (told["added"], told["changed"], told["unchanged"]) == (0, 1, 23)
    assert service.gauges(desk)[0].hour == Total(42, complete=True)
    clock.advance(MINUTE)
    assert bring(first)["changed"] == 1  # a known file may be right after all
    assert service.gauges(desk)[0].hour == Total(0, complete=True)


def test_the_same_file_at_another_time_is_another_batch(desk: Desk, bring: Any) -> None:
    snapshot = "站号,站名,雨量(mm)\nK1,彭埠站,12.3\n".encode()
    for hour in (8, 9):
        assert bring(snapshot, time=f"2026-06-18 {hour:02d}:00", minutes="60")["added"] == 1
    assert desk.count("rain_batches") == 2
    assert service.summary(desk, service.find_station(desk, "K1")).total == 246


def test_a_gauge_that_nothing_is_known_of_needs_create(desk: Desk, bring: Any) -> None:
    data = "站号,时间,雨量(mm),分钟数\nK9,2026-06-18 14:00,3.5,60\n".encode()
    told = bring(data)
    assert [found["field"] for found in told["refused"]] == ["station"]
    assert "K9" in told["refused"][0]["reason"]
    assert (desk.count("stations"), desk.count("rain_batches")) == (0, 0)
    assert bring(data, create=True)["added"] == 1
    assert [row["name"] for row in desk.rows("stations")] == ["K9"]
    assert bring(data)["unchanged"] == 1


def test_partial_leaves_the_unknown_gauge_out(desk: Desk, bring: Any) -> None:
    data = "站号,站名,时间,雨量(mm),分钟数\nK1,彭埠站,2026-06-18 14:00,1.0,60\nK9,,2026-06-18 14:00,3.5,60\n".encode()
    assert bring(data)["added"] == 0
    told = bring(data, partial=True)
    assert (told["added"], len(told["refused"])) == (1, 1)
    assert [row[0] for row in samples(desk)[:1]] == ["K1"]


def test_a_known_gauge_is_completed_and_never_renamed(desk: Desk, bring: Any) -> None:
    region = desk.new("regions", {"code": "330102015", "name": "彭埠街道", "level": "SUBDISTRICT"})
    desk.act("regions.add", [region, desk.new("stations", {"code": "58457", "name": "我们的站"})])
    data = (
        "Station_Id_C,Station_Name,Town,Lat,Lon,时间,雨量(mm),分钟数\n"
        "58457,杭州,彭埠街道,30.2333,120.1667,2026-06-18 14:00,1.0,60\n"
    ).encode()
    bring(data)
    (row,) = desk.rows("stations")
    assert (row["name"], row["region"], row["lat"], row["lon"]) == ("我们的站", region.row, 30_233_300, 120_166_700)


def test_a_suspicious_value_is_taken_with_a_warning_whose_limit_is_a_setting(desk: Desk, bring: Any) -> None:
    data = "站名,时间,雨量(mm),分钟数\n彭埠站,2026-06-18 14:00,120.0,60\n".encode()
    assert bring(data, dry=True)["warnings"] == []
    desk.act("settings.add", [desk.new("settings", {"key": "rain.suspicious_mm", "value": "100"})])
    told = bring(data)
    assert [found["line"] for found in told["warnings"]] == [2]
    assert told["added"] == 1


# -- the derived table ---------------------------------------------------------------------------------------------


def test_apply_and_rebuild_give_the_same_samples(desk: Desk, bring: Any, clock: FixedClock) -> None:
    bring(rain_file({"彭埠站": WET, "清波站": DRY}))
    clock.advance(HOUR)
    bring(rain_file({"彭埠站": [*WET[:-2], None, 9.9], "九堡站": DRY}), create=True)
    applied = samples(desk)
    assert len(applied) == 48 + 2
    assert made_again(desk) == applied


@given(order=st.permutations(range(4)))
def test_the_order_in_which_batches_come_does_not_matter(order: list[int], tmp_path_factory: Any) -> None:
    folder: Path = tmp_path_factory.mktemp("order")
    desk = make_desk(folder / "desk", FixedClock(NOW))
    try:
        expected, found = _by_hand(desk, range(4)), _by_hand(desk, order)
        assert found == expected
    finally:
        desk.store.close()


def _by_hand(desk: Desk, order: Any) -> list[tuple[Any, ...]]:
    """Upsert four batches of one key with different clocks in this order; what stands then."""
    from dutydesk.journal.derived import upsert
    from dutydesk.rain.model import SAMPLE

    rows = [("K1", LAST, 5, n, hlc, act) for n, (hlc, act) in enumerate([(1, b"b"), (2, b"a"), (2, b"c"), (1, b"z")])]
    out: list[tuple[Any, ...]] = []

    def work(_cursor: Any) -> None:
        connection: Connection = desk.store._writer  # pyright: ignore[reportAssignmentType]
        connection.execute(text("DELETE FROM sample"))
        for n in order:
            upsert(connection, SAMPLE, [rows[n]])
        out.extend(tuple(row) for row in connection.execute(text("SELECT * FROM sample")))

    desk.store.local(work)
    return out


def test_samples_come_when_their_file_comes(desk: Desk, bring: Any) -> None:
    bring(rain_file({"彭埠站": WET}))
    (batch,) = desk.rows("rain_batches")
    path = attachments.path_of(desk.store.home, batch.text("samples_sha256"))
    content = path.read_bytes()
    path.unlink()
    assert made_again(desk) == []
    assert service.catch_up(desk) == 0
    with desk.store.read() as connection:
        assert service.not_arrived(connection) == [batch.id]
    assert service.gauges(desk)[0].hour.tenths is None
    path.write_bytes(content)
    heard: list[Any] = []
    desk.store.listeners.append(heard.append)
    assert service.catch_up(desk) == 1
    assert [sorted(each.ledgers) for each in heard] == [["rain_batches"]]
    assert service.gauges(desk)[0].hour == Total(300, complete=True)
    assert service.catch_up(desk) == 0


def test_a_damaged_file_is_not_taken_and_does_not_stop_the_record(desk: Desk, bring: Any, expect_log: Any) -> None:
    bring(rain_file({"彭埠站": WET}))
    (batch,) = desk.rows("rain_batches")
    path = attachments.path_of(desk.store.home, batch.text("samples_sha256"))
    path.write_bytes(path.read_bytes()[:-1])
    expect_log("samples")
    assert made_again(desk) == []


@pytest.mark.parametrize("sha256", ["../../../etc/passwd", "", "ab" * 31, "g" * 64])
def test_a_hash_that_is_none_is_no_path(desk: Desk, sha256: str) -> None:
    desk.act("rain.import", [desk.new("rain_batches", {"source": "x", "sha256": "", "samples_sha256": sha256})])
    with desk.store.read() as connection:
        assert len(service.not_arrived(connection)) == 1


# -- gauges now ----------------------------------------------------------------------------------------------------


def test_sums_end_at_the_last_sample_and_the_worst_is_first(desk: Desk, bring: Any) -> None:
    bring(rain_file({"清波站": DRY, "彭埠站": WET, "九堡站": [*WET[:-1], None]}))
    found = service.gauges(desk)
    assert [gauge.station.name for gauge in found] == ["彭埠站", "九堡站", "清波站"]
    worst = found[0]
    assert (worst.at, worst.hour, worst.sums[3]) == (LAST, Total(300, complete=True), Total(420, complete=False))
    assert (worst.trend, worst.heavy, worst.stale, worst.last) == (Trend.RISING, True, False, LAST)
    assert worst.grade is not None
    assert worst.grade.code == "HEAVY"
    assert found[1].hour == Total(275, complete=False)
    assert found[1].trend is Trend.UNKNOWN


def test_a_signal_comes_before_a_wet_hour(desk: Desk, bring: Any) -> None:
    """50 mm in 3 h is orange, whatever falls elsewhere now."""
    bring(rain_file({"急站": [0.0] * 24 + [4.0] * 12, "久站": [50.0] + [0.0] * 34 + [0.1]}))
    found = service.gauges(desk)
    assert [(each.station.name, each.signal and each.signal.colour) for each in found] == [
        ("久站", "ORANGE"),
        ("急站", None),
    ]


@pytest.mark.parametrize(
    ("minutes", "silent", "stale"), [(5, 35, False), (5, 36, True), (60, 90, False), (60, 91, True)]
)
def test_a_gauge_falls_silent(desk: Desk, bring: Any, minutes: int, silent: int, stale: bool) -> None:
    bring(rain_file({"彭埠站": [3.0] * 3}, minutes=minutes))
    (gauge,) = service.gauges(desk, LAST + silent * MINUTE)
    assert (gauge.stale, gauge.last) == (stale, LAST)
    assert gauge.at == (LAST + silent * MINUTE if stale else LAST)


def test_old_rain_of_a_silent_gauge_is_not_todays(desk: Desk, bring: Any) -> None:
    bring(rain_file({"彭埠站": WET}))
    (gauge,) = service.gauges(desk, LAST + 3 * DAY)
    assert (gauge.hour, gauge.sums[24], gauge.last) == (Total(None, complete=False),) * 2 + (LAST,)
    assert service.gauges(desk, LAST)[0].hour == Total(300, complete=True)


def test_a_moment_of_last_year_is_read_by_itself(desk: Desk, bring: Any) -> None:
    bring(rain_file({"彭埠站": WET}, LAST - 400 * DAY))
    bring(rain_file({"彭埠站": DRY}))
    for _again in range(2):
        assert service.gauges(desk)[0].hour == Total(0, complete=True)
        (then,) = service.gauges(desk, NOW - 400 * DAY)
        assert (then.hour, then.last, then.stale) == (Total(300, complete=True), LAST - 400 * DAY, False)
        (after,) = service.gauges(desk, NOW - 300 * DAY)
        assert (after.last, after.stale) == (LAST - 400 * DAY, True)
    with desk.store.read() as connection:
        assert service._of(connection).since > NOW - 2 * DAY, "the year between is not kept in memory"


def test_samples_of_the_future_do_not_count(desk: Desk, bring: Any) -> None:
    bring(rain_file({"彭埠站": WET}))
    (gauge,) = service.gauges(desk, LAST - HOUR)
    assert (gauge.hour, gauge.last) == (Total(120, complete=True), LAST - HOUR)


def test_what_another_process_writes_is_seen(desk: Desk, bring: Any, clock: FixedClock) -> None:
    bring(rain_file({"彭埠站": DRY}))
    assert service.gauges(desk)[0].hour == Total(0, complete=True)
    clock.advance(5 * MINUTE)
    with Store.open(desk.store.home, schema(), clock) as other:
        bring(rain_file({"彭埠站": [7.0]}, LAST + 5 * MINUTE), to=Desk(other, clock, Me(), FEATURES))
    assert service.gauges(desk)[0].hour == Total(70, complete=True)


def test_thresholds_are_settings(desk: Desk, bring: Any) -> None:
    bring(rain_file({"彭埠站": WET}))
    assert service.gauges(desk)[0].signal is None
    given = {"key": "rain.signal.YELLOW", "value": "1h 30", "source": "本区办法", "date": "2025-05-01"}
    desk.act(
        "settings.add",
        [desk.new("settings", given), desk.new("settings", {"key": "rain.heavy_hour_mm", "value": "31"})],
    )
    (gauge,) = service.gauges(desk)
    assert gauge.signal is not None
    assert (gauge.signal.colour, gauge.signal.source, gauge.heavy) == ("YELLOW", "本区办法", False)
    assert service.limits(desk).origins == {"rain.heavy_hour_mm": "", "rain.signal.YELLOW": "本区办法 2025-05-01"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rain.heavy_hour_mm", "多"), ("rain.heavy_hour_mm", "-1"), ("rain.trend_mm", "0.05"), ("rain.day_hour", "24"),
        ("rain.stale_minutes", "0"), ("rain.signal.GREEN", "1h 30"), ("rain.signal.RED", "100"),
        ("rain.signal.RED", "25h 100"), ("rain.signal.RED", "1h 10 / 2h 20 / 3h 30"), ("rain.nothing", "1"),
    ],
)  # fmt: skip
def test_a_setting_that_means_nothing_changes_nothing(key: str, value: str) -> None:
    plain, told = thresholds(), thresholds((Setting(key, value),))
    assert (told.rules, told.local, told.stale_minutes) == (plain.rules, plain.local, plain.stale_minutes)
    assert [problem.field for problem in told.problems] == [key]


@pytest.mark.parametrize(
    ("value", "windows"),
    [
        ("3h 100", ((3, 1000),)),
        ("6小时≥100毫米 / 24h 150.5", ((6, 1000), (24, 1505))),
        ("1 h 20 mm 或 3h50", ((1, 200), (3, 500))),
    ],
)
def test_windows_as_people_write_them(value: str, windows: Any) -> None:
    assert windows_of(value) == windows


def test_a_signal_set_here_stands_before_the_provinces_own() -> None:
    day = parse_iso("2026-06-18 08:00")
    from dutydesk.core.clock import local

    limits = thresholds(
        (Setting("rain.signal.ORANGE", "3h 60", place="本市"), Setting("rain.signal.RED", "1h 90", place="44"))
    )
    beijing = {row.colour: row for row in limits.signals("110101", local(day).date())}
    assert (beijing["ORANGE"].tenths, beijing["RED"].tenths, beijing["RED"].window_h) == (600, 1000, 3)
    canton = {row.colour: row for row in limits.signals("440106", local(day).date())}
    assert (canton["RED"].tenths, canton["RED"].window_h) == (900, 1)


# -- one gauge, the command ----------------------------------------------------------------------------------------


def ask(desk: Desk, capsys: Any, *words: str) -> Any:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    assert command.run(desk, parser.parse_args([*words, "--json"])) == 0
    return json.loads(capsys.readouterr().out)


def test_the_command_says_what_the_contract_says(desk: Desk, bring: Any, capsys: Any) -> None:
    bring(rain_file({"彭埠站": WET}))
    desk.act("stations.add", [desk.new("stations", {"code": "Z", "name": "空站"})])
    full, empty = ask(desk, capsys)
    assert full == {
        "station": "K1",
        "name": "彭埠站",
        "total_mm": 42.0,
        "max_hour_mm": 30.0,
        "max_hour_at": "2026-06-18T14:30:00+08:00",
        "sums": {"1": 30.0, "3": 42.0, "6": 42.0, "12": 42.0, "24": 42.0},
        "complete": {"1": True, "3": False, "6": False, "12": False, "24": False},
        "samples": 24,
        "missing": 0,
    }
    nothing = dict.fromkeys(("1", "3", "6", "12", "24"))
    assert empty == {
        "station": "Z", "name": "空站", "total_mm": None, "max_hour_mm": None, "max_hour_at": None, "sums": nothing,
        "complete": dict.fromkeys(nothing, False), "samples": 0, "missing": 0,
    }  # fmt: skip


def test_from_and_to_are_an_open_and_a_closed_end(desk: Desk, bring: Any, capsys: Any) -> None:
    bring(rain_file({"彭埠站": [1.0, 2.0, None, 4.0]}))
    (found,) = ask(desk, capsys, "--from", "2026-06-18 14:15", "--to", "2026-06-18T14:25", "--station", "彭埠站")
    assert (found["total_mm"], found["samples"], found["missing"], found["max_hour_mm"]) == (2.0, 2, 1, 2.0)
    assert found["sums"]["1"] == 3.0  # at the last sample of the span, of everything that is known
    (later,) = ask(desk, capsys, "--at", "2026-06-18 15:30", "--station", "K1")
    assert (later["sums"]["1"], later["sums"]["3"], later["samples"]) == (None, 7.0, 4)


@pytest.mark.parametrize(
    "words", [["--from", "昨天"], ["--from", "2026-06-19", "--to", "2026-06-18"], ["--station", "没有"]]
)
def test_the_command_refuses_what_means_nothing(desk: Desk, words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    with pytest.raises(Refused):
        command.run(desk, parser.parse_args(words))


def test_two_gauges_of_one_name_are_told_apart_by_code(desk: Desk) -> None:
    desk.act("stations.add", [desk.new("stations", {"code": code, "name": "双站"}) for code in ("A", "B")])
    with pytest.raises(Refused, match="站号"):
        service.find_station(desk, "双站")
    assert service.find_station(desk, "B").code == "B"


# -- what others are told ------------------------------------------------------------------------------------------


def of_rain(desk: Desk, now: int) -> list[OpenItem]:
    return [each for each in desk.open_items(now) if each.ledger == "stations"]


def test_a_colour_just_reached_is_an_open_item_for_an_hour(desk: Desk, bring: Any) -> None:
    bring(rain_file({"彭埠站": [0.0] * 30 + [10.0] * 6, "九堡站": [0.0] * 30 + [9.0] * 6, "清波站": [0.0] * 36}))
    (item,) = of_rain(desk, NOW)
    assert (item.title, item.severity, item.due_at) == ("彭埠站、九堡站达暴雨橙色标准", 2, None)
    assert item.detail == "标准 3 小时 50 毫米；彭埠站 3h 60.0、九堡站 3h 54.0"
    assert desk.title(item.ledger, item.row) == "彭埠站"
    bring(rain_file({"彭埠站": [0.0] * 12, "九堡站": [0.0] * 12, "清波站": [0.0] * 12}, LAST + HOUR))
    assert service.gauges(desk, NOW + HOUR)[0].signal is not None  # three hours back it is still orange
    assert of_rain(desk, NOW + HOUR) == []


def test_a_silent_gauge_is_equipment_for_a_day(desk: Desk, bring: Any) -> None:
    bring(rain_file({f"{n}号站": DRY for n in range(6)}))
    assert [each.title for each in of_rain(desk, NOW + 2 * HOUR)] == ["0号站、1号站、2号站等 6 站未更新"]
    assert of_rain(desk, NOW + 2 * DAY) == []


def test_figures(desk: Desk, bring: Any) -> None:
    assert desk.figures(NOW - DAY, NOW)["rain.gauges"].value == 0
    bring(rain_file({"彭埠站": WET, "清波站": [0.0] * 12 + [3.0] * 6 + [0.0] * 18}))
    service.gauges(desk)
    for start in (NOW - 20 * HOUR, NOW - 40 * DAY):  # from what is kept, and read anew
        found = {name: figure.value for name, figure in desk.figures(start, NOW).items() if name.startswith("rain.")}
        assert found == {
            "rain.gauges": 2, "rain.max_total": "42.0", "rain.max_total_gauge": "彭埠站", "rain.max_hour": "30.0",
            "rain.max_hour_gauge": "彭埠站", "rain.heavy_gauges": 1, "rain.worst": "彭埠站 30.0 mm",
        }  # fmt: skip
    before = desk.figures(NOW - 20 * HOUR, LAST - HOUR)
    assert before["rain.worst"].value == "清波站 18.0 mm"
    assert "rain.worst" not in desk.figures(NOW, NOW + DAY)
    assert (before["rain.max_hour"].value, before["rain.heavy_gauges"].value) == ("18.0", 0)


def test_one_line_into_the_duty_log(desk: Desk, bring: Any) -> None:
    bring(rain_file({"彭埠站": [0.0] * 24 + [5.0] * 12, "清波站": [0.3] * 6, "空站": [None]}))
    assert service.note_in_log(desk, "K1") == "彭埠站 1h 60.0 mm（橙）"
    assert service.note_in_log(desk, "K2") == "清波站 1h ≥1.8 mm"
    rows = desk.rows("log", Condition("text", "has", "mm"))
    assert sorted(row["text"] for row in rows) == ["彭埠站 1h 60.0 mm（橙）", "清波站 1h ≥1.8 mm"]
    assert {(row["happened_at"], row["line"], row["category"]) for row in rows} == {(LAST, "FLOOD", "SYSTEM_MSG")}
    with pytest.raises(Refused):
        service.note_in_log(desk, "K3")


def test_one_line_for_a_group_chat(desk: Desk, bring: Any) -> None:
    bring(rain_file({"彭埠站": [0.0] * 24 + [5.0] * 12}))
    (gauge,) = service.gauges(desk)
    assert one_line(gauge, NOW) == (
        "彭埠站 14:30 雨量（mm）：1h 60.0，3h 60.0，6h ≥60.0，12h ≥60.0，24h ≥60.0，已达暴雨橙色标准"
    )
    assert log_text(gauge) == "彭埠站 1h 60.0 mm（橙）"


def test_the_feature_names_what_it_has() -> None:
    assert [form.code for form in RAIN.forms] == ["RAIN"]
    assert [item.ledger for item in RAIN.importers] == ["rain"]
    assert [item.name for item in RAIN.commands] == ["rain"]
