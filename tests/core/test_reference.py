from __future__ import annotations

import json

import pytest

from dutydesk.core import i18n
from dutydesk.core.errors import Unavailable
from dutydesk.core.paths import resources
from dutydesk.core.reference import by_code, label, reference, rows

MINE = (
    "event_codes",
    "incident_grades",
    "report_rules",
    "sources",
    "log_categories",
    "quick_texts",
    "shelters",
    "supplies",
    "teams",
    "duty",
    "attendance",
    "papers",
    "sync",
)
MARKS = ("verified V", "public document", "from memory", "design")


@pytest.mark.parametrize("name", MINE)
def test_every_row_says_where_it_comes_from_and_is_named_in_both_languages(name: str) -> None:
    file = reference(name)
    assert file["title"]["zh"]
    assert file["title"]["en"]
    for title, table in file["tables"].items():
        assert table["zh"], title
        assert table["en"], title
        codes = [row["code"] for row in table["rows"]]
        assert len(codes) == len(set(codes)), title
        for row in table["rows"]:
            where = f"{name}/{title}/{row['code']}"
            for key in ("source", "place", "date", "mark"):
                assert str(row.get(key, table.get(key, ""))).strip(), f"{where}: {key}"
            assert str(row.get("mark", table.get("mark"))).startswith(MARKS), where
            assert row["zh"].strip(), where
            assert row["en"].strip(), where
            assert row["en"].isascii() or "㎡" in row["en"], where


@pytest.mark.parametrize("name", MINE)
def test_files_are_utf8_without_bom_and_hold_no_floats(name: str) -> None:
    raw = resources("reference", f"{name}.json").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")

    def no_float(text: str) -> object:
        raise AssertionError(text)

    json.loads(raw, parse_float=no_float)


def test_the_event_tree_is_whole() -> None:
    codes = by_code("event_codes", "event_code")
    assert [code for code in codes if code.endswith("000")] == ["11000", "12000", "13000", "14000"]
    for code, row in codes.items():
        if code.endswith("000"):
            assert row["parent"] == ""
        elif code.endswith("00"):
            assert row["parent"] == code[:2] + "000"
        else:
            assert row["parent"] == code[:3] + "00"
        assert not row["parent"] or row["parent"] in codes
    for code, zh in (
        ("11A02", "内涝"),
        ("11B03", "暴雨"),
        ("11D01", "滑坡"),
        ("11G08", "其他草原"),
        ("12S02", "校园"),
        ("12Q15", "非法倾倒剧毒危废"),
        ("14B25", "偷渡"),
    ):
        assert codes[code]["zh"] == zh
    assert "12Q08" not in codes
    assert "14A09" not in codes


def test_labels_follow_the_language_in_use() -> None:
    assert label("duty", "post", "LEADER") == "带班领导"
    i18n.use("zh_CN")
    assert label("duty", "post", "NOBODY") == "NOBODY"
    assert rows("duty", "post")[0]["en"] == "Duty leader"


def test_a_missing_file_is_an_installation_at_fault() -> None:
    with pytest.raises(Unavailable, match="nothing_of_the_kind"):
        reference("nothing_of_the_kind")
