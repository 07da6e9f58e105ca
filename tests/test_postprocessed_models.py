"""Post-processed vectors of a model: the same in every format and function, recorded, and no start for training.

Each format is read by the other program, and compared with a reference in float64.
"""

import dataclasses
import json

import numpy as np
import pytest
import reference
import spacy
import srsly
from gensim.models import KeyedVectors, Word2Vec
from helpers_cli import CONFIG, spacy_command, w2v_here, write_texts
from helpers_corpus import ListSource
from helpers_model import cosine, make_model, markdown_report, with_record
from helpers_pages import ROOT, blocks_of
from test_component import make_pipeline, make_texts
from test_component_update import ON
from test_postprocessing import stretched
from test_spacy_train import CONFIG as TRAINED_BY_SPACY

import spacy_w2v
from spacy_w2v.config._export import MODE_OF_FORMAT, check_fits
from spacy_w2v.config._schema import ExportSettings, parse_settings
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._exporting import FORMATS, export, export_all
from spacy_w2v.model._postprocessing import Postprocessing
from spacy_w2v.pipeline._callbacks import make_load_vectors_v1, make_load_vectors_v2

N_WORDS, D = 40, 12
HALF = {"postprocess": "soft-whiten", "whitening_strength": 0.5}
NOTHING = {"vector_kind": "input", "postprocess": None, "whitening_strength": 0.25}
IN_HALF = {"vector_kind": "input", **HALF}
TEXTS = make_texts()
SETTINGS = {"vector_size": D, "min_count": 2, "epochs": 2, "workers": 1}
TOLERANCE = {"rtol": 0, "atol": 1e-4}  # float32 sums of twelve products of numbers up to 10


def recorded(model, **export):
    """The model with what its record says of the vectors."""
    return with_record(model, export={**NOTHING, **export})


@pytest.fixture(scope="module")
def raw():
    weights = [stretched(N_WORDS, D), stretched(N_WORDS, D, seed=1)]
    return make_model(range(N_WORDS + 5, 5, -1), weights=weights, vector_size=D)


@pytest.fixture(scope="module")
def whitened(raw):
    """A model whose record says soft whitening of strength 0.5."""
    return recorded(raw, **HALF)


@pytest.fixture(scope="module")
def saved(whitened, tmp_path_factory):
    directory = tmp_path_factory.mktemp("models") / "model"
    whitened.save(directory)
    return directory


def expected_vectors(model, kind, postprocess, strength=0.25):
    matrices = {"input": model.input_vectors, "output": model.output_vectors}
    matrices["mean"] = (model.input_vectors.astype(float) + model.output_vectors) / 2
    return reference.postprocessed(matrices[kind], postprocess, strength=strength)


# Formats


@pytest.mark.parametrize("max_vectors", [None, 7])
@pytest.mark.parametrize("kind", ["input", "output", "mean"])
@pytest.mark.parametrize("export_settings", [{"postprocess": "center"}, HALF], ids=["center", "soft-whiten"])
def test_all_formats_have_the_same_vectors(raw, tmp_path, export_settings, kind, max_vectors):
    expected = expected_vectors(raw, kind, export_settings["postprocess"], strength=0.5)[:max_vectors]
    formats = [name for name in FORMATS if name not in (*MODE_OF_FORMAT, "sense2vec")]  # of vectors without subwords
    settings = ExportSettings(formats=formats, vector_kind=kind, max_vectors=max_vectors, **export_settings)
    export_all(raw.word_vectors(), tmp_path, settings)
    nlp = spacy.load(tmp_path / "spacy")
    text, binary = tmp_path / "word2vec/vectors.txt", tmp_path / "word2vec/vectors.bin"
    matrices = [
        nlp.vocab.vectors.data,
        KeyedVectors.load(str(tmp_path / "gensim/vectors.kv"), mmap="r").vectors,
        KeyedVectors.load_word2vec_format(str(text)).vectors,
        KeyedVectors.load_word2vec_format(str(binary), binary=True).vectors,
        raw.to_keyed_vectors(vector_kind=kind, max_vectors=max_vectors, **export_settings).vectors,
        raw.to_spacy(vector_kind=kind, max_vectors=max_vectors, **export_settings).vocab.vectors.data,
        raw.vectors(kind, **export_settings)[:max_vectors],
    ]
    for matrix in matrices:
        np.testing.assert_allclose(matrix, expected, **TOLERANCE)
        np.testing.assert_array_equal(matrix, matrices[0])
    whole = Word2Vec.load(str(tmp_path / "gensim/word2vec.model"))
    np.testing.assert_array_equal(whole.wv.vectors, raw.input_vectors)
    np.testing.assert_array_equal(whole.syn1neg, raw.output_vectors)
    assert nlp.meta["w2v"]["export"] == NOTHING | export_settings | {"vector_kind": kind}
    assert nlp.meta["w2v"]["vector_kind"] == kind


