"""The key of an encrypted desk, which is never written down beside it: 64 hex digits in `DUTYDESK_KEY`."""

from __future__ import annotations

import os

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _

VARIABLE = "DUTYDESK_KEY"
DIGITS = 64


def desk_key() -> bytes | None:
    """32 bytes; `None` for a plain file. Raises `Refused` for anything else there."""
    text = os.environ.get(VARIABLE, "")
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b"?"
    if len(found) not in (0, 32):
        raise Refused(Problem(_("密钥应为 64 位十六进制"), VARIABLE))
    return found or None


def typed_key(text: str) -> bytes:
    """The key as a person types it from paper: in groups, in capital letters, an O for a 0 and an l for a 1. Raises
    `ValueError` with a sentence."""
    whole = "".join(text.split()).lower().replace("-", "").replace("o", "0").replace("l", "1").replace("i", "1")
    if len(whole) != DIGITS:
        raise ValueError(
            _("数据密钥有 {whole} 个字，这里是 {found} 个，请逐组再对一遍").format(whole=DIGITS, found=len(whole))
        )
    try:
        return bytes.fromhex(whole)
    except ValueError:
        raise ValueError(_("数据密钥只有 0–9 和 A–F，请逐组再对一遍")) from None


def use_key(key: bytes) -> None:
    """From now on this program, and what it starts, opens the record with this key; it is written down nowhere."""
    os.environ[VARIABLE] = key.hex()
