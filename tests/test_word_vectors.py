"""Word vectors from any program: their properties, looking them up, comparing and writing them."""

import numpy as np
import pytest
import spacy
from gensim.models import FastText, KeyedVectors
from helpers_cli import w2v_here
from helpers_model import make_model

import spacy_w2v
from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import ConfigError, UnknownWordError
from spacy_w2v.formats._exporting import export
from spacy_w2v.formats._opening import open_vectors

WORDS = ["the", "river", "city", "lake"]


@pytest.fixture(scope="module")
def model():
    return make_model([9, 7, 5, 3], words=WORDS, vector_size=6)


def pipeline(vectors, keys, *, dtype="float32"):
    """A blank pipeline with a table. keys: words by row."""
    nlp = spacy.blank("en")
    nlp.vocab.vectors = spacy.vectors.Vectors(data=np.array(vectors, dtype), strings=nlp.vocab.strings)
    for word, row in keys:
        nlp.vocab.vectors.add(nlp.vocab.strings.add(word), row=row)
    return nlp


def test_vectors_of_a_model_share_its_memory(model):
    vectors = model.word_vectors()
    assert np.shares_memory(vectors.matrix, model.input_vectors)
    assert (vectors.words, vectors.counts.tolist(), vectors.attr, vectors.lang) == (WORDS, [9, 7, 5, 3], "LOWER", "en")
    assert vectors.model is model
    assert repr(vectors) == "WordVectors('a model of made for a test', words=4, vector_size=6, attr='LOWER')"
    assert open_vectors(vectors) is vectors
    np.testing.assert_array_equal(vectors["city"], model["city"])
    with pytest.raises(UnknownWordError, match=r"vocabulary of 4 words, was: 'citi'\. Near spellings: city"):
        vectors["citi"]


def test_the_mean_is_computed_on_access(model):
    mean = model.word_vectors("mean")
    expected = (model.input_vectors + model.output_vectors) / 2
    np.testing.assert_array_equal(np.asarray(mean.matrix), expected)
    np.testing.assert_array_equal(np.concatenate(list(mean.blocks(n_words=3))), expected[:3])
    np.testing.assert_array_equal(mean["lake"], expected[3])
    assert mean.of_kind("input").most_similar("the") == model.most_similar("the")


def test_counts_and_attributes_of_other_programs_are_read_if_present(model, tmp_path):
    nlp = model.to_spacy()
    opened = {"spacy": open_vectors(nlp), "gensim": open_vectors(model.to_keyed_vectors())}
    for vectors in opened.values():
        counts = dict(zip(vectors.words, vectors.counts.tolist(), strict=True))
        assert {word: counts[word] for word in WORDS} == {"the": 9, "river": 7, "city": 5, "lake": 3}
        assert vectors.model is None
    assert (opened["spacy"].attr, opened["spacy"].lang) == ("ORTH", "en")
    assert (opened["gensim"].attr, opened["gensim"].lang) == (None, None)
    (tmp_path / "glove.txt").write_text("the 1 2\nof 3 4\n")
    assert open_vectors(tmp_path / "glove.txt").counts is None
    assert open_vectors(FastText([WORDS], vector_size=4, min_count=1, bucket=10)).counts.tolist() == [1, 1, 1, 1]


def test_only_one_of_the_words_that_share_a_row_is_returned():
    rows = [[1, 0], [0.9, 0.1], [0, 1]]
    nlp = pipeline(rows, [("Paris", 0), ("paris", 0), ("London", 1), ("london", 1), ("tree", 2)])
    vectors = open_vectors(nlp)
    assert [word for word, _ in vectors.most_similar("Paris")] == ["london", "tree"]
    assert [word for word, _ in vectors.most_similar([1.0, 0.0], topn=1)] == ["paris"]
    assert vectors.rows_of(["PARIS", "Tree", "nothing"]).tolist() == [0, 2, -1]


def test_rows_without_a_word_are_not_returned():
    nlp = pipeline([[1, 0], [1, 0.01], [0, 1]], [("a", 0), ("b", 2)])
    assert [word for word, _ in open_vectors(nlp).most_similar("a")] == ["b"]


def test_tables_of_float16_are_read_compared_and_written(tmp_path):
    nlp = pipeline([[1, 0], [0.5, 0.5], [0, 1]], [("a", 0), ("b", 1), ("c", 2)], dtype="float16")
    nlp.to_disk(tmp_path / "pipeline")
    vectors = open_vectors(tmp_path / "pipeline")
    assert vectors.matrix.dtype == np.float16
    assert vectors.most_similar("a") == [("b", pytest.approx(0.5**0.5, abs=1e-3)), ("c", 0.0)]
    export("word2vec-text", vectors, tmp_path / "v.txt", settings=ExportSettings())
    assert (tmp_path / "v.txt").read_text() == "3 2\na 1 0\nb 0.5 0.5\nc 0 1\n"
    assert not (tmp_path / "v.vocab").exists()


def test_command_exports_vectors_of_other_programs(tmp_path):
    (tmp_path / "glove.txt").write_text("the 1 2\nof 3 4\n")
    assert w2v_here("export", "glove.txt", "glove.kv", "-f", "gensim", cwd=tmp_path).code == 0
    assert KeyedVectors.load(str(tmp_path / "glove.kv"))["of"].tolist() == [3, 4]
    for name in ("spacy", "gensim-model"):
        said = w2v_here("export", "glove.txt", "out", "-f", name, cwd=tmp_path)
        assert said.code == 1
        rule = f"The format {name} needs a model trained with spacy w2v train, or gensim's Word2Vec, but glove.txt has"
        assert rule in said.said
    assert not (tmp_path / "out").exists()


def test_command_shows_neighbours_of_any_vectors_side_by_side(model, tmp_path):
    model.save(tmp_path / "model")
    model.to_spacy().to_disk(tmp_path / "spacy")
    model.to_keyed_vectors().save_word2vec_format(str(tmp_path / "v.bin"), binary=True)
    said = w2v_here(
        *("most-similar", "model", "river", "--topn", 1), "--compare", "spacy", "--compare", "v.bin", cwd=tmp_path
    )
    (near, similarity), *_ = model.most_similar("river", topn=1)
    assert said.code == 0
    assert f"{near} {similarity:.3f} " * 2 + f"{near} {similarity:.3f}" in said.said


def test_other_kinds_of_vectors_need_a_model(model, tmp_path):
    model.to_gensim().save(str(tmp_path / "word2vec.model"))
    opened = open_vectors(tmp_path / "word2vec.model")
    np.testing.assert_array_equal(opened.of_kind("output").matrix, model.output_vectors)
    assert isinstance(opened.model, spacy_w2v.Word2Vec)
    with pytest.raises(ConfigError, match='without output vectors, such as gensim\'s KeyedVectors, was: "output"'):
        open_vectors(model.to_keyed_vectors()).of_kind("output")
