"""Killed at every single step on the disk: what was there is there, or what is new is, and nothing is left over."""

import os
import signal
import warnings

import pytest
from helpers_cli import files_below

from spacy_w2v._atomic import (
    check_output,
    finish_interrupted,
    recover_directory,
    remove_directory,
    replaced_directory,
    staged_directory,
    staged_siblings,
)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

STEPS = ("rename", "replace", "unlink", "remove", "rmdir", "mkdir", "open", "fsync", "write")
KILLED = 9


def run(function, *, n_steps=None) -> bool:
    """Run a function in another process, which ends after n changes of the disk; return whether it got through."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which the child does not need (Python 3.12)
        child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, KILLED), status
        return status == 0
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        left = [n_steps]

        def counted(step):
            def call(*arguments, **options):
                if left[0] == 0:
                    os._exit(KILLED)
                if left[0] is not None:
                    left[0] -= 1
                return step(*arguments, **options)

            return call

        for name in STEPS:
            setattr(os, name, counted(getattr(os, name)))
        function()
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


RESULTS = {"log", "model", "spacy", "gensim"}


def fill(place, content, *names):
    (place / "model").mkdir(parents=True)
    for name in ("log", "model/meta.json", "model/vectors.npy"):
        (place / name).write_text(content)
    for name in names:
        (place / name).write_text(content)


def write_results(out):
    with staged_directory(out, replaces=RESULTS) as directory:
        fill(directory, "new", "spacy")


def make_earlier(out, kind):
    """Make what stands at the output before; return what of it is the user's."""
    if kind == "nothing":
        return {}
    out.mkdir()
    if kind == "empty":
        return {}
    fill(out, "old", "gensim")
    (out / "model-best").mkdir()
    (out / "model-best/meta.json").write_text("mine")
    (out / "notes.md").write_text("mine")
    return {"model-best": None, "model-best/meta.json": b"mine", "notes.md": b"mine"}


OLD = {"log": b"old", "model": None, "model/meta.json": b"old", "model/vectors.npy": b"old", "gensim": b"old"}
NEW = {"log": b"new", "model": None, "model/meta.json": b"new", "model/vectors.npy": b"new", "spacy": b"new"}


@pytest.mark.parametrize("kind", ["nothing", "empty", "results"])
def test_results_killed_at_any_step(tmp_path, kind):
    seen = set()
    for number in range(1000):
        root = tmp_path / str(number)
        root.mkdir()
        out = root / "out"
        users = make_earlier(out, kind)
        before = {**OLD, **users} if kind == "results" else {}
        got_through = run(lambda out=out: write_results(out), n_steps=number)
        # as the next start does, whether it goes on to write there or not
        check_output(out, overwrite=True, marker_file="log")
        found = files_below(out) if out.exists() else {}
        assert found in (before, {**NEW, **users}), number
        assert set(files_below(root)) - {"out", *(f"out/{name}" for name in found)} <= {"out"}
        seen.add(found == before)
        write_results(out)
        assert files_below(root) == {"out": None} | {f"out/{name}": text for name, text in {**NEW, **users}.items()}
        if got_through:
            break
    assert seen == {True, False}
    assert number > 20


@pytest.mark.slow
def test_the_next_start_may_be_killed_too(tmp_path):
    first = tmp_path / "first/out"
    first.parent.mkdir()
    make_earlier(first, "results")
    n_steps = next(n for n in reversed(list(range(200))) if not run_on_copy(tmp_path, n))
    for number in range(max(0, n_steps - 40), n_steps, 5):
        for second in range(100):
            root = tmp_path / f"{number}-{second}"
            root.mkdir()
            users = make_earlier(root / "out", "results")
            assert not run(lambda root=root: write_results(root / "out"), n_steps=number)
            settled = run(lambda root=root: finish_interrupted(root / "out"), n_steps=second)
            finish_interrupted(root / "out")
            assert files_below(root / "out") in ({**OLD, **users}, {**NEW, **users}), (number, second)
            if settled:
                break


def run_on_copy(tmp_path, number):
    root = tmp_path / f"copy-{number}"
    root.mkdir()
    make_earlier(root / "out", "results")
    return run(lambda: write_results(root / "out"), n_steps=number)


def write_siblings(path):
    with staged_siblings(path) as directory:
        for name in ("v.kv", "v.kv.vectors.npy"):
            (directory / name).write_text("new")


def test_files_that_belong_together_killed_at_any_step(tmp_path):
    for number in range(1000):
        root = tmp_path / str(number)
        root.mkdir()
        for name in ("v.kv", "v.kv.vectors.npy", "notes.md"):
            (root / name).write_text("old")
        got_through = run(lambda root=root: write_siblings(root / "v.kv"), n_steps=number)
        write_siblings(root / "v.kv")
        assert files_below(root) == {"v.kv": b"new", "v.kv.vectors.npy": b"new", "notes.md": b"old"}
        if got_through:
            break
    assert number > 15


def write_checkpoint(path, content):
    with replaced_directory(path) as directory:
        fill(directory, content)


def test_checkpoints_killed_at_any_step(tmp_path):
    for number in range(1000):
        path = tmp_path / str(number) / "run"
        write_checkpoint(path, "old")
        got_through = run(lambda path=path: write_checkpoint(path, "new"), n_steps=number)
        recover_directory(path)
        contents = {name: text for name, text in files_below(path).items() if text is not None}
        assert {*contents.values()} in ({b"old"}, {b"new"}), number
        assert len(contents) == 3
        remove_directory(path)
        assert files_below(path.parent) == {}
        if got_through:
            break
    assert number > 10


def test_a_checkpoint_is_removed_as_a_whole(tmp_path):
    for number in range(1000):
        path = tmp_path / str(number) / "run"
        write_checkpoint(path, "old")
        got_through = run(lambda path=path: remove_directory(path), n_steps=number)
        recover_directory(path)
        assert not path.exists() or len(files_below(path)) == 4, number
        remove_directory(path)
        assert files_below(path.parent) == {}
        if got_through:
            break
    assert number > 3
