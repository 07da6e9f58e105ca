"""Texts as examples without annotations: the reader, and spacy pretrain and train with it."""

import inspect
import json

import pytest
import spacy
from confection import Config, ConfigValidationError
from helpers_cli import spacy_command
from spacy.language import DEFAULT_CONFIG_PRETRAIN_PATH
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.training.pretrain import pretrain
from spacy.util import load_config, registry

from spacy_w2v.errors import CorpusError
from spacy_w2v.pipeline._examples import make_dataset_corpus_v1
from spacy_w2v.sources._huggingface import make_dataset_v1

LINES = ["The king ruled.", "one", "", "two words", "a line of five words", "It can't go."]
N_TOKENS = [4, 1, 0, 2, 5, 5]

CONFIG = """
[paths]
texts = "texts.txt"

[nlp]
lang = "en"
pipeline = ["tok2vec"]

[components]

[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]
@architectures = "spacy.HashEmbedCNN.v2"
width = 8
depth = 1
embed_size = 50
window_size = 1
maxout_pieces = 2
subword_features = false
pretrained_vectors = null

[corpora]

[corpora.pretrain]
@readers = "spacy_w2v.DatasetCorpus.v1"
data_files = ${paths.texts}
max_length = 4

[corpora.train]
@readers = "spacy_w2v.DatasetCorpus.v1"
data_files = ${paths.texts}

[corpora.dev]
@readers = "spacy_w2v.DatasetCorpus.v1"
data_files = ${paths.texts}
limit = 2

[pretraining]
max_epochs = 1
component = "tok2vec"

[pretraining.objective]
@architectures = "spacy.PretrainCharacters.v1"
maxout_pieces = 2
hidden_size = 8
n_characters = 1

[training]
max_steps = 2
eval_frequency = 1

[training.logger]
@loggers = "spacy.ConsoleLogger.v3"
console_output = false
"""


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


def resolve(**arguments):
    return registry.resolve({"corpus": {"@readers": "spacy_w2v.DatasetCorpus.v1", **arguments}})["corpus"]


def full_config(texts):
    """The config with all defaults of spaCy."""
    blank = spacy.blank("en").config
    config = Config(blank).merge(load_config(DEFAULT_CONFIG_PRETRAIN_PATH))
    return config.merge(Config().from_str(CONFIG, overrides={"paths.texts": str(texts)}))


def test_an_example_for_each_document_that_has_tokens(texts):
    nlp = spacy.blank("en")
    examples = list(resolve(data_files=str(texts))(nlp))
    expected = [[token.text for token in nlp(line)] for line in LINES if line]
    assert [[token.text for token in example.predicted] for example in examples] == expected
    assert [[token.text for token in example.reference] for example in examples] == expected
    assert [example.reference.text for example in examples] == [line for line in LINES if line]
    assert all(example.predicted is not example.reference for example in examples)
    assert all(example.reference.vocab is nlp.vocab for example in examples)
    assert not any(example.reference.has_annotation("TAG") for example in examples)


@pytest.mark.parametrize("bounds", [(0, 0, 0), (2, 0, 0), (0, 4, 0), (2, 4, 0), (5, 5, 0), (0, 0, 2), (2, 0, 1)])
def test_bounds(texts, bounds):
    min_length, max_length, limit = bounds
    corpus = resolve(data_files=str(texts), min_length=min_length, max_length=max_length, limit=limit)
    expected = [n for n in N_TOKENS if n >= max(min_length, 1) and (n <= max_length or not max_length)]
    assert [len(example.reference) for example in corpus(spacy.blank("en"))] == expected[: limit or None]


def test_a_corpus_without_examples_is_refused(texts):
    """Where max_epochs = -1, spaCy would look for one forever."""
    corpus = resolve(data_files=str(texts), min_length=9)
    with pytest.raises(CorpusError, match=r"documents with tokens \(min_length = 9, max_length = 0\), but .* has none"):
        list(corpus(spacy.blank("en")))


def test_texts_that_spacy_does_not_take(texts):
    nlp = spacy.blank("en")
    nlp.max_length = len("The king ruled.")
    short = [line for line in LINES if line and len(line) <= nlp.max_length]
    assert len(short) < sum(map(bool, LINES))
    corpus = resolve(data_files=str(texts), max_length=100)
    assert [example.reference.text for example in corpus(nlp)] == short
    with pytest.raises(CorpusError, match=r"at most 15 characters \(nlp\.max_length\), but one has .* Set max_length"):
        list(resolve(data_files=str(texts))(nlp))


