"""spaCy's loggers, told of the epochs of word vectors."""

import io
import json
import os
import re
import struct
import subprocess
import sys
from contextlib import closing
from math import floor

import pytest
import spacy
from confection import Config
from helpers_cli import COMMAND, CONFIG, SENTENCE, w2v_here, write_texts
from tensorboardX.proto.event_pb2 import Event

import spacy_w2v
from spacy_w2v.config._loading import fill
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.corpus import _store as store
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._evaluation_record import ScorePoint
from spacy_w2v.model._run_record import CorpusRecord, CorpusSummary, EpochResult
from spacy_w2v.pipeline._tensorboard import make_tensorboard_logger_v1
from spacy_w2v.training._resolved_config import resolve
from spacy_w2v.training._state import TrainingProgress
from spacy_w2v.training.callbacks._callback_list import CallbackList
from spacy_w2v.training.callbacks._progress_bar import ProgressBar
from spacy_w2v.training.callbacks._spacy_logger import callbacks_of

LOGGER = '\n[w2v.training.logger]\n@loggers = "{name}"\n'
KEYS = {"epoch", "step", "score", "other_scores", "losses", "checkpoints", "seconds", "words"}
"""What spaCy's training loop tells a logger."""


class Recorder:
    """A logger that notes what it is told; it raises where it should."""

    def __init__(self):
        self.fails_at = ()
        self.nlp = None
        self.infos = []
        self.n_finalized = 0

    def set_up(self, nlp, stdout=sys.stdout, stderr=sys.stderr):
        self.nlp = nlp
        print("head", file=stdout, flush=True)
        self._fail("set up")

        def log_step(info):
            self.infos.append(info)
            print("row", info["epoch"], file=stdout, flush=True)
            self._fail(info["epoch"])

        def finalize():
            self.n_finalized += 1
            self._fail("finalize")

        return log_step, finalize

    def _fail(self, place):
        if place in self.fails_at:
            raise RuntimeError(f"no service at: {place}")


RECORDER = Recorder()


@spacy.registry.loggers("test_loggers.Recorder.v1")
def make_recorder(fails_to_be_made: bool = False):
    if fails_to_be_made:
        raise ImportError("The 'service' library could not be found")
    return RECORDER.set_up


@pytest.fixture
def recorder():
    RECORDER.__init__()
    return RECORDER


@pytest.fixture
def workplace(tmp_path):
    write_texts(tmp_path / "texts.txt")
    return tmp_path


def train(workplace, *options, name="test_loggers.Recorder.v1", more=""):
    config = CONFIG.replace('["spacy"]', "[]") + LOGGER.format(name=name) + more
    (workplace / "config.cfg").write_text(config)
    return w2v_here("train", "config.cfg", "-o", "out", *options, cwd=workplace)


def read_log(workplace):
    return [json.loads(line) for line in (workplace / "out/training.jsonl").read_text().splitlines()]


def test_each_epoch_is_a_step(workplace, recorder):
    result = train(workplace, "--w2v.training.epochs", 3)
    assert result.code == 0, result.said
    corpus, *epochs, _ = read_log(workplace)
    assert [info.keys() for info in recorder.infos] == [KEYS] * 3
    for number, (info, epoch) in enumerate(zip(recorder.infos, epochs, strict=True), start=1):
        assert (info["epoch"], info["step"]) == (number, number)
        assert info["losses"] == {"w2v": epoch["loss"]}
        assert info["score"] == -epoch["loss"]
        assert info["other_scores"]["speed"] == epoch["words_per_s"]
        assert info["other_scores"]["learning_rate"] == epoch["alpha"]
        assert info["checkpoints"] == [(-other["loss"], other["epoch"]) for other in epochs[:number]]
        assert info["seconds"] == floor(epoch["seconds"])
        assert info["words"] == number * corpus["n_tokens"]
    assert recorder.n_finalized == 1


