"""Settings, configs, and the names that users write in them."""

import inspect
from importlib.metadata import distribution
from pathlib import Path
from typing import get_args

import gensim.models
import pytest
import spacy
from confection import Config
from spacy.util import is_package, registry

from spacy_w2v.config._export import MODE_OF_FORMAT, ExportFormat
from spacy_w2v.config._keywords import block_of
from spacy_w2v.config._loading import apply_overrides, fill, load_config
from spacy_w2v.config._new_configs import make_config, new_settings
from spacy_w2v.config._presets import SIZES
from spacy_w2v.config._problems import describe_argument
from spacy_w2v.config._schema import (
    ALPHA_OF_MEANS,
    ModelSettings,
    VectorKind,
    W2VSettings,
    parse_settings,
)
from spacy_w2v.errors import ConfigError, ConfigWarning
from spacy_w2v.formats._exporting import FORMATS
from spacy_w2v.training._resolved_config import resolve

GENSIM_NAMES = [
    *("vector_size", "window", "min_count", "negative", "ns_exponent", "sample"),
    *("alpha", "min_alpha", "epochs", "seed", "shrink_windows", "max_final_vocab"),
]

EXAMPLES = sorted((Path(__file__).parents[1] / "configs").glob("*.cfg"))

REGISTERED = {
    "spacy_factories": {"w2v", "phrases"},
    "spacy_cli": {"w2v"},
    "spacy_readers": {
        "spacy_w2v.Dataset.v1",
        "spacy_w2v.DocBin.v1",
        "spacy_w2v.GensimWiki.v1",
        "spacy_w2v.StandardInput.v1",
        "spacy_w2v.Concatenate.v1",
        "spacy_w2v.Interleave.v1",
        "spacy_w2v.Interleave.v2",
        "spacy_w2v.DatasetCorpus.v1",
    },
    "spacy_loggers": {"spacy_w2v.TensorBoard.v1"},
    "spacy_misc": {"spacy_w2v.LemmaKeys.v1", "spacy_w2v.LemmaPosKeys.v1", "spacy_w2v.SenseKeys.v1"},
    "spacy_callbacks": {"spacy_w2v.train_vectors.v1", "spacy_w2v.load_vectors.v1", "spacy_w2v.load_vectors.v2"},
}
"""All names in entry points: they are what users' configs depend on, so none may go, and none may change meaning."""


@pytest.mark.parametrize("name", GENSIM_NAMES)
def test_defaults_are_those_of_gensim(name):
    expected = inspect.signature(gensim.models.Word2Vec.__init__).parameters[name].default
    settings = parse_settings({}).completed().model_dump()
    actual = settings[block_of(name)][name]
    assert actual == expected
    assert type(actual) is type(expected) or {type(actual), type(expected)} == {bool, int}


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"modle": {}}, r"\[w2v\] has no setting 'modle'. Did you mean 'model'\?"),
        ({"corpsu": {}}, r"\[w2v\] has no setting 'corpsu'. Did you mean 'corpus'\?"),
        ({"model": {"vectorsize": 3}}, r"\[w2v.model\] has no setting 'vectorsize'. Did you mean 'vector_size'\?"),
        ({"tokens": {"xyz": 1}}, r"\[w2v.tokens\] has no setting 'xyz'. Known keys: tokenizer, attr, keys"),
        ({"model": 3}, r"\[w2v.model\] must be a block of settings, was: 3"),
        ({"model": {"windo": 3}, "training": {"epoch": 1}}, r"'windo'(.|\n)*'epoch'"),
    ],
)
def test_unknown_keys(block, message):
    with pytest.raises(ConfigError, match=message):
        parse_settings(block)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"modle": {}}, r"^\[initialize\.components\.vectors\] has no setting 'modle'\."),
        ({"model": {"windo": 3}}, r"^\[initialize\.components\.vectors\.model\] has no setting 'windo'\."),
    ],
)
def test_unknown_keys_of_a_component(block, message):
    with pytest.raises(ConfigError, match=message):
        parse_settings(block, section="initialize.components.vectors")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model.window must fit", "window must fit"),
        ("training.alpha must fit", "alpha must fit"),
        ("cooccurrence.memory_gb must fit", "memory_gb must fit"),
        ("window must fit model.size", "window must fit model.size"),
    ],
)
def test_rules_of_settings_name_arguments_without_their_block(text, expected):
    assert describe_argument({"type": "value_error", "loc": (), "input": {}, "ctx": {"error": text}}) == expected


