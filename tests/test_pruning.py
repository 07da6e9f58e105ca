"""Smaller tables for pipelines that have vectors: the words that stay are the most frequent, by a plain count."""

import shlex
from collections import Counter

import numpy as np
import pytest
import spacy
from helpers_cli import w2v_here
from helpers_model import cosine, make_model
from spacy.training.initialize import convert_vectors
from spacy.util import OOV_RANK
from spacy.vectors import Vectors

import spacy_w2v
from spacy_w2v.errors import ConfigError, CorpusError
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.formats.spacy._merging import nearest_kept

N, D = 40, 5
TEXTS = ["W3 w7 and don't w30 w30", "w30 w3\nw7 w12 w12 w12 unseen", "W3 W3 W3 w39"] * 5
"""Counts of tokens, for each repetition: W3 4, w3 1, w7 2, w12 3, w30 3, w39 1, and four without a vector."""
COUNTS = {3: 25, 7: 10, 12: 15, 30: 15, 39: 5}
"""By row: W3 and w3 share one."""


SMALL_MODEL = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 8,
    "depth": 1,
    "embed_size": 50,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}


def make_pipeline(dtype=np.float32):
    """Words w0 to w39 with a row each, W3 and W30 with that of another; rows 20 and 21 that no word has.

    Row 5 equals row 3, and rows 9 and 33 are zeros.
    """
    nlp = spacy.blank("en")
    data = np.random.default_rng(0).normal(size=(N, D)).astype(dtype)
    data[5] = data[3]
    data[[9, 33]] = 0
    table = Vectors(data=data, strings=nlp.vocab.strings, name="some.vectors")
    words = [f"w{row}" for row in range(N) if row not in (20, 21)]
    for word, row in [*((word, int(word[1:])) for word in words), ("W3", 3), ("W30", 30)]:
        table.add(nlp.vocab.strings.add(word), row=row)
    nlp.vocab.vectors = table
    return nlp, data, [*words, "W3", "W30"]


def row_of(word):
    return int(word[1:])


@pytest.mark.parametrize("max_vectors", [1, 7, 25, N, 10 * N])
@pytest.mark.parametrize("merge_rare", [False, True])
@pytest.mark.parametrize("texts", [None, TEXTS], ids=["order", "texts"])
def test_the_most_frequent_rows_stay_and_the_others_share_the_nearest(max_vectors, merge_rare, texts, tmp_path):
    nlp, data, words = make_pipeline()
    pruned = spacy_w2v.prune_vectors(nlp, max_vectors, texts=texts, merge_rare=merge_rare, cache_dir=tmp_path)
    counts = Counter(COUNTS if texts else {})
    kept = sorted({row_of(word) for word in words}, key=lambda row: (-counts[row], row))[:max_vectors]
    np.testing.assert_array_equal(nlp.vocab.vectors.data, data[kept])
    with_vector = 0
    for word in words:
        row, lexeme = row_of(word), nlp.vocab[word]
        if row in kept:
            np.testing.assert_array_equal(lexeme.vector, data[row])
            assert lexeme.rank == kept.index(row)
        elif merge_rare and data[row].any():
            best = max(cosine(data[row], data[other]) for other in kept)
            assert cosine(data[row], lexeme.vector) == pytest.approx(best, abs=1e-6)
        else:
            assert not lexeme.has_vector
            assert lexeme.rank == OOV_RANK
        with_vector += lexeme.has_vector
    assert pruned.n_rows == (N, len(kept))
    assert pruned.n_keys == (len(words), with_vector) == (len(words), len(nlp.vocab.vectors.key2row))
    if texts is None:
        assert pruned.coverage is None
    else:
        n_tokens = sum(len(nlp(line)) for text in texts for line in text.splitlines())
        covered = sum(token.has_vector for text in texts for line in text.splitlines() for token in nlp(line))
        assert pruned.coverage == pytest.approx((sum(COUNTS.values()) / n_tokens, covered / n_tokens))


