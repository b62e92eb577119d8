"""Words by which columns are recognised: the field's own name and label, and `resources/reference/headers.json`.

Headers are compared after NFKC and case folding, without blanks, punctuation and marks. The whole header counts more
than what is left without its bracket, so 电话(办公) is an office number before it is any number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import cast

from dutydesk.core.i18n import _
from dutydesk.core.reference import reference
from dutydesk.ledger.spec import Field, Ledger, On

_BRACKETS = re.compile(r"[(\[{【〔〈《](.*?)[)\]}】〕〉》]")
EXACT, _WORD, _BARE = 3, 2, 1

# Unit → (dimension, size in the dimension's base), keyed as `plain` writes it. 1 亩 = 666⅔ m².
UNITS: dict[str, tuple[str, Fraction]] = {
    name: (dimension, size)
    for dimension, sizes in {
        "area": {
            ("m2", "平方米", "平米", "平方"): Fraction(1),
            ("万m2", "万平方米", "万平米", "公顷", "ha", "hm2"): Fraction(10_000),
            ("亩",): Fraction(2000, 3),
            ("km2", "平方公里", "平方千米"): Fraction(1_000_000),
        },
        "length": {
            ("mm", "毫米"): Fraction(1),
            ("0.1mm", "0.1毫米"): Fraction(1, 10),
            ("cm", "厘米"): Fraction(10),
            ("m", "米"): Fraction(1000),
            ("km", "公里", "千米"): Fraction(1_000_000),
        },
        "money": {("元",): Fraction(1), ("万元", "万"): Fraction(10_000), ("亿元", "亿"): Fraction(100_000_000)},
        "people": {("人", "名", "位", "个"): Fraction(1), ("万人",): Fraction(10_000)},
        "mass": {("kg", "千克", "公斤"): Fraction(1), ("g", "克"): Fraction(1, 1000), ("t", "吨"): Fraction(1000)},
    }.items()
    for names, size in sizes.items()
    for name in names
}


def plain(text: str) -> str:
    """A header for comparison: NFKC, case folded, without blanks, punctuation and marks; a decimal point stays."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for i, c in enumerate(folded) if c.isalnum() or (c == "." and folded[i + 1 : i + 2].isdigit()))


@cache
def forms(header: str) -> tuple[str, str, tuple[str, ...]]:
    """(the whole header, what is left without brackets, what stands in brackets), plain."""
    folded = unicodedata.normalize("NFKC", header)
    inside = tuple(plain(found[1]) for found in _BRACKETS.finditer(folded))
    bare = _BRACKETS.sub("", folded)
    slash = bare.rsplit("/", 1)
    if len(slash) == 2 and plain(slash[1]) in UNITS:
        bare, inside = slash[0], (*inside, plain(slash[1]))
    return plain(folded), plain(bare), inside


@cache
def words_of(ledger: str) -> dict[str, tuple[str, ...]]:
    known = cast("dict[str, dict[str, list[str]]]", reference("headers")["ledgers"]).get(ledger, {})
    return {name: tuple(plain(word) for word in words) for name, words in known.items()}


@cache
def lists_of(ledger: str) -> dict[str, dict[str, tuple[str, ...]]]:
    known = cast("dict[str, dict[str, dict[str, list[str]]]]", reference("headers")["lists"]).get(ledger, {})
    return {
        name: {kind: tuple(plain(word) for word in words) for kind, words in kinds.items()}
        for name, kinds in known.items()
    }


@cache
def composed_of(ledger: str) -> dict[str, list[tuple[str, ...]]]:
    known = cast("dict[str, dict[str, list[list[str]]]]", reference("headers")["composed"]).get(ledger, {})
    return {name: [tuple(plain(word) for word in part) for part in parts] for name, parts in known.items()}


def family_last(headers: Sequence[str]) -> bool:
    """Whether joined columns end with the family name, which Chinese puts first."""
    names = composed_of("people").values()
    return len(headers) > 1 and any(forms(headers[-1])[0] in parts[-1] for parts in names)


def grade_of(header: str, item: Field, words: Sequence[str]) -> tuple[int, int] | None:
    """(tier, −rank) of a header for a field, greater is better; `None` when it is not known."""
    whole, bare, _inside = forms(header)
    own = (plain(item.name), plain(item.label), plain(_(item.label)))
    if whole in own:
        return (EXACT, 0)
    if whole in words:
        return (_WORD, -words.index(whole))
    if bare and bare in own:
        return (_BARE, 0)
    if bare and bare in words:
        return (_BARE, -1 - words.index(bare))
    return None


def list_kind(header: str, kinds: Mapping[str, Sequence[str]]) -> str | None:
    whole, bare, inside = forms(header)
    for text in (whole, bare):
        stem = re.sub(r"[\d一二三四五]+$", "", text)
        found = next((kind for kind, words in kinds.items() if text in words or stem in words), None)
        if found and text == bare and inside:
            hints = {"办公": "OFFICE", "单位": "OFFICE", "office": "OFFICE", "手机": "MOBILE", "mobile": "MOBILE"}
            found = next((hints[word] for word in inside if hints.get(word) in kinds), found)
        if found:
            return found
    return None


def recognised(ledger: Ledger, headers: Sequence[str], given: Collection[str] = ()) -> int:
    """How many of the cells are headers that this ledger knows, or that the user named."""
    words, lists = words_of(ledger.name), lists_of(ledger.name)
    parts = {word for fields in composed_of(ledger.name).values() for part in fields for word in part}
    named = {plain(part) for header in given for part in (header, *header.split("+"))}
    fields = ledger.on(On.FILE)
    count = 0
    for header in {cell.strip() for cell in headers if cell.strip()}:
        whole = forms(header)[0]
        if (
            (whole and (whole in named or whole in parts))
            or any(grade_of(header, item, words.get(item.name, ())) for item in fields)
            or any(list_kind(header, kinds) for kinds in lists.values())
        ):
            count += 1
    return count


@cache
def _every_word() -> frozenset[str]:
    names = cast("dict[str, object]", reference("headers")["ledgers"])
    found = {word for ledger in names for words in words_of(ledger).values() for word in words if len(word) > 1}
    found |= {word for kinds in lists_of("people").values() for words in kinds.values() for word in words}
    found |= {word for parts in composed_of("people").values() for part in parts for word in part if len(word) > 1}
    return frozenset(found)


def recognised_anywhere(headers: Sequence[str]) -> int:
    """How many of the cells are words that some ledger knows as a header."""
    known = _every_word()
    return sum(1 for form in {forms(cell)[:2] for cell in headers if cell.strip()} if known & set(form))