def test_half_precision_rounds_after_the_transformation(raw, tmp_path):
    settings = ExportSettings(dtype="float16", **HALF)
    export_all(raw.word_vectors(), tmp_path, settings)
    expected = raw.vectors(**HALF).astype(np.float16)
    np.testing.assert_array_equal(spacy.load(tmp_path / "spacy").vocab.vectors.data, expected)
    np.testing.assert_array_equal(KeyedVectors.load(str(tmp_path / "gensim/vectors.kv")).vectors, expected)
    np.testing.assert_array_equal(raw.to_spacy(dtype="float16", **HALF).vocab.vectors.data, expected)


def test_rare_words_are_merged_by_post_processed_vectors(raw, tmp_path):
    n_kept = 9
    settings = ExportSettings(max_vectors=n_kept, merge_rare=True, **HALF)
    export("spacy", raw.word_vectors(), tmp_path / "spacy", settings=settings)
    expected = expected_vectors(raw, "input", "soft-whiten", strength=0.5)
    rows = [max(range(n_kept), key=lambda kept: cosine(vector, expected[kept])) for vector in expected]
    by_raw = [
        max(range(n_kept), key=lambda kept: cosine(vector, raw.input_vectors[kept])) for vector in raw.input_vectors
    ]
    assert rows != by_raw
    in_memory = raw.to_spacy(max_vectors=n_kept, merge_rare=True, **HALF)
    for nlp in (spacy.load(tmp_path / "spacy"), in_memory):
        assert [nlp.vocab.vectors.find(key=word) for word in raw.words] == rows


def test_post_processing_of_exports_is_checked_before_training():
    only_whole = ExportSettings(formats=["gensim-model"], postprocess="center")
    with pytest.raises(ConfigError, match="whole model, so postprocess must be left out, was: center"):
        check_fits(only_whole)
    check_fits(only_whole, also=["spacy"])
    check_fits(only_whole, keeps_model=True)
    with pytest.raises(ConfigError, match="so max_vectors must be left out, was: 3"):
        check_fits(only_whole.model_copy(update={"max_vectors": 3}), keeps_model=True)
    for export_settings in ({"postprocess": "center"}, HALF):
        with pytest.raises(ConfigError, match='freeze keeps vectors as they are, so postprocess must be null, was: "'):
            parse_settings({"initial": {"vectors": "x", "freeze": True}, "export": export_settings})
    for kind in ("output", "mean"):
        with pytest.raises(ConfigError, match=f'so vector_kind must be "input", was: "{kind}". Leave it out, or set'):
            parse_settings({"initial": {"vectors": "x", "freeze": True}, "export": {"vector_kind": kind}})
    parse_settings({"initial": {"vectors": "x", "freeze": True}, "export": {"whitening_strength": 1}})


# A model and its record


def test_the_vectors_of_a_word_are_those_that_the_record_says(raw, whitened):
    expected = expected_vectors(raw, "input", "soft-whiten", strength=0.5)
    assert whitened.record.postprocessing == Postprocessing("soft-whiten", 0.5)
    np.testing.assert_allclose(whitened.vectors(), expected, **TOLERANCE)
    for rank, word in enumerate(whitened.words):
        np.testing.assert_array_equal(whitened[word], whitened.vectors()[rank])
        np.testing.assert_array_equal(whitened.word_vectors()[word], whitened[word])
    assert not np.shares_memory(whitened.vectors(), raw.input_vectors)
    assert whitened.vectors(postprocess=None) is whitened.input_vectors
    np.testing.assert_array_equal(whitened.input_vectors, raw.input_vectors)
    np.testing.assert_array_equal(whitened.to_keyed_vectors().vectors, whitened.vectors())
    np.testing.assert_array_equal(whitened.to_spacy().vocab.vectors.data, whitened.vectors())
    np.testing.assert_array_equal(whitened.vectors("output"), raw.vectors("output", **HALF))
    np.testing.assert_array_equal(
        whitened.vectors(postprocess="soft-whiten", whitening_strength=0.1),
        raw.vectors(postprocess="soft-whiten", whitening_strength=0.1),
    )
    np.testing.assert_array_equal(whitened.to_gensim().wv.vectors, raw.input_vectors)


@pytest.mark.parametrize("kind", ["input", "output", "mean"])
def test_the_guide_changes_the_record_and_keeps_the_kind_of_vectors(raw, kind, tmp_path, monkeypatch):
    page = "docs/guides/postprocessing.md"
    assert "The record also holds `vector_kind`, which stays:" in (ROOT / page).read_text(encoding="utf-8")
    (block,) = [block for block in blocks_of(page) if "record.export =" in block.text]
    monkeypatch.chdir(tmp_path)
    model = recorded(raw, vector_kind=kind, postprocess="center")
    exec(block.text, {"model": model})
    for changed in (model, spacy_w2v.load("whitened-model")):
        assert changed.meta["export"] == {"vector_kind": kind, "postprocess": "soft-whiten", "whitening_strength": 0.25}
        np.testing.assert_allclose(changed.vectors(), expected_vectors(raw, kind, "soft-whiten"), **TOLERANCE)
        np.testing.assert_array_equal(changed["w0"], changed.vectors()[0])
        np.testing.assert_array_equal(changed.to_spacy().vocab.vectors.data, changed.vectors())


