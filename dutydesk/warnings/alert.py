"""A warning message as files bring it: CAP 1.1 and 1.2, the Chinese 12379 dialect, rows of web lists.

Times are milliseconds since the epoch, coordinates integers of 10⁻⁶ degree (latitude first, as CAP has it), radii
metres: nothing here is a float.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from dutydesk.core.clock import parse_iso
from dutydesk.core.errors import Problem
from dutydesk.warnings.rules import Colour, Message

Point = tuple[int, int]
EARLIEST, LATEST = parse_iso("1990-01-01"), parse_iso("2200-01-01")
"""A time outside is a slip of the pen or of a clock."""
_IDENTIFIER = re.compile(r"(\d{14})_(\d{14})(?:_\d)?")


BARE_GEOCODE = "GB/T 2260"
"""The name that CAP demands of a geocode, for the bare region codes of the Chinese dialect."""
REGION_CODES = frozenset({"", BARE_GEOCODE})


class Dialect(StrEnum):
    """Which form a message came in."""

    CAP_1_1 = "CAP 1.1"
    CAP_1_2 = "CAP 1.2"
    CAP = "CAP"
    CN12379 = "12379"
    NMC = "NMC"
    WEATHER_CN = "weather.com.cn"


class ColourFrom(StrEnum):
    """Where a colour was found: named as such, in a parameter, in the headline, or only mapped from the severity."""

    NONE = ""
    SEVERITY = "severity"
    PARAMETER = "parameter"
    HEADLINE = "headline"
    MAPPED = "mapped"


@dataclass(frozen=True, slots=True)
class Circle:
    """A round area; radius 0 is a point."""

    lat: int
    lon: int
    radius_m: int


@dataclass(frozen=True, slots=True)
class Area:
    """One area: rings of points, circles, and codes as (name of the code, code); the name is empty for the bare
    12-digit codes of the Chinese dialect."""

    desc: str = ""
    polygons: tuple[tuple[Point, ...], ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Info:
    """What a message says in one language. `event_code` is a GB/T 35561 code or ""; `category` words between blanks;
    `severity` as written; `colour` None when nothing tells it."""

    language: str = ""
    event: str = ""
    event_code: str = ""
    category: str = ""
    urgency: str = ""
    severity: str = ""
    certainty: str = ""
    colour: Colour | None = None
    colour_from: ColourFrom = ColourFrom.NONE
    effective: int | None = None
    onset: int | None = None
    expires: int | None = None
    headline: str = ""
    description: str = ""
    instruction: str = ""
    sender_name: str = ""
    web: str = ""
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message that this one speaks of; the Chinese dialect gives its identifier alone."""

    identifier: str
    sender: str = ""
    sent_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One message. `codes` holds CAP's code elements, or the channels (SMS, LED …) of the Chinese dialect; `line` is
    where it stands in its file."""

    identifier: str
    sender: str
    sent_ms: int
    sender_code: str = ""
    status: str = "Actual"
    msg_type: str = "Alert"
    scope: str = "Public"
    codes: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    note: str = ""
    infos: tuple[Info, ...] = ()
    dialect: Dialect = Dialect.CAP_1_2
    line: int = field(default=0, compare=False)

    @property
    def info(self) -> Info:
        """The block to show: the Chinese one where there is one, else the first; an empty one when there is none."""
        chinese = (info for info in self.infos if info.language.casefold().startswith("zh"))
        return next(chinese, self.infos[0] if self.infos else Info())

    @property
    def geocodes(self) -> tuple[str, ...]:
        """The codes of all areas of the shown block, each once."""
        return tuple(dict.fromkeys(code for area in self.info.areas for _name, code in area.geocodes))

    def message(self) -> Message:
        """What the rules of state and level need of it."""
        info = self.info
        named = tuple(area.desc for area in info.areas if area.desc)
        regions = dict.fromkeys(
            code for area in info.areas for name, code in area.geocodes if name in REGION_CODES and code.isdecimal()
        )
        return Message(
            identifier=self.identifier,
            sent=self.sent_ms,
            hazard=info.event_code or info.event,
            colour=info.colour,
            issuer=self.sender,
            status=self.status,
            msg_type=self.msg_type,
            starts=info.onset or info.effective,
            expires=info.expires,
            references=tuple(reference.identifier for reference in self.references),
            areas=tuple(regions) or named,
        )


@dataclass(frozen=True, slots=True)
class Alerts:
    """What a file gave: `read` counts its messages, those refused with their line and reason and doubles included."""

    alerts: tuple[Alert, ...]
    read: int
    warnings: tuple[Problem, ...] = ()
    refused: tuple[Problem, ...] = ()


def moment(text: str) -> int | None:
    """A time of a message: ISO 8601, with a blank for the T, with slashes, or 14 digits; without a zone +08:00.

    None when it is none or lies outside 1990–2199.
    """
    plain = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    compact = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", plain)
    if compact:
        plain = "{}-{}-{} {}:{}:{}".format(*compact.groups())
    try:
        at = parse_iso(plain)
    except (ValueError, OverflowError):
        return None
    return at if EARLIEST <= at < LATEST else None


def identifier_parts(identifier: str) -> tuple[str, str] | None:
    """(sender code, time digits) of an identifier by the rule `ZZZZZZDDDUUUXX_YYYYMMDDhhmmss[_N]` (region 6, branch 3,
    unit 3, extension 2; 29 or 31 characters), None for any other."""
    found = _IDENTIFIER.fullmatch(identifier)
    return (found[1], found[2]) if found and moment(found[2]) is not None else None
