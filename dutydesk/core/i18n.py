"""Gettext: Simplified Chinese is the source language, English a complete catalogue.

`_()` translates at the moment of showing; `N_()` only marks a string in a declaration, where the language is not
known yet. The switch takes effect at start (`use`), because half a window in each language helps nobody.
"""

from __future__ import annotations

import gettext
from typing import Any

from dutydesk.core.paths import resources

DOMAIN = "dutydesk"
LANGUAGES = ("zh_CN", "en")
_current: gettext.NullTranslations = gettext.NullTranslations()
_language = LANGUAGES[0]


def use(language: str) -> None:
    """Speak `language` from now on; one that has no catalogue is Chinese."""
    global _current, _language
    _language = "en" if language.lower().startswith("en") else "zh_CN"
    if _language == "zh_CN":
        _current = gettext.NullTranslations()
    else:
        _current = gettext.translation(DOMAIN, localedir=str(resources("i18n")), languages=[_language])


def language() -> str:
    """The language in use, `zh_CN` or `en`."""
    return _language


def _(message: str) -> str:
    """`message` in the language in use."""
    return _current.gettext(message) if message else ""


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """Mark `message` for the catalogue; it is translated when shown."""
    return message


def pick(labels: dict[str, Any]) -> str:
    """The label of a reference row that carries `zh` and `en`."""
    return str(labels.get("en" if _language == "en" else "zh") or labels["zh"])