def test_neighbours_are_those_of_gensim(raw, whitened):
    for options in ({}, {"postprocess": None}, {"postprocess": "center"}):
        keyed_vectors = whitened.to_keyed_vectors(**options)
        for word in raw.words[:5]:
            expected = keyed_vectors.most_similar(word, topn=5)
            actual = whitened.most_similar(word, topn=5, **options)
            assert [near for near, _ in actual] == [near for near, _ in expected]
            np.testing.assert_allclose([each[1] for each in actual], [each[1] for each in expected], atol=1e-5)
    assert whitened.most_similar("w0", postprocess=None) == raw.most_similar("w0") != whitened.most_similar("w0")


def test_scores_and_report_are_of_the_recorded_vectors(raw, whitened, tmp_path):
    pairs = "".join(f"w{first}\tw{first + 9}\t{first * 7 % 10}\n" for first in range(30))
    (tmp_path / "pairs.tsv").write_text(pairs)

    def score(vectors, **options):
        sets = {"word_pairs": {"pairs": tmp_path / "pairs.tsv"}, "analogies": {}}
        return spacy_w2v.evaluate(vectors, **sets, **options).word_pairs["pairs"].spearman

    assert score(whitened) == score(whitened.to_keyed_vectors()) == score(raw, **HALF) == score(whitened.word_vectors())
    assert score(whitened) == score(whitened.to_spacy())
    assert score(whitened, postprocess=None) == score(raw) == score(whitened.word_vectors(postprocess=None))
    assert score(whitened) != score(raw)
    assert score(whitened, postprocess="center") == score(raw.to_keyed_vectors(), postprocess="center")
    report = markdown_report(whitened, words=["w0"])
    assert "| postprocess | `soft-whiten` |\n| whitening_strength | `0.5` |\n" in report
    assert f"{whitened.most_similar('w0', topn=1)[0][0]} " in report
    assert "postprocess" not in markdown_report(raw, words=["w0"])
    centred = markdown_report(recorded(raw, postprocess="center"), words=["w0"])
    assert "`center`" in centred
    assert "whitening" not in centred


def test_training_keeps_the_weights_and_records_what_is_done():
    plain, processed = (spacy_w2v.train(TEXTS, **SETTINGS, **export) for export in ({}, HALF))
    np.testing.assert_array_equal(processed.input_vectors, plain.input_vectors)
    np.testing.assert_array_equal(processed.output_vectors, plain.output_vectors)
    np.testing.assert_array_equal(processed.vectors(), plain.vectors(**HALF))
    assert (plain.meta["export"], processed.meta["export"]) == (NOTHING, IN_HALF)
    assert plain.vectors() is plain.input_vectors
    assert 'postprocess = "soft-whiten"' in processed.config
    words = ["french", "king"]
    assert processed.predict_context(words) == plain.predict_context(words)
    in_block = spacy_w2v.train(TEXTS, **SETTINGS, export={"postprocess": "center"})
    assert in_block.record.postprocessing == Postprocessing("center")


@pytest.mark.parametrize("mmap", [False, True])
def test_a_saved_model_has_weights_and_record(whitened, saved, mmap):
    loaded = spacy_w2v.load(saved, mmap=mmap)
    np.testing.assert_array_equal(np.load(saved / "input_vectors.npy"), whitened.input_vectors)
    np.testing.assert_array_equal(loaded.input_vectors, whitened.input_vectors)
    np.testing.assert_array_equal(loaded.vectors(), whitened.vectors())
    np.testing.assert_array_equal(loaded["w3"], whitened["w3"])
    np.testing.assert_array_equal(np.asarray(spacy_w2v.open_vectors(saved).matrix), whitened.vectors())
    assert loaded.meta["export"] == IN_HALF


def test_the_record_can_be_changed(raw, tmp_path):
    model = dataclasses.replace(raw, record=raw.record.model_copy())
    np.testing.assert_array_equal(model["w1"], raw.input_vectors[1])
    model.record.export = HALF
    np.testing.assert_array_equal(model["w1"], raw.vectors(**HALF)[1])
    model.save(tmp_path / "model")
    assert spacy_w2v.load(tmp_path / "model").record.postprocessing == Postprocessing("soft-whiten", 0.5)


def test_models_without_such_a_record_have_their_weights(raw):
    meta = raw.meta
    del meta["export"]
    record = type(raw.record).model_validate(meta)
    older = dataclasses.replace(raw, record=record)
    assert older.record.postprocessing is None
    assert older.vectors() is older.input_vectors
    assert "export" not in older.meta
    assert older.to_spacy(**HALF).meta["w2v"]["export"] == IN_HALF


# The kind of vectors


