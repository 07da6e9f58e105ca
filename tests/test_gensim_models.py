"""Whole models to gensim's Word2Vec and back: what gensim reads, trains on and scores, and what we read of gensim."""

import copy
import dataclasses

import numpy as np
import pytest
import spacy
from gensim.models import KeyedVectors, Word2Vec
from helpers_cli import w2v_here
from helpers_model import make_model, paths_of, with_record

import spacy_w2v
from spacy_w2v.config._schema import ALPHA, ALPHA_OF_MEANS, parse_settings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.objectives._grafting import MISSING, graft
from spacy_w2v.objectives._huffman import balanced_tree, huffman_tree

LOSSES = ["negative-sampling", "hierarchical-softmax"]
ARCHITECTURES = ["skip-gram", "cbow"]
COUNTS = [40, 17, 17, 9, 9, 9, 4, 4, 4, 4, 3, 3, 3, 3, 3, 1, 1, 1]
"""With many ties, which gensim's Huffman tree breaks in another way than ours."""


def topics(n_lines=1500, *, seed=0):
    """Lines of ten words from one of two topics, so that similarities tell what is learned."""
    generator = np.random.default_rng(seed)
    lines = []
    for _ in range(n_lines):
        topic = "ab"[generator.integers(2)]
        lines.append([f"{topic}{word}" for word in np.minimum(generator.geometric(0.15, 10), 20)])
    return lines