def test_values_are_coerced_to_their_types():
    settings = parse_settings({"training": {"alpha": 1, "epochs": "3"}, "model": {"shrink_windows": "false"}})
    assert (settings.training.alpha, type(settings.training.alpha)) == (1.0, float)
    assert (settings.training.epochs, settings.model.shrink_windows) == (3, False)


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        parse_settings({}).model.window = 3


def test_formats_of_the_settings_are_those_of_the_exporters():
    assert set(get_args(ExportFormat)) == set(FORMATS)
    for mode in (None, "fasttext", "floret"):
        formats = [name for name in FORMATS if MODE_OF_FORMAT.get(name, mode) == mode]
        formats = [name for name in formats if mode != "floret" or name != "gensim-model"]
        block = {"model": {"subwords": {"mode": mode}}, "export": {"formats": formats}}
        assert parse_settings(block).export.formats == formats


@pytest.mark.parametrize("loss", get_args(ModelSettings.model_fields["loss"].annotation))
@pytest.mark.parametrize("kind", get_args(VectorKind))
def test_kinds_of_vectors_go_with_losses_that_have_them(kind, loss):
    block = {"export": {"vector_kind": kind}, "model": {"loss": loss}}
    if kind == "input" or loss != "hierarchical-softmax":
        assert parse_settings(block).export.vector_kind == kind
    else:
        with pytest.raises(ConfigError, match="inner nodes of a tree"):
            resolve(fill(Config().from_str(BASE), parse_settings({})).merge({"w2v": block}))


@pytest.mark.parametrize("size", SIZES)
def test_new_configs_are_complete_and_valid(size):
    corpus = {"@readers": "spacy_w2v.GensimWiki.v1", "max_documents": 3}
    config = make_config(new_settings(size).settings, lang="en", corpus=corpus)
    again = Config().from_str(config.to_str())
    blocks = W2VSettings.model_fields.keys() - {"distributed", "phrases"}
    assert set(again["w2v"]) == {*blocks, "corpus"}
    for block in blocks:
        assert set(again["w2v"][block]) == set(parse_settings({}).model_dump()[block]) - {"subwords"}
    job = resolve(again)
    assert job.source.max_documents == 3
    assert job.settings.training.epochs == (20 if size == "tiny" else 5)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_valid(path):
    config = load_config(path)
    pipeline = config["w2v"].get("tokens", {}).get("pipeline")
    if pipeline is not None and not is_package(pipeline):  # nothing is downloaded
        with pytest.raises(ConfigError, match=f"Install it with: python -m spacy download {pipeline}"):
            resolve(config)
        return
    job = resolve(config)
    assert job.nlp.lang == ("zh" if path.name == "chinese.cfg" else "en")
    assert job.source.name


def test_new_configs_name_machines_only_with_an_engine():
    corpus = {"@readers": "spacy_w2v.GensimWiki.v1"}
    one = make_config(parse_settings({}), lang="en", corpus=corpus)
    several = make_config(parse_settings({"distributed": {"engine": "ray"}}), lang="en", corpus=corpus)
    assert "distributed" not in one["w2v"]
    assert several["w2v"]["distributed"] == {"engine": "ray", "address": None, "machines": None, "rounds": 32}


@pytest.mark.parametrize("address", ["auto", "10.0.0.5:6379", "head.cluster.example:1", "[fe80::1]:65535", None])
def test_addresses_of_clusters(address):
    assert parse_settings({"distributed": {"address": address}}).distributed.address == address