@pytest.mark.parametrize("done", [{}, HALF], ids=["raw", "soft-whiten"])
@pytest.mark.parametrize("kind", ["output", "mean"])
def test_the_kind_of_vectors_is_that_of_the_record(raw, tmp_path, kind, done):
    model = recorded(raw, vector_kind=kind, **done)
    expected = raw.vectors(kind, **done)
    np.testing.assert_allclose(
        expected, expected_vectors(raw, kind, done.get("postprocess"), strength=0.5), **TOLERANCE
    )
    model.save(tmp_path / "model")
    loaded, opened = spacy_w2v.load(tmp_path / "model"), spacy_w2v.open_vectors(tmp_path / "model")
    assert (opened.vector_kind, opened.of_kind("recorded") is opened) == (kind, True)
    nlp = make_load_vectors_v2(str(tmp_path / "model"))(spacy.blank("en"))
    assert (nlp.meta["w2v"]["vector_kind"], nlp.meta["w2v"]["export"]["vector_kind"]) == (kind, kind)
    for matrix in (
        loaded.vectors(),
        opened.matrix,
        np.stack([loaded[word] for word in loaded.words]),
        model.to_keyed_vectors().vectors,
        model.to_spacy().vocab.vectors.data,
        nlp.vocab.vectors.data,
    ):
        np.testing.assert_array_equal(np.asarray(matrix), expected)
    np.testing.assert_array_equal(loaded.vectors("input"), raw.vectors("input", **done))
    np.testing.assert_array_equal(opened.of_kind("input").matrix, raw.vectors("input", **done))
    np.testing.assert_array_equal(loaded.input_vectors, raw.input_vectors)
    nlp = make_load_vectors_v1(str(tmp_path / "model"))(spacy.blank("en"))  # whose default is the input vectors
    np.testing.assert_array_equal(nlp.vocab.vectors.data, raw.vectors("input", **done))
    assert model.most_similar("w0") == raw.most_similar("w0", vector_kind=kind, **done)
    assert "| vector_kind | `" + kind in markdown_report(model, words=["w0"])


def test_commands_and_scores_follow_the_recorded_kind(raw, tmp_path):
    mean = recorded(raw, vector_kind="mean", **HALF)
    mean.save(tmp_path / "model")
    (tmp_path / "pairs.tsv").write_text("".join(f"w{i}\tw{i + 9}\t{i * 7 % 10}\n" for i in range(30)))
    for options, arguments in (([], {"vector_kind": "mean"}), (["--vector-kind", "input"], {"vector_kind": "input"})):
        expected = raw.vectors(arguments["vector_kind"], **HALF)
        w2v_here("export", "model", "v.kv", "--format", "gensim", "-F", *options, cwd=tmp_path)
        np.testing.assert_array_equal(KeyedVectors.load(str(tmp_path / "v.kv")).vectors, expected)
        w2v_here("export", "model", "pipeline", "-F", *options, cwd=tmp_path)
        nlp = spacy.load(tmp_path / "pipeline")
        np.testing.assert_array_equal(nlp.vocab.vectors.data, expected)
        assert nlp.meta["w2v"]["export"] == HALF | arguments
        w2v_here("evaluate", "model", "--word-pairs", "pairs.tsv", "-o", "s.json", *options, cwd=tmp_path)
        actual = srsly.read_json(tmp_path / "s.json")["pairs"]["spearman"]
        score = spacy_w2v.evaluate(raw, word_pairs=[tmp_path / "pairs.tsv"], **arguments, **HALF)
        assert actual == pytest.approx(score.word_pairs["pairs"].spearman, abs=1e-12)
        nearest = raw.most_similar("w0", topn=1, **arguments, **HALF)[0][0]
        assert f"{nearest} " in w2v_here("most-similar", "model", "w0", "-n", 1, *options, cwd=tmp_path).said
    w2v_here("export", "model", "m.model", "--format", "gensim-model", cwd=tmp_path)
    np.testing.assert_array_equal(Word2Vec.load(str(tmp_path / "m.model")).wv.vectors, raw.input_vectors)


def test_training_records_the_kind_and_starts_from_input_vectors():
    plain = spacy_w2v.train(TEXTS, **SETTINGS)
    mean = spacy_w2v.train(TEXTS, **SETTINGS, vector_kind="mean")
    assert mean.meta["export"]["vector_kind"] == "mean"
    np.testing.assert_array_equal(mean.input_vectors, plain.input_vectors)
    np.testing.assert_array_equal(mean.vectors(), plain.vectors("mean"))
    expected = spacy_w2v.train(TEXTS, initial=plain, **SETTINGS)
    for initial in (mean, mean.word_vectors("input")):
        actual = spacy_w2v.train(TEXTS, initial=initial, **SETTINGS)
        np.testing.assert_array_equal(actual.input_vectors, expected.input_vectors)
    for chosen in (plain.word_vectors("mean"), mean.word_vectors()):
        frozen = spacy_w2v.train(TEXTS, initial=chosen, freeze=True, **SETTINGS)
        np.testing.assert_array_equal(frozen.input_vectors, plain.vectors("mean"))
    with pytest.raises(ConfigError, match='vector_kind must be "input" where loss = "hierarchical-softmax"'):
        spacy_w2v.train(TEXTS, **SETTINGS, vector_kind="mean", loss="hierarchical-softmax")