def test_a_row_is_named_by_its_own_word_and_the_table_keeps_name_and_type():
    nlp, data, _ = make_pipeline(np.float16)
    spacy_w2v.prune_vectors(nlp, 15, merge_rare=True)
    table = nlp.vocab.vectors
    assert (table.name, table.data.dtype) == ("some.vectors", np.float16)
    keys, rows, _ = table.most_similar(np.array(data[[2, 14]], np.float16), n=1)
    assert [nlp.vocab.strings[key] for key in keys[:, 0].tolist()] == ["w2", "w14"]
    assert rows[:, 0].tolist() == [2, 14]


@pytest.mark.parametrize("scale", [60, 0.0005])
def test_float16_is_compared_as_exactly_as_float32(scale):
    """The squares of these numbers, or their sums, are past what float16 can hold."""
    data = (np.random.default_rng(0).normal(size=(60, 50)) * scale).astype(np.float16)
    np.testing.assert_array_equal(nearest_kept(data, 20), nearest_kept(data.astype(np.float32), 20))


def test_keys_without_a_text_stay_too():
    """`Vectors.add` leaves the text of a key unknown to the vocab."""
    nlp, data, _ = make_pipeline()
    nlp.vocab.vectors.add("stray", row=1)
    assert "stray" not in nlp.vocab.strings
    spacy_w2v.prune_vectors(nlp, 4)
    np.testing.assert_array_equal(nlp("stray")[0].vector, data[1])


def test_frequent_words_stay_that_spacy_loses():
    """Words that share a row take the place of others in `Vocab.prune_vectors`, which gives each of them a row."""
    ours, spacys = (make_pipeline()[0] for _ in range(2))
    spacy_w2v.prune_vectors(ours, 8)
    spacys.vocab.prune_vectors(8)
    assert len({row for word, row in ours.vocab.vectors.key2row.items()}) == 8
    assert len(np.unique(spacys.vocab.vectors.data, axis=0)) < len(np.unique(ours.vocab.vectors.data, axis=0))
    assert ours.vocab["w7"].has_vector
    data = make_pipeline()[1]
    assert not np.array_equal(spacys.vocab["w7"].vector, data[7])


def test_what_init_vectors_sorted_by_numbers_goes_by_the_order_of_its_file(tmp_path):
    """Two equal vectors in the file, and `spacy init vectors` sorts all rows."""
    _, data, _ = make_pipeline()
    lines = [f"w{row} {' '.join(map(str, vector))}\n" for row, vector in enumerate(data.tolist())]
    (tmp_path / "vectors.txt").write_text(f"{N} {D}\n" + "".join(lines))
    made = spacy.blank("en")
    convert_vectors(made, tmp_path / "vectors.txt", truncate=0, prune=-1)
    made.to_disk(tmp_path / "pipeline")
    nlp = spacy.load(tmp_path / "pipeline")
    assert not np.array_equal(nlp.vocab["w0"].vector, nlp.vocab.vectors.data[0])
    spacy_w2v.prune_vectors(nlp, 8)
    assert len(nlp.vocab.vectors.data) == 8
    for row in range(9):  # 3 and 5 have one row
        np.testing.assert_array_equal(nlp.vocab[f"w{row}"].vector, data[row])
    assert not nlp.vocab["w10"].has_vector
    start = open_vectors(tmp_path / "pipeline")
    assert start.words[:3] == ["w0", "w1", "w2"]


def test_keys_may_be_another_attribute(tmp_path):
    nlp, data, _ = make_pipeline()
    table = Vectors(data=data, strings=nlp.vocab.strings, name="lower.vectors", attr="LOWER")
    for row in range(N):
        table.add(nlp.vocab.strings.add(f"w{row}"), row=row)
    nlp.vocab.vectors = table
    spacy_w2v.prune_vectors(nlp, 2, texts=["W39 W39 w39 w12 W12", "w1"], cache_dir=tmp_path)
    np.testing.assert_array_equal(nlp.vocab.vectors.data, data[[39, 12]])
    np.testing.assert_array_equal(nlp("W39 w1")[0].vector, data[39])


