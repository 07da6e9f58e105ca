"""Every format is read back by the program it is for: spaCy, gensim, and this package."""

import dataclasses
import itertools
import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import spacy
from gensim.models import KeyedVectors
from helpers_model import make_model, with_record
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from spacy.tokens import Doc
from spacy.training import Example

import spacy_w2v
from spacy_w2v.config._export import MODE_OF_FORMAT
from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._exporting import FORMATS, export, export_all
from spacy_w2v.model._vocabulary import Vocabulary

ATTRS = ["ORTH", "LOWER", "NORM"]
KINDS = ["input", "output", "mean"]
TEXTS = [
    "The French king can't go: he's gonna see the CITY, the City and the city near £50 and $50.",
    "THE KING cannot go to Paris; the king's cities aren't near. The french Straße, STRASSE and İstanbul 😀!",
    "don't go to the city, the king will not, u.s. and U.S. kings can",
]
D = 12


@pytest.fixture(scope="module", params=ATTRS)
def model(request):
    return spacy_w2v.train(
        TEXTS * 10, vector_size=D, epochs=2, min_count=11, sample=0, workers=1, attr=request.param, tokenizer="pipeline"
    )


OF_WORDS = [name for name in FORMATS if name not in MODE_OF_FORMAT and name != "sense2vec"]
"""The formats that need neither subwords nor senses."""


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    """The model, and a directory with all formats of it."""
    directory = tmp_path_factory.mktemp("exported")
    export_all(model.word_vectors(), directory, ExportSettings(formats=OF_WORDS))
    return model, directory


def keys_of_corpus(attr):
    """Return (orth, key) of each token of the corpus."""
    nlp = spacy.blank("en")
    tokens = [token for text in TEXTS * 10 for token in nlp(text) if not token.is_space]
    return [(token.orth_, getattr(token, f"{attr.lower()}_")) for token in tokens]


def key_of_orth(pairs):
    """Return for each text the key it stands for most often, where that is unique."""
    counts = {}
    for orth, key in pairs:
        counts.setdefault(orth, Counter())[key] += 1
    ranked = {orth: keys.most_common(2) for orth, keys in counts.items()}
    return {orth: top[0][0] for orth, top in ranked.items() if len(top) == 1 or top[0][1] > top[1][1]}


# spaCy


def test_every_token_of_the_corpus_finds_its_vector(exported):
    model, directory = exported
    nlp = spacy.load(directory / "spacy")
    pairs = keys_of_corpus(model.attr)
    expected_words = {word for word, count in Counter(key for _, key in pairs).items() if count >= 11}
    assert set(model.words) == expected_words
    expected_key = key_of_orth(pairs)
    for token in (token for text in TEXTS for token in nlp(text) if token.orth_ in expected_key):
        key = expected_key[token.orth_]
        if key in expected_words:
            np.testing.assert_array_equal(token.vector, model[key], err_msg=token.orth_)
            assert token.rank == model.rank(key)
        elif token.orth_ not in expected_words:  # with NORM a text may be a word and stand for another
            assert not token.has_vector


def test_case_variants_find_their_vector(exported):
    model, directory = exported
    nlp = spacy.load(directory / "spacy")
    for variant in ("KINGS", "Kings", "tO"):
        has_variant = model.attr == "LOWER" and variant != "tO" and variant.lower() in model
        assert nlp.vocab[variant].has_vector == has_variant
    if model.attr == "LOWER":
        for variant in ("french", "French", "FRENCH"):  # the last is not in the corpus
            np.testing.assert_array_equal(nlp.vocab[variant].vector, model["french"])


def test_lexemes_are_ranked_by_frequency(exported):
    model, directory = exported
    for nlp in (spacy.load(directory / "spacy"), model.to_spacy()):
        owners = Counter(nlp.vocab.vectors.key2row[nlp.vocab.strings[word]] for word in model.words)
        for rank, word in enumerate(model.words):
            if model.attr != "NORM" or owners[rank] == 1:
                assert nlp.vocab[word].rank == rank
        assert nlp.vocab["word-that-is-not-there"].rank == spacy.util.OOV_RANK