def test_a_logger_reads_the_settings_of_the_run(workplace, recorder):
    """W&B, MLflow and ClearML keep `nlp.config.interpolate()`; ConsoleLogger reads three keys of [training]."""
    assert train(workplace, "--w2v.model.window", 3).code == 0
    config = recorder.nlp.config.interpolate()
    assert config["w2v"]["model"]["window"] == 3
    assert config["w2v"]["corpus"]["data_files"] == "texts.txt"
    assert config["w2v"].keys() == {*parse_settings({}).model_dump(), "corpus"}
    assert (config["training"]["max_steps"], config["training"]["eval_frequency"]) == (2, 1)
    assert config["nlp"]["lang"] == recorder.nlp.lang == "en"
    assert [(name, pipe.is_trainable) for name, pipe in recorder.nlp.pipeline] == [("w2v", True)]


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_spacys_table(workplace, version):
    result = train(workplace, name=f"spacy.ConsoleLogger.{version}")
    assert result.code == 0, result.said
    losses = [f"{epoch['loss']:.2f}" for epoch in read_log(workplace)[1:-1]]
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["Training", "100%,"] in [line[:2] for line in lines]
    table = [line for line in lines if line[:1] not in (["Training"], [])]
    head = table.index(["E", "#", "LOSS", "W2V", "SCORE"])
    assert table[head - 1][:2] == ["Tokens", "covered"]
    rows = [[str(epoch), str(epoch), loss, f"-{loss}"] for epoch, loss in enumerate(losses, start=1)]
    assert table[head + 2 : head + 4] == rows
    assert not re.search(r"^Epoch \d", result.stdout, re.MULTILINE)  # the table has them


def test_spacys_table_as_a_file(workplace):
    more = "output_file = ${paths.log}\nconsole_output = false\n\n[paths]\nlog = null\n"
    path = workplace / "log.jsonl"
    result = train(workplace, "--paths.log", path, name="spacy.ConsoleLogger.v3", more=more)
    assert result.code == 0, result.said
    expected = [{"w2v": round(epoch["loss"], 10)} for epoch in read_log(workplace)[1:-1]]  # as srsly writes floats
    assert [json.loads(line)["losses"] for line in path.read_text().splitlines()] == expected


# In a terminal


def render(text: str) -> list[str]:
    """Return the lines that a terminal shows in the end."""
    lines, row, column = [[]], 0, 0
    for match in re.finditer(r"\x1b\[([\d;]*)([A-Za-z])|.", text, re.DOTALL):
        character, n, command = match.group(), match.group(1), match.group(2)
        if command == "A":  # up
            row -= int(n or 1)
        elif command is not None:  # colours
            continue
        elif character == "\r":
            column = 0
        elif character == "\n":
            row += 1
            lines += [[] for _ in range(row + 1 - len(lines))]
        else:
            lines[row] += " " * (column + 1 - len(lines[row]))
            lines[row][column] = character
            column += 1
    return ["".join(line).rstrip() for line in lines]


