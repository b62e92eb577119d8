from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import parse_iso
from dutydesk.core.errors import Refused
from dutydesk.warnings.alert import Alert, Alerts, Circle, ColourFrom, Dialect, Reference, identifier_parts, moment
from dutydesk.warnings.cap import looks_like_alerts, read_alerts
from dutydesk.warnings.rules import Colour

CN = """<?xml version="1.0" encoding="UTF-8"?>
<alert>
  <identifier>33010241600000_20260618143000</identifier>
  <sender>示例区气象台</sender><senderCode>33010241600000</senderCode>
  <sendTime>2026-06-18 14:30:00+08:00</sendTime>
  <status>Actual</status><msgType>Update</msgType><scope>Public</scope>
  <code><method><methodName>SMS</methodName><message>短信</message><audienceGrp/><audenceprt/></method>
  <method><methodName>LED</methodName></method></code>
  <secClassification>None</secClassification><note/>
  <references>33010241600000_20260618100000,33010241600000_20260618110000</references>
  <info>
    <language>zh-CN</language><eventType>11B03</eventType>
    <urgency>Unknown</urgency><severity>Orange</severity><certainty>Unknown</certainty>
    <effective>2026-06-18 14:30:00+08:00</effective><onset/><expires>2026-06-18 17:30:00</expires>
    <senderName>值班员</senderName>
    <headline>示例区气象台发布暴雨橙色预警[II级/严重]</headline>
    <description>三小时内降雨量将达50毫米以上</description><instruction>注意防范</instruction><web/>
    <area><areaDesc>示例街道</areaDesc><polygon/><circle/><geocode>330102001000,330102002000</geocode></area>
  </info>
</alert>
"""

CAP = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>x-1</identifier><sender>a@example.org</sender><sent>2026-06-18T14:30:00-00:00</sent>
  <status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
  <references>a@example.org,x-0,2026-06-18T10:00:00+08:00 a@example.org,w-9,2026-06-18T09:00:00+08:00</references>
  <info>
    <category>Met</category><category>Geo</category><event>Flood</event>
    <urgency>Future</urgency><severity>Severe</severity><certainty>Likely</certainty>
    <area><areaDesc>River</areaDesc>
      <polygon>30.1,120.1 30.1,120.2 30.2,120.2 30.1,120.1</polygon>
      <circle>30.1234567,120.5 12.5</circle>
      <geocode><valueName>EMMA_ID</valueName><value>XX1</value></geocode></area>
  </info>
