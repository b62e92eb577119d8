"""Writing CAP 1.2, valid against the OASIS schema, whatever form the message came in.

What CAP has no place for goes where it allows additions: the colour into the parameter ColorCode, the GB/T 35561 code
into an eventCode, the 14-digit sender code into a `code` element.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from xml.sax.saxutils import escape

from dutydesk.core.clock import SECOND, iso
from dutydesk.warnings.alert import BARE_GEOCODE, Alert, Area, ColourFrom, Info, Reference, identifier_parts
from dutydesk.warnings.signals import colour_word, severity_of_colour

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
CODE_PREFIX: Final = "senderCode:"
CODE_SYSTEM: Final = "GB/T 35561-2017"
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-�\U00010000-\U0010ffff]")
_WORDS: Final = {
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
    "scope": ("Public", "Restricted", "Private"),
}
_CATEGORIES: Final = "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other".split()


def write_cap(alert: Alert) -> bytes:
    """The message as a CAP 1.2 file, UTF-8. `read_alerts` gives it again, times to the second."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<alert xmlns="{NAMESPACE}">']
    lines += [f"  {line}" for line in _alert(alert)]
    return ("\n".join([*lines, "</alert>"]) + "\n").encode()


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(_UNWRITABLE.sub('', text), {chr(13): '&#13;'})}</{name}>"


def _some(name: str, text: str) -> Iterator[str]:
    if text:
        yield _tag(name, text)


def _word(name: str, text: str) -> str:
    words = _WORDS[name]
    return text if text in words else words[0] if name == "scope" else "Unknown"


def _time(at: int) -> str:
    return iso(at // SECOND * SECOND)


def _reference(one: Reference, alert: Alert) -> str:
    """`sender,identifier,sent`; the identifier alone, as the Chinese dialect has it, where no more is known."""
    identifier = re.sub(r"[\s,]+", "_", one.identifier)
    if not one.sender and one.sent_ms is None:
        return identifier
    sender = re.sub(r"[\s,]+", "_", one.sender or alert.sender) or "unknown"
    return f"{sender},{identifier},{_time(one.sent_ms or alert.sent_ms)}"


def _alert(alert: Alert) -> Iterator[str]:
    yield _tag("identifier", alert.identifier)
    yield _tag("sender", alert.sender)
    yield _tag("sent", _time(alert.sent_ms))
    yield _tag("status", alert.status)
    yield _tag("msgType", alert.msg_type)
    yield _tag("scope", _word("scope", alert.scope))
    parts = identifier_parts(alert.identifier)
    if alert.sender_code and (parts is None or parts[0] != alert.sender_code):
        yield _tag("code", CODE_PREFIX + alert.sender_code)
    for code in alert.codes:
        yield _tag("code", code)
    yield from _some("note", alert.note)
    yield from _some("references", " ".join(_reference(one, alert) for one in alert.references))
    for info in alert.infos:
        yield "<info>"
        yield from (f"  {line}" for line in _info(info))
        yield "</info>"


def _pair(name: str, key: str, value: str) -> Iterator[str]:
    yield f"<{name}>{_tag('valueName', key)}{_tag('value', value)}</{name}>"


def _info(info: Info) -> Iterator[str]:
    yield from _some("language", info.language)
    for category in [word for word in info.category.split() if word in _CATEGORIES] or ["Met"]:
        yield _tag("category", category)
    yield _tag("event", info.event or info.event_code or "-")
    yield _tag("urgency", _word("urgency", info.urgency))
    coloured = bool(colour_word(info.severity)) or not info.severity
    yield _tag("severity", severity_of_colour(info.colour) if coloured else _word("severity", info.severity))
    yield _tag("certainty", _word("certainty", info.certainty))
    if info.event_code:
        yield from _pair("eventCode", CODE_SYSTEM, info.event_code)
    for name, at in (("effective", info.effective), ("onset", info.onset), ("expires", info.expires)):
        if at is not None:
            yield _tag(name, _time(at))
    yield from _some("senderName", info.sender_name)
    yield from _some("headline", info.headline)
    yield from _some("description", info.description)
    yield from _some("instruction", info.instruction)
    yield from _some("web", info.web)
    if info.colour and info.colour_from is not ColourFrom.MAPPED:
        yield from _pair("parameter", "ColorCode", info.colour.value.capitalize())
    for area in info.areas:
        yield "<area>"
        yield from (f"  {line}" for line in _area(area))
        yield "</area>"


def _degrees(value: int) -> str:
    return f"{Decimal(value).scaleb(-6).normalize():f}"


def _area(area: Area) -> Iterator[str]:
    yield _tag("areaDesc", area.desc or "-")
    for ring in area.polygons:
        yield _tag("polygon", " ".join(f"{_degrees(lat)},{_degrees(lon)}" for lat, lon in ring))
    for circle in area.circles:
        radius = f"{Decimal(circle.radius_m).scaleb(-3).normalize():f}"
        yield _tag("circle", f"{_degrees(circle.lat)},{_degrees(circle.lon)} {radius}")
    for name, code in area.geocodes:
        yield from _pair("geocode", name or BARE_GEOCODE, code)