def gap(vectors):
    """The mean cosine within topics less that between them: 0 knows nothing."""
    words = [f"{topic}{number}" for topic in "ab" for number in range(1, 13)]
    rows = np.array([vectors[word] for word in words], np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = rows @ rows.T
    within = (cosines[:12, :12].sum() + cosines[12:, 12:].sum() - 24) / (2 * 12 * 11)
    return within - cosines[:12, 12:].mean()


def train_gensim(lines, *, epochs=3, **settings):
    """A gensim model of one worker, with one loss."""
    losses = {"hs": 1, "negative": 0} if settings.pop("loss") == "hierarchical-softmax" else {"hs": 0, "negative": 5}
    sg = int(settings.pop("architecture") == "skip-gram")
    return Word2Vec(lines, vector_size=12, min_count=1, sg=sg, epochs=epochs, workers=1, sample=0, **losses, **settings)


def train_ours(lines, **settings):
    given = {"vector_size": 12, "min_count": 1, "epochs": 3, "workers": 1, "sample": 0, "tokenizer": "whitespace"}
    return spacy_w2v.train((" ".join(line) for line in lines), **given | settings)


def tree_as_gensim(counts):
    """The tables that gensim makes for words w0, w1, ... of these counts."""
    gensim_model = Word2Vec(hs=1, negative=5, vector_size=10, min_count=1, sample=1e-2)
    gensim_model.build_vocab_from_freq({f"w{rank}": count for rank, count in enumerate(counts)})
    return gensim_model


def loss_in_gensim(model, lines):
    """The loss of a model as it stands, over all pairs: steps are too small to change it."""
    model = copy.deepcopy(model)
    model.workers = 1
    model.train(lines, total_examples=len(lines), epochs=1, start_alpha=1e-9, end_alpha=1e-9, compute_loss=True)
    return model.get_latest_training_loss()


# to gensim


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("loss", LOSSES)
def test_gensim_reads_the_whole_model(tmp_path, architecture, loss):
    settings = {
        "architecture": architecture,
        "loss": loss,
        "window": 3,
        "negative": 7,
        "ns_exponent": 0.5,
        "shrink_windows": False,
        "alpha": 0.03,
        "epochs": 2,
        "seed": 9,
        "sample": 1e-2,
    }
    model = train_ours(topics(200), **settings)
    model.to_gensim().save(str(tmp_path / "word2vec.model"))
    actual = Word2Vec.load(str(tmp_path / "word2vec.model"))
    assert actual.wv.index_to_key == model.words
    np.testing.assert_array_equal(actual.wv.vectors, model.input_vectors)
    output = actual.syn1[:-1] if actual.hs else actual.syn1neg
    np.testing.assert_array_equal(output, model.output_vectors)
    assert [actual.wv.get_vecattr(word, "count") for word in model.words] == model.vocabulary.counts.tolist()
    assert (actual.corpus_count, actual.corpus_total_words) == (200, 2000)
    assert (actual.sg, actual.hs) == (architecture == "skip-gram", loss == "hierarchical-softmax")
    assert actual.negative == (0 if actual.hs else 7)
    assert (actual.window, actual.shrink_windows, actual.ns_exponent, actual.epochs, actual.seed) == (
        3,
        False,
        0.5,
        2,
        9,
    )
    assert (actual.sample, actual.min_count, actual.cbow_mean) == (1e-2, 1, 1)
    # Of the mean of a context, each word takes the whole step in gensim, and its share here.
    assert actual.alpha == pytest.approx(0.03 if actual.sg else 0.03 * ALPHA / ALPHA_OF_MEANS)


def test_tables_are_those_that_gensim_makes():
    expected = tree_as_gensim(COUNTS)
    model = with_record(make_model(COUNTS, loss="negative-sampling"), training={"sample": 1e-2})
    actual = model.to_gensim()
    np.testing.assert_array_equal(actual.cum_table, expected.cum_table)
    np.testing.assert_array_equal(actual.wv.expandos["sample_int"], expected.wv.expandos["sample_int"])
    paths = make_model(COUNTS, loss="hierarchical-softmax").to_gensim().wv.expandos
    for name in ("code", "point"):
        assert [path.dtype for path in paths[name]] == [path.dtype for path in expected.wv.expandos[name]]
    lengths = [[len(path) for path in table["code"]] for table in (paths, expected.wv.expandos)]
    assert np.dot(lengths[0], COUNTS) == np.dot(lengths[1], COUNTS)  # both have the shortest mean path


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("loss", LOSSES)
def test_training_goes_on_in_gensim(architecture, loss):
    lines = topics()
    model = train_ours(lines, architecture=architecture, loss=loss, epochs=1)
    gensim_model = model.to_gensim()
    gensim_model.workers = 1
    before, gap_before = loss_in_gensim(gensim_model, lines), gap(model)
    # It stands where training has brought it: output vectors in a wrong place cost a lot, and none even more.
    fresh, wrong = model.to_gensim(), model.to_gensim()
    fresh.init_weights()
    np.random.default_rng(0).shuffle(wrong.syn1 if wrong.hs else wrong.syn1neg)
    assert before < 0.97 * min(loss_in_gensim(fresh, lines), loss_in_gensim(wrong, lines))
    gensim_model.train(lines, total_examples=gensim_model.corpus_count, epochs=3)
    assert loss_in_gensim(gensim_model, lines) < before
    assert gap(gensim_model.wv) > max(0.5, 0.8 * gap_before)
    np.testing.assert_array_equal(gap(model), gap_before)  # no memory is shared


def test_gensim_scores_what_we_score():
    lines = topics(300)
    model = train_ours(lines, loss="hierarchical-softmax", epochs=5)
    expected = model.score(lines[:20])
    actual = model.to_gensim().score(lines[:20], total_sentences=20)
    np.testing.assert_allclose(actual, expected, rtol=0.03)  # gensim looks scores up in a table, a little beside


def test_a_full_softmax_is_refused(tmp_path):
    model = make_model([3, 2, 1], loss="softmax")
    with pytest.raises(ConfigError, match='needs loss = "negative-sampling" or "hierarchical-softmax", was: "softmax"'):
        model.to_gensim()
    with pytest.raises(ConfigError, match=r"gensim-model needs loss"):
        parse_settings({"model": {"loss": "softmax"}, "export": {"formats": ["gensim-model"]}})


def test_command_writes_a_model_that_gensim_trains(tmp_path):
    model = train_ours(topics(200))
    model.save(tmp_path / "model")
    result = w2v_here("export", "model", "word2vec.model", "--format", "gensim-model", cwd=tmp_path)
    assert result.code == 0, result
    actual = Word2Vec.load(str(tmp_path / "word2vec.model"))
    actual.train(topics(200), total_examples=200, epochs=1)
    np.testing.assert_array_equal(spacy_w2v.load(tmp_path / "model").input_vectors, model.input_vectors)
    refused = w2v_here("export", "model", "x.model", "--format", "gensim-model", "--max-vectors", 3, cwd=tmp_path)
    assert refused.code == 1
    assert "gensim-model is always the whole model, so max_vectors must be left out, was: 3" in refused.said


def test_command_says_that_a_model_of_gensim_has_no_language(tmp_path):
    gensim_model = train_gensim(topics(50), loss="negative-sampling", architecture="skip-gram")
    gensim_model.save(str(tmp_path / "gensim.model"))
    said = (
        'A model from gensim has no language, so that the pipeline is multilingual ("xx"). For another one, use Python'
    )
    result = w2v_here("export", "gensim.model", "pipeline", cwd=tmp_path)
    assert (result.code, said in result.said) == (0, True)
    assert spacy.load(tmp_path / "pipeline").lang == "xx"
    spacy_w2v.from_gensim(gensim_model, spacy.blank("de")).save(tmp_path / "german")
    train_ours(topics(50)).save(tmp_path / "ours")
    for source, lang in (("german", "de"), ("ours", "en")):
        result = w2v_here("export", source, f"pipeline-{lang}", cwd=tmp_path)
        assert (result.code, "language" in result.said) == (0, False)
        assert spacy.load(tmp_path / f"pipeline-{lang}").lang == lang


def test_command_refuses_a_file_name_for_a_pipeline(tmp_path):
    train_ours(topics(200)).save(tmp_path / "model")
    for name, other in (("x.kv", "gensim"), ("x.model", "gensim-model"), ("x.txt", "word2vec-text")):
        refused = w2v_here("export", "model", name, cwd=tmp_path)
        assert refused.code == 1
        assert f"but {name} has the suffix of a file. Pass --format {other}, or choose another name." in refused.said
        assert not (tmp_path / name).exists()


# from gensim


def test_a_path_without_a_file_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"There must be a file that gensim saved .*nope\.model does not exist\."):
        spacy_w2v.from_gensim(tmp_path / "nope.model")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("loss", LOSSES)
