"""What ships: the wheel is built, installed into a fresh environment and told to test itself.

No network: hatchling builds without isolation, and the fresh environment sees the development environment's packages
by a .pth file, but not the checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def clean_environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST", "COV", "DUTYDESK"))}
    return kept | {"DUTYDESK_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment that holds the wheel."""
    folder = tmp_path_factory.mktemp("fresh") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / Path(sys.executable).name
    if not python.exists():
        python = scripts / "python"
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    Path(where.stdout.strip(), "development.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    run = subprocess.run([*install, str(wheel)], capture_output=True, text=True, check=False, cwd=folder)
    assert run.returncode == 0, run.stderr
    return scripts


def test_it_holds_the_program_and_its_resources(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode()
        scripts = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
        faces = [archive.getinfo(n) for n in names if n.startswith("dutydesk/_resources/fonts/") and n.endswith(".ttf")]
    modules = {f.relative_to(ROOT).as_posix() for f in (ROOT / "dutydesk").rglob("*.py")}
    assert modules <= names
    shipped = {f for f in (ROOT / "resources").rglob("*") if f.is_file() and f.suffix not in (".po", ".part")}
    assert {f"dutydesk/_resources/{f.relative_to(ROOT / 'resources').as_posix()}" for f in shipped} <= names
    assert "dutydesk/_resources/i18n/en/LC_MESSAGES/dutydesk.mo" in names
    assert {"NotoSansSC-Regular.ttf", "NotoSerifSC-Regular.ttf"} <= {Path(f.filename).name for f in faces}
    assert all(face.file_size > 5_000_000 for face in faces)
    pages = {f"manual/{f.name}" for f in (ROOT / "docs" / "manual").glob("*.md")} | {"screens/recovery.png"}
    assert {f"dutydesk/_resources/{page}" for page in pages} <= names, "help needs no network"
    assert "dutydesk/_resources/fonts/OFL.txt" in names, "the faces' licence travels with them"
    assert "dutydesk = dutydesk.__main__:main" in scripts
    assert "Requires-Python: <3.14,>=3.11" in metadata
    assert "License-Expression: Apache-2.0" in metadata
    strange = {n for n in names if not n.startswith(("dutydesk/", "dutydesk-")) or n.endswith((".pyc", ".po", ".part"))}
    assert not strange


def test_the_installed_program_tests_itself(installed: Path, tmp_path: Path) -> None:
    """`self-test` makes a desk in a temporary folder, writes, reads, prints and opens the window offscreen."""
    run = subprocess.run(
        [installed / "dutydesk", "self-test"],
        cwd=tmp_path,
        env=clean_environment(tmp_path / "desk"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_it_uses_its_own_resources_not_the_checkouts(installed: Path, tmp_path: Path) -> None:
    code = "from dutydesk.core import paths; print(paths.resources()); print(paths.fonts_dir())"
    run = subprocess.run(
        [installed / "python", "-c", code],
        cwd=tmp_path,
        env=clean_environment(tmp_path / "desk"),
        capture_output=True,
        text=True,
        check=True,
    )
    resources, fonts = map(Path, run.stdout.split("\n")[:2])
    assert resources.is_relative_to(installed.parent)
    assert fonts == resources / "fonts"


def test_the_frozen_program_is_told_of_every_module() -> None:
    """Commands, panes, forms and importers are imported by dotted text: what the spec does not name is not frozen."""
    spec = (ROOT / "packaging" / "dutydesk.spec").read_text(encoding="utf-8")
    told: dict[str, object] = {}

    def note(*_given: object, **named: object) -> object:
        told.update(named)
        return type("Made", (), {"pure": (), "scripts": (), "binaries": (), "datas": ()})()

    names = dict.fromkeys(("Analysis", "PYZ", "EXE", "COLLECT"), note)
    exec(compile(spec, "dutydesk.spec", "exec"), names | {"SPECPATH": str(ROOT / "packaging")})
    named = told["hiddenimports"]
    assert isinstance(named, list)
    assert {"dutydesk.exchange.running", "dutydesk.rain.command", "dutydesk.people.importing", "dutydesk.app"} <= {
        *named
    }
    modules = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in (ROOT / "dutydesk").rglob("*.py")}
    assert not {name for name in modules if not name.endswith("__init__") and ".migrations." not in name} - {*named}
