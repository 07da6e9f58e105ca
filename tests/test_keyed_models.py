"""Models of keys such as "duck|NOUN" at use: in spaCy's table, in look-ups, scores and files."""

import dataclasses
import json

import model2vec
import numpy as np
import pytest
import scipy.stats
import spacy
from helpers_cli import w2v_here
from helpers_formats import FORMS, LEMMAS, SENSE_KEYS, keyed_model
from helpers_model import make_model
from spacy.tokens import Doc

import spacy_w2v
from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.evaluation._token_rows import token_finder
from spacy_w2v.formats._exporting import check_words, export
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.model._context_words import ContextWords
from spacy_w2v.model._lookup import cases_of
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.plots._words import words_of_rows
from spacy_w2v.training._matched_words import matched_rows

TEXTS = ["duck", "DUCKS", "Ducks", "DUCK", "Duck", "The", "York", "YORK", "New York", "NEW YORK", "Naïve", "NAÏVE"]
TEXTS += ["iPhone", "Football", "FOOTBALL", "football", "saw", "Saws", "duck|VERB", "New_York|GPE", "goose"]


@pytest.fixture
def model():
    return keyed_model(vector_size=12)


@pytest.fixture
def lemmas():
    return keyed_model(LEMMAS, attr="LEMMA")


def found_in(nlp, text):
    """The row of a text in spaCy's table, looked up without any component."""
    return nlp.vocab.vectors.find(key=text)


def last_key(nlp, row):
    return [key for key, value in nlp.vocab.vectors.key2row.items() if value == row][-1]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("duck", "duck|NOUN"),
        ("ducks", "ducks|NOUN"),
        ("DUCKS", "ducks|NOUN"),
        ("Duck", "Duck|PERSON"),
        ("DUCK", "duck|VERB"),
        ("New York", "New_York|GPE"),
        ("NEW YORK", "New_York|GPE"),
        ("NAÏVE", "naïve|ADJ"),
        ("football", "football|NOUN"),
        ("FOOTBALL", "football|PROPN"),
        ("duck|VERB", "duck|VERB"),
    ],
)
def test_texts_find_their_commonest_key_in_plain_spacy(model, text, key):
    nlp = model.to_spacy()
    np.testing.assert_array_equal(nlp.vocab.get_vector(text), model[key])
    assert model.words[model.word_vectors().rows_of([text])[0]] == key


@pytest.fixture
def by_hand():
    """Keys that the texts themselves had, so that the corpus has no other texts of them."""
    return make_model(range(len(FORMS), 0, -1), words=list(FORMS))


@pytest.mark.parametrize("kind", ["model", "lemmas", "by_hand"])
def test_spacys_table_agrees_with_the_look_up_of_vectors(kind, request):
    """Each key of the table has the row that `rows_of` finds, and each row is named by its word."""
    vectors = request.getfixturevalue(kind).word_vectors()
    nlp = vectors.model.to_spacy()
    for key, row in nlp.vocab.vectors.key2row.items():
        text = nlp.vocab.strings[key]
        assert vectors.rows_of([text]).tolist() == [row], text
    for text in TEXTS:
        row = vectors.rows_of([text])[0]
        found = next((found_in(nlp, case) for case in cases_of(text) if found_in(nlp, case) >= 0), -1)
        assert found == row, text
    names = [nlp.vocab.strings[last_key(nlp, row)] for row in range(len(vectors))]
    expected = [word if vectors.rows_of([word])[0] == row else None for row, word in enumerate(vectors.words)]
    assert [name for name, word in zip(names, expected, strict=True) if word] == [word for word in expected if word]


def test_lemmas_are_found_by_their_forms_without_a_lemmatizer(lemmas):
    nlp = lemmas.to_spacy()
    for text, lemma in (("went", "go"), ("WENT", "go"), ("go", "go"), ("Go", "go"), ("saw", "see"), ("saws", "saw")):
        np.testing.assert_array_equal(nlp(text)[0].vector, lemmas[lemma])
    np.testing.assert_array_equal(nlp("BERLIN")[0].vector, lemmas["Berlin"])
    assert not nlp("berlin")[0].has_vector


def test_keys_of_texts_are_found_by_their_texts(by_hand):
    nlp = by_hand.to_spacy()
    for text, key in (
        ("duck", "duck|NOUN"),
        ("DUCKS", "ducks|NOUN"),
        ("New York", "New_York|GPE"),
        ("Saw", "saw|NOUN"),
    ):
        np.testing.assert_array_equal(nlp.vocab.get_vector(text), by_hand[key])


