from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.reference import rows
from dutydesk.warnings.rules import Colour
from dutydesk.warnings.signals import (
    colour_of_severity,
    colour_word,
    from_cma,
    from_weather_cn,
    hazard_code,
    hazard_name,
    limit,
    parse_headline,
    severity_of_colour,
    signal,
)

R, O, Y, B = Colour.RED, Colour.ORANGE, Colour.YELLOW, Colour.BLUE  # noqa: E741


@pytest.mark.parametrize(
    ("text", "issuer", "kind", "hazard", "colour"),
    [
        ("浙江省气象局发布台风蓝色预警", "浙江省气象局", "Alert", "11B01", B),
        ("示例区气象台发布暴雨橙色预警[II级/严重]", "示例区气象台", "Alert", "11B03", O),
        ("示例区气象台发布暴雨橙色预警[Ⅱ级/严重]", "示例区气象台", "Alert", "11B03", O),
        ("示例区气象台发布暴雨橙色预警(II级/严重)", "示例区气象台", "Alert", "11B03", O),
        ("示例区气象台发布暴雨橙色预警（Ⅱ级/严重）", "示例区气象台", "Alert", "11B03", O),
        ("暴雨橙色预警", "", "Alert", "11B03", O),
        ("暴雨 橙色 预警信号", "", "Alert", "11B03", O),
        ("暴雨预警（橙色）", "", "Alert", "11B03", O),
        ("暴雨Ⅰ级预警", "", "Alert", "11B03", R),
        ("暴雨II级预警", "", "Alert", "11B03", O),
        ("暴雨Ⅲ级预警", "", "Alert", "11B03", Y),
        ("暴雨四级预警", "", "Alert", "11B03", B),
        ("示例市气象台解除雷雨大风黄色预警信号", "示例市气象台", "Cancel", "11B20", Y),
        ("示例台将暴雨黄色预警升级为暴雨红色预警", "示例台", "Update", "11B03", R),
        ("示例台解除暴雨黄色预警,发布暴雨橙色预警", "示例台", "Update", "11B03", O),
        ("示例局于2026年06月18日14时发布大雾红色预警", "示例局", "Alert", "11B17", R),
        ("示例市发布地质灾害气象风险黄色预警[III级/较重]", "示例市", "Alert", "11B37", Y),
        ("示例县发布森林（草原）火险橙色预警", "示例县", "Alert", "11B25", O),
        ("示例台发布海浪橙色警报", "示例台", "Alert", "11E04", O),
        ("示例台发布强对流蓝色预警", "示例台", "Alert", "", B),
    ],
)
def test_headlines(text: str, issuer: str, kind: str, hazard: str, colour: Colour) -> None:
    found = parse_headline(text)
    assert found
    assert (found.issuer, found.msg_type, found.hazard, found.colour) == (issuer, kind, hazard, colour)


def test_a_hazard_without_a_code_keeps_its_name() -> None:
    found = parse_headline("示例台发布强对流蓝色预警")
    assert found
    assert found.label == "强对流"


def test_the_colour_counts_before_the_level() -> None:
    found = parse_headline("示例台发布暴雨橙色预警[III级/较重]")
    assert found
    assert (found.colour, found.level) == (O, Y)


@pytest.mark.parametrize("text", ["", "Flash Flood Watch", "红色教育基地开放", "橙色预警", "今日暴雨", "暴雨预警"])
def test_no_headline(text: str) -> None:
    assert parse_headline(text) is None


@pytest.mark.parametrize(
    ("numbers", "wanted"),
    [
        (("02", "03"), ("11B03", O)),
        (("09", "02"), ("11B14", Y)),
        (("01", "04"), ("11B01", R)),
        (("14", "01"), ("11B21", B)),
        (("2", "3"), ("11B03", O)),
        (("99", "9"), ("", None)),
    ],
)
def test_weather_cn(numbers: tuple[str, str], wanted: tuple[str, Colour | None]) -> None:
    assert from_weather_cn(*numbers) == wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("p0002001", ("11B03", R)),
        ("http://x.example/p0007004.png", ("11B06", B)),
        ("p0015003", ("11B20", Y)),
        ("", ("", None)),
        ("p9999009", ("", None)),
    ],
)
def test_cma(code: str, wanted: tuple[str, Colour | None]) -> None:
    assert from_cma(code) == wanted


def test_colour_words_and_severities() -> None:
    assert [colour_word(word) for word in ("Red", "ORANGE", "黄色", "蓝", "Extreme", "")] == [R, O, Y, B, None, None]
    for colour in Colour:
        assert colour_of_severity(severity_of_colour(colour)) is colour
    assert colour_of_severity("Unknown") is None
    assert severity_of_colour(None) == "Unknown"


def test_every_hazard_has_both_names_and_every_name_finds_it() -> None:
    for row in rows("warnings", "hazards"):
        assert row["zh"]
        assert row["en"]
        assert hazard_name(row["code"]) == row["zh"]
        for name in (row["zh"], *row.get("aliases", ())):
            assert hazard_code(name) == row["code"], name
            for colour, word in ((R, "红"), (O, "橙"), (Y, "黄"), (B, "蓝")):
                found = parse_headline(f"示例台发布{name}{word}色预警信号")
                assert found
                assert (found.hazard, found.colour) == (row["code"], colour), name


def test_the_weather_hazards_of_the_event_standard_are_there() -> None:
    codes = {row["code"] for row in rows("warnings", "hazards")}
    numbers = [*range(1, 23), 25, 29, 37, 99]
    assert codes >= {f"11B{number:02}" for number in numbers}


def test_national_signals() -> None:
    for row in rows("warnings", "signals"):
        assert row["zh"]
        assert row["en"]
        assert row["source"]
        assert row["mark"]
        assert signal(row["hazard"], Colour(row["colour"])) == row
    found = signal("11B03", O)
    assert found
    assert "3小时" in found["zh"]
    assert "50毫米" in found["zh"]
    assert signal("11B07", B) is None
    assert signal("11B19", R) is None


def test_limits() -> None:
    assert (limit("assumed_hours"), limit("stale_hours")) == (12, 72)


@given(st.text(max_size=60) | st.text("发布解除暴雨大风橙红色预警IVX级[](),", max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_headline_or_none(text: str) -> None:
    found = parse_headline(text)
    assert found is None or found.hazard or found.label
