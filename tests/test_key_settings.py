"""Settings of keys: what they refuse, how they are completed, and the pipeline that they name."""

from pathlib import Path

import pytest
import spacy
from helpers_cli import w2v, w2v_here
from helpers_keys import parsed_english, rule_pipeline

import spacy_w2v
from spacy_w2v.config._loading import complete_config, config_of, fill, load_config, parse_config
from spacy_w2v.config._new_configs import ModelKind, make_config, new_settings
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.config._words import KEYS
from spacy_w2v.errors import ConfigError
from spacy_w2v.tokenization._pipelines import make_pipeline, pipeline_of
from spacy_w2v.training._resolved_config import resolve

CONFIGS = Path(__file__).parents[1] / "configs"
SENSES = {"@misc": "spacy_w2v.SenseKeys.v1"}
CORPUS = '[w2v]\n\n[w2v.corpus]\n@readers = "spacy_w2v.GensimWiki.v1"\n'


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (
            {"tokens": {"keys": SENSES, "tokenizer": "whitespace"}},
            r'tokens: tokenizer must be "pipeline" with keys, was: "whitespace"\. Leave it out, or leave keys out',
        ),
        ({"tokens": {"attr": "LEMMA", "tokenizer": "whitespace"}}, 'must be "pipeline" with keys'),
        ({"tokens": {"pipeline": "x", "tokenizer": "whitespace"}}, 'must be "pipeline" with pipeline, .* leave pipel'),
        ({"tokens": {"keys": SENSES, "numbers": "shape"}}, 'numbers must be "keep" with keys, .* was: "shape"'),
        ({"tokens": {"keys": SENSES, "urls": "drop"}}, 'urls must be "keep" with keys, .* was: "drop"'),
        ({"tokens": {"attr": "KEY"}}, 'attr = "KEY" needs keys, a function from texts to keys, was: null'),
        ({"vocabulary": {"min_phrase_count": 3}}, "min_phrase_count needs tokens.keys, .* was: 3 without them"),
        ({"tokens": {"keys": SENSES}, "phrases": {"scoring": "npmi"}}, "phrases must be left out with tokens.keys"),
        (
            {"tokens": {"keys": SENSES}, "model": {"subwords": {"mode": "floret"}}},
            r'subwords.mode must be null with tokens.keys, .* was: "floret"',
        ),
        ({"tokens": {"keys": 3}}, "w2v.tokens.keys must be a block, was: 3"),
    ],
)
def test_settings_that_do_not_fit_keys(blocks, message):
    with pytest.raises(ConfigError, match=message):
        parse_settings(blocks)


def test_lemmas_are_words():
    """They are joined to phrases, and composed of subwords, as other words are."""
    for tokens in ({"attr": "LEMMA"}, {"keys": "lemmas"}):
        parse_settings({"tokens": tokens, "phrases": {"scoring": "npmi"}})
        parse_settings({"tokens": tokens, "model": {"subwords": {"mode": "fasttext"}}})


@pytest.mark.parametrize(("short", "name"), KEYS.items())
def test_short_names(short, name):
    settings = parse_settings({"tokens": {"keys": short}}).tokens
    assert settings.key_block == {"@misc": name}
    assert settings.attr == "KEY"


def test_keys_replace_the_attribute():
    """Every config of init-config gives an attribute, which a block of keys need not take out."""
    assert parse_settings({"tokens": {"attr": "LOWER", "keys": SENSES}}).tokens.attr == "KEY"


@pytest.mark.parametrize("keys", ['keys = "senses"', '[w2v.tokens.keys]\n@misc = "spacy_w2v.SenseKeys.v1"'])
def test_a_filled_config_has_the_arguments_of_the_function(keys):
    config = parse_config(f'{CORPUS}[w2v.tokens]\nattr = "LOWER"\n{keys}\n')
    tokens = fill(complete_config(config), parse_settings(dict(config["w2v"])))["w2v"]["tokens"]
    assert tokens["keys"] == SENSES | {"phrases": ["ents", "noun_chunks"], "lemma": False, "true_case": True}
    assert tokens["attr"] == "KEY"
    again = parse_config(fill(complete_config(config), parse_settings(dict(config["w2v"]))).to_str())
    assert parse_settings(dict(again["w2v"])).tokens.keys == tokens["keys"]


def test_an_argument_of_the_function_is_overridden():
    config = parse_config(f'{CORPUS}[w2v.tokens]\n[w2v.tokens.keys]\n@misc = "spacy_w2v.SenseKeys.v1"\n')
    changed = complete_config(config, {"w2v.tokens.keys.lemma": True})
    assert parse_settings(dict(changed["w2v"])).tokens.keys == SENSES | {"lemma": True}


@pytest.fixture
def saved(tmp_path):
    nlp = rule_pipeline()
    nlp.tokenizer.add_special_case("newyork", [{"ORTH": "new"}, {"ORTH": "york"}])
    nlp.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


