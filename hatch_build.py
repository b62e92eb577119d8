"""The wheel's own step: `resources/` goes in as `dutydesk/_resources`, with catalogues compiled and faces converted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """Run by hatchling for the wheel; make has usually done the slow part already."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        fonts = root / "build" / "fonts"
        for script, arguments in (("fonts.py", [str(fonts)]), ("catalogue.py", ["compile"])):
            subprocess.run([sys.executable, str(root / "packaging" / script), *arguments], check=True, cwd=root)
        shipped: dict[str, str] = {}
        resources = root / "resources"
        for file in sorted(resources.rglob("*")):
            if file.is_file() and file.suffix not in (".po", ".pot"):
                shipped[str(file)] = f"dutydesk/_resources/{file.relative_to(resources).as_posix()}"
        for folder, ending in (("manual", ".md"), ("screens", ".png")):  # the manual is read inside the window
            for file in sorted((root / "docs" / folder).glob(f"*{ending}")):
                shipped[str(file)] = f"dutydesk/_resources/{folder}/{file.name}"
        for file in sorted(fonts.iterdir()):
            if file.suffix in (".ttf", ".txt"):
                shipped[str(file)] = f"dutydesk/_resources/fonts/{file.name}"
        build_data["force_include"] |= shipped
