"""Vectors made in [initialize.before_init]: `spacy train` as a process, and `nlp.initialize` in this one."""

import json
import random
import re
import subprocess
import sys

import numpy as np
import pytest
import spacy
from confection import Config, ConfigValidationError
from helpers_cli import spacy_command, w2v_here
from spacy.lookups import Lookups
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus
from spacy.util import load_model_from_config

import spacy_w2v
from spacy_w2v.training._resolved_config import resolve

TAGS = {"the": "DET", "a": "DET", "King": "NOUN", "river": "NOUN", "war": "NOUN", "ruled": "VERB", "old": "ADJ"}

CONFIG = """
[paths]
texts = "texts.txt"
train = "train.spacy"
dev = "dev.spacy"

[nlp]
lang = "en"
pipeline = ["tok2vec", "tagger"]

[components]

[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]
@architectures = "spacy.HashEmbedCNN.v2"
width = 16
depth = 1
embed_size = 100
window_size = 1
maxout_pieces = 2
subword_features = false
pretrained_vectors = true

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = 16

[training]
seed = 0
gpu_allocator = null
max_steps = 60
eval_frequency = 30

[initialize]

[initialize.before_init]
@callbacks = "spacy_w2v.train_vectors.v1"

[w2v]

[w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
data_files = ${paths.texts}

[w2v.vocabulary]
min_count = 2

[w2v.model]
vector_size = 6

[w2v.training]
workers = 1
epochs = 2
sample = 0

[w2v.export]
formats = []
"""

TOKENIZER = "test_spacy_train.SplitAt.v1"


class SplitAt:
    """A tokenizer that knows where to split when it is initialized, as spaCy's Chinese one knows its model."""

    def __init__(self, vocab):
        self.vocab = vocab
        self.mark = None
        self.n_initialized = 0

    def __call__(self, text):
        words = [word for word in text.split(self.mark) if word]
        return Doc(self.vocab, words=words, spaces=[False] * len(words))

    def initialize(self, get_examples, *, nlp=None, mark="-"):
        self.mark = mark
        self.n_initialized += 1


@spacy.registry.tokenizers(TOKENIZER)
def make_split_at():
    return lambda nlp: SplitAt(nlp.vocab)


@spacy.registry.callbacks("test_spacy_train.AddCase.v1")
def make_add_case():
    def add_case(nlp):
        nlp.tokenizer.add_special_case("river", [{"ORTH": "ri"}, {"ORTH": "ver"}])
        return nlp

    return add_case


@spacy.registry.callbacks("test_spacy_train.Both.v1")
def make_both(one, other):
    def both(nlp):
        other(one(nlp))
        return nlp

    return both


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A directory with texts, a corpus of tags and the config."""
    directory = tmp_path_factory.mktemp("material")
    chooser = random.Random(0)
    vocab = spacy.blank("en").vocab
    for name, n_docs in (("train", 60), ("dev", 20)):
        docs = DocBin()
        for _ in range(n_docs):
            words = chooser.choices(list(TAGS), k=8)
            docs.add(Doc(vocab, words=words, tags=[TAGS[word] for word in words]))
        docs.to_disk(directory / f"{name}.spacy")
    lines = [" ".join(chooser.choices(list(TAGS), k=8)) for _ in range(100)] + ["hapaxlegomenon"]
    (directory / "texts.txt").write_text("\n".join(lines) + "\n")
    (directory / "config.cfg").write_text(CONFIG)
    return directory


@pytest.fixture
def workplace(material, tmp_path, monkeypatch):
    """An empty working directory, with a copy of the texts; the corpus of tags is read where it is."""
    (tmp_path / "texts.txt").write_bytes((material / "texts.txt").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_nlp(**overrides):
    """The pipeline of the config, with `section__key` overridden; not initialized."""
    config = Config().from_str(CONFIG, interpolate=False)
    for name, value in overrides.items():
        *sections, key = name.split("__")
        block = config
        for section in sections:
            block = block.setdefault(section, {})
        block[key] = value
    return load_model_from_config(Config().from_str(config.to_str(), interpolate=False), auto_fill=True)


def initialize(nlp, material):
    nlp.initialize(lambda: Corpus(material / "train.spacy")(nlp))
    return nlp


def initialized(material, **overrides):
    return initialize(make_nlp(**overrides), material)


def expected_vectors(**settings):
    """What Python's interface makes of the same texts and settings."""
    with open("texts.txt", encoding="utf-8") as file:
        texts = file.read().splitlines()
    defaults = {"min_count": 2, "vector_size": 6, "workers": 1, "epochs": 2, "sample": 0}
    return spacy_w2v.train(texts, **(defaults | settings))