def test_rows_are_named_by_their_words(exported):
    model, directory = exported
    vectors = spacy.load(directory / "spacy").vocab.vectors
    np.testing.assert_array_equal(vectors.data, model.input_vectors)
    for word in model.words[:10]:
        keys, _, scores = vectors.most_similar(model[word][None].copy(), n=4)
        actual = [vectors.strings[key] for key in keys[0]]
        nearest = model.most_similar(word, topn=3)
        assert actual == [word, *(near for near, _ in nearest)]
        # Scores are rounded to four digits.
        np.testing.assert_allclose(scores[0], [1.0, *(similarity for _, similarity in nearest)], atol=1e-4)


def test_meta_tells_where_vectors_come_from(exported):
    model, directory = exported
    meta = json.loads((directory / "spacy/meta.json").read_text())
    assert meta["lang"] == "en"
    assert meta["vectors"] == meta["vectors"] | {"width": D, "vectors": len(model), "mode": "default"}
    assert f"{len(model)} words" in meta["description"]
    assert meta["w2v"]["corpus"]["n_documents"] == 30
    assert meta["w2v"]["corpus"]["n_tokens"] == len(keys_of_corpus("ORTH"))
    assert meta["w2v"]["tokens"]["attr"] == model.attr
    assert meta["w2v"]["training"]["epochs"] == 2
    assert meta["w2v"]["model"]["vector_size"] == D
    assert meta["w2v"]["versions"]["spacy"] == spacy.__version__
    assert spacy.load(directory / "spacy").meta["w2v"]["training"] == meta["w2v"]["training"]


@pytest.mark.parametrize("maker", ["file", "python"])
def test_static_vectors_of_a_pipeline_in_training(exported, maker):
    model, directory = exported
    nlp = spacy.blank("en")
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": {"@architectures": "spacy.HashEmbedCNN.v2"}}
    tagger["tok2vec"] |= {"width": 8, "depth": 1, "embed_size": 50, "window_size": 1, "maxout_pieces": 2}
    tagger["tok2vec"] |= {"subword_features": False, "pretrained_vectors": True}
    nlp.add_pipe("tagger", config={"model": tagger})
    if maker == "file":
        nlp.config["initialize"]["vectors"] = str(directory / "spacy")
    else:
        nlp.config["initialize"]["before_init"] = None
        assert model.to_spacy(nlp) is nlp
    examples = [Example.from_dict(nlp.make_doc("the king"), {"tags": ["A", "B"]})]
    nlp.initialize(lambda: examples)
    assert nlp.vocab["king"].rank == model.rank("king")
    np.testing.assert_array_equal(nlp.make_doc("king")[0].vector, model["king"])
    losses = nlp.update(examples, losses={})
    assert losses["tagger"] > 0
    assert nlp.vocab.vectors.shape == (len(model), D)


def test_vectors_replace_those_of_a_pipeline(model):
    nlp = spacy.blank("de")
    nlp.vocab.set_vector("alt", np.ones(3, np.float32))
    assert nlp.vocab["alt"].rank != spacy.util.OOV_RANK or nlp.vocab["alt"].has_vector
    nlp = model.to_spacy(nlp, max_vectors=3, dtype="float16")
    assert (nlp.lang, nlp.vocab.vectors.shape, nlp.vocab.vectors.data.dtype) == ("de", (3, D), np.float16)
    assert not nlp.vocab["alt"].has_vector
    assert nlp.vocab["alt"].rank == spacy.util.OOV_RANK
    np.testing.assert_array_equal(nlp.vocab[model.words[0]].vector, model.input_vectors[0].astype(np.float16))


def test_a_pipeline_does_not_share_memory_with_the_model(model):
    nlp = model.to_spacy()
    before = model.input_vectors.copy()
    nlp.vocab.vectors.data[:] = 0
    np.testing.assert_array_equal(model.input_vectors, before)


@pytest.mark.parametrize("attr", ATTRS)
def test_numbers_that_are_shapes_find_their_vector(attr):
    texts = ["in 1999 and in 2001 and in 17"] * 5
    model = spacy_w2v.train(
        texts, vector_size=4, epochs=1, min_count=1, sample=0, workers=1, attr=attr, numbers="shape"
    )
    assert set(model.words) == {"in", "and", "dddd", "dd"}
    doc = model.to_spacy()("1999 17")
    np.testing.assert_array_equal(doc[0].vector, model["dddd"])
    np.testing.assert_array_equal(doc[1].vector, model["dd"])