def test_the_component_follows_the_recorded_kind(tmp_path):
    model = spacy_w2v.train(TEXTS, **SETTINGS, vector_kind="mean", postprocess="center")
    model.save(tmp_path / "model")
    path = {"path": str(tmp_path / "model")}
    nlp = make_pipeline(examples=TEXTS, initialize=path)
    np.testing.assert_array_equal(nlp.vocab.vectors.data, model.vectors("mean"))
    assert nlp.get_pipe("w2v").record.vector_kind == nlp.meta["w2v"]["vector_kind"] == "mean"
    nlp = make_pipeline(examples=TEXTS, initialize=path | {"vector_kind": "output"})
    np.testing.assert_array_equal(nlp.vocab.vectors.data, model.vectors("output"))
    for kind in ({}, {"vector_kind": "input"}):
        nlp = make_pipeline(**ON, examples=TEXTS, initialize=path | kind)
        np.testing.assert_array_equal(nlp.vocab.vectors.data, model.input_vectors)
        assert nlp.get_pipe("w2v").record.vector_kind == "input"
    with pytest.raises(ConfigError, match='update trains input vectors, but vector_kind = "mean"'):
        make_pipeline(**ON, initialize=path | {"vector_kind": "mean"})


# Training that continues


def test_a_warm_start_uses_weights_of_models_and_other_vectors_as_they_are(tmp_path):
    plain = spacy_w2v.train(TEXTS, **SETTINGS)
    processed = recorded(plain, **HALF)
    processed.save(tmp_path / "model")
    expected = spacy_w2v.train(TEXTS, initial=plain, **SETTINGS)
    for initial in (processed, tmp_path / "model", str(tmp_path / "model"), processed.word_vectors(postprocess=None)):
        actual = spacy_w2v.train(TEXTS, initial=initial, **SETTINGS)
        np.testing.assert_array_equal(actual.input_vectors, expected.input_vectors)
        np.testing.assert_array_equal(actual.output_vectors, expected.output_vectors)
        assert actual.record.postprocessing is None
    for other in (processed.to_keyed_vectors(), processed.to_spacy()):
        frozen = spacy_w2v.train(TEXTS, initial=other, freeze=True, **SETTINGS)
        np.testing.assert_array_equal(frozen.input_vectors, processed.vectors())


def test_word_vectors_that_were_chosen_are_where_training_starts(tmp_path):
    """Also those of a model, with its output vectors, and whatever its record says."""
    plain = spacy_w2v.train(TEXTS, **SETTINGS)
    processed = recorded(plain, **HALF)
    processed.save(tmp_path / "model")
    opened = spacy_w2v.open_vectors(tmp_path / "model")
    for chosen, same in (
        (processed.word_vectors(), plain.vectors(**HALF)),
        (opened, plain.vectors(**HALF)),
        (opened.postprocessed("center"), plain.vectors(postprocess="center")),
        (opened.of_kind("output").postprocessed(None), plain.output_vectors),
        (plain.word_vectors(postprocess="center"), plain.vectors(postprocess="center")),
    ):
        frozen = spacy_w2v.train(TEXTS, initial=chosen, freeze=True, **SETTINGS)
        np.testing.assert_array_equal(frozen.input_vectors, same)
        assert frozen.meta["initial"]["outputs"]


# The command line


def test_training_by_a_config_and_its_exports(tmp_path):
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG)
    formats = '["spacy", "gensim", "gensim-model", "word2vec-text", "word2vec-binary"]'
    w2v_here(
        *("train", "config.cfg", "-o", "out", "--w2v.export.formats", formats),
        *("--w2v.export.postprocess", "soft-whiten", "--w2v.export.whitening_strength", "0.5"),
        cwd=tmp_path,
    )
    w2v_here("train", "config.cfg", "-o", "plain", cwd=tmp_path)
    model, plain = (spacy_w2v.load(tmp_path / name) for name in ("out", "plain"))
    np.testing.assert_array_equal(model.input_vectors, plain.input_vectors)
    expected = reference.postprocessed(plain.input_vectors, "soft-whiten", strength=0.5)
    np.testing.assert_allclose(model.vectors(), expected, **TOLERANCE)
    nlp = spacy.load(tmp_path / "out/spacy")
    np.testing.assert_array_equal(nlp.vocab.vectors.data, model.vectors())
    assert nlp.meta["w2v"]["export"] == json.loads((tmp_path / "out/model/meta.json").read_text())["export"] == IN_HALF
    text = KeyedVectors.load_word2vec_format(str(tmp_path / "out/word2vec/vectors.txt"))
    np.testing.assert_array_equal(text.vectors, model.vectors())