def test_the_two_ways_to_spacy_write_the_same_files(model, tmp_path):
    export("spacy", model.word_vectors(), tmp_path / "streamed", settings=ExportSettings())
    model.to_spacy().to_disk(tmp_path / "made")
    for name in ("key2row", "strings.json", "vectors"):
        streamed, made = ((tmp_path / by / "vocab" / name).read_bytes() for by in ("streamed", "made"))
        assert streamed == made, name


def test_a_pipeline_of_keys_is_read_by_the_names_of_its_rows(model, tmp_path):
    model.to_spacy().to_disk(tmp_path / "pipeline")
    vectors = open_vectors(tmp_path / "pipeline")
    assert [vectors.words[place] for place in vectors.word_of_row] == list(FORMS)
    assert vectors.all_senses == ["ADJ", "DET", "GPE", "NOUN", "PERSON", "PRODUCT", "PROPN", "VERB"]
    assert vectors.senses("duck") == ["duck|NOUN", "duck|VERB", "Duck|PERSON"]
    assert vectors.best_sense("new york") == "New_York|GPE"
    found, expected = vectors.most_similar("duck", topn=4), model.most_similar("duck|NOUN", topn=4)
    assert [key for key, _ in found] == [key for key, _ in expected]


def test_a_saved_pipeline_is_the_same(model, tmp_path):
    nlp = model.to_spacy()
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    assert again.vocab.vectors.key2row == nlp.vocab.vectors.key2row


