"""Values of overrides: what was forgotten, or is of another type, is refused by name before anything is read."""

import pytest

import spacy_w2v
from spacy_w2v.cli._app import read_overrides
from spacy_w2v.config._base import is_class, wanted_for_bool
from spacy_w2v.config._loading import load_config
from spacy_w2v.config._registered import resolve_block
from spacy_w2v.errors import ConfigError
from spacy_w2v.tokenization._pipelines import make_pipeline
from spacy_w2v.training._resolved_config import resolve

CONFIG = """
[nlp]
lang = "en"
[w2v]
[w2v.corpus]
@readers = "spacy_w2v.Interleave.v1"
[w2v.corpus.sources]
[w2v.corpus.sources.a]
@readers = "spacy_w2v.Dataset.v1"
data_files = "a.txt"
[w2v.corpus.sources.b]
@readers = "spacy_w2v.GensimWiki.v1"
[w2v.corpus.weights]
a = 1
b = 2
"""


class Context:
    """What commands hand over of their arguments."""

    def __init__(self, *arguments):
        self.args = list(arguments)


def settings_of(tmp_path, *arguments):
    (tmp_path / "c.cfg").write_text(CONFIG)
    return resolve(load_config(tmp_path / "c.cfg", read_overrides(Context(*arguments)))).settings


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("model.vector_size", "must be a whole number"),
        ("model.ns_exponent", "must be a number"),
        ("model.loss", "must be one of 'negative-sampling', 'hierarchical-softmax', 'softmax', 'glove' or 'ppmi-svd'"),
        ("tokens.max_tokens", "must be a whole number"),
        ("training.alpha", "must be a number"),
        ("training.checkpoint_every_s", "must be a number"),
        ("export.max_vectors", "must be a whole number"),
        ("initial.vectors", "must be a string"),
    ],
)
def test_a_value_that_was_forgotten_is_not_one(tmp_path, name, rule):
    with pytest.raises(ConfigError) as error:
        settings_of(tmp_path, f"--w2v.{name}", "--w2v.training.epochs", "2")
    assert str(error.value) == (
        f"w2v.{name} {rule}, was: True. An option without a value counts as true: give the value after it."
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seed", "[w2v.corpus] seed must be a whole number, was: True"),
        ("sources.b.max_documents", "[w2v.corpus.sources.b] max_documents must be a whole number, was: True"),
        ("sources.a.text_field", "[w2v.corpus.sources.a] text_field must be a string, was: True"),
        ("sources.a.data_files", "[w2v.corpus.sources.a] data_files must be a string, was: True"),
        ("weights.a", "[w2v.corpus.weights] must hold numbers, was: {'a': True, 'b': 2}"),
    ],
)
def test_nor_is_it_an_argument_of_a_registered_function(tmp_path, name, text):
    with pytest.raises(ConfigError) as error:
        settings_of(tmp_path, f"--w2v.corpus.{name}")
    assert text in str(error.value)
    assert "give the value after it" in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--w2v.training.alpha", "abc"], "w2v.training.alpha must be a number, was: 'abc'"),
        (["--w2v.training.alpha", "-1"], "w2v.training.alpha must be greater than 0.0, was: -1"),
        (["--w2v.training.seed=-1"], "w2v.training.seed must be at least 0, was: -1"),
        (["--w2v.model.vector_size", "7.5"], "w2v.model.vector_size must be a whole number, was: 7.5"),
        (["--w2v.model.vector_size="], "w2v.model.vector_size must be a whole number, was: ''"),
        (["--w2v.model.shrink_windows", "maybe"], "w2v.model.shrink_windows must be true or false, was: 'maybe'"),
        (["--w2v.model.vector_size", "false"], "w2v.model.vector_size must be a whole number, was: False"),
    ],
)
def test_values_of_other_types_are_named(tmp_path, arguments, text):
    with pytest.raises(ConfigError) as error:
        settings_of(tmp_path, *arguments)
    assert str(error.value) == text


def test_values_are_read_in_both_forms(tmp_path):
    settings = settings_of(
        tmp_path, "--w2v.training.alpha=0.5", "--w2v.model.ns-exponent=-1", "--w2v.model.ns_exponent", "-0.5",
        "--w2v.model.cbow_mean", "--w2v.model.shrink_windows", "false", "--w2v.model.vector_size", "1e2",
    )  # fmt: skip
    assert settings.training.alpha == 0.5
    assert settings.model.ns_exponent == -0.5
    assert (settings.model.cbow_mean, settings.model.shrink_windows) == (True, False)
    assert settings.model.vector_size == 100


def test_a_language_that_was_forgotten(tmp_path):
    with pytest.raises(ConfigError, match=r"\[nlp\] lang must be the code of a language, was: True"):
        settings_of(tmp_path, "--nlp.lang")


def test_arguments_in_python_are_held_to_the_same_rules():
    with pytest.raises(ConfigError, match=r"^vector_size must be a whole number, was: True"):
        spacy_w2v.train(["a b"], vector_size=True)


@pytest.mark.parametrize("annotation", [list[str], dict[str, int], "int", None])
def test_types_with_parameters_are_no_classes(annotation):
    """isinstance(list[str], type) is true in Python 3.10, where issubclass raises TypeError."""
    assert not is_class(annotation, str)
    assert wanted_for_bool(True, annotation) is None


def test_a_wrong_value_beside_a_list_is_described():
    block = {"corpus": {"@readers": "spacy_w2v.Dataset.v1", "path": ["a"], "data_files": {}}}
    with pytest.raises(ConfigError, match="path"):
        resolve_block(block, section="w2v")


def test_wrong_arguments_of_nested_functions_are_named_with_their_section(tmp_path):
    with pytest.raises(ConfigError) as error:
        settings_of(tmp_path, "--w2v.corpus.sources.a.text_fild", "x")
    assert "[w2v.corpus.sources.a] text_fild" in str(error.value)
    assert "Did you mean 'text_field'?" in str(error.value)


def test_an_argument_may_be_added_to_a_function_without_any(tmp_path):
    (tmp_path / "c.cfg").write_text('[nlp]\nlang = "en"\n[w2v]\n[w2v.corpus]\n@readers = "spacy_w2v.GensimWiki.v1"\n')
    config = load_config(tmp_path / "c.cfg", {"w2v.corpus.max_documents": 3})
    assert config["w2v"]["corpus"]["max_documents"] == 3


def test_settings_of_nlp_are_known_to_older_versions_of_spacy(monkeypatch):
    """Before 3.8.13, whose schemas are models of pydantic 1."""
    from pydantic import v1
    from spacy import schemas

    class ConfigSchemaNlp(v1.BaseModel):
        lang: str = v1.Field(..., title="Language")
        load_vocab_data: bool = v1.Field(True, alias="vocab_data")

    monkeypatch.setattr(schemas, "ConfigSchemaNlp", ConfigSchemaNlp)
    with pytest.raises(ConfigError, match=r"\[nlp\] has no setting 'langs'. Did you mean 'lang'\?"):
        make_pipeline({"nlp": {"lang": "en", "langs": "en"}})
    with pytest.raises(ConfigError, match="Known keys: lang, vocab_data"):
        make_pipeline({"nlp": {"lang": "en", "zzz": 1}})
