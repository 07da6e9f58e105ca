"""The component w2v: where a pipeline's vectors come from, vectors of documents and spans, and what is saved."""

import pickle
import re
from collections import Counter
from importlib.metadata import entry_points

import numpy as np
import pytest
import spacy
import srsly
from helpers_corpus import ListSource
from numpy.testing import assert_allclose, assert_array_equal
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.vectors import Vectors

import spacy_w2v
from spacy_w2v._atomic import describe_files, read_manifest, write_manifest
from spacy_w2v.errors import ConfigError, ConfigWarning, StorageError
from spacy_w2v.formats.spacy._word_rows import WordRows
from spacy_w2v.pipeline._attributes import ASSIGNED
from spacy_w2v.pipeline._origin import as_sampled_source
from spacy_w2v.pipeline._pooling import (
    common_components,
    corpus_probabilities,
    remove_components,
    sif_weights,
    weighted_mean,
    zipf_probabilities,
)
from spacy_w2v.pipeline._text_sample import LINES_PER_DOCUMENT

WORDS = [
    "the",
    "french",
    "king",
    "ruled",
    "a",
    "city",
    "near",
    "river",
    "and",
    "war",
    "began",
    "when",
    "queen",
    "went",
    "to",
]
D = 12
TRAINING = {"model": {"vector_size": D}, "vocabulary": {"min_count": 2}, "training": {"epochs": 2, "workers": 1}}
TEXT = "The French king went to Atlantis near the RIVER.  Xyzzy"
FLOAT32 = {"rtol": 1e-4, "atol": 1e-6}  # sums of some ten products of single precision


def make_texts(n_texts=60):
    chooser = np.random.default_rng(0)
    weights = 1 / np.arange(1, len(WORDS) + 1)
    lines = [" ".join(chooser.choice(WORDS, 9, p=weights / weights.sum())) + " ." for _ in range(n_texts)]
    return [*lines[:-1], lines[-1] + " hapax"]  # too rare to be a word


def make_pipeline(*, source=None, examples=None, initialize=TRAINING, **config):
    """Return a pipeline of the component, trained on a small corpus unless `initialize` says otherwise."""
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config=config)
    if initialize is TRAINING:
        source = source or ListSource(make_texts())
    make_examples = lambda: (Example(nlp.make_doc(text), nlp.make_doc(text)) for text in examples or ())  # noqa: E731
    component.initialize(make_examples, nlp=nlp, corpus=source, **initialize)
    return nlp


def pipeline_with_table(words, **config):
    """Return a pipeline whose vectors came from elsewhere: a row for each of these words, in order."""
    nlp = spacy.blank("en")
    data = np.random.default_rng(1).normal(size=(len(words), D)).astype(np.float32)
    nlp.vocab.vectors = Vectors(data=data, keys=[nlp.vocab.strings.add(word) for word in words])
    if config:
        nlp.add_pipe("w2v", config=config)
    return nlp


@pytest.fixture(scope="module")
def nlp():
    return make_pipeline()


@pytest.fixture(scope="module")
def saved(nlp, tmp_path_factory):
    path = tmp_path_factory.mktemp("pipelines") / "saved"
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def model_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model"
    flat = {name: value for block in TRAINING.values() for name, value in block.items()}
    spacy_w2v.train(make_texts(), **flat).save(path)
    return path


# Formulas


def test_sif_weights_are_those_of_the_paper():
    actual = sif_weights([0.0, 1e-3, 0.05], a=1e-3)
    assert_allclose(actual, [1.0, 0.5, 1e-3 / 0.051], rtol=1e-6)  # one rounding to single precision
    assert actual.dtype == np.float32


def test_probabilities():
    assert_array_equal(corpus_probabilities(np.array([6, 2]), n_tokens=10, n_rows=3), [0.6, 0.2, 0.0])
    assert_allclose(zipf_probabilities(3), np.array([6, 3, 2]) / 11)


def test_pooled_is_the_weighted_sum_over_the_number_of_words():
    vectors = np.arange(12, dtype=np.float16).reshape(3, 4)
    weights = np.array([0.5, 0.0, 1.0], np.float32)
    assert_allclose(weighted_mean(vectors, weights), (0.5 * vectors[0].astype(float) + vectors[2]) / 3, rtol=1e-6)
    assert_array_equal(weighted_mean(vectors[:0], weights[:0]), np.zeros(4))


@pytest.mark.parametrize("n", [1, 3])
def test_common_components_are_right_singular_vectors(n):
    vectors = np.random.default_rng(0).normal(loc=0.3, size=(50, 8)).astype(np.float32)
    expected = np.linalg.svd(vectors, full_matrices=False)[2][:n]
    actual = common_components(vectors, n=n)
    assert_allclose(np.abs(np.sum(actual * expected, axis=1)), np.ones(n), rtol=1e-5)  # signs are free
    rest = remove_components(vectors, actual)
    assert_allclose(rest, vectors - vectors @ expected.T @ expected, atol=1e-5)
    assert_allclose(rest @ actual.T, np.zeros((50, n)), atol=1e-5)


