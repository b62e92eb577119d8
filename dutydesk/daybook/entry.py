"""What helps while an entry is typed: quick texts, people, the line of the last similar entry, drafts. No Qt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dutydesk.core.i18n import pick
from dutydesk.core.reference import rows
from dutydesk.daybook.ledger import LOG
from dutydesk.journal import drafts
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value

QUICK_SETTING = "log.quick_texts"
"""One phrase a line: `名称|类别|内容`; a name that is there already is replaced, an empty content takes it away."""
BLANK = "__"
FORM = "log.entry"
MOST_FOUND = 8
RECENT = 200
_QUICK = re.compile(r"/(\w*)$")
_PERSON = re.compile(r"[@＠](\w{1,20})$")


@dataclass(frozen=True, slots=True)
class QuickText:
    """A phrase: its name, the category it belongs to, its text with `__` where something is to be filled in."""

    name: str
    category: str
    text: str


@dataclass(frozen=True, slots=True)
class Meant:
    """What stands before the caret: a phrase after `/` or a person after `@`, and how many characters that is."""

    kind: str
    word: str
    length: int


@dataclass(frozen=True, slots=True)
class Contact:
    """Someone who can be the other party; `number` in full, `masked` as it may be shown."""

    ledger: str
    row: bytes
    name: str
    number: str = ""
    masked: str = ""


def quick_texts(desk: Desk) -> list[QuickText]:
    """The phrases of the reference data and those of this district's settings."""
    known = {
        pick(dict(row)): QuickText(pick(dict(row)), str(row["category"]), pick(row["text"]))
        for row in rows("quick_texts", "quick_text")
    }
    labels = {choice_label(choice.code, LOG["category"]): choice.code for choice in LOG["category"].choices}
    for row in desk.rows("settings", q.Condition("key", "=", QUICK_SETTING), limit=1):
        for line in row.text("value").splitlines():
            parts = [part.strip() for part in line.split("|", 2)]
            if len(parts) != 3 or not parts[0]:
                continue
            name, category, text = parts
            known.pop(name, None)
            if text:
                known[name] = QuickText(name, labels.get(category, category if category in labels.values() else ""), text)
    return list(known.values())


def meant(text: str, caret: int) -> Meant | None:
    """What the characters before the caret ask for: a phrase where the text begins with `/`, a person after `@`."""
    before = text[:caret]
    quick = _QUICK.fullmatch(before)
    if quick:
        return Meant("quick", quick[1], len(before))
    person = _PERSON.search(before)
    if person:
        return Meant("person", person[1], len(person[0]))
    return None


def quick_found(texts: Sequence[QuickText], word: str) -> list[QuickText]:
    """Phrases whose name begins with `word` by characters, pinyin or initials; then those that hold it."""
    if not word:
        return list(texts)
    wanted = word.casefold()
    first = [item for item in texts if item.name.casefold().startswith(wanted)]
    rest = [item for item in texts if item not in first]
    if wanted.isascii():
        from dutydesk.ledger.pinyin import initials, matches

        begun = [item for item in rest if any(way.startswith(wanted) for way in initials(item.name))]
        first += begun
        rest = [item for item in rest if item not in begun and matches(wanted, item.name)]
    else:
        rest = [item for item in rest if wanted in item.name.casefold() or wanted in item.text]
    return first + rest


def contacts(desk: Desk, word: str) -> list[tuple[str, bytes, str]]:
    """People and units that a text finds: ledger, row, title."""
    found = desk.find(word, ("people", "units"), MOST_FOUND)
    return [(hit.ledger, hit.row, " ".join(hit.title.split())) for hit in found][:MOST_FOUND]


def contact(desk: Desk, ledger: str, row: bytes) -> Contact | None:
    """Someone with the first number that works: a person's numbers in their order, a unit's duty telephone."""
    held = desk.get(ledger, row)
    if held is None:
        return None
    if ledger == "units":
        item = desk.ledger("units")["duty_phone"]
        number = held.text("duty_phone")
        masked = item.kind.mask(number) if item.masks(held.values) else number
        return Contact(ledger, row, held.text("name"), number, masked)
    unit = held.get("unit")
    owner = desk.get("units", unit) if isinstance(unit, bytes) else None
    name = " ".join(part for part in ((owner.text("short") or owner.text("name")) if owner else "", held.text("name")) if part)
    for number in desk.rows("numbers", q.Condition("person", "=", row), order="order"):
        if number.get("state") not in ("BAD", "OFF") and number.text("number"):
            return Contact(ledger, row, name, number.text("number"), str(desk.masked(number, "number")))
    return Contact(ledger, row, name)


class Habits:
    """The line of the last entry of each category, begun from the newest entries of the record."""

    def __init__(self, desk: Desk) -> None:
        self._lines: dict[str, str] = {}
        for row in desk.rows("log", limit=RECENT):
            self._lines.setdefault(row.text("category"), row.text("line"))

    def line(self, category: str) -> str:
        """The line that the last entry of this category had."""
        return self._lines.get(category, "")

    def learn(self, category: Value, line: Value) -> None:
        """An entry was saved."""
        if category and line:
            self._lines[str(category)] = str(line)


Texts = dict[str, str]


@dataclass(slots=True)
class Drafts:
    """The entries that are open: the one in the line and those put aside, the newest last. They survive a restart."""

    desk: Desk
    current: Texts = field(default_factory=dict[str, str])
    aside: list[Texts] = field(default_factory=list[Texts])
    _kept: str = ""

    @classmethod
    def load(cls, desk: Desk) -> Drafts:
        """As this workstation kept them."""
        held: dict[str, Any] = drafts.kept(desk.store, FORM) or {}
        return cls(desk, dict(held.get("current", {})), [dict(item) for item in held.get("aside", [])])

    def keep(self) -> None:
        """Write them down, when they differ from what was written last."""
        body = {"current": self.current, "aside": self.aside} if self.current or self.aside else None
        if repr(body) != self._kept:
            drafts.keep(self.desk.store, FORM, body)
            self._kept = repr(body)

    def put_aside(self, texts: Texts) -> None:
        """Open another one."""
        self.aside.append(texts)
        self.current = {}

    def take(self, at: int = -1) -> Texts:
        """Take one back, the newest without `at`."""
        return self.aside.pop(at)
