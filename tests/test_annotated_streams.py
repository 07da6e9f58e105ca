"""Streams that a pipeline annotates for the registered key functions, and the fingerprints of their corpora."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import spacy
from helpers_keys import annotated_doc, parsed_english, rule_pipeline
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import registry

from spacy_w2v.config._schema import TokensSettings, W2VSettings
from spacy_w2v.corpus._fingerprint import changed_parts, encoding_fingerprint
from spacy_w2v.errors import ConfigError, CorpusError
from spacy_w2v.sources._source import ANNOTATED_DOCS, GIVEN_TOKENS, TextBatch
from spacy_w2v.tokenization._encode import encode_stream
from spacy_w2v.tokenization.annotation import _annotator
from spacy_w2v.training._fixed_settings import fixed_settings

SENSES = {"@misc": "spacy_w2v.SenseKeys.v1", "phrases": ["ents"]}
LEMMAS = {"@misc": "spacy_w2v.LemmaKeys.v1"}
TEXTS = ["The ducks swam in the old park.", "Ducks duck in New York.", "London"]


def found_in(batches, nlp, **settings):
    """The keys of all tokens, and the keys of all phrases, of encoded batches of texts."""
    keys, phrases = [], []
    for _, batch in encode_stream(iter(batches), nlp, TokensSettings(**settings)):
        keys += np.array(batch.types.keys, object)[batch.distinct_types][batch.token_ids].tolist()
        phrases += np.array(batch.phrases.types.keys, object)[batch.phrases.distinct_types][batch.phrases.ids].tolist()
    return keys, phrases


def batch_of(values, kind=None):
    return TextBatch(pa.array(values, kind or pa.large_string()), len(values), 0, 0, None)


@pytest.mark.parametrize("n_process", [1, 2])
def test_senses(n_process):
    batches = [batch_of([text]) for text in TEXTS]
    keys, phrases = found_in(batches, rule_pipeline(), keys=SENSES, n_process=n_process)
    assert keys[:8] == ["the|DET", "ducks|NOUN", "swam|VERB", "in|ADP", "the|DET", "old|ADJ", "park|NOUN", ".|PUNCT"]
    assert keys[-4:] == ["New|PROPN", "York|PROPN", ".|PUNCT", "London|GPE"]
    assert phrases == ["New_York|GPE"]


def test_the_short_form_of_lemmas():
    keys, phrases = found_in([batch_of(TEXTS)], rule_pipeline(), attr="LEMMA")
    assert keys[:4] == ["the", "duck", "swim", "in"]
    assert phrases == []
    assert found_in([batch_of(TEXTS)], rule_pipeline(), keys=LEMMAS) == (keys, phrases)


@Language.component("test_failing_entities", assigns=["doc.ents"])
def failing_entities(doc):
    raise KeyError("it runs")


def test_only_the_components_that_keys_need_run():
    nlp = rule_pipeline()
    nlp.add_pipe("test_failing_entities")
    assert found_in([batch_of(["ducks"])], nlp, keys=LEMMAS)[0] == ["duck"]
    with pytest.raises(CorpusError, match="component 'test_failing_entities' of the pipeline"):
        found_in([batch_of(["ducks"])], nlp, keys=SENSES)


def test_a_pipeline_without_the_annotation_is_refused():
    nlp = spacy.blank("en")
    for kind, values in ((pa.large_string(), TEXTS), (GIVEN_TOKENS, [[["a"]]])):
        with pytest.raises(
            ConfigError, match=r"must provide the annotation .* lacks token.lemma for spacy_w2v.LemmaKeys"
        ):
            found_in([batch_of(values, kind)], nlp, keys=LEMMAS)


def docs_of(*docs):
    return batch_of(
        [DocBin(attrs=["LEMMA", "POS", "HEAD", "DEP", "ENT_IOB", "ENT_TYPE"], docs=docs).to_bytes()], ANNOTATED_DOCS
    )


def test_annotated_docs_need_no_components():
    keys, phrases = found_in([docs_of(annotated_doc(), annotated_doc())], spacy.blank("en"), keys=SENSES)
    assert (len(keys), phrases) == (30, ["New_York|GPE"] * 2)
    assert keys[:3] == ["the|DET", "ducks|NOUN", "ducked|VERB"]


def test_docs_without_annotation_are_annotated_in_their_place():
    nlp = rule_pipeline()
    bare = spacy.blank("en")("ducks swam in London")
    keys, phrases = found_in([docs_of(annotated_doc(), bare, annotated_doc())], nlp, keys=LEMMAS)
    assert keys[15:19] == ["duck", "swim", "in", "london"]
    assert (len(keys), phrases) == (34, [])
    with pytest.raises(ConfigError, match=r"lacks token.lemma"):
        found_in([docs_of(annotated_doc(), bare)], spacy.blank("en"), keys=LEMMAS)


@Language.component("test_lemmas_in_capitals", assigns=["token.lemma"])
def lemmas_in_capitals(doc):
    for token in doc:
        token.lemma_ = token.text.upper()
    return doc


def lemmas_of_tokens(doc):
    return [(token.i, token.i + 1, token.lemma_) for token in doc if token.lemma_]


def test_long_docs_are_annotated_in_parts(monkeypatch):
    monkeypatch.setattr(_annotator, "MAX_TOKENS", 3)
    docs = [spacy.blank("en")("ducks swam in the old park ."), spacy.blank("en")("ducks")]
    for boundary, lengths in (("line", [3, 3, 1, 1]), ("document", [7, 1])):
        settings = TokensSettings(keys=LEMMAS, boundary=boundary)
        [(_, batch)] = encode_stream(iter([docs_of(*docs)]), rule_pipeline(), settings)
        assert batch.lengths.tolist() == lengths
    assert batch.types.keys == ["duck", "swim", "in", "the", "old", "park", "."]


def test_docs_for_a_function_that_does_not_say_what_it_requires():
    registry.misc("test.Lemmas", func=lambda: lemmas_of_tokens)
    nlp = spacy.blank("en")
    batch = docs_of(annotated_doc())
    assert found_in([batch], nlp, keys="test.Lemmas")[0][:2] == ["the", "duck"]
    nlp.add_pipe("test_lemmas_in_capitals")
    assert found_in([batch], nlp, keys="test.Lemmas")[0][:2] == ["the", "duck"]  # the Doc has what components set
    assert found_in([batch_of(["The ducks"])], nlp, keys="test.Lemmas")[0] == ["THE", "DUCKS"]
    nlp.add_pipe("test_unknown", first=True)
    assert found_in([batch], nlp, keys="test.Lemmas")[0][:2] == ["THE", "DUCKS"]


@Language.component("test_unknown")
def unknown(doc):
    return doc


def test_docs_are_tokens_without_keys():
    [(_, batch)] = encode_stream(iter([docs_of(annotated_doc())]), spacy.blank("en"), TokensSettings())
    assert batch.phrases is None
    assert batch.types.keys[:4] == ["the", "ducks", "ducked", "in"]


def test_processes_annotate_as_one_with_a_real_pipeline():
    nlp = parsed_english()
    texts = ["Angela Merkel visited the old town of New York, where ducks swim.", "She ducked!"]
    keys = {"@misc": "spacy_w2v.SenseKeys.v1"}
    batches = [batch_of(texts), batch_of([[["We", "saw", "London"], ["It", "rained"]]], GIVEN_TOKENS), batch_of(texts)]
    expected = found_in(batches, nlp, keys=keys)
    assert {"Angela_Merkel|PERSON", "old_town|NOUN"} <= set(expected[1])
    assert found_in(batches, nlp, keys=keys, n_process=2) == expected


def fingerprint(nlp, code_path=None, **settings):
    return encoding_fingerprint(nlp, TokensSettings(**settings), max_vocab_size=None, code_path=code_path).of("texts")


def test_fingerprints_without_keys_are_those_of_earlier_versions():
    found = fingerprint(spacy.blank("en"), pipeline="en_core_web_sm").to_json()
    assert set(found) == {"format", "source", "tokenizer", "tokens", "max_vocab_size"}
    assert found["tokens"] == {
        "attr": "LOWER",
        "boundary": "line",
        "max_tokens": None,
        "min_tokens": 1,
        "numbers": "keep",
        "tokenizer": "pipeline",
        "urls": "keep",
    }


def test_checkpoints_without_keys_are_those_of_earlier_versions():
    found = fixed_settings(W2VSettings()).model_dump(exclude_unset=True)
    assert "keys" not in found["tokens"]
    assert "pipeline" not in found["tokens"]
    assert "min_phrase_count" not in found["vocabulary"]
    settings = W2VSettings(tokens={"keys": LEMMAS}, vocabulary={"min_phrase_count": 3})
    found = fixed_settings(settings).model_dump(exclude_unset=True)
    assert found["tokens"]["keys"] == LEMMAS
    assert found["vocabulary"]["min_phrase_count"] == 3


def test_fingerprint_of_keys():
    nlp = rule_pipeline()
    first = fingerprint(nlp, keys=LEMMAS)
    assert set(first.keys) == {"function", "code", "pipeline", "components", "vocab"}
    assert fingerprint(rule_pipeline(), keys=LEMMAS, n_process=2) == first
    assert fingerprint(nlp, attr="LEMMA") == first
    assert fingerprint(nlp, keys=LEMMAS | {"lower": True}) == first  # the default
    others = [
        fingerprint(nlp, keys=LEMMAS | {"lower": False}),
        fingerprint(nlp, keys={"@misc": "spacy_w2v.LemmaPosKeys.v1"}),
        fingerprint(nlp),
    ]
    for other in others:
        assert "keys" in changed_parts(first.to_json(), other.to_json())
    assert len({each.digest() for each in (first, *others)}) == 4


def test_fingerprints_of_pipelines():
    first = fingerprint(rule_pipeline(), keys=SENSES)
    nlp = rule_pipeline()
    nlp.meta["version"] = "1.2.3"
    assert fingerprint(nlp, keys=SENSES) != first
    nlp = rule_pipeline()
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": "Berlin"}])
    assert fingerprint(nlp, keys=SENSES) != first
    assert fingerprint(nlp, keys=LEMMAS) == fingerprint(rule_pipeline(), keys=LEMMAS)  # it does not run
    nlp = rule_pipeline()
    nlp.vocab.lookups.add_table("lexeme_norm", {"a": "b"})
    assert fingerprint(nlp, keys=SENSES) != first


def test_fingerprints_do_not_change_with_use():
    nlp = rule_pipeline()
    first = fingerprint(nlp, keys=SENSES)
    found_in([batch_of(["Zyzzyva ducks swam."])], nlp, keys=SENSES)
    for _ in nlp.pipe(["Xylophone ducks in Quixotic London"]):
        pass
    nlp.vocab.set_vector("duck", np.ones(3, np.float32))
    assert fingerprint(nlp, keys=SENSES) == first


def test_fingerprints_are_the_same_in_other_processes():
    program = (
        "import json; from helpers_keys import rule_pipeline; from test_annotated_streams import SENSES, fingerprint;"
        "print(json.dumps(fingerprint(rule_pipeline(), keys=SENSES).to_json()))"
    )
    command, directory = [sys.executable, "-c", program], Path(__file__).parent
    runs = [
        subprocess.run(
            command, cwd=directory, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        for seed in "12"
    ]
    found = [run.stdout for run in runs]
    assert json.loads(found[0]) == json.loads(found[1]) == fingerprint(rule_pipeline(), keys=SENSES).to_json()


CODE = """
from spacy.util import registry

@registry.misc("test.OwnKeys")
def make_own_keys():
    def own_keys(doc):
        for token in doc:
            yield token.i, token.i + 1, token.text{change}
    return own_keys
"""


def test_fingerprints_have_the_code_of_own_functions(tmp_path):
    from spacy.cli._util import import_code

    found = []
    for change in ("", "[::-1]", ""):
        path = tmp_path / "code.py"
        path.write_text(CODE.format(change=change))
        import_code(path)
        found.append(fingerprint(rule_pipeline(), keys="test.OwnKeys", code_path=path))
    assert found[0] == found[2] != found[1]
    assert changed_parts(found[0].to_json(), found[1].to_json()) == ["keys"]


def test_own_functions_without_a_file():
    found = []
    for change in ("", "[::-1]", ""):
        exec(compile(CODE.format(change=change), "<input>", "exec"), {})
        found.append(fingerprint(rule_pipeline(), keys="test.OwnKeys"))
    assert found[0] == found[2] != found[1]
