from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import HOUR, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.warnings.alert import Alerts, ColourFrom, Dialect
from dutydesk.warnings.rules import Colour
from dutydesk.warnings.webjson import looks_like_list, read_web_alerts

NMC = {
    "alertid": "33010241600000_20260618143000",
    "issuetime": "2026/06/18 14:30",
    "title": "示例省示例市示例区气象台发布大风蓝色预警信号",
    "pic": "http://image.example/p0007004.png",
}
CN = {
    "head": "示例市气象台发布暴雨橙色预警",
    "ALERTID": "202606181430000000",
    "PROVINCE": "示例省",
    "CITY": "示例市",
    "STATIONNAME": "示例区",
    "SIGNALTYPE": "暴雨",
    "SIGNALLEVEL": "橙色",
    "TYPECODE": "02",
    "LEVELCODE": "03",
    "ISSUETIME": "2026-06-18 14:30:00",
    "ISSUECONTENT": "三小时内降雨量将达50毫米以上",
    "RELIEVETIME": "2026-06-18 20:30:00",
    "msgType": "Update",
    "identifier": "33010241600000_20260618143000",
    "references": "33010241600000_20260618100000",
}
T = parse_iso("2026-06-18 14:30")


def read(value: object) -> Alerts:
    return read_web_alerts(json.dumps(value, ensure_ascii=False).encode(), "w.json")


def test_the_list_of_nmc() -> None:
    found = read({"data": {"page": {"count": 1, "list": [NMC]}}})
    (alert,) = found.alerts
    assert (alert.dialect, alert.identifier, alert.sent_ms) == (Dialect.NMC, "33010241600000_20260618143000", T)
    assert (alert.sender, alert.sender_code) == ("示例省示例市示例区气象台", "33010241600000")
    info = alert.info
    assert (info.event, info.event_code, info.colour) == ("大风", "11B06", Colour.BLUE)
    assert (info.areas[0].desc, alert.geocodes) == ("示例省示例市示例区", ("330102000000",))
    assert (found.read, found.warnings, found.refused) == (1, (), ())


def test_one_page_of_a_longer_list_is_told() -> None:
    found = read({"data": {"page": {"count": 6, "list": [NMC]}}})
    assert [problem.field for problem in found.warnings] == ["count"]


def test_a_row_of_weather_cn() -> None:
    (alert,) = read([CN]).alerts
    assert (alert.dialect, alert.identifier, alert.msg_type) == (Dialect.WEATHER_CN, CN["identifier"], "Update")
    assert [reference.identifier for reference in alert.references] == ["33010241600000_20260618100000"]
    info = alert.info
    assert (info.event_code, info.colour, info.expires) == ("11B03", Colour.ORANGE, T + 6 * HOUR)
    assert info.description == CN["ISSUECONTENT"]
    assert info.areas[0].desc == "示例省示例市示例区"


def test_the_usual_twelve_hours_are_nobodys_word() -> None:
    (alert,) = read([CN | {"RELIEVETIME": "2026-06-19 02:30:00"}]).alerts
    assert alert.info.expires is None


@pytest.mark.parametrize("wrap", ["var alarm = {};", "alarm={}", "cb({});", "\n{}"])
def test_javascript_around_it(wrap: str) -> None:
    text = wrap.replace("{}", json.dumps([CN], ensure_ascii=False))
    assert len(read_web_alerts(text.encode(), "w.js").alerts) == 1
    assert len(read_web_alerts(text.encode("gb18030"), "w.js").alerts) == 1


def test_numbers_help_where_words_are_missing() -> None:
    row = {key: value for key, value in CN.items() if key not in ("head", "SIGNALTYPE", "SIGNALLEVEL")}
    (alert,) = read([row]).alerts
    assert (alert.info.event_code, alert.info.colour, alert.info.colour_from) == (
        "11B03",
        Colour.ORANGE,
        ColourFrom.PARAMETER,
    )
    assert alert.sender == "示例省示例市示例区气象台"


def test_words_count_before_numbers_and_the_difference_is_told() -> None:
    found = read([CN | {"TYPECODE": "05", "LEVELCODE": "04"}])
    assert (found.alerts[0].info.event_code, found.alerts[0].info.colour) == ("11B03", Colour.ORANGE)
    assert [problem.field for problem in found.warnings] == ["typecode", "levelcode"]


def test_a_lifting() -> None:
    (alert,) = read([NMC | {"title": "示例区气象台解除大风蓝色预警信号"}]).alerts
    assert alert.msg_type == "Cancel"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"alertid": ""}, "identifier"),
        ({"issuetime": "noon"}, "issuetime"),
        ({"title": "天气良好", "pic": ""}, "title"),
    ],
)
def test_a_row_that_says_too_little_is_refused_by_number(change: dict[str, str], field: str) -> None:
    found = read([NMC | {"alertid": "a"}, NMC | change])
    assert [alert.identifier for alert in found.alerts] == ["a"]
    assert [(problem.line, problem.field) for problem in found.refused] == [(2, field)]
    assert found.read == 2


def test_doubles() -> None:
    found = read([NMC, NMC | {"issuetime": "2026/06/18 15:30"}])
    assert (found.read, [alert.sent_ms for alert in found.alerts]) == (2, [T + HOUR])
    assert [problem.field for problem in found.warnings] == ["identifier"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b"<alert/>",
        b'{"a":' * 100_000,
        b"[" + b"9" * 5000 + b"]",
        b"\xff\xff",
        b'{"data":{"page":{"count":0,"list":[]}}}',
    ],
)
def test_nothing_recognised_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        read_web_alerts(data, "w.json")


def test_sniffing() -> None:
    assert looks_like_list(b'{"alertid": 1', "a.json")
    assert looks_like_list(b'var x={"ISSUETIME":1', "a.js")
    assert not looks_like_list(b'{"type":"FeatureCollection"', "a.geojson")


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NMC, *CN, "list", "count"]), inner, max_size=6)
    ),
    max_leaves=12,
)


@given(_values)
@settings(max_examples=100, deadline=None)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        found = read(value)
    except Refused:
        return
    assert found.read >= len(found.alerts) + len({problem.line for problem in found.refused})


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        read_web_alerts(data, "w.json")
