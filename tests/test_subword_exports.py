"""Trained models with subwords in the formats of other programs, by the command line and in Python."""

import numpy as np
import pytest
import spacy
from gensim.models import FastText, KeyedVectors
from gensim.models.fasttext import FastTextKeyedVectors, load_facebook_model
from helpers_cli import w2v_here, write_texts
from spacy.training.initialize import convert_vectors

import spacy_w2v
from spacy_w2v.config._export import MODE_OF_FORMAT
from spacy_w2v.config._schema import ExportSettings, parse_settings
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._exporting import FORMATS, export_all, n_bytes
from spacy_w2v.formats._names import check_words
from spacy_w2v.formats.gensim import _models as models_module

D = 12
UNKNOWN = ["rivering", "thee", "unriver"]
SETTINGS = {"tokenizer": "whitespace", "vector_size": D, "min_count": 2, "epochs": 2, "workers": 1, "sample": 0}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    texts = write_texts(tmp_path_factory.mktemp("texts") / "texts.txt")
    return {mode: spacy_w2v.train(texts, subwords=mode, buckets=3_001, **SETTINGS) for mode in MODE_OF_FORMAT.values()}


@pytest.fixture(scope="module")
def exported(models, tmp_path_factory):
    """The model of fastText, and a directory with the formats of its rows."""
    directory = tmp_path_factory.mktemp("exported")
    formats = ["gensim", "gensim-model", "fasttext", "word2vec-text", "safetensors"]
    export_all(models["fasttext"].word_vectors(), directory, ExportSettings(formats=formats))
    return models["fasttext"], directory


def assert_composes(found, vectors, words):
    """Compare vectors of another program with ours, for words and for strings that no text had."""
    assert all(vectors.composes(string) for string in UNKNOWN)
    for string in [*words, *UNKNOWN]:
        np.testing.assert_allclose(found[string], vectors[string], atol=1e-6)


def test_gensim_composes_the_same(exported):
    model, directory = exported
    whole = FastText.load(str(directory / "gensim/word2vec.model"))
    loaded = KeyedVectors.load(str(directory / "gensim/vectors.kv"), mmap="r")
    for found in (loaded, whole.wv, model.wv, model.to_gensim().wv):
        assert isinstance(found, FastTextKeyedVectors)
        assert found.index_to_key == model.words
        assert_composes(found, model, model.words)
    assert_composes(load_facebook_model(str(directory / "fasttext/model.bin")).wv, model, model.words)


def test_fasttext_composes_the_same(exported):
    fasttext = pytest.importorskip("fasttext")
    model, directory = exported
    found = fasttext.load_model(str(directory / "fasttext/model.bin"))
    assert_composes({string: found.get_word_vector(string) for string in [*model.words, *UNKNOWN]}, model, model.words)
    np.testing.assert_array_equal(found.get_output_matrix(), model.output_vectors)
    assert found.f.getArgs().ws == model.settings.window


def test_formats_of_words_have_composed_vectors(exported):
    model, directory = exported
    for path in ("word2vec/vectors.txt", "safetensors/model.safetensors"):
        np.testing.assert_allclose(spacy_w2v.open_vectors(directory / path).matrix, model.input_vectors, atol=1e-6)


def test_gensim_trains_further_and_back(exported):
    model, directory = exported
    whole = FastText.load(str(directory / "gensim/word2vec.model"))
    sentences = [model.words[:8]] * 20
    whole.train(sentences, total_examples=len(sentences), epochs=1)
    assert (whole.wv[model.words[0]] != model[model.words[0]]).any()
    back = spacy_w2v.from_gensim(whole)
    assert back.settings.subwords == model.settings.subwords
    assert sorted(back.words) == sorted(model.words)
    assert_composes(whole.wv, back, model.words)
    more = spacy_w2v.train([" ".join(sentence) for sentence in sentences], initial=back, subwords="fasttext",
                           buckets=3_001, **(SETTINGS | {"min_count": 1}))  # fmt: skip
    assert more.composes("rivering")


