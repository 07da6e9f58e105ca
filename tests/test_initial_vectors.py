"""Runs that start from vectors that exist: of ours, spaCy, gensim and files; words that are kept, vectors that stay."""

import gzip
import json
import re
import struct

import numpy as np
import pytest
import spacy
from gensim.models import FastText, KeyedVectors, Word2Vec
from helpers_cli import CONFIG, w2v_here, write_texts

import spacy_w2v
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.training._stages import Trained

D = 6
WORDS = ["the", "river", "Paris", "PARIS", "city", "u.s.", "straße", "lake"]
DEFAULTS = {"min_count": 2, "epochs": 2, "workers": 1, "sample": 0, "tokenizer": "whitespace"}


def vectors_of(words, *, d=D):
    """Vectors of numbers with few decimals, which text files preserve exactly."""
    generator = np.random.default_rng(len(words))
    return {word: (generator.integers(-99, 99, d) / 64).astype(np.float32) for word in words}


VECTORS = vectors_of(WORDS)


def keyed_vectors(vectors=VECTORS):
    made = KeyedVectors(len(next(iter(vectors.values()))))
    made.add_vectors(list(vectors), np.stack(list(vectors.values())))
    return made


def pipeline():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    table = spacy.vectors.Vectors(data=np.stack(list(VECTORS.values())), keys=WORDS, strings=nlp.vocab.strings)
    for word in WORDS:
        nlp.vocab.strings.add(word)
    nlp.vocab.vectors = table
    return nlp


def text_lines(first_line=()):
    return [*first_line, *(f"{word} {' '.join(map(str, vector.tolist()))}" for word, vector in VECTORS.items())]


def write_source(kind, path):
    """Write the vectors in the format of a program, and return a value for `initial`."""
    if kind in ("glove", "word2vec"):
        first_line = [f"{len(WORDS)} {D}"] if kind == "word2vec" else []
        path.write_text("\n".join(text_lines(first_line)) + "\n", encoding="utf-8")
    elif kind == "glove.gz":
        path = path.with_suffix(".txt.gz")
        path.write_bytes(gzip.compress("\n".join(text_lines()).encode()))
    elif kind == "gensim text":
        keyed_vectors().save_word2vec_format(str(path))
    elif kind == "binary":
        keyed_vectors().save_word2vec_format(str(path), binary=True)
    elif kind == "binary of word2vec.c":  # which ends each vector with a line break
        content = b"".join(w.encode() + b" " + struct.pack(f"{D}f", *v) + b"\n" for w, v in VECTORS.items())
        path.write_bytes(f"{len(WORDS)} {D}\n".encode() + content)
    elif kind == "kv":
        keyed_vectors().save(str(path))
    elif kind == "kv object":
        return keyed_vectors()
    elif kind == "pipeline":
        pipeline().to_disk(path)
    elif kind == "pipeline object":
        return pipeline()
    elif kind == "model of gensim":
        model = Word2Vec(vector_size=D, min_count=1)
        model.build_vocab([WORDS])
        model.wv.vectors = np.stack([VECTORS[word] for word in model.wv.index_to_key])
        model.save(str(path))
    elif kind == "fasttext object":
        model = FastText(vector_size=D, min_count=1, bucket=10)
        model.build_vocab([WORDS])
        model.wv.vectors = np.stack([VECTORS[word] for word in model.wv.index_to_key])
        return model
    return path