# Where vectors come from


def test_initialize_trains_the_vectors_that_train_would(nlp, model_path):
    model = spacy_w2v.load(model_path)
    assert_array_equal(nlp.vocab.vectors.data, model.input_vectors)
    fitted = nlp.get_pipe("w2v").doc_vectors.fitted
    counts = Counter(token.lower_ for text in make_texts() for token in spacy.blank("en")(text))
    assert set(counts) - set(model.words) == {"hapax"}
    for word in model.words:
        assert fitted.counts[nlp.vocab.vectors.find(key=word)] == counts[word]
    assert fitted.meta.n_tokens == sum(counts.values())
    assert nlp.get_pipe("w2v").record.model.vector_size == D


def test_texts_of_python_are_a_corpus_too(nlp):
    other = make_pipeline(source=(text for text in make_texts()))
    assert_array_equal(other(TEXT).vector, nlp(TEXT).vector)


@pytest.mark.parametrize("kind", ["input", "output", "mean"])
def test_initialize_loads_a_trained_model(model_path, kind):
    nlp = make_pipeline(examples=make_texts(20), initialize={"path": str(model_path), "vector_kind": kind})
    model = spacy_w2v.load(model_path)
    assert_array_equal(nlp.vocab.vectors.data, model.vectors(kind))
    assert_array_equal(nlp.get_pipe("w2v").doc_vectors.fitted.counts, model.vocabulary.counts)
    assert nlp.get_pipe("w2v").record.vector_kind == nlp.meta["w2v"]["vector_kind"] == kind


def test_the_former_name_of_the_kind_of_vectors_is_read_with_a_warning(model_path):
    message = r"^\[initialize\.components\.w2v\] vectors is now called vector_kind\. Rename it\.$"
    with pytest.warns(ConfigWarning, match=message):
        nlp = make_pipeline(examples=make_texts(20), initialize={"path": str(model_path), "vectors": "mean"})
    assert nlp.get_pipe("w2v").record.vector_kind == "mean"


def test_initialize_keeps_vectors_of_other_origin():
    nlp = pipeline_with_table(WORDS, n_common=0, frequencies="zipf")
    table = nlp.vocab.vectors
    nlp.initialize()
    assert nlp.vocab.vectors is table
    doc = nlp("king of the river")
    weights = sif_weights(zipf_probabilities(len(WORDS)), a=1e-3)
    expected = sum(weights[WORDS.index(word)] * table[nlp.vocab.strings[word]] for word in ("king", "the", "river")) / 4
    assert_allclose(doc.vector, expected, **FLOAT32)


def test_initialize_by_a_config_and_in_the_order_of_the_pipeline(tmp_path):
    """As `spacy train` does: the reader is resolved from the config, and a tok2vec behind sees the table."""
    (tmp_path / "texts.txt").write_text("\n".join(make_texts()), encoding="utf-8")
    static = {"components.tok2vec.model.pretrained_vectors": True}
    config = training_config(["w2v", "tok2vec", "tagger"], tmp_path, reads=True, **static)
    nlp = init_nlp(config)
    assert nlp.vocab.vectors.shape[1] == D
    sees = [node for node in nlp.get_pipe("tok2vec").model.walk() if node.name == "static_vectors"]
    assert [node.get_dim("nM") for node in sees] == [D]
    losses = nlp.update([tagged(nlp)], losses={})
    assert "w2v" not in losses
    again = spacy.util.load_model_from_config(nlp.config, auto_fill=False)  # what was saved can be trained again
    assert again.config["initialize"]["components"]["w2v"]["corpus"]["data_files"] == str(tmp_path / "texts.txt")


def tagged(nlp):
    words = WORDS[:6]
    return Example.from_dict(Doc(nlp.vocab, words=words), {"words": words, "tags": ["A", "B"] * 3})


def training_config(pipeline, directory, *, reads=False, **overrides):
    """Return a config of spacy train with the component trained on texts.txt."""
    nlp = spacy.blank("en")
    for name in pipeline:
        nlp.add_pipe(name)
    examples = Doc(nlp.vocab, words=WORDS[:6], tags=["A", "B"] * 3)
    spacy.tokens.DocBin(docs=[examples] * 3).to_disk(directory / "train.spacy")
    config = nlp.config.copy()
    config["paths"].update({"train": str(directory / "train.spacy"), "dev": str(directory / "train.spacy")})
    if reads:
        corpus = {"@readers": "spacy_w2v.Dataset.v1", "path": "text", "data_files": str(directory / "texts.txt")}
        config["initialize"]["components"] = {"w2v": {"corpus": corpus, **TRAINING}}
    return spacy.util.load_config_from_str(config.to_str(), overrides=overrides)


CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 8,
    "depth": 1,
    "embed_size": 20,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
    "pretrained_vectors": True,
}
MULTI_HASH = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 8,
        "attrs": ["NORM"],
        "rows": [20],
        "include_static_vectors": True,
    },
    "encode": {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": 8,
        "window_size": 1,
        "maxout_pieces": 2,
        "depth": 1,
    },
}
STATIC_USERS = {
    "MultiHashEmbed": ("tok2vec", {"model": MULTI_HASH}),
    "HashEmbedCNN": ("tagger", {"model": {"tok2vec": CNN}}),
    "parser": ("ner", {"model": {"tok2vec": CNN}}),
}


def pipeline_with_user(name, config, *, first):
    """Return a pipeline with a component that uses static vectors, before or behind w2v."""
    nlp = spacy.blank("en")
    nlp.add_pipe("w2v")
    nlp.add_pipe(name, config=config, first=first or None)
    return nlp


def test_training_is_shown_unless_it_should_not_be(capsys):
    make_pipeline()
    said = capsys.readouterr().err
    assert re.search(r"^Corpus: [\d,]+ tokens, 16 words", said, re.MULTILINE)
    assert re.search(r"^Trained 16 vectors", said, re.MULTILINE)
    make_pipeline(initialize=TRAINING | {"progress": False}, source=ListSource(make_texts()))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("user", STATIC_USERS)
def test_components_that_use_vectors_must_come_later(user):
    name, config = STATIC_USERS[user]
    nlp = pipeline_with_user(name, config, first=True)
    component = nlp.get_pipe("w2v")
    with pytest.raises(ConfigError, match=f"'w2v' must come before .* but '{name}' comes first"):
        component.initialize(list, nlp=nlp, corpus=ListSource(make_texts()), **TRAINING)
    assert nlp.vocab.vectors.shape == (0, 0), "before training, not after"
    nlp = pipeline_with_user(name, config, first=False)
    nlp.get_pipe("w2v").initialize(list, nlp=nlp, corpus=ListSource(make_texts()), **TRAINING)


def test_components_that_have_these_vectors_may_come_first(model_path):
    """As those of a pipeline that was trained with the vectors, to which the component is added."""
    name, config = STATIC_USERS["MultiHashEmbed"]
    nlp = pipeline_with_user(name, config, first=True)
    settings = {"path": str(model_path), "corpus": make_texts()}
    with pytest.raises(ConfigError, match=f"'w2v' must come before .* but '{name}' comes first"):
        nlp.get_pipe("w2v").initialize(list, nlp=nlp, **settings)
    spacy_w2v.load(model_path).to_spacy(nlp)
    table = nlp.vocab.vectors
    nlp.get_pipe("w2v").initialize(list, nlp=nlp, **settings)
    assert nlp.vocab.vectors is table
    assert nlp.get_pipe("w2v").doc_vectors.fitted.counts.size == len(table.data)


def test_components_without_static_vectors_may_come_first():
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    nlp.add_pipe("w2v").initialize(list, nlp=nlp, corpus=ListSource(make_texts()), **TRAINING)


def test_frozen_components_with_static_vectors_are_warned_of():
    nlp = pipeline_with_user(*STATIC_USERS["MultiHashEmbed"], first=True)
    with nlp.select_pipes(disable="tok2vec"), pytest.warns(UserWarning, match="not initialized again: tok2vec"):
        nlp.get_pipe("w2v").initialize(list, nlp=nlp, corpus=ListSource(make_texts()), **TRAINING)


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        ({}, {}, r"needs word vectors, but the pipeline has none. .*\[initialize.components.w2v.corpus\]"),
        ({}, {"training": {"epochs": 1}}, "training settings .training., but no corpus to train on"),
        ({}, {"path": "m", "model": {}}, "path names a trained model"),
        ({}, {"path": "nowhere"}, "nowhere does not exist"),
        ({}, {"corpus": {"path": "text"}}, "corpus must be a reader of texts.* is a block with: path"),
        ({}, {"corpus": "a text"}, "texts must be an iterable of strings"),
        ({}, {"corpus": 1, "model": {"vector_sise": 3}}, "w2v.model. has no setting 'vector_sise'"),
        ({}, {"corpus": 1, "model": {"loss": "hierarchical-softmax"}, "vector_kind": "mean"}, 'must be "input" where'),
        ({"n_common": D}, {"corpus": 1, **TRAINING}, f"n_common must be less than .* {D}, was: {D}"),
        ({"n_common": -1}, {}, "n_common must be at least 0, was: -1"),
        ({"sif_a": 0.0}, {}, "sif_a must be greater than 0, was: 0"),
        ({"max_edits": 3}, {}, "max_edits must be 0, 1 or 2, was: 3"),
    ],
)
def test_wrong_settings(config, settings, message):
    if settings.get("corpus") == 1:
        settings = settings | {"corpus": ListSource(make_texts())}
    nlp = spacy.blank("en")
    with pytest.raises(ValueError, match=message):
        nlp.add_pipe("w2v", config=config).initialize(list, nlp=nlp, **settings)


