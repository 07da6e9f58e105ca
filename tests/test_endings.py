"""How a run ends: killed at the very end, in places of their own, and what is left afterwards."""

import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest
from helpers_cli import CONFIG, SIGKILL, files_below, start, w2v_here, write_texts

import spacy_w2v
from spacy_w2v._atomic import directories, disk, exchange
from spacy_w2v.errors import StorageError
from spacy_w2v.training import _composition as composition
from spacy_w2v.training import _results as results
from spacy_w2v.training._results import checkpoint_of

TRAIN = ("train", "config.cfg", "-o", "out", "--cache-dir", "cache", "--w2v.export.formats", "[]")
ALWAYS = ("--w2v.training.checkpoint_every_s", "0")


@pytest.fixture
def workplace(tmp_path):
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG)
    return tmp_path


def left_beside(workplace):
    """What is there besides the results, the cache and what was there before."""
    return {path.name for path in workplace.iterdir()} - {"out", "cache", "texts.txt", "config.cfg"}


@pytest.fixture
def killed_at_the_end(workplace, monkeypatch):
    """A run whose results are in their place, and whose checkpoint is still there."""
    with monkeypatch.context() as patch:
        patch.setattr("spacy_w2v.training._checkpoint.remove_directory", lambda path: None)  # at the start of a new run
        assert w2v_here(*TRAIN, *ALWAYS, cwd=workplace).code == 0
    assert left_beside(workplace) == {"out.checkpoint"}
    return workplace


def test_a_run_killed_after_its_results_is_finished_by_resume(killed_at_the_end):
    before = files_below(killed_at_the_end / "out")
    result = w2v_here(*TRAIN, *ALWAYS, "--resume", cwd=killed_at_the_end)
    assert result.code == 0
    assert "The run is already complete. Its results are in out" in result.said
    assert left_beside(killed_at_the_end) == set()
    assert files_below(killed_at_the_end / "out") == before
    assert w2v_here(*TRAIN, "--resume", cwd=killed_at_the_end).code == 0, "and so it stays"
    other = w2v_here(*TRAIN, "--resume", "--w2v.model.window", 3, cwd=killed_at_the_end)
    assert other.code == 1
    assert "but out has the complete results of a run with differences: w2v.model.window was 5, is now: 3" in other.said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--w2v.model.window", 3], "results of a run with differences: w2v.model.window was 5, is now: 3"),
        (["--w2v.export.postprocess", "center"], 'w2v.export.postprocess was null, is now: "center" Export the model'),
    ],
)
def test_such_a_run_is_not_taken_for_one_with_other_settings(killed_at_the_end, options, message):
    """The first command finds its checkpoint too, and removes it."""
    before = files_below(killed_at_the_end / "out")
    for _ in range(2):
        result = w2v_here(*TRAIN, *ALWAYS, "--resume", *options, cwd=killed_at_the_end)
        assert result.code == 1
        assert message in result.said
        assert left_beside(killed_at_the_end) == set()
    assert files_below(killed_at_the_end / "out") == before


@pytest.mark.parametrize("rest", [".out.checkpoint.lock", ".out.checkpoint-gone", "cache/unfinished-abc"])
def test_leftovers_of_a_run_killed_later_are_removed(workplace, rest):
    assert w2v_here(*TRAIN, cwd=workplace).code == 0
    before = files_below(workplace)
    (workplace / rest).touch() if rest.endswith("lock") else (workplace / rest).mkdir()
    assert w2v_here(*TRAIN, "--resume", cwd=workplace).code == 0
    assert files_below(workplace) == before


CODE = """
import spacy
from spacy.tokens import Doc

class Words:
    def __init__(self, vocab): self.vocab = vocab
    def __call__(self, text): return Doc(self.vocab, words=text.split())
    def to_bytes(self, **options): return b""

@spacy.registry.tokenizers("test_endings.Words.v1")
def make(): return lambda nlp: Words(nlp.vocab)
"""


def test_a_run_with_custom_code_is_finished(workplace):
    (workplace / "code.py").write_text(CODE)
    tokenizer = '[nlp.tokenizer]\n@tokenizers = "test_endings.Words.v1"\n\n[w2v]\n'
    (workplace / "config.cfg").write_text(CONFIG.replace("[w2v]\n", tokenizer))
    assert w2v_here(*TRAIN, "--code", "code.py", cwd=workplace).code == 0
    result = w2v_here(*TRAIN, "--code", "code.py", "--resume", cwd=workplace)
    assert "The run is already complete" in result.said


def test_what_is_no_cache_is_left_alone_when_a_run_is_done(workplace):
    assert w2v_here(*TRAIN, cwd=workplace).code == 0
    (workplace / "novels/unfinished-story").mkdir(parents=True)
    (workplace / "novels").chmod(0o755)
    before, mode = files_below(workplace), (workplace / "novels").stat().st_mode
    result = w2v_here(*TRAIN, "--resume", "--cache-dir", "novels", cwd=workplace)
    assert "The run is already complete" in result.said
    assert files_below(workplace) == before
    assert (workplace / "novels").stat().st_mode == mode


def test_the_checkpoint_that_a_run_is_replacing_is_left_to_it(workplace):
    """Between two renames it stands beside its place; whoever put it back would make the second one fail."""
    out, aside = workplace / "out", workplace / ".out.checkpoint-old"
    aside.mkdir()
    with results.exclusive_writer(checkpoint_of(out)), pytest.raises(StorageError, match="another one is in progress"):
        results.finish_killed_run(out)
    assert aside.exists()
    assert not results.finish_killed_run(out)
    assert checkpoint_of(out).exists()
    assert not aside.exists()


