"""The English catalogue: `python packaging/catalogue.py update | compile | check`.

update   read every `_()` and `N_()` of dutydesk/ and bring resources/i18n/en/LC_MESSAGES/dutydesk.po up to date:
         new strings arrive empty, strings that are gone leave
compile  write the .mo beside each .po where it is older; make and the wheel build call this
check    say what is missing or wrong; exit 1 when anything is
"""

from __future__ import annotations

import ast
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
I18N = ROOT / "resources" / "i18n"
DOMAIN = "dutydesk"
PO = I18N / "en" / "LC_MESSAGES" / f"{DOMAIN}.po"
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
UNKEPT = re.compile(
    rb'^"(?:Project-Id|Report-Msgid|POT-Creation|PO-Revision|Last-Translator|Generated-By|Language-Team)[^\n]*\n', re.M
)
"""Header lines that hold a date or nothing; without them the file changes only with its strings."""
SEPARATOR = re.compile(r"[:;,\uff1a\uff0c\uff1b\u3001]$")
"""After Chinese text a mark at the end needs no blank; in English the blank is written."""
HEADER = "# English catalogue of DutyDesk; Simplified Chinese is the source language."


def sources(package: Path = ROOT / "dutydesk") -> Iterator[tuple[str, int, str]]:
    """Every marked string: file relative to the root, line, text."""
    for file in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
            match node:
                case ast.Call(func=ast.Name(id="_" | "N_"), args=[ast.Constant(value=str(text))]) if text:
                    yield file.relative_to(package.parent).as_posix(), node.lineno, text
                case _:
                    pass


def template() -> Catalog:
    """All marked strings as an empty catalogue, sorted by where they stand; no line numbers, for quiet diffs."""
    catalog = Catalog(domain=DOMAIN, charset="utf-8")
    places: dict[str, list[str]] = {}
    for file, _line, text in sources():
        places.setdefault(text, [])
        if file not in places[text]:
            places[text].append(file)
    for text, files in places.items():
        catalog.add(text, locations=[(file, None) for file in files])  # pyright: ignore[reportArgumentType]
    return catalog


def load(po: Path = PO) -> Catalog:
    """The committed catalogue, or an empty one."""
    if not po.exists():
        return Catalog(locale="en", domain=DOMAIN)
    with po.open("rb") as stream:
        return read_po(stream, locale="en", domain=DOMAIN, abort_invalid=True)


def update(po: Path = PO) -> None:
    """Bring the committed catalogue up to date with the source."""
    old, new = load(po), template()
    made = Catalog(locale="en", domain=DOMAIN, charset="utf-8", fuzzy=False)
    made.header_comment = HEADER
    for message in new:
        if message.id:
            known = old.get(str(message.id))
            made.add(message.id, known.string if known else "", locations=message.locations)
    po.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    write_po(out, made, width=120, no_location=False, omit_header=False, include_lineno=False)
    po.write_bytes(UNKEPT.sub(b"", out.getvalue()))


def compile_all(target: Path = I18N) -> list[Path]:
    """Write every .mo that is missing or older than its .po, whole or not at all; several may do so at once."""
    written: list[Path] = []
    for po in sorted(I18N.glob("*/LC_MESSAGES/*.po")):
        mo = target / po.relative_to(I18N).with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        mo.parent.mkdir(parents=True, exist_ok=True)
        part = mo.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as stream:
            write_mo(stream, load(po))
        part.replace(mo)
        written.append(mo)
    return written


def faults(message: Message) -> Iterator[str]:
    """What is wrong with one translation."""
    source, english = str(message.id), message.string
    if not isinstance(english, str) or not english.strip():
        yield "not translated"
        return
    if message.fuzzy:
        yield "marked fuzzy"
    if sorted(PLACEHOLDER.findall(source)) != sorted(PLACEHOLDER.findall(english)):
        yield f"other placeholders: {english!r}"
    if CHINESE.search(PLACEHOLDER.sub("", english)):
        yield f"Chinese left over: {english!r}"
    if not SEPARATOR.search(source) and (source != source.strip()) != (english != english.strip()):
        yield f"blanks at the ends differ: {english!r}"


def check(po: Path = PO) -> list[str]:
    """Every fault of the catalogue as one line."""
    catalog = load(po)
    found: list[str] = []
    marked: set[str] = set()
    for file, line, text in sources():
        if text in marked:
            continue
        marked.add(text)
        message = catalog.get(text)
        found += [f"{file}:{line}: {text!r}: {f}" for f in (faults(message) if message else ["not in the catalogue"])]
    found += [f"{po.name}: {str(m.id)!r}: no longer in the source" for m in catalog if m.id and str(m.id) not in marked]
    return found


def main(arguments: list[str]) -> int:
    match arguments:
        case ["update"]:
            update()
        case ["compile"]:
            compile_all()
        case ["check"]:
            found = check()
            print("\n".join(found) or f"{len(load())} strings, all translated")
            return 1 if found else 0
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