@pytest.mark.parametrize(
    ("config", "n_examples", "message"),
    [
        ({}, 20, 'needs word frequencies, but .* frequencies = "zipf"'),
        ({"frequencies": "zipf"}, 3, "needs at least 10 texts with known words .* there were 3"),
    ],
)
def test_vectors_of_other_origin_lack_something(config, n_examples, message):
    nlp = pipeline_with_table(WORDS)
    component = nlp.add_pipe("w2v", config=config)
    examples = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in make_texts(n_examples)]
    with pytest.raises(ConfigError, match=message):
        component.initialize(lambda: examples, nlp=nlp)


@pytest.mark.parametrize("update", [False, True])
def test_what_was_made_stays_when_the_pipeline_is_initialized_again(update):
    """As for a component that is added later: neither the config nor the examples have to do with the vectors."""
    nlp = make_pipeline(update=update)
    expected, record = nlp(TEXT), nlp.get_pipe("w2v").record
    nlp.add_pipe("tagger")
    nlp.initialize(lambda: [tagged(nlp)])
    assert_array_equal(nlp(TEXT).vector, expected.vector)
    assert nlp.get_pipe("w2v").record == record is not None
    assert (nlp.get_pipe("w2v").continued is not None) == update
    nlp.vocab.vectors = pipeline_with_table(WORDS).vocab.vectors
    message = "the pipeline's own vectors have none" if update else "needs word frequencies"
    with pytest.raises(ConfigError, match=message):
        nlp.initialize(lambda: [tagged(nlp)])


# Samples of texts


def test_the_sample_is_taken_while_the_corpus_is_read():
    source = ListSource(["\n".join(map(str, range(100))), " \n\nword"], ["more"])
    sampled = as_sampled_source(source)
    assert sampled.name == source.name
    assert [len(batch.texts) for batch in sampled.batches()] == [2, 1]
    assert sampled.sample() == [*map(str, range(LINES_PER_DOCUMENT)), "word", "more"]
    assert source.n_read == 1
    assert as_sampled_source(sampled) is sampled


def test_the_sample_is_read_where_the_encoded_corpus_is_kept():
    texts = make_texts(30)
    for _ in range(2):  # the second time, training does not read the texts
        source = ListSource(texts, fingerprint="texts of the sample")
        nlp = make_pipeline(source=source)
        assert len(nlp.get_pipe("w2v").doc_vectors.fitted.common) == 1
    assert source.n_read == 1


def test_common_components_come_from_the_reader_or_else_from_examples(model_path):
    texts = make_texts(40)
    settings = {"path": str(model_path)}
    of_reader = make_pipeline(source=ListSource(texts), initialize=settings)
    of_examples = make_pipeline(examples=texts, initialize=settings)
    bare = make_pipeline(initialize=settings, n_common=0)
    expected = np.linalg.svd(np.stack([bare(text).vector for text in texts]))[2][0]
    for nlp in (of_reader, of_examples):
        (common,) = nlp.get_pipe("w2v").doc_vectors.fitted.common
        assert_allclose(abs(common @ expected), 1, rtol=1e-5)


def test_examples_that_are_made_while_common_components_are_found_stay_whole():
    nlp = pipeline_with_table(WORDS, frequencies="zipf")
    kept = []

    def make_once():
        if not kept:
            for text in make_texts(40):
                words = [*text.split(), "unseen"]
                reference = Doc(nlp.vocab, words=words, tags=[f"TAG-OF-{word}" for word in words])
                kept.append(Example(Doc(nlp.vocab, words=words), reference))
        return iter(kept)

    tagger = nlp.add_pipe("tagger")
    nlp.initialize(make_once)
    assert set(tagger.labels) == {f"TAG-OF-{token.text}" for example in kept for token in example.reference}
    assert "unseen" in tagger.vocab.strings


# Vectors of documents and spans


def reference_vector(nlp, words, *, a=1e-3):
    """Arora et al.'s sentence vector, one word after the other, in double precision."""
    fitted = nlp.get_pipe("w2v").doc_vectors.fitted
    total = np.zeros(D)
    for word in words:
        row = nlp.vocab.vectors.find(key=word)
        if row >= 0:
            total += a / (a + fitted.counts[row] / fitted.meta.n_tokens) * nlp.vocab.vectors.data[row].astype(float)
    mean = total / len(words)
    return mean - sum(mean @ common * common for common in fitted.common.astype(float))


@pytest.mark.parametrize(("a", "n_common"), [(1e-3, 0), (1e-3, 1), (1e-2, 2)])
def test_sif_vectors_equal_the_reference(a, n_common):
    nlp = make_pipeline(sif_a=a, n_common=n_common)
    doc = nlp(TEXT)
    words = [token.text for token in doc]
    assert_allclose(doc.vector, reference_vector(nlp, words, a=a), **FLOAT32)
    assert_allclose(doc[1:4].vector, reference_vector(nlp, words[1:4], a=a), **FLOAT32)
    assert doc.vector.dtype == np.float32
    assert len(nlp.get_pipe("w2v").doc_vectors.fitted.common) == n_common