def config_with(saved, *, keys='keys = "senses"', nlp=""):
    path = saved.as_posix()
    return complete_config(parse_config(f'[nlp]\n{nlp}\n{CORPUS}[w2v.tokens]\npipeline = "{path}"\n{keys}\n'))


def test_the_named_pipeline_is_loaded(saved):
    resolved = resolve(config_with(saved))
    assert resolved.nlp.pipe_names == rule_pipeline().pipe_names
    assert [token.text for token in resolved.nlp("newyork")] == ["new", "york"]
    assert resolved.config["nlp"]["lang"] == "en"
    assert resolved.config["nlp"]["tokenizer"] == resolved.nlp.config["nlp"]["tokenizer"]


def test_without_keys_it_has_no_components(saved):
    nlp = resolve(config_with(saved, keys="")).nlp
    assert nlp.pipe_names == []
    assert [token.text for token in nlp("newyork")] == ["new", "york"]


def test_a_model_of_unknown_source_loads_no_pipeline(saved):
    config = resolve(config_with(saved)).config
    assert [token.text for token in make_pipeline(config)("newyork")] == ["new", "york"]
    assert [token.text for token in make_pipeline(config, trusted=False)("newyork")] == ["newyork"]


@pytest.mark.parametrize(
    ("nlp", "message"),
    [
        (
            'lang = "de"',
            r"\[nlp\] lang must be that of pipeline = '.*' of \[w2v.tokens\], which is 'en', was: 'de'\. L",
        ),
        (
            '[nlp.tokenizer]\n@tokenizers = "spacy.zh.ChineseTokenizer.v1"',
            r"\[nlp\] tokenizer must be that of pipeline",
        ),
    ],
)
def test_a_pipeline_that_nlp_describes_otherwise(saved, nlp, message):
    with pytest.raises(ConfigError, match=message):
        resolve(config_with(saved, nlp=nlp))


def test_a_pipeline_that_is_not_installed():
    config = complete_config(parse_config(f'{CORPUS}[w2v.tokens]\npipeline = "en_core_web_xs"\n'))
    message = r"\[w2v.tokens\] pipeline must be the name of an installed pipeline, .* download en_core_web_xs$"
    with pytest.raises(ConfigError, match=message):
        resolve(config)


def test_the_pipeline_in_python(saved):
    settings = parse_settings({"tokens": {"pipeline": str(saved), "keys": "lemmas"}}).tokens
    assert pipeline_of(settings, None).pipe_names == rule_pipeline().pipe_names
    with pytest.raises(ConfigError, match="pipeline must be left out with nlp, which is the pipeline"):
        spacy_w2v.train(["a b"], spacy.blank("en"), tokens={"pipeline": str(saved)})
    assert pipeline_of(parse_settings({}).tokens, None).lang == "en"
    assert 'lang = "en"' in config_of(pipeline_of(settings, None), parse_settings({}))


def test_a_new_config_of_keys(saved):
    made = new_settings(model=ModelKind(keys="lemma-pos", pipeline=str(saved))).settings
    config = make_config(made, lang="de", corpus={"@readers": "spacy_w2v.GensimWiki.v1"})
    assert config["w2v"]["tokens"]["keys"] == {"@misc": "spacy_w2v.LemmaPosKeys.v1", "lower": True}
    assert "lang" not in config["nlp"]  # it is that of the pipeline
    assert resolve(complete_config(config)).nlp.lang == "en"
    message = r"keys must be one of lemmas, lemma-pos, senses, was: sense\. Did you mean 'senses'\?$"
    with pytest.raises(ConfigError, match=message):
        new_settings(model=ModelKind(keys="sense"))


def test_one_command_trains_keys(saved):
    (saved.parent / "texts.txt").write_text("The ducks swam in New York.\nThe ducks duck in the old park.\n" * 30)
    options = ["--dataset", "texts.txt", "--keys", "lemma-pos", "--pipeline", "pipeline", "--cache-dir", "cache"]
    w2v_here("train", *options, "--size", "tiny", "-o", "out", "--w2v.training.workers", 1, cwd=saved.parent)
    model = spacy_w2v.load(saved.parent / "out")
    assert {"duck|NOUN", "duck|VERB", "swim|VERB", "york|PROPN"} <= set(model.vocabulary.words)


def test_options_of_keys_make_a_new_config(saved):
    (saved.parent / "config.cfg").write_text(config_with(saved).to_str())
    refused = w2v("train", "config.cfg", "-o", "out", "--keys", "senses", cwd=saved.parent, code=2)
    assert "--keys makes a new config, but there is one: config.cfg" in refused.said
    assert "--w2v.tokens.keys senses" in refused.said.replace("\n", " ")


def test_the_config_of_senses_is_valid():
    parsed_english()  # the pipeline that it names
    resolved = resolve(load_config(CONFIGS / "senses.cfg"))
    assert resolved.settings.tokens.keys["lemma"] is True
    assert resolved.nlp.lang == "en"