def test_words_are_counted_by_the_attributes_of_corpora_only():
    nlp, data, _ = make_pipeline()
    nlp.vocab.vectors = Vectors(data=data, strings=nlp.vocab.strings, keys=[str(row) for row in range(N)], attr="SHAPE")
    with pytest.raises(ConfigError, match="one of ORTH, LOWER, NORM to count words in texts, but are: SHAPE"):
        spacy_w2v.prune_vectors(nlp, 2, texts=TEXTS)
    spacy_w2v.prune_vectors(nlp, 2)
    np.testing.assert_array_equal(nlp.vocab.vectors.data, data[:2])


def floret():
    nlp = spacy.blank("en")
    nlp.vocab.vectors = Vectors(
        data=np.ones((10, D), np.float32), strings=nlp.vocab.strings, mode="floret", minn=1, maxn=2, hash_count=1
    )
    return nlp


def with_component():
    nlp, *_ = make_pipeline()
    nlp.add_pipe("w2v")
    return nlp


@pytest.mark.parametrize(
    ("make", "max_vectors", "message"),
    [
        (lambda: make_pipeline()[0], 0, "max_vectors must be at least 1, was: 0"),
        (lambda: spacy.blank("en"), 5, "must have word vectors to be pruned, but has none"),
        (floret, 5, "must have a row for each word to be pruned, but"),
        (with_component, 5, "can only be pruned without a component w2v, but 'w2v' needs"),
    ],
    ids=["number", "none", "floret", "component"],
)
def test_what_cannot_be_pruned_is_refused_before_texts_are_read(make, max_vectors, message):
    def texts():
        raise AssertionError("read")
        yield

    nlp = make()
    before = nlp.vocab.vectors
    with pytest.raises(ConfigError, match=message):
        spacy_w2v.prune_vectors(nlp, max_vectors, texts=texts())
    assert nlp.vocab.vectors is before


@pytest.mark.parametrize(("given", "expected"), [({}, 1), ({"n_process": 0}, 0), ({"n_process": 3}, 3)])
def test_one_process_counts_words_unless_more_are_asked_for(given, expected, monkeypatch):
    """Others would import a script again that has no main guard."""
    from spacy_w2v.formats.spacy import _pruning as pruning

    class AskedError(Exception):
        pass

    def ask(source, nlp, settings, **more):
        assert settings.n_process == expected
        raise AskedError

    monkeypatch.setattr(pruning, "prepared_corpus", ask)
    with pytest.raises(AskedError):
        spacy_w2v.prune_vectors(make_pipeline()[0], 5, texts=TEXTS, **given)


def test_texts_without_tokens_leave_the_table_as_it_is(tmp_path):
    nlp, data, _ = make_pipeline()
    with pytest.raises(CorpusError):
        spacy_w2v.prune_vectors(nlp, 5, texts=["", ""], cache_dir=tmp_path)
    np.testing.assert_array_equal(nlp.vocab.vectors.data, data)


@pytest.fixture
def workplace(tmp_path):
    nlp, *_ = make_pipeline()
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("tok2vec", config={"model": {**SMALL_MODEL, "pretrained_vectors": True}})
    nlp.initialize()
    nlp.to_disk(tmp_path / "pipeline")
    (tmp_path / "trained/model").mkdir(parents=True)
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    return tmp_path


def test_command_writes_the_pipeline_with_its_components(workplace):
    prune = ("prune", "pipeline", "small", "--max-vectors", 3)
    result = w2v_here(*prune, "--merge-rare", "--dataset", "texts.txt", cwd=workplace)
    assert result.code == 0, result
    assert "Vectors 40 3" in result.said
    assert "Words with a vector 40 38" in result.said
    assert "Tokens covered" in result.said
    assert "because components were trained with the full vectors table: tok2vec." in result.said
    nlp = spacy.load(workplace / "small")
    assert nlp.pipe_names == ["sentencizer", "tok2vec"]
    data = make_pipeline()[1]
    np.testing.assert_array_equal(nlp.vocab.vectors.data, data[[3, 12, 30]])
    np.testing.assert_array_equal(nlp("w12")[0].vector, data[12])
    refused = w2v_here(*prune, cwd=workplace)
    assert refused.code == 1
    assert "replace it with --overwrite" in refused.said
    again = w2v_here(*prune, "--overwrite", cwd=workplace)
    assert again.code == 0, again
    np.testing.assert_array_equal(spacy.load(workplace / "small").vocab.vectors.data, data[[0, 1, 2]])


