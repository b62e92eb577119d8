from __future__ import annotations

import io

import pytest
import xlsxwriter

from dutydesk.core.clock import HOUR, MINUTE, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.rain.formats_base import Amounts, Times, clock_of, zone_of
from dutydesk.rain.formats_header import period_of, read_header, unit_of
from dutydesk.rain.reading import Reading, StationSeen, options_of, read_rain, read_rain_rows, read_stations


def read(text: str, name: str = "a.csv", **settings: str) -> Reading:
    return read_rain(
        text.encode(), name, options_of({key.replace("__", "."): value for key, value in settings.items()})
    )


def rows(reading: Reading) -> list[tuple[str, str, int, int | None]]:
    """Samples with local times, for eyes."""
    from dutydesk.core.clock import local

    return [
        (code, f"{local(end):%m-%d %H:%M}", minutes, tenths) for code, end, minutes, tenths in reading.samples.rows()
    ]


def reasons(reading: Reading) -> list[tuple[int | None, str]]:
    return [(each.line, each.field) for each in reading.refused]


# --- what the user says


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("zone", "Mars"),
        ("time", "gestern"),
        ("minutes", "0"),
        ("minutes", "-5"),
        ("minutes", "x"),
        ("unit", "inch"),
        ("column.colour", "A"),
        ("speed", "1"),
    ],
)
def test_a_setting_that_means_nothing_is_refused_by_name(key: str, value: str) -> None:
    with pytest.raises(Refused) as refusal:
        options_of({key: value})
    assert refusal.value.problems[0].field == key


def test_a_set_time_is_of_the_set_zone() -> None:
    assert options_of({"time": "2026-06-18 00:00", "zone": "UTC"}).time == parse_iso("2026-06-18 08:00")
    assert options_of({"time": "2026-06-18 08:00"}).time == parse_iso("2026-06-18 08:00")
    assert options_of({"time": "2026-06-18T00:00Z"}).time == parse_iso("2026-06-18 08:00")


# --- cells


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-18 08:00",
        "2026/6/18 8:00",
        "2026-06-18T08:00:00",
        "2026-06-18T08:00:00+08:00",
        "2026-06-18T00:00:00Z",
        "2026.06.18 08:00",
        "202606180800",
        "2026061808",
        "20260618080000",
        "20260618 08:00",
        "2026年6月18日8时",
        "2026年06月18日 08:00",
        "2026年6月18日8时00分",
        "2026-06-18 8时",
        "2026-06-18 08:00:00.000",
    ],
)
def test_times_as_offices_write_them(text: str) -> None:
    zone = zone_of("+08:00")
    assert zone is not None
    assert Times(zone).read(text) == parse_iso("2026-06-18 08:00")


@pytest.mark.parametrize(
    "text", ["", "08:00", "2026-13-01", "2026-02-30 08:00", "2026-06-18 25:00", "6月18日 8:00", "abc", "24:30"]
)
def test_what_is_no_time(text: str) -> None:
    zone = zone_of("UTC")
    assert zone is not None
    assert Times(zone).read(text) is None


def test_midnight_may_be_24() -> None:
    zone = zone_of("北京时")
    assert zone is not None
    assert Times(zone).read("2026-06-18 24:00") == parse_iso("2026-06-19 00:00")
    assert clock_of("24:00") == 24 * HOUR
    assert clock_of("24:01") is None


@pytest.mark.parametrize(
    ("text", "hours"),
    [("UTC", 0), ("utc+8", 8), ("+0800", 8), ("+08:00", 8), ("GMT-5", -5), ("CET", 1), ("北京时间", 8)],
)
def test_zones(text: str, hours: int) -> None:
    zone = zone_of(text)
    assert zone is not None
    assert zone.utcoffset(None).total_seconds() == hours * 3600


