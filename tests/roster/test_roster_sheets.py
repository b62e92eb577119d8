"""What a grid shows of the roster, by day and by person, without a window."""

from __future__ import annotations

import pytest

from dutydesk.roster import rows, sheets

ANN, BOB, EVE = b"\1" * 16, b"\2" * 16, b"\3" * 16
NAMES = {ANN: "示例甲", BOB: "示例乙", EVE: "示例丙"}
DAYS = (
    rows.DayInfo("2026-10-01", "HOLIDAY", "国庆", True, 3),
    rows.DayInfo("2026-10-02", "WORKDAY", "", True, 4),
    rows.DayInfo("2026-10-03", "RESTDAY", "", True, 5),
    rows.DayInfo("2026-10-10", "MAKEUP", "国庆", True, 5),
    rows.DayInfo("2027-01-01", None, "", False, 4),
)
LINES = (rows.Line("H24", "LEADER", 1, "带班领导"), rows.Line("H24", "PRIMARY", 1, "主班"))


def cell(day: str, post: str, person: bytes | None, **more: object) -> rows.Cell:
    return rows.Cell(day, "H24", post, 1, person, **more)  # pyright: ignore[reportArgumentType]


def grid(*cells: rows.Cell, **more: object) -> rows.Grid:
    held = {one.key: one for one in cells}
    counts: dict[bytes, rows.Counts] = {ANN: rows.Counts(3, 1, 0, 3), BOB: rows.Counts(1, 0, 0, 1)}
    bounds = {ANN: rows.Bounds((1, 2), (0, 1), (0, 1), (0, 3)), BOB: rows.Bounds((2, 3), (0, 1), (0, 1), (0, 3))}
    return rows.Grid("2026-10-01", "2027-01-01", DAYS, LINES, held, False, counts, bounds, NAMES)


def test_every_kind_of_day_is_a_word() -> None:
    made = sheets.heads(DAYS, "2026-10-02")
    assert [day.word for day in made] == ["假 国庆", "", "休", "补班 国庆", "未公布"]
    assert [day.shaded for day in made] == [True, False, True, False, False]
    assert [day.today for day in made] == [False, True, False, False, False]
    assert made[4].number == "1/1"
    assert made[0].detail == "10月1日 周四 假 国庆"


def test_names_marks_gaps_and_problems_by_post() -> None:
    made = sheets.by_post(
        grid(
            cell("2026-10-01", "LEADER", ANN, mark="调", origin="SWAP", planned=BOB),
            cell("2026-10-02", "LEADER", None),
            cell("2026-10-03", "LEADER", None, wanted=False),
            cell("2026-10-01", "PRIMARY", BOB, problems=("休息不够",), origin="REINFORCE"),
        ),
        "2026-10-02",
    )
    assert made.cells[0, 0] == sheets.Cell("示例甲", "调", detail="原排 示例乙")
    assert made.cells[0, 1].lacks
    assert (0, 2) not in made.cells
    assert made.cells[1, 0] == sheets.Cell("示例乙", "增", against=("休息不够",))


def test_people_with_their_counts_and_who_has_too_much_or_too_little() -> None:
    away = (sheets.Absence(BOB, "2026-10-02", "2026-10-09", "休假"),)
    made = sheets.by_person(grid(cell("2026-10-01", "PRIMARY", ANN)), "2026-10-02", [ANN, BOB], away)
    assert [(line.label, line.numbers, line.use) for line in made.lines] == [
        ("示例甲", ("3", "1", "0", "3"), "▲多"),
        ("示例乙", ("1", "0", "0", "1"), "▽少"),
    ]
    assert "总 3 次，应 1–2" in made.lines[0].detail
    assert made.cells[0, 0].text == "主班"
    assert [column for row, column in made.cells if row == 1] == [1, 2]
    assert made.cells[1, 1].away == "休假"


def test_nobody_has_too_little_while_the_roster_is_empty() -> None:
    held = grid(cell("2026-10-01", "PRIMARY", ANN), cell("2026-10-02", "PRIMARY", None))
    assert [line.use for line in sheets.by_person(held, "", [ANN, BOB], ()).lines] == ["▲多", ""]


def test_a_plan_is_shown_in_place_of_what_stands() -> None:
    held = grid(
        cell("2026-10-01", "LEADER", ANN), cell("2026-10-02", "LEADER", None), cell("2026-10-03", "LEADER", None)
    )
    plan = {("2026-10-01", "H24", "LEADER", 1): EVE, ("2026-10-02", "H24", "LEADER", 1): BOB}
    made = sheets.by_post(held, "", plan)
    assert [(made.cells[0, at].text, made.cells[0, at].mark) for at in range(2)] == [("示例丙", "改"), ("示例乙", "")]
    assert made.cells[0, 2].lacks
    counted = {EVE: rows.Counts(1)}
    lines = sheets.by_person(held, "", [ANN, EVE], (), counted, plan).lines
    assert [line.numbers[0] for line in lines] == ["0", "1"]


@pytest.mark.parametrize(
    ("labels", "short"),
    [
        (("带班领导", "主班", "副班"), ("带班", "主班", "副班")),
        (("带班领导", "带班主任", "主班"), ("领导", "主任", "主班")),
        (("白班 主班", "夜班 主班"), ("白主班", "夜主班")),
        (("副班1", "副班2"), ("副班1", "副班2")),
    ],
)
def test_posts_in_few_characters(labels: tuple[str, ...], short: tuple[str, ...]) -> None:
    lines = [rows.Line(f"S{at}", f"P{at}", 1, text) for at, text in enumerate(labels)]
    assert tuple(sheets.short_labels(lines).values()) == short


def test_names_are_in_the_order_of_their_pinyin() -> None:
    assert sorted(["张", "李", "陈", "王"], key=sheets.by_name) == ["陈", "李", "王", "张"]
