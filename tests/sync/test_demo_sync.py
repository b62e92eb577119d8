"""The week of `make demo-sync` holds, and its proof says what it does not show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "demo_sync.py"


@pytest.mark.server
def test_the_week_ends_with_equal_digests_and_nothing_missing() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "missing: 0" in done.stdout
    assert done.stdout.count("Not shown, ") == 2
    assert "Everything holds" in done.stdout