@pytest.mark.parametrize("max_vectors", [1, 4, 10**6])
def test_max_vectors_keeps_the_most_frequent(model, max_vectors, tmp_path):
    kept = model.words[:max_vectors]
    export("spacy", model.word_vectors(), tmp_path / "spacy", settings=ExportSettings(max_vectors=max_vectors))
    nlp = spacy.load(tmp_path / "spacy")
    np.testing.assert_array_equal(nlp.vocab.vectors.data, model.input_vectors[:max_vectors])
    assert set(nlp.vocab.vectors.key2row.values()) == set(range(len(kept)))
    if model.attr != "NORM":
        assert [word for word in model.words if nlp.vocab[word].has_vector] == kept
    assert f"{len(kept)} words" in nlp.meta["description"]
    keyed_vectors = model.to_keyed_vectors(max_vectors=max_vectors)
    assert keyed_vectors.index_to_key == kept
    np.testing.assert_array_equal(keyed_vectors.vectors, model.input_vectors[:max_vectors])


# gensim


@pytest.mark.parametrize("mmap", ["r", None])
def test_keyed_vectors(exported, mmap):
    model, directory = exported
    keyed_vectors = KeyedVectors.load(str(directory / "gensim/vectors.kv"), mmap=mmap)
    assert isinstance(keyed_vectors.vectors, np.memmap) == (mmap == "r")
    assert keyed_vectors.index_to_key == model.words
    assert keyed_vectors.key_to_index == {word: rank for rank, word in enumerate(model.words)}
    np.testing.assert_array_equal(keyed_vectors.vectors, model.input_vectors)
    expected = Counter(key for _, key in keys_of_corpus(model.attr))
    assert {word: keyed_vectors.get_vecattr(word, "count") for word in model.words} == {
        word: expected[word] for word in model.words
    }
    for word in model.words[:5]:
        by_gensim, by_us = keyed_vectors.most_similar(word, topn=5), model.most_similar(word, topn=5)
        assert [near for near, _ in by_gensim] == [near for near, _ in by_us]
        # float32 sums of 12 products in another order
        np.testing.assert_allclose([score for _, score in by_gensim], [score for _, score in by_us], atol=1e-6)


def test_keyed_vectors_can_be_added_to_and_saved_again(model, tmp_path):
    keyed_vectors = model.to_keyed_vectors()
    keyed_vectors.add_vectors(["a-new-word"], np.ones((1, D), np.float32))
    keyed_vectors.save(str(tmp_path / "again.kv"))
    assert KeyedVectors.load(str(tmp_path / "again.kv")).index_to_key == [*model.words, "a-new-word"]
    assert len(model) == len(model.words) == len(model.input_vectors)


@pytest.mark.parametrize("format_name", ["spacy", "gensim"])
def test_numbers_that_float16_does_not_hold_are_refused(format_name, tmp_path):
    vectors = np.ones((3, 10))
    vectors[1, 4] = -70_000.0
    big = make_model([3, 2, 1], weights=(vectors, vectors))
    with pytest.raises(ConfigError, match=r"at most 65,504 for float16, but the vectors have: 70,000\. Set"):
        export(format_name, big.word_vectors(), tmp_path / "out", settings=ExportSettings(dtype="float16"))
    with pytest.raises(ConfigError, match="for float16"):
        big.to_spacy(dtype="float16")
    with pytest.raises(ConfigError, match="for float16"):
        big.to_keyed_vectors(dtype="float16")


def test_float16_for_gensim(model, tmp_path):
    export("gensim", model.word_vectors(), tmp_path / "vectors.kv", settings=ExportSettings(dtype="float16"))
    keyed_vectors = KeyedVectors.load(str(tmp_path / "vectors.kv"), mmap="r")
    assert keyed_vectors.vectors.dtype == np.float16
    np.testing.assert_array_equal(keyed_vectors.vectors, model.input_vectors.astype(np.float16))
    assert len(keyed_vectors.most_similar(model.words[0], topn=3)) == 3