def test_mean_vectors_equal_those_of_spacy(nlp):
    """Where a token is in the table or nothing like it is; without initialize, for there is nothing to find out."""
    plain = spacy.blank("en", vocab=nlp.vocab)
    pooling = spacy.blank("en", vocab=nlp.vocab)
    pooling.add_pipe("w2v", config={"pooling": "mean"})
    expected, actual = plain(TEXT), pooling(TEXT)
    assert_allclose(actual.vector, expected.vector, **FLOAT32)
    assert_allclose(actual.vector_norm, expected.vector_norm, rtol=1e-5)
    assert_allclose(actual[2:5].vector, expected[2:5].vector, **FLOAT32)
    assert_allclose(actual[2:5].similarity(actual[:2]), expected[2:5].similarity(expected[:2]), rtol=1e-5)
    for i in range(len(expected)):
        assert_allclose(actual[i].vector, expected[i].vector)
        assert actual[i].has_vector == expected[i].has_vector


def test_norms_and_similarities_agree_with_vectors(nlp):
    doc, other = nlp(TEXT), nlp("A queen began the war")
    for this in (doc, doc[1:4]):
        assert_allclose(this.vector_norm, np.linalg.norm(this.vector), rtol=1e-5)
        for that in (other, other[1:3]):
            expected = this.vector @ that.vector / (np.linalg.norm(this.vector) * np.linalg.norm(that.vector))
            assert this.similarity(that) == pytest.approx(expected, rel=1e-4)
            assert that.similarity(this) == pytest.approx(expected, rel=1e-4)
        for single in (other[1], nlp.vocab["queen"]):  # pooled like a span of one word, not compared as they are
            assert this.similarity(single) == pytest.approx(this.similarity(other[1:2]), rel=1e-5)
        assert this.similarity(this) == 1.0


def test_similarity_to_a_document_without_hooks_pools_it_in_the_same_way(nlp):
    doc, other = nlp(TEXT), nlp("A queen began the war")
    bare = nlp.make_doc(other.text)
    assert bare.vector.tolist() != other.vector.tolist()
    assert doc.similarity(bare) == pytest.approx(doc.similarity(other), rel=1e-5)


def test_texts_without_known_words(nlp):
    doc = nlp("Xyzzy Plugh")
    assert not doc.has_vector
    assert not doc[:1].has_vector
    assert_array_equal(doc.vector, np.zeros(D))
    assert doc.similarity(nlp("Xyzzy Plugh")) == 1.0, "as in spaCy"
    with pytest.warns(UserWarning, match="W008"):
        assert doc.similarity(nlp("king")) == 0.0
    empty = nlp("")
    assert_array_equal(empty.vector, np.zeros(D))
    assert not empty.has_vector
    assert nlp("king")[:1].has_vector


def test_rows_that_are_added_later_have_weight_one():
    nlp = make_pipeline(n_common=0)
    assert nlp("plugh")[0]._.w2v_oov
    nlp.vocab.set_vector("plugh", np.ones(D, np.float32))
    doc = nlp("plugh")
    assert_allclose(doc.vector, np.ones(D), rtol=1e-6)
    assert not doc[0]._.w2v_oov
    assert nlp("XYZZY")[0]._.w2v_oov
    nlp.vocab.vectors.add("xyzzy", row=nlp.vocab.vectors.find(key="plugh"))  # no row comes with this key
    assert_array_equal(nlp("XYZZY").vector, doc.vector)


def test_a_document_can_come_again():
    """What spaCy and the component have kept of it goes."""
    nlp = make_pipeline(n_common=0)
    doc = nlp.make_doc("plugh king")
    assert doc.vector_norm > 0, "spaCy's own, which it keeps"
    for made in (nlp.get_pipe("w2v")(doc), nlp(doc)):
        assert_allclose(made.vector_norm, np.linalg.norm(made.vector), rtol=1e-6)
        assert [token._.w2v_oov for token in made] == [True, False]
    nlp.vocab.set_vector("plugh", np.ones(D, np.float32))
    doc = nlp(doc)
    assert_allclose(doc.vector_norm, np.linalg.norm(doc.vector), rtol=1e-6)
    assert [token._.w2v_oov for token in doc] == [False, False]
    plain = spacy.blank("en", vocab=nlp.vocab)("a war")
    expected = plain.vector @ doc.vector / (np.linalg.norm(plain.vector) * np.linalg.norm(doc.vector))
    assert plain.similarity(doc) == pytest.approx(expected, rel=1e-5)


def test_tables_of_norms():
    """SpaCy 3.8 has tables whose keys are another attribute than the text; so are lexemes looked up."""
    nlp = pipeline_with_table(["stream", "king"], pooling="mean")
    table = nlp.vocab.vectors
    nlp.vocab.vectors = Vectors(data=table.data, keys=[*table.key2row], attr="NORM", strings=nlp.vocab.strings)
    nlp.vocab["brook"].norm_ = "stream"
    doc = nlp("brook")
    assert_array_equal(doc.vector, table.data[0])
    for single in (nlp.vocab["brook"], nlp("brook")[0], nlp("brook")[:1]):
        assert doc.similarity(single) == pytest.approx(1, rel=1e-5)
        assert nlp("king").similarity(single) == pytest.approx(nlp("king").similarity(doc), rel=1e-5)


