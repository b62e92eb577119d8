"""Hazards, colours and the sentences in which Chinese warnings name them; the numberings of other systems.

Three numberings of hazards and three of levels run in opposite directions, so they are translated here, at the edge;
inside there are GB/T 35561 codes and `Colour` only. Data: `resources/reference/warnings.json`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from dutydesk.core.i18n import pick
from dutydesk.core.reference import by_code, rows
from dutydesk.warnings.rules import Colour

FILE: Final = "warnings"
_CODE: Final = re.compile(r"1[1-4][A-Z]\d\d")
_NUMBERS: Final = {"I": Colour.RED, "II": Colour.ORANGE, "III": Colour.YELLOW, "IV": Colour.BLUE,
                   "一": Colour.RED, "二": Colour.ORANGE, "三": Colour.YELLOW, "四": Colour.BLUE}  # fmt: skip
_WORDS: Final = {"红": Colour.RED, "橙": Colour.ORANGE, "黄": Colour.YELLOW, "蓝": Colour.BLUE}
_COLOUR: Final = re.compile(r"([红橙黄蓝])色")
_LEVEL: Final = re.compile(r"(?<![IVX])(I{1,3}|IV|[一二三四])级")
_WARNING: Final = re.compile(r"预警|警报")
_END: Final = re.compile(r"解除|撤销|取消")
_CHANGE: Final = re.compile(r"变更|更新|升级|降级|继续发布|调整")
_ISSUE: Final = re.compile(r"发布")
_VERB: Final = re.compile(r"解除|撤销|取消|变更|更新|升级|降级|继续|调整|发布|于?\d{4}年|将")


@dataclass(frozen=True, slots=True)
class Headline:
    """What a sentence says: `issuer` before the verb, `hazard` its code or "", `label` its name as written."""

    issuer: str
    msg_type: str
    hazard: str
    label: str
    colour: Colour | None
    level: Colour | None


def is_code(text: str) -> bool:
    """Whether a text has the form of a GB/T 35561 code."""
    return bool(_CODE.fullmatch(text))


def hazard_name(code: str) -> str:
    """The name of a hazard in the language in use; the code itself when the table lacks it."""
    row = by_code(FILE, "hazards").get(code)
    return pick(dict(row)) if row else code


def hazard_zh(code: str) -> str:
    """The Chinese name of a hazard, whatever the language; "" when the table lacks it."""
    row = by_code(FILE, "hazards").get(code)
    return str(row["zh"]) if row else ""


def colour_name(colour: Colour) -> str:
    """The name of a colour in the language in use."""
    return pick(dict(by_code(FILE, "colours")[colour.value]))


@cache
def _aliases() -> tuple[tuple[str, str], ...]:
    """(name, code), the longest name first."""
    named = [
        (_plain(name), str(row["code"]))
        for row in rows(FILE, "hazards")
        for name in (row["zh"], *row.get("aliases", ()))
    ]
    return tuple(sorted(named, key=lambda pair: -len(pair[0])))


def hazard_code(name: str) -> str:
    """The code of a hazard by its Chinese name or one of its other names; "" when none is known."""
    return dict(_aliases()).get(_plain(name).removesuffix("预警").removesuffix("天气"), "")


@cache
def _numbered(table: str, key: str) -> Mapping[str, str]:
    return {str(row[key]): str(row["code"]) for row in rows(FILE, table) if row.get(key)}


def from_weather_cn(type_code: str, level_code: str) -> tuple[str, Colour | None]:
    """weather.com.cn numbers hazards 01… and levels 01 blue … 04 red: (`"02"`, `"03"`) is 暴雨 orange."""
    level = _numbered("colours", "weather_cn").get(level_code.zfill(2))
    return _numbered("hazards", "weather_cn").get(type_code.zfill(2), ""), Colour(level) if level else None


def from_cma(code: str) -> tuple[str, Colour | None]:
    """CMA numbers pictures p + four digits hazard + three digits level, 1 red … 4 blue: `p0002001` is 暴雨 red."""
    found = re.search(r"p(\d{4})(\d{3})(?!\d)", code)
    if not found:
        return "", None
    level = _numbered("colours", "cma").get(str(int(found[2])))
    return _numbered("hazards", "cma").get(found[1], ""), Colour(level) if level else None


def colour_word(text: str) -> Colour | None:
    """`Red`, `ORANGE`, `黄色`, `蓝` as a colour; None for anything else."""
    word = text.strip().upper()
    if word in Colour.__members__:
        return Colour(word)
    return _WORDS.get(word.removesuffix("色"))


def colour_of_severity(severity: str) -> Colour | None:
    """The colour for a CAP severity (Extreme, Severe, Moderate, Minor): a table that the unit may change."""
    row = by_code(FILE, "severities").get(severity.strip().capitalize())
    return Colour(row["colour"]) if row and row["colour"] else None


def severity_of_colour(colour: Colour | None) -> str:
    """The CAP severity for a colour; Unknown for none."""
    return str(by_code(FILE, "colours")[colour.value]["cap"]) if colour else "Unknown"


def colour_parameters() -> frozenset[str]:
    """Names of the message parameters that name a colour outright."""
    return frozenset(str(row["code"]).casefold() for row in rows(FILE, "colour_parameters"))


def limit(code: str) -> int:
    """One of the limits in hours: `assumed_hours`, `stale_hours`."""
    return int(by_code(FILE, "limits")[code]["value"])


def signal(hazard: str, colour: Colour) -> Mapping[str, Any] | None:
    """The national rule for a signal (texts `zh` and `en`, `source`, `mark`), None where the nation has none."""
    for row in rows(FILE, "signals"):
        if row["hazard"] == hazard and row["colour"] == colour.value:
            return row
    return None


def _plain(text: str) -> str:
    """Half width, roman numbers as letters, without blanks: Ⅱ as II, （ as (."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _hazard_before(text: str) -> tuple[str, str]:
    """(code, name) of the hazard named last in a text; of two that end together the longer."""
    best = (-1, 0, "", "")
    for name, code in _aliases():
        at = text.rfind(name)
        if at >= 0:
            best = max(best, (at + len(name), len(name), code, name))
    return best[2], best[3]


def parse_headline(text: str) -> Headline | None:
    """Read `示例区气象台发布暴雨橙色预警[II级/严重]` and its kind; also bare `暴雨橙色预警`, `暴雨预警（橙色）`,
    `暴雨Ⅱ级预警`. None when the text names no hazard and level. The colour word counts before the level."""
    plain = re.sub(r"^【.*?】", "", _plain(text[:400])) or _plain(text[:400])
    warning = list(_WARNING.finditer(plain))
    colours, numbers = list(_COLOUR.finditer(plain)), list(_LEVEL.finditer(plain))
    if not warning or not (colours or numbers):
        return None
    colour = _WORDS[colours[-1][1]] if colours else None
    level = _NUMBERS[numbers[-1][1]] if numbers else None
    mark = (colours or numbers)[-1].start()
    code, label = _hazard_before(plain[:mark])
    verbs = list(_VERB.finditer(plain))
    if not code:
        spoken = re.search(r"(?:发布|解除|为)(\w{1,12}?)(?:预警(?:信号)?|\(|\[|:)?$", plain[:mark])
        label = spoken[1] if spoken else ""
        if not label:
            return None
    if _CHANGE.search(plain) or (_END.search(plain) and _ISSUE.search(plain)):
        msg_type = "Update"
    else:
        msg_type = "Cancel" if _END.search(plain) else "Alert"
    issuer = plain[: verbs[0].start()].strip(",:;、。") if verbs else ""
    return Headline(issuer, msg_type, code, label, colour or level, level)
