"""Write what `make bench` measured into docs/performance.md: `python packaging/bench_report.py`.

The table between the two marks is made anew from build/bench.json; the rest of the page is written by hand. Nothing
stands in the table that was not measured.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "bench.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

WHAT = {
    "B1": "save one entry through the whole path, durable, in a desk of 1,000,000 (200 saves a round)",
    "B1 p99": "one save by itself, p99, window open",
    "B1 p99 alone": "the same on a desk without a window",
    "B1 beside import": "one save during an import in the same program, p99, window open",
    "B1 beside import alone": "the same without the window's housekeeping",
    "B1 beside process": "one save during `dutydesk import` in another process, p99, window open",
    "B1 beside process alone": "the same without the window's housekeeping",
    "B2 log": "import 100,000 CSV lines into the duty log",
    "B2 supplies": "import 50,000 CSV lines of supplies, each with personal fields",
    "B2 people": "import 16,666 CSV lines of people, each with a unit and two numbers",
    "B3 积水": "search 积水 in 1,000,000 entries, first page",
    "B3 丁兰": "search 丁兰 in 1,000,000 entries, first page",
    "B4": "open a log of 1,000,000 entries, first paint",
    "B4 memory": "open it and scroll to its end, memory more",
    "B5": "filter and sort 1,000,000 entries, first page",
    "B6": "pan a chart of 1,000,000 points",
    "B7 window": "cold start to a window that takes typing",
    "B7 rows": "cold start to the first rows",
    "B7 desk": "cold start to the log's pane with its rows, everything loaded",
    "B8 P02": "print 2,000 entries as P02, read from the record",
    "B8 ledger": "print 2,000 entries as a plain list, all fields",
    "B9 xlsx": "write xlsx, 100,000 × 6, against a bare CSV writer",
    "B9 csv": "write CSV, 100,000 × 6, against a bare CSV writer",
    "B10": "read xlsx, 100,000 × 6, against bare calamine",
    "B1 beside sync": "one save while `dutydesk sync` brings thousands of acts in another process, p99",
    "B11": "a city's night: 130 desks push 2,000 acts each, one desk pulls them all; against raw COPY and raw inserts",
    "B11 at once": "four desks push 2,000 acts each at the same time; against one after another",
    "B12": "26 runs of sync without news; against as many bare connections with one statement",
    "B15": "verify the chain of 1,000,000 acts, against hashing the same bytes act by act in memory",
    "B16": "rebuild the projections of 100,000 acts, against raw inserts",
    "B13": "a bundle of 200,000 acts: export, read back, import",
    "B20 P01": "print the hand-over sheet P01 of a day with 2,000 entries, read from the record",
    "B-project": "`hub project`: 20,000 entries into ledger tables on PostgreSQL, against the same rows by bare statements",
    "B-project edits": "the same for 2,000 acts that write a field again",
    "B-roster": "scroll a month grid of 100 people × 92 days, longest step",
}
REASONS = {
    "B15": "reading the acts out of the file takes more than their hashes, and needs a second processor that is free;"
    " see decisions/009-what-verify-costs.md",
    "B1 p99": "a commit waits for the disk and for whoever else uses the processor; the p50 says what the save itself takes",
    "B1 beside import": "a save that meets an act of 25 rows waits for its commit",
    "B1 beside sync": "two processes take turns at one file and at two processors; the note says what a save takes alone",
    "B1 beside process": "two processes take turns at one file; see decisions/011-imports-of-another-process.md",
}


def number(name: str) -> tuple[int, str]:
    """Order by number, then by name: B2 before B15."""
    digits = "".join(c for c in name.split()[0] if c.isdigit())
    return int(digits or 0), name


def measured(value: float | None, unit: str) -> str:
    """Three digits that say something."""
    if value is None:
        return "—"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def table(results: dict[str, dict[str, Any]]) -> str:
    """The results as a table, and a line for each that falls short."""
    rows = [
        "| | what | goal | ours, median | floor, median | ratio, median (range) | holds | note |",
        "|---|---|---|---|---|---|---|---|",
    ]
    short: list[str] = []
    for name in sorted(results, key=number):
        one = results[name]
        goal = re.match(r"≤ [\d.]+ ?(?:×|ms|MB)|—", one["goal"])
        unit = "MB" if "MB" in one["goal"] else "ms"
        judged = one["goal"] != "—"
        ratio = "—" if one["ratio"] is None else f"{one['ratio']:.2f} ({one['low']:.2f}–{one['high']:.2f})"
        holds = ("yes" if one["holds"] else "**no**") if judged else "—"
        cells = [
            name, WHAT.get(name, one["what"]), goal[0] if goal else one["goal"], measured(one["ours_ms"], unit), measured(one["floor_ms"], unit),
            ratio, holds, one["note"],
        ]  # fmt: skip
        rows.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
        if judged and not one["holds"]:
            short.append(f"- {name}: {REASONS.get(name, 'not explained yet')}.")
    if short:
        rows += ["", "Short of the goal in this run:", "", *short]
    return "\n".join(rows)


def machine() -> str:
    """What kind of machine this was, and whether it was quiet."""
    load = f", load average {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    day = datetime.fromtimestamp(RESULTS.stat().st_mtime, timezone(timedelta(hours=8))).date()
    return (
        f"Measured on {day} with Python {platform.python_version()} on {platform.system()} {platform.machine()},"
        f" {os.cpu_count()} processors{load}."
    )


def main() -> int:
    """Make the table anew."""
    if not RESULTS.exists():
        sys.stderr.write(f"{RESULTS} is not there: run make bench\n")
        return 1
    page = PAGE.read_text(encoding="utf-8")
    before, mark, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not mark or not end:
        sys.stderr.write(f"{PAGE} has lost its marks\n")
        return 1
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    made = f"{before}{BEGIN}\n{machine()}\n\n{table(results)}\n{END}{after}"
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
