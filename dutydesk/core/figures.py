"""The figures that go on paper (domain.md §11): rounded half up on decimals, never on binary floats.

Functions that print return text and `—` where there is nothing to divide by; the others return integers, `Decimal`
or `None`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from dutydesk.core.i18n import language

NONE = "—"
Number = int | Decimal


def half_up(value: Number, places: int) -> Decimal:
    """`value` with `places` decimals, a half going away from zero."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def ratio(part: Number, whole: Number, places: int = 2) -> Decimal | None:
    """`part ÷ whole`, or None when `whole` is 0."""
    return None if whole == 0 else half_up(Decimal(part) / Decimal(whole), places)


def rate(part: Number, whole: Number, places: int = 2) -> str:
    """`part ÷ whole` as a percentage, `98.11 %`; `—` when `whole` is 0, since none of none is not all."""
    if whole == 0:
        return NONE
    return f"{half_up(Decimal(part) * 100 / Decimal(whole), places):f} %"


def wan(value: Number, unit: str = "") -> str:
    """A large count in 万 with two decimals: 160100 ㎡ → `16.01 万㎡`; below 10 000 as it is, at most two decimals.

    English counts in thousands: `160,100 ㎡`.
    """
    number = Decimal(value)
    if abs(number) >= 10_000:
        if language() == "en":
            return f"{half_up(number, 0):,f} {unit}".rstrip()
        return f"{half_up(number / 10_000, 2):f} 万{unit}"
    plain = half_up(number, 2)
    whole = plain.to_integral_value()
    text = f"{whole:f}" if plain == whole else f"{plain:f}"
    return f"{text} {unit}" if unit else text


def capacity(usable: int, per_person: int) -> int | None:
    """How many people a usable area takes: `floor(usable ÷ per_person)`, both in the same unit (0.01 ㎡).

    None when the area per person is not above 0, since no count follows from it.
    """
    return None if per_person <= 0 else max(0, usable) // per_person


def load(present: int, places: int) -> str:
    """How full a shelter is, whole percent; `—` without a capacity."""
    return rate(present, places, 0)


def stock_gap(standard: int, balance: int) -> int:
    """How many pieces are missing against the standard quantity, never below 0."""
    return max(0, standard - balance)


def late_minutes(due_at: int, sent_at: int) -> int:
    """Whole minutes by which something was late, a begun minute counted; 0 when in time. Times in ms UTC."""
    return max(0, -((due_at - sent_at) // 60_000))


def within(spans: list[int | None], limit: int) -> str:
    """The share of `spans` (ms, None = not done yet) that are at most `limit`; the limit itself is in time."""
    return rate(sum(1 for span in spans if span is not None and span <= limit), len(spans))
