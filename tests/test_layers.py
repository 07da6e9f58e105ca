"""The shape of the package: imports point down, and importing it stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import spacy_w2v

PACKAGE = Path(spacy_w2v.__file__).parent

# From bottom to top: a module may import from its own room, and from those of lower floors.
FLOORS = [
    {"_system", "_jit", "_arrays"},
    {"errors"},
    {"_atomic", "config"},
    {"sources", "kernels"},
    {"tokenization", "objectives"},
    {"corpus", "model"},
    {"formats"},
    {"training", "evaluation"},
    {"__init__", "_api"},
    {"pipeline"},
    {"cli"},
]
FLOOR_OF_ROOM = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


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
    """Rooms of one floor do not know each other, save the two files of the face."""
    room = module.parts[0].removesuffix(".py")
    allowed = {other for other, floor in FLOOR_OF_ROOM.items() if floor < FLOOR_OF_ROOM[room]} | {room}
    if room == "__init__":
        allowed.add("_api")
    imported = {room_of(name) for name in imports_of(PACKAGE / module) if name.startswith("spacy_w2v.")}
    assert imported - allowed == set()


def test_every_room_has_a_floor():
    rooms = {module.parts[0].removesuffix(".py") for module in MODULES}
    assert rooms == set(FLOOR_OF_ROOM)


def test_few_modules_stand_outside_of_rooms():
    loose = {module.name for module in MODULES if len(module.parts) == 1} - {"__init__.py"}
    assert len(loose) <= 9


@pytest.mark.parametrize("module", [path for path in MODULES if "kernels" in path.parts], ids=str)
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
        ("import spacy_w2v.pipeline._factory", {"numba", "gensim", "datasets", "pyarrow"}),
    ],
)
def test_import_is_light(statement, heavy):
    code = f"import sys; {statement}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy & set(loaded) == set()
    assert "spacy_w2v" in loaded
