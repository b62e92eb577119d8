"""XML from outside: read without a DTD, an entity or anything fetched, within limits, with line numbers.

defusedxml refuses what can explode or reach out; size, depth and number of elements are limited here. Chinese systems
write GB2312 and GB18030, which expat cannot read, so these are made UTF-8 first.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _

LARGEST: Final = 20 * 1024 * 1024
DEEPEST: Final = 64
MOST: Final = 500_000
_DECLARED: Final = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*([\"'])([\w.:-]+)\1", re.S)
_CHINESE: Final = {"gb2312", "gbk", "gb18030", "cp936", "gb_2312-80", "x-gbk"}


@dataclass(slots=True)
class Node:
    """An element: local name, namespace, attributes without theirs, text, children, line."""

    name: str
    space: str
    attributes: dict[str, str]
    line: int
    pieces: list[str] = field(default_factory=list[str])
    children: list[Node] = field(default_factory=list["Node"])

    @property
    def text(self) -> str:
        """The element's own text, without blanks around it."""
        return "".join(self.pieces).strip()

    def all(self, name: str) -> list[Node]:
        """The children of a name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> Node | None:
        """The first child of a name."""
        return next((child for child in self.children if child.name == name), None)

    def get(self, name: str) -> str:
        """The text of the first child of a name; "" when there is none."""
        child = self.first(name)
        return child.text if child else ""

    def walk(self) -> Iterator[Node]:
        """This element and all below, in the order of the file."""
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


def _split(tag: str) -> tuple[str, str]:
    if tag.startswith("{"):
        space, _brace, name = tag[1:].partition("}")
        return name, space
    return tag, ""


class _Builder:
    """Builds nodes from what the parser reports."""

    def __init__(self, name: str) -> None:
        self.file = name
        self.count = 0
        self.open: list[Node] = []
        self.root: Node | None = None
        self.at: Callable[[], int] = int

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= DEEPEST:
            raise Refused(Problem(_("XML 嵌套超过 {depth} 层").format(depth=DEEPEST), file=self.file))
        if self.count > MOST:
            raise Refused(Problem(_("XML 超过 {count} 个元素").format(count=MOST), file=self.file))
        name, space = _split(tag)
        node = Node(name, space, {_split(key)[0]: value for key, value in attributes.items()}, self.at())
        if self.open:
            self.open[-1].children.append(node)
        elif self.root is None:
            self.root = node
        self.open.append(node)

    def end(self, tag: str) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        if self.open:
            self.open[-1].pieces.append(text)

    def close(self) -> Node | None:
        return self.root


def _utf8(data: bytes, name: str) -> tuple[bytes, bool]:
    """The file in an encoding that expat reads; whether its declaration was wrong."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data, False
    data = data.removeprefix(codecs.BOM_UTF8).lstrip()
    found = _DECLARED.match(data)
    declared = found[2].decode("ascii", "replace").casefold() if found else "utf-8"
    wrong = False
    if declared not in _CHINESE:
        if declared not in ("utf-8", "utf8"):
            return data, False
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            wrong = True
        else:
            return data, False
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise Refused(Problem(_("文件的文字编码与声明不符"), file=name)) from error
    return re.sub(r"^(<\?xml[^>]*?encoding\s*=\s*[\"'])[\w.:-]+", r"\1utf-8", text).encode(), wrong


def read_xml(data: bytes, name: str) -> tuple[Node, tuple[Problem, ...]]:
    """The root of an XML file and what was odd about it; `name` is what problems call it.

    Raises `Refused` for a file that is too large, too deep, not well-formed, or has a DTD or entities.
    """
    if len(data) > LARGEST:
        raise Refused(Problem(_("文件超过 {size} MB").format(size=LARGEST // 2**20), file=name))
    plain, wrong = _utf8(data, name)
    builder = _Builder(name)
    parser = DefusedXMLParser(target=builder, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    builder.at = partial(getattr, parser.parser, "CurrentLineNumber")
    try:
        parser.feed(plain)
        root = parser.close()
    except DefusedXmlException as error:
        raise Refused(Problem(_("XML 含有 DTD 或实体定义，不予读取"), line=builder.at(), file=name)) from error
    except ParseError as error:
        line = error.position[0]
        raise Refused(Problem(_("不是正确的 XML：{error}").format(error=error.msg), line=line, file=name)) from error
    except (ValueError, LookupError) as error:
        raise Refused(Problem(_("XML 的文字编码读不出来"), line=builder.at(), file=name)) from error
    if not isinstance(root, Node):
        raise Refused(Problem(_("XML 是空的"), file=name))
    odd = (Problem(_("声明为 UTF-8，实际按 GB18030 读出"), line=1, file=name),) if wrong else ()
    return root, odd
