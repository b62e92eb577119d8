"""Documents stay true: links lead somewhere, the manual's index names its pages, the changelog and README keep form."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.joinpath("docs").rglob("*.md"), *ROOT.joinpath("packaging").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
CHANGES = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    dead = [target for target in targets if not (page.parent / target).exists()]
    assert not dead


def test_the_manual_names_all_its_pages() -> None:
    folder = ROOT / "docs" / "manual"
    index = LINK.findall((folder / "README.md").read_text(encoding="utf-8"))
    pages = {page.relative_to(folder).as_posix() for page in folder.rglob("*.md")} - {"README.md"}
    assert pages <= set(index)


def test_the_manual_says_what_the_witness_proves_and_what_it_does_not() -> None:
    text = (ROOT / "docs" / "manual" / "hub.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"^## 见证能证明什么\n(.+?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    proves, doubts = re.findall(r"^- \*\*(?:不)?能证明\*\*：(.+)$", told, re.MULTILINE)
    assert all(word in proves for word in ("到那个时刻为止", "这个位置", "中心库管理员", "任何一台其他席位"))
    assert all(word in doubts for word in ("从来没有上传过", "最后一次见证以后"))


def test_manual_and_page_name_the_same_engines_as_tried() -> None:
    manual = (ROOT / "docs" / "manual" / "hub.md").read_text(encoding="utf-8")
    assert "实测过的只有 PostgreSQL 18；15 至 17 未实测" in manual
    assert "Tried: PostgreSQL 18. Not tried: all others" in (ROOT / "docs" / "sync.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_and_whole() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(page.name[:3]) for page in decisions]
    assert numbers == sorted(set(numbers))
    for page in decisions:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:3]} "), page.name
        heads = set(re.findall(r"^(?:\*\*|#+ )(Context|Decision|Consequences|Alternatives)\b", text, re.MULTILINE))
        assert len(heads) == 4, f"{page.name}: only {sorted(heads)}"
        assert text.count("\n") <= 60, f"{page.name}: a decision is one page"


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", version) for version in versions[1:])
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= CHANGES


def test_readme_and_makefile_name_the_same_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8"))) - {"and"}
    assert {"run", "test", "check", "lint", "bench", "faults", "shots", "dist"} <= named <= targets


def test_readme_names_the_pythons_that_are_served() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [c.rpartition(" ")[2] for c in project["classifiers"] if re.search(r":: 3\.\d+$", c)]
    assert ", ".join(listed) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_picture_is_small_enough() -> None:
    pictures = sorted((ROOT / "docs").rglob("*.png"))
    assert len(pictures) <= 14, "a dozen, and what has to be recognised at three in the morning"
    assert not [p.name for p in pictures if p.stat().st_size > 200_000]