@pytest.mark.parametrize("progress_bar", ["null", '"train"'])
def test_bars_and_the_table_do_not_garble_each_other(workplace, progress_bar):
    more = f"progress_bar = {progress_bar}\n"
    config = CONFIG.replace('["spacy"]', "[]") + LOGGER.format(name="spacy.ConsoleLogger.v3") + more
    (workplace / "config.cfg").write_text(config)
    fcntl, pty, termios = map(pytest.importorskip, ("fcntl", "pty", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, "train", "config.cfg", "-o", "out"], cwd=workplace, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            block = os.read(ours, 1 << 16)
        except OSError:  # Linux: the other end is closed, and all has been read
            break
        if not block:
            break
        seen += block
    os.close(ours)
    assert process.wait(timeout=60) == 0, seen
    losses = [f"{epoch['loss']:.2f}" for epoch in read_log(workplace)[1:-1]]
    lines = [line for line in render(seen.decode()) if line]
    head = next(i for i, line in enumerate(lines) if line.startswith("E "))
    for epoch, loss in enumerate(losses, start=1):
        assert re.fullmatch(rf"  {epoch} +{epoch} +{loss} +-{loss}", lines[head + 1 + epoch])
    assert re.fullmatch(r"Training 100%\|█+\| .*learning rate 0\.00010", lines[head + 4])
    assert re.fullmatch(r"✔ Trained \d+ vectors in .* words/s", lines[head + 5])


# What goes wrong


def test_a_logger_that_cannot_be_made_is_an_error_before_training(workplace, recorder):
    result = train(workplace, more="fails_to_be_made = true\n")
    assert result.code == 1
    assert "The logger of [w2v.training.logger] cannot be created: The 'service' library could not be" in result.said
    assert not (workplace / "out").exists()


def test_a_logger_that_cannot_be_set_up_is_an_error_before_anything_is_read(workplace, recorder):
    recorder.fails_at = ("set up",)
    result = train(workplace)
    assert result.code == 1
    assert "The logger of [w2v.training.logger] cannot be set up: no service at: set up" in result.said
    assert "Encoding" not in result.said
    assert "head" not in result.said
    assert (recorder.infos, recorder.n_finalized) == ([], 0)


def test_no_run_is_opened_for_an_output_that_is_refused(workplace, recorder):
    (workplace / "out").mkdir()
    (workplace / "out/other.txt").write_text("other")
    assert "exists" in train(workplace).said
    assert recorder.nlp is None


def test_a_logger_that_fails_does_not_lose_the_training(workplace, recorder):
    recorder.fails_at = (1, "finalize")
    result = train(workplace, "--w2v.training.epochs", 3)
    assert result.code == 0, result.said
    assert [info["epoch"] for info in recorder.infos] == [1]
    assert result.said.count("The logger failed and is not called again. Training continues: RuntimeError") == 1
    assert result.said.count("The logger could not finish: RuntimeError('no service at: finalize')") == 1
    assert recorder.n_finalized == 1
    assert len(read_log(workplace)) == 5


def test_a_logger_is_told_of_the_end_when_training_fails(workplace, recorder):
    result = train(workplace, "--w2v.vocabulary.min_count", 1_000_000)
    assert result.code == 1
    assert "head" not in result.stdout
    assert (recorder.infos, recorder.n_finalized) == ([], 1)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"@loggers": "spacy.ConsolLogger.v3"}, r"was: spacy\.ConsolLogger\.v3\. Did you mean 'spacy\.ConsoleLogger"),
        (
            {"@loggers": "spacy.ConsoleLogger.v3", "progres_bar": None},
            r"\[w2v\.training\.logger\] progres_bar: (unexpected argument|extra).* Did you mean 'progress_bar'\?",
        ),
        ("console", r"\[w2v\.training\.logger\] must name a logger such as .*, was: 'console'"),
        ({}, r"\[w2v\.training\.logger\] must name a logger such as .*, was: {}"),
    ],
)
def test_wrong_blocks(block, message):
    with pytest.raises(ConfigError, match=message):
        resolve(with_block(block))


def with_block(block):
    config = Config().from_str(CONFIG)
    config["w2v"]["training"]["logger"] = block
    return config


def test_no_logger_by_default():
    assert resolve(Config().from_str(CONFIG)).logger is None
    assert resolve(with_block(None)).logger is None
    assert "logger" not in fill(Config().from_str(CONFIG), parse_settings({}))["w2v"]["training"]


def test_the_block_is_filled_once():
    config = with_block({"@loggers": "spacy.ConsoleLogger.v3"})
    once = fill(config, parse_settings(config["w2v"]))
    assert once["w2v"]["training"]["logger"] == {
        "@loggers": "spacy.ConsoleLogger.v3",
        "progress_bar": None,
        "console_output": True,
        "output_file": None,
    }
    twice = fill(once, parse_settings(once["w2v"]))
    assert twice.to_str() == once.to_str()


