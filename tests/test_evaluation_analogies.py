"""Analogies beside gensim's: 3CosAdd and 3CosMul, cases, rows that words share, and candidates in blocks."""

from itertools import permutations

import numpy as np
import pytest
from helpers_model import make_model

import spacy_w2v
from spacy_w2v.evaluation import _analogies
from spacy_w2v.evaluation._analogies import score_analogies, solve_analogies
from spacy_w2v.evaluation._data_sets import Section, read_analogies
from spacy_w2v.evaluation._set_files import bundled


def numbers(solved):
    """Gensim's accuracy and number of questions of each section."""
    found = {each["section"]: (len(each["correct"]), len(each["incorrect"])) for each in solved[:-1]}
    return {name: (yes / (yes + no), yes + no) for name, (yes, no) in found.items() if yes + no}


@pytest.fixture(scope="module")
def google():
    return read_analogies(bundled("questions-words.txt"))


def planted(words, *, seed, noise=0.5, vector_size=24):
    """A model of these words, in which words that follow each other differ by nearly the same vector."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(len(words), vector_size))
    vectors[1::2] = vectors[0::2][: len(vectors[1::2])] + 0.6 + noise * generator.normal(size=vectors[1::2].shape)
    return make_model(range(len(words), 0, -1), words=words, weights=[vectors, vectors], vector_size=vector_size)


def question(first, second):
    """The analogy of two word pairs."""
    return tuple(f"w{2 * pair + side}" for pair in (first, second) for side in (0, 1))


@pytest.mark.parametrize("restrict_vocab", [400, 100_000])
def test_google_analogies_have_the_numbers_of_gensim(google, restrict_vocab):
    """Some words have vectors with and without capitals, and some words are not asked for."""
    sections = [Section(each.name, each.questions[::23]) for each in google]
    words = [word for section in sections for words in section.questions[:8] for word in words]
    words = list(dict.fromkeys([*words, *(word.capitalize() for word in words[::3]), *(f"w{i}" for i in range(600))]))
    model = planted(words, seed=1)
    keyed_vectors = model.to_keyed_vectors()
    assert keyed_vectors.index_to_key == words
    path = bundled("questions-words.txt")
    _, solved = keyed_vectors.evaluate_word_analogies(str(path), restrict_vocab=restrict_vocab)
    actual = score_analogies(model.word_vectors(), google, restrict_vocab=restrict_vocab)
    expected = numbers(solved)
    assert 0.02 < actual.accuracy < 0.98
    assert {name: (each.accuracy, each.n_used) for name, each in actual.sections.items() if each.n_used} == {
        name: (pytest.approx(accuracy, abs=1e-9), n_used) for name, (accuracy, n_used) in expected.items()
    }
    assert actual.n_used == sum(n_used for _, n_used in expected.values())
    assert actual.n_used + actual.n_unknown == 19544


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_answers_are_the_nearest_words_of_gensim(method, monkeypatch):
    """In blocks of any size."""
    monkeypatch.setattr(_analogies, "CANDIDATES_AT_A_TIME", 7)
    monkeypatch.setattr(_analogies, "QUESTIONS_AT_A_TIME", 3)
    words = [f"w{number}" for number in range(60)]
    model = planted(words, seed=2, noise=0.9)
    generator = np.random.default_rng(0)
    questions = [question(*pairs) for pairs in generator.integers(30, size=(80, 2))]
    keyed_vectors = model.to_keyed_vectors()
    ask = {"3cosadd": keyed_vectors.most_similar, "3cosmul": keyed_vectors.most_similar_cosmul}[method]
    expected = [ask(positive=[b, c], negative=[a], topn=1)[0][0] == d for a, b, c, d in questions]
    actual = solve_analogies(model.word_vectors(), questions, restrict_vocab=100, methods=[method])[method]
    assert 10 < sum(expected) < len(questions)
    assert actual.tolist() == expected


def test_words_in_other_cases_are_one_word():
    """They are neither answers where one of them is asked with, nor wrong where one is right."""
    vectors = np.eye(6)
    vectors[5] = vectors[1] - vectors[0] + vectors[2]  # "Queen", which is nearest
    vectors[4] = 0.99 * (vectors[1] - vectors[0] + vectors[2])  # "KING", of the same direction
    words = ["man", "king", "woman", "queen", "KING", "Queen"]
    model = make_model([9, 8, 7, 6, 5, 4], words=words, weights=[vectors, vectors], vector_size=6)
    questions = [("man", "king", "woman", "queen"), ("Man", "King", "woman", "QUEEN"), ("man", "king", "woman", "x")]
    actual = solve_analogies(model.word_vectors(), questions, restrict_vocab=6, methods=["3cosadd"])["3cosadd"]
    assert actual[:2].tolist() == [1, 1]
    assert np.isnan(actual[2])
    without = solve_analogies(model.word_vectors(), questions, restrict_vocab=3, methods=["3cosadd"])["3cosadd"]
    assert np.isnan(without).all()


def test_forms_of_a_word_in_a_pipeline_are_one_candidate(tmp_path):
    """With attr = "LOWER", "THE", "The" and "the" share a row, and restrict_vocab counts rows."""
    words = [f"w{number}" for number in range(40)]
    model = planted(words, seed=3)
    nlp = model.to_spacy()
    for row, word in enumerate(words):
        for form in (word.upper(), word.title(), f"{word}-form"):
            nlp.vocab.vectors.add(nlp.vocab.strings.add(form), row=row)
    questions = [question(*pairs) for pairs in permutations(range(20), 2)]
    (tmp_path / "set.txt").write_text("".join(" ".join(each) + "\n" for each in questions))
    assert len(spacy_w2v.open_vectors(nlp)) >= 3 * len(words)
    for restrict_vocab in (20, 30, 100):
        sets = {"analogies": tmp_path / "set.txt", "restrict_vocab": restrict_vocab}
        expected = spacy_w2v.evaluate(model, **sets).analogies["set"]
        actual = spacy_w2v.evaluate(nlp, **sets).analogies["set"]
        assert expected.n_used == min(restrict_vocab, 40) // 2 * (min(restrict_vocab, 40) // 2 - 1)
        assert (actual.accuracy, actual.n_used) == (expected.accuracy, expected.n_used)


def test_both_methods_are_scored_side_by_side(tmp_path):
    (tmp_path / "set.txt").write_text("w0 w1 w2 w3\nw4 w5 w6 w7\n")
    model = planted([f"w{number}" for number in range(8)], seed=0)
    scores = spacy_w2v.evaluate(model, analogies=tmp_path / "set.txt", method="both")
    assert {name: score.method for name, score in scores.analogies.items()} == {
        "set": "3cosadd",
        "set (3CosMul)": "3cosmul",
    }
    with pytest.raises(spacy_w2v.ConfigError, match=r"^method must be one of 3cosadd, 3cosmul, both, was: add$"):
        spacy_w2v.evaluate(model, analogies=tmp_path / "set.txt", method="add")
