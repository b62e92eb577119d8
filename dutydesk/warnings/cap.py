"""Warning messages in XML: CAP 1.1 and 1.2 (OASIS), with or without a namespace, alone, in an Atom feed or an EDXL-DE
envelope, and the Chinese 12379 dialect (`http://com.icss.amp` or no namespace: senderCode, sendTime with a blank,
eventType, a colour as severity, bare geocodes). `capout.py` writes.

A message that breaks the schema is still read, with a warning for what is odd: a warning that is not shown because of
a missing category helps nobody. Only what cannot be identified or dated is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.warnings.alert import (
    Alert,
    Alerts,
    Area,
    Circle,
    ColourFrom,
    Dialect,
    Info,
    Point,
    Reference,
    identifier_parts,
    moment,
)
from dutydesk.warnings.capout import CODE_PREFIX, write_cap
from dutydesk.warnings.rules import Colour
from dutydesk.warnings.signals import (
    Headline,
    colour_of_severity,
    colour_parameters,
    colour_word,
    hazard_zh,
    is_code,
    parse_headline,
)
from dutydesk.warnings.xmlfile import Node, read_xml

__all__ = ["Alert", "Alerts", "Area", "Info", "Reference", "looks_like_alerts", "read_alerts", "write_cap"]

ICSS: Final = "http://com.icss.amp"
_DIALECTS: Final = {
    "urn:oasis:names:tc:emergency:cap:1.2": Dialect.CAP_1_2,
    "urn:oasis:names:tc:emergency:cap:1.1": Dialect.CAP_1_1,
    ICSS: Dialect.CN12379,
}
_STATUS: Final = ("Actual", "Exercise", "Test", "Draft", "System")
_STATUS_ZH: Final = {"实际": "Actual", "演练": "Exercise", "测试": "Test", "草稿": "Draft"}
_TYPES: Final = ("Alert", "Update", "Cancel", "Ack", "Error")
_WORDS: Final = {
    "scope": ("Public", "Restricted", "Private"),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
    "category": (
        "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other",
    ),
}  # fmt: skip
_REAL: Final = r"[-+]?[0-9]{1,9}(?:\.[0-9]{0,30})?(?:[eE][-+]?[0-9]{1,2})?"
_PAIR: Final = re.compile(rf"({_REAL})\s*,\s*({_REAL})")
_CIRCLE: Final = re.compile(rf"({_REAL})\s*,\s*({_REAL})(?:[\s,]+({_REAL}))?")


def looks_like_alerts(head: bytes, name: str) -> bool:
    """Whether the first bytes and the file's name promise warning messages in XML."""
    plain = head.replace(b"\x00", b"")
    return bool(
        re.search(rb"<(?:[\w.-]+:)?(?:alert|EDXLDistribution)\b|emergency:cap", plain)
    ) or name.casefold().endswith((".cap", ".edxlde", ".atom"))


def read_alerts(data: bytes, name: str) -> Alerts:
    """The messages of a file; `name` is what problems call it.

    A message without identifier or time is refused by its line and the others are read. Of one identifier the latest
    message is kept, with a warning. Raises `Refused` for XML that is unsafe, broken or holds no message.
    """
    root, odd = read_xml(data, name)
    nodes = list(_alerts(root))
    if not nodes:
        raise Refused(Problem(_nothing(root), line=root.line, file=name))
    warnings, refused = list(odd), list[Problem]()
    kept: dict[str, Alert] = {}
    for node in nodes:
        reader = _Reader(name)
        alert = reader.alert(node)
        warnings += reader.warnings
        refused += reader.refused
        if alert is None:
            continue
        if alert.identifier in kept:
            reason = _("编号 {identifier} 在文件中重复，取最新一条").format(identifier=alert.identifier)
            warnings.append(Problem(reason, field="identifier", line=node.line, file=name))
            if alert.sent_ms <= kept[alert.identifier].sent_ms:
                continue
        kept[alert.identifier] = alert
    return Alerts(tuple(kept.values()), len(nodes), tuple(warnings), tuple(refused))


