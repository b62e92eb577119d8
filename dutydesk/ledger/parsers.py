"""A column compiled once into a function from text to value.

Most cells of a large file are short printable texts or plain digits; these take a short way that gives what
`Kind.parse` gives (a property test compares them), everything else takes `Kind.parse` itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from dutydesk.core.clock import CST
from dutydesk.ledger.kinds import Integer, Kind, LongText, Phone, Ref, Resolve, Scaled, Time
from dutydesk.ledger.spec import Field, Value

Parse = Callable[[str], Value]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_MEMORY = 20_000


def parser(item: Field, resolve: Resolve | None = None, factor: Fraction | None = None) -> Parse:
    """A function that parses one field's texts, with the result and the `ValueError` of `Kind.parse`.

    `factor` multiplies a number before it is parsed (a column in 亩 for a field in ㎡). Results of costly kinds are
    remembered, so `resolve` is asked once for each text.
    """
    kind = item.kind
    if factor is not None:
        return lambda text: kind.parse(_scaled(text, factor, kind), item, resolve)
    short = _SHORT.get(type(kind))
    if short:
        return short(item)

    def slow(text: str) -> Value:
        return kind.parse(text, item, resolve)

    memory: dict[str, Value] = {"": None}

    def remembered(text: str) -> Value:
        try:
            return memory[text]
        except KeyError:
            value = slow(text)
            if len(memory) < _MEMORY or isinstance(kind, Ref):
                memory[text] = value
            return value

    return remembered


def _text_parser(item: Field) -> Parse:
    parse, limit = item.kind.parse, item.kind.limit

    def short(text: str) -> Value:
        if text.isprintable() and len(text) <= limit:
            return text.strip(" ") or None
        return parse(text, item)

    return short


def _phone_parser(item: Field) -> Parse:
    parse, limit = item.kind.parse, item.kind.limit

    def plain_number(text: str) -> Value:
        # ASCII is its own NFKC; a final digit shows that there is one, `.0` is what a spreadsheet adds.
        if text.isascii() and text.isprintable() and len(text) <= limit and text[-1:].isdigit() and text[-2:] != ".0":
            return text.strip(" ")
        return parse(text, item)

    return plain_number


def _integer_parser(item: Field) -> Parse:
    kind = item.kind
    assert isinstance(kind, Integer)
    parse, check = kind.parse, kind.check

    def digits(text: str) -> Value:
        if text.isascii() and text.isdecimal() and len(text) < 19:
            return check(int(text))
        return parse(text, item)

    return digits


def _scaled_parser(item: Field) -> Parse:
    kind = item.kind
    assert isinstance(kind, Scaled)
    parse, check, places = kind.parse, kind.check, kind.places

    def digits(text: str) -> Value:
        whole, _point, part = text.partition(".")
        if (
            len(part) <= places
            and text.isascii()
            and whole.isdecimal()
            and len(whole) < 12
            and (whole + part).isdecimal()
        ):
            return check(int(whole + part.ljust(places, "0")))
        return parse(text, item)

    return digits


def _time_parser(item: Field) -> Parse:
    parse = item.kind.parse

    def moment(text: str) -> Value:
        # Only the two plainest forms: `fromisoformat` reads others that this program does not.
        if len(text) in (16, 19) and text[4] == text[7] == "-" and text[10] in " T" and text[13] == text[-3] == ":":
            try:
                return (datetime.fromisoformat(text).replace(tzinfo=CST) - _EPOCH) // _MS
            except ValueError:
                pass
        return parse(text, item)

    return moment


_SHORT: dict[type[Kind], Callable[[Field], Parse]] = {
    Kind: _text_parser,
    LongText: _text_parser,
    Phone: _phone_parser,
    Integer: _integer_parser,
    Scaled: _scaled_parser,
    Time: _time_parser,
}


def _scaled(text: str, factor: Fraction, kind: Kind) -> str:
    """`text` times `factor` as decimal digits, as many as the kind keeps; a text that is no number stays as it is."""
    try:
        number = Decimal(text.strip().replace(",", ""))
        if not number.is_finite() or abs(number) > 10**15:
            return text
    except InvalidOperation:
        return text
    places = kind.places if isinstance(kind, Scaled) else 0
    whole = Fraction(number) * factor * 10**places
    rounded = (abs(whole) + Fraction(1, 2)).__floor__() * (1 if whole >= 0 else -1)
    return f"{Decimal(rounded).scaleb(-places):f}"
