"""The key of an encrypted desk as people type it from paper."""

from __future__ import annotations

import pytest

from dutydesk.admin.report import grouped
from dutydesk.core import deskkey

KEY = bytes(range(16, 48))


@pytest.mark.parametrize(
    "text", [KEY.hex(), grouped(KEY.hex()), grouped(KEY.hex()).upper(), KEY.hex().replace("0", "O").replace("1", "l")]
)
def test_what_is_typed_from_paper(text: str) -> None:
    assert deskkey.typed_key(text) == KEY


@pytest.mark.parametrize(("text", "said"), [("12 34", "这里是 4 个"), ("z" * 64, "0–9"), ("", "这里是 0 个")])
def test_slips_are_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        deskkey.typed_key(text)


def test_a_key_in_use_is_the_desks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(deskkey.VARIABLE, "")
    assert deskkey.desk_key() is None
    deskkey.use_key(KEY)
    assert deskkey.desk_key() == KEY