def test_a_config_may_choose_vectors_where_it_exports_the_whole_model_only(tmp_path):
    """The model that is trained gives these vectors, even if the only export does not."""
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG.replace('["spacy"]', '["gensim-model"]'))
    options = ("--w2v.export.postprocess", "center", "--w2v.export.vector_kind", "mean")
    assert w2v_here("train", "config.cfg", "-o", "out", *options, cwd=tmp_path).code == 0
    model = spacy_w2v.load(tmp_path / "out")
    expected = expected_vectors(model, "mean", "center")[3]
    np.testing.assert_allclose(model[model.words[3]], expected, **TOLERANCE)
    whole = Word2Vec.load(str(tmp_path / "out/gensim/word2vec.model"))
    np.testing.assert_array_equal(whole.wv.vectors, model.input_vectors)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ("soft-whiten", 0.5)),
        (["--postprocess", "recorded"], ("soft-whiten", 0.5)),
        (["--whitening-strength", "1"], ("soft-whiten", 1)),
        (["--postprocess", "none"], (None, None)),
        (["--postprocess", "center"], ("center", None)),
        (["--postprocess", "soft-whiten", "--whitening-strength", "0.1"], ("soft-whiten", 0.1)),
    ],
    ids=str,
)
def test_options_of_export(raw, saved, tmp_path, options, expected):
    postprocess, strength = expected
    vectors = raw.vectors(postprocess=postprocess, whitening_strength=strength)
    w2v_here("export", saved, "pipeline", *options, cwd=tmp_path)
    nlp = spacy.load(tmp_path / "pipeline")
    np.testing.assert_array_equal(nlp.vocab.vectors.data, vectors)
    assert nlp.meta["w2v"]["export"]["postprocess"] == postprocess
    w2v_here("export", saved, "vectors.kv", "--format", "gensim", *options, cwd=tmp_path)
    np.testing.assert_array_equal(KeyedVectors.load(str(tmp_path / "vectors.kv")).vectors, vectors)


def test_the_whole_model_is_exported_as_it_was_trained(raw, saved, tmp_path):
    for options in ([], ["--postprocess", "none"]):
        w2v_here("export", saved, "m.model", "--format", "gensim-model", "-F", *options, cwd=tmp_path)
        np.testing.assert_array_equal(Word2Vec.load(str(tmp_path / "m.model")).wv.vectors, raw.input_vectors)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--postprocess", "whiten"], "Invalid value for '--postprocess': 'whiten' is not one of"),
        (["--whitening-strength", "2"], "Invalid value for '--whitening-strength'"),
        (["--postprocess", "center", "--whitening-strength", "0.5"], 'whitening_strength is for postprocess = "soft-'),
        (["--postprocess", "none", "--whitening-strength", "0.5"], "was: 0.5 for no post-processing"),
        (["--postprocess", "center", "--format", "gensim-model"], "so postprocess must be left out, was: center"),
        (
            ["--whitening-strength", "0.5", "--format", "gensim-model"],
            "so whitening_strength must be left out, was: 0.5",
        ),
    ],
    ids=str,
)
def test_wrong_options_of_export(saved, tmp_path, options, message):
    done = w2v_here("export", saved, "out.kv", "--format", "gensim", *options, cwd=tmp_path)
    assert done.code != 0
    assert message in done.said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["txt", "bin"])
def test_vectors_of_other_programs_are_post_processed_by_export(raw, tmp_path, suffix):
    lines = [
        f"{word} {' '.join(map(repr, vector.tolist()))}\n"
        for word, vector in zip(raw.words, raw.input_vectors, strict=True)
    ]
    (tmp_path / "glove.txt").write_text("".join(lines))
    name = f"out.{suffix}"
    format_ = {"txt": "word2vec-text", "bin": "word2vec-binary"}[suffix]
    w2v_here("export", "glove.txt", name, "-f", format_, "--postprocess", "soft-whiten", cwd=tmp_path)
    actual = KeyedVectors.load_word2vec_format(str(tmp_path / name), binary=suffix == "bin")
    assert actual.index_to_key == raw.words
    np.testing.assert_allclose(actual.vectors, expected_vectors(raw, "input", "soft-whiten"), **TOLERANCE)
    w2v_here("export", "glove.txt", f"same.{suffix}", "-f", format_, cwd=tmp_path)
    same = KeyedVectors.load_word2vec_format(str(tmp_path / f"same.{suffix}"), binary=suffix == "bin")
    np.testing.assert_array_equal(same.vectors, raw.input_vectors)


def test_options_of_evaluate_and_most_similar(whitened, saved, tmp_path):
    (tmp_path / "pairs.tsv").write_text("".join(f"w{i}\tw{i + 9}\t{i * 7 % 10}\n" for i in range(30)))
    for options, arguments in (
        ([], {}),
        (["--postprocess", "none"], {"postprocess": None}),
        (["--postprocess", "center"], {"postprocess": "center"}),
        (["--whitening-strength", "1"], {"whitening_strength": 1}),
    ):
        w2v_here("evaluate", saved, "--word-pairs", "pairs.tsv", "-o", "s.json", *options, cwd=tmp_path)
        actual = srsly.read_json(tmp_path / "s.json")["pairs"]["spearman"]
        expected = spacy_w2v.evaluate(whitened, word_pairs=[tmp_path / "pairs.tsv"], **arguments)
        assert actual == pytest.approx(expected.word_pairs["pairs"].spearman, abs=1e-12)
        said = w2v_here("most-similar", saved, "w0", "-n", 3, *options, cwd=tmp_path).said
        for word, similarity in whitened.most_similar("w0", topn=3, **arguments):
            assert f"{word} " in said
            assert f"{similarity:.3f}" in said


