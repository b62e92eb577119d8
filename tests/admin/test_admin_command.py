"""`dutydesk settings`: every setting with the value in force."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

import pytest

from dutydesk.admin import command, service
from dutydesk.journal.desk import Desk


def said(desk: Desk, *words: str) -> int:
    parser = ArgumentParser()
    command.configure(parser)
    return command.run(desk, parser.parse_args(words))


def test_json_tells_value_default_and_source(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    service.write_setting(desk, "attendance.absent_after", "5", "示例文", "2026-05-01")
    desk.act("settings.add", [desk.new("settings", {"key": "account.idle_min", "value": "999", "source": "示例文"})])
    desk.act("settings.add", [desk.new("settings", {"key": "no.such", "value": "1", "source": "示例文"})])
    assert said(desk, "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    by_key = {one["key"]: one for one in told["settings"]}
    assert len(by_key) == len(told["settings"]) > 100
    assert by_key["attendance.absent_after"] == {
        "key": "attendance.absent_after", "label": "开班后多久未签到列为待办", "value": "5", "default": "15",
        "unit": "分钟", "own": True, "source": "示例文", "date": "2026-05-01", "problem": "",
    }  # fmt: skip
    assert (by_key["account.idle_min"]["value"], by_key["account.idle_min"]["own"]) == ("10", False)
    assert by_key["account.idle_min"]["problem"]
    assert by_key["rain.heavy_hour_mm"]["own"] is False
    assert by_key["rain.heavy_hour_mm"]["value"] == by_key["rain.heavy_hour_mm"]["default"] == "20.0"
    assert told["unknown"] == ["no.such"]


def test_text_is_a_line_each_and_what_is_not_in_force_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    service.write_setting(desk, "log.quick_texts", "示例|其他|内容\n另一|其他|内容", "示例文", "2026-05-01")
    desk.act("settings.add", [desk.new("settings", {"key": "account.idle_min", "value": "999", "source": "示例文"})])
    desk.act("settings.add", [desk.new("settings", {"key": "no.such", "value": "1", "source": "示例文"})])
    assert said(desk) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert all(line.count("\t") == 5 for line in lines)
    assert "account.idle_min\t无操作多久锁屏\t10 分钟\t自带\t" in told.out
    assert "\t改过\t示例文\t2026-05-01" in next(line for line in lines if line.startswith("log.quick_texts"))
    assert told.err.splitlines() == [
        "account.idle_min 的值不能用：应为 1 至 120 的整数",
        "没有设置“no.such”，写了不起作用",
    ]
