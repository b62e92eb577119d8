from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.errors import Refused
from dutydesk.warnings.xmlfile import DEEPEST, LARGEST, read_xml

LAUGHS = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (LAUGHS, "DTD"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DTD"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "DTD"),
        (b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://example.org/x">%x;]><a/>', "DTD"),
        ("<?xml version='1.0' encoding='utf-16'?><!DOCTYPE a><a/>".encode("utf-16"), "DTD"),
        (b'<?xml version="1.0" encoding="GB2312"?><!DOCTYPE a><a/>', "DTD"),
        (b"", "XML"),
        (b"<a>", "XML"),
        (b"<a>&nbsp;</a>", "XML"),
        (b"{}", "XML"),
        (b'<?xml version="1.0" encoding="Shift_JIS"?><a/>', "编码"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "编码"),
        (b"<a>\xff\xff</a>", "编码"),
        (b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1), "嵌套"),
    ],
)
def test_unsafe_or_broken_files_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as caught:
        read_xml(data, "w.xml")
    assert caught.value.problems[0].file == "w.xml"


def test_the_depth_limit_itself_is_read() -> None:
    root, _odd = read_xml(b"<a>" * DEEPEST + b"</a>" * DEEPEST, "w.xml")
    assert sum(1 for _node in root.walk()) == DEEPEST


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(Refused, match="20 MB"):
        read_xml(b" " * (LARGEST + 1), "w.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb2312", "GBK", "GB18030"])
def test_encodings(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    root, odd = read_xml(f'<?xml version="1.0" encoding="{declared}"?>\n<a>暴雨</a>'.encode(encoding), "w.xml")
    assert root.text == "暴雨"
    assert not odd


def test_a_wrong_declaration_is_told() -> None:
    root, odd = read_xml('<?xml version="1.0" encoding="UTF-8"?><a>暴雨</a>'.encode("gbk"), "w.xml")
    assert root.text == "暴雨"
    assert len(odd) == 1


def test_names_lines_and_text() -> None:
    root, _odd = read_xml(b'\n<x:a xmlns:x="urn:x">\n<b k="1">t<!-- c -->u</b>\n<c/></x:a>', "w.xml")
    assert (root.name, root.space) == ("a", "urn:x")
    assert [(child.name, child.line) for child in root.children] == [("b", 2), ("c", 3)]
    assert (root.get("b"), root.children[0].attributes) == ("tu", {"k": "1"})


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from([b"<a>", b"</a>", b"<", b"&", b"<!--", b"]]>", b"<?xml", b"x"]), max_size=12).map(
        b"".join
    )
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_xml(data, "w.xml")
    except Refused:
        return
