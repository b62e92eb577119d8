from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import SECOND, parse_iso
from dutydesk.warnings.alert import Alert, Area, Circle, ColourFrom, Dialect, Info, Reference
from dutydesk.warnings.cap import read_alerts, write_cap
from dutydesk.warnings.rules import Colour
from dutydesk.warnings.signals import severity_of_colour

T = parse_iso("2026-06-18 14:30")
ALERT = Alert(
    identifier="33010241600000_20260618143000",
    sender="示例区气象台",
    sent_ms=T,
    sender_code="33010241600000",
    codes=("SMS",),
    infos=(
        Info(
            language="zh-CN",
            event="暴雨",
            event_code="11B03",
            severity="Orange",
            colour=Colour.ORANGE,
            colour_from=ColourFrom.SEVERITY,
            effective=T,
            headline="示例区气象台发布暴雨橙色预警[II级/严重]",
            description="雨 < 50 & 风 > 8\n第二行",
            areas=(Area("示例街道", geocodes=(("", "330102001000"),)),),
        ),
    ),
    dialect=Dialect.CN12379,
)


def back(alert: Alert) -> Alert:
    found = read_alerts(write_cap(alert), "w.xml")
    assert not found.refused
    (read,) = found.alerts
    return read


def test_a_chinese_warning_becomes_cap() -> None:
    out = write_cap(ALERT).decode()
    for part in (
        'xmlns="urn:oasis:names:tc:emergency:cap:1.2"',
        "<sent>2026-06-18T14:30:00+08:00</sent>",
        "<severity>Severe</severity>",
        "<valueName>ColorCode</valueName><value>Orange</value>",
        "<value>11B03</value>",
        "<value>330102001000</value>",
        "雨 &lt; 50 &amp; 风 &gt; 8",
    ):
        assert part in out
    read = back(ALERT)
    assert (read.sender_code, read.info.colour, read.info.event_code) == ("33010241600000", Colour.ORANGE, "11B03")
    assert read.message() == ALERT.message()
    assert write_cap(read) == write_cap(ALERT)


def test_a_sender_code_that_the_identifier_does_not_tell() -> None:
    assert back(replace(ALERT, identifier="typed-1")).sender_code == "33010241600000"


def test_characters_that_xml_has_not_are_left_out() -> None:
    assert back(replace(ALERT, note="a\x00b\x0cc￾d")).note == "abcd"


def test_a_bare_alert() -> None:
    assert back(Alert("x", "甲", T)) == Alert("x", "甲", T)


_line = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"), max_size=20).map(
    lambda text: " ".join(text.split())
)
_some = _line.filter(bool)
_word = st.from_regex(r"[A-Za-z0-9.:@_-]{1,20}", fullmatch=True)
_time = st.integers(parse_iso("2000-01-01") // SECOND, parse_iso("2100-01-01") // SECOND).map(lambda at: at * SECOND)
_lat, _lon = st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000)
_rings = st.lists(st.tuples(_lat, _lon), min_size=3, max_size=5).map(lambda ring: (*ring, ring[0]))
_areas = st.builds(
    Area,
    desc=_some,
    polygons=st.lists(_rings, max_size=2).map(tuple),
    circles=st.lists(st.builds(Circle, _lat, _lon, st.integers(0, 20_000_000)), max_size=2).map(tuple),
    geocodes=st.lists(st.tuples(_some, _some), max_size=2).map(tuple),
)


@st.composite
def infos(draw: st.DrawFn) -> Info:
    colour = draw(st.none() | st.sampled_from(Colour))
    return Info(
        language=draw(st.sampled_from(["", "zh-CN", "en"])),
        event=draw(_some),
        event_code=draw(st.sampled_from(["", "11B03", "12D01"])),
        category=draw(st.sampled_from(["Met", "Met Geo"])),
        urgency=draw(st.sampled_from(["Immediate", "Unknown"])),
        severity=severity_of_colour(colour),
        certainty=draw(st.sampled_from(["Observed", "Unknown"])),
        colour=colour,
        colour_from=draw(st.sampled_from([ColourFrom.PARAMETER, ColourFrom.MAPPED])) if colour else ColourFrom.NONE,
        effective=draw(st.none() | _time),
        onset=draw(st.none() | _time),
        expires=draw(st.none() | _time),
        headline=draw(_line),
        description=draw(_line),
        instruction=draw(_line),
        sender_name=draw(_line),
        web=draw(_line),
        areas=tuple(draw(st.lists(_areas, max_size=2))),
    )


_references = st.builds(Reference, _word) | st.builds(Reference, _word, _word, _time)
_alerts = st.builds(
    Alert,
    identifier=_some,
    sender=_some,
    sent_ms=_time,
    sender_code=st.just("") | _word,
    status=st.sampled_from(["Actual", "Exercise", "Test", "Draft", "System"]),
    msg_type=st.sampled_from(["Alert", "Update", "Cancel"]),
    scope=st.sampled_from(["Public", "Private"]),
    codes=st.lists(_some, max_size=2).map(tuple),
    references=st.lists(_references, max_size=3, unique_by=lambda one: one.identifier).map(tuple),
    note=_line,
    infos=st.lists(infos(), max_size=2).map(tuple),
)


@given(_alerts)
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_again(alert: Alert) -> None:
    assert back(alert) == alert
