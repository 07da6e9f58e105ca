"""The pages for contributors: every file and every name that they mention exists, and the picture shows every room."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from test_layers import FLOORS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs/contributing").glob("*.md"))]
FOLDERS = ("spacy_w2v", "tests", "docs", "benchmarks", "configs", ".ci")
SPOKEN = {"word2vec.c", "NAME", "make_NAME_v1", "meta.json"}
"""Words set as code that are neither files nor names of the repository."""

CODE = re.compile(r"`([^`\n]+)`")
NAME = re.compile(r"_?[A-Za-z]\w*")
SEARCHED = [
    *(path for folder in ("spacy_w2v", "tests") for path in (ROOT / folder).rglob("*.py") if path != Path(__file__)),
    ROOT / "pyproject.toml",
]


def text_of(page: Path) -> str:
    """Return a page without its blocks of code, which are run elsewhere."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def names_in(pages: list[Path]) -> set[str]:
    return {code for page in pages for code in CODE.findall(text_of(page))} - SPOKEN


@pytest.fixture(scope="module")
def words_of_the_code() -> set[str]:
    return {word for path in SEARCHED for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_exist(page):
    paths = {code for code in names_in([page]) if code.startswith(FOLDERS) and "/" in code}
    in_blocks = set(re.findall(r"(?<![\w/])(?:tests|\.ci|benchmarks)/\w+(?:\.\w+)?", page.read_text(encoding="utf-8")))
    assert [path for path in sorted(paths | in_blocks) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_exist(page, words_of_the_code):
    names = {name for name in names_in([page]) if NAME.fullmatch(name)}
    assert sorted(names - words_of_the_code) == []


def test_names_are_found():
    """The pattern sees names: pages without any would pass."""
    names = names_in(PAGES)
    assert {"TRAINING_KERNELS", "Objective", "spacy_w2v/sources/_gensim_wiki.py"} <= names


def test_the_house_has_every_room():
    page = (ROOT / "docs/contributing/house.md").read_text(encoding="utf-8")
    rooms = {room for floor in FLOORS for room in floor}
    in_table = re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
    assert {room for row in in_table for room in CODE.findall(row)} == rooms


def test_the_picture_has_every_room_on_its_floor():
    picture = ElementTree.parse(ROOT / "docs/images/house.svg").getroot()
    floors: dict[str, set[str]] = {}
    for text in picture.iter("{http://www.w3.org/2000/svg}text"):
        if text.get("class") == "room code":
            floors.setdefault(text.attrib["y"], set()).add(text.text or "")
    from_the_top = [floors[height] for height in sorted(floors, key=float)]
    assert from_the_top[::-1] == FLOORS


@pytest.mark.parametrize("name", ["way", "house"])
def test_pictures_can_be_read_by_all(name):
    picture = ElementTree.parse(ROOT / f"docs/images/{name}.svg").getroot()
    labels = {element.get("id"): element.text for element in picture if element.get("id")}
    assert picture.get("role") == "img"
    assert all(labels[label] for label in picture.attrib["aria-labelledby"].split())
    assert float(picture.attrib["width"]) <= 800
    assert "prefers-color-scheme: dark" in (ROOT / f"docs/images/{name}.svg").read_text(encoding="utf-8")
