"""Measuring: ours against a floor in the same run, interleaved, medians, ratios; what came out goes into
`docs/performance.md`, also where it falls short."""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2] / "build" / "bench.json"
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark: medians in milliseconds and the ratio's range over the rounds."""

    name: str
    what: str
    ours_ms: float
    floor_ms: float | None
    ratio: float | None
    low: float | None
    high: float | None
    goal: str
    holds: bool
    note: str = ""


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that `work` takes, with the collector's debts paid before."""
    gc.collect()
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1_000


def spent(work: Callable[[], object]) -> float:
    """Milliseconds of processor time that `work` takes in this process: what others do at the time matters less."""
    gc.collect()
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1_000


def against(
    ours: Callable[[], object], floor: Callable[[], object], rounds: int = ROUNDS
) -> tuple[list[float], list[float]]:
    """Times of both, taken in turns so that a slow minute of the machine hits both."""
    mine: list[float] = []
    bare: list[float] = []
    for n in range(rounds):
        first, second = ((ours, mine), (floor, bare)) if n % 2 == 0 else ((floor, bare), (ours, mine))
        first[1].append(timed(first[0]))
        second[1].append(timed(second[0]))
    return mine, bare


def report(
    name: str,
    what: str,
    mine: list[float],
    bare: list[float] | None,
    goal: str,
    limit: float,
    *,
    absolute: bool = False,
    note: str = "",
) -> Result:
    """Keep a result; `limit` is a ratio, or milliseconds where `absolute`."""
    ours = statistics.median(mine)
    if bare:
        ratios = sorted(m / b for m, b in zip(mine, bare, strict=True))
        floor, ratio = statistics.median(bare), statistics.median(ratios)
        low, high = ratios[0], ratios[-1]
    else:
        floor = ratio = low = high = None
    holds = (ours if absolute or ratio is None else ratio) <= limit
    result = Result(name, what, ours, floor, ratio, low, high, goal, holds, note)
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    kept[name] = asdict(result)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")
    return result