def has_vectors_of(nlp, model):
    """Say whether the pipeline's table is that of the model, row by row."""
    words = {nlp.vocab.strings[row_keys[-1]] for row_keys in rows_of(nlp)}
    return words == set(model.words) and all(
        np.array_equal(nlp.vocab[word].vector, model[word]) for word in model.words
    )


def rows_of(nlp):
    rows = {}
    for key, row in nlp.vocab.vectors.key2row.items():
        rows.setdefault(row, []).append(key)
    return rows.values()


# spacy train, as a process


@pytest.fixture(scope="module")
def trained(material):
    config = CONFIG.replace('train_vectors.v1"', 'train_vectors.v1"\noutput = "vectors"')
    (material / "with_output.cfg").write_text(config)
    return spacy_command("train", "with_output.cfg", "--output", "out", cwd=material)


def test_one_config_makes_vectors_and_a_pipeline_that_uses_them(material, trained):
    assert trained.code == 0, trained.said
    nlp = spacy.load(material / "out/model-last")
    assert has_vectors_of(nlp, spacy_w2v.load(material / "vectors/model"))
    assert any(layer.name == "static_vectors" for layer in nlp.get_pipe("tok2vec").model.walk())
    doc = nlp("the old King ruled a river")
    assert [token.tag_ for token in doc] == [TAGS[token.text] for token in doc]
    assert doc[2].has_vector
    assert nlp("KING")[0].rank == nlp("king")[0].rank < len(TAGS)
    assert nlp.meta["w2v"]["corpus"]["source"] == "texts.txt"
    assert nlp.meta["w2v"]["vector_kind"] == "input"
    # the vectors come first, and are said to
    assert re.search(r"^Encoding 100%", trained.stderr, re.MULTILINE)
    assert re.search(r"^Corpus: \d+ tokens, 7 words, which cover 99.\d%", trained.stderr, re.MULTILINE)
    assert re.findall(r"^Epoch (\d): loss", trained.stderr, re.MULTILINE) == ["1", "2"]
    assert trained.stderr.count("Trained 7 vectors in") == 1


