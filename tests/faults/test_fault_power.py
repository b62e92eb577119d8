"""F1, power loss at any write, and F2, its control: the same with what the desk does not do must lose something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
STATES = 500
SEEDS = range(1, 11) if FULL else range(1, 3)
"""Times two models: 10,000 states in full, 2,000 in an ordinary run."""


def cut(seed: int, model: str, *arguments: str, states: int = STATES) -> dict[str, Any]:
    """Run the program that loads apsw alone."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.powerloss", "--seed", str(seed), "--model", model,
         "--states", str(states), *arguments],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    answer = json.loads(done.stdout)
    assert answer["states"] == states
    assert answer["acts"] == 38
    return answer


@pytest.mark.parametrize("model", ["strict", "ext4"])
@pytest.mark.parametrize("seed", SEEDS)
def test_power_loss_at_any_write_loses_nothing(seed: int, model: str) -> None:
    answer = cut(seed, model)
    assert answer["moments"] > 300, "the cuts are spread over the whole record"
    assert answer["found"] == {}, answer["examples"]


@pytest.mark.parametrize("setting", ["synchronous=NORMAL", "synchronous=OFF"])
def test_control_without_a_sync_at_each_commit_acts_are_lost(setting: str) -> None:
    assert cut(1, "strict", "--set", setting, states=200)["found"].get("lost", 0) > 10


def test_control_with_a_rollback_journal_its_deletion_is_not_durable() -> None:
    """DELETE with FULL: the journal's deletion is the commit, and its folder is not synced (engineering.md §0.4)."""
    found = cut(1, "strict", "--set", "journal_mode=DELETE", "--set", "locking_mode=NORMAL", states=400)["found"]
    assert found.get("lost", 0) > 0


def test_control_with_a_head_that_is_never_synced_the_own_wal_is_taken_for_a_foreign_one() -> None:
    """What this test found: `desk.head` brought back from before a start had the WAL moved aside."""
    assert cut(1, "ext4", "--head-unsynced", states=400)["found"].get("lost", 0) > 0
