"""Callbacks: when a run calls them, and what becomes of them in the end."""

import io
import queue
import re
import types

import pytest
import spacy
from numba.core import event

import spacy_w2v
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.corpus import _store as store
from spacy_w2v.corpus._encoding import EncodingProgress
from spacy_w2v.errors import ConfigError, CorpusError
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.training._composition import train_model
from spacy_w2v.training._run import TrainingRun
from spacy_w2v.training._state import TrainingProgress
from spacy_w2v.training.callbacks import _compiling_notice
from spacy_w2v.training.callbacks._callback import RunCallback
from spacy_w2v.training.callbacks._callback_list import CallbackList
from spacy_w2v.training.callbacks._compiling_notice import CompilingNotice
from spacy_w2v.training.callbacks._progress_bar import BAR_FORMAT, COLUMNS_OF_BAR, ProgressBar, fitting

HOOKS = [name for name in dir(RunCallback) if not name.startswith("_")]


class Recorder(RunCallback):
    """Records the names of the methods called."""

    def __init__(self, name="", *, calls=None):
        self.calls = calls if calls is not None else []
        for hook in HOOKS:
            setattr(self, hook, self._noted(f"{name}{hook}"))

    def _noted(self, called):
        return lambda *arguments, **options: self.calls.append(called)


def make_run(texts, **blocks):
    settings = parse_settings(
        {
            "vocabulary": {"min_count": 1},
            "model": {"vector_size": 4},
            "training": {"epochs": 2, "workers": 1, **blocks},
        }
    )
    return TrainingRun(as_source(texts), spacy.blank("en"), settings)


def test_a_run_calls_callbacks_in_order(monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 500)
    recorder = Recorder()
    train_model(make_run(["a b c d"] * 200), [recorder])  # two chunks
    task = ["on_task_end", "on_progress"]
    asked = ["wants_pause"]
    epoch = [*task, *asked, *task, "on_epoch_end", *asked]
    calls = [call for call in recorder.calls if call != "on_encoding"]
    assert calls == ["on_corpus", "on_vocabulary", "on_build", *epoch, *epoch, "on_train_end", "close"]


def test_each_pause_has_an_end(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 500)
    recorder = Recorder()
    train_model(make_run(["a b c d"] * 200, checkpoint_every_s=0), [recorder], checkpoint=tmp_path / "run")
    pauses = [call for call in recorder.calls if call.startswith("on_pause")]
    assert pauses == ["on_pause", "on_pause_end"] * 4
    assert recorder.calls[-2:] == ["on_train_end", "close"]


def test_callbacks_are_closed_after_an_error():
    recorder = Recorder()
    with pytest.raises(CorpusError):
        train_model(make_run([]), [recorder])
    assert recorder.calls[-1] == "close"


@pytest.mark.parametrize("hook", HOOKS)
def test_a_list_calls_all_of_them(hook):
    calls = []
    both = CallbackList([Recorder("first ", calls=calls), Recorder("second ", calls=calls)])
    arguments = {"on_pause": [None], "on_resume": [None, None], "wants_pause": [], "close": []}.get(hook, [None])
    getattr(both, hook)(*arguments, **({"stopping": False} if hook == "on_pause" else {}))
    expected = [f"first {hook}", f"second {hook}"]
    assert calls == (expected[::-1] if hook == "close" else expected)


def test_a_list_closes_all_callbacks_even_if_one_fails():
    class Failing(RunCallback):
        def close(self):
            raise OSError("cannot be closed")

    recorder = Recorder()
    with pytest.raises(OSError, match="cannot be closed"):
        CallbackList([recorder, Failing()]).close()
    assert recorder.calls == ["close"]


def test_without_a_terminal_the_end_is_one_line():
    """The machines of a cluster report the results of a whole round at once."""
    stream = io.StringIO()
    bar = ProgressBar(stream)
    for seconds in (2.0, 2.1, 2.2):
        bar.on_progress(TrainingProgress(1, n_tokens=9, n_tokens_total=9, loss=1.0, learning_rate=0.1, seconds=seconds))
    assert [line[:13] for line in stream.getvalue().splitlines()] == ["Training 100%"]