def test_command_may_prune_in_place_and_leaves_what_else_is_there(workplace):
    pipeline = workplace / "pipeline"
    (pipeline / "README.md").write_text("mine")
    make_pipeline()[0].to_disk(pipeline / "inner")
    result = w2v_here("prune", "pipeline/", "pipeline/", "--max-vectors", 3, "--overwrite", cwd=workplace)
    assert result.code == 0, result
    assert spacy.load(pipeline).vocab.vectors.shape == (3, D)
    assert (pipeline / "README.md").read_text() == "mine"
    assert spacy.load(pipeline / "inner").vocab.vectors.shape == (N, D)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "small"], "The pipeline must be a spaCy pipeline"),
        (["pipeline", "small", "--dataset", "nowhere*.txt"], "nowhere*.txt"),
        (["blank", "pipeline", "--overwrite"], "pipeline with components: sentencizer, tok2vec"),
        (["pipeline", "damaged", "--overwrite"], "has a damaged meta.json"),
        (
            ["trained", "small"],
            "trained is the output of spacy w2v train. Use: spacy w2v export trained",
        ),
    ],
)
def test_command_refuses_and_writes_nothing(workplace, arguments, message):
    blank = make_pipeline()[0]
    blank.to_disk(workplace / "blank")
    blank.to_disk(workplace / "damaged")
    (workplace / "damaged/meta.json").write_text("{")
    before = (workplace / "pipeline/vocab/vectors").read_bytes()
    result = w2v_here("prune", *arguments, "--max-vectors", 5, cwd=workplace)
    assert result.code == 1, result
    assert message in result.said
    assert not (workplace / "small").exists()
    assert (workplace / "pipeline/vocab/vectors").read_bytes() == before


PLACES = "a directory or an installed package"


@pytest.mark.parametrize(
    ("name", "kind", "small"), [("my model", "a model", "small"), ("vectors.txt", "a file", "small.txt")]
)
def test_the_command_that_is_named_for_other_vectors_makes_them_smaller(name, kind, small, workplace):
    model = make_model(range(20, 10, -1))
    model.save(workplace / "my model")
    model.to_keyed_vectors().save_word2vec_format(workplace / "vectors.txt")
    refused = w2v_here("prune", name, small, "--max-vectors", 5, cwd=workplace)
    assert refused.code == 1
    assert f"The pipeline must be a spaCy pipeline, {PLACES}, but {name} is {kind}." in refused.said
    command = shlex.split(refused.said.partition(": spacy w2v ")[2])
    assert command[:3] == ["export", name, small]
    assert w2v_here(*command, cwd=workplace).code == 0
    assert spacy_w2v.open_vectors(workplace / small).matrix.shape == (5, 10)


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        (lambda model: model, r"was: Word2Vec\. Use its to_spacy\(max_vectors=5\)"),
        (
            lambda model: model.word_vectors(),
            r"was: WordVectors\. The command spacy w2v export can write a",
        ),
        (lambda model: model.to_keyed_vectors(), r"was: KeyedVectors\. The command spacy w2v export"),
        (lambda _: "en_core_web_md", r"was: 'en_core_web_md'\. Give one, such as spacy.load"),
    ],
    ids=["model", "vectors", "gensim", "name"],
)
def test_other_vectors_are_refused_with_the_way_to_make_them_smaller(convert, message):
    with pytest.raises(ConfigError, match="nlp must be a spaCy pipeline, " + message):
        spacy_w2v.prune_vectors(convert(make_model(range(20, 10, -1))), 5)