# The command neighbors


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A directory with a model of keys, one of lemmas, a pipeline, and a directory of sense2vec."""
    directory = tmp_path_factory.mktemp("keyed")
    model = keyed_model(vector_size=12)
    model.save(directory / "model")
    keyed_model(LEMMAS, attr="LEMMA").save(directory / "lemmas")
    model.to_spacy().to_disk(directory / "pipeline")
    export("sense2vec", model.word_vectors(), directory / "s2v", settings=ExportSettings(formats=["sense2vec"]))
    return directory


@pytest.mark.parametrize("vectors", ["model", "pipeline", "s2v"])
def test_neighbours_of_a_word_are_those_of_its_commonest_sense(places, vectors):
    expected = [key for key, _ in open_vectors(places / "model").most_similar("duck|NOUN", topn=3)]
    for word in ("duck", "duck|NOUN"):
        said = w2v_here("neighbors", vectors, word, "--topn", 3, cwd=places).said
        assert [part for part in said.split() if part in expected] == expected
        also = "duck is looked up as duck|NOUN (and not as duck|VERB, Duck|PERSON)"
        assert (also in said) == (word == "duck")


def test_neighbours_of_a_form_are_those_of_its_lemma(places):
    said = w2v_here("neighbors", "lemmas", "went", "-n", 1, cwd=places).said
    assert "went is looked up as go" in said


def test_json_says_what_words_stand_for(places):
    done = w2v_here("neighbors", "model", "s2v", "duck - York", "-n", 1, "--json", cwd=places)
    results = json.loads(done.stdout)["results"]
    assert [found["keys"] for found in results] == [{"duck": "duck|NOUN", "York": "York|PROPN"}] * 2
    assert results[0]["neighbors"] == results[1]["neighbors"]


def test_unknown_words_are_said(places):
    done = w2v_here("neighbors", "model", "goose", cwd=places)
    assert done.code == 1
    assert "was: 'goose'" in done.said


# Phrases


@pytest.mark.parametrize("merge", [False, True])
def test_the_component_phrases_finds_phrases_by_their_texts(model, merge):
    nlp = model.to_spacy()
    nlp.add_pipe("phrases", config={"merge": merge})
    doc = nlp("the duck saw New York and NEW YORK")
    assert [span.text for span in doc.spans["phrases"]] == ["New York", "NEW YORK"]
    for span in doc.spans["phrases"]:
        np.testing.assert_array_equal(span.vector, model["New_York|GPE"])


def test_a_pipeline_of_keys_is_what_phrases_look_through(places):
    nlp = spacy.load(places / "pipeline")
    nlp.add_pipe("phrases")
    doc = nlp("New York")
    assert [span.text for span in doc.spans["phrases"]] == ["New York"]


# Vectors to start from


def started(initial, words, attr):
    """The words of the initial vectors that each word of a run starts from, in a run with this attribute."""
    vectors = initial.word_vectors() if hasattr(initial, "word_vectors") else initial
    rows = matched_rows(vectors, words, attr=attr)
    return [None if row < 0 else vectors.words[vectors.word_of_row[row]] for row in rows.tolist()]


def plain_vectors(words):
    return WordVectors("plain", words, np.arange(len(words)), np.eye(len(words), dtype=np.float32))


def test_keys_start_from_the_same_keys(model):
    words = ["duck|VERB", "Duck|PERSON", "goose|NOUN"]
    assert started(model, words, "KEY") == ["duck|VERB", "Duck|PERSON", None]


def test_keys_start_from_their_texts_in_plain_vectors():
    plain = plain_vectors(["the", "duck", "new_york", "Berlin"])
    keys = ["duck|NOUN", "duck|VERB", "Duck|PERSON", "New_York|GPE", "goose|NOUN", "berlin"]
    assert started(plain, keys, "KEY") == ["duck", "duck", "duck", "new_york", None, "Berlin"]
    assert started(plain, keys, "ORTH") == [None] * 6


def test_keys_start_from_keys_with_another_sense(model):
    assert started(model, ["duck|ADJ", "york|NOUN"], "KEY") == ["duck|NOUN", "York|PROPN"]


def test_words_start_from_their_commonest_keys(model, lemmas):
    words = ["duck", "ducks", "football", "new york", "goose"]
    expected = ["duck|NOUN", "ducks|NOUN", "football|NOUN", "New_York|GPE", None]
    assert started(model, words, "LOWER") == expected
    assert started(lemmas, ["went", "saw", "goose"], "LOWER") == ["go", "see", None]
    assert started(lemmas, ["go", "see"], "LEMMA") == ["go", "see"]


def test_words_that_a_run_keeps_are_texts_unless_it_has_keys(model):
    vectors = model.word_vectors()
    assert list(vectors.rows_by_key("KEY")) == vectors.words
    kept = vectors.rows_by_key("LOWER")
    assert list(kept)[:4] == ["the", "duck", "ducks", "new york"]
    assert "duck" in kept
    assert kept["football"] == vectors.row("football|NOUN")


@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax"])
def test_training_starts_from_a_model_of_keys(model, loss):
    """And the tree of hierarchical softmax too, where several words start from one row."""
    initial = keyed_model(vector_size=12, loss=loss)
    texts = [["the", "duck", "ducks", "duck", "York", "Ducks"]] * 5
    trained = spacy_w2v.train(
        texts, initial=initial, min_count=1, epochs=1, alpha=1e-9, min_alpha=0, sample=0, loss=loss
    )
    np.testing.assert_allclose(trained["duck"], initial["duck|NOUN"], atol=1e-6)
    np.testing.assert_allclose(trained["York"], initial["York|PROPN"], atol=1e-6)


# Scores


def test_word_pairs_are_scored_by_the_commonest_sense(model, tmp_path):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("duck\tthe\t1\nDuck\tYork\t2\nFOOTBALL\tfootball\t3\ngoose\tduck\t4\n", encoding="utf-8")
    score = spacy_w2v.evaluate(model, word_pairs=pairs).word_pairs["pairs"]
    expected = [("duck|NOUN", "the|DET"), ("Duck|PERSON", "York|PROPN"), ("football|PROPN", "football|NOUN")]
    cosines = [model.similarity(*pair) for pair in expected]
    assert (score.n_used, score.n_unknown) == (3, 1)
    assert score.spearman == pytest.approx(scipy.stats.spearmanr([1, 2, 3], cosines).statistic)


def test_unknown_words_have_the_mean_of_their_tokens_commonest_keys(model):
    find = token_finder(model.word_vectors())
    expected = ["duck|NOUN", "football|NOUN", "York|PROPN"]
    assert [model.words[row] for row in find("duck goose/football New York")] == expected


# Files


@pytest.mark.parametrize("n_words", [None, 4])
def test_a_static_model_has_the_texts_of_keys(model, tmp_path, n_words):
    """Its tokenizer knows words and phrases, but no senses."""
    settings = ExportSettings(formats=["model2vec"], max_vectors=n_words)
    export("model2vec", model.word_vectors(), tmp_path / "model.safetensors", settings=settings)
    static = model2vec.StaticModel.from_pretrained(tmp_path)
    texts = {"duck": "duck|NOUN", "The": "the|DET", "DUCK": "duck|VERB", "New York": "New_York|GPE", "saws": "saw|NOUN"}
    for text, key in texts.items():
        expected = model[key] if n_words is None or key in model.words[:n_words] else np.zeros(12, np.float32)
        np.testing.assert_allclose(static.encode([text])[0], expected, atol=1e-6)
    found = static.encode(["the duck"])[0]
    np.testing.assert_allclose(found, (model["the|DET"] + model["duck|NOUN"]) / 2, atol=1e-6)


def test_a_static_model_has_the_forms_of_lemmas(lemmas, tmp_path):
    settings = ExportSettings(formats=["model2vec"])
    export("model2vec", lemmas.word_vectors(), tmp_path / "model.safetensors", settings=settings)
    static = model2vec.StaticModel.from_pretrained(tmp_path)
    for text, lemma in (("went", "go"), ("go", "go"), ("saw", "see"), ("saws", "saw")):
        np.testing.assert_allclose(static.encode([text])[0], lemmas[lemma], atol=1e-6)


def test_static_models_of_other_programs_keys_have_their_texts(model, places, tmp_path):
    settings = ExportSettings(formats=["model2vec"])
    export("model2vec", open_vectors(places / "s2v"), tmp_path / "model.safetensors", settings=settings)
    static = model2vec.StaticModel.from_pretrained(tmp_path)
    np.testing.assert_allclose(static.encode(["football"])[0], model["football|NOUN"], atol=1e-6)


def test_that_a_static_model_has_no_senses_is_said_before_training():
    (note,) = check_words(["duck|NOUN", "the|DET"], ExportSettings(formats=["model2vec"]))
    assert note.endswith("Each text has the vector of its commonest key")
    assert not list(check_words(["duck", "the"], ExportSettings(formats=["model2vec"])))


# Predictions


@pytest.fixture
def doc():
    """An annotated text, as components would leave it."""
    return Doc(
        spacy.blank("en").vocab,
        words=["The", "duck", "saw", "New", "York", "\n", "duck"],
        pos=["DET", "NOUN", "VERB", "PROPN", "PROPN", "SPACE", "ADP"],
        lemmas=["the", "duck", "see", "New", "York", "\n", "duck"],
        heads=[1, 2, 2, 4, 2, 4, 2],
        deps=["det", "nsubj", "ROOT", "compound", "dobj", "", "dep"],
        ents=["O", "O", "O", "B-GPE", "I-GPE", "O", "O"],
    )


def test_a_doc_is_read_as_in_training(model, lemmas, doc):
    """Phrases with a vector are words. A key without one counts as the commonest of its text."""
    words = ContextWords(model)
    assert words.of(doc) == ["the|DET", "duck|NOUN", "saw|NOUN", "New_York|GPE", "duck|NOUN"]
    assert words.of(doc[3:5]) == ["New_York|GPE"]
    assert words.of(doc[4:]) == ["York|PROPN", "duck|NOUN"]
    assert words.of(list(doc[3:5])) == ["New|PROPN", "York|PROPN"]
    assert words.of(["duck", "duck|VERB", "New York", "goose"]) == ["duck|NOUN", "duck|VERB", "New_York|GPE", "goose"]
    assert ContextWords(lemmas).of(doc) == ["the", "duck", "see", "new", "york", "duck"]


def test_predictions_take_docs_and_keys(doc):
    model = keyed_model(vector_size=12, loss="hierarchical-softmax")
    keys = ["the|DET", "duck|NOUN", "saw|NOUN", "New_York|GPE", "duck|NOUN"]
    assert model.predict_context(doc, topn=5) == model.predict_context(keys, topn=5)
    np.testing.assert_array_equal(model.score([doc, doc[1:5]]), model.score([keys, keys[1:4]]))


@pytest.mark.parametrize("given", [["duck", 3], "the duck"])
def test_contexts_are_strings_or_tokens(model, given):
    with pytest.raises(ConfigError, match=r"Words must be (strings or spaCy tokens, were: \['duck', 3\]|a list, was)"):
        model.predict_context(given)


def test_functions_of_others_run_only_in_trusted_models(doc):
    model = keyed_model(keys={"@misc": "others.Keys.v1"})
    untrusted = dataclasses.replace(model, trusts_config=False)
    with pytest.raises(ConfigError, match=r"others\.Keys\.v1"):
        untrusted.predict_context(doc)
    assert untrusted.predict_context(["duck"], topn=1)


# Descriptions


def test_records_are_described_by_the_name_of_the_function(places):
    """As a card, in a report, on the Hub, and by `spacy w2v`."""
    model = spacy_w2v.load(places / "model")
    assert "12 (spacy_w2v.SenseKeys.v1), which cover" in model._repr_html_()
    assert "(spacy_w2v.SenseKeys.v1, en)" in w2v_here("report", "model", cwd=places).said


def test_analogies_ask_for_words_without_senses(tmp_path):
    """Other senses of the words of a question are no answers."""
    keys = ["man|NOUN", "king|NOUN", "woman|NOUN", "queen|NOUN", "king|PROPN", "tea|NOUN"]
    rows = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0.9, 1], [0, 1, 1], [1, 0, 1]], np.float32)
    questions = tmp_path / "questions.txt"
    questions.write_text(": made\nman king woman queen\nman king woman duck\n", encoding="utf-8")
    vectors = WordVectors("made", keys, np.arange(len(keys)), rows)
    score = spacy_w2v.evaluate(vectors, word_pairs={}, analogies=questions).analogies["questions"]
    assert (score.accuracy, score.n_used, score.n_unknown) == (1.0, 1, 1)


# Smaller tables, pictures and other files


@pytest.mark.parametrize("merge_rare", [False, True])
def test_a_pruned_pipeline_keeps_the_most_frequent_keys(places, merge_rare):
    nlp = spacy.load(places / "pipeline")
    spacy_w2v.prune_vectors(nlp, 4, merge_rare=merge_rare)
    vectors = open_vectors(nlp)
    assert [vectors.words[place] for place in vectors.word_of_row] == list(FORMS)[:4]
    assert vectors.senses("York") == (["York|PROPN"] if merge_rare else [])
    assert nlp.vocab.has_vector("York") == merge_rare


def test_texts_cannot_count_keys(places):
    nlp = spacy.load(places / "pipeline")
    with pytest.raises(ConfigError, match=r"the vectors are those of keys: .*SenseKeys.*Prune them without texts"):
        spacy_w2v.prune_vectors(nlp, 4, texts=["the duck"])


def test_pictures_show_the_keys_of_a_pipelines_rows(places):
    vectors = open_vectors(places / "pipeline")
    shown = [vectors.words[place] for place in words_of_rows(vectors, n_words=3, also=["York"])]
    assert shown == ["the|DET", "duck|NOUN", "ducks|NOUN", "York"]


@pytest.mark.parametrize("source", ["model", "pipeline", "s2v"])
def test_keys_go_to_all_formats_and_back(model, places, source, tmp_path):
    """A pipeline also has the texts of keys, which these formats keep."""
    vectors = open_vectors(places / source)
    files = {"safetensors": "x.safetensors", "gensim": "x.kv", "word2vec-text": "x.txt", "sense2vec": "s2v"}
    for name, file in files.items():
        export(name, vectors, tmp_path / file, settings=ExportSettings(formats=[name]))
        again = open_vectors(tmp_path / file)
        np.testing.assert_allclose(again[list(FORMS)], model[list(FORMS)], atol=1e-6)
        assert again.best_sense("duck") == "duck|NOUN"
        assert again.key_of_text("New York") in ("New_York|GPE", None if source == "pipeline" else "New_York|GPE")
    assert open_vectors(tmp_path / "x.safetensors").attr == vectors.attr


def test_gensims_model_of_keys_comes_back(places, tmp_path):
    """As a model of words that look like keys, whose spaCy table has their texts."""
    again = spacy_w2v.from_gensim(spacy_w2v.load(places / "model").to_gensim())
    assert again.attr == "ORTH"
    assert again.word_vectors().key_of_text("duck") == "duck|NOUN"
    np.testing.assert_array_equal(again.to_spacy().vocab.get_vector("duck"), again["duck|NOUN"])


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (SENSE_KEYS, False),
        ({**SENSE_KEYS, "lemma": True}, True),
        ({"@misc": "spacy_w2v.LemmaPosKeys.v1"}, True),
        ({"@misc": "others.Keys.v1"}, False),
    ],
    ids=str,
)
def test_the_component_of_sense2vec_looks_lemmas_up_if_keys_have_them(keys, expected, tmp_path):
    model = keyed_model(keys=keys)
    for vectors in (model.word_vectors(), *([open_vectors(model.to_spacy())] if "others" not in str(keys) else [])):
        export("sense2vec", vectors, tmp_path / "s2v", settings=ExportSettings(formats=["sense2vec"]))
        assert json.loads((tmp_path / "s2v/cfg").read_text("utf-8")).get("lemmatize", False) == expected
