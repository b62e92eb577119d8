"""Line breaking: nothing lost, nothing too wide, no punctuation where it may not stand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.printing.fonts import widths
from dutydesk.printing.lines import NO_END, NO_START, can_break, longest_run, wrap

EM = 1000
SPACES = " \t\n\u3000"
TEXTS = st.text(st.sampled_from("值班日志甲乙abcXY019。，、）》”（《“…—%℃ .,-/\n\u3000"), max_size=60)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(1, 12))
def test_lines_keep_the_text_the_width_and_the_rules(text: str, ems: int) -> None:
    lines = wrap(text, ems * EM, widths())
    assert "".join(lines) == text
    assert all(lines) or text == ""
    for line in lines:
        shown = line.rstrip(SPACES)
        assert widths().measure(shown) <= ems * EM or len(shown) == 1
        assert "\n" not in line[:-1]
    for before, after in pairwise(lines):
        if before.endswith("\n"):
            continue
        if not can_break(before[-1], after[0]):
            pairs = pairwise(before)
            assert not any(can_break(a, b) for a, b in pairs), f"{before!r} had a permitted break"


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(4, 12))
def test_lines_are_as_full_as_the_rules_allow(text: str, ems: int) -> None:
    for before, after in pairwise(wrap(text, ems * EM, widths())):
        if before.endswith("\n"):
            continue
        longer = before
        for at, character in enumerate(after):
            longer += character
            follower = after[at + 1 : at + 2]
            if follower and follower != "\n" and can_break(character, follower):
                assert widths().measure(longer.rstrip(SPACES)) > ems * EM
                break


@pytest.mark.parametrize(
    ("text", "ems", "lines"),
    [
        ("", 5, [""]),
        ("气温十11～16℃", 5, ["气温十", "11～16℃"]),
        ("接报甲乙丙。", 5, ["接报甲乙", "丙。"]),
        ("接报甲乙丙，丁", 5, ["接报甲乙", "丙，丁"]),
        ("接报甲（乙）", 4, ["接报甲", "（乙）"]),
        ("第《条例》条", 2, ["第", "《条", "例》", "条"]),
        ("降雨abcdef", 4, ["降雨", "abcdef"]),
        ("雨量12345678", 4, ["雨量", "1234567", "8"]),
        ("甲乙 丙丁", 2, ["甲乙 ", "丙丁"]),
        ("一\n\n二", 9, ["一\n", "\n", "二"]),
        ("一\n", 9, ["一\n"]),
        ("\u3000\u3000甲乙", 3, ["\u3000\u3000甲", "乙"]),
    ],
)
def test_examples(text: str, ems: int, lines: list[str]) -> None:
    assert wrap(text, ems * EM, widths()) == lines


@pytest.mark.parametrize("character", "。，、；：？！）》」』】〕”’…℃%")
def test_not_at_the_start(character: str) -> None:
    assert character in NO_START
    assert not can_break("甲", character)


@pytest.mark.parametrize("character", "（《「『【〔“‘")
def test_not_at_the_end(character: str) -> None:
    assert character in NO_END
    assert not can_break(character, "甲")


def test_many_line_feeds_and_a_long_text_are_no_trouble() -> None:
    assert len(wrap("\n" * 20_000, 1000, widths())) == 20_000
    assert len(wrap("甲" * 20_000, 20 * EM, widths())) == 1000


@pytest.mark.parametrize(
    ("text", "longest"),
    [("", ""), ("值班", "值"), ("Heavy rainstorm", "rainstorm"), ("电话 0571-00000213", "0571-00000213")],
)
def test_the_longest_part_that_is_kept_whole(text: str, longest: str) -> None:
    assert longest_run(text, widths()) == widths().measure(longest)
    if longest:
        assert len(wrap(longest, longest_run(text, widths()), widths())) == 1
