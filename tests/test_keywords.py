"""Settings as keyword arguments of `train`: typed as the schema has them, found in their blocks, or answered."""

import inspect
from typing import get_type_hints

import pytest
from gensim.models import FastText, Word2Vec

import spacy_w2v
from spacy_w2v.config import _keywords
from spacy_w2v.config._base import Settings
from spacy_w2v.config._schema import TrainingSettings, parse_settings
from spacy_w2v.config._subwords import SubwordMode
from spacy_w2v.errors import ConfigError

OF_BLOCKS = {
    "cooccurrence": _keywords.CooccurrenceKeywords,
    "tokens": _keywords.TokensKeywords,
    "phrases": _keywords.PhrasesKeywords,
    "vocabulary": _keywords.VocabularyKeywords,
    "model": _keywords.ModelKeywords,
    "subwords": _keywords.SubwordKeywords,
    "training": _keywords.TrainingKeywords,
    "evaluation": _keywords.EvaluationKeywords,
    "distributed": _keywords.DistributedKeywords,
    "export": _keywords.ExportKeywords,
}


class OtherSettings(Settings):
    """A block that has a name in common with another."""

    epochs: int = 1
    depth: int = 1


@pytest.mark.parametrize("block", OF_BLOCKS)
def test_types_are_those_of_the_schema(block):
    settings = (_keywords.BLOCKS | _keywords.WHOLE_BLOCKS)[block]
    expected = {name: field.annotation for name, field in settings.model_fields.items()}
    inner = {
        name: OF_BLOCKS[name] | SubwordMode | None for name, outer in _keywords.INNER_BLOCKS.items() if outer == block
    }
    by_name = {name: expected[name] | str for name in ("keys",) if name in expected}  # a name alone is accepted too
    assert get_type_hints(OF_BLOCKS[block]) == expected | inner | by_name
    assert OF_BLOCKS[block].__required_keys__ == frozenset()


def test_every_setting_and_block_is_a_keyword_of_train():
    names = {name for settings in _keywords.BLOCKS.values() for name in settings.model_fields}
    hints = get_type_hints(_keywords.Keywords)
    assert hints.keys() == names | OF_BLOCKS.keys()
    inner = {"subwords": _keywords.SubwordKeywords | SubwordMode | None}
    assert {block: hints[block] for block in OF_BLOCKS} == OF_BLOCKS | inner
    assert inspect.signature(spacy_w2v.train).parameters["settings"].annotation == "Unpack[Keywords]"


def test_all_blocks_but_those_of_other_arguments_are_keywords():
    blocks = {*_keywords.BLOCKS, *_keywords.WHOLE_BLOCKS, "initial"} - _keywords.INNER_BLOCKS.keys()
    assert blocks == parse_settings({}).model_dump().keys()
    assert all(inner in parse_settings({}).model_dump()[outer] for inner, outer in _keywords.INNER_BLOCKS.items())


def test_blocks_and_names_go_together():
    actual = _keywords.settings_from_keywords({"window": 2, "model": {"vector_size": 3}, "epochs": 4})
    expected = {"tokens": {"n_process": 1}, "model": {"window": 2, "vector_size": 3}, "training": {"epochs": 4}}
    assert actual == parse_settings(expected)


def test_subwords_are_given_by_their_mode_or_as_a_block():
    expected = parse_settings({"tokens": {"n_process": 1}, "model": {"subwords": {"mode": "floret", "min_n": 3}}})
    for keywords in (
        {"subwords": "floret", "min_n": 3},
        {"subwords": {"mode": "floret", "min_n": 3}},
        {"model": {"subwords": {"mode": "floret", "min_n": 3}}},
        {"model": {"subwords": "floret"}, "min_n": 3},
    ):
        assert _keywords.settings_from_keywords(keywords) == expected
    assert _keywords.settings_from_keywords({"subwords": None}).model == parse_settings({}).model