@pytest.mark.parametrize("file", ["vectors.txt", "vectors.bin"])
def test_word2vec_formats(exported, file):
    model, directory = exported
    vocabulary = str(directory / "word2vec/vectors.vocab")
    keyed_vectors = KeyedVectors.load_word2vec_format(
        str(directory / "word2vec" / file), fvocab=vocabulary, binary=file.endswith("bin")
    )
    assert keyed_vectors.index_to_key == model.words
    np.testing.assert_array_equal(keyed_vectors.vectors, model.input_vectors)
    counts = [keyed_vectors.get_vecattr(word, "count") for word in model.words]
    assert counts == model.vocabulary.counts.tolist()


# Input vectors, output vectors, or their mean


def expected_vectors(model, kind):
    """The vectors by plain arithmetic on the two matrices."""
    parts = {"input": [model.input_vectors], "output": [model.output_vectors]}
    parts["mean"] = parts["input"] + parts["output"]
    return (sum(part.astype(float) for part in parts[kind]) / len(parts[kind])).astype(np.float32)


@pytest.mark.parametrize("max_vectors", [None, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_vectors_in_all_formats(model, tmp_path, kind, max_vectors):
    expected = expected_vectors(model, kind)[:max_vectors]
    np.testing.assert_array_equal(model.vectors(kind)[:max_vectors], expected)
    export_all(
        model.word_vectors(), tmp_path, ExportSettings(formats=OF_WORDS, vector_kind=kind, max_vectors=max_vectors)
    )
    nlp = spacy.load(tmp_path / "spacy")
    np.testing.assert_array_equal(nlp.vocab.vectors.data, expected)
    assert nlp.meta["w2v"]["vector_kind"] == kind
    text, binary = tmp_path / "word2vec/vectors.txt", tmp_path / "word2vec/vectors.bin"
    for keyed_vectors in (
        KeyedVectors.load(str(tmp_path / "gensim/vectors.kv"), mmap="r"),
        KeyedVectors.load_word2vec_format(str(text)),
        KeyedVectors.load_word2vec_format(str(binary), binary=True),
        model.to_keyed_vectors(vector_kind=kind, max_vectors=max_vectors),
    ):
        assert keyed_vectors.index_to_key == model.words[:max_vectors]
        np.testing.assert_array_equal(keyed_vectors.vectors, expected)
    for nlp in (None, spacy.blank("de")):
        data = model.to_spacy(nlp, vector_kind=kind, max_vectors=max_vectors).vocab.vectors.data
        np.testing.assert_array_equal(data, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_most_similar_and_scores_by_kinds_of_vectors(model, tmp_path, kind):
    keyed_vectors = model.to_keyed_vectors(vector_kind=kind)
    for query in (model.words[1], expected_vectors(model, kind)[1]):
        expected = keyed_vectors.most_similar(query if isinstance(query, str) else [query], topn=4)
        actual = model.most_similar(query, topn=4, vector_kind=kind)
        assert [word for word, _ in actual] == [word for word, _ in expected]
        # float32 sums of 12 products in another order
        np.testing.assert_allclose([score for _, score in actual], [score for _, score in expected], atol=1e-6)

    pairs = [(first, second, rank) for rank, (first, second) in enumerate(itertools.combinations(model.words[:5], 2))]
    (tmp_path / "pairs.tsv").write_text("".join(f"{first}\t{second}\t{rank}\n" for first, second, rank in pairs))
    sets = {"word_pairs": {"pairs": tmp_path / "pairs.tsv"}, "analogies": {}, "restrict_vocab": 100}
    cosines = [keyed_vectors.similarity(first, second) for first, second, _ in pairs]
    expected = spearmanr(cosines, range(len(pairs))).statistic
    assert spacy_w2v.evaluate(model, **sets, vector_kind=kind).word_pairs["pairs"].spearman == pytest.approx(expected)


def test_input_and_output_vectors_share_the_models_memory(model):
    for kind, matrix in (("input", model.input_vectors), ("output", model.output_vectors)):
        assert model.vectors(kind) is matrix
        assert np.shares_memory(model.to_keyed_vectors(vector_kind=kind).vectors, matrix)
    assert model.vectors() is model.input_vectors
    mean = model.vectors("mean")
    assert mean.dtype == np.float32
    assert not np.shares_memory(mean, model.input_vectors)


def test_other_kinds_of_vectors_are_refused(model):
    for ask in (model.vectors, lambda kind: model.to_keyed_vectors(vector_kind=kind)):
        with pytest.raises(
            ConfigError, match=r"^vector_kind must be one of recorded, input, output, mean, sum, was: both$"
        ):
            ask("both")


@pytest.mark.parametrize("kind", ["output", "mean"])
def test_inner_nodes_of_a_tree_are_not_exported_as_words(tmp_path, kind):
    model = make_model([5, 4, 3, 2], loss="hierarchical-softmax")
    assert model.output_vectors.shape == (3, model.vector_size)
    sets = {"word_pairs": {}, "analogies": {}, "restrict_vocab": 1}
    for ask in (
        lambda: model.vectors(kind),
        lambda: model.most_similar("w1", vector_kind=kind),
        lambda: model.to_spacy(vector_kind=kind),
        lambda: model.to_spacy(spacy.blank("en"), vector_kind=kind),
        lambda: model.to_keyed_vectors(vector_kind=kind),
        lambda: spacy_w2v.evaluate(model, **sets, vector_kind=kind),
        *(
            lambda name=name: export(
                name, model.word_vectors(), tmp_path / "exported", settings=ExportSettings(vector_kind=kind)
            )
            for name in OF_WORDS
            if name != "gensim-model"  # which has all that a model has
        ),
    ):
        with pytest.raises(ConfigError, match=rf'must be "input" where loss = "hierarchical-softmax", was: "{kind}"'):
            ask()
    assert list(tmp_path.iterdir()) == []
    assert model.to_keyed_vectors().vectors is not None


@pytest.mark.parametrize("mmap", [False, True])
def test_models_with_a_tree_are_saved_and_loaded(tmp_path, mmap):
    model = make_model([9, 7, 4, 3, 2], loss="hierarchical-softmax", tree="balanced", architecture="cbow")
    model.save(tmp_path / "model")
    loaded = spacy_w2v.load(tmp_path / "model", mmap=mmap)
    np.testing.assert_array_equal(loaded.output_vectors, model.output_vectors)
    assert loaded.settings == model.settings
    context, sentences = ["w1", "w3"], [["w0", "w4", "w2"]]
    assert loaded.predict_context(context) == model.predict_context(context)
    assert loaded.score(sentences) == model.score(sentences)


# The model's own directory


@pytest.mark.parametrize("mmap", [False, True])
def test_save_and_load(model, tmp_path, mmap):
    model.save(tmp_path / "model")
    loaded = spacy_w2v.load(tmp_path / "model", mmap=mmap)
    assert isinstance(loaded, spacy_w2v.Word2Vec)
    for name in ("input_vectors", "output_vectors"):
        actual = getattr(loaded, name)
        assert isinstance(actual, np.memmap) == mmap
        assert actual.dtype == np.float32
        np.testing.assert_array_equal(actual, getattr(model, name))
    assert loaded.words == model.words
    np.testing.assert_array_equal(loaded.vocabulary.counts, model.vocabulary.counts)
    assert loaded.vocabulary.forms.to_pylist() == model.vocabulary.forms.to_pylist()
    assert loaded.config == model.config
    assert loaded.meta == json.loads(json.dumps(model.meta))
    for method in ("to_spacy", "to_keyed_vectors"):
        assert getattr(loaded, method)(max_vectors=2) is not None
    assert loaded.most_similar(model.words[0]) == model.most_similar(model.words[0])


def test_forms_are_what_the_corpus_has(model):
    expected = Counter((orth, key) for orth, key in keys_of_corpus(model.attr) if key in model)
    actual = {(row["orth"], model.words[row["word"]]): row["count"] for row in model.vocabulary.forms.to_pylist()}
    assert actual == expected


# Odd Unicode

ODD = ["ß", "ẞ", "SS", "ss", "İ", "i̇", "ı", "I", "ﬁ", "FI", "Ǆ", "ǅ", "ǆ", "ŉ", "ς", "σ", "Σ", "é", "e\u0301"]
ODD += [
    "\u0301",
    "😀",
    "👩\u200d🚀",
    "\ufeff",
    "\u200b",
    "﷽",
    "ﬃ",
    "Ⅷ",
    "ⓐ",
    "𐐀",
    "x" * 300,
    "'",
    '"',
    "\\",
    "\x7f",
    "<s>",
]
WORDS = st.sampled_from(ODD) | st.text(
    st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp"], exclude_characters="\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"),
    min_size=1,
    max_size=4,
)


def model_of(orths, *, attr="ORTH"):
    """Return a model whose corpus is these texts, as tokens, each word with random vectors."""
    global _TEMPLATE
    if _TEMPLATE is None:
        _TEMPLATE = spacy_w2v.train(["a b c"] * 10, vector_size=4, epochs=1, sample=0, workers=1)
    key_of = {"ORTH": str, "LOWER": str.lower}[attr]
    counts = Counter(key_of(orth) for orth in orths)
    words = sorted(counts, key=lambda word: (-counts[word], word))
    forms = Counter(orths).items()
    vectors = np.random.default_rng(0).normal(size=(2, len(words), 4)).astype(np.float32)
    return dataclasses.replace(
        _TEMPLATE,
        vocabulary=Vocabulary(
            words=words,
            counts=np.array([counts[word] for word in words]),
            forms=pa.table(
                {
                    "orth": pa.array([orth for orth, _ in forms], pa.large_string()),
                    "word": pa.array([words.index(key_of(orth)) for orth, _ in forms], pa.uint32()),
                    "count": pa.array([count for _, count in forms], pa.int64()),
                }
            ),
        ),
        parameters={"input": vectors[0], "output": vectors[1]},
        record=with_record(_TEMPLATE, tokens={"attr": attr}).record,
    )


_TEMPLATE = None

ROUND_TRIP = settings(
    derandomize=True, deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("attr", ["ORTH", "LOWER"])
@ROUND_TRIP
@given(orths=st.lists(WORDS, min_size=2, max_size=30))
@example(orths=ODD)
def test_odd_words_in_spacy(tmp_path_factory, attr, orths):
    directory = tmp_path_factory.mktemp("odd")
    model = model_of(orths, attr=attr)
    export("spacy", model.word_vectors(), directory / "spacy", settings=ExportSettings())
    nlp = spacy.load(directory / "spacy")
    for token in Doc(nlp.vocab, words=orths):
        expected = model[token.lower_ if attr == "LOWER" else token.orth_]
        np.testing.assert_array_equal(token.vector, expected)
    for word in model.words:
        np.testing.assert_array_equal(nlp.vocab[word].vector, model[word])
        assert nlp.vocab[word].rank == model.rank(word)
    keys = nlp.vocab.vectors.most_similar(model.input_vectors.copy(), n=1)[0]
    assert [nlp.vocab.strings[key] for key in keys[:, 0]] == model.words


@pytest.mark.parametrize("format_", ["gensim", "word2vec-text", "word2vec-binary"])
@ROUND_TRIP
@given(orths=st.lists(WORDS, min_size=2, max_size=30))
@example(orths=ODD)
def test_odd_words_in_gensim(tmp_path_factory, format_, orths):
    directory = tmp_path_factory.mktemp("odd")
    model = model_of(orths)
    path = directory / "vectors"
    export(format_, model.word_vectors(), path, settings=ExportSettings())
    if format_ == "gensim":
        keyed_vectors = KeyedVectors.load(str(path), mmap="r")
    else:
        vocabulary = str(path.with_suffix(".vocab"))
        keyed_vectors = KeyedVectors.load_word2vec_format(
            str(path), fvocab=vocabulary, binary=format_ == "word2vec-binary"
        )
    assert keyed_vectors.index_to_key == model.words
    np.testing.assert_array_equal(keyed_vectors.vectors, model.input_vectors)
    counts = [keyed_vectors.get_vecattr(word, "count") for word in model.words]
    assert counts == model.vocabulary.counts.tolist()


@ROUND_TRIP
@given(orths=st.lists(WORDS, min_size=2, max_size=30))
@example(orths=ODD)
def test_odd_words_in_the_models_own_directory(tmp_path_factory, orths):
    model = model_of(orths)
    directory = tmp_path_factory.mktemp("odd") / "model"
    model.save(directory)
    loaded = spacy_w2v.load(directory, mmap=True)
    assert loaded.words == model.words
    np.testing.assert_array_equal(loaded.vocabulary.counts, model.vocabulary.counts)
    np.testing.assert_array_equal(loaded.input_vectors, model.input_vectors)
