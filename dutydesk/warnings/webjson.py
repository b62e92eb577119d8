"""Lists of current warnings as web pages load them: nmc.cn (`alertid`, `issuetime`, `title`, `pic`) and
weather.com.cn (`head`, `ALERTID`, `SIGNALTYPE`, `SIGNALLEVEL`, `TYPECODE`, `LEVELCODE`, `ISSUETIME`, `RELIEVETIME` …),
also as the JavaScript that wraps them. One row is one warning; the numberings of both are translated here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeGuard

from dutydesk.core.clock import HOUR
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.warnings.alert import Alert, Alerts, Area, ColourFrom, Dialect, Info, Reference, identifier_parts, moment
from dutydesk.warnings.rules import ASSUMED_HOURS, Colour
from dutydesk.warnings.signals import (
    colour_word,
    from_cma,
    from_weather_cn,
    hazard_code,
    hazard_zh,
    parse_headline,
)

LARGEST: Final = 20 * 1024 * 1024
_WRAPPED: Final = re.compile(r"^\s*(?:(?:var\s+)?[\w.$]+\s*=\s*|[\w.$]+\s*\()(?=[\[{])")
_IDS, _TIMES = ("alertid", "identifier"), ("issuetime", "sendtime")
_OFFICE: Final = re.compile(r"(?:气象台|气象局|气象服务中心|预警信息发布中心)$")
Row = Mapping[str, str]


def looks_like_list(head: bytes, name: str) -> bool:
    """Whether the first bytes and the file's name promise a web list of warnings."""
    plain = head.lower()
    return b"alertid" in plain or (b"issuetime" in plain and name.casefold().endswith((".json", ".js")))


