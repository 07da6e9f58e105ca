"""Build the wheel and the source distribution, and check both as those who install them use them.

    python .ci/packages.py build dist          # needs `pip install build twine`
    python .ci/packages.py try-wheel dist      # in a new environment: commands, spaCy, gensim, without the source
    python .ci/packages.py test-sdist dist     # its tests, against the installed wheel; more options go to pytest
    python .ci/packages.py build-core core     # the wheel of spacy-w2v-core, for pipelines that are only used

Each step works on Linux, macOS and Windows, and ends with an error if something is missing.
"""

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "spacy_w2v"
CORE = "spacy-w2v-core"
"""The distribution with the same modules that requires only what pipelines with the component need."""
TRAINING = ("datasets", "fsspec", "gensim", "huggingface_hub", "numba", "pyarrow", "safetensors", "scipy")
"""The dependencies that only training needs: the extra `train` of the core distribution."""

SPACY = """
import spacy, spacy_w2v
from gensim.models import KeyedVectors
assert "site-packages" in spacy_w2v.__file__, spacy_w2v.__file__
nlp = spacy.load("vectors")
print("spaCy:", nlp("french")[0].similarity(nlp("German")[0]))
print("gensim:", KeyedVectors.load("vectors/gensim/vectors.kv", mmap="r").most_similar("french", topn=3))
print("Python:", spacy_w2v.__version__, spacy_w2v.load("vectors/model"))
"""


def main() -> None:
    """Do one step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["build", "build-core", "try-wheel", "test-sdist"])
    parser.add_argument("directory", type=Path, help="of the two files")
    arguments, options = parser.parse_known_args()
    directory = arguments.directory.resolve()
    if arguments.step == "build":
        build(directory)
    elif arguments.step == "build-core":
        build_core(directory)
    else:
        with tempfile.TemporaryDirectory() as work:
            if arguments.step == "try-wheel":
                try_wheel(directory, work=Path(work))
            else:
                test_sdist(directory, work=Path(work), options=options)


def run(*command: object, cwd: Path) -> None:
    """Run a command with its output shown; a command that fails ends this program."""
    print("+", *command, flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def build(directory: Path) -> None:
    """Build both files into an empty directory, the wheel from the source distribution, and check what they hold."""
    shutil.rmtree(directory, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", directory, ROOT, cwd=ROOT)
    sdist, wheel = sdist_in(directory), wheel_in(directory)
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel, cwd=ROOT)
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    committed = set(listed.stdout.splitlines())
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    compare(sdist, names, committed | {"PKG-INFO"})
    with zipfile.ZipFile(wheel) as wheel_archive:
        names = {name for name in wheel_archive.namelist() if ".dist-info/" not in name}
    compare(wheel, names, {name for name in committed if name.startswith(f"{PACKAGE}/")})


def build_core(directory: Path) -> None:
    """Build the wheel of the core distribution of what is committed, into a directory."""
    with tempfile.TemporaryDirectory() as work:
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as committed:
            if sys.version_info >= (3, 12):
                committed.extractall(work, filter="data")
            else:
                committed.extractall(work)
        project = Path(work, "pyproject.toml")
        project.write_text(core_project(project.read_text(encoding="utf-8")), encoding="utf-8")
        run(sys.executable, "-m", "build", "--wheel", "--outdir", directory, work, cwd=ROOT)


def core_project(project: str) -> str:
    """Return the pyproject.toml of the core distribution.

    Args:
        project: The pyproject.toml of spacy-w2v.
    """
    dependencies = re.search(r"^dependencies = \[\n(.*?)^\]\n", project, re.MULTILINE | re.DOTALL)
    extras = "[project.optional-dependencies]\n"
    if dependencies is None or extras not in project:
        sys.exit("pyproject.toml must have a list of dependencies, one on a line, and a table of extras")
    needed, train = [], []
    for line in dependencies[1].splitlines(keepends=True):
        name = re.match(r'\s*"([\w-]+)', line)
        (train if name is not None and name[1] in TRAINING else needed).append(line)
    changes = {
        'name = "spacy-w2v"\n': f'name = "{CORE}"\n',
        dependencies[0]: f"dependencies = [\n{''.join(needed)}]\n",
        extras: f"{extras}train = [\n{''.join(train)}]\n",
        "spacy-w2v[test]": f"{CORE}[test]",
    }
    for old, new in changes.items():
        if project.count(old) != 1:
            sys.exit(f"pyproject.toml must have this once: {old}")
        project = project.replace(old, new)
    return project


def sdist_in(directory: Path) -> Path:
    """Return the source distribution in a directory."""
    (path,) = directory.glob("*.tar.gz")
    return path


def wheel_in(directory: Path) -> Path:
    """Return the wheel in a directory."""
    (path,) = directory.glob("*.whl")
    return path


def compare(path: Path, names: set[str], expected: set[str]) -> None:
    """End with an error unless an archive holds what is expected."""
    if names != expected:
        sys.exit(
            f"{path.name} must hold what is committed, but lacks {sorted(expected - names)} "
            f"and has {sorted(names - expected)}"
        )
    print(f"{path.name}: {len(names)} files, as committed")


def environment_with(requirement: str, *, work: Path) -> Path:
    """Install a requirement in a new environment, and return its folder of programs."""
    venv.create(work / "venv", with_pip=True)
    programs = work / "venv" / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", requirement, cwd=work)
    run(programs / "python", "-m", "pip", "check", cwd=work)
    return programs


def try_wheel(directory: Path, *, work: Path) -> None:
    """Install the wheel alone, and go the way of the README: train, score, use the vectors in spaCy and gensim."""
    programs = environment_with(str(wheel_in(directory)), work=work)
    here = work / "elsewhere"
    here.mkdir()
    w2v = (programs / "spacy", "w2v")
    run(*w2v, "--help", cwd=here)
    run(*w2v, "init-config", "config.cfg", "--lang", "en", "--dataset", "gensim-wiki", "--size", "tiny", cwd=here)
    run(*w2v, "train", "config.cfg", "--output", "vectors", "--w2v.training.epochs", 5, cwd=here)
    run(*w2v, "evaluate", "vectors", cwd=here)
    run(programs / "python", "-c", SPACY, cwd=here)


def test_sdist(directory: Path, *, work: Path, options: list[str]) -> None:
    """Run the tests of the source distribution on the installed wheel."""
    programs = environment_with(f"{wheel_in(directory)}[test]", work=work)
    with tarfile.open(sdist_in(directory)) as archive:
        if sys.version_info >= (3, 12):
            archive.extractall(work, filter="data")
        else:
            archive.extractall(work)
    (unpacked,) = work.glob("spacy_w2v-*")
    run(programs / "pytest", *options, cwd=unpacked)  # `python -m pytest` would import the unpacked package


if __name__ == "__main__":
    main()
