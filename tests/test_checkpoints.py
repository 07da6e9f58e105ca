"""Runs that are stopped and go on, and runs that explode: as processes where it matters, else through Python."""

import dataclasses
import errno
import json
import math
import random
import shutil
import signal
import time

import numpy as np
import pytest
from helpers_cli import CONFIG, SIGHUP, SIGKILL, files_below, plain, start, w2v, w2v_here, write_texts
from helpers_model import make_model

import spacy_w2v
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.corpus import _store as store
from spacy_w2v.errors import ConfigError, StorageError, TrainingError
from spacy_w2v.model._storage import write_model
from spacy_w2v.objectives._parameters import unpadded_views, zero_parameters
from spacy_w2v.training._checkpoint import Checkpoint
from spacy_w2v.training._divergence import N_FREQUENT, NORM_LIMIT, DivergenceCheck, sample_rows
from spacy_w2v.training._preparation import describe_move
from spacy_w2v.training._results import _relevant_changes
from spacy_w2v.training._state import TaskResult
from spacy_w2v.training._work import Worker
from spacy_w2v.training.callbacks import _model_checkpoint as checkpoint_module
from spacy_w2v.training.callbacks import _terminate_on_divergence as divergence_module
from spacy_w2v.training.callbacks._model_checkpoint import ModelCheckpoint

EPOCHS = 150
TRAIN = ("train", "config.cfg", "-o", "out", "--code", "code.py", "--cache-dir", "cache", "--w2v.export.formats", "[]")
ALWAYS = ("--w2v.training.checkpoint_every_s", "0")
MATRICES = ("input_vectors.npy", "output_vectors.npy")
DEFAULTS = {"vector_size": 10, "min_count": 1, "epochs": 3, "workers": 1, "sample": 0, "tokenizer": "whitespace"}


