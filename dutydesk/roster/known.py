"""The settings of the roster: numbers, crews, seasons, checks and the names of posts over `roster.json`."""

from __future__ import annotations

import re
from datetime import date

from dutydesk.core.errors import Refused
from dutydesk.core.i18n import _, pick
from dutydesk.core.reference import by_code, label, rows
from dutydesk.journal.settings import from_row, one_of, short, whole
from dutydesk.ledger.feature import Known
from dutydesk.roster.facts import PREFIX
from dutydesk.roster.rules import parse_crew

_SPAN = re.compile(r"(\d\d-\d\d)\.\.(\d\d-\d\d)")


def known(district: str) -> list[Known]:
    """Every setting of the roster; a season's default is that of the province in which `district` lies."""
    found = [
        from_row("roster", "rule", row, f"{PREFIX}{row['code'].lower()}", str(row["value"]), whole(0, int(row["most"])))
        for row in rows("roster", "rule")
    ]
    crews = by_code("roster", "crew")
    for mode in rows("duty", "duty_mode"):
        row = crews.get(mode["code"], {})
        title = _("{mode}班组：岗位代码=人数").format(mode=pick(dict(mode)))
        found.append(
            from_row("roster", "crew", row, f"{PREFIX}crew.{mode['code']}", row.get("crew", ""), _is_crew, label=title)
        )
    seasons = {row["mode"]: row for row in rows("roster", "season")}
    seasons |= {row["mode"]: row for row in rows("roster", "season") if district.startswith(row["region"])}
    for mode, row in seasons.items():
        span = row["span"] if district.startswith(row["region"]) else ""
        title = _("{mode}起止：月-日..月-日").format(mode=label("duty", "duty_mode", mode))
        made = from_row("roster", "season", row, f"{PREFIX}season.{mode}", span, _is_span, label=title)
        found.append(made if span else Known(made.key, made.label, "", check=_is_span))
    for row in rows("roster", "check"):
        title = _("{check}：1 不能保存，0 只提示").format(check=pick(dict(row)))
        key, hard = f"{PREFIX}hard.{row['code']}", "1" if row["hard"] else "0"
        found.append(from_row("roster", "check", row, key, hard, one_of("1", "0"), label=title))
    for row in rows("roster", "post"):
        title = _("{post}在本单位的叫法").format(post=pick(dict(row)))
        found.append(
            from_row("roster", "post", row, f"{PREFIX}post.{row['code']}", pick(dict(row)), short(12), label=title)
        )
    return found


def _is_crew(text: str) -> None:
    try:
        crew = parse_crew(text)
    except Refused as error:
        raise ValueError(error.problems[0].reason) from None
    posts = by_code("roster", "post")
    strange = [post for post in crew if post not in posts]
    if strange:
        codes = _("、").join(f"{code} {pick(dict(row))}" for code, row in posts.items())
        raise ValueError(_("没有岗位“{post}”，有 {codes}").format(post=strange[0], codes=codes))


def _is_span(text: str) -> None:
    found = _SPAN.fullmatch(text)
    try:
        for day in found.groups() if found else ("",):
            date.fromisoformat(f"2024-{day}")
    except ValueError:
        raise ValueError(_("应写成“04-15..10-15”，月-日")) from None