def test_epochs_before_a_checkpoint_are_logged_too(recorder, capsys):
    resolved = resolve(with_block({"@loggers": "test_loggers.Recorder.v1"}))
    counts = {"n_pairs": 10, "n_kept": 10, "seconds": 1.0, "words_per_s": 20.0}
    results = [EpochResult(epoch=epoch, loss=2.5, **counts, alpha=0.01) for epoch in (1, 2, 3)]
    corpus = CorpusRecord(source="texts", n_documents=1, n_tokens=10, n_types=2)
    with closing(CallbackList(callbacks_of(resolved, ProgressBar()))) as callback:
        callback.on_corpus(CorpusSummary(corpus=corpus))
        callback.on_resume(results[:2], [])
        callback.on_epoch_end(results[2])
    assert [info["epoch"] for info in recorder.infos] == [1, 2, 3]
    assert recorder.n_finalized == 1
    assert capsys.readouterr().out.splitlines() == ["head", "row 1", "row 2", "row 3"]


# Scores while training


@pytest.fixture
def scored(workplace):
    """A config that scores vectors on pairs of the words of the texts."""
    words = sorted({word.lower() for word in SENTENCE.split() if word.isalpha()})
    pairs = [f"{first}\t{second}\t{len(first) / len(second):.3f}" for first in words[:4] for second in words[4:9]]
    (workplace / "pairs.tsv").write_text("\n".join(pairs) + "\n")
    return '\n[w2v.evaluation]\nword_pairs = "pairs.tsv"\n'


def test_scores_are_logged_with_each_epoch(workplace, recorder, scored):
    result = train(workplace, "--w2v.training.epochs", 3, more=scored)
    assert result.code == 0, result.said
    _, *epochs, _ = read_log(workplace)
    scores = [epoch["scores"]["pairs"] for epoch in epochs]
    assert None not in scores
    assert [info["other_scores"]["pairs"] for info in recorder.infos] == scores
    assert [info["score"] for info in recorder.infos] == scores
    assert [info["checkpoints"] for info in recorder.infos][-1] == list(zip(scores, (1, 2, 3), strict=True))
    assert recorder.nlp.config["training"]["score_weights"] == {"pairs": 1.0}
    assert "Vectors are scored on pairs (20 of 20 pairs)" in result.said


def test_scores_within_an_epoch_are_steps_of_their_own(workplace, recorder, scored):
    code = "from spacy_w2v.corpus import _store\n\n_store.CHUNK_TOKENS = 500\n"
    (workplace / "code.py").write_text(code)
    config = CONFIG.replace('["spacy"]', "[]") + LOGGER.format(name="test_loggers.Recorder.v1") + scored
    (workplace / "config.cfg").write_text(config)
    before = store.CHUNK_TOKENS
    try:
        options = ("-c", "code.py", "--cache-dir", "cache", "--w2v.evaluation.every_words", 900)
        result = w2v_here("train", "config.cfg", "-o", "out", *options, cwd=workplace)
    finally:
        store.CHUNK_TOKENS = before
    assert result.code == 0, result.said
    events = read_log(workplace)[1:-1]
    assert [event["event"] for event in events].count("epoch") == 2
    assert [event["event"] for event in events].count("scores") > 2
    assert [info["step"] for info in recorder.infos] == list(range(1, len(events) + 1))
    assert [info["epoch"] for info in recorder.infos] == [event["epoch"] for event in events]
    assert [info["score"] for info in recorder.infos] == [event["scores"]["pairs"] for event in events]
    assert all(info["other_scores"]["speed"] > 0 and info["losses"]["w2v"] > 0 for info in recorder.infos)
    assert recorder.nlp.config["training"]["max_steps"] == 0  # their number is not known