@pytest.fixture(autouse=True)
def chunks_stay_as_they_are(monkeypatch):
    """Commands in this process also import code.py."""
    monkeypatch.setattr(store, "CHUNK_TOKENS", store.CHUNK_TOKENS)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Texts of six chunks, a config, and in out/ the results of a run that was not interrupted."""
    directory = tmp_path_factory.mktemp("reference")
    write_texts(directory / "texts.txt")
    (directory / "config.cfg").write_text(CONFIG.replace("epochs = 2", f"epochs = {EPOCHS}"))
    (directory / "code.py").write_text("from spacy_w2v.corpus import _store\n\n_store.CHUNK_TOKENS = 500\n")
    w2v(*TRAIN, cwd=directory)
    return directory


@pytest.fixture
def workplace(reference, tmp_path):
    """A copy without the results."""
    shutil.copytree(reference, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "out")
    return tmp_path


def n_tasks_done(checkpoint):
    try:
        return json.loads((checkpoint / "progress.json").read_text())["state"]["n_tasks_done"]
    except FileNotFoundError:  # none yet, or it is just being replaced
        return 0


def stop(workplace, number, *options, after):
    """Start a run, send it a signal once its checkpoint has this number of tasks, and return its output."""
    process = start(*TRAIN, *ALWAYS, *options, cwd=workplace)
    deadline = time.monotonic() + 60
    while n_tasks_done(workplace / "out.checkpoint") < after:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout + stderr


def read_log(directory):
    """The lines of training.jsonl, without times."""
    lines = map(json.loads, (directory / "out/training.jsonl").read_text().splitlines())
    return [{key: value for key, value in line.items() if key not in ("seconds", "words_per_s")} for line in lines]


def assert_same_results(workplace, reference):
    for name in MATRICES:
        assert (workplace / "out/model" / name).read_bytes() == (reference / "out/model" / name).read_bytes()
    assert read_log(workplace) == read_log(reference)
    results = spacy_w2v.load(workplace / "out").meta["results"]
    assert [row["loss"] for row in results] == [row["loss"] for row in read_log(reference)[1:-1]]
    assert not list(workplace.glob("*checkpoint*")) + list(workplace.glob(".*checkpoint*"))


# stopped by signals


def test_a_run_killed_twice_ends_with_the_same_bits(workplace, reference):
    code, _ = stop(workplace, SIGKILL, after=10)
    assert code == -SIGKILL
    code, _ = stop(workplace, SIGKILL, "--resume", after=40)
    assert code == -SIGKILL
    assert not (workplace / "out").exists()
    result = w2v(*TRAIN, "--resume", cwd=workplace)
    assert_same_results(workplace, reference)
    assert "Resuming from out.checkpoint" in result.said
    assert "Epoch 1:" not in result.said


def test_a_killed_run_with_subwords_ends_with_the_same_bits(workplace):
    options = ("--w2v.model.subwords.mode", "fasttext", "--w2v.training.epochs", 30)
    assert w2v_here(*TRAIN, *options, "-o", "expected", cwd=workplace).code == 0
    code, _ = stop(workplace, SIGKILL, *options, after=10)
    assert code == -SIGKILL
    assert w2v_here(*TRAIN, *options, "--resume", cwd=workplace).code == 0
    for name in (*MATRICES, "subwords_vectors.npy", "subword_buckets.npy"):
        expected = (workplace / "expected/model" / name).read_bytes()
        assert (workplace / "out/model" / name).read_bytes() == expected, name


@pytest.mark.parametrize(
    ("number", "code", "how"),
    [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated"), (SIGHUP, 129, "Terminated")],
)
def test_a_run_writes_a_checkpoint_when_a_signal_ends_it(workplace, reference, number, code, how):
    before = files_below(workplace)
    actual_code, said = stop(workplace, number, after=10)
    assert actual_code == code
    assert "Traceback" not in said
    assert how in said
    assert "Nothing was written to out. The state of the run is saved in out.checkpoint. To resume it, repeat" in plain(
        said
    )
    new = {path for path in files_below(workplace) if path not in before}
    assert {path.split("/")[0] for path in new} - {"cache"} == {"out.checkpoint"}
    assert w2v_here(*TRAIN, "--resume", cwd=workplace).code == 0
    assert_same_results(workplace, reference)


def test_a_second_run_to_the_same_output_is_refused(workplace):
    first = start(*TRAIN, *ALWAYS, "--w2v.training.epochs", 1000, cwd=workplace)
    try:
        while not n_tasks_done(workplace / "out.checkpoint"):
            assert first.poll() is None, first.communicate()
            time.sleep(0.005)
        for options in ((), ("--resume",), ("--overwrite",)):
            second = w2v_here(*TRAIN, *options, cwd=workplace)
            assert second.code == 1
            assert "Only one run at a time may write to out, but another one is in progress." in second.said
        assert first.poll() is None
    finally:
        first.kill()
        first.communicate()
    assert w2v_here(*TRAIN, "--resume", "--w2v.training.epochs", 1000, "--w2v.model.window", 7, cwd=workplace).code == 1
    assert not list(workplace.glob(".*lock"))


def test_a_signal_writes_a_checkpoint_before_the_next_one_is_due(workplace):
    process = start(*TRAIN, "--w2v.training.epochs", 20_000, cwd=workplace)
    while not process.stderr.readline().startswith("Epoch"):
        assert process.poll() is None
    assert not (workplace / "out.checkpoint").exists()
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert n_tasks_done(workplace / "out.checkpoint") > 0


def test_several_workers_run_each_task_once(workplace, reference):
    stop(workplace, signal.SIGTERM, "--w2v.training.workers", 3, after=40)
    w2v_here(*TRAIN, "--resume", "--w2v.training.workers", 2, cwd=workplace)
    for expected, actual in zip(read_log(reference)[1:-1], read_log(workplace)[1:-1], strict=True):
        for key in ("epoch", "n_pairs", "n_kept", "alpha"):
            assert actual[key] == expected[key]
        assert actual["loss"] == pytest.approx(expected["loss"], rel=0.05)


# what is refused on the command line


@pytest.fixture(scope="module")
def stopped_once(reference, tmp_path_factory):
    """The directory of an interrupted run, with earlier results in out/, and that of a copy of everything."""
    directory = tmp_path_factory.mktemp("stopped")
    shutil.copytree(reference, directory, dirs_exist_ok=True)
    code, said = stop(directory, signal.SIGTERM, "--overwrite", after=10)
    assert code == 143, said
    # a new name each time: a process that takes over tests of this module from another one sets it up again
    kept = tmp_path_factory.mktemp("kept") / "copy"
    shutil.copytree(directory, kept)
    return directory, kept


@pytest.fixture
def stopped(stopped_once):
    """The interrupted run in its own directory, because moving its texts would change the source."""
    directory, kept = stopped_once
    yield directory
    for name in ("out", "out.checkpoint", "cache"):
        shutil.rmtree(directory / name, ignore_errors=True)
        shutil.copytree(kept / name, directory / name)


def refused(directory, *arguments, message):
    before = files_below(directory)
    result = w2v_here(*arguments, cwd=directory)
    assert result.code == 1
    assert message in result.said
    assert "Traceback" not in result.said
    assert files_below(directory) == before


def test_an_interrupted_run_is_not_replaced_by_accident(stopped):
    shutil.rmtree(stopped / "out")
    refused(stopped, *TRAIN, message="There is a checkpoint of an interrupted run in out.checkpoint. Resume it with")
    result = w2v_here(*TRAIN, "--overwrite", "--w2v.training.epochs", 2, cwd=stopped)
    assert result.code == 0
    assert not (stopped / "out.checkpoint").exists()


def test_resume_replaces_earlier_results_only_with_overwrite(stopped):
    refused(stopped, *TRAIN, "--resume", message="must be new or empty, but out exists")


def test_exports_may_change_when_a_run_is_resumed(stopped):
    exports = ("--w2v.export.postprocess", "center", "--w2v.export.formats", '["word2vec-text"]')
    result = w2v_here(*TRAIN, *exports, "--resume", "--overwrite", cwd=stopped)
    assert (result.code, "Resuming from out.checkpoint" in result.said) == (0, True)
    model = spacy_w2v.load(stopped / "out")
    assert model.record.export.postprocess == "center"
    np.testing.assert_array_equal(
        spacy_w2v.open_vectors(stopped / "out/word2vec/vectors.txt").matrix, model.vectors(postprocess="center")
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--w2v.model.window", 7], "differ from out.checkpoint: w2v.model.window was 5, is now: 7 Undo these changes"),
        (["--w2v.training.epochs", 7], f"w2v.training.epochs was {EPOCHS}, is now: 7"),
        (["--w2v.training.seed", 7], "w2v.training.seed was 1, is now: 7"),
        (["--w2v.training.shared_noise", 16], "w2v.training.shared_noise was null, is now: 16"),
        (["--w2v.vocabulary.min_count", 3], "w2v.vocabulary.min_count was 2, is now: 3"),
        (["--w2v.tokens.attr", "ORTH"], 'w2v.tokens.attr was "LOWER", is now: "ORTH"'),
        (["--w2v.tokens.max_tokens", 9999999], "w2v.tokens.max_tokens was null, is now: 9999999"),
        (["--w2v.model.window", 7], "Undo these changes, or start again with --overwrite, without --resume."),
        (
            ["--w2v.corpus.max_documents", 100],
            "out.checkpoint: the texts or the settings of [w2v.corpus] have changed Undo these changes",
        ),
        (["--nlp.lang", "de"], "out.checkpoint: the tokenizer has changed Undo these changes"),
    ],
)
def test_resume_refuses_another_run(stopped, tmp_path, options, message):
    refused(stopped, *TRAIN, "--resume", "--overwrite", "--cache-dir", tmp_path / "cache", *options, message=message)


def test_resume_needs_a_checkpoint(workplace):
    refused(workplace, *TRAIN, "--resume", message="there is no out.checkpoint. Start the run without --resume.")


def test_another_directory_in_place_of_the_checkpoint_is_not_changed(workplace):
    (workplace / "out.checkpoint").mkdir()
    (workplace / "out.checkpoint/diary.txt").write_text("mine")
    refused(workplace, *TRAIN, "--overwrite", message="must be a checkpoint, but it has no progress.json")


@pytest.mark.parametrize("name", ["output_vectors.npy", "progress.json", "meta.json"])
def test_a_damaged_checkpoint_is_an_error(stopped, name):
    path = stopped / "out.checkpoint" / name
    path.write_bytes(path.read_bytes()[:-50])
    refused(stopped, *TRAIN, "--resume", "--overwrite", message="damaged")


# explosions


def test_a_diverging_run_keeps_the_last_checkpoint(stopped):
    """It also keeps the results of the earlier run that it was to replace. The checkpoint can be loaded as a model."""
    # Raised in the middle of the run: it is sane before, and explodes after.
    rates = ["--w2v.training.alpha", 1000, "--w2v.training.min_alpha", 1000]
    message = "Lower alpha, which is 1000. The last checkpoint, of epoch "
    refused(stopped, *TRAIN, *ALWAYS, "--resume", "--overwrite", *rates, message=message)
    model = spacy_w2v.load(stopped / "out.checkpoint")
    for vectors in (model.input_vectors, model.output_vectors):
        assert np.isfinite(vectors).all()
        assert np.linalg.norm(vectors, axis=1).max() < 100
    assert w2v_here("most-similar", "out.checkpoint", "french", cwd=stopped).code == 0
    # and with a sane learning rate, it goes on
    result = w2v_here(*TRAIN, "--resume", "--overwrite", "--w2v.training.alpha", 0.01, cwd=stopped)
    assert "alpha is 0.01, was 0.025" in result.said
    rates = spacy_w2v.load(stopped / "out").meta["learning_rates"]
    assert [rate["alpha"] for rate in rates] == [0.025, 0.01]


def make_texts(n_texts=300):
    chooser = random.Random(0)
    kinds = (["cat", "dog", "horse", "cow"], ["red", "green", "blue", "white"])
    return [" ".join(chooser.choices(["the", "and", *chooser.choice(kinds)], k=10)) for _ in range(n_texts)]


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 500)


def train(texts=None, **settings):
    return spacy_w2v.train(texts or make_texts(), **(DEFAULTS | settings))


def test_a_run_that_diverges_before_its_first_checkpoint_says_that_there_is_none(tmp_path):
    with pytest.raises(TrainingError, match="There is no checkpoint yet, so start again from the beginning"):
        train(checkpoint=tmp_path / "run", alpha=1e6, min_alpha=1e6)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kernel", ["blocked", "sequential"])
@pytest.mark.parametrize("alpha", [2, 10, 100, 1000])
@pytest.mark.usefixtures("small_chunks")
def test_a_learning_rate_far_too_high_is_an_error(kernel, alpha):
    with pytest.raises(TrainingError, match=rf"must stay .* in epoch \d at .*Lower alpha, which is {alpha}"):
        train(kernel=kernel, alpha=alpha, epochs=6)


@pytest.mark.parametrize("kernel", ["blocked", "sequential"])
@pytest.mark.usefixtures("small_chunks")
def test_a_high_finite_loss_is_an_error(kernel):
    """With ten words and no subsampling, each row takes many steps, which just overshoot at this rate."""
    with pytest.raises(TrainingError, match=r"loss must stay below 12\.5, 3 times that of untrained vectors, was: \d"):
        train(kernel=kernel, alpha=0.8, epochs=10)


@pytest.mark.parametrize("kernel", ["blocked", "sequential"])
def test_high_norms_are_an_error_even_if_the_loss_is_small(kernel):
    """Two words always follow each other: after one step, no loss is left that would shrink the vectors again."""
    with pytest.raises(TrainingError, match=r"norms of (input|output) vectors must stay below 500, was: .*Lower alpha"):
        train(["a b"] * 3000, kernel=kernel, alpha=1000, vector_size=16)


@pytest.mark.usefixtures("small_chunks")
def test_norms_are_checked_during_training(monkeypatch):
    """Samples are checked, here after each task, before the check of all weights at the end."""
    monkeypatch.setattr(divergence_module, "CHECK_EVERY_S", 0)
    monkeypatch.setattr(DivergenceCheck, "check_all", lambda self: None)
    with pytest.raises(TrainingError, match=r"norms of input vectors must stay below 500, was: .* in epoch 1 "):
        train(["a b"] * 3000, alpha=1000, vector_size=16)


@pytest.mark.parametrize("kernel", ["blocked", "sequential"])
@pytest.mark.parametrize("texts", [["a b"] * 200, ["a b c"] * 2, make_texts()])
@pytest.mark.usefixtures("small_chunks")
def test_high_learning_rates_of_converging_runs_are_not_errors(kernel, texts):
    train(texts, kernel=kernel, alpha=0.2, epochs=20)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, NORM_LIMIT * 1.01, 1e30])
@pytest.mark.parametrize("which", [0, 1])
def test_a_single_bad_number_is_divergence(value, which):
    name = ("input", "output")[which]
    parameters = {"input": np.ones((5_000, 16), np.float32), "output": np.ones((4_999, 16), np.float32)}
    check = DivergenceCheck(parameters)
    assert check.check_sample() is None
    assert check.check_all() is None
    parameters[name][4_321, 7] = value
    for problem in (check.check_sample(), check.check_all()):
        assert f"norms of {name} vectors must stay below 500" in problem


def test_growing_sums_are_not_divergence_while_they_are_finite():
    parameters = {"input": np.ones((9, 16), np.float32), "squares": np.full((9, 16), 1e6, np.float32)}
    check = DivergenceCheck(parameters, accumulators=frozenset({"squares"}))
    assert check.check_sample() is None
    assert check.check_all() is None
    parameters["squares"][3, 2] = np.nan
    for problem in (check.check_sample(), check.check_all()):
        assert problem == "The sums squares must stay finite, but have NaN or infinity"
    parameters["input"][1] = 1e6
    assert "norms of input vectors must stay below 500" in check.check_all()


def test_a_sample_has_frequent_rows_and_rows_at_equal_distances():
    assert sample_rows(0).size == 0
    rows = sample_rows(10**7)
    assert rows.size < 12_000
    assert set(range(N_FREQUENT)) <= set(rows.tolist())
    assert rows[-1] == 10**7 - 1
    assert np.diff(rows[N_FREQUENT:]).max() <= 1_001


# through Python


class Stopped(BaseException):
    """Like a kill: nothing is written after it."""


@pytest.fixture
def stop_after(monkeypatch):
    """Return a function that stops runs after a number of checkpoints, or with 0 does not stop them."""
    original = ModelCheckpoint.on_pause_end

    def stop_after(n_checkpoints):
        n_left = [n_checkpoints]

        def pause_ended(checkpoint, seconds):
            original(checkpoint, seconds)
            n_left[0] -= 1
            if n_left[0] == 0:
                raise Stopped

        monkeypatch.setattr(ModelCheckpoint, "on_pause_end", pause_ended)

    return stop_after


@pytest.mark.usefixtures("small_chunks")
def test_checkpoints_do_not_change_results_and_are_removed_at_the_end(tmp_path, monkeypatch):
    written = []
    original = ModelCheckpoint.write

    def write(checkpoint, state):
        written.append(state.n_done)
        original(checkpoint, state)

    monkeypatch.setattr(ModelCheckpoint, "write", write)
    expected = train()
    assert written == []
    actual = train(checkpoint=tmp_path / "run", checkpoint_every_s=0)
    assert written == list(range(1, 3 * 6 + 1))
    np.testing.assert_array_equal(actual.input_vectors, expected.input_vectors)
    np.testing.assert_array_equal(actual.output_vectors, expected.output_vectors)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("n_checkpoints", [1, 5, 6, 7, 12])
@pytest.mark.usefixtures("small_chunks")
def test_a_run_resumes_wherever_it_was_interrupted(tmp_path, stop_after, n_checkpoints, workers):
    """Within an epoch, at its end, and at the end of training: two epochs are twelve tasks."""
    path = tmp_path / "run"
    expected = train(epochs=2)
    stop_after(n_checkpoints)
    settings = {"epochs": 2, "checkpoint": path, "checkpoint_every_s": 0, "workers": workers}
    if workers == 1:
        with pytest.raises(Stopped):
            train(**settings)
        assert n_tasks_done(path) == n_checkpoints
    else:  # several tasks come between two checkpoints
        stop_after(min(n_checkpoints, 4))
        with pytest.raises(Stopped):
            train(**settings)
    stop_after(0)
    actual = train(**settings | {"checkpoint_every_s": 30}, resume=True)
    for key in ("n_pairs", "n_kept"):
        assert [row[key] for row in actual.meta["results"]] == [row[key] for row in expected.meta["results"]]
    if workers == 1:
        np.testing.assert_array_equal(actual.input_vectors, expected.input_vectors)
        np.testing.assert_array_equal(actual.output_vectors, expected.output_vectors)
        losses = [[row["loss"] for row in model.meta["results"]] for model in (actual, expected)]
        assert losses[0] == losses[1]


@pytest.mark.usefixtures("small_chunks")
def test_a_checkpoint_is_a_model(tmp_path, stop_after):
    """Even a checkpoint of the first epoch, which has no results yet."""
    stop_after(1)
    with pytest.raises(Stopped):
        train(checkpoint=tmp_path / "run", checkpoint_every_s=0)
    model = spacy_w2v.load(tmp_path / "run")
    assert model.input_vectors.shape == model.output_vectors.shape == (len(model), 10)
    assert (model.output_vectors != 0).any()
    assert model.meta["results"] == []
    assert model.meta["unfinished"]["epoch"] == 1
    assert 0 < model.meta["unfinished"]["n_tokens"] < model.meta["corpus"]["n_tokens"]
    assert w2v_here("report", "run", "report.md", cwd=tmp_path).code == 0
    assert "first epoch" in (tmp_path / "report.md").read_text()
    assert w2v_here("most-similar", "run", "cat", cwd=tmp_path).code == 0


@pytest.mark.usefixtures("small_chunks")
def test_python_refuses_inconsistent_arguments(tmp_path, stop_after):
    path = tmp_path / "run"
    with pytest.raises(ConfigError, match="resume needs a checkpoint, but checkpoint is None"):
        train(resume=True)
    with pytest.raises(StorageError, match=r"there is no .*run"):
        train(checkpoint=path, resume=True)
    stop_after(2)
    with pytest.raises(Stopped):
        train(checkpoint=path, checkpoint_every_s=0)
    stop_after(0)
    with pytest.raises(StorageError, match=r"interrupted run.*resume=True"):
        train(checkpoint=path)
    with pytest.raises(ConfigError, match=r"w2v\.model\.negative was 5, is now: 6\n"):
        train(checkpoint=path, resume=True, negative=6)
    with pytest.raises(ConfigError, match="the texts have changed"):
        train(make_texts(301), checkpoint=path, resume=True)
    assert train(checkpoint=path, resume=True, alpha=0.05).meta["learning_rates"][1]["alpha"] == 0.05
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"must be in a directory, but .*file is a file"):
        train(checkpoint=tmp_path / "file" / "run")


@pytest.mark.usefixtures("small_chunks")
def test_training_continues_if_a_checkpoint_cannot_be_written(tmp_path, monkeypatch, capsys):
    def full(*arguments, **settings):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("spacy_w2v.training._checkpoint_writer.write_model", full)
    model = train(checkpoint=tmp_path / "run", checkpoint_every_s=0, progress=True)
    assert len(model.meta["results"]) == 3
    assert "The checkpoint could not be written, but training continues: The disk" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_chunks")
def test_diverged_weights_never_replace_a_checkpoint(tmp_path, stop_after):
    """With two words that always follow each other, the loss stays small."""
    texts, path = ["a b"] * 3000, tmp_path / "run"
    stop_after(1)
    with pytest.raises(Stopped):
        train(texts, checkpoint=path, checkpoint_every_s=0)
    stop_after(0)
    before = files_below(path)
    with pytest.raises(
        TrainingError, match=r"norms of .* The last checkpoint, of epoch 1, is in .*run\. Load it as a model"
    ):
        train(texts, checkpoint=path, checkpoint_every_s=0, resume=True, alpha=1000)
    assert files_below(path) == before


@pytest.mark.usefixtures("small_chunks")
def test_a_resumed_run_that_diverges_at_once_names_the_current_epoch(tmp_path, stop_after, monkeypatch):
    stop_after(8)  # an epoch has six tasks
    with pytest.raises(Stopped):
        train(checkpoint=tmp_path / "run", checkpoint_every_s=0)
    stop_after(0)
    monkeypatch.setattr(Worker, "run", lambda self, number: TaskResult(self.work.plan.task(number), math.nan, 1, 1))
    with pytest.raises(TrainingError, match=r"must stay finite, was: nan, in epoch 2 at learning rate 0\.0139"):
        train(checkpoint=tmp_path / "run", checkpoint_every_s=0, resume=True)


def test_checkpoints_take_no_more_than_a_twentieth_of_the_time(monkeypatch, tmp_path):
    now = [100.0]
    monkeypatch.setattr(checkpoint_module.time, "monotonic", lambda: now[0])
    checkpoint = ModelCheckpoint(tmp_path, every_s=30, write_to=lambda state, directory: None)
    for seconds, expected in ((0.1, 30), (1.5, 30), (4.0, 80)):
        checkpoint.on_pause_end(seconds)
        now[0] += expected - 0.5
        assert not checkpoint.wants_pause()
        now[0] += 0.5
        assert checkpoint.wants_pause()


@pytest.mark.parametrize(
    ("n_words", "loss"), [(1, "hierarchical-softmax"), (3, "hierarchical-softmax"), (3, "negative-sampling")]
)
def test_weights_with_padding_are_written_and_read(tmp_path, n_words, loss):
    """Hierarchical softmax has one output vector fewer than words, and none for a single word."""
    generator = np.random.default_rng(0)
    n_outputs = n_words - (loss == "hierarchical-softmax")
    shapes = {"input": (n_words, 10), "output": (n_outputs, 10)}
    padded = zero_parameters(shapes)
    views = unpadded_views(padded, shapes)
    for view in views.values():
        view[:] = generator.random(view.shape, dtype=np.float32)
    made = make_model(range(n_words, 0, -1), loss=loss)
    write_model(dataclasses.replace(made, parameters=views), tmp_path)
    model = spacy_w2v.load(tmp_path)
    for name, view in views.items():
        np.testing.assert_array_equal(model.parameters[name], view)
    for name, view in zip(MATRICES, views.values(), strict=True):
        np.save(tmp_path / "expected.npy", np.ascontiguousarray(view))
        assert (tmp_path / name).read_bytes() == (tmp_path / "expected.npy").read_bytes()
    again = zero_parameters(shapes)
    Checkpoint(tmp_path, made.record, progress=None).read_parameters(unpadded_views(again, shapes))
    for name, matrix in padded.items():
        np.testing.assert_array_equal(again[name], matrix)
    with pytest.raises(StorageError, match=r"input_vectors\.npy must have the shape \(., 16\) .*, was: \(., 10\)"):
        Checkpoint(tmp_path, made.record, progress=None).read_parameters(zero_parameters({"input": (n_words, 16)}))


def distributed(**settings):
    return parse_settings({"distributed": settings})


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({}, {}, None),
        ({"rounds": 4}, {"rounds": 5, "machines": 2}, None),  # without an engine
        ({"engine": "ray"}, {"engine": "ray", "address": "auto"}, None),  # the same machines, by another name
        ({}, {"engine": "ray", "rounds": 32}, "engine is ray, was null"),
        (
            {"engine": "ray"},
            {"engine": "ray", "machines": 3, "rounds": 5},
            "machines is 3, was null, rounds is 5,",
        ),
    ],
)
def test_a_resumed_run_says_what_other_machines_mean(before, now, expected):
    actual = describe_move(distributed(**before).distributed, distributed(**now).distributed)
    if expected is None:
        assert actual is None
    else:
        assert f"settings of [w2v.distributed]: {expected}" in actual
        assert actual.endswith(
            "Its vectors will differ slightly from those of a run without this change, even with one worker."
        )


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"engine": "ray", "machines": 3}, {"engine": "ray", "machines": 4, "address": "auto"}, []),
        ({"engine": "ray", "rounds": 3}, {"rounds": 32}, []),
        ({"engine": "ray"}, {"engine": "ray", "rounds": 5}, ["w2v.distributed.rounds was 32, is now: 5"]),
    ],
)
def test_results_are_those_of_a_run_on_other_machines_if_rounds_are_the_same(before, now, expected):
    record = make_model([3, 2]).record
    assert record.distributed.engine is None
    found = record.model_copy(update={"distributed": distributed(**before).distributed})
    lines = _relevant_changes(found, distributed(**now))
    assert [line for line in lines if "distributed" in line] == expected
