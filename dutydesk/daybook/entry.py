"""What helps while an entry is typed: quick texts, people, the line of the last similar entry, drafts. No Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _, pick
from dutydesk.core.reference import by_code, reference, rows
from dutydesk.daybook import rules, service
from dutydesk.daybook.cells import short_no
from dutydesk.daybook.ledger import LOG
from dutydesk.journal import drafts
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.journal.settings import from_row, setting, whole
from dutydesk.ledger.feature import Known
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value

FIRST = "PHONE_IN"
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
    for line in setting(desk, QUICK_SETTING).splitlines():
        parts = [part.strip() for part in line.split("|", 2)]
        if len(parts) != 3 or not parts[0]:
            continue
        name, category, text = parts
        known.pop(name, None)
        if text:
            known[name] = QuickText(name, labels.get(category, category if category in labels.values() else ""), text)
    return list(known.values())


def known(district: str) -> list[Known]:
    """The settings of the duty log: when an entry counts as typed late, and phrases of one's own."""
    late = by_code("log_categories", "setting")[service.LATE_DEFAULT]
    bounds = whole(0, int(late["most"]))
    told = reference("quick_texts")["tables"]["quick_text"]
    title = _("自己的快捷短语：每行“名称|类别|内容”，不写内容就去掉这一条")
    return [
        from_row("log_categories", "setting", late, service.LATE_SETTING, str(late["value"]), bounds),
        from_row("quick_texts", "quick_text", told, QUICK_SETTING, "", _are_phrases, label=title, lines=True),
    ]


def _are_phrases(text: str) -> None:
    item = LOG["category"]
    categories = {choice.code for choice in item.choices} | {choice_label(choice.code, item) for choice in item.choices}
    for line in text.splitlines():
        parts = [part.strip() for part in line.split("|", 2)]
        if line.strip() and (len(parts) != 3 or not parts[0]):
            raise ValueError(_("应写成“名称|类别|内容”：{line}").format(line=line))
        if line.strip() and parts[1] and parts[1] not in categories:
            raise ValueError(_("没有类别“{text}”").format(text=parts[1]))


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
    name = " ".join(
        part for part in ((owner.text("short") or owner.text("name")) if owner else "", held.text("name")) if part
    )
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


@dataclass(frozen=True, slots=True)
class Offered:
    """Something that may be meant: `key` is `quick:NAME` or `LEDGER:HEX`."""

    key: str
    label: str
    hint: str = ""


class Session:
    """What stands behind the entry line: everything about an open entry that is not a widget.

    An open entry is texts by field name; `answers`, `incident`, `person` in hex, `files` one path a line.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.drafts = Drafts.load(desk)
        self.habits = Habits(desk)
        self.quick = quick_texts(desk)

    def defaults(self, category: str = "") -> Texts:
        """What a new entry begins with: the category (来电 without one) and the line that it last had."""
        code = category or FIRST
        line = self.habits.line(code) or rules.defaults(code, service.tables()).get("line", "")
        return {name: text for name, text in (("category", code), ("line", line)) if text}

    def prefilled(self, values: Mapping[str, Value], category: str) -> Texts:
        """An entry that another part of the program has begun; without a category it keeps `category`."""
        told: Texts = {}
        for name, value in values.items():
            if isinstance(value, bytes):
                told[name] = value.hex()
            elif isinstance(value, int):
                told[name] = f"{local(value):%Y-%m-%d %H:%M}"
            elif value:
                told[name] = value
        return {**self.defaults(told.get("category", category)), **told}

    def write(self, texts: Texts) -> Row:
        """Save an open entry: an answer, a follow-up or an entry of its own. Raises as `service.add` does."""
        texts = dict(texts)
        files = [read_file(name) for name in texts.pop("files", "").split("\n") if name]
        due, answers = texts.pop("due_at", ""), texts.pop("answers", "")
        given: dict[str, Value] = {**texts}
        given.update({name: bytes.fromhex(texts[name]) for name in ("incident", "person") if name in texts})
        asked = self.desk.get("log", bytes.fromhex(answers)) if answers else None
        if asked is None:
            row = service.add(self.desk, given, due=due, attachments=files)
        elif due:
            row = service.remind(self.desk, asked, due, given, files)
        else:
            row = service.answer(self.desk, asked, given, files)
        self.habits.learn(row.get("category"), row.get("line"))
        return row

    def offer(self, text: str, caret: int) -> list[Offered]:
        """What `/` at the beginning or `@` before the caret may mean."""
        asked = meant(text, caret)
        if asked is None:
            return []
        if asked.kind == "person":
            return self.offer_party(asked.word)
        return [
            Offered(f"quick:{item.name}", item.name, item.text[:40]) for item in quick_found(self.quick, asked.word)
        ]

    def offer_party(self, text: str) -> list[Offered]:
        """People and units that a text finds."""
        found = contacts(self.desk, text.strip()) if text.strip() else []
        return [
            Offered(f"{ledger}:{row.hex()}", title, _("单位") if ledger == "units" else "")
            for ledger, row, title in found
        ]

    def phrase(self, key: str) -> QuickText | None:
        """The phrase of an offer; None for a person."""
        name = key.removeprefix("quick:")
        return next((item for item in self.quick if item.name == name), None) if name != key else None

    def contact(self, key: str) -> Contact | None:
        """The person or unit of an offer."""
        ledger, _colon, row = key.partition(":")
        return contact(self.desk, ledger, bytes.fromhex(row))

    def linked(self, links: Mapping[str, str]) -> str:
        """What an open entry hangs on, in words."""
        titles = (("answers", "log", _("反馈 {title}")), ("incident", "incidents", _("事件 {title}")))
        return " · ".join(
            text.format(title=self.desk.title(ledger, bytes.fromhex(links[name])))
            for name, ledger, text in titles
            if name in links
        )


def saved_words(row: Row) -> str:
    """What the line says after saving: the number, and what is still missing."""
    said = _("已记 {no}").format(no=short_no(row.get("no")))
    lacking = service.missing_words(row.values)
    return said + (_("，待补：{fields}").format(fields=lacking) if lacking else "")


def problem_words(problems: Sequence[Problem]) -> str:
    """What is wrong, each with the name of its field."""
    return _("；").join(
        _("{label}：{text}").format(label=_(LOG[item.field].label), text=item.reason)
        if item.field in LOG
        else str(item)
        for item in problems
    )


def draft_words(texts: Texts) -> str:
    """One line for a draft that was put aside."""
    return f"{texts.get('party', '')} {texts.get('text', '')}".strip() or _("（没有内容）")


def read_file(name: str) -> service.Attachment:
    """A file that was chosen. Raises `Refused` when it cannot be read or is too large to be read at all."""
    path = Path(name)
    try:
        if path.stat().st_size > service.MOST_BYTES:
            raise Refused(
                Problem(_("附件超过 {most} MB").format(most=service.MOST_BYTES // 1024 // 1024), file=path.name)
            )
        return service.Attachment(path.name, path.read_bytes())
    except OSError as error:
        raise Refused(
            Problem(_("附件读不出来：{error}").format(error=error.strerror or error), file=path.name)
        ) from None