def test_the_trained_pipeline_needs_the_package_no_more(material, trained):
    """Without the package its entry points are gone too; spaCy imports those of all factories at once."""
    code = (
        "import sys\nsys.modules['spacy_w2v'] = None\nimport catalogue\n"
        "every = catalogue.AVAILABLE_ENTRY_POINTS\n"
        "class Others:\n"
        "    def select(self, **chosen):\n"
        "        return [point for point in every.select(**chosen) if 'spacy_w2v' not in point.value]\n"
        "catalogue.AVAILABLE_ENTRY_POINTS = Others()\n"
        "import spacy\nnlp = spacy.load('out/model-best')\n"
        "print(nlp.vocab.vectors.shape, *[token.tag_ for token in nlp('the King')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=material, capture_output=True, text=True, timeout=60)
    assert done.stdout.split("\n")[0] == "(7, 6) DET NOUN", done.stderr


def test_errors_of_spacy_train_have_no_traceback(material):
    result = spacy_command("train", "config.cfg", "--paths.texts", "nowhere.txt", cwd=material)
    assert result.code == 1
    assert "Vectors cannot be trained data_files must be existing files, was: nowhere.txt" in result.said
    assert "Traceback" not in result.said


def test_the_results_are_those_of_spacy_w2v_train(material, trained, tmp_path):
    """The same config serves both commands, neither of which trains twice."""
    result = w2v_here("train", "with_output.cfg", "-o", tmp_path / "direct", cwd=material)
    assert result.code == 0, result.said
    assert result.said.count("Trained 7 vectors") == 1
    expected = spacy_w2v.load(tmp_path / "direct/model")
    np.testing.assert_array_equal(spacy_w2v.load(material / "vectors/model").input_vectors, expected.input_vectors)
    files = {"model", "config.cfg", "training.jsonl"}
    assert {path.name for path in (tmp_path / "direct").iterdir()} == files
    assert {path.name for path in (material / "vectors").iterdir()} == files


# train_vectors


@pytest.mark.parametrize("pipeline", [["tok2vec", "tagger"], ["tagger", "tok2vec"]])
def test_vectors_are_there_before_any_component(material, workplace, pipeline):
    nlp = initialized(material, nlp__pipeline=pipeline)
    assert has_vectors_of(nlp, expected_vectors())


def test_of_the_export_settings_those_count_that_choose_vectors(material, workplace):
    nlp = initialized(
        material, w2v__export__max_vectors=3, w2v__export__vector_kind="mean", w2v__export__dtype="float16"
    )
    model = expected_vectors()
    assert nlp.vocab.vectors.shape == (3, 6)
    assert nlp.vocab.vectors.data.dtype == np.float32  # as spaCy's models need it
    np.testing.assert_array_equal(nlp.vocab[model.words[2]].vector, model.vectors("mean")[2])
    assert nlp.meta["w2v"]["vector_kind"] == "mean"


def test_rare_words_are_merged(material, workplace):
    model = expected_vectors()
    model.save(workplace / "model")
    load = {"@callbacks": "spacy_w2v.load_vectors.v1", "path": "model", "max_vectors": 3, "merge_rare": True}
    for settings in (
        {"w2v__export__max_vectors": 3, "w2v__export__merge_rare": True},
        {"initialize__before_init": load},
    ):
        nlp = initialized(material, **settings)
        expected = model.to_spacy(max_vectors=3, merge_rare=True).vocab
        assert nlp.vocab.vectors.shape == (3, 6)
        for word in model.words:
            assert nlp.vocab[word].has_vector
            np.testing.assert_array_equal(nlp.vocab[word].vector, expected[word].vector)


def test_progress_can_be_off(material, workplace, capfd):
    initialized(material, initialize__before_init__progress=False)
    assert capfd.readouterr() == ("", "")


def test_the_logger_of_the_block_is_told(material, workplace, capsys):
    initialized(material, w2v__training__logger={"@loggers": "spacy.ConsoleLogger.v3"})
    shown = capsys.readouterr()
    assert re.search(r"^E +# +LOSS W2V +SCORE *\n[- ]+\n +1 +1 .*\n +2 +2 ", shown.out, re.MULTILINE)
    assert "Epoch 1" not in shown.err


def test_other_random_numbers_stay_as_they_are(material, workplace):
    """The rest of the pipeline is the same whether vectors are trained or found."""
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002  # the state that spaCy's components draw from
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    nlp = make_nlp(nlp__pipeline=[])
    nlp.initialize()
    after = random.getstate(), np.random.get_state()  # noqa: NPY002
    assert nlp.vocab.vectors.shape == (7, 6)
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1][1], after[1][1])


def test_a_component_takes_the_frequencies_from_the_output(material, workplace):
    """Counts of words are in the model beside the table, and with the table itself."""
    texts = {"@readers": "spacy_w2v.Dataset.v1", "data_files": "texts.txt"}
    settings = {
        "nlp__pipeline": ["w2v"],
        "components__w2v": {"factory": "w2v"},
        "initialize__before_init__output": "vectors",
    }
    nlp = initialized(material, initialize__components={"w2v": {"path": "vectors", "corpus": texts}}, **settings)
    model = spacy_w2v.load(workplace / "vectors/model")
    assert has_vectors_of(nlp, model)
    np.testing.assert_array_equal(nlp.get_pipe("w2v").doc_vectors.fitted.counts, model.vocabulary.counts)
    assert nlp("the King").has_vector
    without = initialized(material, **settings)
    np.testing.assert_array_equal(without.get_pipe("w2v").doc_vectors.fitted.counts, model.vocabulary.counts)


@pytest.mark.parametrize("update", [False, True])
def test_a_component_leaves_a_small_table_as_it_is(material, workplace, update):
    """Its rows are those of the model's most frequent words; update needs all of them."""
    texts = {"@readers": "spacy_w2v.Dataset.v1", "data_files": "texts.txt"}
    nlp = initialized(
        material,
        nlp__pipeline=["w2v"],
        components__w2v={"factory": "w2v", "update": update},
        initialize__before_init__output="vectors",
        initialize__components={"w2v": {"path": "vectors", "corpus": texts}},
        w2v__export__max_vectors=3,
        w2v__export__merge_rare=True,
    )
    model = spacy_w2v.load(workplace / "vectors/model")
    n_words = len(model) if update else 3
    np.testing.assert_array_equal(nlp.vocab.vectors.data, model.input_vectors[:n_words])
    fitted = nlp.get_pipe("w2v").doc_vectors.fitted
    np.testing.assert_array_equal(fitted.counts, model.vocabulary.counts[:n_words])
    assert fitted.meta.n_tokens == model.meta["corpus"]["n_tokens"]
    assert nlp(model.words[-1]).has_vector
    nlp.to_disk(workplace / "saved")
    np.testing.assert_array_equal(spacy.load(workplace / "saved")("the king").vector, nlp("the king").vector)


