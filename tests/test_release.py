"""What a release says of itself: one version, links that lead somewhere on the package index, and a citation."""

import re
import sys
from pathlib import Path

import pytest
import srsly

import spacy_w2v

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOME = PROJECT["project"]["urls"]["Source"]


def citation():
    return srsly.read_yaml(ROOT / "CITATION.cff")


def test_the_citation_has_the_version_of_the_package():
    assert citation()["version"] == spacy_w2v.__version__


def test_the_changelog_begins_with_the_version_of_the_package():
    headings = re.findall(
        r"^## \[?(.+?)\]?(?: .*)?$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert spacy_w2v.__version__ == next(heading for heading in headings if heading != "Unreleased")


def test_the_version_stands_in_one_place():
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "spacy_w2v/__init__.py"


def test_the_home_of_the_project_is_the_same_everywhere():
    assert citation()["repository-code"] == HOME
    for url in PROJECT["project"]["urls"].values():
        assert url.startswith(HOME)


def test_the_citation_says_what_the_project_says():
    assert citation()["license"] == PROJECT["project"]["license"]
    names = [author["name"] for author in PROJECT["project"]["authors"]]
    assert [author["name"] for author in citation()["authors"]] == names
    assert names[0] in (ROOT / "LICENSE").read_text(encoding="utf-8")


def description(text):
    """The text that the package index shows for a README, as the build makes it."""
    for rule in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    return text


@pytest.mark.parametrize(
    ("readme", "expected"),
    [
        ("[a](docs/a.md#b) and [c\nd](e)", f"[a]({HOME}/blob/HEAD/docs/a.md#b) and [c\nd]({HOME}/blob/HEAD/e)"),
        ("![way](docs/way.svg)", f"![way]({HOME}/raw/HEAD/docs/way.svg)"),
        ('<img src="docs/way.svg">', f'<img src="{HOME}/raw/HEAD/docs/way.svg">'),
        ("[![CI](ci.svg)](ci.md)", f"[![CI]({HOME}/raw/HEAD/ci.svg)]({HOME}/blob/HEAD/ci.md)"),
        ("[a](https://spacy.io), [b](#limits), <b@c.org>", "[a](https://spacy.io), [b](#limits), <b@c.org>"),
    ],
    ids=["page", "image", "html", "badge", "absolute"],
)
def test_relative_links_become_absolute_on_the_package_index(readme, expected):
    assert description(readme) == expected


def test_the_readme_has_no_relative_link_on_the_package_index():
    targets = re.findall(
        r'\]\(([^)\s]+)|\b(?:src|srcset|href)="([^"]+)"|^\[[^\]]+\]:\s*(\S+)',
        description((ROOT / "README.md").read_text(encoding="utf-8")),
        re.MULTILINE,
    )
    found = ["".join(target) for target in targets]
    assert found
    assert [target for target in found if not target.startswith(("https://", "#"))] == []


def test_what_the_readme_links_to_is_in_the_repository():
    text = description((ROOT / "README.md").read_text(encoding="utf-8"))
    for path in re.findall(re.escape(HOME) + r"/(?:blob|raw)/HEAD/([^)#\"\s]+)", text):
        assert (ROOT / path).exists(), path