def test_results_that_came_while_a_run_was_starting_are_kept(workplace, monkeypatch):
    """As those of another run, which has let go of the output just before this one holds it."""
    exclusive_writer = results.exclusive_writer

    @contextmanager
    def later(*arguments, **options):
        with exclusive_writer(*arguments, **options):
            (workplace / "out").mkdir()
            (workplace / "out/training.jsonl").write_text("of the other run")
            yield

    monkeypatch.setattr("spacy_w2v.training._checkpoint.exclusive_writer", later)
    result = w2v_here(*TRAIN, cwd=workplace)
    assert result.code == 1
    assert "The output directory must be new or empty, but out exists." in result.said
    assert (workplace / "out/training.jsonl").read_text() == "of the other run"


def test_such_a_run_can_be_replaced(killed_at_the_end):
    run = spacy_w2v.load(killed_at_the_end / "out").meta["run"]
    assert w2v_here(*TRAIN, "--overwrite", cwd=killed_at_the_end).code == 0
    assert left_beside(killed_at_the_end) == set()
    assert spacy_w2v.load(killed_at_the_end / "out").meta["run"] != run


def test_a_checkpoint_of_another_run_is_not_taken_for_that_of_the_results(killed_at_the_end):
    checkpoint = killed_at_the_end / "out.checkpoint"
    meta = (checkpoint / "meta.json").read_text()
    run = spacy_w2v.load(killed_at_the_end / "out").meta["run"]
    (checkpoint / "meta.json").write_text(meta.replace(run, "0" * len(run)))
    assert not results.finish_killed_run(killed_at_the_end / "out")
    assert checkpoint.exists()


def test_results_are_on_the_disk_before_the_checkpoint_goes(workplace, monkeypatch):
    done = []
    sync, remove = disk.sync, directories.remove_directory

    def synced(path):
        done.append(str(path.absolute().relative_to(workplace)))
        sync(path)

    for module in (disk, directories, exchange):
        monkeypatch.setattr(module, "sync", synced)
    monkeypatch.setattr(
        "spacy_w2v.training._checkpoint.remove_directory", lambda path: (done.append("checkpoint goes"), remove(path))
    )
    assert w2v_here(*TRAIN, *ALWAYS, cwd=workplace).code == 0
    after_training = done[max(i for i, step in enumerate(done) if step.startswith(".out.checkpoint")) :]
    end = after_training.index("checkpoint goes")
    for place in (".out.spacy-w2v/new/model/input_vectors.npy", ".out.spacy-w2v/new/training.jsonl", "."):
        assert after_training.index(place) < end


def test_leftovers_of_killed_runs_go_with_the_next_one(workplace):
    process = start(*TRAIN, *ALWAYS, "--w2v.training.epochs", 100_000, cwd=workplace)
    deadline = time.monotonic() + 60
    while not (workplace / "out.checkpoint/progress.json").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(SIGKILL)
    process.communicate(timeout=60)
    assert {".out.spacy-w2v", ".out.checkpoint.lock"} <= left_beside(workplace)
    assert w2v_here(*TRAIN, "--overwrite", cwd=workplace).code == 0
    assert left_beside(workplace) == set()
    assert set(files_below(workplace / "out")) >= {"model", "training.jsonl", "config.cfg"}
    assert not [name for name in files_below(workplace / "out") if name.startswith(".")]


def test_a_mount_point_has_its_checkpoint_within(workplace):
    out = workplace / "out"
    out.mkdir()
    command = ["mount", "-t", "tmpfs", "none", out]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    try:
        (out / "lost+found").mkdir()
        assert checkpoint_of(out) == out / "checkpoint"
        process = start(*TRAIN, *ALWAYS, "--w2v.training.epochs", 300, cwd=workplace)
        deadline = time.monotonic() + 60
        while not (out / "checkpoint/progress.json").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(SIGKILL)
        process.communicate(timeout=60)
        options = ("--w2v.training.epochs", 300, "--resume")
        assert w2v_here(*TRAIN, *options, cwd=workplace).code == 0
        assert {path.name for path in out.iterdir()} == {"lost+found", "model", "config.cfg", "training.jsonl"}
        assert left_beside(workplace) == set()
        (out / "notes.md").write_text("mine")
        assert w2v_here(*TRAIN, "--overwrite", cwd=workplace).code == 0
        assert (out / "notes.md").read_text() == "mine"
    finally:
        subprocess.run(["umount", "-l", out], check=True)


def test_saving_over_a_model_leaves_what_is_no_model(workplace):
    assert w2v_here(*TRAIN, cwd=workplace).code == 0
    model = spacy_w2v.load(workplace / "out")
    model.save(workplace / "saved")
    (workplace / "saved/notes.md").write_text("mine")
    (workplace / "saved/progress.json").write_text("of a checkpoint, which the new model is not")
    model.save(workplace / "saved", overwrite=True)
    assert (workplace / "saved/notes.md").read_text() == "mine"
    assert not (workplace / "saved/progress.json").exists()
    assert (spacy_w2v.load(workplace / "saved").input_vectors == model.input_vectors).all()


def test_a_full_disk_at_the_end_leaves_the_earlier_results_and_the_checkpoint(workplace, monkeypatch):
    assert w2v_here(*TRAIN, cwd=workplace).code == 0
    before = files_below(workplace / "out")

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    for step in ("write_model", "export_all"):
        with monkeypatch.context() as patch:
            patch.setattr(composition, step, full)
            result = w2v_here(*TRAIN, *ALWAYS, "--overwrite", cwd=workplace)
        assert result.code == 1
        assert "The disk must have space for out, but is full. Nothing was changed there." in result.said
        assert files_below(workplace / "out") == before
        assert left_beside(workplace) == {"out.checkpoint"}
    assert w2v_here(*TRAIN, "--resume", "--overwrite", cwd=workplace).code == 0
    assert left_beside(workplace) == set()