# ... and whose tokens


NORMS = "test_spacy_train.Norms.v1"


@spacy.registry.misc(NORMS)
def make_norms():
    lookups = Lookups()
    lookups.add_table("lexeme_norm", {"river": "stream", "war": "stream"})
    return lookups


def test_norms_of_lookups_count(material, workplace):
    """SpaCy sets `[initialize.lookups]` only after `before_init`; the command reads them by itself."""
    norms = {"initialize__lookups": {"@misc": NORMS}, "w2v__tokens__attr": "NORM"}
    nlp = initialized(material, **norms)
    command = resolve(make_nlp(**norms).config.interpolate()).nlp
    component = spacy.blank("en", config={"initialize": {"lookups": {"@misc": NORMS}}})
    component.add_pipe("w2v", config={"n_common": 0})
    settings = {"tokens": {"attr": "NORM"}, "vocabulary": {"min_count": 2}, "training": {"workers": 1}}
    corpus = {"@readers": "spacy_w2v.Dataset.v1", "data_files": "texts.txt"}
    component.config["initialize"]["components"] = {"w2v": {"corpus": corpus, **settings}}
    component.initialize()
    for pipeline in (nlp, component):
        rows = [pipeline.vocab.vectors.key2row[pipeline.vocab.strings[word]] for word in ("river", "war", "stream")]
        assert rows[0] == rows[1] == rows[2]
        assert pipeline.vocab.vectors.shape[0] == len(TAGS) - 1
    assert (
        [token.norm_ for token in command("the war")] == [token.norm_ for token in nlp("the war")] == ["the", "stream"]
    )


def test_tokens_are_those_of_the_pipeline_that_is_initialized(material, workplace):
    nlp = make_nlp()
    nlp.tokenizer.add_special_case("river", [{"ORTH": "ri"}, {"ORTH": "ver"}])  # which no config tells
    initialize(nlp, material)
    assert nlp.vocab.has_vector("ver")
    assert not nlp.vocab.has_vector("river")


def test_the_tokenizer_is_initialized_first(material, workplace):
    (workplace / "texts.txt").write_text("one+two+three\n" * 50)
    nlp = initialized(material, nlp__tokenizer={"@tokenizers": TOKENIZER}, initialize__tokenizer={"mark": "+"})
    assert [nlp.vocab.has_vector(word) for word in ("one", "two", "three")] == [True] * 3
    assert nlp.tokenizer.mark == "+"


def test_another_callback_can_come_first(material, workplace):
    nlp = initialized(material, initialize__before_init__first={"@callbacks": "test_spacy_train.AddCase.v1"})
    assert nlp.vocab.has_vector("ver")


# ... and in spacy w2v train


@pytest.mark.parametrize("name", ["train_vectors", "load_vectors", "Both"])
def test_a_pipeline_made_for_its_tokens_gets_no_vectors(workplace, capfd, name):
    """As by `spacy w2v train`: neither in a circle, nor from a directory that only this run will make."""
    ours = {"@callbacks": "spacy_w2v.train_vectors.v1", "output": "nowhere"}
    before_init = {
        "train_vectors": ours | {"first": {"@callbacks": "test_spacy_train.AddCase.v1"}},
        "load_vectors": {
            "@callbacks": "spacy_w2v.load_vectors.v1",
            "path": "nowhere",
            "first": {"@callbacks": "test_spacy_train.AddCase.v1"},
        },
        "Both": {
            "@callbacks": "test_spacy_train.Both.v1",
            "one": {"@callbacks": "test_spacy_train.AddCase.v1"},
            "other": ours,
        },
    }[name]
    config = Config().from_str(CONFIG)
    config["initialize"]["before_init"] = before_init
    nlp = resolve(config).nlp
    assert [token.text for token in nlp("a river")] == ["a", "ri", "ver"]
    assert nlp.vocab.vectors.shape[0] == 0
    assert not (workplace / "nowhere").exists()
    assert capfd.readouterr() == ("", "")


# output