def test_large_models_for_gensim_are_written_in_blocks(exported, tmp_path, monkeypatch):
    model, directory = exported
    monkeypatch.setattr(models_module, "FLOATS_IN_ONE_FILE", 0)
    export_all(model.word_vectors(), tmp_path, ExportSettings(formats=["gensim-model"]))
    large, small = (FastText.load(str(path / "gensim/word2vec.model")) for path in (tmp_path, directory))
    assert (tmp_path / "gensim/word2vec.model.wv.vectors_ngrams.npy").exists()
    for name in ("vectors_vocab", "vectors_ngrams", "vectors"):
        np.testing.assert_array_equal(getattr(large.wv, name), getattr(small.wv, name))
    np.testing.assert_array_equal(large.syn1neg, small.syn1neg)


def test_trees_are_not_written_for_fasttext(models, tmp_path):
    model = spacy_w2v.train(["a b c ab abc"] * 30, subwords="fasttext", buckets=101, loss="hierarchical-softmax",
                            **(SETTINGS | {"min_count": 1}))  # fmt: skip
    export_all(model.word_vectors(), tmp_path, ExportSettings(formats=["fasttext"]))
    found = load_facebook_model(str(tmp_path / "fasttext/model.bin"))
    assert found.hs == 1
    assert not found.syn1.any()
    np.testing.assert_allclose(found.wv["ab"], model["ab"], atol=1e-6)
    assert model.to_gensim().hs == 1


@pytest.mark.parametrize("name", list(MODE_OF_FORMAT))
def test_post_processing_is_in_the_rows(models, name, tmp_path):
    vectors = models[MODE_OF_FORMAT[name]].word_vectors(postprocess="soft-whiten", whitening_strength=0.5)
    settings = ExportSettings(formats=[name], postprocess="soft-whiten", whitening_strength=0.5)
    export_all(vectors, tmp_path, settings)
    found = spacy_w2v.open_vectors(tmp_path / FORMATS[name].place)
    assert_composes(found, vectors, vectors.words)
    assert np.abs(found["rivering"] - models[MODE_OF_FORMAT[name]]["rivering"]).max() > 1e-3


def test_spacy_composes_the_same_from_the_floret_table(models, tmp_path):
    model = models["floret"]
    export_all(model.word_vectors(), tmp_path, ExportSettings(formats=["floret"]))
    nlp = spacy.blank("en")
    convert_vectors(nlp, tmp_path / "floret/vectors.floret", truncate=0, prune=0, mode="floret", attr="LOWER")
    assert_composes(nlp.vocab.vectors, model, model.words)
    assert_composes(spacy_w2v.open_vectors(nlp), model, model.words)


def test_gensim_has_the_words_of_a_floret_model(models):
    model = models["floret"]
    found = model.to_keyed_vectors()
    assert not isinstance(found, FastTextKeyedVectors)
    np.testing.assert_array_equal(found.vectors, model.input_vectors)
    with pytest.raises(ConfigError, match=r'gensim-model needs subwords.mode = "fasttext" or null, was: "floret"'):
        model.to_gensim()


@pytest.mark.parametrize(
    ("mode", "name", "problem"),
    [
        (None, "floret", "floret needs vectors with the subwords of floret, but the model has none"),
        (None, "fasttext", "fasttext needs vectors with the subwords of fasttext, but the model has none"),
        ("fasttext", "floret", "the model has those of fasttext. Export to fasttext, or train with"),
        ("floret", "fasttext", "the model has those of floret. Export to floret, or train with"),
        ("floret", "gensim-model", 'gensim-model needs subwords.mode = "fasttext" or null, was: "floret"'),
    ],
)
def test_formats_that_do_not_fit_are_refused_before_training(mode, name, problem):
    with pytest.raises(ConfigError, match=problem.replace(".", r"\.")):
        parse_settings({"model": {"subwords": {"mode": mode}}, "export": {"formats": [name]}})