def read_web_alerts(data: bytes, name: str) -> Alerts:
    """The rows of a list; `name` is what problems call it, their line is the number of the row.

    A row without identifier, time, hazard or level is refused and the others are read. Raises `Refused` for what is
    no JSON or holds no such row.
    """
    if len(data) > LARGEST:
        raise Refused(Problem(_("文件超过 {size} MB").format(size=LARGEST // 2**20), file=name))
    value = _json(data, name)
    reader = _Reader(name)
    for row in _rows(value):
        reader.row(row)
    if not reader.read:
        raise Refused(Problem(_("没有认出预警列表（没有 alertid 和 issuetime）"), file=name))
    reader.whole(value)
    return Alerts(tuple(reader.kept.values()), reader.read, tuple(reader.warnings), tuple(reader.refused))


def _json(data: bytes, name: str) -> object:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise Refused(Problem(_("文字编码读不出来"), file=name)) from error
    wrapped = _WRAPPED.match(text)
    if wrapped:
        text = text[wrapped.end() :].rstrip().rstrip(";").rstrip()
        text = text.removesuffix(")") if wrapped[0].rstrip().endswith("(") else text
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        reason = _("不是正确的 JSON：{error}").format(error=error.msg)
        raise Refused(Problem(reason, line=error.lineno, file=name)) from error
    except (ValueError, RecursionError) as error:
        raise Refused(Problem(_("JSON 嵌套太深或数字太长"), file=name)) from error


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _objects(value: object) -> Iterator[dict[str, object]]:
    """Every object of a JSON value, in its order."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if _is_object(one):
            yield one
            waiting.extend(reversed(list(one.values())))
        elif _is_list(one):
            waiting.extend(reversed(one))


def _rows(value: object) -> Iterator[Row]:
    """The objects that are warnings, keys in lower case, values as texts."""
    for one in _objects(value):
        row = {key.casefold(): str(item).strip() for key, item in one.items() if isinstance(item, str | int)}
        if any(key in row for key in _IDS) and any(key in row for key in _TIMES):
            yield row


@dataclass(slots=True)
class _Reader:
    """Turns rows into alerts and collects what is odd."""

    file: str
    read: int = 0
    kept: dict[str, Alert] = field(default_factory=dict[str, Alert])
    warnings: list[Problem] = field(default_factory=list[Problem])
    refused: list[Problem] = field(default_factory=list[Problem])

    def warn(self, name: str, reason: str) -> None:
        self.warnings.append(Problem(reason, field=name, line=self.read, file=self.file))

    def refuse(self, name: str, reason: str) -> None:
        self.refused.append(Problem(reason, field=name, line=self.read, file=self.file))

    def whole(self, value: object) -> None:
        """Says when the file is one page of a longer list."""
        for one in _objects(value):
            count = one.get("count")
            if isinstance(count, int) and _is_list(one.get("list")) and count > self.read:
                reason = _("列表共 {count} 条，本文件只有 {read} 条").format(count=count, read=self.read)
                self.warnings.append(Problem(reason, field="count", file=self.file))
                return

    def row(self, row: Row) -> None:
        self.read += 1
        identifier = " ".join((row.get("identifier") or row.get("alertid") or "").split())
        written = row.get("issuetime") or row.get("sendtime") or ""
        sent = moment(written)
        if not identifier:
            self.refuse("identifier", _("没有编号"))
        if sent is None:
            self.refuse("issuetime", _("发布时间读不出：{text}").format(text=written[:60]))
        if not identifier or sent is None:
            return
        alert = self.alert(row, identifier, sent)
        if alert is None:
            return
        if identifier in self.kept:
            reason = _("编号 {identifier} 在文件中重复，取最新一条").format(identifier=identifier)
            self.warn("identifier", reason)
            if sent <= self.kept[identifier].sent_ms:
                return
        self.kept[identifier] = alert

    def alert(self, row: Row, identifier: str, sent: int) -> Alert | None:
        title = row.get("title") or row.get("head") or row.get("headline") or ""
        told = parse_headline(title)
        code, colour, source = self.signal(row, title)
        event = hazard_zh(code) or (told.label if told else "") or row.get("signaltype", "")
        if not event or colour is None:
            self.refuse("title", _("看不出灾种和颜色：{text}").format(text=title[:60]))
            return None
        place = "".join(dict.fromkeys(row.get(key, "") for key in ("province", "city", "stationname")))
        issuer = (told.issuer if told else "") or (f"{place}气象台" if place else "")
        parts = identifier_parts(identifier)
        if not issuer:
            self.warn("title", _("没有发布单位"))
        return Alert(
            identifier=identifier,
            sender=issuer,
            sent_ms=sent,
            sender_code=parts[0] if parts else "",
            msg_type=_msg_type(row.get("msgtype", ""), told.msg_type if told else "Alert"),
            references=tuple(
                Reference(name) for name in dict.fromkeys(re.split(r"[\s,;，；]+", row.get("references", ""))) if name
            ),
            infos=(
                Info(
                    language="zh-CN",
                    event=event,
                    event_code=code,
                    category="Met",
                    severity=colour.value.capitalize(),
                    colour=colour,
                    colour_from=source,
                    effective=sent,
                    expires=_relief(row.get("relievetime", ""), sent),
                    headline=title,
                    description=row.get("issuecontent", ""),
                    areas=_areas(place or _OFFICE.sub("", issuer), parts),
                ),
            ),
            dialect=Dialect.WEATHER_CN if "signaltype" in row or "typecode" in row else Dialect.NMC,
            line=self.read,
        )

    def signal(self, row: Row, title: str) -> tuple[str, Colour | None, ColourFrom]:
        """Hazard and colour: what is written in words counts before the numbers, a difference is told."""
        told = parse_headline(title)
        hazard = (told.hazard if told else "") or hazard_code(row.get("signaltype", ""))
        named = (told.colour if told else None) or colour_word(row.get("signallevel", ""))
        if row.get("typecode") or row.get("levelcode"):
            numbered = from_weather_cn(row.get("typecode", ""), row.get("levelcode", ""))
        else:
            numbered = from_cma(row.get("pic", ""))
        for own, other, name in ((hazard, numbered[0], "typecode"), (named, numbered[1], "levelcode")):
            if own and other and own != other:
                self.warn(name, _("标题与代码不一致，按标题：{text}").format(text=title[:60]))
        return hazard or numbered[0], named or numbered[1], ColourFrom.HEADLINE if named else ColourFrom.PARAMETER


def _msg_type(written: str, told: str) -> str:
    for word in ("Alert", "Update", "Cancel"):
        if written.casefold() == word.casefold():
            return told if word == "Alert" and told == "Cancel" else word
    return told


def _relief(text: str, sent: int) -> int | None:
    """The time of relief, None where the list has only put the usual hours after the issue: nobody said that, so
    the rules shall call it assumed."""
    at = moment(text)
    return None if at is None or at == sent + ASSUMED_HOURS * HOUR else at


def _areas(place: str, parts: tuple[str, str] | None) -> tuple[Area, ...]:
    """The place of a row: named by the issuer, coded by the first six digits of the sender's code."""
    geocodes = (("", parts[0][:6] + "000000"),) if parts else ()
    return (Area(desc=place, geocodes=geocodes),) if place or geocodes else ()
