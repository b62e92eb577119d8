"""How districts stand to each other, by their codes (GB/T 2260): province 33, city 3301, district 330102."""

from __future__ import annotations


def stem(code: str) -> str:
    """What the codes of all places within this one begin with: `330100` → `3301`, `330102` → `330102`."""
    while code.endswith("00"):
        code = code[:-2]
    return code


def within(inner: str, outer: str) -> bool:
    """Whether a place lies within another one or is it; a place without a code is within every other."""
    return stem(inner).startswith(stem(outer)) if inner and outer else True


def related(one: str, other: str) -> bool:
    """Whether one of two places lies within the other: a district and its city, but not two districts of a city."""
    return within(one, other) or within(other, one)