def test_zero_bytes_are_refused_before_training():
    words = ["a", "b\0c", "d e"]
    with pytest.raises(ConfigError, match=r"zero byte in the format fasttext, but the vocabulary has 'b\\x00c'"):
        list(check_words(words, ExportSettings(formats=["fasttext"])))
    assert list(check_words(["d e"], ExportSettings(formats=["fasttext"]))) == []
    assert list(check_words(words, ExportSettings(formats=["fasttext"], max_vectors=1))) == []


def test_the_room_of_buckets_on_disk(exported):
    model, directory = exported
    for name in ("fasttext", "gensim", "gensim-model"):
        limit = n_bytes(
            ExportSettings(formats=[name]), n_words=len(model), vector_size=D, subwords=model.settings.subwords
        )
        main = directory / FORMATS[name].place
        actual = sum(file.stat().st_size for file in main.parent.glob(f"{main.name}*"))
        assert 0.5 * limit < actual < 1.2 * limit + 10_000
    plain = n_bytes(ExportSettings(formats=["fasttext"]), n_words=10, vector_size=D, subwords=SubwordSettings())
    assert plain == 2 * 10 * D * 4


def test_export_command(models, tmp_path):
    models["floret"].save(tmp_path / "floret")
    models["fasttext"].save(tmp_path / "fasttext")
    exported = [("floret", "vectors.floret"), ("fasttext", "model.bin")]
    for name, file in exported:
        done = w2v_here("export", name, file, "--format", name, cwd=tmp_path)
        assert done.code == 0, done.said
        assert_composes(spacy_w2v.open_vectors(tmp_path / file), models[name], models[name].words)
    done = w2v_here("export", "vectors.floret", "words.txt", "--format", "word2vec-text", cwd=tmp_path)
    assert done.code == 1
    assert "The format word2vec-text needs a list of words, but vectors.floret has a table of floret" in done.said
    done = w2v_here("export", "vectors.floret", "pipeline", "--format", "spacy", cwd=tmp_path)
    assert done.code == 1
    assert "spacy init vectors LANG vectors.floret OUTPUT --mode floret" in done.said
    done = w2v_here("export", "model.bin", "again.floret", "--format", "floret", cwd=tmp_path)
    assert done.code == 1
    assert "but model.bin has those of fasttext. Export to fasttext" in done.said
    done = w2v_here("export", "vectors.floret", "less.floret", "--format", "floret", "--max-vectors", 5, cwd=tmp_path)
    assert done.code == 1
    assert "max_vectors is for" in done.said


def test_what_is_pushed_says_whether_it_has_subwords(models, tmp_path):
    for mode in models:
        models[mode].save(tmp_path / mode)
        done = w2v_here("push", mode, "user/repo", "-o", f"pushed-{mode}", cwd=tmp_path)
        assert done.code == 0, done.said
        assert "without its subwords" not in done.said
        assert_composes(spacy_w2v.load(tmp_path / f"pushed-{mode}"), models[mode], models[mode].words)
        card = (tmp_path / f"pushed-{mode}" / "README.md").read_text(encoding="utf-8")
        assert f'"subwords", "{mode}"' in card
        assert "A word that the vocabulary lacks has a vector too" in card
        assert f"| subwords | `{mode}` |" in card
        assert "| subwords.buckets | `3001` |" in card
        assert "&lt;" not in card.partition("## Training")[2].partition("##")[0]
        assert ("| subwords.hashes |" in card) == (mode == "floret")
        file = {"floret": "vectors.floret", "fasttext": "model.bin"}[mode]
        assert w2v_here("export", mode, file, "--format", mode, cwd=tmp_path).code == 0
    done = w2v_here("push", "model.bin", "user/repo", "-o", "pushed-words", cwd=tmp_path)
    assert done.code == 0
    assert "Only the composed vectors of the words of model.bin are sent, without its subwords" in done.said
    assert '"subwords"' not in (tmp_path / "pushed-words" / "README.md").read_text(encoding="utf-8")
    done = w2v_here("push", "vectors.floret", "user/repo", "-o", "pushed-nothing", cwd=tmp_path)
    assert done.code == 1
    assert "A push needs a list of words, but vectors.floret has a table of subwords without one" in done.said