def test_a_second_run_uses_the_output(material, workplace, capsys):
    first = initialized(material, initialize__before_init__output="vectors")
    assert "Trained 7 vectors" in capsys.readouterr().err
    meta = (workplace / "vectors/model/meta.json").read_text()

    # settings that do not matter for the vectors of one worker
    others = {"w2v__training__checkpoint_every_s": None, "w2v__tokens__n_process": 1, "w2v__export__max_vectors": None}
    second = initialized(material, initialize__before_init__output="vectors", **others)
    assert capsys.readouterr().err == "Using the vectors in vectors\n"
    assert (workplace / "vectors/model/meta.json").read_text() == meta
    assert second.vocab.vectors.to_bytes() == first.vocab.vectors.to_bytes()


def test_a_second_run_may_choose_other_vectors_of_the_output(material, workplace, capsys):
    initialized(material, initialize__before_init__output="vectors")
    model = spacy_w2v.load(workplace / "vectors")
    capsys.readouterr()
    nlp = initialized(material, initialize__before_init__output="vectors", w2v__export__postprocess="center")
    said = 'were exported with other settings: w2v.export.postprocess was null, is now: "center"\n'
    assert capsys.readouterr().err == f"Using the vectors in vectors\nThe other files there {said}"
    np.testing.assert_array_equal(nlp.vocab.vectors.data, model.vectors(postprocess="center"))
    assert nlp.meta["w2v"]["export"]["postprocess"] == "center"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w2v__model__window": 2}, "w2v.model.window was 5, is now: 2"),
        ({"w2v__training__seed": 2}, "w2v.training.seed was 1, is now: 2"),
        ({"w2v__training__alpha": 0.02}, "w2v.training.alpha was 0.025, is now: 0.02"),
        ({"w2v__vocabulary__min_count": 1}, "w2v.vocabulary.min_count was 2, is now: 1"),
        ({"w2v__tokens__attr": "ORTH"}, 'w2v.tokens.attr was "LOWER", is now: "ORTH"'),
        ({"w2v__corpus__max_documents": 50}, "the texts or the arguments of their reader have changed"),
        ({"nlp__tokenizer": {"@tokenizers": TOKENIZER}}, "the tokenizer has changed"),
    ],
)
def test_results_of_something_else_are_refused_or_replaced(material, workplace, capsys, change, message):
    initialized(material, initialize__before_init__output="vectors")
    before = (workplace / "vectors/model/meta.json").read_text()
    with pytest.raises(ConfigValidationError) as error:
        initialized(material, initialize__before_init__output="vectors", **change)
    lines = str(error.value).strip().splitlines()
    assert lines[-3:] == [
        "The results in output must be those of this config and corpus, but those in vectors differ:",
        message,
        "Choose another output, or set overwrite = true to replace them.",
    ]
    assert (workplace / "vectors/model/meta.json").read_text() == before

    change = change | {"initialize__before_init__overwrite": True}
    (workplace / "vectors/model-best").mkdir()  # where spacy train had the same output
    capsys.readouterr()
    if "nlp__tokenizer" not in change:  # of which no token is left
        initialized(material, initialize__before_init__output="vectors", **change)
        assert (workplace / "vectors/model/meta.json").read_text() != before
        assert (workplace / "vectors/model-best").is_dir()
        initialized(material, initialize__before_init__output="vectors", **change)
        assert capsys.readouterr().err.endswith("Using the vectors in vectors\n")


def test_changed_texts_are_seen(material, workplace):
    initialized(material, initialize__before_init__output="vectors")
    (workplace / "texts.txt").write_text("other words\n" * 20)
    with pytest.raises(ConfigValidationError, match="the texts or the arguments of their reader have changed"):
        initialized(material, initialize__before_init__output="vectors")


