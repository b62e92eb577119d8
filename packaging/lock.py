"""Make the locks: `python packaging/lock.py`, with `uv` on the path, after a change of pyproject.toml.

requirements.lock          what runs: every version, every hash, no address
requirements-dev.lock      the same and what tests, types, lints and builds
requirements-wheels.toml   which wheel of requirements.lock each served machine takes, so that tests/test_lock.py can
                           read from the lock alone that there is one (docs/decisions/001-wheels-beside-the-lock.md)
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ((3, 11), (3, 12), (3, 13))
GLIBC = 28  # Kylin V10 and UOS 20 begin at glibc 2.28
LINUX = [f"manylinux_2_{minor}_x86_64" for minor in range(GLIBC, 4, -1)] + ["manylinux2014_x86_64", "linux_x86_64"]
WINDOWS = ["win_amd64"]
# Held back by hand. PySide6 6.8 is the last whose wheels start on glibc 2.28; 6.10 and later need 2.34.
HELD = ("PySide6-Essentials==6.8.3", "shiboken6==6.8.3")
HEAD = "# Made by packaging/lock.py from pyproject.toml; change that and make it again.\n"


def tags(python: tuple[int, int], platforms: list[str]) -> list[Tag]:
    """What a CPython of that version accepts on these platforms, best first."""
    interpreter = f"cp{python[0]}{python[1]}"
    return [
        *cpython_tags(python, platforms=platforms),
        *compatible_tags(python, interpreter=interpreter, platforms=platforms),
    ]


def targets() -> dict[str, tuple[list[Tag], dict[str, str]]]:
    """Every served machine by name: its tags and its marker environment."""
    result: dict[str, tuple[list[Tag], dict[str, str]]] = {}
    for python in PYTHONS:
        version = ".".join(map(str, python))
        common = {"python_version": version, "python_full_version": f"{version}.0", "implementation_name": "cpython"}
        common |= {"platform_python_implementation": "CPython", "extra": ""}
        linux = common | {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
        windows = common | {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"}
        result[f"linux-{version}"] = tags(python, LINUX), linux | {"platform_machine": "x86_64"}
        result[f"windows-{version}"] = tags(python, WINDOWS), windows | {"platform_machine": "AMD64"}
    return result


def compile_lock(requirements: list[str], *arguments: str) -> str:
    """What uv answers for these requirements, for every Python and platform at once."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = (
            Path(folder, "requirements.in"),
            Path(folder, "pylock.toml" if "pylock.toml" in arguments else "x"),
        )
        source.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        subprocess.run(
            [
                "uv",
                "pip",
                "compile",
                str(source),
                "--universal",
                "--python-version",
                "3.11",
                "--no-emit-index-url",
                "--no-header",
                "--no-annotate",
                "--only-binary",
                ":all:",
                "--quiet",
                "-o",
                str(out),
                *arguments,
            ],
            check=True,
            cwd=folder,
        )
        return out.read_text(encoding="utf-8")


def wheels(pylock: dict[str, Any]) -> str:
    """requirements-wheels.toml: package, version, and for each served machine one wheel with its sha256."""
    lines = [HEAD]
    missing: list[str] = []
    for package in pylock["packages"]:
        lines += ["[[package]]", f'name = "{package["name"]}"', f'version = "{package["version"]}"']
        named = {wheel["url"].rpartition("/")[2]: wheel["hashes"]["sha256"] for wheel in package.get("wheels", ())}
        chosen: dict[str, str] = {}
        for target, (accepted, environment) in targets().items():
            if "marker" in package and not Marker(package["marker"]).evaluate(environment):
                continue
            ranked = [
                (min(accepted.index(tag) for tag in fitting), name)
                for name in named
                if (fitting := parse_wheel_filename(name)[3] & set(accepted))
            ]
            if ranked:
                chosen[target] = min(ranked)[1]
            else:
                missing.append(f"{package['name']} {package['version']} has no wheel for {target}")
        lines += ["wheels = ["]
        for name in sorted(set(chosen.values())):
            served = ", ".join(f'"{target}"' for target, value in chosen.items() if value == name)
            lines += [f'    {{ file = "{name}", sha256 = "{named[name]}", for = [{served}] }},']
        lines += ["]", ""]
    if missing:
        sys.exit("\n".join(missing))
    return "\n".join(lines)


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run_time = [*project["project"]["dependencies"], *HELD]
    development = [*run_time, *project["dependency-groups"]["dev"]]
    pylock = tomllib.loads(compile_lock(run_time, "--format", "pylock.toml"))
    pinned = [f"{p['name']}=={p['version']}" for p in pylock["packages"]]
    (ROOT / "requirements-wheels.toml").write_text(wheels(pylock), encoding="utf-8")
    # the development lock is resolved whole and first, so that both locks agree
    dev = compile_lock(development, "--generate-hashes")
    run = compile_lock(run_time, "--generate-hashes")
    (ROOT / "requirements-dev.lock").write_text(HEAD + dev, encoding="utf-8")
    (ROOT / "requirements.lock").write_text(HEAD + run, encoding="utf-8")
    absent = [pin for pin in pinned if pin not in dev]
    if absent:
        sys.exit("the development lock differs from the run-time lock: " + ", ".join(absent))
    print(f"{len(pinned)} packages at run time, {dev.count('==')} with the tools")


if __name__ == "__main__":
    main()