def test_defaults_give_way():
    defaults = {"attr": "ORTH", "vector_size": 7}
    actual = _keywords.settings_from_keywords({"tokens": {"attr": "NORM", "n_process": 2}}, defaults=defaults)
    assert (actual.tokens.attr, actual.tokens.n_process, actual.model.vector_size) == ("NORM", 2, 7)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"windo": 3}, r"^There is no setting 'windo'\. Did you mean 'window'\?$"),
        ({"xyz": 3}, r"^There is no setting 'xyz'\. Known: tokenizer, attr, keys, .*, whitening_strength\.$"),
        ({"model": 3}, r'^model must be a block of settings, such as \{"architecture": \.\.\.\}, was: 3$'),
        ({"model": {"windo": 3}}, r"^model has no setting 'windo'\. Did you mean 'window'\?$"),
        ({"model": {"epochs": 3}}, r"^model has no setting 'epochs'\."),
        ({"window": 3, "model": {"window": 3}}, r"^window must be given once, but is given in model and by itself"),
        ({"model": {"window": 3}, "window": 3}, r"^window must be given once, but is given in model and by itself"),
        ({"window": 0}, r"^window must be at least 1, was: 0$"),
        ({"whitening_strength": 1.5}, r"^whitening_strength must be at most 1\.0, was: 1\.5$"),
        ({"postprocess": "whiten"}, r"^postprocess must be one of 'center' or 'soft-whiten', was: 'whiten'$"),
        (
            {"export": {"formats": []}},
            r"^export may have vector_kind, postprocess, whitening_strength in Python.*formats=\[\]\.",
        ),
        ({"max_vectors": 3}, r"^There is no setting 'max_vectors'\."),
        ({"subwords": "fastText"}, r"^mode must be one of 'fasttext' or 'floret', was: 'fastText'$"),
        ({"min_n": 3}, r'^min_n needs subwords="fasttext" or subwords="floret", was: 3 without them\. Leave it out'),
        ({"model": {"subwords": {"mod": 3}}}, r"^\[model\.subwords\] has no setting 'mod'\. Did you mean 'mode'\?$"),
        ({"subwords": "floret", "model": {"subwords": "floret"}}, "^mode must be given once, but is given in subwords"),
        ({"subwords": "floret", "vector_kind": "mean"}, r'^vector_kind must be "input" with model\.subwords\.mode = '),
        ({"subwords": "floret", "loss": "glove"}, '^subwords need a loss that learns from texts, was: loss = "glove"'),
        ({"bucket": 1000}, r"^There is no setting 'bucket'\. The bucket of gensim and fastText is buckets\."),
    ],
)
def test_wrong_keywords(keywords, message):
    with pytest.raises(ConfigError, match=message):
        _keywords.settings_from_keywords(keywords)


def test_a_name_of_two_blocks_must_be_given_in_its_block(monkeypatch):
    monkeypatch.setitem(_keywords.BLOCKS, "vocabulary", OtherSettings)
    assert _keywords.block_of("depth") == "vocabulary"
    with pytest.raises(ConfigError) as error:
        _keywords.settings_from_keywords({"epochs": 3})
    assert str(error.value) == (
        "epochs must be given in its block, since vocabulary and training have one: "
        'vocabulary={"epochs": ...} or training={"epochs": ...}.'
    )
    monkeypatch.setitem(_keywords.BLOCKS, "vocabulary", TrainingSettings)
    with pytest.raises(ConfigError, match="epochs must be given in its block"):
        spacy_w2v.train(["a b"], epochs=3)


def test_each_argument_of_gensim_is_a_setting_or_has_a_hint():
    settings = {name for block in _keywords.BLOCKS.values() for name in block.model_fields}
    of_gensim = {*inspect.signature(Word2Vec).parameters, *inspect.signature(FastText).parameters}
    of_train = set(inspect.signature(spacy_w2v.train).parameters)
    assert of_gensim <= _keywords.HINTS_FOR_GENSIM.keys() | settings | of_train
    assert not _keywords.HINTS_FOR_GENSIM.keys() & settings


def test_an_editor_sees_what_train_takes(tmp_path):
    """Mypy completes and checks names and types of settings, also for a program that uses the package."""
    api = pytest.importorskip("mypy.api")
    program = tmp_path / "program.py"
    program.write_text(
        "import spacy_w2v\n"
        "spacy_w2v.train(['a'], window=3, attr='LOWER', model={'negative': 5}, alpha=None)\n"
        "spacy_w2v.train(['a'], windo=3)\n"
        "spacy_w2v.train(['a'], attr='UPPER')\n"
        "spacy_w2v.train(['a'], epochs='many')\n"
        "spacy_w2v.tokenize(['a'], attr='ORTH', numbers='shape')\n"
        "spacy_w2v.tokenize(['a'], window=3)\n"
        "spacy_w2v.evaluate('a', vector_kind='mean').word_pairs['b'].spearman\n"
        "spacy_w2v.evaluate('a').word_pairs['b'].accuracy\n"
        "spacy_w2v.open_vectors('a').most_similar('b', topn=3)\n"
        "spacy_w2v.load('a').to_spacy(vector_kind='inputs')\n"
        "spacy_w2v.dataset(path='a', nam='b')\n"
    )
    stdout, _, _ = api.run(["--no-incremental", "--follow-imports=silent", "--ignore-missing-imports", str(program)])
    lines = [line.partition(":")[2].partition(":")[0] for line in stdout.splitlines() if ": error:" in line]
    assert lines == ["3", "4", "5", "7", "9", "11", "12"], stdout