def test_vectors_that_a_pipeline_has_post_processed_stay_as_they_are(raw, whitened, tmp_path):
    whitened.to_spacy().to_disk(tmp_path / "whitened")
    raw.to_spacy().to_disk(tmp_path / "raw")
    (tmp_path / "pairs.tsv").write_text("w0 w1 3\nw1 w2 2\nw4 w3 1\n")
    evaluate, export_ = ("--word-pairs", "pairs.tsv"), ("out.kv", "--format", "gensim", "-F")
    for command, arguments in (("evaluate", evaluate), ("export", export_)):
        for choice in ("center", "soft-whiten"):
            options = (*arguments, "--postprocess", choice)
            refused = w2v_here(command, "whitened", *options, cwd=tmp_path)
            assert refused.code != 0
            assert "Vectors can be post-processed once, but those of whitened were when they were" in refused.said
            assert w2v_here(command, "raw", *options, cwd=tmp_path).code == 0
        for options in ((), ("--postprocess", "recorded"), ("--postprocess", "none")):
            assert w2v_here(command, "whitened", *arguments, *options, cwd=tmp_path).code == 0
            if command == "export":
                actual = KeyedVectors.load(str(tmp_path / "out.kv"))
                np.testing.assert_array_equal(actual["w3"], whitened["w3"])
    vectors = spacy_w2v.open_vectors(tmp_path / "raw").postprocessed("soft-whiten", whitening_strength=0.5)
    np.testing.assert_allclose(vectors["w3"], whitened["w3"], atol=1e-5)
    for meta in ("a note", {"export": 3}, {"export": {"postprocess": 3}}):
        nlp = whitened.to_spacy()
        nlp.meta["w2v"] = meta
        assert spacy_w2v.open_vectors(nlp).done_before is None


def test_vectors_that_are_set_in_a_pipeline_are_described_there(raw, whitened):
    nlp = whitened.to_spacy(spacy.blank("en"))
    assert nlp.meta["w2v"]["export"] == IN_HALF
    with pytest.raises(ConfigError, match=r"^Vectors can be post-processed once, .* \(soft-whiten\)"):
        spacy_w2v.open_vectors(nlp).postprocessed("soft-whiten")
    assert raw.to_spacy(nlp) is nlp
    assert nlp.meta["w2v"]["export"] == NOTHING
    vectors = spacy_w2v.open_vectors(nlp).postprocessed(**HALF)
    np.testing.assert_allclose(vectors["w3"], whitened["w3"], atol=1e-5)


# spaCy's own training


@pytest.mark.parametrize("output", [None, "vectors"])
def test_the_callback_that_trains_sets_what_the_config_says(tmp_path, output):
    (tmp_path / "texts.txt").write_text("the old King ruled a river\n" * 40)
    words = ["the", "old", "King", "ruled", "a", "river"]
    nlp = spacy.blank("en")
    docs = [spacy.tokens.Doc(nlp.vocab, words=words, tags=["X"] * 6) for _ in range(5)]
    spacy.tokens.DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    spacy.tokens.DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    config = TRAINED_BY_SPACY.replace("max_steps = 60", "max_steps = 2").replace(
        "eval_frequency = 30", "eval_frequency = 1"
    )
    if output is not None:
        config = config.replace('train_vectors.v1"', f'train_vectors.v1"\noutput = "{output}"')
    (tmp_path / "plain.cfg").write_text(config)
    (tmp_path / "whitened.cfg").write_text(config + 'postprocess = "soft-whiten"\nwhitening_strength = 0.5\n')
    for name in ("plain", "whitened"):
        done = spacy_command("train", f"{name}.cfg", "-o", name, cwd=tmp_path)
        assert done.code == 0, done.stderr
    plain, whitened = (spacy.load(tmp_path / name / "model-last") for name in ("plain", "whitened"))
    expected = reference.postprocessed(plain.vocab.vectors.data, "soft-whiten", strength=0.5)
    np.testing.assert_allclose(whitened.vocab.vectors.data, expected, **TOLERANCE)
    assert whitened.meta["w2v"]["export"] == IN_HALF
    assert plain.meta["w2v"]["export"]["postprocess"] is None


def test_callbacks_that_load_vectors(raw, whitened, saved):
    for make, options, expected in (
        (make_load_vectors_v2, {}, HALF),
        (make_load_vectors_v1, {}, HALF),
        (make_load_vectors_v2, {"postprocess": None}, NOTHING),
        (make_load_vectors_v2, {"postprocess": "center"}, HALF | {"postprocess": "center"}),
        (make_load_vectors_v2, {"whitening_strength": 1.0}, HALF | {"whitening_strength": 1.0}),
    ):
        nlp = make(str(saved), **options)(spacy.blank("en"))
        np.testing.assert_array_equal(nlp.vocab.vectors.data, whitened.vectors(**options))
        assert nlp.meta["w2v"]["export"]["postprocess"] == expected["postprocess"]
    with pytest.raises(ConfigError, match="whitening_strength is for postprocess"):
        make_load_vectors_v2(str(saved), postprocess="center", whitening_strength=0.5)(spacy.blank("en"))