# Out of vocabulary


@pytest.mark.parametrize(
    ("text", "max_edits", "expected"),
    [
        ("king", 0, "king"),
        ("kiNG", 0, "king"),  # lower case
        ("pARIS", 0, "Paris"),  # title case
        ("nato", 0, "NATO"),  # upper case
        ("nasa", 0, "Nasa"),  # title before upper case
        ("US", 0, "US"),  # as it is, before "us"
        ("Us", 0, "us"),  # lower before upper case
        ("kimg", 0, None),
        ("kimg", 1, "king"),  # the first row that is spelt so
        ("kin9", 1, None),  # not of letters
        ("Kimgg", 1, None),  # two edits
        ("kimgg", 2, None),  # two edits, but the word has one for every four letters
        ("mountian", 1, None),
        ("mountian", 2, "mountain"),
        ("ountain", 1, None),  # not the same first letter
        ("moutnaims", 2, None),
        ("fein", 1, "fern"),  # more frequent than "vein"'s like "fain"
        ("PARYS", 1, "Paris"),
        ("1999", 1, None),  # "1998" is another year, not another spelling
    ],
)
def test_what_stands_for_unknown_words(text, max_edits, expected):
    words = ["us", "US", "king", "Paris", "NATO", "mountain", "fern", "fain", "1998", "NASA", "Nasa", "KING"]
    nlp = pipeline_with_table(words, pooling="mean", max_edits=max_edits)
    doc = nlp(text)
    row = nlp.get_pipe("w2v").doc_vectors.rows(doc)
    assert row.tolist() == [words.index(expected) if expected else -1]
    assert doc[0]._.w2v_oov == (expected is None)
    assert doc.has_vector == (expected is not None)
    if expected:
        assert_array_equal(doc.vector, nlp.vocab.vectors[nlp.vocab.strings[expected]])
    assert doc[0].has_vector == (text in words), "tokens keep the vectors that spaCy gives them"


def test_white_space_is_no_unknown_word(nlp):
    doc = nlp("Atlantis  king")
    assert [(token.text, token._.w2v_oov) for token in doc] == [("Atlantis", True), (" ", False), ("king", False)]


def test_substitutes_are_remembered_up_to_a_bound(monkeypatch):
    monkeypatch.setattr("spacy_w2v.formats.spacy._word_rows.MAX_CACHED_SUBSTITUTES", 2)
    nlp = pipeline_with_table(["king"])
    rows = WordRows(nlp.vocab.vectors, nlp.vocab.strings, max_edits=0)
    keys = np.array([nlp.vocab.strings.add(word) for word in ("a", "KING", "b", "KinG", "king")], np.uint64)
    for _ in range(2):
        assert rows.find(keys).tolist() == [-1, 0, -1, 0, 0]
        assert len(rows._substitutes) <= 2


# Saving, sending, sourcing


def by_disk(nlp, directory):
    nlp.to_disk(directory / "pipeline")
    return spacy.load(directory / "pipeline")


def by_bytes(nlp, directory):
    return spacy.blank("en", config=nlp.config).from_bytes(nlp.to_bytes())


def by_pickle(nlp, directory):
    return pickle.loads(pickle.dumps(nlp))


def by_component(nlp, directory):
    other = spacy.blank("en", vocab=nlp.vocab, config=nlp.config)
    other.get_pipe("w2v").from_bytes(nlp.get_pipe("w2v").to_bytes())
    return other


def by_source(nlp, directory):
    other = spacy.blank("en")
    other.vocab.vectors = Vectors(name=nlp.vocab.vectors.name).from_bytes(nlp.vocab.vectors.to_bytes())
    other.add_pipe("w2v", source=nlp)
    return other


@pytest.mark.filterwarnings("ignore:.*W113")
@pytest.mark.parametrize("way", [by_disk, by_bytes, by_pickle, by_component, by_source], ids=lambda way: way.__name__)
@pytest.mark.parametrize("config", [{}, {"pooling": "mean"}], ids=str)
def test_round_trips(way, config, tmp_path):
    nlp = make_pipeline(**config)
    expected = nlp(TEXT)
    other = way(nlp, tmp_path)
    actual = other(TEXT)
    assert_array_equal(actual.vector, expected.vector)
    assert_array_equal(actual[1:3].vector, expected[1:3].vector)
    assert [token._.w2v_oov for token in actual] == [token._.w2v_oov for token in expected]
    assert other.get_pipe("w2v").record == nlp.get_pipe("w2v").record


def test_the_table_is_saved_once(saved):
    files = sorted(path.relative_to(saved).as_posix() for path in (saved / "w2v").iterdir())
    assert files == ["w2v/common.npy", "w2v/counts.npy", "w2v/meta.json"]
    assert (saved / "vocab" / "vectors").is_file()


