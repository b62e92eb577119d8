"""Files of other people through the real command line: the figures that their folder's README tells, or a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.lines import Line

_FOLDER = os.environ.get("DUTYDESK_REAL_DATA", "")
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not _FOLDER, reason="DUTYDESK_REAL_DATA is not set"),
]
DATA = Path(_FOLDER)


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    made = Line(tmp_path / "desk", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
    assert made("init").code == 0
    return made


def refused(line: Line, *words: object) -> list[str]:
    """The reasons of an import that must be refused and leave nothing."""
    said = line(*words, "--json")
    assert said.code == 1
    result = said.json
    assert (result["added"], result["changed"]) == (0, 0)
    reasons = [found["reason"] for found in result["refused"]]
    assert reasons
    assert len(said.err.splitlines()) == len(reasons)
    return reasons


def whole(line: Line, ledger: str, name: str, count: int, *words: str, repeats: int = 0) -> None:
    """A file that is read whole, and a second time changes nothing."""
    result = line.ok("import", ledger, DATA / name, *words)
    assert (result["read"], result["added"], result["unchanged"], result["refused"]) == (
        count,
        count - repeats,
        repeats,
        [],
    )
    again = line.ok("import", ledger, DATA / name, *words)
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, count)


# -- shelters, supplies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ledger", "name", "count", "repeats"),
    [
        ("shelters", "emergency_131016.json", 28, 0),
        ("shelters", "evacuation_131016.json", 15, 0),
        ("shelters", "historic_ARC_cr_shelter.csv", 7, 0),
        ("shelters", "historic_NYC_facility.csv", 35, 0),
        ("shelters", "Disease_Ebola_hospital.csv", 90, 3),
        ("supplies", "Logistics_Demo_warehouse.csv", 24, 0),
        ("supplies", "Logistics_Demo_warehouse_stock.csv", 152, 0),
        ("supplies", "IFRC_Train_inv_item.csv", 42, 0),
    ],
)
def test_places_and_stores(line: Line, ledger: str, name: str, count: int, repeats: int) -> None:
    whole(line, ledger, f"shelters/{name}", count, "--create", repeats=repeats)
    assert line.count(ledger) == count - repeats
    assert line.ok("verify")["ok"] is True


def test_unknown_regions_are_refused_without_create(line: Line) -> None:
    reasons = refused(line, "import", "shelters", DATA / "shelters/historic_ARC_cr_shelter.csv")
    assert len(reasons) == 7
    assert "Wasilla" in reasons[0]
    assert (line.count("shelters"), line.count("regions")) == (0, 0)


# -- contacts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "people", "numbers"),
    [
        ("hotlines_input.xlsx", 73, None),
        ("SAFIRE_hrm_staff.csv", 39, 78),
        ("RLP_volunteers.csv", 100, 100),
        ("政府机构_交通管理局.vcf", 1, 9),
        ("gb2312_qp_hotlines.vcf", 19, None),
        ("gb2312_8bit_hotlines.vcf", 19, None),
        ("fullcontact.vcf", 1, 9),
        ("rfc2426-example.vcf", 2, 4),
        ("outlook-2007.vcf", 1, 4),
        ("1.vcf", 1, None),
        ("2.vcf", 1, None),
        ("3.vcf", 1, None),
        ("12.vcf", 1, None),
    ],
)
def test_contacts(line: Line, name: str, people: int, numbers: int | None) -> None:
    whole(line, "people", f"contacts/{name}", people, "--create")
    assert line.count("people") == people
    if numbers is not None:
        assert line.count("numbers") == numbers
    assert line.ok("verify")["ok"] is True


def test_every_card_is_read_or_refused_with_a_reason(line: Line) -> None:
    for path in sorted((DATA / "contacts").glob("*.vcf")):
        said = line("import", "people", path, "--json")
        result = said.json
        assert result["read"] > 0, path.name
        assert said.code == (1 if result["refused"] else 0), path.name
        assert all(found["reason"] for found in result["refused"])


def test_hotlines_keep_their_digits_and_their_names(line: Line) -> None:
    line.ok("import", "people", DATA / "contacts/hotlines_input.xlsx", "--create")
    numbers = {row["number"] for row in line.ok("list", "numbers", "--reveal", "核对")["rows"]}
    assert {"12351", "02983895117"} <= numbers
    assert not any("." in number for number in numbers)
    assert line.ok("list", "people", "--where", "name=中华全国总工会")["total"] == 1
    assert "12351" in {row["number"] for row in line.ok("list", "numbers")["rows"]}, "a hotline is nobody's secret"


# -- warnings ----------------------------------------------------------------------------------------------------------


def test_a_chinese_warning(line: Line) -> None:
    name = "intended_33000041600000_20121025091026_11B01_BLUE_ALERT.XML"
    whole(line, "warnings", f"cap/{name}", 1)
    row = line.ok("list", "warnings")["rows"][0]
    assert (row["identifier"], row["issuer"]) == ("33000041600000_20121025091026", "浙江省气象局")
    assert (row["type"], row["colour"], row["status"], row["kind"]) == ("11B01", "BLUE", "ACTUAL", "ALERT")
    assert row["issued_at"] == row["ends_at"] == "2012-10-25T09:15:58+08:00"
    assert row["area_codes"].split() == [f"33020500400{n}" for n in range(1, 8)]


def test_a_test_is_a_test(line: Line) -> None:
    whole(line, "warnings", "cap/intended_62102300000000_20180821175127_11B03_0_TEST.XML", 1)
    row = line.ok("list", "warnings")["rows"][0]
    assert (row["type"], row["colour"], row["status"]) == ("11B03", "RED", "TEST")


def test_every_message_comes_in_and_the_schema_is_refused(line: Line) -> None:
    counts = {"bushfire_valid.edxlde": 7}
    for path in sorted((DATA / "cap").iterdir()):
        if path.suffix == ".xsd":
            assert "XSD" in refused(line, "import", "warnings", path)[0]
            continue
        result = line.ok("import", "warnings", path)
        assert (result["read"], result["refused"]) == (counts.get(path.name, 1), []), path.name
        assert result["added"] + result["changed"] + result["unchanged"] == result["read"]
    assert line.ok("verify")["ok"] is True


# -- rain --------------------------------------------------------------------------------------------------------------


def gauges(line: Line, *words: str) -> dict[str, dict[str, object]]:
    return {gauge["station"]: gauge for gauge in line.ok("rain", *words)}


def test_the_office_of_taizhou(line: Line) -> None:
    whole(line, "rain", "rain/Aws_01.csv", 350)
    found = gauges(line)
    assert len(found) == 14
    by_name = {gauge["name"]: gauge for gauge in found.values()}
    assert (found["58669"]["total_mm"], found["58669"]["max_hour_mm"]) == (23.2, 9.2)
    assert (by_name["天台"]["total_mm"], by_name["大陈"]["total_mm"]) == (24.3, 25.7)


def test_a_table_without_a_time_asks_for_it(line: Line) -> None:
    path = DATA / "rain/rain.csv"
    assert any("time" in found or "什么时候" in found for found in refused(line, "import", "rain", path))
    assert line.count("stations") == 0
    result = line.ok("import", "rain", path, "--set", "time=2022-02-07 08:00", "--set", "minutes=60", "--create")
    assert result["read"] == 483
    assert max(float(str(gauge["total_mm"] or 0)) for gauge in gauges(line).values()) == 91.7


def test_a_running_total_that_resets(line: Line) -> None:
    line.ok("import", "stations", DATA / "rain/demo_metadatafile.csv", "--create")
    result = line.ok("import", "rain", DATA / "rain/vlinder04.csv", "--create")
    assert result["read"] == 4320
    gauge = gauges(line, "--station", "vlinder04")["vlinder04"]
    assert (gauge["total_mm"], gauge["max_hour_mm"]) == (46.8, 2.8)


def test_hours_of_ten_thousand_days(line: Line) -> None:
    result = line.ok("import", "rain", DATA / "rain/DE_00389.txt", "--create")
    assert result["read"] == 10_224
    gauge = next(iter(gauges(line).values()))
    assert (gauge["total_mm"], gauge["max_hour_mm"]) == (1219.7, 12.6)
    assert gauge["max_hour_at"] == "2010-08-23T23:00:00+08:00"


def test_a_record_is_accepted_with_a_warning(line: Line) -> None:
    result = line.ok("import", "rain", DATA / "rain/zhengzhou_20210720_published.csv", "--create")
    assert result["refused"] == []
    assert "201.9" in result["warnings"][0]["reason"]
    assert max(float(str(gauge["max_hour_mm"])) for gauge in gauges(line).values()) == 201.9


# -- divisions ---------------------------------------------------------------------------------------------------------


def test_divisions_hang_under_their_parents(line: Line) -> None:
    assert len(refused(line, "import", "regions", DATA / "admin/cities.csv")) == 342
    for name, count in (("provinces", 31), ("cities", 342), ("areas", 2978), ("streets", 41_352)):
        result = line.ok("import", "regions", DATA / f"admin/{name}.csv")
        assert (result["read"], result["added"]) == (count, count)
    district = line.ok("list", "regions", "--where", "code=330102")["rows"][0]
    assert district["name"] == "上城区"
    assert line.ok("list", "regions", "--where", "parent=330102", "--limit", 0)["total"] == 14


def test_communities_of_the_district(line: Line) -> None:
    result = line.ok("import", "regions", DATA / "admin/villages_3301_3310.csv", "--create")
    assert (result["read"], result["added"]) == (6749, 6749)
    rows = line.ok("list", "regions", "--where", "code>=330102000000", "--where", "code<330103000000")["rows"]
    assert sum(len(row["code"]) == 12 for row in rows) == 203


# -- odd sheets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ledger", ["people", "shelters", "supplies", "stations", "log", "rain"])
def test_no_odd_sheet_crashes_or_is_taken_for_empty(line: Line, ledger: str) -> None:
    for path in sorted((DATA / "sheets").iterdir()):
        said = line("import", ledger, path, "--json", "--dry-run")
        result = said.json
        assert said.code in (0, 1), path.name
        assert "程序出错" not in said.err, path.name
        assert result["read"] > 0 or result["refused"], path.name
        assert said.code == 0 or all(found["reason"] for found in result["refused"])


def test_a_boundary_is_refused_as_a_list_of_places(line: Line) -> None:
    assert "Polygon" in refused(line, "import", "shelters", DATA / "geo/330102000000.geojson")[0]