def test_the_component_uses_what_the_record_or_its_settings_say(tmp_path):
    model = spacy_w2v.train(TEXTS, **SETTINGS, **HALF)
    model.save(tmp_path / "model")
    path = {"path": str(tmp_path / "model")}
    for options in ({}, {"postprocess": None}, {"postprocess": "center"}, {"whitening_strength": 1.0}):
        nlp = make_pipeline(examples=TEXTS, initialize=path | options)
        np.testing.assert_array_equal(nlp.vocab.vectors.data, model.vectors(**options))
        record = nlp.get_pipe("w2v").record
        assert record.postprocessing == model.word_vectors(**options).postprocessing
        assert nlp.meta["w2v"]["export"] == record.to_json()["export"]


def test_the_component_keeps_a_table_that_has_these_vectors_already(tmp_path):
    model = spacy_w2v.train(TEXTS, **SETTINGS, **HALF)
    model.save(tmp_path / "model")
    for make_table, n_rows in ((lambda nlp: model.to_spacy(nlp, max_vectors=5), 5), (model.to_spacy, len(model))):
        nlp = make_table(spacy.blank("en"))
        table = nlp.vocab.vectors
        component = nlp.add_pipe("w2v", config={"n_common": 0})
        component.initialize(list, nlp=nlp, path=tmp_path / "model")
        assert nlp.vocab.vectors is table
        assert len(table.data) == n_rows
    nlp = model.to_spacy(spacy.blank("en"), postprocess=None)
    nlp.add_pipe("w2v", config={"n_common": 0}).initialize(list, nlp=nlp, path=tmp_path / "model")
    np.testing.assert_array_equal(nlp.vocab.vectors.data, model.vectors())


def test_the_component_trains_and_post_processes():
    settings = {"model": {"vector_size": D}, "vocabulary": {"min_count": 2}, "training": {"epochs": 2, "workers": 1}}
    plain = make_pipeline(initialize=settings, source=ListSource(TEXTS)).vocab.vectors.data
    nlp = make_pipeline(initialize=settings | HALF, source=ListSource(TEXTS))
    np.testing.assert_allclose(
        nlp.vocab.vectors.data, reference.postprocessed(plain, "soft-whiten", strength=0.5), **TOLERANCE
    )
    assert nlp.get_pipe("w2v").record.postprocessing == Postprocessing("soft-whiten", 0.5)


def test_updates_train_the_weights(tmp_path):
    model = spacy_w2v.train(TEXTS, **SETTINGS, **HALF)
    model.save(tmp_path / "model")
    nlp = make_pipeline(**ON, examples=TEXTS, initialize={"path": str(tmp_path / "model")})
    np.testing.assert_array_equal(nlp.vocab.vectors.data, model.input_vectors)
    assert nlp.get_pipe("w2v").record.postprocessing is None
    with pytest.raises(ConfigError, match=r'cannot be post-processed, but postprocess = "center" in \[initialize'):
        make_pipeline(**ON, initialize={"path": str(tmp_path / "model"), "postprocess": "center"})
    for chosen in ({}, {"postprocess": None}):
        with pytest.raises(ConfigError, match=r"be post-processed, but whitening_strength = 0\.5 in \[initialize"):
            make_pipeline(**ON, initialize={"path": str(tmp_path / "model"), "whitening_strength": 0.5, **chosen})


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"postprocess": "center"}, 'postprocess is for the vectors of a model, but .* own vectors, was: "center" in'),
        ({"whitening_strength": 0.5}, r"whitening_strength is for the vectors of a model, but .*, was: 0\.5 in \[init"),
        ({"postprocess": None, "whitening_strength": 0.5}, "whitening_strength is for the vectors of a model"),
        ({"vector_kind": "mean"}, 'vector_kind is for the vectors of a model, but .*, was: "mean" in'),
    ],
)
def test_vectors_of_the_pipeline_itself_are_not_post_processed(raw, tmp_path, chosen, message):
    raw.save(tmp_path / "model")
    nlp = raw.to_spacy(spacy.blank("en"))
    component = nlp.add_pipe("w2v", config={"n_common": 0})
    with pytest.raises(ConfigError, match=message):
        component.initialize(list, nlp=nlp, **chosen)
    component.initialize(list, nlp=nlp, path=tmp_path / "model", progress=False)
    with pytest.raises(ConfigError, match=message):  # also where it would keep what it has
        component.initialize(list, nlp=nlp, **chosen)
    component.initialize(list, nlp=nlp, vector_kind="input", postprocess=None)
    np.testing.assert_array_equal(nlp.vocab.vectors.data, raw.input_vectors)