def test_a_corpus_can_be_read_again(texts):
    corpus, nlp = resolve(data_files=str(texts), limit=3), spacy.blank("en")
    first, second = ([example.reference.text for example in corpus(nlp)] for _ in range(2))
    assert first == second == ["The king ruled.", "one", "two words"]


def test_the_arguments_are_those_of_the_dataset_and_three_more():
    expected = inspect.signature(make_dataset_v1).parameters
    actual = inspect.signature(make_dataset_corpus_v1).parameters
    assert [actual[name] for name in expected] == list(expected.values())
    assert {name: actual[name].default for name in actual.keys() - expected.keys()} == {
        "min_length": 0,
        "max_length": 0,
        "limit": 0,
    }
    filled = registry.fill({"corpus": {"@readers": "spacy_w2v.DatasetCorpus.v1", "data_files": "x.txt"}})["corpus"]
    assert filled.keys() == {"@readers", *actual}


def test_columns_of_other_formats(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"body": "one text"}\n{"body": null}\n{"body": "another"}\n')
    corpus = resolve(data_files=str(path), text_field="body")
    assert [example.reference.text for example in corpus(spacy.blank("en"))] == ["one text", "another"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"max_lengt": 3},
            ConfigValidationError,
            "unexpected argument: 'max_lengt'|max_lengt\textra fields not permitted",
        ),
        ({"max_length": "many"}, ConfigValidationError, "max_length"),
        ({"limit": -1}, CorpusError, r"limit must be at least 0 \(0 for no limit\), was: -1"),
        ({"encoding": "utf-9"}, CorpusError, "encoding must be an encoding of Python"),
    ],
)
def test_wrong_arguments(texts, arguments, error, message):
    with pytest.raises(error, match=message) as raised:
        resolve(data_files=str(texts), **arguments)
    assert isinstance(raised.value, ConfigValidationError), "which spaCy's commands show without a traceback"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--corpora.train.max_length", "-1"), "max_length must be at least 0 (0 for no limit), was: -1"),
        (("--corpora.train.data_files", "nowhere.txt"), "data_files must be existing files, was: nowhere.txt"),
    ],
)
def test_errors_of_spacy_train_have_no_traceback(texts, tmp_path, option, message):
    full_config(texts).to_disk(tmp_path / "config.cfg")
    done = spacy_command("train", "config.cfg", *option, cwd=tmp_path)
    assert done.code == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "The texts cannot be read" in done.stdout
    assert message in " ".join(done.stdout.split())


def test_pretrain_through_python(texts, tmp_path):
    pretrain(full_config(texts).interpolate(), tmp_path)
    log = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert log["nr_word"] == sum(n for n in N_TOKENS if n <= 4)
    assert log["loss"] > 0
    assert (tmp_path / "model-last.bin").stat().st_size > 0


def test_pretrain_as_a_process(texts, tmp_path):
    full_config(texts).to_disk(tmp_path / "config.cfg")
    done = spacy_command("pretrain", "config.cfg", "out", cwd=tmp_path)
    assert done.code == 0, done.stderr
    assert "Successfully finished pretrain" in done.stdout
    log = json.loads((tmp_path / "out/log.jsonl").read_text().splitlines()[0])
    assert log["nr_word"] == sum(n for n in N_TOKENS if n <= 4)


def test_components_that_need_no_labels_train(texts):
    """As [corpora.train] and [corpora.dev]: steps 0 to 2, each of all texts, and a component that counts tokens."""
    seen = {"initialize": 0, "update": 0, "score": 0}

    class Counter:
        is_trainable = True
        model = None

        def __call__(self, doc):
            return doc

        def initialize(self, get_examples, *, nlp=None):
            seen["initialize"] = sum(len(example.reference) for example in get_examples())

        def update(self, examples, *, drop=0.0, sgd=None, losses=None):
            seen["update"] += sum(len(example.predicted) for example in examples)
            losses["counter"] = 1.0

        def score(self, examples):
            seen["score"] = sum(len(example.reference) for example in examples)
            return {"n": 1.0}

    @spacy.Language.factory("test_examples_counter", default_score_weights={"n": 1.0})
    def make_counter(nlp, name):
        return Counter()

    config = full_config(texts)
    config["nlp"]["pipeline"] = ["counter"]
    config["components"] = {"counter": {"factory": "test_examples_counter"}}
    config["pretraining"] = {}
    train(init_nlp(config), None)
    assert seen == {"initialize": sum(N_TOKENS), "update": 3 * sum(N_TOKENS), "score": 5}