def test_we_read_the_whole_model_of_gensim(tmp_path, architecture, loss):
    lines = topics(200)
    gensim_model = train_gensim(lines, architecture=architecture, loss=loss, window=3, ns_exponent=0.5, seed=9)
    gensim_model.save(str(tmp_path / "word2vec.model"))
    model = spacy_w2v.from_gensim(tmp_path / "word2vec.model")
    model.save(tmp_path / "model")
    actual = spacy_w2v.load(tmp_path / "model")
    assert actual.words == gensim_model.wv.index_to_key
    np.testing.assert_array_equal(actual.input_vectors, gensim_model.wv.vectors)
    expected = gensim_model.syn1[:-1] if gensim_model.hs else gensim_model.syn1neg
    np.testing.assert_array_equal(actual.output_vectors, expected)
    assert (actual.settings.architecture, actual.settings.loss) == (architecture, loss)
    assert (actual.settings.window, actual.settings.ns_exponent, actual.meta["training"]["seed"]) == (3, 0.5, 9)
    assert actual.attr == "LOWER"
    back = actual.to_gensim()
    assert back.alpha == pytest.approx(gensim_model.alpha)
    assert (back.corpus_count, back.epochs, back.min_count) == (200, 3, 1)
    np.testing.assert_array_equal(back.wv.vectors, gensim_model.wv.vectors)
    if gensim_model.hs:
        for name in ("code", "point"):
            for ours, theirs in zip(back.wv.expandos[name], gensim_model.wv.expandos[name], strict=True):
                np.testing.assert_array_equal(ours, theirs)