def _alerts(root: Node) -> Iterable[Node]:
    """The outermost alert elements."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.name == "alert" and (not node.space or node.space in _DIALECTS or "cap" in node.space.casefold()):
            yield node
        else:
            waiting.extend(reversed(node.children))


def _nothing(root: Node) -> str:
    """Why a file without messages holds none."""
    if root.name == "schema":
        return _("这是 XML 模式定义（XSD），不是预警")
    if root.name in ("feed", "rss", "RDF"):
        return _("列表里只有链接，没有预警正文")
    return _("没有认出预警（没有 alert 元素，根元素是 {name}）").format(name=root.name[:40])


@dataclass(slots=True)
class _Reader:
    """Reads one message and collects what is odd about it."""

    file: str
    warnings: list[Problem] = field(default_factory=list[Problem])
    refused: list[Problem] = field(default_factory=list[Problem])

    def warn(self, node: Node, name: str, reason: str) -> None:
        self.warnings.append(Problem(reason, field=name, line=node.line, file=self.file))

    def alert(self, node: Node) -> Alert | None:
        identifier = " ".join(node.get("identifier").split())
        written = node.get("sent") or node.get("sendTime")
        sent = moment(written)
        if not identifier:
            self.refused.append(Problem(_("没有编号"), field="identifier", line=node.line, file=self.file))
        if sent is None:
            reason = _("发布时间读不出：{text}").format(text=written[:60]) if written else _("没有发布时间")
            self.refused.append(Problem(reason, field="sent", line=node.line, file=self.file))
        if not identifier or sent is None:
            return None
        dialect = self.dialect(node)
        sender = node.get("sender")
        if not sender:
            self.warn(node, "sender", _("没有发布单位"))
        infos = tuple(self.info(info, dialect) for info in node.all("info"))
        codes = [child.text for child in node.all("code")]
        sender_code = node.get("senderCode") or next(
            (code.removeprefix(CODE_PREFIX) for code in codes if code.startswith(CODE_PREFIX)), ""
        )
        if dialect is Dialect.CN12379:
            codes = [method.get("methodName") for code in node.all("code") for method in code.all("method")]
        parts = identifier_parts(identifier)
        if parts is None and dialect is Dialect.CN12379:
            self.warn(
                node, "identifier", _("编号不合规则（14 位单位码_14 位时间）：{text}").format(text=identifier[:60])
            )
        elif parts and sender_code and parts[0] != sender_code:
            self.warn(node, "senderCode", _("编号与单位码不一致：{text}").format(text=sender_code[:60]))
        return Alert(
            identifier=identifier,
            sender=sender,
            sent_ms=sent,
            sender_code=sender_code or (parts[0] if parts else ""),
            status=self.status(node),
            msg_type=self.msg_type(node, infos),
            scope=self.word(node, "scope") or "Public",
            codes=tuple(code for code in codes if code and not code.startswith(CODE_PREFIX)),
            references=self.references(node),
            note=node.get("note"),
            infos=infos,
            dialect=dialect,
            line=node.line,
        )

    def dialect(self, node: Node) -> Dialect:
        known = _DIALECTS.get(node.space)
        if known:
            return known
        if node.first("sendTime") or node.first("senderCode"):
            return Dialect.CN12379
        if node.space:
            self.warn(node, "alert", _("不认识的命名空间：{text}").format(text=node.space[:80]))
        return Dialect.CAP

    def status(self, node: Node) -> str:
        """A message whose status nobody understands is shown: better one too many than one hidden."""
        text = node.get("status")
        for word in _STATUS:
            if text.casefold() == word.casefold():
                return word
        self.warn(node, "status", _("状态不合规定：{text}").format(text=text[:40]) if text else _("没有状态"))
        if text in _STATUS_ZH:
            return _STATUS_ZH[text]
        found = (word for word in ("Test", "Exercise", "Draft") if word.casefold() in text.casefold())
        return next(found, "Actual")

    def msg_type(self, node: Node, infos: tuple[Info, ...]) -> str:
        text = node.get("msgType")
        word = next((word for word in _TYPES if word.casefold() == text.casefold()), "")
        spoken = next((told.msg_type for told in map(_told, infos) if told), "")
        if not word:
            self.warn(
                node, "msgType", _("消息类型不合规定：{text}").format(text=text[:40]) if text else _("没有消息类型")
            )
            return spoken or "Alert"
        if word == "Alert" and spoken == "Cancel":
            self.warn(node, "msgType", _("标题写的是解除，按解除处理"))
            return spoken
        return word

    def word(self, node: Node, name: str, also: Iterable[str] = ()) -> str:
        """One of the words that CAP allows; another one is kept, with a warning."""
        text = node.get(name)
        for word in (*_WORDS[name], *also):
            if text.casefold() == word.casefold():
                return word
        self.warn(node, name, _("不是 CAP 规定的词：{text}").format(text=text[:40]) if text else _("没有这一项"))
        return text

    def references(self, node: Node) -> tuple[Reference, ...]:
        """CAP writes `sender,identifier,sent` between blanks, the Chinese dialect identifiers between blanks or
        commas."""
        text = node.get("references")
        found: dict[str, Reference] = {}
        for item in text.split():
            parts = item.split(",")
            at = moment(parts[2]) if len(parts) == 3 else None
            if at is not None:
                found.setdefault(parts[1], Reference(parts[1], parts[0], at))
            else:
                found.update(
                    (part, Reference(part)) for part in re.split(r"[,;，；、]", item) if part and part not in found
                )
        found.pop("", None)
        return tuple(found.values())

    def time(self, node: Node, name: str) -> int | None:
        text = node.get(name)
        at = moment(text)
        if text and at is None:
            self.warn(node, name, _("时间读不出：{text}").format(text=text[:60]))
        return at

    def info(self, node: Node, dialect: Dialect) -> Info:
        chinese = dialect is Dialect.CN12379
        headline = " ".join(node.get("headline").split())
        told = parse_headline(headline)
        severity = node.get("severity") if chinese else self.word(node, "severity", Colour)
        colour, source = self.colour(node, severity, told)
        code = self.event_code(node, told)
        if not chinese:
            for name in ("urgency", "certainty"):
                self.word(node, name)
            if not node.first("category"):
                self.warn(node, "category", _("没有这一项"))
        event = node.get("event") or hazard_zh(code) or (told.label if told else "")
        if not event:
            self.warn(node, "event", _("没有事件类型"))
        expires, effective = self.time(node, "expires"), self.time(node, "effective")
        if expires is not None and effective is not None and expires < effective:
            self.warn(node, "expires", _("失效时间早于生效时间"))
        return Info(
            language=node.get("language"),
            event=event,
            event_code=code,
            category=" ".join(child.text for child in node.all("category") if child.text),
            urgency=node.get("urgency"),
            severity=severity,
            certainty=node.get("certainty"),
            colour=colour,
            colour_from=source,
            effective=effective,
            onset=self.time(node, "onset"),
            expires=expires,
            headline=headline,
            description=node.get("description"),
            instruction=node.get("instruction"),
            sender_name=node.get("senderName"),
            web=node.get("web"),
            areas=tuple(self.area(area) for area in node.all("area")),
        )

    def colour(self, node: Node, severity: str, told: Headline | None) -> tuple[Colour | None, ColourFrom]:
        """The colour that the message names; only where it names none is it mapped from the severity."""
        named = colour_word(severity)
        if named:
            if told and told.colour and told.colour is not named:
                self.warn(node, "severity", _("标题的颜色与 severity 不一致，按 severity"))
            return named, ColourFrom.SEVERITY
        for parameter in node.all("parameter"):
            if parameter.get("valueName").casefold() in colour_parameters():
                for word in parameter.get("value").split(";"):
                    if found := colour_word(word):
                        return found, ColourFrom.PARAMETER
        if told and told.colour:
            return told.colour, ColourFrom.HEADLINE
        mapped = colour_of_severity(severity)
        return mapped, ColourFrom.MAPPED if mapped else ColourFrom.NONE

    def event_code(self, node: Node, told: Headline | None) -> str:
        """A GB/T 35561 code, from the element for it, CAP's eventCode or the headline."""
        given = node.get("eventType")
        values = [given, *(code.get("value") for code in node.all("eventCode"))]
        for value in values:
            if is_code(value.upper()):
                return value.upper()
        if given:
            self.warn(node, "eventType", _("不是 GB/T 35561 代码：{text}").format(text=given[:40]))
        return told.hazard if told else ""

    def area(self, node: Node) -> Area:
        polygons = [ring for child in node.all("polygon") if child.text for ring in self.rings(child)]
        circles = [self.circle(child) for child in node.all("circle") if child.text]
        geocodes: list[tuple[str, str]] = []
        for child in node.all("geocode"):
            if child.first("value"):
                geocodes.append((child.get("valueName"), child.get("value")))
            else:
                geocodes += [("", code) for code in re.split(r"[\s,;，；、]+", child.text) if code]
        return Area(
            desc=" ".join(node.get("areaDesc").split()),
            polygons=tuple(ring for ring in polygons if ring),
            circles=tuple(circle for circle in circles if circle),
            geocodes=tuple(geocodes),
        )

    def rings(self, node: Node) -> list[tuple[Point, ...]]:
        """The rings of a polygon element: one, or several where a writer has left the brackets of a multipolygon
        among the numbers (GDACS does)."""
        text = re.sub(r"\s*,\s*", ",", node.text)
        if "(" not in text and ")" not in text:
            return [self.ring(node, text)]
        self.warn(node, "polygon", _("多边形的坐标里有括号，按多个多边形读"))
        groups: list[list[str]] = [[]]
        for item in text.split():
            if "(" in item and groups[-1]:
                groups.append([])
            groups[-1].append(re.sub(r"[()]", "", item))
        return [self.ring(node, " ".join(group)) for group in groups]

    def ring(self, node: Node, text: str) -> tuple[Point, ...]:
        """`lat,lon lat,lon …`, closed; the few that write the longitude first are turned round where it shows."""
        pairs = [_PAIR.fullmatch(item) for item in text.split()]
        points = [_point(found[1], found[2]) for found in pairs if found]
        if len(points) < 3 or len(points) != len(pairs):
            self.warn(node, "polygon", _("多边形的坐标读不出，未取"))
            return ()
        if any(abs(lat) > 90_000_000 for lat, _lon in points):
            points = [(lat, lon) for lon, lat in points]
            self.warn(node, "polygon", _("多边形的经纬度写反，已对调"))
        if any(abs(lat) > 90_000_000 or abs(lon) > 180_000_000 for lat, lon in points):
            self.warn(node, "polygon", _("多边形的坐标超出范围，未取"))
            return ()
        if points[0] != points[-1]:
            self.warn(node, "polygon", _("多边形没有闭合，已闭合"))
            points.append(points[0])
        if len(points) < 4:
            self.warn(node, "polygon", _("多边形不足三点，未取"))
            return ()
        return tuple(points)

    def circle(self, node: Node) -> Circle | None:
        """`lat,lon radius`, the radius in kilometres."""
        found = _CIRCLE.fullmatch(node.text)
        lat, lon = _point(found[1], found[2]) if found else (0, 0)
        radius = _scaled(found[3] or "0", 3) if found else -1
        if not found or abs(lat) > 90_000_000 or abs(lon) > 180_000_000 or not 0 <= radius <= 20_040_000:
            self.warn(node, "circle", _("圆的坐标读不出，未取：{text}").format(text=node.text[:60]))
            return None
        return Circle(lat, lon, radius)


def _told(info: Info) -> Headline | None:
    return parse_headline(info.headline)


def _scaled(text: str, places: int) -> int:
    return int(Decimal(text).scaleb(places).to_integral_value(ROUND_HALF_UP))


def _point(lat: str, lon: str) -> Point:
    return _scaled(lat, 6), _scaled(lon, 6)