@pytest.mark.parametrize("address", ["", "10.0.0.5", "ray://head:10001", "head:0", "head:65536", "local"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ConfigError, match=r"address must be a host and a port, such as 10.0.0.5:6379, or .auto., was:"):
        parse_settings({"distributed": {"address": address}})


@pytest.mark.parametrize("loss", ["glove", "ppmi-svd"])
def test_losses_that_learn_from_counts_are_refused_on_several_machines(loss):
    message = f'distributed.engine must be null with loss = "{loss}", which learns .*, was: "ray"\\. Leave it'
    with pytest.raises(ConfigError, match=message):
        parse_settings({"model": {"loss": loss}, "distributed": {"engine": "ray"}})
    assert parse_settings({"model": {"loss": loss}, "distributed": {"rounds": 7}}).distributed.rounds == 7


def test_an_unknown_size_is_refused():
    with pytest.raises(ConfigError, match="size must be one of tiny, small, large, was: huge"):
        new_settings("huge")


# Files, overrides, variables

BASE = """
[paths]
texts = "a.txt"

[vars]
epochs = 3

[nlp]
lang = "en"

[w2v]

[w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
path = "text"
data_files = ${paths.texts}

[w2v.training]
epochs = ${vars.epochs}
"""


def test_variables_and_overrides(tmp_path):
    (tmp_path / "config.cfg").write_text(BASE)
    job = resolve(load_config(tmp_path / "config.cfg"))
    assert (job.source.data_files, job.settings.training.epochs) == ("a.txt", 3)

    # Sections that the file lacks can be overridden too.
    overrides = {"paths.texts": "b.txt", "vars.epochs": 7, "w2v.model.window": 2, "w2v.export.max_vectors": 10}
    job = resolve(load_config(tmp_path / "config.cfg", overrides))
    assert (job.source.data_files, job.settings.training.epochs) == ("b.txt", 7)
    assert (job.settings.model.window, job.settings.export.max_vectors) == (2, 10)
    assert Config().from_str(job.config.to_str())["w2v"]["model"]["window"] == 2


def test_an_override_of_an_unknown_section_is_refused():
    config = Config().from_str(BASE, interpolate=False)
    with pytest.raises(ConfigError, match=r"must name a section of the config, was: pathz\. Did you mean 'paths'"):
        apply_overrides(config, {"pathz.texts": "b.txt"})


def test_filling_a_full_config_changes_nothing():
    once = fill(config := Config().from_str(BASE), parse_settings(config["w2v"]))
    twice = fill(once, parse_settings(once["w2v"]))
    assert twice.to_str() == once.to_str()
    assert once["nlp"] == config["nlp"]
    assert once["w2v"]["corpus"].items() >= config["w2v"]["corpus"].items()


# In a config for spacy train


@pytest.fixture(scope="module")
def full_config():
    """A complete config of spaCy with components, and our block in it."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    nlp.add_pipe("ner")
    config = Config(nlp.config.copy())
    config["w2v"] = Config().from_str(BASE)["w2v"]
    return Config().from_str(config.to_str())


def test_a_config_of_spacy_train_can_hold_the_block(full_config):
    job = resolve(full_config)
    assert job.settings.training.epochs == 3
    assert job.nlp.pipe_names == []
    assert job.config["training"] == full_config["training"]
    assert job.config["components"] == full_config["components"]


def test_the_block_survives_spacy(full_config, tmp_path):
    nlp = spacy.util.load_model_from_config(full_config, auto_fill=True)
    assert nlp.pipe_names == ["tagger", "ner"]
    expected = full_config["w2v"]
    assert nlp.config["w2v"]["training"] == expected["training"]
    assert nlp.config["w2v"]["corpus"].items() >= expected["corpus"].items()  # spaCy fills in the reader's defaults
    spacy.blank("en", config={"w2v": full_config["w2v"]}).to_disk(tmp_path / "blank")
    assert spacy.load(tmp_path / "blank").config["w2v"]["training"] == {"epochs": 3}


def test_callbacks_that_change_the_tokenizer_count():
    @spacy.registry.callbacks("test_config.AddCase.v1")
    def make_callback():
        def add_case(nlp):
            nlp.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}])
            return nlp

        return add_case

    before_init = '\n[initialize]\n\n[initialize.before_init]\n@callbacks = "test_config.AddCase.v1"\n'
    nlp = resolve(Config().from_str(BASE + before_init)).nlp
    assert [token.text for token in nlp("gimme")] == ["gim", "me"]


# Registered names


def test_entry_points_are_exactly_these():
    ours = distribution("spacy-w2v").entry_points
    actual = {group: {point.name for point in ours if point.group == group} for group in {p.group for p in ours}}
    assert actual == REGISTERED


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (group, name)
        for group in ("spacy_readers", "spacy_callbacks", "spacy_loggers", "spacy_misc")
        for name in sorted(REGISTERED[group])
    ],
)
def test_registered_names_resolve(group, name):
    assert name.endswith((".v1", ".v2"))
    make = spacy.registry.get(group.removeprefix("spacy_"), name)
    assert make.__doc__
    assert inspect.signature(make).return_annotation is not inspect.Signature.empty


def test_the_learning_rate_follows_the_model():
    """Of CBOW from a mean, each word takes its share of a step, so steps are longer; what the config says stays."""
    assert parse_settings({"model": {"architecture": "cbow"}}).completed().training.alpha == ALPHA_OF_MEANS
    assert parse_settings({"model": {"architecture": "cbow", "cbow_mean": False}}).completed().training.alpha == 0.025
    own = {"model": {"architecture": "cbow"}, "training": {"alpha": 0.04}}
    assert parse_settings(own).completed().training.alpha == 0.04
    assert parse_settings({}).training.alpha is None


# names of earlier versions


def test_a_former_name_is_read_with_a_warning(tmp_path):
    (tmp_path / "old.cfg").write_text('[w2v]\n\n[w2v.export]\nvectors = "mean"\n')
    with pytest.warns(ConfigWarning, match=r"^\[w2v\.export\] vectors is now called vector_kind"):
        config = load_config(tmp_path / "old.cfg")
    assert config["w2v"]["export"] == {"vector_kind": "mean"}
    (tmp_path / "both.cfg").write_text('[w2v]\n\n[w2v.export]\nvectors = "mean"\nvector_kind = "input"\n')
    with pytest.raises(ConfigError, match=r"must have vector_kind once, but also has it under its former"):
        load_config(tmp_path / "both.cfg")


def test_an_override_by_a_former_name_is_read_with_a_warning(tmp_path):
    (tmp_path / "new.cfg").write_text('[w2v]\n\n[w2v.export]\nvector_kind = "input"\n')
    with pytest.warns(ConfigWarning, match=r"^\[w2v\.export\] vectors is now called vector_kind"):
        config = load_config(tmp_path / "new.cfg", {"w2v.export.vectors": "mean"})
    assert config["w2v"]["export"] == {"vector_kind": "mean"}
    with pytest.raises(ConfigError, match=r"^w2v\.export\.vector_kind must be overridden once, but also is under its"):
        load_config(tmp_path / "new.cfg", {"w2v.export.vectors": "mean", "w2v.export.vector_kind": "input"})


def test_a_former_name_elsewhere_is_answered_with_the_new_one():
    message = r"^\[w2v\.export\] has no setting 'vectors'\. It is now called vector_kind\.$"
    with pytest.raises(ConfigError, match=message):
        parse_settings({"export": {"vectors": "mean"}})


def test_the_first_version_of_a_callback_keeps_its_arguments():
    before = inspect.signature(registry.callbacks.get("spacy_w2v.load_vectors.v1")).parameters
    now = inspect.signature(registry.callbacks.get("spacy_w2v.load_vectors.v2")).parameters
    assert list(before) == ["path", "vectors", "max_vectors", "first", "merge_rare"]
    of_version_1 = ["path", "vector_kind", "max_vectors", "merge_rare", "first"]
    assert list(now) == [*of_version_1, "postprocess", "whitening_strength"]
