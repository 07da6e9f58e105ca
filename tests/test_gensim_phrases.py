"""gensim's phrases in and out: the same text is joined alike."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, FrozenPhrases, Phrases
from gensim.test.utils import datapath
from helpers_damage import cut_or_changed
from helpers_phrases import corpus_of, gensim_phrases
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.errors import ConfigError, StorageError, Word2VecError
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.formats._phrases import open_phrases
from spacy_w2v.phrases._finding import find_phrases

WORDS = ["new", "york", "city", "times", "the", "of", "bank", "america", "a_b", "snake_case", "case"]
SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), max_size=10), min_size=1, max_size=10)
CONNECTORS = st.sampled_from([(), ("of", "the"), tuple(WORDS[:3])])


def joined(passes, sentence):
    for phrases in passes:
        sentence = phrases[sentence]
    return sentence


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SENTENCES, st.sampled_from(["default", "npmi"]), CONNECTORS, st.integers(1, 3))
def test_gensim_joins_what_our_table_joins(tmp_path_factory, sentences, scoring, connector_words, passes):
    """Words have no delimiter in them here; gensim has the words of a phrase as one text."""
    sentences = [[word.replace("_", "-") for word in sentence] for sentence in sentences]
    assume(any(sentences))
    phrase_settings = PhraseSettings(
        scoring=scoring, min_count=1, threshold=0.2, connector_words=connector_words, passes=passes
    )
    place = tmp_path_factory.mktemp("corpus")
    table = find_phrases(corpus_of(place / "corpus", sentences), phrase_settings)
    frozen = table.to_gensim()
    assert len(frozen) == passes
    for number, each in enumerate(frozen):
        each.save(str(place / f"{number}.pkl"))
    loaded = [FrozenPhrases.load(str(place / f"{number}.pkl")) for number in range(passes)]
    for sentence in sentences:
        assert joined(frozen, sentence) == joined(loaded, sentence) == table.join(sentence)
    read = open_phrases([place / f"{number}.pkl" for number in range(passes)])
    assert dict(zip(read.words, read.scores, strict=True)) == dict(zip(table.words, table.scores, strict=True))
    assert [read.join(sentence) for sentence in sentences] == [table.join(sentence) for sentence in sentences]
    assert (read.settings.thresholds, read.settings.scoring) == (table.settings.thresholds, scoring)


@settings(max_examples=100, deadline=None)
@given(SENTENCES, st.sampled_from(["default", "npmi"]), CONNECTORS, st.integers(0, 5))
def test_our_table_joins_what_gensim_joins(sentences, scoring, connector_words, level):
    """Also with words that contain the delimiter."""
    phrase_settings = PhraseSettings(scoring=scoring, min_count=1, connector_words=connector_words)
    first = gensim_phrases(sentences, phrase_settings, 0.1 + level / 8)
    for source in (first, first.freeze()):
        table = open_phrases(source)
        assert [table.join(sentence) for sentence in sentences] == [source[sentence] for sentence in sentences]


@settings(max_examples=60, deadline=None)
@given(SENTENCES, st.sampled_from(["default", "npmi"]), CONNECTORS)
def test_several_passes_of_gensim_are_read(sentences, scoring, connector_words):
    """Of both kinds: a second pass of gensim may join two plain words too."""
    sentences = [[word.replace("_", "") for word in sentence] for sentence in sentences]
    phrase_settings = PhraseSettings(scoring=scoring, min_count=1, connector_words=connector_words)
    first = gensim_phrases(sentences, phrase_settings, 0.5)
    second = gensim_phrases([first[sentence] for sentence in sentences], phrase_settings, 0.3)
    table = open_phrases([first, second])
    once = {*first.find_phrases(sentences)}
    for sentence in sentences:
        if not once & set(second[first[sentence]]) - set(first[sentence]):  # a table has each phrase in one pass
            assert table.join(sentence) == joined([first, second], sentence)


def test_counts_and_scores_of_phrases_are_read():
    sentences = [["new", "york", "city"], ["new", "york"], ["bank", "of", "america"]] * 5
    phrases = Phrases(sentences, min_count=1, threshold=0.1, connector_words=ENGLISH_CONNECTOR_WORDS)
    table = open_phrases(phrases)
    assert dict(zip(table.texts("_"), table.scores.tolist(), strict=True)) == phrases.export_phrases()
    assert dict(zip(table.texts("_"), table.counts.tolist(), strict=True)) == {
        text: phrases.vocab[text] for text in phrases.export_phrases()
    }
    assert np.all(open_phrases(phrases.freeze()).counts == 0)


def own_scoring(worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count):
    return float(bigram_count)


def test_scores_of_a_user_are_kept_if_frozen(tmp_path):
    phrases = Phrases([["new", "york"]] * 4, min_count=1, threshold=2, scoring=own_scoring)
    with pytest.raises(ConfigError, match=r"FrozenPhrases\(phrases\)"):
        open_phrases(phrases)
    frozen = phrases.freeze()
    frozen.save(str(tmp_path / "frozen.pkl"))
    table = open_phrases(frozen)
    assert (table.words, table.scores.tolist(), table.settings.scoring) == ([("new", "york")], [4.0], None)
    with pytest.raises(StorageError, match="not part of gensim"):  # a function of the user's is never imported
        open_phrases(tmp_path / "frozen.pkl")


@pytest.mark.parametrize(
    "name",
    [
        *("phraser-3.6.0.model", "phraser-no-common-terms.pkl", "phraser-no-scoring.pkl", "phraser-scoring-str.pkl"),
        *("phrases-3.6.0.model", "phrases-no-common-terms.pkl", "phrases-no-scoring.pkl", "phrases-scoring-str.pkl"),
    ],
)
def test_files_of_older_versions_are_read_as_gensim_reads_them(name):
    kind = FrozenPhrases if name.startswith("phraser") else Phrases
    expected = kind.load(datapath(name))
    table = open_phrases(datapath(name))
    scores = expected.phrasegrams if kind is FrozenPhrases else expected.export_phrases()
    found = dict(zip(table.texts(expected.delimiter), table.scores.tolist(), strict=True))
    assert found == {text: score for text, score in scores.items() if score > expected.threshold}
    words = [text.split(expected.delimiter) for text in scores]
    sentences = [[*first, *second] for first, second in pairwise(words)] or [["graph", "minors"]]
    assert [table.join(sentence) for sentence in sentences] == [expected[sentence] for sentence in sentences]


def test_other_files_and_objects_are_refused(tmp_path):
    table = find_phrases(corpus_of(tmp_path / "corpus", [["a", "b"]]), PhraseSettings(scoring="npmi"))
    table.write(tmp_path / "phrases.json")
    assert open_phrases(tmp_path / "phrases.json").settings == table.settings
    assert open_phrases(table) is table
    with pytest.raises(StorageError, match="existing file"):
        open_phrases(tmp_path / "missing")
    (tmp_path / "damaged.pkl").write_bytes(pickle.dumps(Phrases([["a"]]))[:-40])
    with pytest.raises(StorageError, match="cannot be loaded as Phrases or FrozenPhrases"):
        open_phrases(tmp_path / "damaged.pkl")
    with pytest.raises(StorageError, match="KeyedVectors"):
        open_phrases(datapath("old_keyedvectors_320.dat"))
    Phrases([["a"]]).save(str(tmp_path / "phrases.pkl"))
    with pytest.raises(StorageError, match="not a class of gensim's word vectors"):
        open_vectors(tmp_path / "phrases.pkl")
    with pytest.raises(ConfigError, match="class builtins"):
        open_phrases(3)
    with pytest.raises(ConfigError, match="empty list"):
        open_phrases([])


@pytest.mark.parametrize("attribute", ["delimiter", "threshold", "min_count", "phrasegrams", "connector_words"])
def test_damaged_attributes_are_refused(tmp_path, attribute):
    frozen = Phrases([["a", "b"]] * 3, min_count=1, threshold=0.1).freeze()
    wrong = {"delimiter": "", "threshold": None, "min_count": None, "phrasegrams": [3], "connector_words": [3]}
    setattr(frozen, attribute, wrong[attribute])
    frozen.save(str(tmp_path / "frozen.pkl"))
    with pytest.raises((StorageError, ConfigError), match="must have"):
        open_phrases(tmp_path / "frozen.pkl")


def test_passes_must_fit_together():
    first = Phrases([["a", "b"]], delimiter="_")
    with pytest.raises(ConfigError, match="same delimiter"):
        open_phrases([first, Phrases([["a", "b"]], delimiter="+")])
    with pytest.raises(ConfigError, match="passes must be at most 4, was: 5"):
        open_phrases([first] * 5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_count": -3}, "min_count must be at least 1, was: -3"),
        ({"threshold": float("nan")}, "threshold must be a finite number"),
        ({"vocab": {"a": 3, "b": 3, "a_b": 10**30}}, "from 0 to 2"),
        ({"vocab": {"a": 3, "b": 3, "a_b": -1}}, "from 0 to 2"),
        ({"corpus_word_count": 0}, "corpus_word_count of gensim's phrases must be above 0"),
    ],
)
def test_values_out_of_bounds_are_refused_in_each_pass(changes, message):
    sentences = [["a", "b"]] * 3
    passes = [Phrases(sentences, min_count=1, threshold=0.1, scoring="npmi") for _ in range(2)]
    vars(passes[1]).update(changes)
    with pytest.raises((StorageError, ConfigError), match=message):
        open_phrases(passes)


def test_infinite_scores_are_refused():
    frozen = Phrases([["a", "b"]] * 3, min_count=1, threshold=0.1).freeze()
    frozen.phrasegrams["a_b"] = float("inf")
    with pytest.raises(StorageError, match="must be finite numbers"):
        open_phrases(frozen)


@pytest.mark.parametrize("is_frozen", [False, True])
def test_changed_files_end_in_no_foreign_error(is_frozen, tmp_path):
    phrases = Phrases([["new", "york", "city"], ["bank", "of", "america"]] * 5, min_count=1, connector_words=("of",))
    (phrases.freeze() if is_frozen else phrases).save(str(tmp_path / "whole"))
    for changed in cut_or_changed((tmp_path / "whole").read_bytes(), 150, seed=31):
        (tmp_path / "changed").write_bytes(changed)
        try:
            table = open_phrases(tmp_path / "changed")
        except Word2VecError:
            continue
        assert len(table.words) == len(table.scores) == len(table.passes)
        assert table.join(["new", "york", "city"])
