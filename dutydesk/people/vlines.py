"""The lines of a vCard file: unfolding, character sets, quoted-printable, parameters, nesting.

Lines are put together as bytes and decoded afterwards, since a fold may cut a character and each property may name a
character set of its own. `:` `;` `=` and the line ends never occur inside a GB18030 or UTF-8 character, `\\` does.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from dutydesk.core.errors import Problem
from dutydesk.core.i18n import _

_BREAK = re.compile(rb"\r\n|\n|\r")
_BASE64 = re.compile(rb"[A-Za-z0-9+/=]+")
_HEADER = re.compile(rb"(?:([A-Za-z0-9-]+)\.)?([A-Za-z0-9-]+)(;.*)?")
_PARAM = re.compile(r';([A-Za-z0-9-]+)(?:=((?:"[^"]*"|[^;"])*))?')
_ENCODINGS: Final = {"QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"}
_CHINESE: Final = {"gb2312", "gbk", "gb18030", "cp936", "936", "hz", "euc-cn", "gb_2312-80", "chinese"}
_KNOWN: Final = re.compile(
    r"utf-?8|(?:us-)?ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d|big5(?:-hkscs)?|shift_jis|euc-(?:jp|kr)|koi8-r"
)
_UNREADABLE: Final = "�"
NO_PREFERENCE: Final = 101


@dataclass(frozen=True, slots=True)
class Line:
    """One property: `params` by upper-case name, `value` decoded but not unescaped; `version` is its card's."""

    line: int
    group: str
    name: str
    params: Mapping[str, tuple[str, ...]]
    value: str
    version: str

    @property
    def types(self) -> tuple[str, ...]:
        return self.params.get("TYPE", ())

    @property
    def preference(self) -> int:
        """1–100, smaller first; `NO_PREFERENCE` without any."""
        given = self.params.get("PREF", ("",))[0]
        if given.isdecimal() and len(given) <= 3:
            return int(given)
        return 1 if any(word.casefold() == "pref" for word in self.types) or "PREF" in self.params else NO_PREFERENCE

    def text(self) -> str:
        """The value as one text."""
        return _unescape(self.value, self.version).replace("\r\n", "\n").replace("\r", "\n")

    def parts(self) -> list[str]:
        """The value's components, between semicolons."""
        return [_unescape(part, self.version) for part in re.findall(r"(?:^|;)((?:\\.|[^\\;]|\\$)*)", self.value, re.S)]


@dataclass(slots=True)
class Block:
    """What stands between BEGIN and END; `broken` says why it cannot be read."""

    line: int
    lines: tuple[Line, ...] = ()
    agents: list[Block] = field(default_factory=list["Block"])
    warnings: list[Problem] = field(default_factory=list[Problem])
    broken: str = ""


@dataclass(frozen=True, slots=True)
class _Raw:
    """A property put together from its physical lines, still bytes."""

    line: int
    group: str
    name: str
    params: Mapping[str, tuple[str, ...]]
    value: bytes

    @property
    def charset(self) -> str:
        return self.params.get("CHARSET", ("",))[0].strip().casefold()

    @property
    def encoding(self) -> str:
        return self.params.get("ENCODING", ("",))[0].upper()


def _unescape(text: str, version: str) -> str:
    if "\\" not in text:
        return text
    if version.startswith("2"):
        # 2.1 knows the escaped semicolon only; `\n` there is part of a path
        return re.sub(r"\\([;,\\])", r"\1", text)
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], text, flags=re.S)


def _params(text: str) -> dict[str, tuple[str, ...]]:
    """`;TYPE=WORK,VOICE;PREF=1`, `;WORK;VOICE;QUOTED-PRINTABLE`, `;TYPE="work,voice"`, `;TYPE=a;TYPE=b` alike."""
    found: dict[str, list[str]] = {}
    for name, value in _PARAM.findall(text):
        upper = name.upper()
        if value:
            found.setdefault(upper, []).extend(one.strip() for one in value.replace('"', "").split(","))
        elif upper in _ENCODINGS:
            found.setdefault("ENCODING", []).append(upper)
        else:
            found.setdefault("TYPE", []).append(name)
    return {name: tuple(values) for name, values in found.items()}


def _split(line: bytes) -> tuple[bytes, bytes] | None:
    """Before and after the first colon that is not in quotes."""
    quoted = False
    for at, octet in enumerate(line):
        if octet == 0x22:
            quoted = not quoted
        elif octet == 0x3A and not quoted:
            return line[:at], line[at + 1 :]
    before, colon, after = line.partition(b":")
    return (before, after) if colon else None