</alert>
"""


def read(text: str) -> Alerts:
    return read_alerts(text.encode(), "w.xml")


def one(text: str) -> Alert:
    (alert,) = read(text).alerts
    return alert


def fields(text: str) -> list[str]:
    return [problem.field for problem in read(text).warnings]


@pytest.mark.parametrize("space", ["", ' xmlns="http://com.icss.amp"'])
def test_the_chinese_dialect(space: str) -> None:
    alert = one(CN.replace("<alert>", f"<alert{space}>"))
    assert alert.dialect is Dialect.CN12379
    assert (alert.identifier, alert.sender, alert.sender_code) == (
        "33010241600000_20260618143000",
        "示例区气象台",
        "33010241600000",
    )
    assert alert.sent_ms == parse_iso("2026-06-18T14:30:00+08:00")
    assert (alert.status, alert.msg_type, alert.scope, alert.codes) == ("Actual", "Update", "Public", ("SMS", "LED"))
    assert [reference.identifier[-6:] for reference in alert.references] == ["100000", "110000"]
    info = alert.info
    assert (info.event, info.event_code, info.colour, info.colour_from) == (
        "暴雨",
        "11B03",
        Colour.ORANGE,
        ColourFrom.SEVERITY,
    )
    assert (info.onset, info.expires) == (None, parse_iso("2026-06-18T17:30:00+08:00"))
    assert alert.geocodes == ("330102001000", "330102002000")
    message = alert.message()
    assert (message.hazard, message.issuer, message.areas) == ("11B03", "示例区气象台", alert.geocodes)
    assert message.references == ("33010241600000_20260618100000", "33010241600000_20260618110000")
    assert not read(CN).warnings


@pytest.mark.parametrize("mark", [",", "，", ";", "；", "、"])
def test_marks_between_references_and_places_have_either_width(mark: str) -> None:
    alert = one(CN.replace("100000,3301", f"100000{mark}3301").replace("001000,3301", f"001000{mark}3301"))
    assert [reference.identifier[-6:] for reference in alert.references] == ["100000", "110000"]
    assert alert.geocodes == ("330102001000", "330102002000")


def test_plain_cap() -> None:
    alert = one(CAP)
    assert (alert.dialect, alert.identifier) == (Dialect.CAP_1_2, "x-1")
    assert alert.sent_ms == parse_iso("2026-06-18T22:30:00+08:00")
    assert alert.references[0] == Reference("x-0", "a@example.org", parse_iso("2026-06-18T10:00:00+08:00"))
    info = alert.info
    assert (info.category, info.event, info.event_code) == ("Met Geo", "Flood", "")
    assert (info.colour, info.colour_from) == (Colour.ORANGE, ColourFrom.MAPPED)
    (area,) = info.areas
    assert area.polygons[0][1] == (30_100_000, 120_200_000)
    assert area.circles == (Circle(30_123_457, 120_500_000, 12_500),)
    assert area.geocodes == (("EMMA_ID", "XX1"),)
    assert alert.message().areas == ("River",)


@pytest.mark.parametrize(
    ("space", "dialect"),
    [
        ("urn:oasis:names:tc:emergency:cap:1.1", Dialect.CAP_1_1),
        ("urn:oasis:names:tc:emergency:cap:1.2", Dialect.CAP_1_2),
        ("", Dialect.CAP),
        ("urn:oasis:names:tc:emergency:cap:1.3", Dialect.CAP),
    ],
)
def test_namespaces(space: str, dialect: Dialect) -> None:
    assert one(CAP.replace("urn:oasis:names:tc:emergency:cap:1.2", space)).dialect is dialect


def test_a_prefix_an_envelope_and_a_feed() -> None:
    body = CAP.split("\n", 1)[1].rsplit("</alert>", 1)[0]
    prefixed = CAP.replace("<", "<c:").replace("<c:/", "</c:").replace("xmlns=", "xmlns:c=")
    assert one(prefixed).identifier == "x-1"
    two = f'<e:EDXLDistribution xmlns:e="urn:oasis:names:tc:emergency:EDXL:DE:1.0">{CAP}{CAP.replace("x-1", "x-2")}</e:EDXLDistribution>'
    assert [alert.identifier for alert in read(two).alerts] == ["x-1", "x-2"]
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><content><alert xmlns="urn:oasis:names:tc:emergency:cap:1.1">{body}</alert></content></entry></feed>'
    assert one(feed).dialect is Dialect.CAP_1_1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<schema xmlns="http://www.w3.org/2001/XMLSchema"><element name="alert"/></schema>', "XSD"),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="x"/></entry></feed>', "链接"),
        ("<html><body/></html>", "html"),
        ('<alert xmlns="http://www.w3.org/1999/xhtml"/>', "alert"),
        ("<!DOCTYPE alert><alert/>", "DTD"),
    ],
)
def test_files_without_a_warning_are_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(text)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("<identifier>x-1</identifier>", "", "identifier"),
        ("<sent>2026-06-18T14:30:00-00:00</sent>", "", "sent"),
        ("2026-06-18T14:30:00-00:00", "yesterday", "sent"),
        ("2026-06-18T14:30:00-00:00", "2026-02-30T14:30:00-00:00", "sent"),
        ("2026-06-18T14:30:00-00:00", "0001-01-01T00:00:00+14:00", "sent"),
    ],
)
def test_a_message_without_name_or_date_is_refused_by_line(old: str, new: str, field: str) -> None:
    found = read(f"<list>\n{CAP.replace(old, new)}\n{CAP.replace('x-1', 'x-2')}</list>")
    assert [alert.identifier for alert in found.alerts] == ["x-2"]
    assert [(problem.line, problem.field, problem.file) for problem in found.refused] == [(2, field, "w.xml")]
    assert found.read == 2


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("<status>Actual</status>", "", "status"),
        ("<msgType>Alert</msgType>", "<msgType>Warn</msgType>", "msgType"),
        ("<scope>Public</scope>", "", "scope"),
        ("<urgency>Future</urgency>", "<urgency>Soon</urgency>", "urgency"),
        ("<severity>Severe</severity>", "", "severity"),
        ("<category>Met</category><category>Geo</category>", "", "category"),
        ("<event>Flood</event>", "", "event"),
        ("<sender>a@example.org</sender>", "", "sender"),
        ("30.2,120.2 30.1,120.1", "30.2;120.2 30.1,120.1", "polygon"),
        ("30.2,120.2 30.1,120.1<", "30.2,120.2<", "polygon"),
        ("30.1234567,120.5 12.5", "here", "circle"),
        ("30.1234567,120.5 12.5", "95,120.5 1", "circle"),
    ],
)
def test_what_breaks_the_schema_is_read_with_a_warning(old: str, new: str, field: str) -> None:
    assert old in CAP
    text = CAP.replace(old, new)
    assert one(text).identifier == "x-1"
    assert field in fields(text)


def test_a_status_that_nobody_understands_is_shown() -> None:
    assert one(CAP.replace("Actual", "")).status == "Actual"
    assert one(CAP.replace("Actual", "actual")).status == "Actual"
    assert one(CAP.replace("Actual", "测试")).status == "Test"
    assert one(CAP.replace("Actual", "SystemTest1")).status == "Test"
    assert one(CAP.replace("Actual", "Exercise")).status == "Exercise"


def test_axes_the_wrong_way_round_and_open_rings() -> None:
    swapped = CAP.replace("30.1,120.1 30.1,120.2 30.2,120.2 30.1,120.1", "120.1,30.1 120.2,30.1 120.2,30.2")
    (area,) = one(swapped).info.areas
    assert area.polygons == (
        ((30_100_000, 120_100_000), (30_100_000, 120_200_000), (30_200_000, 120_200_000), (30_100_000, 120_100_000)),
    )
    assert fields(swapped) == ["polygon", "polygon"]


def test_brackets_of_a_multipolygon_among_the_numbers() -> None:
    text = CAP.replace(
        "30.1,120.1 30.1,120.2 30.2,120.2 30.1,120.1",
        "1,2 1,3 2,3 1),2 5,(6 5,7 6,7 5),6",
    )
    assert [len(ring) for ring in one(text).info.areas[0].polygons] == [4, 4]


def test_the_colour_comes_from_parameter_headline_or_severity() -> None:
    parameter = "<parameter><valueName>awareness_level</valueName><value>2; yellow; Moderate</value></parameter>"
    told = "<headline>示例台发布大风黄色预警</headline>"

    def colour(extra: str) -> tuple[Colour | None, ColourFrom]:
        info = one(CAP.replace("</certainty>", "</certainty>" + extra)).info
        return info.colour, info.colour_from

    assert colour("") == (Colour.ORANGE, ColourFrom.MAPPED)
    assert colour(parameter) == (Colour.YELLOW, ColourFrom.PARAMETER)
    assert colour(told) == (Colour.YELLOW, ColourFrom.HEADLINE)
    info = one(CAP.replace("</certainty>", "</certainty>" + told)).info
    assert (info.event, info.event_code) == ("Flood", "11B06")


def test_the_headline_helps_where_the_code_is_missing() -> None:
    text = CN.replace("11B03", "暴雨").replace("<severity>Orange</severity>", "<severity/>")
    info = one(text).info
    assert (info.event_code, info.event, info.colour) == ("11B03", "暴雨", Colour.ORANGE)
    assert "eventType" in fields(text)


def test_a_lifting_that_calls_itself_alert() -> None:
    text = CN.replace("Update", "Alert").replace("发布暴雨", "解除暴雨")
    assert one(text).msg_type == "Cancel"
    assert "msgType" in fields(text)


def test_headline_and_severity_that_differ_are_told() -> None:
    text = CN.replace(">Orange<", ">Red<")
    assert one(text).info.colour is Colour.RED
    assert "severity" in fields(text)


def test_identifiers_by_the_rule() -> None:
    assert identifier_parts("33010241600000_20260618143000") == ("33010241600000", "20260618143000")
    assert identifier_parts("33010241600000_20260618143000_1") == ("33010241600000", "20260618143000")
    for bad in ("x-1", "3301024160000_20260618143000", "33010241600000_20261318143000", ""):
        assert identifier_parts(bad) is None
    text = CN.replace("33010241600000_20260618143000", "33010241600000-1")
    assert fields(text) == ["identifier"]
    assert one(text).sender_code == "33010241600000"
    assert fields(CN.replace("<senderCode>33", "<senderCode>44")) == ["senderCode"]


def test_the_same_identifier_twice_is_one_warning() -> None:
    later = CAP.replace("14:30:00", "15:30:00").replace("Flood", "Flood 2")
    for text in (f"<l>{CAP}{later}</l>", f"<l>{later}{CAP}</l>"):
        found = read(text)
        assert (found.read, [alert.info.event for alert in found.alerts]) == (2, ["Flood 2"])
        assert [problem.field for problem in found.warnings] == ["identifier"]


def test_the_chinese_block_is_shown_first() -> None:
    second = "<info><language>zh-CN</language><category>Met</category><event>洪水</event><urgency>Past</urgency><severity>Minor</severity><certainty>Likely</certainty></info>"
    alert = one(CAP.replace("</info>", "</info>" + second))
    assert (len(alert.infos), alert.info.event) == (2, "洪水")


def test_a_message_without_info() -> None:
    alert = one(CAP.split("<info>", 1)[0] + "</alert>")
    assert alert.infos == ()
    assert alert.message().colour is None


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-06-18 14:30:00+08:00", "2026-06-18T06:30:00Z"),
        ("2026-06-18 14:30", "2026-06-18T06:30:00Z"),
        ("2026/06/18 14:30", "2026-06-18T06:30:00Z"),
        ("20260618143000", "2026-06-18T06:30:00Z"),
        ("2026-06-18T14:30:00.123456789+08:00", "2026-06-18T06:30:00.123Z"),
    ],
)
def test_moments(text: str, same: str) -> None:
    assert moment(text) == parse_iso(same)


@pytest.mark.parametrize(
    "text", ["", "x", "1989-12-31", "2200-01-01", "2026-06-18T25:00:00", "2026-06-18T14:30:00+99:00"]
)
def test_no_moments(text: str) -> None:
    assert moment(text) is None


def test_sniffing() -> None:
    assert looks_like_alerts(CN.encode()[:200], "a.xml")
    assert looks_like_alerts(CAP.encode()[:200], "a.xml")
    assert looks_like_alerts(b"", "A.CAP")
    assert not looks_like_alerts(b"<html>", "a.xml")
    assert not looks_like_alerts("区,类\n".encode(), "a.csv")


_cuts = st.tuples(st.integers(0, len(CN)), st.integers(0, 60), st.text(max_size=8))


@given(st.sampled_from([CN, CAP]), _cuts)
@settings(max_examples=150, deadline=None)
def test_damaged_messages_are_read_or_refused(text: str, cut: tuple[int, int, str]) -> None:
    at, length, other = cut
    try:
        found = read_alerts((text[:at] + other + text[at + length :]).encode("utf-8", "replace"), "w.xml")
    except Refused:
        return
    assert found.read >= len(found.alerts)


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        read_alerts(data, "w.xml")
    with pytest.raises(Refused):
        read_alerts(b"<x>" + data.replace(b"<", b"") + b"</x>", "w.xml")


_values = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(
    st.sampled_from(["polygon", "circle", "geocode", "expires", "severity", "headline"]),
    _values | st.from_regex(r"[-+0-9.,eE ()]{0,40}", fullmatch=True),
)
@settings(max_examples=150, deadline=None)
def test_any_value_is_read(name: str, value: str) -> None:
    value = value.replace("&", "").replace("<", "").replace("￾", "").replace("￿", "")
    added = f"<{name}>{value}</{name}>"
    inside = (
        CAP.replace("</areaDesc>", "</areaDesc>" + added)
        if name in ("polygon", "circle", "geocode")
        else CAP.replace("<info>", "<info>" + added)
    )
    assert one(inside).identifier == "x-1"