def test_spacys_table_has_a_column_of_scores(workplace, scored):
    result = train(workplace, name="spacy.ConsoleLogger.v3", more=scored)
    assert result.code == 0, result.said
    scores = [epoch["scores"]["pairs"] for epoch in read_log(workplace)[1:-1]]
    table = [line.split() for line in result.stdout.splitlines() if line.strip() and not line.startswith("Training")]
    head = table.index(["E", "#", "LOSS", "W2V", "PAIRS", "SCORE"])
    assert [row[3:] for row in table[head + 2 : head + 4]] == [[f"{100 * each:.2f}", f"{each:.2f}"] for each in scores]


def test_the_bar_shows_scores_of_epochs_and_the_last_ones(workplace, scored):
    config = CONFIG.replace('["spacy"]', "[]") + scored
    (workplace / "config.cfg").write_text(config)
    result = w2v_here("train", "config.cfg", "-o", "out", cwd=workplace)
    first, last = (epoch["scores"]["pairs"] for epoch in read_log(workplace)[1:-1])
    assert re.search(rf"^Epoch 1: loss .*, pairs {first:.3f}$", result.stdout, re.MULTILINE)
    assert re.search(rf"^Epoch 2: loss .*, pairs {last:.3f}$", result.stdout, re.MULTILINE)
    bar = ProgressBar(io.StringIO())
    progress = TrainingProgress(2, n_tokens=5, n_tokens_total=9, loss=1.0, learning_rate=0.1, seconds=2.0)
    with closing(bar):
        point = {"epoch": 1, "ends_epoch": True, "n_tokens": 4, "n_tasks_done": 1, "seconds": 1.0, "score": 0.25}
        bar.on_scores(ScorePoint(**point, scores={"pairs": 0.25, "others": None}))
        bar.on_progress(progress)
    assert "loss 1.0000, pairs 0.250, others –" in bar.stream.getvalue()


# TensorBoard


def read_events(directory):
    """Return the events in TensorBoard's files: records of a length, its checksum, an event and its checksum."""
    (path,) = directory.glob("events.out.tfevents.*")
    content, events = path.read_bytes(), []
    while content:
        (length,) = struct.unpack_from("<Q", content)
        events.append(Event.FromString(content[12 : 12 + length]))
        content = content[16 + length :]
    return events


def test_tensorboard_reads_losses_scores_and_the_config(workplace, scored):
    more = f"log_dir = {json.dumps(str(workplace / 'runs'))}\n{scored}"
    result = train(workplace, name="spacy_w2v.TensorBoard.v1", more=more)
    assert result.code == 0, result.said
    values = [
        (value.tag, event.step, value) for event in read_events(workplace / "runs") for value in event.summary.value
    ]
    numbers = {(tag, step): value.simple_value for tag, step, value in values if value.HasField("simple_value")}
    for epoch in read_log(workplace)[1:-1]:
        step = epoch["epoch"]
        assert numbers["losses/w2v", step] == pytest.approx(epoch["loss"])
        assert numbers["scores/pairs", step] == numbers["score", step] == pytest.approx(epoch["scores"]["pairs"])
        assert numbers["scores/speed", step] == pytest.approx(epoch["words_per_s"])
        assert numbers["scores/learning_rate", step] == pytest.approx(epoch["alpha"])
        assert numbers["epoch", step] == step
    (config,) = [value.tensor.string_val[0].decode() for tag, _, value in values if tag.startswith("config")]
    assert "    vector_size = 8" in config.splitlines()


