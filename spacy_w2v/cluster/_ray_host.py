"""What runs on the machines of a Ray cluster: a process that holds an object, and a check of what it needs there."""

import os
import platform
import sys
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from spacy_w2v._version import __version__

PACKAGES = ("numba", "numpy", "spacy")
"""Packages whose versions decide about results, besides this one and Ray, which checks its own."""


class Requirements(NamedTuple):
    """What a run needs on each machine."""

    versions: dict[str, str]
    """The versions of Python and of packages, by name."""
    probe: Path | None = None
    """A file in the directory that all machines must share; None if none must."""
    content: str = ""
    """What is in it."""
    code_path: Path | None = None
    """Python file with the user's registered functions."""


class Host:
    """An actor: a process that holds an object, and calls its methods.

    Each call takes the result of an earlier one that must not have failed. Otherwise Ray raises its error again.
    """

    def __init__(self) -> None:
        self._instance: object = None

    def prepare(
        self, needed: Requirements, *, n_cores: int, search_path: list[str], working_directory: str
    ) -> str | None:
        """Prepare the process for the object, and return what is missing on this machine; None if nothing is.

        Args:
            needed: What the run needs.
            n_cores: Number of cores that the object uses, which is the number of threads of BLAS.
            search_path: Directories with modules of the user's program, if they are on this machine too.
            working_directory: The directory that relative paths of the run refer to, if it is on this machine too.
        """
        if os.path.isdir(working_directory):
            os.chdir(working_directory)
        sys.path += [directory for directory in search_path if directory not in sys.path]
        missing = what_is_missing(needed)
        if missing is None:
            set_blas_threads(n_cores)
            if needed.code_path is not None:
                from spacy.cli._util import import_code

                import_code(needed.code_path)
        return missing

    def make(self, prepared: str | None, make: Callable[[], object]) -> None:
        """Create the object.

        Args:
            prepared: What `prepare` returned.
            make: Creates the object.
        """
        self._instance = make()

    def call(self, made: None, method: str, *arguments: Any) -> Any:  # Any: any arguments and results
        """Call a method of the object.

        Args:
            made: What `make` returned.
            method: The name of the method.
            arguments: Its arguments.
        """
        return getattr(self._instance, method)(*arguments)


def versions() -> dict[str, str]:
    """Return the versions of this process."""
    return {"Python": platform.python_version(), "spacy-w2v": __version__, **{name: version(name) for name in PACKAGES}}


def what_is_missing(needed: Requirements) -> str | None:
    """Return what is missing on this machine, as the end of a sentence; None if nothing is."""
    here = versions()
    different = [
        f"{name} {found} instead of {needed.versions[name]}"
        for name, found in here.items()
        if differs(name, found, needed)
    ]
    if different:
        return f"has {', '.join(different)}. Install the same versions on all machines"
    if needed.code_path is not None and not needed.code_path.is_file():
        return f"cannot read {needed.code_path}. All machines must have the file with your code at the same path"
    return None if needed.probe is None else _why_not_shared(needed.probe, needed.content)


def differs(name: str, found: str, needed: Requirements) -> bool:
    """Return whether a version differs: of Python, the third number does not matter."""
    expected = needed.versions[name]
    if name == "Python":
        return found.split(".")[:2] != expected.split(".")[:2]
    return found != expected


def _why_not_shared(probe: Path, content: str) -> str | None:
    directory = probe.parent
    try:
        if probe.read_text(encoding="utf-8") != content:
            return f"has another directory {directory}. It must be the same on all machines"
        own = probe.with_name(f"{probe.name}-{uuid.uuid4().hex}")
        own.write_text(content, encoding="utf-8")
        own.unlink()
    except FileNotFoundError:
        return f"does not see the files of this machine in {directory}. The directory must be on a disk that all share"
    except OSError as error:
        return f"cannot read and write in {directory}: {error.strerror}"
    return None


def set_blas_threads(n_threads: int) -> None:
    """Have BLAS use this number of threads, also libraries of it that are loaded later.

    Ray sets OMP_NUM_THREADS to the number of cores that an actor has reserved, which may be fewer than it uses.
    """
    import numpy as np  # noqa: F401  loads its BLAS
    from threadpoolctl import threadpool_limits

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(n_threads)
    threadpool_limits(n_threads, "blas")
