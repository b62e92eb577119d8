"""Numbers of people do not leave the desk by way of the clipboard: masks telephone and identity numbers in free text.

Short public numbers (110, 119, 12345 …) and service numbers (400 …) stay, they belong to nobody.
"""

from __future__ import annotations

import re

_DASH = r"[-\s‐-―－]?"
_MOBILE = re.compile(rf"(?:(?<=\+86)|(?<=0086)|(?<!\d))([1１][3-9３-９]\d){_DASH}\d{{4}}{_DASH}(\d{{4}})(?!\d)")
_AREA = re.compile(r"(?<!\d)([（(]?[0０][1-9１-９]\d{1,2}[）)]?)([-\s‐-―－]?)\d{3,4}[-\s‐-―－]?(\d{4})(?!\d)")
_LOCAL = re.compile(r"((?:电话|座机|号码|联系方式|联系|手机|拨打?|[Tt]el)\D{0,4})(?<!\d)\d{3,4}[- ]?(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?![\dXx])")


def mask_phones(text: str) -> str:
    """`13812345678` → `138****5678`, `0571-00001234` → `0571-****1234`, a bare local number after 电话 and the like
    → `****1234`, an identity number → its first six and last four characters."""
    text = _IDENTITY.sub(r"\1********\2", text)
    text = _MOBILE.sub(r"\1****\2", text)
    text = _AREA.sub(r"\1\2****\3", text)
    return _LOCAL.sub(r"\1****\2", text)