@pytest.mark.parametrize("text", ["", "Europe/Berlin", "CEST", "+25:00", "mm"])
def test_what_is_no_zone(text: str) -> None:
    assert zone_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "--", "/", "-9999", "-9999.0", "-999", "-999.0", "-99.9", "999999", "999999.0", "999990", "32766", "9999.9",
        "缺测", "NaN", "null", "N/A", "微量",
    ],
)  # fmt: skip
@pytest.mark.parametrize("unit", [1, 10])
def test_a_missing_reading_is_missing_and_never_nothing(text: str, unit: int) -> None:
    assert Amounts(unit).read(text.strip()) == -1


@pytest.mark.parametrize(
    ("text", "unit", "tenths"),
    [
        ("0", 10, 0),
        ("0.0", 10, 0),
        ("-0.0", 10, 0),
        ("12.6", 10, 126),
        ("201.9", 10, 2019),
        ("49.95", 10, 500),
        ("49.94", 10, 499),
        ("0.1 mm", 10, 1),
        ("0.30000000000000004", 10, 3),
        ("1e1", 10, 100),
        ("23", 1, 23),
        ("999", 1, 999),
        ("1.26", 100, 126),
    ],
)
def test_amounts_are_integers_of_tenths(text: str, unit: int, tenths: int) -> None:
    assert Amounts(unit).read(text) == tenths


def test_only_what_is_finer_than_a_tenth_is_rounded() -> None:
    amounts = Amounts(10)
    for text in ("1.0", "0.30000000000000004", "0.25", "49.95"):
        amounts.read(text)
    assert amounts.rounded == 2


@pytest.mark.parametrize("text", ["-5", "-0.1", "无", "abc", "1,2", "12..6", "inf", "10000000"])
def test_what_is_no_amount_is_refused_with_a_reason(text: str) -> None:
    assert isinstance(Amounts(10).read(text), str)


# --- headers


@pytest.mark.parametrize(
    ("header", "minutes"),
    [
        ("小时雨量", 60), ("1小时雨量", 60), ("过去1小时降水量", 60), ("3小时降水", 180), ("24小时累计雨量", 1440),
        ("日雨量", 1440), ("分钟雨量", 1), ("5分钟雨量", 5), ("十二小时降雨量", 720), ("pre1h", 60), ("pre24h", 1440),
        ("r10m", 10), ("3日雨量", 4320), ("雨量", None), ("累计雨量", None), ("水位", None),
    ],
)  # fmt: skip
def test_periods_that_a_header_names(header: str, minutes: int | None) -> None:
    assert period_of(header) == minutes


@pytest.mark.parametrize(
    ("text", "unit"), [("mm", 10), ("单位:mm", 10), ("0.1mm", 1), ("0.1 毫米", 1), ("mm/h", 10), ("℃", None)]
)
def test_units_that_a_header_names(text: str, unit: int | None) -> None:
    assert unit_of(text) == unit


def test_a_column_set_by_hand_wins() -> None:
    layout = read_header(["编号甲", "时间", "雨量", "另一个"], {"station": "编号甲", "rain": "另一个"})
    assert layout.at("station") == 0
    assert [column.header for column in layout.rains] == ["另一个"]


# --- one period a row

HOURLY = "站号,站名,时间,小时雨量(mm)\nK1,彭埠,2026-06-18 01:00,1.5\nK1,彭埠,2026-06-18 02:00,-9999\nK2,九堡,2026-06-18 01:00,0\n"


