"""The command line called in this process: `line("list", "log", "--json")` gives exit code, standard output and error."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dutydesk.__main__ import main


@dataclass(frozen=True)
class Said:
    """What a call returned and said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Line:
    """The command line over one desk's folder."""

    home: Path
    read: Callable[[], tuple[str, str]]

    def __call__(self, *words: object) -> Said:
        code = main(["--home", str(self.home), *map(str, words)])
        return Said(code, *self.read())

    def ok(self, *words: object) -> Any:
        """The JSON answer of a call that must succeed."""
        said = self(*words, "--json")
        assert said.code == 0, said.err
        return said.json

    def count(self, ledger: str) -> int:
        return self.ok("list", ledger, "--limit", 0)["total"]
