from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from dutydesk.core.clock import parse_iso
from dutydesk.core.errors import Refused
from dutydesk.warnings.alert import Alert, Alerts, Dialect
from dutydesk.warnings.cap import looks_like_alerts, read_alerts, write_cap
from dutydesk.warnings.rules import Colour, State, standings
from dutydesk.warnings.webjson import looks_like_list, read_web_alerts

_FOLDER = os.environ.get("DUTYDESK_REAL_DATA", "")
if not _FOLDER:
    pytest.skip("DUTYDESK_REAL_DATA is not set", allow_module_level=True)
pytestmark = pytest.mark.real
CAP = Path(_FOLDER) / "cap"
ZHEJIANG = "intended_33000041600000_20121025091026_11B01_BLUE_ALERT.XML"
HUACHI = "intended_62102300000000_20180821175127_11B03_0_TEST.XML"
LIST = "nmc_findAlarm_20230605.json"
SCHEMA = "schema_cap12.xsd"

# alerts, infos, areas, polygons, points, circles, geocodes
FIGURES = {
    "amber.atom": (1, 1, 1, 0, 0, 0, 1),
    "australia.cap": (1, 2, 2, 0, 0, 2, 2),
    "bushfire_valid.edxlde": (7, 7, 7, 0, 0, 7, 7),
    "canada.cap": (1, 2, 4, 4, 110, 0, 26),
    "cap_circle_point.xml": (1, 1, 3, 1, 5, 3, 0),
    "earthquake-iso8859-1.cap": (1, 1, 1, 0, 0, 1, 0),
    "earthquake.cap": (1, 1, 1, 0, 0, 1, 0),
    "gdacs-cap_1023542.xml": (1, 1, 1, 8, 193, 0, 0),
    "ie-2.49.0.1.372.0.250413231648.N_Norm002_SmallCraft.xml": (1, 1, 1, 0, 0, 0, 4),
    "il-488abaaf-cad5-4d2b-93b2-703016878453.xml": (1, 2, 6, 0, 0, 0, 6),
    ZHEJIANG: (1, 1, 1, 0, 0, 0, 7),
    HUACHI: (1, 1, 1, 0, 0, 0, 1),
    "kz-2.49.0.0.398.0-20250306-133701-0284797-00-EN.xml": (1, 1, 1, 1, 72, 0, 1),
    "no_optional_fields.cap": (1, 0, 0, 0, 0, 0, 0),
    "oasis_43b080713727.cap": (1, 1, 1, 0, 0, 0, 0),
    "oasis_KAR0-0306112239-SW.cap": (1, 1, 1, 0, 0, 0, 1),
    "validator_thunderstorm.cap": (1, 1, 1, 1, 5, 0, 3),
    "weather.atom": (1, 1, 1, 0, 0, 0, 2),
    "weather.cap": (1, 1, 1, 0, 0, 0, 2),
}


def read(name: str) -> Alerts:
    return read_alerts((CAP / name).read_bytes(), name)


def one(name: str) -> Alert:
    (alert,) = read(name).alerts
    return alert


def test_every_file_has_its_figures() -> None:
    assert {path.name for path in CAP.iterdir()} == {*FIGURES, LIST, SCHEMA}


@pytest.mark.parametrize("name", FIGURES)
def test_figures(name: str) -> None:
    found = read(name)
    infos = [info for alert in found.alerts for info in alert.infos]
    areas = [area for info in infos for area in info.areas]
    rings = [ring for area in areas for ring in area.polygons]
    assert (
        len(found.alerts),
        len(infos),
        len(areas),
        len(rings),
        sum(map(len, rings)),
        sum(len(area.circles) for area in areas),
        sum(len(area.geocodes) for area in areas),
    ) == FIGURES[name]
    assert not found.refused
    assert looks_like_alerts((CAP / name).read_bytes()[:4096], name)


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_written_keeps_to_the_schema_and_is_read_again(name: str) -> None:
    schema = etree.XMLSchema(etree.parse(CAP / SCHEMA))
    for alert in read(name).alerts:
        out = write_cap(alert)
        schema.assertValid(etree.fromstring(out))
        (again,) = read_alerts(out, name).alerts
        assert again.message() == alert.message()
        assert write_cap(again) == out


def test_zhejiang() -> None:
    alert = one(ZHEJIANG)
    sent = parse_iso("2012-10-25T09:15:58+08:00")
    assert alert.dialect is Dialect.CN12379
    assert (alert.identifier, alert.sender) == ("33000041600000_20121025091026", "浙江省气象局")
    assert (alert.status, alert.msg_type, alert.sent_ms, alert.info.expires) == ("Actual", "Alert", sent, sent)
    assert (alert.info.event_code, alert.info.event, alert.info.colour) == ("11B01", "台风", Colour.BLUE)
    assert alert.geocodes == tuple(f"33020500400{number}" for number in range(1, 8))
    (standing,) = standings([alert.message()], sent).values()
    assert (standing.state, standing.assumed, standing.ends_at - sent) == (State.ACTIVE, True, 12 * 3_600_000)


def test_huachi_is_a_test_and_never_in_force() -> None:
    alert = one(HUACHI)
    assert (alert.status, alert.info.event_code, alert.info.colour) == ("Test", "11B03", Colour.RED)
    (standing,) = standings([alert.message()], alert.sent_ms).values()
    assert not standing.in_force


def test_canada() -> None:
    alert = one("canada.cap")
    assert (alert.msg_type, [info.language for info in alert.infos]) == ("Update", ["en-CA", "fr-CA"])
    assert [one.identifier for one in alert.references] == ["2.49.0.1.124.a3f342a4.2012", "2.49.0.1.124.60f31a3a.2012"]


def test_texts_and_circles() -> None:
    assert "Usulután" in one("earthquake-iso8859-1.cap").info.headline
    assert "שטפונות" in one("il-488abaaf-cad5-4d2b-93b2-703016878453.xml").infos[1].headline
    radii = [circle.radius_m for area in one("cap_circle_point.xml").info.areas for circle in area.circles]
    assert radii == [0, 0, 12_500]
    assert one("australia.cap").info.areas[0].circles[0].radius_m == 25_000


def test_the_schema_is_no_warning() -> None:
    with pytest.raises(Refused, match="XSD"):
        read(SCHEMA)


def test_the_web_list() -> None:
    data = (CAP / LIST).read_bytes()
    assert looks_like_list(data[:4096], LIST)
    (alert,) = read_web_alerts(data, LIST).alerts
    assert alert.sender == "河南省鹤壁市淇县气象台"
    assert (alert.info.event_code, alert.info.event, alert.info.colour) == ("11B06", "大风", Colour.BLUE)
    assert alert.sent_ms == parse_iso("2023-06-05T16:06:00+08:00")
