"""The training loop and the Python interface: truth, determinism, progress, errors."""

import itertools
import json
import random
import re
import threading

import gensim.models
import numpy as np
import pytest
import spacy

import spacy_w2v
from spacy_w2v.config._schema import TokensSettings, parse_settings
from spacy_w2v.corpus import _store as store
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.errors import ConfigError, CorpusError, CorpusWarning, TrainingError, UnknownWordError
from spacy_w2v.objectives._input_rows import RowPerWord
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.training._composition import train_model
from spacy_w2v.training._run import TrainingRun
from spacy_w2v.training.callbacks._callback import RunCallback

ANIMALS = ["cat", "dog", "horse", "cow", "sheep", "goat"]
COLOURS = ["red", "green", "blue", "yellow", "white", "black"]
DEFAULTS = {"vector_size": 16, "min_count": 1, "epochs": 3, "workers": 1, "sample": 0, "tokenizer": "whitespace"}


def make_texts(n_texts=400, seed=0):
    """Sentences about animals and sentences about colours, which share only the words "the" and "and"."""
    generator = random.Random(seed)
    return [
        " ".join(
            itertools.chain.from_iterable((generator.choice(("the", "and")), generator.choice(words)) for _ in range(8))
        )
        for words in (generator.choice((ANIMALS, COLOURS)) for _ in range(n_texts))
    ]


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of 500 tokens, so that a small corpus has several."""
    monkeypatch.setattr(store, "CHUNK_TOKENS", 500)


def train(texts=None, **settings):
    return spacy_w2v.train(texts or make_texts(), **(DEFAULTS | settings))


@pytest.mark.usefixtures("small_chunks")
def test_words_of_the_same_kind_become_neighbours():
    model = train(epochs=30, alpha=0.05)
    for kind in (ANIMALS, COLOURS):
        for word in kind:
            nearest = {near for near, _ in model.most_similar(word, topn=5)}
            assert nearest == set(kind) - {word}


@pytest.mark.usefixtures("small_chunks")
def test_one_worker_and_one_seed_give_the_same_bits():
    first, second, other = train(), train(), train(seed=2)
    np.testing.assert_array_equal(first.input_vectors, second.input_vectors)
    np.testing.assert_array_equal(first.output_vectors, second.output_vectors)
    assert [row["loss"] for row in first.meta["results"]] == [row["loss"] for row in second.meta["results"]]
    assert (first.input_vectors != other.input_vectors).any()


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(("architecture", "own"), [("skip-gram", 48), ("cbow", 32)])
def test_the_number_of_shared_noise_words_is_that_of_the_kernel_or_the_setting(architecture, own):
    default, same, fewer = (train(architecture=architecture, shared_noise=n) for n in (None, own, 16))
    np.testing.assert_array_equal(same.input_vectors, default.input_vectors)
    assert (fewer.input_vectors != default.input_vectors).any()
    assert [model.meta["training"]["shared_noise"] for model in (default, same, fewer)] == [None, own, 16]


@pytest.mark.usefixtures("small_chunks")
def test_several_workers_train_the_same_pairs_as_one():
    """Random streams belong to chunks, so the pairs do not depend on the thread."""
    one, three = train(workers=1), train(workers=3)
    for key in ("n_pairs", "n_kept"):
        assert [row[key] for row in one.meta["results"]] == [row[key] for row in three.meta["results"]]
    assert [row["loss"] for row in three.meta["results"]] == pytest.approx(
        [row["loss"] for row in one.meta["results"]], rel=0.05
    )


@pytest.mark.usefixtures("small_chunks")
def test_loss_starts_at_that_of_an_untrained_model_and_decreases():
    untrained = train(epochs=1, alpha=1e-9, min_alpha=0).meta["results"][0]["loss"]
    # All scores are 0: log 2 for the pair and for each noise word, save noise equal to the centre, which is left out.
    assert 0.85 * 6 * np.log(2) < untrained < 6 * np.log(2)
    losses = [row["loss"] for row in train(epochs=10, alpha=0.01).meta["results"]]
    assert losses[-1] < losses[0] < untrained


@pytest.mark.usefixtures("small_chunks")
def test_number_of_pairs_is_that_of_full_windows():
    texts = ["a b c d e", "f g", "h"]
    model = train(texts, shrink_windows=False, window=2, epochs=1)
    expected = sum(
        1 for text in texts for i, j in itertools.permutations(range(len(text.split())), 2) if abs(i - j) <= 2
    )
    assert model.meta["results"][0]["n_pairs"] == expected


class Progress(RunCallback):
    """Records the events of a run."""

    def __init__(self):
        self.seen, self.results = [], []

    def on_progress(self, progress):
        self.seen.append(progress)

    def on_epoch_end(self, result):
        self.results.append(result)


@pytest.mark.usefixtures("small_chunks")
def test_progress_reaches_the_end():
    settings = parse_settings(
        {"vocabulary": {"min_count": 1}, "model": {"vector_size": 8}, "training": {"epochs": 2, "workers": 2}}
    )
    callback = Progress()
    model = train_model(TrainingRun(as_source(make_texts()), spacy.blank("en"), settings), [callback])
    seen = callback.seen
    assert len(seen) > 10
    assert len(seen) % 2 == 0
    assert seen[-1].n_tokens == seen[-1].n_tokens_total == 2 * model.meta["corpus"]["n_tokens"]
    assert [result.epoch for result in callback.results] == [1, 2]
    assert callback.results[-1].alpha == pytest.approx(0.0001)
    assert [later.n_tokens - earlier.n_tokens > 0 for earlier, later in itertools.pairwise(seen)]


def test_words_without_pairs_keep_their_random_vectors():
    """A word that is always alone in its line is never an input, so its vector is not trained."""
    model = train([*make_texts(20), "hermit"], epochs=1)
    start = model.objective.initial_parameters(RowPerWord(len(model)), seed=1)["input"]
    rank = model.rank("hermit")
    np.testing.assert_array_equal(model.input_vectors[rank], start[rank])
    assert (model.input_vectors[model.rank("the")] != start[model.rank("the")]).any()


def test_divergence_is_an_error():
    with pytest.raises(TrainingError, match=r"loss must stay finite.*Lower alpha"):
        train(alpha=1e6, min_alpha=1e6, epochs=20)


def test_a_corpus_without_pairs_is_an_error():
    with pytest.raises(TrainingError, match="must have pairs of neighbouring words"):
        train(["one", "two", "three"])


def test_weights_beyond_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: 16)
    with pytest.raises(TrainingError, match="weights must fit into memory"):
        train()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vectorsize": 3}, "no setting 'vectorsize'. Did you mean 'vector_size'?"),
        ({"vector_size": 0}, "vector_size must be at least 1, was: 0"),
        ({"attr": "UPPER"}, "attr must be one of 'ORTH', 'LOWER', 'NORM', 'LEMMA' or 'KEY', was: 'UPPER'"),
        ({"alpha": 0.01, "min_alpha": 0.02}, "min_alpha must not be above alpha"),
        (
            {"shared_noise": 16, "kernel": "sequential"},
            'shared_noise needs kernel = "blocked" and loss = "negative-sampling", was: 16 with kernel = "sequential"',
        ),
        (
            {"shared_noise": 16, "loss": "softmax"},
            'was: 16 with kernel = "blocked" and loss = "softmax". Leave it out, or choose these.',
        ),
    ],
)
def test_wrong_settings_are_refused_before_texts_are_read(settings, message):
    def texts():
        raise AssertionError("read")
        yield ""

    with pytest.raises(ConfigError) as raised:
        spacy_w2v.train(texts(), **settings)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", "must be an iterable of strings, one per document, was a single str"),
        (3, "must be an iterable of strings or lists of tokens, a dataset, a table or a path, was: int 3"),
        ([], "must have tokens"),
        ([3, 4], r"must be strings, but texts from Python \(list\) contains: int 3\. Pass strings, one per document"),
    ],
)
def test_wrong_texts_are_refused(texts, message):
    with pytest.raises(CorpusError, match=message):
        spacy_w2v.train(texts)


@pytest.mark.usefixtures("small_chunks")
def test_epochs_do_not_overlap_with_few_chunks():
    """For two chunks, eight workers become two threads, so that no epoch starts long before the last one ends."""
    texts = make_texts(60)
    with prepared_corpus(as_source(texts), spacy.blank("en"), TokensSettings(), max_vocab_size=None) as corpus:
        assert corpus.n_chunks == 2
    seen = []
    original = threading.Thread.start

    def start(thread):
        seen.append(thread.name)
        original(thread)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        train(texts, workers=8)
    assert sum(name.startswith("w2v-worker") for name in seen) == 2


def test_documents_left_out_are_reported_once(tmp_path, capsys):
    texts = tmp_path / "texts.jsonl"
    texts.write_text("\n".join(json.dumps({"text": text}) for text in [*make_texts(50), None, 3]))
    with pytest.warns(CorpusWarning) as warned:
        train(texts, progress=True, cache_dir=tmp_path / "cache")
    null, number = (str(warning.message) for warning in warned)
    assert null == "Left out 1 of 52 documents, because they are null."
    assert re.search(r"^Left out 1 of 52 documents, .* The first of them: int 3", number)
    assert "Left out" not in capsys.readouterr().err
    train(texts, progress=True, cache_dir=tmp_path / "cache")  # which finds the corpus in the cache
    assert "Left out 1 null documents and 1 that are not text\n" in capsys.readouterr().err


def test_a_generator_is_read_once():
    read = []

    def texts():
        for text in make_texts(50):
            read.append(text)
            yield text

    model = train(texts(), epochs=3)
    assert len(read) == 50
    assert model.meta["corpus"]["n_documents"] == 50


def test_the_given_pipeline_makes_the_tokens_and_is_not_changed():
    nlp = spacy.blank("en")
    n_strings, n_lexemes = len(nlp.vocab.strings), len(nlp.vocab)
    nlp.tokenizer.add_special_case("foo", [{"ORTH": "f"}, {"ORTH": "oo"}])
    n_strings_after_rule = len(nlp.vocab.strings)
    model = spacy_w2v.train(["foo bar don't"] * 5, nlp, min_count=1, vector_size=4, sample=0, attr="ORTH")
    assert sorted(model.words) == sorted(["f", "oo", "bar", "do", "n't"])
    assert len(nlp.vocab.strings) <= n_strings_after_rule + 1  # "\n", which joins pieces
    assert len(nlp.vocab) <= n_lexemes + 3
    assert n_strings_after_rule >= n_strings


def test_most_similar_equals_gensims():
    model = train()
    keyed_vectors = model.to_keyed_vectors()
    for word in ("cat", "the"):
        expected = keyed_vectors.most_similar(word, topn=5)
        actual = model.most_similar(word, topn=5)
        assert [near for near, _ in actual] == [near for near, _ in expected]
        assert [score for _, score in actual] == pytest.approx([score for _, score in expected], abs=1e-5)
    by_vector = model.most_similar(model["cat"], topn=1)
    assert by_vector == [("cat", pytest.approx(1.0))]


def test_unknown_words_are_key_errors_with_near_spellings():
    model = train()
    with pytest.raises(UnknownWordError, match=r"was: 'hors'. Near spellings: horse"):
        model.most_similar("hors")
    with pytest.raises(KeyError, match="Its lower case is: 'cat'"):
        model["CAT"]


def test_looking_up_a_word_does_not_depend_on_the_number_of_words(monkeypatch):
    """It creates no array of the size of the vocabulary."""
    model = train()
    monkeypatch.setattr(spacy_w2v.Word2Vec, "word_vectors", None)
    np.testing.assert_array_equal(model["cat"], model.input_vectors[model.words.index("cat")])


def test_quality_is_that_of_gensim_on_the_same_sentences():
    """Both find the two kinds of words, with the same share of neighbours of the same kind."""
    texts = make_texts(1500)

    def share_of_kind(nearest_of):
        hits = [near in kind for kind in (ANIMALS, COLOURS) for word in kind for near in nearest_of(word)]
        return sum(hits) / len(hits)

    theirs = gensim.models.Word2Vec(
        [text.split() for text in texts], vector_size=16, min_count=1, epochs=10, workers=1, sample=0, sg=1, seed=1
    )
    expected = share_of_kind(lambda word: [near for near, _ in theirs.wv.most_similar(word, topn=5)])
    ours = train(texts, epochs=10)
    actual = share_of_kind(lambda word: [near for near, _ in ours.most_similar(word, topn=5)])
    assert actual >= expected - 0.02


@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax", "softmax"])
def test_a_corpus_with_one_dominant_word_does_not_diverge(loss):
    """Subsampling drops the frequent word with its short path, and keeps long ones, so a high loss is correct."""
    generator = random.Random(0)
    texts = [
        " ".join("unknown" if generator.random() < 0.95 else f"word{generator.randrange(300)}" for _ in range(50))
        for _ in range(2000)
    ]
    results = train(texts, loss=loss, sample=1e-3, epochs=1).meta["results"]
    assert np.isfinite(results[0]["loss"])
