"""packaging/fonts.py: outlines become quadratic, names stay, a second run does nothing, bytes are the same."""

from __future__ import annotations

import importlib.util
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont

from dutydesk.core.paths import fonts_dir

SCRIPT = Path(__file__).parents[2] / "packaging" / "fonts.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dutydesk_fonts_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A CFF font of one round glyph and an empty one."""
    pen = T2CharStringPen(500, None)
    pen.moveTo((0, 0))
    pen.curveTo((0, 276), (224, 500), (500, 500))
    pen.lineTo((500, 0))
    pen.closePath()
    empty = T2CharStringPen(250, None).getCharString()
    font = FontBuilder(1000, isTTF=False)
    font.setupGlyphOrder([".notdef", "space", "o"])
    font.setupCharacterMap({32: "space", ord("o"): "o"})
    font.setupCFF("Small", {}, {".notdef": empty, "space": empty, "o": pen.getCharString()}, {})
    font.setupHorizontalMetrics({".notdef": (250, 0), "space": (250, 0), "o": (500, 0)})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Small", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.font["head"].created = font.font["head"].modified = 3_800_000_000
    font.font.recalcTimestamp = False
    font.save(tmp_path / "Small.otf")
    return tmp_path / "Small.otf"


def test_outlines_become_truetype_and_names_stay(script: ModuleType, small: Path, tmp_path: Path) -> None:
    target = tmp_path / "Small.ttf"
    script.convert(small, target, "1 hash")
    made = TTFont(BytesIO(target.read_bytes()))
    assert made.sfntVersion == "\0\1\0\0"
    assert "CFF " not in made
    assert made["name"].getBestFamilyName() == "Small"
    assert made.getBestCmap().keys() == {32, ord("o")}
    outline = made["glyf"][made.getBestCmap()[ord("o")]]
    assert (outline.xMin, outline.yMin, outline.xMax, outline.yMax) == (0, 0, 500, 500)
    assert made["maxp"].maxPoints == len(outline.coordinates) > 3
    assert made["hmtx"][made.getBestCmap()[ord("o")]] == (500, 0)
    assert not list(tmp_path.glob("*.part"))


def test_same_bytes_and_current_only_for_the_same_source(script: ModuleType, small: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.ttf", tmp_path / "two.ttf"
    script.convert(small, one, "1 hash")
    script.convert(small, two, "1 hash")
    assert one.read_bytes() == two.read_bytes()
    assert script.is_current(one, "1 hash")
    assert not script.is_current(one, "2 hash")
    assert not script.is_current(tmp_path / "three.ttf", "1 hash")
    one.write_bytes(one.read_bytes()[:-1])
    assert not script.is_current(one, "1 hash")


def test_a_second_run_converts_nothing(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fonts_dir()
    if not (folder / "NotoSansSC-Regular.stamp").exists():
        pytest.skip("these fonts were not made by packaging/fonts.py")
    monkeypatch.setattr(script, "ProcessPoolExecutor", None)
    assert script.main([str(folder)]) == 0
    assert capsys.readouterr().out == ""
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text(encoding="utf-8")


def test_without_the_wheel_it_says_so(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "WHEEL", "no_such_wheel_of_fonts")
    assert script.main([]) == 1
    assert "no_such_wheel_of_fonts" in capsys.readouterr().err