KINDS = [
    *("glove", "glove.gz", "word2vec", "gensim text", "binary", "binary of word2vec.c", "kv", "kv object"),
    *("pipeline", "pipeline object", "model of gensim", "fasttext object"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_of_other_programs_are_read(kind, tmp_path):
    actual = open_vectors(write_source(kind, tmp_path / "vectors"))
    assert sorted(actual.words) == sorted(WORDS)
    assert actual.vector_size == D
    for word, row in zip(actual.words, actual.rows, strict=True):
        np.testing.assert_array_equal(actual.matrix[row], VECTORS[word])
    if kind not in ("model of gensim", "fasttext object"):  # whose order is their own
        assert actual.words == WORDS


def test_own_models_are_read(tmp_path):
    model = spacy_w2v.train(["a b c a b d"] * 5, vector_size=D, **DEFAULTS)
    model.save(tmp_path / "vectors/model")
    for source in (model, tmp_path / "vectors/model", str(tmp_path / "vectors")):
        actual = open_vectors(source)
        assert actual.words == model.words
        np.testing.assert_array_equal(actual.matrix, model.input_vectors)
        np.testing.assert_array_equal(actual.output, model.output_vectors)


def test_pipelines_that_are_installed_are_read_by_name(tmp_path, monkeypatch):
    """Packages of `spacy package` have a module that loads the directory in it, and the metadata of a wheel."""
    package = tmp_path / "en_test_of_vectors"
    nlp = pipeline()
    nlp.meta["lang"], nlp.meta["name"], nlp.meta["version"] = "en", "test_of_vectors", "0.0.1"
    package.mkdir()
    nlp.to_disk(package / "en_test_of_vectors-0.0.1")
    (package / "meta.json").write_text((package / "en_test_of_vectors-0.0.1/meta.json").read_text())
    (package / "__init__.py").write_text(
        "from spacy.util import load_model_from_init_py\n\n"
        "def load(**overrides):\n    return load_model_from_init_py(__file__, **overrides)\n"
    )
    (tmp_path / "en_test_of_vectors-0.0.1.dist-info").mkdir()
    (tmp_path / "en_test_of_vectors-0.0.1.dist-info/METADATA").write_text("Name: en-test-of-vectors\nVersion: 0.0.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert open_vectors("en_test_of_vectors").words == WORDS


def test_words_may_have_spaces_in_text(tmp_path):
    (tmp_path / "glove.txt").write_text("the 1 2\n. . . 3 4\nat name@x 5 6\nthe 7 8\n")
    actual = open_vectors(tmp_path / "glove.txt")
    assert actual.words == ["the", ". . .", "at name@x"]
    np.testing.assert_array_equal(actual.matrix, [[1, 2], [3, 4], [5, 6]])


BAD = {
    "ragged": (
        lambda path: path.write_text("the 1 2\nof 3\n"),
        StorageError,
        "Line 2 of .*vectors must be a word and 2",
    ),
    "words": (lambda path: path.write_text("the 1 2\nof one two\n"), StorageError, "Line 2 of .* a word and 2 numbers"),
    "empty": (lambda path: path.write_text(""), StorageError, "must have a line for each word"),
    "missing": (lambda path: None, StorageError, "must be a model, a file of vectors or .* does not exist"),
    "image": (lambda path: path.write_bytes(b"\x89PNG \x00\x01\x02 \xff"), StorageError, "text or binary format"),
    "pickle": (lambda path: path.write_bytes(b"\x80\x04."), StorageError, "must be a file saved by gensim"),
    "folder": (lambda path: path.mkdir(), StorageError, "has no meta.json"),
    "blank": (lambda path: spacy.blank("en").to_disk(path), ConfigError, "has no vectors"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_files_without_vectors_are_refused(case, tmp_path):
    write, error, message = BAD[case]
    write(tmp_path / "vectors")
    with pytest.raises(error, match=message):
        open_vectors(tmp_path / "vectors")


def test_the_first_word_may_be_many(tmp_path):
    (tmp_path / "vectors.txt").write_text("1 8\nof the king" + 8 * " 0.125" + "\n")
    assert open_vectors(tmp_path / "vectors.txt").words == ["of the king"]


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_refused(number):
    vectors = {word: np.array(vector) for word, vector in VECTORS.items()}
    vectors[WORDS[2]][1] = number
    with pytest.raises(ConfigError, match=f"must be finite numbers, but that of '{WORDS[2]}' in gensim's KeyedVectors"):
        spacy_w2v.train(["a b"] * 5, initial=keyed_vectors(vectors), **DEFAULTS)


def test_rows_without_words_are_ignored():
    vectors = KeyedVectors(D, count=10)
    for word in WORDS[:3]:
        vectors.add_vector(word, VECTORS[word])
    assert open_vectors(vectors).words == WORDS[:3]


def test_objects_without_vectors_are_refused():
    with pytest.raises(ConfigError, match=r"initial must be a path, .* was: list"):
        spacy_w2v.train(["a b"], initial=["a"])


# words of the corpus meet those of the source

CORPUS = ["the river near paris and the city", "paris near the city", "the end lake"] * 3


@pytest.mark.parametrize(
    ("attr", "expected"),
    [
        ("LOWER", {"the": "the", "river": "river", "paris": "Paris", "city": "city", "lake": "lake"}),
        ("ORTH", {"the": "the", "river": "river", "city": "city", "lake": "lake"}),
    ],
)
def test_words_are_found_as_they_are_or_by_their_lower_case(attr, expected, monkeypatch):
    def untrained(run, prepared, built, **more):
        return Trained([], {name: parameter[:, :D] for name, parameter in built.parameters.items()})

    monkeypatch.setattr("spacy_w2v.training._run.TrainingRun.train", untrained)
    model = spacy_w2v.train(CORPUS, initial=keyed_vectors(), attr=attr, **DEFAULTS)
    untouched = spacy_w2v.train(CORPUS, attr=attr, vector_size=D, **DEFAULTS)
    assert model.words == untouched.words
    for word in model.words:
        of_source = expected.get(word)
        np.testing.assert_array_equal(model[word], VECTORS[of_source] if of_source else untouched[word], err_msg=word)
    assert not model.output_vectors.any()
    facts = model.meta["initial"]
    assert (facts["n_found"], facts["n_new"], facts["n_source_words"]) == (
        len(expected),
        len(model) - len(expected),
        len(WORDS),
    )
    assert (facts["outputs"], facts["frozen"], facts["n_without_tokens"]) == (False, False, 0)


def test_lower_case_wins_over_capitals():
    actual = open_vectors(keyed_vectors(vectors_of(["Apple", "APPLE", "apple", "Pear", "PEAR"]))).rows_by_key("LOWER")
    assert actual == {"apple": 2, "pear": 3}


@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax", "softmax"])
def test_a_run_from_a_model_starts_with_its_vectors(loss):
    settings = {**DEFAULTS, "loss": loss, "tokenizer": "whitespace", "vector_size": 12}
    generator = np.random.default_rng(0)
    texts = [" ".join(f"{'ab'[i % 2]}{j}" for j in np.minimum(generator.geometric(0.15, 10), 20)) for i in range(1500)]
    first = spacy_w2v.train(texts, **settings | {"epochs": 8})
    fresh = spacy_w2v.train(texts, **settings)
    for known in (texts, [text + " new" for text in texts]):
        actual = spacy_w2v.train(known, initial=first, **settings)
        assert actual.meta["initial"]["outputs"]
        if known is texts:
            assert actual.meta["results"][0]["loss"] < fresh.meta["results"][0]["loss"] - 0.02
            assert actual.stored_tree is None  # the same counts give the same tree
    inputs_only = spacy_w2v.train(texts, initial=first.to_keyed_vectors(), **settings)
    assert not inputs_only.meta["initial"]["outputs"]


def test_output_vectors_of_another_loss_are_not_used():
    model = spacy_w2v.train(CORPUS, vector_size=D, loss="hierarchical-softmax", **DEFAULTS)
    actual = spacy_w2v.train(CORPUS, initial=model, **DEFAULTS)
    assert not actual.meta["initial"]["outputs"]
    balanced = spacy_w2v.train(CORPUS, initial=model, loss="hierarchical-softmax", tree="balanced", **DEFAULTS)
    assert not balanced.meta["initial"]["outputs"]


def test_vector_size_is_that_of_the_source():
    assert spacy_w2v.train(CORPUS, initial=keyed_vectors(), **DEFAULTS).vector_size == D
    with pytest.raises(ConfigError, match=f"{D} in gensim's KeyedVectors, was: 7. Pass vector_size={D}"):
        spacy_w2v.train(CORPUS, initial=keyed_vectors(), vector_size=7, **DEFAULTS)


@pytest.mark.parametrize("name", ["keep_words", "freeze"])
def test_settings_of_vectors_need_vectors(name):
    with pytest.raises(ConfigError, match=f"{name} needs vectors to start from, but there are none"):
        spacy_w2v.train(CORPUS, **{name: True}, **DEFAULTS)


# words that are kept


@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax", "softmax"])
@pytest.mark.parametrize("ns_exponent", [0.75, -0.5])
def test_kept_words_come_last_and_keep_their_vectors(loss, ns_exponent, tmp_path):
    corpus = [*CORPUS * 9, "the straße"]
    settings = {**DEFAULTS, "loss": loss, "ns_exponent": ns_exponent, "sample": 0.1}
    model = spacy_w2v.train(corpus, initial=keyed_vectors(), keep_words=True, **settings)
    plain = spacy_w2v.train(corpus, vector_size=D, **settings)
    assert model.words == [*plain.words, "straße", "u.s."]  # once in the corpus; never
    assert model.vocabulary.counts.tolist() == [*plain.vocabulary.counts.tolist(), 1, 0]
    np.testing.assert_array_equal(model["u.s."], VECTORS["u.s."])
    assert not np.array_equal(model["straße"], VECTORS["straße"])  # it occurs, and so learns
    facts = model.meta
    assert facts["vocabulary"]["n_tokens_in_vocabulary"] == plain.meta["vocabulary"]["n_tokens_in_vocabulary"] + 1
    assert facts["initial"]["n_without_tokens"] == 1
    assert (facts["vocabulary"]["n_rare"], plain.meta["vocabulary"]["n_rare"]) == (2, 0)
    assert facts["vocabulary"]["lowest_count"] == plain.meta["vocabulary"]["lowest_count"]
    assert np.isfinite([result["loss"] for result in facts["results"]]).all()
    model.save(tmp_path / "model")
    actual = spacy_w2v.load(tmp_path / "model")
    assert actual.words == model.words
    nlp = actual.to_spacy()
    np.testing.assert_array_equal(nlp.vocab["U.S."].vector, VECTORS["u.s."])
    if loss != "softmax":
        gensim_model = actual.to_gensim()
        gensim_model.train([line.split() for line in corpus], total_examples=len(corpus), epochs=1)
        assert gensim_model.wv.index_to_key == model.words
        gensim_model.save(str(tmp_path / "word2vec.model"))
        assert Word2Vec.load(str(tmp_path / "word2vec.model")).wv.get_vecattr("u.s.", "count") in (0, 1)


def test_kept_words_are_not_drawn_as_noise():
    many = keyed_vectors(vectors_of([f"kept{number}" for number in range(500)]))
    model = spacy_w2v.train(CORPUS, initial=many, keep_words=True, **DEFAULTS)
    absent = model.vocabulary.counts == 0
    assert absent.sum() == 500
    assert not model.output_vectors[absent].any()
    assert model.output_vectors[~absent].any(axis=1).all()


# vectors that stay


@pytest.mark.parametrize("kernel", ["blocked", "sequential"])
@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax"])
@pytest.mark.parametrize("workers", [1, 2])
def test_frozen_vectors_do_not_change_and_new_words_are_trained(architecture, loss, kernel, workers, monkeypatch):
    monkeypatch.setattr("spacy_w2v.corpus._store.CHUNK_TOKENS", 500)  # several chunks, for several workers
    settings = {"architecture": architecture, "loss": loss, "kernel": kernel, **DEFAULTS, "workers": workers}
    model = spacy_w2v.train(CORPUS * 200, initial=keyed_vectors(), freeze=True, keep_words=True, **settings)
    start = spacy_w2v.train(CORPUS * 200, vector_size=D, **settings | {"epochs": 1, "alpha": 1e-30, "min_alpha": 0})
    for word in ("the", "river", "city", "lake", "u.s."):
        np.testing.assert_array_equal(model[word], VECTORS[word])
    np.testing.assert_array_equal(model["paris"], VECTORS["Paris"])
    for word in ("near", "and", "end"):
        assert np.abs(model[word] - start[word]).max() > 0.01
    assert model.output_vectors[model.rank("the")].any() or loss == "hierarchical-softmax"
    assert model.meta["initial"]["frozen"]


def test_frozen_runs_with_one_worker_have_the_same_bits():
    runs = [spacy_w2v.train(CORPUS * 300, initial=keyed_vectors(), freeze=True, **DEFAULTS) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].input_vectors, runs[1].input_vectors)
    np.testing.assert_array_equal(runs[0].output_vectors, runs[1].output_vectors)


# the command line


@pytest.fixture
def workplace(tmp_path):
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG)
    keyed_vectors(vectors_of(["french", "river", "unseen"], d=8)).save_word2vec_format(str(tmp_path / "vectors.txt"))
    return tmp_path


INIT = ("train", "config.cfg", "-o", "out", "--init", "vectors.txt", "--w2v.initial.freeze", "true")


def test_command_starts_from_vectors(workplace):
    result = w2v_here(*INIT, "--w2v.initial.keep_words", "true", cwd=workplace)
    assert result.code == 0, result
    assert "Starting from vectors.txt: it has vectors for 3 of " in result.said
    assert re.search(r"Words kept [\d,]+ \([\d,]+ at least [\d,]+ times, 1 from keep_words\)", result.said)
    assert "words that are not in the corpus: 1, its vectors are not trained" in result.said
    expected = vectors_of(["french", "river", "unseen"], d=8)
    nlp = spacy.load(workplace / "out/spacy")
    for word, vector in expected.items():
        np.testing.assert_array_equal(nlp.vocab[word].vector, vector)
    assert nlp.vocab["king"].has_vector
    first, *_ = (json.loads(line) for line in (workplace / "out/training.jsonl").read_text().splitlines())
    assert first["initial"]["n_found"] == 3
    assert spacy_w2v.load(workplace / "out").meta["initial"]["source"] == "vectors.txt"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--w2v.model.vector_size", 9], "must be that of the vectors to start from, 8 in vectors.txt, was: 9"),
        (["--init", "nowhere"], "nowhere does not exist"),
        (["--w2v.initial.nope", 1], "[w2v.initial] has no setting 'nope'"),
    ],
)
def test_command_refuses_before_reading_texts(workplace, options, message):
    result = w2v_here(*INIT, *options, cwd=workplace)
    assert result.code == 1
    assert message in result.said
    assert not (workplace / "out").exists()


def test_an_interrupted_run_resumes_with_frozen_vectors(monkeypatch, tmp_path):
    monkeypatch.setattr("spacy_w2v.corpus._store.CHUNK_TOKENS", 500)
    settings = {**DEFAULTS, "epochs": 6, "initial": keyed_vectors(), "freeze": True, "keep_words": True}
    expected = spacy_w2v.train(CORPUS * 100, **settings)

    class StoppedError(Exception):
        pass

    from spacy_w2v.training._state import RunState

    add, n_results = RunState.add, []

    def stop_later(self, result):
        n_results.append(result)
        if len(n_results) == 8:
            raise StoppedError
        return add(self, result)

    checkpoint = {"checkpoint": tmp_path / "kept", "checkpoint_every_s": 0}
    monkeypatch.setattr(RunState, "add", stop_later)
    with pytest.raises(StoppedError):
        spacy_w2v.train(CORPUS * 100, **settings, **checkpoint)
    monkeypatch.setattr(RunState, "add", add)
    others = {word: vector + 1 for word, vector in VECTORS.items()}
    with pytest.raises(ConfigError, match="the vectors to start from have changed"):
        spacy_w2v.train(CORPUS * 100, **settings | {"initial": keyed_vectors(others)}, **checkpoint, resume=True)
    with pytest.raises(ConfigError, match=r"w2v\.initial\.freeze was true, is now: false"):
        spacy_w2v.train(CORPUS * 100, **settings | {"freeze": False}, **checkpoint, resume=True)
    actual = spacy_w2v.train(CORPUS * 100, **settings, **checkpoint, resume=True)
    np.testing.assert_array_equal(actual.input_vectors, expected.input_vectors)
    np.testing.assert_array_equal(actual.output_vectors, expected.output_vectors)
