"""Figures of the long fault tests: one line of JSON each in `build/faults.jsonl`, for docs/reliability.md."""

from __future__ import annotations

import json
import os
from pathlib import Path

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
_FILE = Path(__file__).resolve().parent.parent / "build" / "faults.jsonl"


def tell(what: str, **figures: float | str) -> None:
    """Write down what a test with its full counts came to."""
    if FULL:
        with _FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": what, **figures}, ensure_ascii=False) + "\n")