@pytest.mark.parametrize("n_columns", [30, 60, 79, 80, 100, 200])
def test_a_bar_has_room_beside_its_details(n_columns):
    from tqdm import tqdm

    details = ["epoch 3", "2,488,433 words/s", "loss 2.0656", "learning rate 0.01944", "2 machines"]
    text = fitting(details, n_columns=n_columns)
    line = tqdm.format_meter(
        0.37, 1.0, 12.0, ncols=n_columns, prefix="Training", bar_format=BAR_FORMAT, postfix=text, ascii=" #"
    )
    assert len(line) == n_columns or not text
    assert not text or len(re.search(r"\|(.*)\|", line)[1]) >= COLUMNS_OF_BAR
    assert ("loss 2.0656" in text) == (n_columns >= 79)
    assert ("machines" in text) == (n_columns == 200)


class Dispatcher:
    def __init__(self, module):
        self.py_func = type("Function", (), {"__module__": module})


def compiling(module="spacy_w2v.kernels.made"):
    return event.trigger_event("numba:compile", data={"dispatcher": Dispatcher(module)})


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set, and a notice whose thread never looks at it."""
    now = [0.0]
    monkeypatch.setattr(_compiling_notice, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(_compiling_notice, "LOOKS_EVERY_S", 1000.0)
    return now


@pytest.fixture
def notice():
    made = CompilingNotice(lambda message: None)
    yield made
    made.close()
    made.close()  # a second time does nothing


def test_compilation_is_announced_in_another_thread(monkeypatch):
    monkeypatch.setattr(_compiling_notice, "FIRST_AFTER_S", 0.0)
    monkeypatch.setattr(_compiling_notice, "NEXT_AFTER_S", 0.0)
    monkeypatch.setattr(_compiling_notice, "LOOKS_EVERY_S", 0.001)
    said = queue.Queue()
    notice = CompilingNotice(said.put)
    with compiling():
        first, second = said.get(timeout=60), said.get(timeout=60)
    notice.close()
    assert first.startswith("Compiling kernels that no run on this machine has used before")
    assert re.fullmatch(r"Compiling kernels: \d+ s", second)


def test_messages_that_cannot_be_shown_end_with_the_stream(monkeypatch):
    """An exception in the thread would fail the test."""
    monkeypatch.setattr(_compiling_notice, "FIRST_AFTER_S", 0.0)
    monkeypatch.setattr(_compiling_notice, "LOOKS_EVERY_S", 0.001)
    stream = io.StringIO()
    stream.close()
    notice = CompilingNotice(stream.write)
    with compiling():
        notice._thread.join(timeout=60)
    assert not notice._thread.is_alive()
    notice.close()


def test_compilation_counts_by_its_sum_and_not_what_is_between(clock, notice):
    with compiling():
        clock[0] = 0.6
        assert notice._due() is None
    clock[0] = 100.0  # encoding
    with compiling(), compiling("other.inner"):
        assert notice._due() is None
        clock[0] = 100.5
        assert "no run on this machine" in notice._due()
        clock[0] = 110.0
        assert notice._due() is None
        clock[0] = 110.6
        assert notice._due() == "Compiling kernels: 11 s"


def test_kernels_of_other_packages_do_not_count(clock, notice):
    with compiling("umap.layouts"):
        assert notice._depth == 0
    with compiling():
        assert notice._depth == 1
    assert notice._depth == 0


def test_a_bar_listens_until_it_is_closed():
    bar = ProgressBar(io.StringIO())
    assert bar._notice is not None
    bar.close()
    with compiling():
        assert bar._notice._depth == 0
    assert ProgressBar(io.StringIO(), announces_compiling=False)._notice is None


@pytest.mark.parametrize("progress", [False, True])
def test_nothing_listens_after_a_run(progress, capsys):
    before = list(event._registered["numba:compile"])
    settings = {"min_count": 1, "vector_size": 4, "sample": 0, "workers": 1, "progress": progress}
    spacy_w2v.train(["the king ruled a city"] * 5, **settings)
    with pytest.raises(ConfigError, match="callbacks must be objects"):
        spacy_w2v.train(["the king ruled a city"] * 5, callbacks=[1], **settings)
    assert event._registered["numba:compile"] == before
    assert progress or not capsys.readouterr().err


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (0.0, "Encoding 75%, 10 s left: 3 documents, 600 tokens, 20 tokens/s"),
        (0.5, "Encoding 75%, 30 s left: 3 documents, 600 tokens, 7 tokens/s"),
        (0.75, "Encoding 75%: 3 documents, 600 tokens"),
    ],
)
def test_texts_that_were_found_in_the_cache_took_no_time(found, expected):
    stream = io.StringIO()
    progress = EncodingProgress(n_documents=3, n_tokens=600, n_types=9, fraction=0.75, seconds=30.0, found=found)
    ProgressBar(stream, announces_compiling=False).on_encoding(progress)
    assert stream.getvalue() == f"{expected}\n"