def _properties(data: bytes) -> Iterator[_Raw | tuple[int, bytes]]:
    """The properties of a file; a line that is none comes as (number, bytes)."""
    lines = _BREAK.split(data)
    at = 0
    while at < len(lines):
        start, line = at, lines[at]
        at += 1
        if not line.strip():
            continue
        pieces = [line]
        while at < len(lines) and lines[at][:1] in (b" ", b"\t"):
            pieces.append(lines[at][1:])
            at += 1
        whole = b"".join(pieces)
        halves = _split(whole)
        header = _HEADER.fullmatch(halves[0].strip()) if halves else None
        if halves is None or header is None:
            yield start + 1, whole
            continue
        params = _params((header[3] or b"").decode("latin-1"))
        raw = _Raw(start + 1, (header[1] or b"").decode(), header[2].decode().upper(), params, halves[1])
        rest = [raw.value]
        if raw.encoding == "QUOTED-PRINTABLE":
            while rest[-1].endswith(b"=") and at < len(lines) and not _ends(lines[at]):
                rest[-1] = rest[-1][:-1]
                rest.append(lines[at])
                at += 1
        elif raw.encoding in ("BASE64", "B"):
            while at < len(lines) and _BASE64.fullmatch(lines[at].strip()):
                at += 1
            rest = [b""]
        yield _Raw(raw.line, raw.group, raw.name, params, b"".join(rest))


def _ends(line: bytes) -> bool:
    """Whether a line closes the card, so that a soft break before it leads nowhere."""
    return line.strip().upper() == b"END:VCARD"


def _decode(raw: bytes, charset: str, usual: str) -> str:
    """Text by the declared character set; where that is none or wrong, by the file's; last, with marks for what no
    set can read."""
    declared = "gb18030" if charset in _CHINESE else charset if _KNOWN.fullmatch(charset) else usual
    for one in (declared, usual, "utf-8", "gb18030"):
        try:
            return raw.decode(one)
        except (LookupError, UnicodeDecodeError):
            continue
    return raw.decode("utf-8", "replace")


def _usual(found: list[_Raw | tuple[int, bytes]]) -> str:
    """The character set of what declares none: UTF-8 when all of it is UTF-8, else GB18030."""
    bare = (one.value for one in found if isinstance(one, _Raw) and not one.charset)
    try:
        b"\n".join(bare).decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _plain(data: bytes) -> bytes:
    """The file as bytes in which ASCII stands for itself: UTF-16 with its mark is made UTF-8, a mark is dropped."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode("utf-8", "replace")
    return data.removeprefix(codecs.BOM_UTF8)


def blocks(data: bytes, name: str) -> list[Block]:
    """The cards of a file in their order; `name` is what problems call it."""
    found = list(_properties(_plain(data)))
    usual = _usual(found)
    done: list[Block] = []
    stack: list[_Open] = []

    def close(broken: str = "") -> None:
        card = stack.pop()
        block = card.block(usual, name, broken)
        if card.agent and stack:
            stack[-1].agents.append(block)
        else:
            done.append(block)

    for one in found:
        if isinstance(one, tuple):
            if stack:
                stack[-1].strange.append(one)
            continue
        word = one.value.strip().upper()
        if one.name == "BEGIN" and word == b"VCARD":
            agent = bool(stack) and stack[-1].awaits_agent
            while stack and not agent:
                close(_("名片没有结束（缺 END:VCARD）"))
            stack.append(_Open(one.line, agent))
        elif one.name == "END" and word == b"VCARD":
            if stack:
                close()
        elif stack:
            stack[-1].add(one)
    while stack:
        close(_("名片没有结束（缺 END:VCARD）"))
    return done


class _Open:
    """A card whose END has not come yet."""

    def __init__(self, line: int, agent: bool) -> None:
        self.line = line
        self.agent = agent
        self.raws: list[_Raw] = []
        self.strange: list[tuple[int, bytes]] = []
        self.agents: list[Block] = []
        self.awaits_agent = False

    def add(self, raw: _Raw) -> None:
        self.awaits_agent = raw.name == "AGENT" and not raw.value.strip()
        self.raws.append(raw)

    def block(self, usual: str, name: str, broken: str) -> Block:
        version = next((raw.value.strip().decode("latin-1") for raw in self.raws if raw.name == "VERSION"), "3.0")
        block = Block(self.line, agents=self.agents, broken=broken)
        for line, text in self.strange:
            shown = _decode(text[:60], "", usual)
            block.warnings.append(Problem(_("看不懂的一行，已略过：{text}").format(text=shown), line=line, file=name))
        lines: list[Line] = []
        for raw in self.raws:
            value = raw.value
            if raw.encoding == "QUOTED-PRINTABLE":
                value = binascii.a2b_qp(value)
            text = _decode(value, raw.charset, usual)
            if _UNREADABLE in text and _UNREADABLE.encode() not in value:
                block.broken = block.broken or _("第 {line} 行的文字无法识别编码").format(line=raw.line)
            if raw.name == "AGENT" and "BEGIN:VCARD" in text.upper():
                # 3.0 writes the agent's card into the value, line ends and all escaped (RFC 2426 §3.5.4)
                inner = blocks(_unescape(text, version).encode("utf-8", "replace"), name) if len(text) < 65536 else []
                block.agents.extend(Block(self.line, one.lines, one.agents, one.warnings, one.broken) for one in inner)
            lines.append(Line(raw.line, raw.group.casefold(), raw.name, raw.params, text, version))
        block.lines = tuple(lines)
        return block
