"""Models with subwords: training and resuming, the vectors that they compose, their files, and where runs start."""

import dataclasses
import itertools
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
from gensim.models.fasttext import ft_ngram_hashes
from helpers_cli import CONFIG, w2v_here, write_texts
from spacy.vectors import Vectors

import spacy_w2v
from spacy_w2v._arrays import SubwordInput
from spacy_w2v._atomic import describe_files, write_manifest
from spacy_w2v.config._keywords import settings_from_keywords
from spacy_w2v.config._presets import with_preset
from spacy_w2v.corpus import _store as store
from spacy_w2v.errors import ConfigError, StorageError, TrainingError, UnknownWordError
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.objectives._input_rows import make_input_rows
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training import _memory as memory_module
from spacy_w2v.training import _run as run_module
from spacy_w2v.training.callbacks._callback import RunCallback

MODES = ("fasttext", "floret")
D = 12
BUCKETS = 20_000
SETTINGS = {
    "tokenizer": "whitespace",
    "vector_size": D,
    "min_count": 2,
    "epochs": 3,
    "sample": 0,
    "workers": 1,
    "buckets": BUCKETS,
}
UNKNOWN = "rivering"


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 500)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return write_texts(tmp_path_factory.mktemp("texts") / "texts.txt")


@pytest.fixture(scope="module")
def models(texts):
    """A model of each mode."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "CHUNK_TOKENS", 500)
        return {mode: spacy_w2v.train(texts, subwords=mode, **SETTINGS) for mode in MODES}


@pytest.fixture(params=MODES)
def model(request, models):
    return models[request.param]


def rows_by_other_programs(model, word):
    """The rows of a word, with the hashes of gensim or spaCy; None for a bucket that was not trained."""
    row_of_bucket = {bucket: row for row, bucket in enumerate(model.buckets.tolist())}
    subwords = model.settings.subwords
    if subwords.mode == "fasttext":
        n_words = len(model)
        own = [model.rank(word)] if word in model else []
        found = ft_ngram_hashes(word, subwords.min_n, subwords.max_n, BUCKETS)
        return own + [n_words + row_of_bucket[each] if each in row_of_bucket else None for each in found]
    table = Vectors(
        mode="floret", data=np.zeros((BUCKETS, 1), np.float32), minn=subwords.min_n, maxn=subwords.max_n,
        hash_count=subwords.hashes, hash_seed=subwords.hash_seed, bow="<", eow=">",
    )  # fmt: skip
    return [
        row_of_bucket.get(bucket % BUCKETS)
        for ngram in table._get_ngrams(word)
        for bucket in table._get_ngram_hashes(ngram)
    ]


def vector_by_hand(model, word):
    rows = rows_by_other_programs(model, word)
    table = model.parameters["subwords"].astype(np.float64)
    return sum(table[row] for row in rows if row is not None) / len(rows)


# --- training


def test_vectors_are_means_of_the_rows_that_other_programs_name(model):
    assert list(model.parameters) == ["input", "subwords", "output"]
    n_own = len(model) if model.settings.subwords.mode == "fasttext" else 0
    assert model.parameters["subwords"].shape == (n_own + len(model.buckets), D)
    for word in model.words:
        np.testing.assert_allclose(model[word], vector_by_hand(model, word), atol=1e-6)
    assert model.input_vectors.std() > 0.05  # trained


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "settings",
    [{"kernel": "sequential"}, {"architecture": "cbow"}, {"loss": "hierarchical-softmax"}],
    ids=lambda settings: "-".join(settings.values()),
)
def test_all_architectures_and_losses_train_them(texts, mode, settings):
    made = spacy_w2v.train(texts, subwords=mode, **SETTINGS | {"epochs": 2}, **settings)
    results = made.meta["results"]
    assert results[1]["loss"] < results[0]["loss"]
    np.testing.assert_allclose(made[made.words[0]], vector_by_hand(made, made.words[0]), atol=1e-6)


def test_the_same_seed_gives_the_same_bits(texts, model):
    again = spacy_w2v.train(texts, subwords=model.settings.subwords.mode, **SETTINGS)
    for name, array in model.parameters.items():
        np.testing.assert_array_equal(again.parameters[name], array, strict=True)
    np.testing.assert_array_equal(again.buckets, model.buckets)


@pytest.mark.parametrize("mode", MODES)
def test_rows_start_as_in_fasttext_and_the_loss_as_untrained(texts, mode):
    settings = settings_from_keywords({"subwords": mode, "vector_size": D, "buckets": 5_000}).model
    words = [f"{first}{second}" for first, second in itertools.product("abcdefghij", repeat=2)]
    inputs = make_input_rows(settings, words, np.ones(len(words)))
    assert isinstance(inputs.layer, SubwordInput)
    rows = objective_of(settings).initial_parameters(inputs, seed=1)["subwords"]
    assert len(rows) == inputs.n_rows
    assert not rows[:, D:].any()
    assert np.abs(rows).max() <= 1 / D
    assert rows[:, :D].std() == pytest.approx(1 / D / np.sqrt(3), rel=0.05)
    made = spacy_w2v.train(texts, subwords=mode, **SETTINGS, alpha=1e-9, min_alpha=1e-9)
    plain = {name: value for name, value in SETTINGS.items() if name != "buckets"}
    expected = spacy_w2v.train(texts, **plain, alpha=1e-9, min_alpha=1e-9).meta["results"]
    assert [row["loss"] for row in made.meta["results"]] == pytest.approx([row["loss"] for row in expected], rel=1e-4)


def test_divergence_is_an_error(texts):
    with pytest.raises(TrainingError, match=r"loss must stay|norms of subwords vectors must stay"):
        spacy_w2v.train(texts, subwords="fasttext", **SETTINGS | {"epochs": 20}, alpha=1e6, min_alpha=1e6)


class Messages(RunCallback):
    """Keeps the messages of a run."""

    def __init__(self):
        self.seen = []

    def on_message(self, text):
        self.seen.append(text)


class Stop(RunCallback):
    """Ends a run after some tasks."""

    def __init__(self, n_tasks):
        self.n_left = n_tasks

    def on_progress(self, progress):
        self.n_left -= 1
        if not self.n_left:
            raise KeyboardInterrupt


def stopped(texts, checkpoint, **settings):
    with pytest.raises(KeyboardInterrupt):
        spacy_w2v.train(texts, checkpoint=checkpoint, checkpoint_every_s=0, callbacks=[Stop(7)], **settings)


def test_a_resumed_run_ends_with_the_same_bits(texts, model, tmp_path):
    settings = SETTINGS | {"subwords": model.settings.subwords.mode}
    stopped(texts, tmp_path / "checkpoint", **settings)
    seen = spacy_w2v.load(tmp_path / "checkpoint")  # which is also a model
    assert 0 < json.loads((tmp_path / "checkpoint/progress.json").read_text())["state"]["n_tasks_done"] < 15
    np.testing.assert_allclose(seen["river"], vector_by_hand(seen, "river"), atol=1e-6)
    assert seen[UNKNOWN].shape == (D,)
    with pytest.raises(ConfigError, match=r"w2v\.model\.subwords\.min_n was \d, is now: 2"):
        spacy_w2v.train(texts, checkpoint=tmp_path / "checkpoint", resume=True, min_n=2, **settings)
    resumed = spacy_w2v.train(texts, checkpoint=tmp_path / "checkpoint", resume=True, **settings)
    for name, array in model.parameters.items():
        np.testing.assert_array_equal(resumed.parameters[name], array)


def test_a_checkpoint_with_rows_in_another_order_is_refused(texts, models, tmp_path):
    settings = SETTINGS | {"subwords": "floret"}
    stopped(texts, tmp_path / "checkpoint", **settings)
    buckets = np.load(tmp_path / "checkpoint/subword_buckets.npy")
    np.save(tmp_path / "checkpoint/subword_buckets.npy", buckets[::-1])
    seal(tmp_path / "checkpoint")
    with pytest.raises(StorageError, match=r"must have the subwords of the run in their order, but has not\."):
        spacy_w2v.train(texts, checkpoint=tmp_path / "checkpoint", resume=True, **settings)


def test_scores_while_training_are_those_of_the_composed_vectors(texts, tmp_path):
    words = sorted({word for line in texts for word in line.lower().split()} - {"hapaxlegomenon"})
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"{a}\t{b}\t{len(a) - len(b) + 20}\n" for a, b in itertools.combinations(words, 2)))
    settings = SETTINGS | {"subwords": "fasttext", "word_pairs": str(pairs), "select": "best", "epochs": 4}
    made = spacy_w2v.train(texts, **settings)
    score = spacy_w2v.evaluate(made, word_pairs={"pairs": pairs}, analogies={}).word_pairs["pairs"].spearman
    assert made.record.evaluation.vectors_of.score == pytest.approx(score)
    stopped(texts, tmp_path / "checkpoint", **settings)
    resumed = spacy_w2v.train(texts, checkpoint=tmp_path / "checkpoint", resume=True, **settings)
    np.testing.assert_array_equal(resumed.input_vectors, made.input_vectors)


# --- words of the vocabulary, and all others


def test_unknown_words_are_composed(model):
    assert UNKNOWN not in model
    assert "river" in model
    expected = vector_by_hand(model, UNKNOWN)
    vectors = model.word_vectors()
    for holder in (model, vectors):
        np.testing.assert_allclose(holder[UNKNOWN], expected, atol=1e-6)
        np.testing.assert_allclose(
            holder[["river", UNKNOWN, "near"]], [model["river"], expected, model["near"]], atol=1e-6
        )
        assert holder.composes(UNKNOWN)
        assert not holder.composes("東京")
        assert holder[[]].shape == (0, D)
        with pytest.raises(UnknownWordError, match="or have a subword that was trained, was: '東京'"):
            holder["東京"]
        with pytest.raises(UnknownWordError, match=r"was: '\\n'"):
            holder["\n"]
        with pytest.raises(UnknownWordError, match="was: '東京'"):
            holder[["river", "東京"]]
        with pytest.raises(ConfigError, match="A word must be a string"):
            holder[3]
    assert vectors[iter(["river"])].shape == (1, D)
    assert vectors.row("river") == model.rank("river")
    for rank in (vectors.row, model.rank):
        with pytest.raises(UnknownWordError, match="must be in the vocabulary of 17 words, was: 'rivering'"):
            rank(UNKNOWN)


def test_unknown_words_are_compared(model):
    nearest = model.most_similar(UNKNOWN, topn=len(model))
    assert len(nearest) == len(model)  # none of them was given
    assert nearest[0][0] == "river"
    vector, other = model[UNKNOWN], model["near"]
    cosine = vector @ other / np.linalg.norm(vector) / np.linalg.norm(other)
    assert dict(nearest)["near"] == pytest.approx(cosine, abs=1e-5)
    assert model.similarity(UNKNOWN, "near") == pytest.approx(cosine, abs=1e-6)
    assert model.n_similarity([UNKNOWN, "東京"], ["near"]) == pytest.approx(cosine, abs=1e-6)
    assert model.most_similar(positive=[UNKNOWN, "near"], negative=["war"], topn=1)
    assert model.doesnt_match([UNKNOWN, "river", "rivers", "1999"]) == "1999"
    assert model.predict_context(["river", UNKNOWN]) == model.predict_context(["river"])
    with pytest.raises(UnknownWordError, match="A context must have a word that is in the vocabulary"):
        model.predict_context([UNKNOWN])


def test_other_kinds_of_vectors_are_those_of_words_only(model):
    mean = model.word_vectors("mean")
    assert mean.subwords is None
    np.testing.assert_allclose(mean["river"], (model.input_vectors + model.output_vectors)[model.rank("river")] / 2)
    with pytest.raises(UnknownWordError, match="because subwords make input vectors, and these are of the kind mean"):
        mean[UNKNOWN]
    assert mean.of_kind("input").subwords is not None


@pytest.mark.parametrize("postprocess", ["center", "soft-whiten"])
def test_rows_are_postprocessed_like_the_words_and_unknown_rows_stay_zero(model, postprocess):
    vectors = model.word_vectors(postprocess=postprocess)
    table = vectors.subwords
    np.testing.assert_allclose(table.vectors(model.words, ranks=np.arange(len(model))), vectors.matrix[:], atol=1e-5)
    assert not np.allclose(table.matrix, model.subwords.matrix)
    for word in (UNKNOWN, "French's"):
        rows = rows_by_other_programs(model, word)
        assert None in rows
        expected = sum(table.matrix[row].astype(np.float64) for row in rows if row is not None) / len(rows)
        np.testing.assert_allclose(vectors[word], expected, atol=1e-5)
        np.testing.assert_allclose(table.vectors([word])[0], expected, atol=1e-5)
    again = vectors.postprocessed(None)
    np.testing.assert_array_equal(again[UNKNOWN], model[UNKNOWN])
    assert vectors.of_kind("input")[UNKNOWN].tolist() == vectors[UNKNOWN].tolist()


# --- files


@pytest.mark.parametrize("safetensors", [False, True], ids=["npy", "safetensors"])
@pytest.mark.parametrize("mmap", [False, True], ids=["read", "mapped"])
def test_models_are_saved_and_loaded(model, tmp_path, safetensors, mmap):
    model.save(tmp_path / "model", safetensors=safetensors)
    loaded = spacy_w2v.load(tmp_path / "model", mmap=mmap)
    assert loaded.record == model.record
    assert loaded.settings.subwords == model.settings.subwords
    np.testing.assert_array_equal(loaded.buckets, model.buckets, strict=True)
    for name, array in model.parameters.items():
        np.testing.assert_array_equal(loaded.parameters[name], array)
    np.testing.assert_array_equal(loaded[[UNKNOWN, "river"]], model[[UNKNOWN, "river"]])
    assert json.loads((tmp_path / "model/meta.json").read_text())["format_version"] == 5


def seal(directory):
    """Correct the checksums."""
    meta = json.loads((directory / "meta.json").read_text())
    meta.pop("checksum")
    meta["files"] = describe_files(directory, [name for name in meta["files"] if (directory / name).exists()])
    write_manifest(directory / "meta.json", meta)


DAMAGES = {
    "no table": (lambda path, model: (path / "subwords_vectors.npy").unlink(), "must name the file subwords_vectors"),
    "no buckets": (lambda path, model: (path / "subword_buckets.npy").unlink(), "must name the file subword_buckets"),
    "few rows": (
        lambda path, model: np.save(path / "subwords_vectors.npy", model.parameters["subwords"][:-1]),
        r"subwords_vectors\.npy must have the shape",
    ),
    "not a number": (
        lambda path, model: np.save(path / "subwords_vectors.npy", model.parameters["subwords"] * np.float32(np.nan)),
        r"subwords_vectors\.npy must have finite numbers",
    ),
    "buckets twice": (
        lambda path, model: np.save(path / "subword_buckets.npy", np.zeros_like(model.buckets)),
        r"subword_buckets\.npy must have the buckets of subwords, all different and below 20,000",
    ),
    "other buckets": (
        lambda path, model: np.save(path / "subword_buckets.npy", model.buckets + np.uint32(19_999)),
        r"subword_buckets\.npy must have the buckets of subwords, all different and below 20,000",
    ),
    "signed buckets": (
        lambda path, model: np.save(path / "subword_buckets.npy", model.buckets.astype(np.int32)),
        r"subword_buckets\.npy must have the shape .* and the type <u4",
    ),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_damaged_tables_are_refused(model, tmp_path, case):
    damage, message = DAMAGES[case]
    model.save(tmp_path / "model")
    damage(tmp_path / "model", model)
    with pytest.raises(StorageError):
        spacy_w2v.load(tmp_path / "model")
    seal(tmp_path / "model")
    with pytest.raises(StorageError, match=message):
        spacy_w2v.load(tmp_path / "model")


# --- starting from vectors


def rows_of_buckets(model):
    n_own = len(model.parameters["subwords"]) - len(model.buckets)
    return dict(zip(model.buckets.tolist(), model.parameters["subwords"][n_own:], strict=True))


@pytest.fixture
def at_the_start(monkeypatch):
    """Runs end before their first step, with the weights that they start with."""
    monkeypatch.setattr(run_module.TrainingLoop, "run", lambda self: [])


@pytest.mark.usefixtures("at_the_start")
def test_a_run_starts_from_the_rows_of_a_model(model, tmp_path):
    mode = model.settings.subwords.mode
    more = ["the river is a riverbed here near here"] * 5
    model.save(tmp_path / "model")
    for source in (model, str(tmp_path / "model"), model.word_vectors()):
        made = spacy_w2v.train(more, subwords=mode, initial=source, keep_words=False, **SETTINGS)
        before, now = rows_of_buckets(model), rows_of_buckets(made)
        assert before.keys() < now.keys()
        for bucket, row in before.items():
            np.testing.assert_array_equal(now[bucket], row)
        if mode == "fasttext":
            own = made.parameters["subwords"][made.rank("river")]
            np.testing.assert_array_equal(own, model.parameters["subwords"][model.rank("river")])
        np.testing.assert_allclose(made["river"], model["river"], atol=1e-6)
        np.testing.assert_array_equal(
            made.output_vectors[made.rank("river")], model.output_vectors[model.rank("river")]
        )
        assert np.abs(made.output_vectors[made.rank("here")]).max() == 0
    assert made.record.initial.n_found == len(set(made.words) & set(model.words))


@pytest.mark.usefixtures("at_the_start")
def test_own_rows_are_found_where_a_word_is_missing_in_gensim(models, texts):
    keyed_vectors = models["fasttext"].to_keyed_vectors()
    assert keyed_vectors.key_to_index.pop("river") < len(keyed_vectors) - 1
    own = keyed_vectors.vectors_vocab
    made = spacy_w2v.train(texts, subwords="fasttext", initial=keyed_vectors, **SETTINGS)
    assert made.record.initial.n_found == len(made) - 1
    for word, row in keyed_vectors.key_to_index.items():
        np.testing.assert_array_equal(made.parameters["subwords"][made.rank(word)], own[row])


@pytest.mark.usefixtures("at_the_start")
def test_a_run_starts_from_vectors_of_words(texts):
    plain = spacy_w2v.train(texts, **{name: value for name, value in SETTINGS.items() if name != "buckets"})
    made = spacy_w2v.train(texts, subwords="fasttext", initial=plain, **SETTINGS)
    np.testing.assert_array_equal(made.parameters["subwords"][: len(made)], plain.input_vectors)
    assert np.abs(made.parameters["subwords"][len(made) :]).max() <= 1 / D
    with pytest.raises(ConfigError, match='must have subwords with mode = "floret", where words have no rows'):
        spacy_w2v.train(texts, subwords="floret", initial=plain, **SETTINGS)


def test_subwords_of_words_without_tokens_are_zero(texts, tmp_path):
    settings = SETTINGS | {"epochs": 1, "subwords": "fasttext"}
    given = np.arange(2 * D, dtype=np.float32).reshape(2, D) + 1
    source = WordVectors("vectors", ["river", "zzzzzz"], np.arange(2), given)
    made = spacy_w2v.train(texts, initial=source, keep_words=True, **settings)
    n_rows = len(rows_by_other_programs(made, "zzzzzz"))
    assert rows_by_other_programs(made, "zzzzzz") == [made.rank("zzzzzz")] + [None] * (n_rows - 1)
    np.testing.assert_array_equal(made.parameters["subwords"][made.rank("zzzzzz")], given[1])
    np.testing.assert_allclose(made["zzzzzz"], given[1] / n_rows, rtol=1e-6)
    assert not made.composes("zzzzyy")
    made.save(tmp_path / "model")
    np.testing.assert_array_equal(spacy_w2v.load(tmp_path / "model")["zzzzzz"], made["zzzzzz"])


@pytest.mark.usefixtures("at_the_start")
def test_a_run_without_subwords_starts_from_composed_vectors(texts, model):
    settings = {name: value for name, value in SETTINGS.items() if name != "buckets"}
    made = spacy_w2v.train(texts, initial=model, **settings)
    np.testing.assert_array_equal(made.input_vectors, model.input_vectors)
    assert made.subwords is None
    more = ["the river rivering 東京東京 here near here"] * 5
    composing = spacy_w2v.train(more, initial=model, **settings)
    np.testing.assert_allclose(composing[UNKNOWN], vector_by_hand(model, UNKNOWN), atol=1e-6)
    np.testing.assert_array_equal(composing["river"], model["river"])
    assert 0 < np.abs(composing["東京東京"]).max() <= 0.5 / D  # as without initial vectors
    facts = composing.record.initial
    n_unknown = sum(word not in model and not model.composes(word) for word in composing.words)
    assert n_unknown >= 1
    assert (facts.n_found, facts.n_new) == (len(composing) - n_unknown, n_unknown)


@pytest.mark.usefixtures("at_the_start")
def test_a_table_without_words_is_a_start_too(texts, model):
    table = model.subwords
    if table.n_words:
        table = dataclasses.replace(table, matrix=table.bucket_rows, n_words=0)
    source = WordVectors("a table", [], np.zeros(0, np.int64), np.zeros((0, D), np.float32), trained_subwords=table)
    made = spacy_w2v.train(texts, subwords=table.settings.mode, initial=source, **SETTINGS)
    for bucket, row in rows_of_buckets(model).items():
        np.testing.assert_array_equal(rows_of_buckets(made)[bucket], row)


def test_a_run_needs_the_subwords_that_it_starts_from(texts, models):
    with pytest.raises(ConfigError, match=r"differ: max_n is 5, there: 6\. Pass max_n=6\.$"):
        spacy_w2v.train(texts, subwords="fasttext", max_n=5, initial=models["fasttext"], **SETTINGS)
    with pytest.raises(ConfigError, match=r"differ: mode is 'fasttext', there: 'floret'\. Pass subwords='floret'\.$"):
        spacy_w2v.train(texts, subwords="fasttext", initial=models["floret"], **SETTINGS)
    broken = dataclasses.replace(
        models["floret"].subwords, matrix=models["floret"].subwords.matrix * np.float32(np.inf)
    )
    source = WordVectors("a table", [], np.zeros(0, np.int64), np.zeros((0, D), np.float32), trained_subwords=broken)
    with pytest.raises(ConfigError, match="must be finite numbers, but subwords of a table have others"):
        spacy_w2v.train(texts, subwords="floret", initial=source, **SETTINGS)


def test_a_resumed_run_needs_the_same_table_to_start_from(texts, models, tmp_path):
    model = models["floret"]
    settings = SETTINGS | {"subwords": "floret"}
    stopped(texts, tmp_path / "checkpoint", initial=model, **settings)
    shutil.copytree(tmp_path / "checkpoint", tmp_path / "copy")
    changed = model.parameters | {"subwords": model.parameters["subwords"] * np.float32(2)}
    other = dataclasses.replace(model, parameters=changed)
    with pytest.raises(ConfigError, match="the vectors to start from have changed"):
        spacy_w2v.train(texts, checkpoint=tmp_path / "copy", resume=True, initial=other, **settings)
    resumed = spacy_w2v.train(texts, checkpoint=tmp_path / "checkpoint", resume=True, initial=model, **settings)
    expected = spacy_w2v.train(texts, initial=model, **settings)
    np.testing.assert_array_equal(resumed.parameters["subwords"], expected.parameters["subwords"])


# --- what is refused, and the command line


def test_weights_must_fit_into_memory_with_their_table(texts, model, monkeypatch):
    mode = model.settings.subwords.mode
    n_bytes = 4 * sum(array.size for array in model.parameters.values())
    monkeypatch.setattr(memory_module, "available_memory", lambda: n_bytes)
    spacy_w2v.train(texts, subwords=mode, **SETTINGS | {"epochs": 1})
    monkeypatch.setattr(memory_module, "available_memory", lambda: n_bytes - 1)
    rule = rf"but 17 words and {len(model.buckets)} rows of subwords of 12 dimensions take .* vector_size or buckets\."
    with pytest.raises(TrainingError, match=rule):
        spacy_w2v.train(texts, subwords=mode, **SETTINGS)


def test_components_do_not_train_subwords_further(model, tmp_path):
    model.save(tmp_path / "model")
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"update": True})
    with pytest.raises(ConfigError, match=r"update needs a model without subwords, was: one with subwords\.mode = "):
        component.initialize(list, nlp=nlp, path=str(tmp_path / "model"))


def test_they_are_described(model, texts):
    mode, n_rows = model.settings.subwords.mode, len(model.buckets)
    assert repr(model).endswith(f", loss='negative-sampling', subwords='{mode}')")
    assert repr(model.word_vectors()).endswith(f", attr='LOWER', subwords='{mode}')")
    assert "subwords" not in repr(model.word_vectors("mean"))
    for shown in (model._repr_html_(), model.word_vectors()._repr_html_()):
        assert f"{mode}, {model.subwords.settings.min_n} to" in shown
    messages = Messages()
    spacy_w2v.train(texts, subwords=mode, initial=model, callbacks=[messages], **SETTINGS | {"epochs": 1})
    own = f"{len(model)} rows of words and " if mode == "fasttext" else ""
    assert f"Vectors are composed of {own}{n_rows} rows of subwords" in messages.seen
    start = next(text for text in messages.seen if text.startswith("Starting from"))
    words = "vectors for 17 of 17 words, " if mode == "fasttext" else ""
    assert f"it has {words}rows for {n_rows} of {n_rows} subwords, output vectors" in start


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG)
    return tmp_path


SUBWORDS = ("--w2v.model.subwords.mode", "fasttext")


def command(*arguments, code=0):
    """Run a command in the working directory, and return its output with single spaces."""
    result = w2v_here(*arguments, cwd=Path.cwd())
    assert result.code == code, result
    return " ".join((result.stdout + result.stderr).split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--w2v.initial.freeze", "true"), "initial.freeze must be false with model.subwords.mode"),
        (("--w2v.distributed.engine", "ray"), "distributed.engine must be null with model.subwords.mode"),
        (("--w2v.model.loss", "glove"), 'subwords need a loss that learns from texts, was: loss = "glove"'),
        (("--w2v.model.loss", "ppmi-svd"), 'subwords need a loss that learns from texts, was: loss = "ppmi-svd"'),
        (("--w2v.export.vector_kind", "mean"), 'export.vector_kind must be "input" with model.subwords.mode'),
        (("--w2v.model.subwords.min_n", "7"), "max_n must be at least min_n (7), was: 6"),
        (("--w2v.model.subwords.buckets", "0"), "w2v.model.subwords.buckets must be at least 1, was: 0"),
        (("--w2v.model.subword.min_n", "3"), "was: w2v.model.subword. Did you mean"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_does_not_go_with_subwords_is_refused_before_any_work(workplace, options, message):
    assert message in command("train", "config.cfg", "-o", "out", "--cache-dir", "cache", *SUBWORDS, *options, code=1)
    assert not (workplace / "cache").exists()
    assert not (workplace / "out").exists()


def test_the_option_for_new_configs_names_the_override(workplace):
    shown = command("train", "config.cfg", "-o", "out", "--subwords", "floret", code=2)
    assert "--w2v.model.subwords.mode floret" in shown


def test_the_command_line_starts_from_a_table_of_floret(workplace):
    options = ("--w2v.export.formats", '["floret"]', "--w2v.model.subwords.buckets", "1000")
    command("train", "config.cfg", "-o", "composed", *options, "--w2v.model.subwords.mode", "floret")
    plain = ("--w2v.export.formats", "[]", "--init", "composed/floret/vectors.floret", "--w2v.initial.freeze", "true")
    shown = command("train", "config.cfg", "-o", "plain", *plain)
    made, composed = spacy_w2v.load("plain"), spacy_w2v.load("composed")
    n_words = len(made)
    assert f"vectors for {n_words} of {n_words} words, of which {n_words} are composed of its subwords, its" in shown
    for word in made.words:
        np.testing.assert_allclose(made[word], composed[word], atol=1e-5)
    shown = command(
        "train", "config.cfg", "-o", "other", *plain[2:4], *options[2:], "--w2v.model.subwords.mode", "floret",
        "--w2v.model.subwords.buckets", "500", code=1,
    )  # fmt: skip
    assert "differ: buckets is 500, there: 1000. Set them as there: --w2v.model.subwords.buckets 1000" in shown


def test_settings_of_subwords_need_a_mode(workplace):
    given = ("--w2v.model.subwords.buckets", "1000")
    shown = command("train", "config.cfg", "-o", "out", *given, code=1)
    assert 'w2v.model.subwords: buckets needs mode = "fasttext" or "floret", was: 1000 with mode = null.' in shown
    assert not (workplace / "out").exists()
    command("fill-config", "config.cfg", "full.cfg")
    command("fill-config", "full.cfg", "again.cfg")


def test_the_section_of_subwords_needs_one_above_it(workplace):
    text = "".join(CONFIG.partition("[w2v.model]")[::2])
    (workplace / "config.cfg").write_text(text + '\n[w2v.model.subwords]\nmode = "floret"\n')
    shown = command("fill-config", "config.cfg", "full.cfg", code=1)
    assert "[w2v.model.subwords] needs a section above it. Write a line [w2v.model] before it." in shown


def test_the_command_line_trains_and_makes_configs(workplace):
    options = ("-o", "out", "--w2v.export.formats", "[]", "--w2v.model.subwords.buckets", "100")
    command("train", "config.cfg", *options, "--w2v.model.subwords.mode", "floret")
    made = spacy_w2v.load(workplace / "out")
    assert (made.settings.subwords.mode, made.settings.subwords.min_n, made.settings.subwords.hashes) == (
        "floret",
        4,
        2,
    )
    assert made[UNKNOWN].any()
    assert re.search(r"\[w2v\.model\.subwords\]\nmode = \"floret\"\nmin_n = 4\n", made.config)
    command("fill-config", "config.cfg", "full.cfg")
    assert "[w2v.model.subwords]\nmode = null" in (workplace / "full.cfg").read_text()
    assert "min_n" not in (workplace / "full.cfg").read_text()
    command("init-config", "fasttext.cfg", "-d", "texts.txt", "--subwords", "fasttext", "--vector-size", "8")
    assert '[w2v.model.subwords]\nmode = "fasttext"\nmin_n = 3\nmax_n = 6\n' in (workplace / "fasttext.cfg").read_text()
    shown = command("train", "fasttext.cfg", *options, "-F", "--w2v.model.subwords.mode", "floret")
    assert 'subwords.mode = "floret" is an override, but the config has settings for which this mode' in shown
    shown = command("init-config", "x.cfg", "-d", "texts.txt", "--subwords", "fastText", code=1)
    assert "w2v.model.subwords.mode must be one of 'fasttext' or 'floret'" in shown
    command("init-config", "plain.cfg", "-d", "texts.txt")
    assert "subwords" not in (workplace / "plain.cfg").read_text()


def test_learning_rates_start_as_in_fasttext(model):
    assert model.record.training.alpha == 0.05
    cbow = settings_from_keywords({"architecture": "cbow", "subwords": "floret"}).completed()
    assert cbow.training.alpha == 0.15
    assert settings_from_keywords({"subwords": None}).completed().training.alpha == 0.025


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_presets_choose_input_vectors(architecture):
    given = settings_from_keywords({"architecture": architecture, "subwords": "floret"})
    for optimize, size in itertools.product(("accuracy", "efficiency"), ("tiny", "small", "large")):
        settings = with_preset(given, optimize, size=size).settings
        assert settings.export.vector_kind == "input"
        assert settings.training.alpha == 0.05 or architecture == "cbow"