def test_the_tree_of_gensim_is_kept(tmp_path):
    gensim_model = tree_as_gensim(COUNTS)
    gensim_model.negative = 0
    generator = np.random.default_rng(0)
    gensim_model.syn1 = generator.normal(size=gensim_model.syn1.shape).astype(np.float32)
    gensim_model.wv.vectors = generator.normal(scale=0.25, size=gensim_model.wv.vectors.shape).astype(np.float32)
    spacy_w2v.from_gensim(gensim_model).save(tmp_path / "model")
    assert (tmp_path / "model/tree.npz").is_file()
    actual = spacy_w2v.load(tmp_path / "model")
    assert paths_of(actual.tree) != paths_of(huffman_tree(np.array(COUNTS)))  # else this test would show nothing
    for rank, word in enumerate(actual.words):
        expected = list(
            zip(gensim_model.wv.get_vecattr(word, "point"), gensim_model.wv.get_vecattr(word, "code"), strict=True)
        )
        assert paths_of(actual.tree)[rank] == expected
    sentences = [["w0", "w3", "w9", "w17"], ["w5", "w6", "w7"]]
    gensim_model.sg = 1
    expected = gensim_model.score(sentences, total_sentences=2)
    kept = spacy_w2v.from_gensim(gensim_model)
    np.testing.assert_allclose(kept.score(sentences), expected, rtol=0.03)  # gensim looks scores up in a table
    rebuilt = dataclasses.replace(kept, stored_tree=None)
    assert (np.abs(rebuilt.score(sentences) / expected - 1) > 0.06).any()


def test_words_that_gensim_added_later_find_their_place():
    gensim_model = train_gensim(topics(200), architecture="skip-gram", loss="hierarchical-softmax", sorted_vocab=0)
    more = [["new", "a1", "new"]] * 50
    gensim_model.build_vocab(more, update=True)
    gensim_model.train(more, total_examples=50, epochs=1)
    counts = [gensim_model.wv.get_vecattr(word, "count") for word in gensim_model.wv.index_to_key]
    assert counts != sorted(counts, reverse=True)  # else this test would show nothing
    actual = spacy_w2v.from_gensim(gensim_model)
    assert actual.vocabulary.counts.tolist() == sorted(counts, reverse=True)
    for word in actual.words:
        np.testing.assert_array_equal(actual[word], gensim_model.wv[word])
        path = paths_of(actual.tree)[actual.rank(word)]
        assert [code for _, code in path] == gensim_model.wv.get_vecattr(word, "code").tolist()
        assert [node for node, _ in path] == gensim_model.wv.get_vecattr(word, "point").tolist()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("loss", LOSSES)
def test_training_goes_on_here(architecture, loss):
    lines = topics()
    gensim_model = train_gensim(lines, architecture=architecture, loss=loss, epochs=4)
    model = spacy_w2v.from_gensim(gensim_model)
    actual = train_ours(lines, initial=model, architecture=architecture, loss=loss, epochs=2)
    fresh = train_ours(lines, architecture=architecture, loss=loss, epochs=2)
    # with vectors, output vectors and tree in their places it begins where the fresh run has not come yet
    assert actual.meta["results"][0]["loss"] < fresh.meta["results"][0]["loss"] - 0.01
    assert gap(actual) > max(0.5, 0.9 * gap(gensim_model.wv))
    shuffled = spacy_w2v.from_gensim(gensim_model)
    np.random.default_rng(0).shuffle(shuffled.output_vectors)
    wrong = train_ours(lines, initial=shuffled, architecture=architecture, loss=loss, epochs=2)
    assert actual.meta["results"][0]["loss"] < wrong.meta["results"][0]["loss"] - 0.01


