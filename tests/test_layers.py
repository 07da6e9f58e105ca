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
    {"_system", "_jit", "_arrays", "_version"},
    {"errors"},
    {"_atomic", "config", "cluster", "hub"},
    {"sources", "kernels", "merging", "subwords", "keys"},
    {"tokenization", "objectives"},
    {"corpus", "model"},
    {"phrases"},
    {"formats", "cooccurrence"},
    {"evaluation", "inspection", "plots"},
    {"training"},
    {"reports"},
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


MOST_LINES_OF_MODULE = 400
MOST_LINES_OF_FUNCTION = 55
"""Without the docstring: a screen."""

VARIANTS = {"negative-sampling", "hierarchical-softmax", "softmax", "glove", "ppmi-svd", "skip-gram", "cbow"}
REGISTRY = "kernels/__init__.py"
MOST_LINES_WITH_VARIANTS = 7
"""In each of the seven classes of losses and architectures, the line with its name."""


def tree_of(module: Path) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the number of lines of a function from `def`, without those of the docstring."""
    first = function.body[0]
    docstring = first.end_lineno - first.lineno + 1 if ast.get_docstring(function) is not None else 0
    return function.end_lineno - function.lineno + 1 - docstring


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_are_short(module):
    n_lines = len((PACKAGE / module).read_text(encoding="utf-8").splitlines())
    assert n_lines <= MOST_LINES_OF_MODULE, (
        f"A module must have at most {MOST_LINES_OF_MODULE} lines, but {module} has {n_lines}. "
        "Look for its second noun."
    )


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_functions_are_short(module):
    functions = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [
        f"{node.name} in {module}:{node.lineno} has {lines_of(node)}"
        for node in functions
        if lines_of(node) > MOST_LINES_OF_FUNCTION
    ]
    assert not long, (
        f"A function must have at most {MOST_LINES_OF_FUNCTION} lines without its docstring, but {'; '.join(long)}. "
        "Take out the parts that have names of their own."
    )


def test_losses_and_architectures_answer_for_themselves():
    """Nobody compares their names: only the settings and the table of kernels have them, and the classes themselves."""
    places = {
        f"{module}:{node.lineno}"
        for module in MODULES
        if module.parts[0] != "config" and module.as_posix() != REGISTRY
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Constant) and node.value in VARIANTS
    }
    assert len(places) <= MOST_LINES_WITH_VARIANTS, (
        f"Outside of config and {REGISTRY}, at most {MOST_LINES_WITH_VARIANTS} lines may name a loss or an "
        f"architecture as a string, but {len(places)} do: {', '.join(sorted(places))}. Make what depends on it a "
        "method of spacy_w2v.objectives."
    )


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import spacy_w2v", {"spacy", "numba", "gensim", "datasets", "pyarrow", "numpy", "pydantic"}),
        ("import spacy_w2v.cli", {"numba", "gensim", "datasets", "pyarrow", "scipy.stats", "matplotlib"}),
        ("import spacy_w2v.pipeline._factory", {"numba", "gensim", "datasets", "pyarrow"}),
        ("import spacy_w2v.pipeline._phrases", {"numba", "gensim", "datasets", "pyarrow"}),
    ],
)
def test_import_is_light(statement, heavy):
    code = f"import sys; {statement}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy & set(loaded) == set()
    assert "spacy_w2v" in loaded
