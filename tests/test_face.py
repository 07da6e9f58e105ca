"""The face: what `spacy_w2v` exports, and that nothing else is public."""

import ast
import inspect
import re
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path

import pytest

import spacy_w2v

PACKAGE = Path(spacy_w2v.__file__).parent

FACE = [
    "Callback",
    "ClusterError",
    "Comparison",
    "ConfigError",
    "ConfigWarning",
    "CorpusError",
    "CorpusWarning",
    "Inspection",
    "PhraseTable",
    "Scores",
    "StorageError",
    "TrainingError",
    "UnknownWordError",
    "Word2Vec",
    "Word2VecError",
    "WordVectors",
    "compare",
    "concatenate",
    "dataset",
    "docbin",
    "evaluate",
    "find_phrases",
    "from_gensim",
    "gensim_wiki",
    "inspect_vectors",
    "interleave",
    "load",
    "open_phrases",
    "open_vectors",
    "prune_vectors",
    "standard_input",
    "tokenize",
    "train",
]

PUBLIC_MODULES = {"__init__.py", "errors/__init__.py", "cli/__init__.py"}
"""The package, its errors, and what spaCy's command line imports."""

TABLES_OF_ROOMS = {"_atomic/__init__.py", "kernels/__init__.py"}
"""Where the other rooms find what is in these two."""


def test_the_face_is_listed_and_sorted():
    assert spacy_w2v.__all__ == FACE == sorted(FACE)
    assert dir(spacy_w2v) == sorted([*FACE, "__version__"])


@pytest.mark.parametrize("name", FACE)
def test_each_name_is_there_and_documented(name):
    assert getattr(spacy_w2v, name).__doc__


@pytest.mark.parametrize("name", [name for name in FACE if name.islower()])
def test_each_argument_is_documented(name):
    function = getattr(spacy_w2v, name)
    lines = inspect.getdoc(function).partition("Args:")[2].partition("\n\n")[0].splitlines()
    documented = [line.strip().partition(":")[0] for line in lines if re.match(r" {4}\w+: [A-Z\"]", line)]
    assert documented == list(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", [name for name in FACE if name.islower()])
def test_help_is_headed_by_the_public_name(name):
    assert getattr(spacy_w2v, name).__name__ == getattr(spacy_w2v, name).__qualname__ == name


def test_other_names_are_no_attributes():
    with pytest.raises(AttributeError, match="module 'spacy_w2v' has no attribute 'trian'"):
        spacy_w2v.trian  # noqa: B018


def test_type_checkers_see_what_is_imported():
    """The imports for type checkers and the homes of names are the same."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname or alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == spacy_w2v._HOMES
    assert sorted(seen) == FACE


def test_all_errors_are_exported():
    assert set(import_module("spacy_w2v.errors").__all__) <= set(FACE)


def test_modules_are_private_by_name():
    """All modules begin with an underscore; rooms have plain names, but hold nothing themselves."""
    modules = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")} - PUBLIC_MODULES
    open_ones = {name for name in modules if not any(part.startswith("_") for part in name.split("/")[:-1])}
    assert {name for name in open_ones if not name.split("/")[-1].startswith("_")} == set()
    rooms = {name for name in modules if name.endswith("__init__.py")} - TABLES_OF_ROOMS
    holding = {name for name in rooms if len(ast.parse((PACKAGE / name).read_text(encoding="utf-8")).body) > 1}
    assert holding == set()


ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"\bspacy_w2v\.(\w+)|\bfrom spacy_w2v import ([\w, ]+)")
READERS_OF_THE_FACE = [
    *("README.md", "project.yml", "docs/**/*.md", "configs/*.md", "configs/*.cfg", "configs/*/*.cfg", "configs/*/*.py"),
    *("benchmarks/*.md", "benchmarks/*.py"),
]
INSIDE = {
    "assembly.py": "compiles the loops of the kernels for other processors",
    "checksum_cost.py": "times functions of ours, which it names, within a run",
    "emulation.py": "trains several machines in one process, and merges them by rules of others too",
    "evaluation.py": "times the scores of single sets, and those of a matrix that changes",
    "phrases.py": "times the search for phrases in a corpus that is encoded already",
    "scores.py": "draws the answers to single questions again, which scores do not hold",
    "matmul_share.py": "counts the arithmetic of a kernel, so it needs the sizes of its blocks",
    "threads.py": "trains with more threads on weights of their own, which no run does",
    "scaling.py": "calls a kernel with vocabularies that no text at hand has",
}
"""Benchmarks that look inside the package, and why."""


def names_of_ours(text: str) -> set[str]:
    """Return what a text, of code or of prose, calls by `spacy_w2v.` or imports from it."""
    found = NAMED.findall(text)
    return {name for attribute, imported in found for name in (attribute, *imported.split(", ")) if name}


def test_names_are_found():
    text = (
        "from spacy_w2v.model._x import y\n>>> spacy_w2v.train()\nfrom spacy_w2v import load, errors\nimport spacy_w2v"
    )
    assert names_of_ours(text) == {"model", "train", "load", "errors"}


@pytest.mark.parametrize(
    "path",
    [path for pattern in READERS_OF_THE_FACE for path in sorted(ROOT.glob(pattern))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_documents_and_benchmarks_use_the_face_only(path):
    registered = {
        entry.name.removeprefix("spacy_w2v.").split(".")[0]
        for entry in distribution("spacy-w2v").entry_points
        if entry.name.startswith("spacy_w2v.")
    }
    others = names_of_ours(path.read_text(encoding="utf-8")) - {*FACE, *registered, "errors"}
    if path.parent.name == "benchmarks" and path.name in INSIDE:
        assert others, f"{path.name} looks inside no longer: take it off the list"
    else:
        assert others == set()
