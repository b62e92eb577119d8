"""Reference data: codes, thresholds, deadlines and phrases under `resources/reference`, one JSON file a subject.

A file is `{"title": {"zh", "en"}, "tables": {name: {"zh", "en", "source", "place", "date", "mark", "rows": […]}}}`; a
row may carry its own `source`, `place`, `date`, `mark`. `mark` tells how far a row may be trusted: `verified Vnn` (read
in the rule or standard that `source` names), `public document`, `from memory`, `design`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from dutydesk.core.errors import Unavailable
from dutydesk.core.i18n import _, pick
from dutydesk.core.paths import resources


@cache
def reference(name: str) -> dict[str, Any]:
    """The file `resources/reference/NAME.json`, read once and shared: to be read, never written.

    Raises `Unavailable` when the installation lacks the file or it cannot be read.
    """
    path = resources("reference", f"{name}.json")
    try:
        with path.open(encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise Unavailable(_("参考数据 {name} 读不出来，请重新安装：{error}").format(name=name, error=error)) from error


def rows(name: str, table: str) -> tuple[Mapping[str, Any], ...]:
    """The rows of one table of a file, in the file's order."""
    return tuple(reference(name)["tables"][table]["rows"])


@cache
def by_code(name: str, table: str) -> Mapping[str, Mapping[str, Any]]:
    """The rows of a table by their `code`."""
    return {row["code"]: row for row in rows(name, table)}


def label(name: str, table: str, code: str) -> str:
    """The label of a code in the language in use; the code itself when the table does not know it."""
    row = by_code(name, table).get(code)
    return pick(dict(row)) if row else code
