"""Links, anchors, images and headings of all Markdown files, and the navigation of the site."""

import sys
from pathlib import Path

import pytest
from helpers_pages import ROOT, anchors_of, headings_of, links_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

FILES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "configs/**/*.md", "benchmarks/**/*.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)
DOCS = ROOT / "docs"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def links_to_nowhere(path: Path) -> list[str]:
    """Return the relative links of a page whose file or anchor does not exist."""
    text = path.read_text(encoding="utf-8")
    missing = []
    for link in links_of(text):
        if "://" in link or link.startswith("mailto:"):
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        on_site = DOCS in path.parents and DOCS in file.parents
        if not file.exists() or ROOT not in file.parents:
            missing.append(link)
        elif DOCS in path.parents and not on_site:
            missing.append(f"{link} (the site has no such page: give the path as code)")
        elif anchor and file.suffix == ".md":
            content = file.read_text(encoding="utf-8")
            for separator in ("-", "_") if on_site else ("-",):
                if anchor not in anchors_of(content, separator=separator):
                    missing.append(link)
                    break
    return missing


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_links_lead_somewhere(path):
    assert links_to_nowhere(path) == []


@pytest.mark.parametrize("path", [path for path in FILES if ".github" not in path.parts], ids=name_of)
def test_one_title(path):
    own = path.read_text(encoding="utf-8").partition("<!-- WEASEL: AUTO-GENERATED")[0]
    levels = [level for level, _ in headings_of(own)]
    assert levels[:1] == [1]
    assert levels.count(1) == 1


def pages_of(nav: object) -> list[str]:
    """Return the pages of a navigation, in order."""
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [page for part in parts for page in pages_of(part)]


def test_all_pages_are_in_the_navigation():
    config = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    pages = {path.relative_to(DOCS).as_posix() for path in FILES if DOCS in path.parents}
    assert pages == set(pages_of(config["project"]["nav"]))


# The checks themselves


def test_wrong_links_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr("test_links.ROOT", tmp_path)
    monkeypatch.setattr("test_links.DOCS", tmp_path / "docs")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("# The `A` (first)\n\n## B\n\n## B\n\n```text\n## C\n```\n")
    (tmp_path / "README.md").write_text(
        "[a](docs/a.md#the-a-first) [b](docs/a.md#b-1) [c](docs/a.md#c) ![i](i.svg) `[x](y)`\n[n]: nowhere.md\n"
    )
    assert links_to_nowhere(tmp_path / "README.md") == ["docs/a.md#c", "i.svg", "nowhere.md"]
    (tmp_path / "docs/b.md").write_text("# B\n[a](a.md#b) [c](a.md#b-1) [d](a.md#b_1) [r](../README.md)\n")
    found = links_to_nowhere(tmp_path / "docs/b.md")
    assert found[:2] == ["a.md#b-1", "a.md#b_1"]
    assert found[2].startswith("../README.md (the site")