def both(model):
    model.hs, model.syn1 = 1, model.syn1neg
    return model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (both, r"trained with both hierarchical softmax and negative sampling \(hs=1, negative=5\)"),
        (lambda model: model.wv, "must be a Word2Vec or a FastText, was: KeyedVectors"),
        (lambda model: Word2Vec(vector_size=3), "must have a vocabulary and output vectors"),
    ],
)
def test_what_is_no_model_of_one_loss_is_refused(change, message):
    model = train_gensim(topics(50), architecture="cbow", loss="negative-sampling")
    with pytest.raises(ConfigError, match=message):
        spacy_w2v.from_gensim(change(model))


def test_files_that_are_no_models_are_refused(tmp_path):
    (tmp_path / "text.txt").write_text("no model")
    with pytest.raises(StorageError, match=r"text\.txt must be a file saved by gensim, but cannot be loaded"):
        spacy_w2v.from_gensim(tmp_path / "text.txt")
    vectors = KeyedVectors(3)
    vectors.add_vectors(["a"], np.ones((1, 3), np.float32))
    vectors.save(str(tmp_path / "vectors.kv"))
    with pytest.raises(ConfigError, match="must be a Word2Vec or a FastText, was: KeyedVectors"):
        spacy_w2v.from_gensim(tmp_path / "vectors.kv")


def test_words_with_capitals_are_texts_of_tokens():
    model = spacy_w2v.from_gensim(
        train_gensim([["Paris", "is", "here"]] * 9, architecture="cbow", loss="negative-sampling")
    )
    assert model.attr == "ORTH"
    nlp = model.to_spacy()
    assert nlp.vocab["Paris"].has_vector
    assert not nlp.vocab["paris"].has_vector


# trees for other vocabularies


@pytest.mark.parametrize("kind", ["huffman", "balanced"])
def test_a_tree_for_the_same_words_keeps_all_paths(kind):
    counts = np.array(COUNTS)
    tree = huffman_tree(counts) if kind == "huffman" else balanced_tree(counts.size)
    generator = np.random.default_rng(0)
    ranks = generator.permutation(counts.size)
    grafted = graft(tree, ranks, np.sort(counts)[::-1])
    for word, path in enumerate(paths_of(tree)):
        actual = [(grafted.origins[node], code) for node, code in paths_of(grafted.tree)[ranks[word]]]
        assert actual == path


@pytest.mark.parametrize("n_lost", [0, 1, 5, 17, 18])
@pytest.mark.parametrize("n_new", [0, 1, 2, 9])
def test_grafting_keeps_branches_and_is_a_code(n_lost, n_new):
    if n_lost == len(COUNTS) and not n_new:
        return
    generator = np.random.default_rng(n_lost + n_new)
    n_words = len(COUNTS) - n_lost + n_new
    new_ranks = generator.permutation(n_words)
    ranks = np.full(len(COUNTS), MISSING)
    stays = np.sort(generator.permutation(len(COUNTS))[n_lost:])
    ranks[stays] = new_ranks[: stays.size]
    counts = np.sort(generator.integers(0, 30, n_words))[::-1].astype(np.int64)
    old = paths_of(huffman_tree(np.array(COUNTS)))
    grafted = graft(huffman_tree(np.array(COUNTS)), ranks, counts)
    paths = paths_of(grafted.tree)
    assert sum(2.0 ** -len(path) for path in paths) == 1.0  # Kraft: a full binary tree
    assert len({tuple(code for _, code in path) for path in paths}) == n_words
    n_nodes = n_words - 1
    assert {node for path in paths for node, _ in path} == set(range(n_nodes))
    assert all(path[0][0] == n_nodes - 1 for path in paths if path)  # the root is the last
    for word in stays:
        carried = [(grafted.origins[node], code) for node, code in paths[ranks[word]] if grafted.origins[node] >= 0]
        assert carried == [step for step in old[word] if step in carried]  # in order, with the same branches
    carried_nodes = [origin for origin in grafted.origins if origin != MISSING]
    assert len(set(carried_nodes)) == len(carried_nodes) == max(stays.size - 1, 0)
