"""Kinds of field. A kind owns the conversions between a stored value, what people read and what files hold.

Stored values are integers, strings or 16-byte ids. `show` is for people, `dump` for files and JSON (codes as codes,
times ISO 8601 +08:00), `parse` reads either. No Qt and no SQL here: `qt/editors.py` maps a kind to its widget and
`journal/query.py` to its filter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from dutydesk.core.clock import SECOND, iso, local, parse_iso
from dutydesk.core.i18n import _, language
from dutydesk.ledger.spec import Choice, Field, Value

INT64 = 2**63
Resolve = Callable[[str, str], bytes]
"""`resolve(ledger, text)` finds the row that a text names, or raises `ValueError` with the reason."""


def refuse_control(text: str) -> str:
    """NUL, other control characters and lone surrogates never enter the record (house.md §6)."""
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in "\n\t"):
            raise ValueError(_("含有不能保存的控制字符 U+{code:04X}").format(code=ord(character)))
    return text


@dataclass(frozen=True, slots=True)
class Kind:
    """Base of all kinds: one line of text."""

    name: str = "text"
    sql: str = "TEXT"
    limit: int = 500

    def show(self, value: Value, field: Field) -> str:
        """What people read; empty for no value."""
        return "" if value is None else str(value)

    def dump(self, value: Value, field: Field) -> Value:
        """What files and JSON hold."""
        return value

    def parse(self, text: str, field: Field, resolve: Resolve | None = None) -> Value:
        """The stored value of a text; `None` for an empty one. Raises `ValueError` with a sentence for the user."""
        text = refuse_control(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
        if not text:
            return None
        return self.read(text, field, resolve)

    def read(self, text: str, field: Field, resolve: Resolve | None) -> Value:
        """As `parse`, for a text that is not empty."""
        text = " ".join(text.split("\n"))
        if len(text) > self.limit:
            raise ValueError(_("超过 {limit} 字").format(limit=self.limit))
        return text

    def sort_key(self, value: Value, field: Field) -> object:
        """Orders values as people expect; `None` first."""
        return (value is not None, value if value is not None else 0)

    def mask(self, text: str) -> str:
        """What is shown of a personal value before someone asks for it, and records why."""
        return text

    @property
    def numeric(self) -> bool:
        """Whether tables and prints align it to the right."""
        return False


@dataclass(frozen=True, slots=True)
class LongText(Kind):
    """Text of several lines."""

    name: str = "longtext"
    limit: int = 20_000

    def read(self, text: str, field: Field, resolve: Resolve | None) -> Value:
        if len(text) > self.limit:
            raise ValueError(_("超过 {limit} 字").format(limit=self.limit))
        return text


@dataclass(frozen=True, slots=True)
class Integer(Kind):
    """A whole number."""

    name: str = "integer"
    sql: str = "INTEGER"
    least: int | None = None

    def read(self, text: str, field: Field, resolve: Resolve | None) -> Value:
        plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
        if not re.fullmatch(r"[+-]?\d+(\.0+)?", plain):
            raise ValueError(_("应为整数：{text}").format(text=text))
        value = int(plain.split(".")[0])
        return self.check(value)

    def check(self, value: int) -> int:
        if self.least is not None and value < self.least:
            raise ValueError(_("不能小于 {least}").format(least=self.least))
        if not -INT64 <= value < INT64:
            raise ValueError(_("数字太大"))
        return value

    @property
    def numeric(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Scaled(Integer):
    """A decimal number kept as an integer of 10⁻ᵖˡᵃᶜᵉˢ units; rounding is half up on decimals, never on floats."""

    name: str = "decimal"
    places: int = 2

    def show(self, value: Value, field: Field) -> str:
        return "" if value is None else f"{self.decimal(value):f}"

    def dump(self, value: Value, field: Field) -> Value:
        return None if value is None else f"{self.decimal(value):f}"

    def decimal(self, value: Value) -> Decimal:
        """The number itself."""
        assert isinstance(value, int)
        return Decimal(value).scaleb(-self.places)

    def read(self, text: str, field: Field, resolve: Resolve | None) -> Value:
        plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
        try:
            number = Decimal(plain)
        except InvalidOperation:
            raise ValueError(_("应为数字：{text}").format(text=text)) from None
        if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
            raise ValueError(_("应为数字：{text}").format(text=text))
        return self.check(int(number.scaleb(self.places).to_integral_value(ROUND_HALF_UP)))


@dataclass(frozen=True, slots=True)
class Time(Kind):
    """A moment, milliseconds since the epoch."""

    name: str = "time"
    sql: str = "INTEGER"

    def show(self, value: Value, field: Field) -> str:
        if not isinstance(value, int):
            return ""
        moment = local(value)
        return moment.strftime("%Y-%m-%d %H:%M:%S" if value % (60 * SECOND) else "%Y-%m-%d %H:%M")

    def dump(self, value: Value, field: Field) -> Value:
        return iso(value) if isinstance(value, int) else None

    def read(self, text: str, field: Field, resolve: Resolve | None) -> Value:
        try:
            return parse_iso(text)
        except ValueError:
            raise ValueError(_("应为时间，如 2026-06-18 14:30：{text}").format(text=text)) from None


@dataclass(frozen=True, slots=True)
class Day(Kind):
    """A calendar day, kept as `YYYY-MM-DD`."""

    name: str = "day"

    def read(self, text: str, field: Field, resolve: Resolve | None) -> Value:
        plain = re.fullmatch(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[T ]0?0:00(?::00)?)?", text)
        try:
            if not plain:
                raise ValueError(text)
            return date(int(plain[1]), int(plain[2]), int(plain[3])).isoformat()
        except ValueError:
            raise ValueError(_("应为日期，如 2026-06-18：{text}").format(text=text)) from None


def shown(choice: Choice) -> str:
    """A choice's label in the language in use."""
    return choice.en if choice.en and language() == "en" else _(choice.label)


