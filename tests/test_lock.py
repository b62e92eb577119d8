"""The locks serve every machine: read from the files alone, without an index.

Served are CPython 3.11 to 3.13 on Linux x86-64 from glibc 2.28 (Kylin V10, UOS 20) and on Windows x86-64.
"""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
RUN, DEV, WHEELS = (ROOT / n for n in ("requirements.lock", "requirements-dev.lock", "requirements-wheels.toml"))
Pins = dict[tuple[str, str], tuple[Requirement, set[str]]]


def read_lock(path: Path) -> Pins:
    """(name, version) → the requirement with its marker, and its hashes."""
    pins: Pins = {}
    for entry in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if entry.strip() and not entry.startswith("#"):
            head, *hashes = re.split(r"\s+--hash=sha256:", entry.strip())
            requirement = Requirement(head)
            (pin,) = requirement.specifier
            assert pin.operator == "==", f"{entry} is not one version"
            pins[canonicalize_name(requirement.name), pin.version] = requirement, set(hashes)
    return pins


@pytest.fixture(scope="module")
def lock_script() -> Any:
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        return importlib.import_module("lock")
    finally:
        sys.path.remove(str(ROOT / "packaging"))


@pytest.fixture(scope="module")
def pins() -> Pins:
    return read_lock(RUN)


@pytest.fixture(scope="module")
def named() -> list[dict[str, Any]]:
    return tomllib.loads(WHEELS.read_text(encoding="utf-8"))["package"]


def wanted(project: dict[str, Any], which: str) -> Iterator[Requirement]:
    lines = project["project"]["dependencies"] + (project["dependency-groups"]["dev"] if which == "dev" else [])
    yield from map(Requirement, lines)


@pytest.mark.parametrize(("which", "path"), [("run", RUN), ("dev", DEV)])
def test_every_requirement_is_locked_within_its_range(which: str, path: Path) -> None:
    locked: dict[str, list[str]] = {}
    for name, version in read_lock(path):
        locked.setdefault(name, []).append(version)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for requirement in wanted(project, which):
        versions = locked.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement} is in no lock: make lock"
        assert all(requirement.specifier.contains(Version(v)) for v in versions), f"{requirement}: locked {versions}"


@pytest.mark.parametrize("path", [RUN, DEV, WHEELS])
def test_no_lock_names_an_address(path: Path) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted", path.read_text(encoding="utf-8"))


def test_every_pin_has_hashes() -> None:
    assert all(hashes for _, hashes in read_lock(DEV).values())


def test_the_development_lock_holds_the_run_time_lock(pins: Pins) -> None:
    dev = read_lock(DEV)
    assert {key: value[1] for key, value in pins.items()} == {key: dev[key][1] for key in pins}


def test_the_window_toolkit_is_the_one_that_starts_on_old_systems(pins: Pins) -> None:
    """6.12 aborts on Python 3.11; 6.10 and later ask for glibc 2.34."""
    assert {key for key in pins if key[0] in ("pyside6-essentials", "shiboken6")} == {
        ("pyside6-essentials", "6.8.3"),
        ("shiboken6", "6.8.3"),
    }


def test_the_wheels_are_those_of_the_lock(pins: Pins, named: list[dict[str, Any]]) -> None:
    assert {(canonicalize_name(p["name"]), p["version"]) for p in named} == set(pins)
    for package in named:
        _, hashes = pins[canonicalize_name(package["name"]), package["version"]]
        for wheel in package["wheels"]:
            name, version, *_ = parse_wheel_filename(wheel["file"])
            assert (name, str(version)) == (canonicalize_name(package["name"]), package["version"])
            assert wheel["sha256"] in hashes, f"{wheel['file']} is not in requirements.lock"


def test_every_served_machine_has_a_wheel_of_every_package(
    pins: Pins, named: list[dict[str, Any]], lock_script: Any
) -> None:
    missing: list[str] = []
    for target, (accepted, environment) in lock_script.targets().items():
        for package in named:
            requirement, _ = pins[canonicalize_name(package["name"]), package["version"]]
            if requirement.marker and not requirement.marker.evaluate(environment):
                continue
            files = [w["file"] for w in package["wheels"] if target in w["for"]]
            fits = [f for f in files if parse_wheel_filename(f)[3] & set(accepted)]
            if len(files) != 1 or files != fits:
                missing.append(f"{package['name']} {package['version']} on {target}: {files}")
    assert not missing, "\n".join(missing)


def test_the_floor_of_linux_is_glibc_2_28(lock_script: Any) -> None:
    accepted = {tag.platform for tag in lock_script.targets()["linux-3.11"][0]}
    assert {"manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "any"} <= accepted
    assert not {f"manylinux_2_{minor}_x86_64" for minor in range(29, 50)} & accepted


def test_the_served_machines_are_those_of_the_project(lock_script: Any) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    served = Requirement("x" + project["requires-python"]).specifier
    minors = [minor for minor in range(30) if served.contains(f"3.{minor}.0")]
    assert [python[1] for python in lock_script.PYTHONS] == minors
    assert len(lock_script.targets()) == 2 * len(minors)


def test_every_run_time_requirement_is_used() -> None:
    """What nothing imports has no place on a duty desk: it must be served, checked and shipped for every machine."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {"pyside6_essentials": "PySide6", "argon2_cffi": "argon2"}
    imported = {
        match[1]
        for path in (ROOT / "dutydesk").rglob("*.py")
        for match in re.finditer(
            r"(?:^\s*(?:import|from) |import_module\(\")(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    wanted = {Requirement(line).name.lower().replace("-", "_") for line in project["dependencies"]}
    unused = {name for name in wanted if names.get(name, name) not in imported}
    assert not unused
