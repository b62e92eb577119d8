"""The key of an encrypted desk, which is never written down beside it: 64 hex digits in `DUTYDESK_KEY`."""

from __future__ import annotations

import os

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _

VARIABLE = "DUTYDESK_KEY"


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
