"""The shape of the package: imports point down, and importing it stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import spacy_w2v

PACKAGE = Path(spacy_w2v.__file__).parent

# From bottom to top; a module may import from its own layer and those below.
LAYERS = [
    {"types", "errors", "config", "_atomic", "_terminal", "memory", "blas", "signals"},
    {"kernels", "sampling", "huffman", "grafting", "output_layers", "schedules"},
    {"model"},
    {"corpus"},
    {"export", "initial", "evaluation", "evaluation_sets", "report"},
    {"training"},
    {"api", "callbacks", "__init__"},
    {"cli", "component"},
]
LEVEL_OF_ROOM = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}


def room_of(module: str) -> str:
    """The top-level part of the package that a dotted name of ours belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            if node.module == "spacy_w2v":
                names.update(f"spacy_w2v.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return names


MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_down(module):
    room = module.parts[0].removesuffix(".py")
    level = LEVEL_OF_ROOM[room]
    above = {
        name
        for name in imports_of(PACKAGE / module)
        if name.split(".")[0] == "spacy_w2v" and name != "spacy_w2v" and LEVEL_OF_ROOM.get(room_of(name), 99) > level
    }
    assert above == set()


@pytest.mark.parametrize("module", [path for path in MODULES if path.parts[0] == "kernels"], ids=str)
def test_kernels_know_numpy_and_numba_only(module):
    allowed = {"numpy", "numba", "llvmlite", "spacy_w2v", *sys.stdlib_module_names}
    assert {name.split(".")[0] for name in imports_of(PACKAGE / module)} <= allowed


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_are_short(module):
    assert len((PACKAGE / module).read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import spacy_w2v", {"spacy", "numba", "gensim", "datasets", "pyarrow", "numpy", "pydantic"}),
        ("import spacy_w2v.cli", {"numba", "gensim", "datasets", "pyarrow", "scipy.stats", "matplotlib"}),
        ("import spacy_w2v.component", {"numba", "gensim", "datasets", "pyarrow"}),
    ],
)
def test_import_is_light(statement, heavy):
    code = f"import sys; {statement}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy & set(loaded) == set()
    assert "spacy_w2v" in loaded