def test_an_uninitialized_component_can_be_saved(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("w2v")
    loaded = by_disk(nlp, tmp_path)
    loaded.vocab.set_vector("king", np.ones(D))
    with pytest.raises(ConfigError, match=r"Call nlp.initialize"):
        loaded("king")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: (path / "meta.json").unlink(), r"there is no .*w2v/meta\.json"),
        (lambda path: (path / "meta.json").write_text("{"), r"w2v/meta\.json must be JSON"),
        (lambda path: (path / "meta.json").write_text('{"format": "x"}'), r"w2v/meta\.json must describe"),
        (lambda path: change_meta(path, format_version=1), r"w2v/meta\.json must have format version 2 or 3, was: 1"),
        (lambda path: change_meta(path, fitted={}), r"w2v/meta\.json: fitted.table is missing"),
        (lambda path: change_meta(path, files={}), r"w2v/meta\.json must describe the files of its arrays"),
        (
            lambda path: edit(path / "meta.json", b'"sif_a": 0.001', b'"sif_a": 0.002'),
            r"w2v/meta\.json must match its own checksum",
        ),
        (lambda path: edit(path / "common.npy", b"fortran", b"FORTRAN"), r"w2v/common\.npy must have the checksum"),
        (lambda path: save(path, "counts", np.arange(16.0)), r"w2v/counts\.npy must have .* the type <i8"),
        (lambda path: save(path, "counts", np.arange(16) - 1), r"w2v/counts\.npy must contain counts of 16 rows"),
        (
            lambda path: save(path, "common", np.full((1, D), np.nan, np.float32)),
            r"common\.npy must contain vectors of",
        ),
        (lambda path: (path / "counts.npy").unlink(), r"there is no .*w2v/counts\.npy"),
        (lambda path: (path / "counts.npy").write_bytes(b"\x93NUMPY"), r"w2v/counts\.npy must have 256 bytes"),
        (lambda path: save(path, "counts", np.ones(3)), r"w2v/counts\.npy must have the shape \(16,\)"),
        (lambda path: save(path, "common", np.array({})), r"w2v/common\.npy must have the shape"),
    ],
)
def test_damaged_files_are_named(nlp, tmp_path, damage, message):
    nlp.to_disk(tmp_path)
    damage(tmp_path / "w2v")
    with pytest.raises(StorageError, match=message):
        spacy.load(tmp_path)


def change_meta(path, **changes):
    write_manifest(path / "meta.json", read_manifest(path / "meta.json") | changes)


def save(path, name, array):
    """Put another array in the place of a file, and its checksum into the manifest."""
    np.save(path / name, array)
    files = read_manifest(path / "meta.json")["files"]
    change_meta(path, files=describe_files(path, files))


def edit(path, old, new):
    assert path.read_bytes().count(old) == 1
    path.write_bytes(path.read_bytes().replace(old, new))


def test_damaged_bytes(nlp):
    for content in (b"\xc1", srsly.msgpack_dumps(3), srsly.msgpack_dumps({})):
        with pytest.raises(StorageError, match="w2v"):
            nlp.get_pipe("w2v").from_bytes(content)


@pytest.mark.parametrize(
    ("excluded", "message"), [("counts", "needs word frequencies"), ("common", "n_common must be at most 0")]
)
def test_parts_can_be_left_out(nlp, tmp_path, excluded, message):
    component = nlp.get_pipe("w2v")
    component.to_disk(tmp_path / "less", exclude=[excluded])
    assert f"{excluded}.npy" not in {path.name for path in (tmp_path / "less").iterdir()}
    component.to_disk(tmp_path / "all")
    for read in (
        lambda other: other.from_disk(tmp_path / "less"),
        lambda other: other.from_disk(tmp_path / "all", exclude=[excluded]),
        lambda other: other.from_bytes(component.to_bytes(exclude=[excluded])),
    ):
        read(spacy.blank("en").add_pipe("w2v", config={"pooling": "mean"}))  # which needs neither
        with pytest.raises(ConfigError, match=message):
            read(spacy.blank("en").add_pipe("w2v"))


def test_settings_can_change_when_loading_as_far_as_they_need_nothing_new(nlp, saved):
    bare = spacy.load(saved, config={"components.w2v.n_common": 0})
    assert_allclose(bare(TEXT).vector, make_pipeline(n_common=0)(TEXT).vector, **FLOAT32)
    with pytest.raises(ConfigError, match=r"sif_a and frequencies must have the values .* were: 0.01"):
        spacy.load(saved, config={"components.w2v.sif_a": 0.01})


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"training": {"epochs": 0}}, r"^initialize\.components\.w2v\.training\.epochs must be at least 1, was: 0$"),
        (
            {"model": {"vectorsize": 9}},
            r"^\[initialize\.components\.w2v\.model\] has no setting 'vectorsize'\. Did you",
        ),
        ({"training": {"logger": {}}}, r"^\[initialize\.components\.w2v\.training\] has no setting 'logger'\."),
    ],
)
def test_wrong_settings_are_named_by_where_they_stand(block, message):
    with pytest.raises(ConfigError, match=message):
        make_pipeline(source=ListSource(make_texts()), initialize=block)