@lru_cache(maxsize=256)
def _labels(choices: tuple[Choice, ...], _language: str) -> dict[str, str]:
    return {choice.code: shown(choice) for choice in choices}


def choice_label(code: Value, field: Field) -> str:
    """The label of one of the field's codes; the code itself when it is not among them."""
    return _labels(field.choices, language()).get(str(code), str(code))


@dataclass(frozen=True, slots=True)
class Code(Kind):
    """One code of the field's choices; stored as the code, shown as its label."""

    name: str = "code"

    def show(self, value: Value, field: Field) -> str:
        if value is None:
            return ""
        return choice_label(value, field)

    def read(self, text: str, field: Field, resolve: Resolve | None) -> Value:
        wanted = unicodedata.normalize("NFKC", text).casefold()
        for choice in field.choices:
            if wanted in (choice.code.casefold(), choice.label.casefold(), shown(choice).casefold()):
                return choice.code
        known = _("、").join(shown(choice) for choice in field.choices[:12])
        raise ValueError(_("不认识“{text}”，可用：{known}").format(text=text, known=known))

    def sort_key(self, value: Value, field: Field) -> object:
        codes = [choice.code for choice in field.choices]
        return codes.index(value) if value in codes else -1


@dataclass(frozen=True, slots=True)
class Flag(Kind):
    """Yes or no, 1 or 0."""

    name: str = "flag"
    sql: str = "INTEGER"

    def show(self, value: Value, field: Field) -> str:
        return "" if value is None else _("是") if value else _("否")

    def read(self, text: str, field: Field, resolve: Resolve | None) -> Value:
        word = text.casefold()
        if word in ("1", "true", "yes", "y", "是", "有", "√", "✓", "达标", _("是").casefold()):
            return 1
        if word in ("0", "false", "no", "n", "否", "无", "×", "未", _("否").casefold()):
            return 0
        raise ValueError(_("应为是或否：{text}").format(text=text))


@dataclass(frozen=True, slots=True)
class Phone(Kind):
    """A telephone number as people write it; a numeric cell's `.0` is taken off, a leading 0 is kept."""

    name: str = "phone"
    limit: int = 60

    def read(self, text: str, field: Field, resolve: Resolve | None) -> Value:
        number = unicodedata.normalize("NFKC", text)
        if re.fullmatch(r"\d+\.0", number):
            number = number[:-2]
        if len(number) > self.limit:
            raise ValueError(_("超过 {limit} 字").format(limit=self.limit))
        if not any(character.isdigit() for character in number):
            raise ValueError(_("电话里没有数字：{text}").format(text=text))
        return number

    def mask(self, text: str) -> str:
        digits = [at for at, character in enumerate(text) if character.isdigit()]
        if not digits:
            return text  # what stands there is no number: it was erased
        if len(digits) < 7:
            return "*" * len(text)
        lead = 0 if len(digits) < 9 else 3
        if lead and text[digits[0]] == "0":
            lead = 3 if text[digits[1]] in "12" else 4  # the area code: 010, 02x, or 0571
        hidden = set(digits[lead:-4])
        return "".join("*" if at in hidden else character for at, character in enumerate(text))


@dataclass(frozen=True, slots=True)
class Ref(Kind):
    """The id of a row of another ledger. What it is called is asked of the desk (`title`), not known here."""

    name: str = "ref"
    sql: str = "BLOB"
    ledger: str = ""

    def show(self, value: Value, field: Field) -> str:
        return value.hex() if isinstance(value, bytes) else ""

    def dump(self, value: Value, field: Field) -> Value:
        return value.hex() if isinstance(value, bytes) else None

    def read(self, text: str, field: Field, resolve: Resolve | None) -> Value:
        if re.fullmatch(r"[0-9a-f]{32}", text):
            return bytes.fromhex(text)
        if resolve is None:
            raise ValueError(_("找不到：{text}").format(text=text))
        return resolve(self.ledger, text)


TEXT = Kind()
LONG = LongText()
INT = Integer()
COUNT = Integer(name="count", least=0)
TENTH = Scaled(name="tenth", places=1)
HUNDREDTH = Scaled(name="hundredth", places=2)
DEGREE = Scaled(name="degree", places=6)
TIME = Time()
DAY = Day()
CODE = Code()
FLAG = Flag()
PHONE = Phone()


def ref(ledger: str) -> Ref:
    """The kind of a field that names a row of `ledger`."""
    return Ref(ledger=ledger)
