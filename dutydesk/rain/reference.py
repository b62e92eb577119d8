"""The rain rules that the program ships, read once."""

from __future__ import annotations

import json
from functools import cache

from dutydesk.core.paths import resources
from dutydesk.rain.rules import Reference, reference_of


@cache
def shipped() -> Reference:
    """`resources/reference/rain.json`."""
    return reference_of(json.loads(resources("reference", "rain.json").read_text(encoding="utf-8")))
