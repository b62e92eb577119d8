from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.ledger.pinyin import MOST, fold, initials, matches, pinyin_keys, readings


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("张伟", {"zhangwei", "zw"}),
        ("单雄", {"shanxiong", "danxiong", "sx", "dx"}),
        ("仇英", {"qiuying", "chouying", "qy", "cy"}),
        ("曾明", {"zengming", "cengming", "zm", "cm"}),
        ("区文", {"ouwen", "quwen", "ow", "qw"}),
        ("解明", {"xieming", "jieming"}),
        ("查明", {"zhaming", "chaming"}),
        ("朴明", {"piaoming", "puming"}),
        ("尉迟明", {"yuchiming", "weichiming", "ycm"}),
        ("万俟明", {"moqiming"}),
        ("吕明", {"lvming", "lm"}),
        ("重庆", {"chongqing", "zhongqing", "cq"}),
        ("清波街道", {"qingbojiedao", "qbjd"}),
        ("Ｇ104国道", {"g104guodao", "g104gd"}),
        ("上城区 值班室", {"shangchengqu", "scq", "zhibanshi", "zbs"}),
        ("䶮", {"yan", "y"}),
        ("𠮷田", {"𠮷tian"}),
    ],
)
def test_keys_hold_every_usual_reading(name: str, keys: set[str]) -> None:
    assert keys <= set(pinyin_keys(name).split())


@pytest.mark.parametrize("text", ["", "   ", "IBM 12", "。,!", "\n"])
def test_text_without_chinese_has_no_keys(text: str) -> None:
    assert pinyin_keys(text) == ""


def test_surname_reading_comes_first() -> None:
    assert pinyin_keys("单雄").split()[0] == "shanxiong"
    assert readings("单")[0] == "dan"


def test_initials() -> None:
    assert initials("张伟") == ("zw",)
    assert set(initials("单田")) >= {"st", "dt"}
    assert initials("") == ()


def test_a_long_place_reads_in_its_context() -> None:
    keys = pinyin_keys("重庆市长寿区行政单位曾家解放大街")
    assert any(key.startswith("chongqingshichangshouqu") for key in keys.split())
    assert len(keys.split()) <= 2 * MOST


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("zw", "张伟", True),
        ("zhangw", "张伟", True),
        ("zhw", "张伟", True),
        ("wei", "张伟", True),
        ("伟", "张伟", True),
        ("gw", "张伟", False),
        ("zx", "张伟", False),
        ("zww", "张伟", False),
        ("zw 1388", "张伟 13880000001", True),
        ("zw 1399", "张伟 13880000001", False),
        ("ＱＢ", "清波街道", True),
        ("lü", "吕明", True),
        ("", "张伟", True),
        ("qingbojd", "上城区清波街道", True),
    ],
)
def test_matches(query: str, text: str, found: bool) -> None:
    assert matches(query, text) is found


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_text_has_a_bounded_set_of_keys(text: str) -> None:
    keys = pinyin_keys(text)
    assert fold(keys) == keys
    assert len(initials(text)) <= MOST
    assert all(matches(word, text) for word in text.split())


@given(st.text(alphabet="单仇曾区解查朴任盖乐张王明华石都行长重", min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_every_key_of_a_name_finds_it(name: str) -> None:
    for key in pinyin_keys(name).split():
        assert matches(key, name), key


def test_no_query_makes_it_slow() -> None:
    begun = time.perf_counter()
    assert not matches("an" * 40 + "x", "安阿那恩" * 60)
    assert time.perf_counter() - begun < 2


def test_a_short_name_takes_microseconds_when_warm() -> None:
    names = ["张伟", "单雄信", "清波街道", "李秀英"] * 250
    for name in names:
        pinyin_keys(name)
    best = min(_seconds(names) for _ in range(5))
    assert best / len(names) < 100e-6  # 6 µs alone; room for a machine that is busy


def _seconds(names: list[str]) -> float:
    begun = time.perf_counter()
    for name in names:
        pinyin_keys(name)
    return time.perf_counter() - begun


def test_the_dictionary_is_not_loaded_by_importing() -> None:
    code = "import sys, dutydesk.ledger.pinyin; sys.exit('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
