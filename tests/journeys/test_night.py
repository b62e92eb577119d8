"""The sample night's last hour as the demo plays it, and what it leaves: papers that say what was typed, a sound record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from dutydesk.core.paths import Home
from dutydesk.qt import theme
from dutydesk.shell.demo import play_night


def text_of(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    return "".join("".join(pages).split())


@pytest.fixture
def night(tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Home, Path]]:
    monkeypatch.setenv("DUTYDESK_MUTE", "1")
    out = tmp_path / "out"
    out.mkdir()
    home = Home(tmp_path / "desk")
    assert play_night(home, out) == ""
    yield home, out
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    theme.apply(qapp, theme.Theme())


def test_the_last_hour_of_the_night(night: tuple[Home, Path], qapp: QApplication) -> None:
    home, out = night
    sheet, log = text_of(out / "handover.pdf"), text_of(out / "log.pdf")
    for wanted in (
        "交接班记录表",
        "带班领导",
        "赵甲子",
        "卫庚午",
        "皋亭山南麓示例自然村",
        "示例河沿河步道",
        "雷电黄色",
        "暴雨橙色",
    ):
        assert wanted in sheet, wanted
    for wanted in (
        "转发约500次",
        "转发约300次",
        "宣传部来电核实转发数",
        "坡体暂稳",
        "3处仍有积水",
        "河水漫上步道约20厘米",
    ):
        assert wanted in log, wanted
    assert "示例" in sheet
    assert len(list(out.glob("[0-9][0-9].png"))) == 17
    assert (out / "desk.png").stat().st_size > 20_000
    line = [sys.executable, "-m", "dutydesk", "--home", str(home.root)]
    told = subprocess.run(
        [*line, "verify", "--json"], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert json.loads(told.stdout)["ok"] is True
    prints = subprocess.run([*line, "list", "prints", "--json"], capture_output=True, text=True, check=False)
    forms = {row["form"] for row in json.loads(prints.stdout)["rows"]}
    assert {"P01", "P02"} <= forms
