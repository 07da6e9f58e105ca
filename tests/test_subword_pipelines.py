"""Subwords in spaCy: tables in the mode floret that spaCy reads by itself, the component, and commands."""

import json
import subprocess
import sys

import numpy as np
import pytest
import spacy
from helpers_cli import w2v_here, write_texts
from spacy.vectors import Vectors

import spacy_w2v
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats.spacy import _composed_rows as composed_rows
from spacy_w2v.formats.spacy._reading import subwords_of_table
from spacy_w2v.formats.spacy._word_rows import WordRows

MODES = ("floret", "fasttext")
SETTINGS = {"vector_size": 12, "min_count": 2, "epochs": 2, "sample": 0, "workers": 1}
STRINGS = ["king", "KING", "rivering", "Zürich", "日本", "🙂", "kings'", "w" * 300]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with a model of each mode and its pipeline."""
    directory = tmp_path_factory.mktemp("subwords")
    write_texts(directory / "texts.txt")
    for mode in MODES:
        buckets = {"floret": 700, "fasttext": 20_000}[mode]
        model = spacy_w2v.train(directory / "texts.txt", subwords=mode, buckets=buckets, **SETTINGS)
        model.save(directory / mode)
        exported = w2v_here("export", mode, f"{mode}-pipeline", cwd=directory)
        assert exported.code == 0, exported.said
    return directory


@pytest.fixture(scope="module")
def models(place):
    return {mode: spacy_w2v.load(place / mode) for mode in MODES}


def composed(model, text):
    """The vector of a text, zero if nothing is known of it."""
    return model.subwords.vectors([text.lower()])[0]


def test_spacy_alone_composes_the_same_vectors(place, models):
    """In a process that cannot import this package."""
    code = (
        "import json, sys, importlib.metadata as metadata\n"
        "real = metadata.entry_points\n"
        "sys.modules['spacy_w2v'] = None\n"
        "def others(**options):\n"
        "    found = real(**options)\n"
        "    every = [e for group in found.values() for e in group] if isinstance(found, dict) else found\n"
        "    return metadata.EntryPoints(e for e in every if 'spacy_w2v' not in e.value)\n"
        "metadata.entry_points = others\n"
        "import spacy\n"
        "nlp = spacy.load('floret-pipeline')\n"
        "print(json.dumps([nlp.vocab.get_vector(text).tolist() for text in json.loads(sys.argv[1])]))"
    )
    arguments = [sys.executable, "-c", code, json.dumps(STRINGS)]
    said = subprocess.run(arguments, cwd=place, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    expected = [composed(models["floret"], text) for text in STRINGS]
    np.testing.assert_allclose(json.loads(said.splitlines()[-1]), expected, atol=1e-6)
    assert np.any(expected[STRINGS.index("rivering")])


def test_the_table_has_the_trained_rows_at_their_buckets(place, models):
    table, subwords = spacy.load(place / "floret-pipeline").vocab.vectors, models["floret"].subwords
    settings = subwords.settings
    assert (table.mode, table.shape) == ("floret", (settings.buckets, 12))
    assert (table.minn, table.maxn, table.hash_count) == (settings.min_n, settings.max_n, settings.hashes)
    np.testing.assert_array_equal(table.data[subwords.buckets], subwords.matrix)
    untrained = np.setdiff1d(np.arange(settings.buckets), subwords.buckets)
    assert untrained.size
    assert not table.data[untrained].any()
    in_memory = models["floret"].to_spacy()
    np.testing.assert_array_equal(in_memory.vocab.vectors.data, table.data)
    assert in_memory.meta["description"].startswith(
        "word2vec vectors (skip-gram, negative-sampling) of subwords in 700"
    )
    assert in_memory.vocab.vectors.attr == table.attr == spacy.symbols.LOWER


def test_post_processed_rows_compose_post_processed_vectors(models):
    model = models["floret"]
    nlp = model.to_spacy(postprocess="soft-whiten")
    vectors = model.word_vectors(postprocess="soft-whiten")
    for word in ("king", "rivering"):
        np.testing.assert_allclose(nlp.vocab.get_vector(word), vectors[word], atol=1e-5)


def test_pipelines_keep_the_words(place, models):
    vectors, model = spacy_w2v.open_vectors(place / "floret-pipeline"), models["floret"]
    assert vectors.words == model.words
    np.testing.assert_array_equal(vectors.counts, model.vocabulary.counts)
    np.testing.assert_allclose(vectors.matrix, model.input_vectors, atol=1e-6)
    np.testing.assert_allclose(vectors["rivering"], model["rivering"], atol=1e-6)
    near = [word for word, _ in model.most_similar("rivering", topn=3)]
    assert [word for word, _ in vectors.most_similar("rivering", topn=3)] == near
    other = spacy.load(place / "floret-pipeline")
    other.vocab.vectors.data += 1  # the words belong to another table
    assert spacy_w2v.open_vectors(other).words == []


def test_a_plain_table_has_the_words_only(place, models, tmp_path):
    model = models["floret"]
    for nlp in (model.to_spacy(composed=True), model.to_spacy(composed=True, max_vectors=5, dtype="float16")):
        assert nlp.vocab.vectors.mode == "default"
        np.testing.assert_allclose(nlp.vocab.get_vector("king"), model["king"], atol=1e-3)
        assert not nlp.vocab.has_vector("rivering")
    result = w2v_here("export", "floret", tmp_path / "plain", "--composed", "--max-vectors", 5, cwd=place)
    assert result.code == 0, result.said
    assert spacy.load(tmp_path / "plain").vocab.vectors.shape == (5, 12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_vectors": 5}, "max_vectors needs a row for each word"),
        ({"max_vectors": 5, "merge_rare": True}, "max_vectors needs a row for each word"),
        ({"dtype": "float16"}, 'dtype must be "float32" for floret\'s subwords'),
    ],
)
def test_settings_of_words_are_refused(place, models, options, message):
    with pytest.raises(ConfigError, match=message):
        models["floret"].to_spacy(**options)
    blocks = {"model": {"subwords": {"mode": "floret"}}, "export": {"formats": ["spacy"], **options}}
    with pytest.raises(ConfigError, match=message):  # before any text is read
        parse_settings(blocks)
    parse_settings({**blocks, "export": {**blocks["export"], "composed": True}})
    arguments = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    arguments = [part for part in arguments if part is not True]
    result = w2v_here("export", "floret", "x", *arguments, cwd=place)
    assert (result.code, message in result.said) == (1, True), result.said
    with pytest.raises(ConfigError, match="all words share the rows of floret's subwords"):
        spacy_w2v.prune_vectors(spacy.load(place / "floret-pipeline"), 5)


def test_pruning_says_how_to_export_a_table_of_words(place, tmp_path):
    with pytest.raises(ConfigError, match=r"table of words: set composed = true in .*, or pass composed=True"):
        spacy_w2v.prune_vectors(spacy.load(place / "floret-pipeline"), 5)
    done = w2v_here("prune", "floret-pipeline", tmp_path / "pruned", "--max-vectors", 5, cwd=place)
    assert "table of words: set composed = true in [w2v.export], or export with --composed." in done.said


def with_component(place, mode, *, pipeline=True, **config):
    nlp = spacy.load(place / f"{mode}-pipeline") if pipeline else spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"n_common": 0, **config})
    component.initialize(list, nlp=nlp, path=place / mode, progress=False)
    return nlp


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("pipeline", [True, False])
def test_the_component_composes_unknown_words(place, models, mode, pipeline):
    nlp, model = with_component(place, mode, pipeline=pipeline, pooling="mean"), models[mode]
    doc = nlp("The king  rivering")
    expected = [model["the"], model["king"], np.zeros(12), model["rivering"]]  # white space has no vector
    np.testing.assert_allclose(doc.vector, np.mean(expected, axis=0), atol=1e-6)
    np.testing.assert_allclose(doc[3:4].vector, model["rivering"], atol=1e-6)
    assert [token._.w2v_oov for token in doc] == [False] * 4
    assert doc.has_vector
    assert not doc[2:3].has_vector


def test_a_word_of_which_nothing_is_known_has_no_vector(place, models):
    unknown = next(text for text in map(chr, range(0x4E00, 0x4F00)) if not composed(models["floret"], text).any())
    doc = with_component(place, "floret", pooling="mean")(f"king {unknown}")
    assert [token._.w2v_oov for token in doc] == [False, True]
    assert [token.is_oov for token in doc] == [False, False]  # spaCy's own, which is never true
    assert not doc[1:2].has_vector


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("frequencies", ["corpus", "zipf"])
def test_frequent_words_weigh_less(place, models, mode, frequencies):
    nlp, model = with_component(place, mode, frequencies=frequencies), models[mode]
    counts, n_tokens = model.vocabulary.counts, model.record.corpus.n_tokens
    zipf = 1 / np.arange(1, len(model) + 1) / np.sum(1 / np.arange(1, len(model) + 1))
    p = counts / n_tokens if frequencies == "corpus" else zipf
    weights = [1e-3 / (1e-3 + p[model.rank("king")]), 1.0]  # no token of the corpus is "rivering"
    expected = (weights[0] * model["king"] + weights[1] * model["rivering"]) / 2
    np.testing.assert_allclose(nlp("King rivering").vector, expected, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("to_bytes", [False, True])
def test_pipelines_with_the_component_are_saved(place, mode, to_bytes, tmp_path):
    nlp = with_component(place, mode)
    nlp.to_disk(tmp_path / "saved")
    other = spacy.load(tmp_path / "saved")
    if to_bytes:
        other = spacy.blank("en", config=nlp.config).from_bytes(nlp.to_bytes())
    text = "The king  rivering 日本"
    np.testing.assert_array_equal(other(text).vector, nlp(text).vector)
    parts = sorted(path.stem for path in (tmp_path / "saved/w2v").glob("*.npy"))
    assert parts == ["common", "counts", *(["subword_buckets", "subword_vectors"] if mode == "fasttext" else [])]


def test_damaged_subwords_are_refused(place, tmp_path):
    nlp = with_component(place, "fasttext")
    component = nlp.get_pipe("w2v")
    table = component.doc_vectors.subwords
    for matrix, buckets, message in (
        (table.matrix * np.nan, table.buckets, "finite numbers"),
        (table.matrix, np.full_like(table.buckets, 3), "different numbers below 20000"),
    ):
        object.__setattr__(table, "matrix", matrix)
        object.__setattr__(table, "buckets", buckets)
        component.to_disk(tmp_path / "w2v")
        with pytest.raises(StorageError, match=message):
            component.from_disk(tmp_path / "w2v")


def test_initialize_takes_the_table(place):
    """`[initialize] vectors` copies the table, and not the words beside it, which the component needs."""
    config = {"initialize": {"vectors": str(place / "floret-pipeline")}}
    nlp = spacy.blank("en", config=config)
    nlp.add_pipe("w2v", config={"n_common": 0})
    nlp.initialize()
    expected = with_component(place, "floret")
    np.testing.assert_allclose(nlp("The king rivering").vector, expected("The king rivering").vector, atol=1e-6)
    again = spacy.blank("en", config=nlp.config).from_bytes(nlp.to_bytes())
    np.testing.assert_array_equal(again("The king").vector, nlp("The king").vector)


@pytest.mark.parametrize("mode", MODES)
def test_callbacks_set_the_table(place, models, mode):
    callback = {"@callbacks": "spacy_w2v.load_vectors.v2", "path": str(place / mode)}
    nlp = spacy.blank("en", config={"initialize": {"before_init": callback}})
    nlp.initialize()
    assert nlp.vocab.vectors.mode == ("floret" if mode == "floret" else "default")
    np.testing.assert_allclose(nlp.vocab.get_vector("king"), models[mode]["king"], atol=1e-6)


def test_tables_of_other_programs_work_without_words():
    data = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    nlp = spacy.blank("en")
    table = Vectors(
        data=data, mode="floret", minn=2, maxn=3, hash_count=2, hash_seed=2166136261, strings=nlp.vocab.strings
    )
    nlp.vocab.vectors = table
    component = nlp.add_pipe("w2v", config={"pooling": "mean"})
    component.initialize(list, nlp=nlp, progress=False)
    doc = nlp("any words")
    np.testing.assert_allclose(doc.vector, (doc[0].vector + doc[1].vector) / 2, atol=1e-6)
    nlp = spacy.blank("en")
    nlp.vocab.vectors = table
    with pytest.raises(ConfigError, match="needs word frequencies, but these vectors have none"):
        nlp.add_pipe("w2v").initialize(list, nlp=nlp, progress=False)


def test_composed_vectors_are_kept_in_bounded_memory(place, monkeypatch):
    monkeypatch.setattr(composed_rows, "MOST_WORDS", 5)
    nlp = spacy.load(place / "floret-pipeline")
    words = WordRows(nlp.vocab.vectors, nlp.vocab.strings, max_edits=0)
    expected = subwords_of_table(nlp.vocab.vectors, "")
    for start in range(0, 40, 3):
        texts = [f"king{number}" for number in range(start, start + 7)] + [" ", "", "king"]
        rows = words.find(np.array([nlp.vocab.strings.add(text) for text in texts], np.uint64))
        assert (rows[7:9] == -1).all()
        known = rows >= 0
        actual = words.vectors_at(rows)[known]
        np.testing.assert_array_equal(actual, expected.vectors(texts)[known])
        assert len(words.composed.ids) <= 15


def test_without_numba_spacy_composes_the_same(place, monkeypatch):
    nlp = spacy.load(place / "floret-pipeline")
    compiled = composed_rows.composer_of_table(nlp.vocab.vectors)(STRINGS)
    monkeypatch.setattr(composed_rows, "find_spec", lambda name: None)
    np.testing.assert_allclose(composed_rows.composer_of_table(nlp.vocab.vectors)(STRINGS), compiled, atol=1e-6)


PAIRS = "king\tqueenly\t3\nwar\triver\t2\nkingy\tcity\t1\nnear\tbegan\t4\n"


@pytest.mark.parametrize("vectors", ["floret", "floret-pipeline", "fasttext", "table.floret"])
def test_scores_say_how_many_words_were_composed(place, vectors):
    (place / "pairs.tsv").write_text(PAIRS)
    if not (place / "table.floret").exists():
        assert w2v_here("export", "floret", "table.floret", "--format", "floret", cwd=place).code == 0
    result = w2v_here("evaluate", vectors, "--word-pairs", "pairs.tsv", "-o", "scores.json", cwd=place)
    assert result.code == 0, result.said
    n_composed = 4 if vectors == "table.floret" else 2  # without words, all are composed
    some = f"pairs: {n_composed} of the 4 pairs have a word that is not in the vocabulary"
    if vectors == "table.floret":
        assert "table.floret is a table of subwords without a list of words. The vectors of all pairs" in result.said
        analogies = w2v_here("evaluate", vectors, cwd=place).said
        assert "have no score" in analogies
        assert "most frequent" not in analogies
    assert (some in result.said) == (vectors != "table.floret")
    assert json.loads((place / "scores.json").read_text())["pairs"]["n_composed"] == n_composed
    both = w2v_here("evaluate", vectors, "floret", "--word-pairs", "pairs.tsv", cwd=place)
    assert "floret, pairs: 2 of the 4 pairs" in both.said


@pytest.mark.parametrize("vectors", ["floret", "floret-pipeline"])
def test_commands_take_subwords(place, vectors, tmp_path):
    found = w2v_here("neighbors", vectors, "kingy", "king - kingy", "-n", 2, cwd=place)
    assert found.code == 0, found.said
    assert w2v_here("inspect", vectors, cwd=place).code == 0
    for arguments in (("similarity", vectors, "king", "kingy"), ("map", vectors)):
        done = w2v_here("plot", *arguments, "-o", tmp_path / "x.json", cwd=place)
        assert done.code == 0, done.said
    assert w2v_here("report", vectors, tmp_path / "x.html", cwd=place).code == 0


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (("inspect",), "An inspection"),
        (("neighbors", "king"), "A search for neighbours"),
        (("plot", "map"), "A plot of words"),
        (("report",), "An inspection"),
    ],
    ids=str,
)
def test_a_table_without_words_is_explained(place, command, what):
    if not (place / "table.floret").exists():
        assert w2v_here("export", "floret", "table.floret", "--format", "floret", cwd=place).code == 0
    n_words = 2 if command[0] == "plot" else 1
    result = w2v_here(*command[:n_words], "table.floret", *command[n_words:], cwd=place)
    assert result.code == 1
    assert f"{what} needs a list of words, but table.floret has a table of subwords without one" in result.said