def test_something_else_at_output_is_never_replaced(material, workplace):
    (workplace / "vectors").mkdir()
    (workplace / "vectors/thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        settings = {"initialize__before_init__output": "vectors", "initialize__before_init__overwrite": overwrite}
        with pytest.raises(ConfigValidationError, match=r"vectors (exists|has no training\.jsonl)"):
            initialized(material, **settings)
    assert (workplace / "vectors/thesis.txt").read_text() == "years of work"


def test_a_stopped_run_goes_on(material, workplace, capsys):
    @spacy.registry.loggers("test_spacy_train.Stop.v1")
    def make_stop():
        def set_up(nlp, stdout, stderr):
            def log_step(info):
                if info["epoch"] == 2:
                    raise KeyboardInterrupt

            return log_step, lambda: None

        return set_up

    settings = {
        "initialize__before_init__output": "vectors",
        "w2v__training__epochs": 4,
        "w2v__training__checkpoint_every_s": 0,
    }
    with pytest.raises(KeyboardInterrupt):
        initialized(material, w2v__training__logger={"@loggers": "test_spacy_train.Stop.v1"}, **settings)
    assert not (workplace / "vectors").exists()
    capsys.readouterr()

    nlp = initialized(material, **settings)
    assert "Resuming from vectors.checkpoint, which is in epoch 2 of 4" in capsys.readouterr().err
    assert has_vectors_of(nlp, expected_vectors(epochs=4))
    assert not (workplace / "vectors.checkpoint").exists()
    log = [json.loads(line) for line in (workplace / "vectors/training.jsonl").read_text().splitlines()]
    assert [event["epoch"] for event in log if event["event"] == "epoch"] == [1, 2, 3, 4]


# load_vectors


@pytest.fixture
def model(workplace):
    model = expected_vectors()
    model.save(workplace / "model")
    return model


def load_block(path="model", **arguments):
    return {"@callbacks": "spacy_w2v.load_vectors.v2", "path": path, **arguments}


def test_vectors_are_loaded(material, model, capfd):
    nlp = initialized(material, initialize__before_init=load_block())
    assert has_vectors_of(nlp, model)
    assert nlp.vocab.vectors.data.flags.writeable
    assert nlp.meta["w2v"]["model"]["vector_size"] == 6
    assert capfd.readouterr() == ("", "")


def test_vectors_are_loaded_from_an_output_directory(material, trained, workplace):
    nlp = initialized(material, initialize__before_init=load_block(str(material / "vectors")))
    assert has_vectors_of(nlp, spacy_w2v.load(material / "vectors/model"))


@pytest.mark.parametrize(
    "version", [{"vector_kind": "output"}, {"@callbacks": "spacy_w2v.load_vectors.v1", "vectors": "output"}]
)
def test_some_vectors_of_another_kind_are_loaded(material, model, version):
    nlp = initialized(material, initialize__before_init=load_block(max_vectors=2, **version))
    assert nlp.vocab.vectors.shape == (2, 6)
    np.testing.assert_array_equal(nlp.vocab[model.words[1]].vector, model.output_vectors[1])


# What goes wrong


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"initialize__before_init": load_block("nowhere")}, "nowhere does not exist"),
        ({"initialize__before_init": load_block(max_vectors=0)}, "max_vectors must be at least 1, was: 0"),
        (
            {"initialize__before_init": load_block(vector_kind="both")},
            r"(?s)vector_kind.*(is not typing\.Literal|unexpected value)",
        ),
        (
            {"initialize__before_init": load_block(), "initialize__vectors": "x"},
            r"in \[initialize\] must be null",
        ),
        ({"initialize__vectors": "some/vectors"}, r"vectors in \[initialize\] must be null .*, was: some/vectors"),
        ({"w2v": {}}, r"must name its texts in \[w2v\.corpus\]"),
        ({"w2v__model__windo": 3}, r"\[w2v\.model\] has no setting 'windo'\. Did you mean 'window'\?"),
        ({"w2v__model__window": 0}, r"w2v\.model\.window must be at least 1, was: 0"),
        ({"w2v__corpus__text_field": "body"}, "text_field must be a column of the dataset"),
        ({"w2v__vocabulary__min_count": 10**6}, "min_count"),
    ],
)
def test_errors_tell_what_is_wrong(material, model, overrides, message):
    """As the kind of error that spaCy's commands show without a traceback."""
    with pytest.raises(ConfigValidationError, match=message):
        initialized(material, **overrides)


def test_a_config_without_the_block_is_refused(material, workplace):
    nlp = make_nlp()
    del nlp.config["w2v"]
    with pytest.raises(ConfigValidationError, match=r"The config must have a \[w2v\] block"):
        initialize(nlp, material)


def test_registered_functions_are_checked_with_the_block(material, workplace):
    nlp = make_nlp()
    nlp.config["w2v"]["corpus"] = {"@readers": "spacy_w2v.Datset.v1"}
    with pytest.raises(ConfigValidationError, match=r"was: spacy_w2v\.Datset\.v1\. Did you mean 'spacy_w2v\.Dataset"):
        initialize(nlp, material)