def test_tensorboard_writes_nested_scores_of_spacys_training(tmp_path):
    log_step, finalize = make_tensorboard_logger_v1(tmp_path)(spacy.blank("en"))
    log_step(None)
    scores = {"ents_f": 0.5, "ents_per_type": {"GPE": {"p": 0.25}}, "tag_acc": None, "labels": ["a"]}
    log_step({"epoch": 1, "step": 200, "score": 0.5, "losses": {"ner": 3.0}, "other_scores": scores})
    finalize()
    values = {value.tag: value.simple_value for event in read_events(tmp_path) for value in event.summary.value}
    del values[next(tag for tag in values if tag.startswith("config"))]
    named = {"scores/ents_f": 0.5, "scores/ents_per_type/GPE/p": 0.25}
    assert values == {"epoch": 1.0, "score": 0.5, "losses/ner": 3.0, **named}


def test_without_tensorboardx_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ConfigError, match=r'pip install "spacy-w2v\[tensorboard\]"'):
        make_tensorboard_logger_v1()
    with pytest.raises(ConfigError, match=r'pip install "spacy-w2v\[tensorboard\]"'):
        resolve(with_block({"@loggers": "spacy_w2v.TensorBoard.v1"}))


# In Python


TEXTS = ["the king ruled a city", "a queen saw the king", "the city is near a river"] * 40
IN_PYTHON = {"min_count": 1, "vector_size": 4, "epochs": 2, "workers": 1}


class Following(spacy_w2v.Callback):
    """Notes what it is told."""

    def __init__(self):
        self.told = []

    def on_corpus(self, summary):
        self.told.append(("corpus", summary.corpus.n_tokens, summary.vocabulary.n_words))

    def on_epoch_end(self, result):
        self.told.append(("epoch", result.epoch, result.loss))

    def on_train_end(self, results):
        self.told.append(("end", len(results)))

    def close(self):
        self.told.append(("close",))


def test_train_takes_callbacks_and_loggers(recorder, capsys):
    following = Following()
    model = spacy_w2v.train(TEXTS, **IN_PYTHON, callbacks=[following, recorder.set_up])
    losses = [result.loss for result in model.record.results]
    corpus = ("corpus", model.record.corpus.n_tokens, len(model))
    assert following.told == [corpus, ("epoch", 1, losses[0]), ("epoch", 2, losses[1]), ("end", 2), ("close",)]
    assert [info["losses"]["w2v"] for info in recorder.infos] == losses
    assert recorder.nlp.config["w2v"]["model"]["vector_size"] == 4
    assert recorder.n_finalized == 1
    assert capsys.readouterr().out.splitlines() == ["head", "row 1", "row 2"]


def test_an_exception_in_a_callback_ends_the_run():
    class Failing(Following):
        def on_epoch_end(self, result):
            raise RuntimeError("enough")

    following = Failing()
    with pytest.raises(RuntimeError, match="enough"):
        spacy_w2v.train(TEXTS, **IN_PYTHON, callbacks=[following])
    assert [each[0] for each in following.told] == ["corpus", "close"]


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (Following(), r"callbacks must be a list, was: .* Put the callback into brackets"),
        ([Following], r"callbacks must be objects of spacy_w2v\.Callback or loggers .* Create one, with parentheses\."),
        (
            [print],
            r"was: <built-in function print>\. A logger .* returns: NoneType\. For other functions, derive",
        ),
        (
            [lambda loss: loss],
            r"must be objects of spacy_w2v\.Callback or .* For other functions, derive a class from spacy_w2v",
        ),
        (["spacy.ConsoleLogger.v3"], r"callbacks must be objects .*, was: 'spacy\.ConsoleLogger\.v3'\."),
    ],
)
def test_other_things_are_no_callbacks(callbacks, message):
    with pytest.raises(ConfigError, match=message):
        spacy_w2v.train(TEXTS, **IN_PYTHON, callbacks=callbacks)


def test_a_logger_in_python_that_cannot_be_set_up(recorder):
    recorder.fails_at = ("set up",)
    with pytest.raises(ConfigError, match="A logger in callbacks cannot be set up: no service at: set up"):
        spacy_w2v.train(TEXTS, **IN_PYTHON, callbacks=[recorder.set_up])
