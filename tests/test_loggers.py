"""spaCy's loggers, told of the epochs of word vectors."""

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
from helpers_cli import COMMAND, CONFIG, w2v_here, write_texts

from spacy_w2v.config._loading import fill
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._run_record import CorpusRecord, CorpusSummary, EpochResult
from spacy_w2v.pipeline._loggers import callbacks_of
from spacy_w2v.training._resolved_config import resolve
from spacy_w2v.training.callbacks._callback_list import CallbackList
from spacy_w2v.training.callbacks._progress_bar import ProgressBar

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
        callback.on_resume(results[:2])
        callback.on_epoch_end(results[2])
    assert [info["epoch"] for info in recorder.infos] == [1, 2, 3]
    assert recorder.n_finalized == 1
    assert capsys.readouterr().out.splitlines() == ["head", "row 1", "row 2", "row 3"]
