"""What is dear to import is not there when the first rows and the board are shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dutydesk.core.paths import Home

STARTING = Path(__file__).resolve().parents[1] / "bench" / "starting.py"


@pytest.mark.parametrize("wanted", ["typing", "rows", "all"])
def test_nothing_heavy_is_loaded_by_then(home: Home, wanted: str) -> None:
    done = subprocess.run(
        [sys.executable, str(STARTING), wanted, str(home.root)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "DUTYDESK_MUTE": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_the_first_name_that_is_saved_need_not_wait_for_the_dictionary() -> None:
    ask = "import sys; from dutydesk import app; app.settle(); import gc; print('pypinyin' in sys.modules, gc.isenabled())"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["True", "True"]