def test_an_hourly_table_in_chinese() -> None:
    found = read(HOURLY)
    assert (found.format, found.read, found.refused, found.warnings) == ("table", 3, (), ())
    assert rows(found) == [("K1", "06-18 01:00", 60, 15), ("K1", "06-18 02:00", 60, None), ("K2", "06-18 01:00", 60, 0)]
    assert found.stations == (StationSeen("K1", "彭埠"), StationSeen("K2", "九堡"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(encoding: str) -> None:
    found = read_rain(HOURLY.encode(encoding), "a.csv")
    assert found.stations[0].name == "彭埠"
    assert len(found.samples) == 3


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiters(delimiter: str) -> None:
    assert rows(read(HOURLY.replace(",", delimiter))) == rows(read(HOURLY))


def test_tenths_by_header_title_and_setting() -> None:
    body = "K1,2026-06-18 01:00,15\n"
    assert rows(read("站号,时间,小时雨量(0.1mm)\n" + body))[0][3] == 15
    assert rows(read("某区逐时雨量(单位:0.1mm),,\n站号,时间,小时雨量\n" + body))[0][3] == 15
    assert rows(read("站号,时间,小时雨量\n" + body, unit="0.1mm"))[0][3] == 15
    guessed = read("站号,时间,小时雨量\n" + body)
    assert rows(guessed)[0][3] == 150
    assert [each.field for each in guessed.warnings] == ["unit"]


def test_a_setting_against_the_file_is_refused() -> None:
    for key, value in (("unit", "0.1mm"), ("minutes", "5")):
        with pytest.raises(Refused) as refusal:
            read(HOURLY, **{key: value})
        assert refusal.value.problems[0].field == key
    with pytest.raises(Refused, match="zone"):
        read("station,time (UTC),rain_mm\nK1,2026-06-18 01:00,1.5\n", zone="+08:00", minutes="60")


def test_the_zone_is_the_headers_or_the_one_that_was_set_or_beijing() -> None:
    body = "K1,2026-06-18 01:00,1.5\n"
    assert rows(read("station,time (UTC),rain_mm\n" + body, minutes="60"))[0][1] == "06-18 09:00"
    assert rows(read("station,time,rain_mm\n" + body, minutes="60", zone="UTC"))[0][1] == "06-18 09:00"
    assert rows(read("station,time,rain_mm\n" + body, minutes="60"))[0][1] == "06-18 01:00"


def test_an_aws_table_is_known_by_its_headers() -> None:
    found = read(
        ",StationName,county,Town,lat,lon,IIiii,tTime,dFy,fFy,T,RR\n"
        "0,甲站,示例区,甲街道,30.1,120.2,58001,2026-06-18 01:00:00,1,2,-44,23\n"
        "1,甲站,示例区,甲街道,30.1,120.2,58001,2026-06-18 02:00:00,1,2,-44,-9999\n"
    )
    assert found.profile == "aws"
    assert rows(found) == [("58001", "06-18 01:00", 60, 23), ("58001", "06-18 02:00", 60, None)]
    assert found.stations == (StationSeen("58001", "甲站", "120.2", "30.1", "示例区/甲街道"),)


SNAPSHOT = ",Cnty,Town,Station_Name,Station_Id_C,Lat,Lon,PRE,value\n0,示例区,甲街道,甲,K1,30.1,120.2,91.7,91.7\n"


def test_a_snapshot_needs_time_and_minutes() -> None:
    for settings, missing in (({}, "time"), ({"time": "2026-06-18 08:00"}, "minutes")):
        with pytest.raises(Refused) as refusal:
            read(SNAPSHOT, **settings)
        assert refusal.value.problems[0].field == missing
    found = read(SNAPSHOT, time="2026-06-18 08:00", minutes="1440")
    assert (found.format, rows(found)) == ("snapshot", [("K1", "06-18 08:00", 1440, 917)])


def test_a_snapshot_whose_header_or_title_says_it() -> None:
    found = read(SNAPSHOT.replace("PRE", "PRE_3h"), time="2026-06-18 08:00")
    assert rows(found) == [("K1", "06-18 08:00", 180, 917)]
    titled = read("统计时段:2026-06-17 08:00 至 2026-06-18 08:00,\n站名,雨量(mm)\n甲,91.7\n合计,91.7\n")
    assert rows(titled) == [("甲", "06-18 08:00", 1440, 917)]
    assert titled.read == 1
    assert [each.line for each in titled.warnings] == [4]


def test_several_periods_in_one_row() -> None:
    found = read("站号,时间,1小时雨量,3小时雨量,24小时雨量,雨量\nK1,2026-06-18 08:00,1.0,2.5,30.5,9\n")
    assert rows(found) == [
        ("K1", "06-18 08:00", 60, 10),
        ("K1", "06-18 08:00", 180, 25),
        ("K1", "06-18 08:00", 1440, 305),
    ]
    assert found.read == 1


def test_periods_with_start_and_end_take_a_record_hour_with_a_warning() -> None:
    found = read("station,period_start_bjt,period_end_bjt,rain_mm\n甲站,2026-07-20 16:00,2026-07-20 17:00,201.9\n")
    assert rows(found) == [("甲站", "07-20 17:00", 60, 2019)]
    assert [each.line for each in found.warnings] == [2]
    assert found.refused == ()
    backward = read("station,start,end,rain_mm\nK1,2026-07-20 17:00,2026-07-20 16:00,1\n")
    assert reasons(backward) == [(2, "time")]


def test_the_hydrology_bureaus_columns() -> None:
    found = read("STCD,TM,DRP,INTV\n63301,2026-06-18 08:00:00,1.5,1.30\n63301,2026-06-18 08:30:00,0.5,0.30\n")
    assert rows(found) == [("63301", "06-18 08:00", 90, 15), ("63301", "06-18 08:30", 30, 5)]


def test_date_and_clock_or_numbers() -> None:
    assert rows(read("站号,日期,时间,小时雨量\nK1,2026/6/18,8:00,1.5\n")) == [("K1", "06-18 08:00", 60, 15)]
    assert rows(read("站号,年,月,日,时,小时雨量\nK1,2026,6,18,24,1.5\n")) == [("K1", "06-19 00:00", 60, 15)]
    with pytest.raises(Refused, match="只有日期"):
        read("站号,日期,日雨量\nK1,2026-06-18,1.5\n")


def test_the_period_is_guessed_from_regular_rows_up_to_an_hour() -> None:
    body = "".join(f"K1,2026-06-18 08:{minute:02},0.2\n" for minute in range(0, 60, 10))
    found = read("站号,时间,雨量\n" + body)
    assert {each[2] for each in rows(found)} == {10}
    assert [each.field for each in found.warnings] == ["minutes"]
    with pytest.raises(Refused, match="minutes"):
        read("站号,时间,雨量\nK1,2026-06-18 08:00,0.2\nK1,2026-06-19 08:00,0.2\n")
    with pytest.raises(Refused, match="minutes"):
        read("站号,时间,雨量\nK1,2026-06-18 08:00,0.2\n")


def test_bad_rows_are_refused_by_line_and_field_and_give_no_sample() -> None:
    found = read(
        "站号,时间,小时雨量\nK1,2026-06-18 01:00,1.5\nK1,2026-06-18 02:00,-5\nK1,gestern,1\n,2026-06-18 04:00,1.0\n"
        "K1,2026-06-18 05:00,viel\n"
    )
    assert (found.read, len(found.samples)) == (5, 1)
    assert reasons(found) == [(4, "time"), (5, "station"), (3, "小时雨量"), (6, "小时雨量")]
    assert all(each.file == "a.csv" and each.reason for each in found.refused)


def test_of_two_values_for_one_period_the_later_line_holds() -> None:
    found = read("站号,时间,小时雨量\nK1,2026-06-18 01:00,1.5\nK1,2026-06-18 01:00,2.5\nK1,2026-06-18 01:00,-\n")
    assert rows(found) == [("K1", "06-18 01:00", 60, 25)]
    assert [each.line for each in found.warnings] == [3]


def test_many_suspicious_values_are_counted_not_listed_for_ever() -> None:
    body = "".join(f"K{n},2026-06-18 01:00,250.5\n" for n in range(300))
    found = read("站号,时间,小时雨量\n" + body)
    assert len(found.samples) == 300
    assert len(found.warnings) == 201
    assert "300" in found.warnings[-1].reason


def test_a_file_without_a_single_value_says_so() -> None:
    found = read("站号,时间,小时雨量\nK1,2026-06-18 01:00,-9999\n")
    assert found.samples.missing == 1
    assert "缺测" in found.warnings[-1].reason


def test_a_single_gauge_without_its_name() -> None:
    text = "时间,小时雨量\n2026-06-18 01:00,1.5\n"
    with pytest.raises(Refused) as refusal:
        read(text)
    assert refusal.value.problems[0].field == "station"
    assert rows(read(text, station="K9")) == [("K9", "06-18 01:00", 60, 15)]


# --- running totals

DUTCH = "Datum;Tijd (UTC);Neerslagintensiteit;Neerslagsom;Vlinder\n"


def totals(*pairs: tuple[str, str], head: str = DUTCH) -> str:
    return head + "".join(f"{at[:10]};{at[11:]};0.0;{total};v4\n" for at, total in pairs)


def test_a_running_total_that_resets_at_midnight_utc() -> None:
    found = read(
        totals(
            ("2026-09-05 23:45:00", "0.0"),
            ("2026-09-05 23:50:00", "0.4"),
            ("2026-09-05 23:55:00", "0.6"),
            ("2026-09-06 00:00:00", "0.0"),
            ("2026-09-06 00:05:00", "0.2"),
        )
    )
    assert found.format == "running"
    assert rows(found) == [
        ("v4", "09-06 07:45", 5, 0),
        ("v4", "09-06 07:50", 5, 4),
        ("v4", "09-06 07:55", 5, 2),
        ("v4", "09-06 08:00", 5, 0),
        ("v4", "09-06 08:05", 5, 2),
    ]
    assert found.stations == (StationSeen("v4"),)


def test_a_gap_in_a_running_total_is_one_longer_sample_and_a_gap_over_the_reset_is_partly_unknown() -> None:
    found = read(
        totals(
            ("2026-09-05 23:00:00", "1.0"),
            ("2026-09-05 23:05:00", "1.0"),
            ("2026-09-05 23:10:00", "-9999"),
            ("2026-09-05 23:20:00", "1.6"),
            ("2026-09-06 00:10:00", "0.4"),
            ("2026-09-06 00:15:00", "0.4"),
        )
    )
    assert rows(found) == [
        ("v4", "09-06 07:00", 23 * 60, 10),
        ("v4", "09-06 07:05", 5, 0),
        ("v4", "09-06 07:10", 5, None),
        ("v4", "09-06 07:20", 15, 6),
        ("v4", "09-06 08:00", 40, None),
        ("v4", "09-06 08:10", 10, 4),
        ("v4", "09-06 08:15", 5, 0),
    ]


def test_a_total_that_falls_without_a_reset_is_missing_with_a_warning() -> None:
    found = read(
        "站号,时间,累计雨量(mm)\nK1,2026-06-18 10:10,5.2\nK1,2026-06-18 10:15,5.4\nK1,2026-06-18 10:20,5.0\n"
        "K1,2026-06-18 10:25,5.1\n"
    )
    assert [each[3] for each in rows(found)] == [None, 2, None, 1]
    assert [each.line for each in found.warnings] == [2, 4]


def test_a_chinese_total_that_resets_after_eight() -> None:
    found = read(
        "站号,时间,累计雨量(mm)\nK1,2026-06-18 07:55,50.0\nK1,2026-06-18 08:00,52.0\nK1,2026-06-18 08:05,1.5\n"
        "K1,2026-06-18 08:10,1.5\n"
    )
    assert rows(found) == [
        ("K1", "06-18 07:55", 23 * 60 + 55, 500),
        ("K1", "06-18 08:00", 5, 20),
        ("K1", "06-18 08:05", 5, 15),
        ("K1", "06-18 08:10", 5, 0),
    ]


def test_one_total_alone_says_nothing() -> None:
    with pytest.raises(Refused, match="两个时刻"):
        read("站号,时间,累计雨量\nK1,2026-06-18 07:55,50.0\n")


# --- wide tables


def test_a_row_for_each_station_and_a_column_for_each_hour() -> None:
    hours = ",".join(f"{hour}时" for hour in range(24))
    values = ",".join(f"{hour}.5" for hour in range(24))
    found = read(f"站号,站名,日期,{hours}\nK1,彭埠,2026-06-18,{values}\n合计,,,{values}\n")
    assert (found.format, found.read, len(found.samples)) == ("wide-hours", 1, 24)
    assert rows(found)[0] == ("K1", "06-18 00:00", 60, 5)
    assert rows(found)[-1] == ("K1", "06-18 23:00", 60, 235)


@pytest.mark.parametrize(
    ("first", "earliest", "latest"),
    [(21, "06-17 21:00", "06-18 20:00"), (9, "06-18 09:00", "06-19 08:00"), (1, "06-18 01:00", "06-19 00:00")],
)
def test_rain_days_over_midnight(first: int, earliest: str, latest: str) -> None:
    labels = [(first + n - 1) % 24 + 1 for n in range(24)]
    found = read(f"站号,日期,{','.join(map(str, labels))}\nK1,2026-06-18,{','.join(['0.1'] * 24)}\n")
    assert [rows(found)[0][1], rows(found)[-1][1]] == [earliest, latest]
    assert len(found.samples) == 24


def test_hours_in_another_order_are_not_guessed() -> None:
    with pytest.raises(Refused, match="认不出"):
        read("站号,日期,5,4,3,2\nK1,2026-06-18,1,1,1,1\n")


def test_the_day_of_a_wide_table_may_be_set() -> None:
    text = "站名,08:00,08:05,08:10\n甲,0.1,/,0.3\n"
    with pytest.raises(Refused) as refusal:
        read(text)
    assert refusal.value.problems[0].field == "time"
    assert rows(read(text, time="2026-06-18")) == [
        ("甲", "06-18 08:00", 5, 1),
        ("甲", "06-18 08:05", 5, None),
        ("甲", "06-18 08:10", 5, 3),
    ]


def test_columns_of_minutes_in_rows_of_hours() -> None:
    labels = ",".join(f"{minute:02}" for minute in range(1, 61))
    found = read(f"站号,日期,时,{labels}\nK1,2026-06-18,8,{','.join(['0.1'] * 60)}\n")
    assert [rows(found)[0], rows(found)[-1]] == [("K1", "06-18 08:01", 1, 1), ("K1", "06-18 09:00", 1, 1)]


def test_columns_that_are_moments() -> None:
    found = read("站号,2026-06-18 08:00,2026-06-18 09:00,2026-06-18 10:00\nK1,1.0,?,3.0\nK2,1.0,2.0,-9999\n")
    assert rows(found) == [
        ("K2", "06-18 08:00", 60, 10),
        ("K2", "06-18 09:00", 60, 20),
        ("K2", "06-18 10:00", 60, None),
    ]
    assert reasons(found) == [(2, "2026-06-18 09:00")]


@pytest.mark.parametrize("header", ["九堡站(K2202)", "九堡站（K2202）", "九堡站[K2202]"])
def test_a_row_for_each_moment_and_a_column_for_each_station(header: str) -> None:
    found = read(f"时间,彭埠站,{header}\n2026-06-18 08:00,1.5,-\n2026-06-18 09:00,2.5,0.5\n")
    assert (found.format, found.read) == ("wide-stations", 2)
    assert rows(found) == [
        ("K2202", "06-18 08:00", 60, None),
        ("K2202", "06-18 09:00", 60, 5),
        ("彭埠站", "06-18 08:00", 60, 15),
        ("彭埠站", "06-18 09:00", 60, 25),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "时间,室内,室外\n2026-06-18 08:00,21.5,25.5\n2026-06-18 09:00,21.5,25.5\n",
        "a,b,c\n1,2,3\n",
        "姓名,电话\n某某,0571-0000\n",
        "站号,时间,水位\nK1,2026-06-18 08:00,3.2\n",
        "一段话\n",
    ],
)
def test_what_is_not_rain_is_refused_with_what_was_seen(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(text)
    first = text.split("\n", maxsplit=1)[0].split(",")[0]
    assert first in str(refusal.value)
    assert "认不出" in str(refusal.value)


@pytest.mark.parametrize("text", ["", "\n\n", "站号,时间,小时雨量\n"])
def test_nothing_in_it_is_a_refusal(text: str) -> None:
    with pytest.raises(Refused):
        read(text)


# --- header blocks


def block(*values: str, zone: str = "CET", count: int | None = None, step: str = "1hr", units: str = "mm") -> bytes:
    head = {
        "Station ID": "XX_1",
        "Original Station Name": "NA",
        "Latitude": "51.0",
        "Longitude": "8.4",
        "Start datetime": "2010060100",
        "Number of records": str(len(values) if count is None else count),
        "New Timestep": step,
        "New Units": units,
        "Time Zone": zone,
        "No data value": "-777",
        "Other": "",
    }
    return "".join(f"{name}: {value}\n" for name, value in head.items()).encode() + "\n".join(values).encode()


def test_a_header_block_with_one_value_a_line() -> None:
    found = read_rain(block("0", "1.2", "-777", "-999"), "x.txt")
    assert (found.format, found.read) == ("block", 4)
    assert rows(found) == [
        ("XX_1", "06-01 07:00", 60, 0),
        ("XX_1", "06-01 08:00", 60, 12),
        ("XX_1", "06-01 09:00", 60, None),
        ("XX_1", "06-01 10:00", 60, None),
    ]
    assert found.stations == (StationSeen("XX_1", "", "8.4", "51.0"),)
    bad = read_rain(block("0", "-3", "1"), "x.txt")
    assert [each.line for each in bad.refused] == [13]


def test_a_header_block_that_is_cut_off_or_unclear_is_refused() -> None:
    for data, field in (
        (block("0", "1", count=3), ""),
        (block("0", zone="Europe/Berlin"), "zone"),
        (block("0", units="inch"), "unit"),
        (block("0", step="?"), "minutes"),
        (block("0").replace(b"2010060100", b"NA"), "Start datetime"),
    ):
        with pytest.raises(Refused) as refusal:
            read_rain(data, "x.txt")
        assert refusal.value.problems[0].field == field
    found = read_rain(block("0", zone="Europe/Berlin"), "x.txt", options_of({"zone": "+01:00", "station": "K1"}))
    assert rows(found) == [("K1", "06-01 07:00", 60, 0)]


# --- workbooks and open tables


def test_a_workbook_with_dates_as_dates() -> None:
    from datetime import datetime

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("雨量")
    stamp = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for column, text in enumerate(("站号", "时间", "小时雨量(mm)")):
        sheet.write(0, column, text)
    sheet.write_number(1, 0, 58001)
    sheet.write_datetime(1, 1, datetime(2026, 6, 18, 8, 0), stamp)  # noqa: DTZ001 - a cell has no zone
    sheet.write_number(1, 2, 12.6)
    sheet.write_number(2, 0, 58001)
    sheet.write_datetime(2, 1, datetime(2026, 6, 18, 9, 0), stamp)  # noqa: DTZ001 - a cell has no zone
    sheet.write_string(2, 2, "/")
    book.close()
    found = read_rain(out.getvalue(), "a.xlsx")
    assert rows(found) == [("58001", "06-18 08:00", 60, 126), ("58001", "06-18 09:00", 60, None)]


def test_rows_of_an_open_table_keep_their_lines() -> None:
    found = read_rain_rows([(4, ("站号", "时间", "小时雨量")), (9, ("K1", "2026-06-18 08:00", "-3"))], "b.xlsx")
    assert reasons(found) == [(9, "小时雨量")]
    with pytest.raises(Refused):
        read_rain_rows([], "b.xlsx")


def test_a_list_of_stations_is_not_rain() -> None:
    text = "Vlinder,lat,lon,stad,benaming\nv1,51.0,3.8,Melle,Hoeve\n"
    with pytest.raises(Refused, match="站点表"):
        read(text)
    found = read_stations(text.encode(), "m.csv")
    assert (found.read, len(found.samples), found.refused) == (1, 0, ())
    assert found.stations == (StationSeen("v1", "Hoeve", "3.8", "51.0", "Melle"),)
    with pytest.raises(Refused):
        read_stations(b"a,b\n1,2\n", "m.csv")


def test_a_minute_of_many_gauges_is_the_end_of_its_period() -> None:
    found = read("站号,时间,分钟雨量\nK1,2026-06-18 08:01,0.3\n")
    end = parse_iso("2026-06-18 08:01")
    assert found.samples.span == (end - MINUTE, end)
