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
from typing import Any, Protocol

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


class Index(Protocol):
    """Where the search entries of rows are kept. Each method but the first gives a statement for one ledger's index, ''
    for a ledger that has none; an entry's first value is the row's number."""

    def entry(self, ledger: Ledger, n: int, values: Mapping[str, Value]) -> tuple[Any, ...]:
        """What the index holds of a row: the parameters of `add` and `put`."""
        ...

    def add(self, ledger: str) -> str:
        """Enter a row that is not there."""
        ...

    def put(self, ledger: str) -> str:
        """Enter a row, in place of what may be there."""
        ...

    def drop(self, ledger: str) -> str:
        """Take a row out by its number."""
        ...

    def tidy(self, ledger: str) -> str:
        """Let nothing of what was taken out be left in the file; '' where nothing is."""
        ...


class Fts5:
    """SQLite's own index, without the texts: `fts_<ledger>`. Its tables do not know ON CONFLICT."""

    def entry(self, ledger: Ledger, n: int, values: Mapping[str, Value]) -> tuple[Any, ...]:
        return n, words(row_text(ledger, values)), row_pinyin(ledger, values)

    def add(self, ledger: str) -> str:
        return ledger and f"INSERT INTO fts_{ledger} (rowid, words, py) VALUES (?, ?, ?)"

    def put(self, ledger: str) -> str:
        return ledger and f"INSERT OR REPLACE INTO fts_{ledger} (rowid, words, py) VALUES (?, ?, ?)"

    def drop(self, ledger: str) -> str:
        return ledger and f"DELETE FROM fts_{ledger} WHERE rowid = ?"

    def tidy(self, ledger: str) -> str:
        # a deleted entry stays readable in the index until its parts are merged
        return ledger and f"INSERT INTO fts_{ledger} (fts_{ledger}) VALUES ('optimize')"


FTS5 = Fts5()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is answered: `match` for the index ('' when it cannot help), and the folded words that have to be
    looked up in the rows' own text because they hold something else than letters and digits. `tokens` are the bigrams of
    `match`, and single characters, which stand for every token that begins with them."""

    match: str
    pinyin: str
    checked: tuple[str, ...]
    nothing: bool = False
    tokens: tuple[tuple[str, bool], ...] = ()


def plan(query: str) -> Plan:
    """Turn what was typed into a plan; an empty query matches everything and has none."""
    terms: list[str] = []
    checked: list[str] = []
    spoken: list[str] = []
    tokens: dict[tuple[str, bool], None] = {}
    for word in fold(query).split():
        pieces = runs(word)
        if pieces != [word]:
            checked.append(word)
        terms += [_term(piece) for piece in pieces]
        for piece in pieces:
            tokens |= dict.fromkeys([(a + b, False) for a, b in pairwise(piece)] or [(piece, True)])
        spoken.append(word)
    pinyin = ""
    if spoken and all(word.isascii() and word.isalpha() for word in spoken):
        pinyin = " AND ".join([f'py : "{word}" *' for word in spoken])
    match = " AND ".join([f"words : {term}" for term in terms])
    return Plan(match, pinyin, tuple(checked), tokens=tuple(tokens))


def _term(run: str) -> str:
    if len(run) == 1:
        return f'"{run}" *'
    return '"' + " ".join([a + b for a, b in pairwise(run)]) + '"'
