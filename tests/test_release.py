"""What a release says of itself: one version, links that lead somewhere on the package index, a citation, workflows."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import spacy
import srsly

import spacy_w2v
from spacy_w2v.errors._packages import PACKAGES_OF_TRAINING

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOME = PROJECT["project"]["urls"]["Source"]


def citation():
    return srsly.read_yaml(ROOT / "CITATION.cff")


def universe():
    """The entry for spaCy Universe, the collection of what is made for spaCy."""
    return srsly.read_json(ROOT / "docs/universe.json")


def test_the_citation_has_the_version_of_the_package():
    assert citation()["version"] == spacy_w2v.__version__


def test_the_changelog_begins_with_the_version_of_the_package():
    headings = re.findall(
        r"^## \[?(.+?)\]?(?: .*)?$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert spacy_w2v.__version__ == next(heading for heading in headings if heading != "Unreleased")


def test_the_version_stands_in_one_place():
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "spacy_w2v/_version.py"


def test_the_home_of_the_project_is_the_same_everywhere():
    assert citation()["repository-code"] == HOME
    assert universe()["url"] == HOME
    assert universe()["github"] == HOME.removeprefix("https://github.com/")
    for url in PROJECT["project"]["urls"].values():
        assert url.startswith(HOME)


def test_the_citation_says_what_the_project_says():
    assert citation()["license"] == PROJECT["project"]["license"]
    names = [author["name"] for author in PROJECT["project"]["authors"]]
    assert [author["name"] for author in citation()["authors"]] == names
    assert names[0] in (ROOT / "LICENSE").read_text(encoding="utf-8")


def core_distribution():
    """The pyproject.toml of spacy-w2v-core, as the script of releases writes it, and the script."""
    spec = importlib.util.spec_from_file_location("packages", ROOT / ".ci/packages.py")
    packages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(packages)
    return tomllib.loads(packages.core_project((ROOT / "pyproject.toml").read_text(encoding="utf-8"))), packages


def test_the_core_distribution_is_the_same_without_the_packages_of_training():
    core, packages = core_distribution()
    assert core["project"]["name"] == "spacy-w2v-core"
    every, needed = PROJECT["project"]["dependencies"], core["project"]["dependencies"]
    train = core["project"]["optional-dependencies"].pop("train")
    assert sorted(needed + train) == sorted(every)
    assert {re.match(r"[\w-]+", each)[0] for each in train} == set(packages.TRAINING) <= set(PACKAGES_OF_TRAINING)
    assert len(needed) + len(packages.TRAINING) == len(every)
    for name in ("entry-points", "scripts", "requires-python", "dynamic"):
        assert core["project"].get(name) == PROJECT["project"].get(name)
    assert core["tool"]["hatch"] == PROJECT["tool"]["hatch"]


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


# the kinds of values, and the categories, that website/UNIVERSE.md and website/meta/universe.json of spaCy name
KINDS = {
    "id": str,
    "title": str,
    "slogan": str,
    "description": str,
    "github": str,
    "pip": str,
    "code_example": list,
    "code_language": str,
    "url": str,
    "author": str,
    "author_links": dict,
    "category": list,
    "tags": list,
}
CATEGORIES = {"pipeline", "training", "conversational", "research", "scientific", "visualizers", "apis", "standalone"}


def test_the_entry_for_spacy_universe_has_its_form():
    assert {name: type(value) for name, value in universe().items()} == KINDS
    assert set(universe()["category"]) <= CATEGORIES
    assert universe()["pip"] == universe()["id"] == PROJECT["project"]["name"]
    assert universe()["author"] == citation()["authors"][0]["name"]


def test_the_entry_for_spacy_universe_names_real_things():
    names = re.findall(r"`(.+?)`", universe()["description"])
    assert names == ["spacy-w2v", "spacy w2v", "spacy train", "w2v"]
    groups = PROJECT["project"]["entry-points"]
    assert "w2v" in groups["spacy_cli"]
    assert "w2v" in groups["spacy_factories"]


def test_the_example_for_spacy_universe_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPACY_W2V_CACHE", str(tmp_path / "cache"))
    code = "\n".join(universe()["code_example"])
    assert "epochs=20" in code
    exec(compile(code.replace("epochs=20", "epochs=1"), "universe.json", "exec"), {})
    similar, similarity = capsys.readouterr().out.splitlines()
    assert similar.count("(") == 3
    assert -1 <= float(similarity) <= 1
    assert "french" in spacy.load("pipeline").vocab.strings


WORKFLOWS = {path.stem: srsly.read_yaml(path) for path in (ROOT / ".github/workflows").glob("*.yml")}
STEPS = [step for workflow in WORKFLOWS.values() for job in workflow["jobs"].values() for step in job["steps"]]


def test_every_python_has_a_lane():
    prefix = "Programming Language :: Python :: 3."
    named = [name.removeprefix(prefix[:-2]) for name in PROJECT["project"]["classifiers"] if name.startswith(prefix)]
    assert WORKFLOWS["ci"]["jobs"]["linux"]["strategy"]["matrix"]["python"] == named


def test_actions_are_pinned_to_commits():
    actions = [step["uses"] for step in STEPS if "uses" in step]
    assert actions
    assert [action for action in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []


def test_only_the_job_that_publishes_may_ask_for_a_token():
    jobs = WORKFLOWS["release"]["jobs"]
    assert WORKFLOWS["release"]["permissions"] == {}
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["publish"]
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"publish"}
