"""Chinese search: a bigram index whose answer equals `all(w in folded for w in query.split())` (engineering.md §3.1).

The text is folded (NFKC, casefold) and every run of letters and digits becomes its bigrams, the last character alone
at the end: `abcd` → `ab bc cd d`. So every character begins a token, a word of two or more characters is a phrase of
bigrams, and a single character is a prefix. Runs are broken at every other character; a word that holds such a
character is looked for by its runs and then checked in the rows themselves.

Names and places carry their pinyin and initials in a second column that stands outside that equality.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from dutydesk.ledger.pinyin import pinyin_keys
from dutydesk.ledger.spec import Ledger, Search, Value

TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co Cn Cf'"
"""Only blanks part tokens: what a letter is, Python decides, not the tables of Unicode 6.1."""

BREAK = "\n"
RARE = "\U00020000"


def fold(text: str) -> str:
    """The form in which texts and queries are compared: NFKC, case folded."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def runs(folded: str) -> list[str]:
    """The longest stretches of letters and digits.

    All beyond U+20000 counts as a letter: which rare characters are known there depends on the age of Python, and an
    index must be read by a later one.
    """
    if folded.isalnum():
        return [folded]
    return "".join([c if c.isalnum() or c >= RARE else " " for c in folded]).split()


def words(folded: str) -> str:
    """What the index holds of a folded text."""
    out: list[str] = []
    for run in runs(folded):
        out += [a + b for a, b in pairwise(run)]
        out.append(run[-1])
    return " ".join(out)


def row_text(ledger: Ledger, values: Mapping[str, Value]) -> str:
    """The folded text of a row, its searched fields apart so that no word reaches across two of them."""
    parts = [field.kind.show(values.get(field.name), field) for field in ledger.searched]
    return fold(BREAK.join([part for part in parts if part]))


def row_pinyin(ledger: Ledger, values: Mapping[str, Value]) -> str:
    """The pinyin keys of a row's names and places."""
    names = [str(values[f.name]) for f in ledger.searched if f.search is Search.NAME and values.get(f.name)]
    return " ".join([pinyin_keys(name) for name in names if not name.isascii()])


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is answered: `match` for the index ('' when it cannot help), and the folded words that have to be
    looked up in the rows' own text because they hold something else than letters and digits."""

    match: str
    pinyin: str
    checked: tuple[str, ...]
    nothing: bool = False


def plan(query: str) -> Plan:
    """Turn what was typed into a plan; an empty query matches everything and has none."""
    terms: list[str] = []
    checked: list[str] = []
    spoken: list[str] = []
    for word in fold(query).split():
        pieces = runs(word)
        if pieces != [word]:
            checked.append(word)
        terms += [_term(piece) for piece in pieces]
        spoken.append(word)
    pinyin = ""
    if spoken and all(word.isascii() and word.isalpha() for word in spoken):
        pinyin = " AND ".join([f'py : "{word}" *' for word in spoken])
    return Plan(" AND ".join([f"words : {term}" for term in terms]), pinyin, tuple(checked))


def _term(run: str) -> str:
    if len(run) == 1:
        return f'"{run}" *'
    return '"' + " ".join([a + b for a, b in pairwise(run)]) + '"'