def test_pipelines_without_the_component(nlp, saved):
    for other in (spacy.load(saved, exclude=["w2v"]), spacy.load(saved, disable=["w2v"])):
        doc = other(TEXT)
        assert doc._.w2v_vector is None
        assert doc.user_hooks == {}
        assert doc[1].has_vector
    with nlp.select_pipes(disable="w2v"):
        assert nlp(TEXT).user_hooks == {}
    assert set(nlp(TEXT).user_hooks) == {"vector", "vector_norm", "has_vector", "similarity"}


@pytest.mark.filterwarnings("ignore:.*W113", "ignore:.*W109")
@pytest.mark.parametrize("vectors", ["none", "others"])
def test_a_pipeline_with_other_vectors_is_refused(nlp, saved, vectors):
    other = spacy.blank("en") if vectors == "none" else pipeline_with_table(WORDS)
    other.add_pipe("w2v", source=nlp)
    message = "but the pipeline has none" if vectors == "none" else "16 rows of 12 dimensions, but has 15 rows"
    with pytest.raises(ConfigError, match=message):
        other(TEXT)
    assert nlp(TEXT).has_vector, "the pipeline it came from goes on"


def test_a_table_of_the_same_shape_is_told_apart(nlp):
    other = pickle.loads(pickle.dumps(nlp))
    other.vocab.vectors = Vectors(data=nlp.vocab.vectors.data[::-1].copy(), strings=other.vocab.strings)
    with pytest.raises(ConfigError, match=r"but has other values\. Load those"):
        other(TEXT)


def test_some_words_may_get_other_vectors(saved, tmp_path):
    """By hand, after the component has seen the table."""
    nlp = spacy.load(saved)
    for word in ("the", "king", "river"):
        nlp.vocab.set_vector(word, np.ones(D))
    expected = nlp(TEXT).vector
    assert not np.array_equal(expected, spacy.load(saved)(TEXT).vector)
    nlp.to_disk(tmp_path)
    assert_array_equal(spacy.load(tmp_path)(TEXT).vector, expected)


@pytest.mark.filterwarnings("ignore:.*W109")  # hooks do not travel between processes, and spaCy says so
def test_vectors_return_from_processes(nlp):
    texts = [TEXT, "A queen began the war", "", "Xyzzy"]
    expected = list(nlp.pipe(texts))
    actual = list(nlp.pipe(texts, n_process=2))
    for there, here in zip(actual, expected, strict=True):
        assert_array_equal(there._.w2v_vector, here.vector)
        assert [token._.w2v_oov for token in there] == [token._.w2v_oov for token in here]
        assert there.user_hooks == {}
    docs = [nlp.get_pipe("w2v")(doc) for doc in actual]
    assert docs[0].similarity(docs[1]) == expected[0].similarity(expected[1])


@pytest.mark.filterwarnings("ignore:.*W101")  # spaCy merges what tokens have, but not what documents have
def test_documents_that_are_merged_or_copied(nlp):
    doc, other = nlp(TEXT), nlp("A queen began the Xyzzy")
    merged = Doc.from_docs([doc, other])
    assert [token._.w2v_oov for token in merged] == [token._.w2v_oov for part in (doc, other) for token in part]
    assert (merged._.w2v_vector, merged.user_hooks) == (None, {})
    assert_array_equal(nlp.get_pipe("w2v")(merged).vector, nlp(merged.text).vector)
    for copy, expected in ((doc.copy(), doc), (doc[1:3].as_doc(), doc[1:3])):
        assert_array_equal(copy.vector, expected.vector)
        assert copy.similarity(other) == expected.similarity(other)


def test_documents_can_be_pickled_with_their_hooks(nlp):
    doc, other = pickle.loads(pickle.dumps(nlp(TEXT))), nlp("A queen began the war")
    assert_array_equal(doc.vector, nlp(TEXT).vector)
    assert_array_equal(doc[1:3].vector, nlp(TEXT)[1:3].vector)
    assert doc.similarity(other) == nlp(TEXT).similarity(other)
    bare = nlp.make_doc(TEXT)
    extra = len(pickle.dumps(nlp(TEXT))) - len(pickle.dumps(bare))
    assert extra < 10_000, "counts and a vector, not a second table or vocab"


def test_errors_of_a_document_go_to_the_error_handler(nlp):
    other = spacy.blank("en", vocab=nlp.vocab)
    other.add_pipe("w2v")
    failed = []
    other.set_error_handler(lambda name, pipe, docs, error: failed.append((name, docs[0].text, type(error))))
    assert list(other.pipe(["king"])) == []
    assert failed == [("w2v", "king", ConfigError)]


def test_analysis_of_pipes():
    nlp = spacy.blank("en")
    nlp.add_pipe("w2v")
    analysis = nlp.analyze_pipes()
    assert analysis["problems"] == {"w2v": []}
    assert analysis["summary"]["w2v"]["assigns"] == ["doc.vector", *ASSIGNED]


def test_the_factory_is_an_entry_point():
    (point,) = entry_points(group="spacy_factories", name="w2v")
    assert point.value == "spacy_w2v.pipeline._factory:make_w2v"
