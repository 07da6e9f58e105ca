"""Word pairs and analogies in common layouts are read, and other files are refused."""

import contextlib
import json

import numpy as np
import pytest
import spacy
from helpers_cli import w2v, w2v_here
from helpers_model import cosine, make_model
from scipy.stats import pearsonr, rankdata, spearmanr
from spacy.training import Example

import spacy_w2v
from spacy_w2v.errors import CorpusError
from spacy_w2v.evaluation._correlations import average_ranks, correlation
from spacy_w2v.evaluation._data_sets import WordPair, read_analogies, read_word_pairs
from spacy_w2v.evaluation._scores import WordPairScore
from spacy_w2v.evaluation._set_files import bundled
from spacy_w2v.evaluation._word_pairs import WordPairScorer, score_word_pairs
from spacy_w2v.model._lookup import NO_ROW

PAIRS = [WordPair("king", "queen", 8.5), WordPair("New York", "war", 1.0), WordPair("1984", "straße", -0.25)]
SIMPLE = [pair for pair in PAIRS if pair.first != "New York"]


def lines(pattern, pairs=PAIRS):
    return "".join(pattern.format(*pair) + "\n" for pair in pairs)


GOOD_PAIRS = {
    "tabs": (lines("{}\t{}\t{}"), PAIRS),
    "Windows, BOM, comment, blank lines": ("\ufeff# set\r\n\r\n" + lines("{}\t{}\t{}").replace("\n", "\r\n"), PAIRS),
    "no line break at the end": (lines("{}\t{}\t{}")[:-1], PAIRS),
    "names of columns": ("Word 1\tWord 2\tHuman (mean)\n" + lines("{}\t{}\t{}"), PAIRS),
    "semicolons": (lines("{};{};{}"), PAIRS),
    "commas": ("word1,word2,rating\n" + lines("{}, {}, {}"), PAIRS),
    "quoted": (lines('"{}","{}","{}"'), PAIRS),
    "spaces": (lines("{}  {} {}", SIMPLE), SIMPLE),
    "SimLex": ("word1\tword2\tPOS\tSimLex999\n" + lines("{}\t{}\tN\t{}"), PAIRS),
    "ratings of people too": (lines("{0}\t{1}\t{2}\t1\t2"), PAIRS),
    "rating first": ("rating;a;b\n" + lines("{2};{0};{1}"), PAIRS),
    "exponents": ("a\tb\t1e-1\n", [WordPair("a", "b", 0.1)]),
}


@pytest.mark.parametrize("layout", list(GOOD_PAIRS))
def test_word_pairs_are_read(layout, tmp_path):
    text, expected = GOOD_PAIRS[layout]
    (tmp_path / "set").write_bytes(text.encode())
    assert read_word_pairs(tmp_path / "set") == expected


NUMBERS = [(f"word{number}", f"other{number}", float(number)) for number in range(20)]


@pytest.mark.parametrize(
    ("header", "pattern"),
    [
        ("", "{part}\t{0}\t{1}\t{2}"),
        ("word1\tword2\tPOS\tSimLex999\tconc\n", "{0}\t{1}\t{part}\t{2}\t1.5"),
        ("rating,word1,word2,part\n", "{2},{0},{1},{part}"),
    ],
)
def test_a_column_of_few_values_names_parts(header, pattern, tmp_path):
    parts = ["similarity", "relatedness"] * 10
    rows = [pattern.format(*pair, part=part) for pair, part in zip(NUMBERS, parts, strict=True)]
    (tmp_path / "set").write_text(header + "\n".join(rows))
    expected = [WordPair(*pair, part) for pair, part in zip(NUMBERS, parts, strict=True)]
    assert read_word_pairs(tmp_path / "set") == expected


def test_few_first_words_name_no_parts_beside_a_column_that_does(tmp_path):
    pairs = [(("king", "queen")[i % 2], f"w{i}", float(i), "ANV"[i % 3]) for i in range(30)]
    (tmp_path / "set").write_text("".join(f"{one}\t{other}\t{part}\t{rating}\n" for one, other, rating, part in pairs))
    assert read_word_pairs(tmp_path / "set") == [WordPair(*pair) for pair in pairs]


def test_columns_of_words_name_no_parts(tmp_path):
    (tmp_path / "set").write_text("".join(f"{'king' if n % 2 else 'queen'}\tword{n}\t{n}\t1\n" for n in range(20)))
    assert {pair.part for pair in read_word_pairs(tmp_path / "set")} == {""}


BAD_PAIRS = {
    "empty": ("", "must have lines of two words and a rating, .* but it has none"),
    "comments": ("# nothing\n", "but it has none"),
    "prose": ("This is a text.\nIt has lines.\n", "but line 1 is: 'This is a text.'"),
    "two columns": ("a b\nc d\n", "but line 1 is: 'a b'"),
    "ragged": ("a\tb\t1\nc\td\n", "the same number of columns in all lines, but line 1"),
    "no numbers": ("a\tb\tc\nd\te\tf\n", "not clear which of its 3 columns these are: 0 have numbers"),
    "one is no number": (
        "a\tb\t1\nc\td\tx\ne\tf\t2\n",
        "Line 2 of .* must have two words and a rating, which is a finite",
    ),
    "nan": ("a\tb\t1\nc\td\tnan\n", "Line 2 of .* a finite number|not clear"),
    "commas in numbers": ("a\tb\t1,5\nc\td\t2,5\n", "not clear which of its 3 columns these are: 0 have numbers"),
    "an index": (
        "0\tking\tqueen\t8.5\n1\tking\twar\t2.5\n",
        "which of its 4 columns these are: 2 have numbers",
    ),
    "no word": ("a\tb\t1\n\tb\t2\n", r"Line 2 of .* must have two words and a rating, but has: '', 'b', '2'"),
    "Latin-1": ("straße\ta\t1\n".encode("latin-1"), "must be an evaluation set in UTF-8, but cannot be read"),
    "UTF-16": ("a\tb\t1\n".encode("utf-16"), "It seems to be UTF-16"),
    "binary": (bytes(range(128)), "must be an evaluation set, but is not text: line 1"),
}


@pytest.mark.parametrize("layout", list(BAD_PAIRS))
def test_other_files_are_refused_as_word_pairs(layout, tmp_path):
    content, message = BAD_PAIRS[layout]
    (tmp_path / "set").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CorpusError, match=message):
        read_word_pairs(tmp_path / "set")


QUESTIONS = [("Athens", "Greece", "Oslo", "Norway"), ("big", "bigger", "small", "smaller")]
PLAIN = "".join(" ".join(words) + "\n" for words in QUESTIONS)
SECTIONS = ": capital\n" + PLAIN.replace("\nbig", "\n: gram1\nbig")
GOOD_ANALOGIES = {
    "sections": (SECTIONS, [("capital", QUESTIONS[:1]), ("gram1", QUESTIONS[1:])]),
    "Windows and BOM": (
        "\ufeff" + SECTIONS.replace("\n", "\r\n"),
        [("capital", QUESTIONS[:1]), ("gram1", QUESTIONS[1:])],
    ),
    "no sections": ("# words\n" + PLAIN, [("set", QUESTIONS)]),
    "tabs": (PLAIN.replace(" ", "\t"), [("set", QUESTIONS)]),
    "commas": (PLAIN.replace(" ", ", "), [("set", QUESTIONS)]),
    "semicolons": (
        SECTIONS.replace(" ", ";").replace(":;", ":"),
        [("capital", QUESTIONS[:1]), ("gram1", QUESTIONS[1:])],
    ),
    "an empty section": (": none\n: all\n" + PLAIN, [("all", QUESTIONS)]),
}


@pytest.mark.parametrize("layout", list(GOOD_ANALOGIES))
def test_analogies_are_read(layout, tmp_path):
    text, expected = GOOD_ANALOGIES[layout]
    (tmp_path / "set.txt").write_bytes(text.encode())
    assert read_analogies(tmp_path / "set.txt") == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must have lines of four words, but has none"),
        (b": capital\n", "must have lines of four words, but has none"),
        (b"a b c d\na b c\n", "Line 2 of .* must have four words, but is: 'a b c'"),
        (b"king\tqueen\n", "Line 1 of .* must have four words, but is"),
        (b"New York\tUSA\tOslo\tNorway\n", "Line 1 of .* must have four words without spaces"),
        (b"a,b,,d\n", "Line 1 of .* must have four words"),
        (bytes(range(256)), "must be an evaluation set"),
        (b"a b c \xe9\n", "in UTF-8"),
    ],
)
def test_other_files_are_refused_as_analogies(content, message, tmp_path):
    (tmp_path / "set").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        read_analogies(tmp_path / "set")


def test_missing_and_large_files_are_refused(tmp_path, monkeypatch):
    for path in (tmp_path, tmp_path / "nothing", "/dev/zero"):
        with pytest.raises(CorpusError, match="must be an existing file"):
            read_word_pairs(type(tmp_path)(path))
    monkeypatch.setattr("spacy_w2v.evaluation._data_sets.MAX_BYTES", 5)
    (tmp_path / "set").write_text("a b 1.5\n")
    with pytest.raises(CorpusError, match=r"must be a small text file: .* must have at most 5 bytes"):
        read_word_pairs(tmp_path / "set")


@pytest.mark.parametrize("read", [read_word_pairs, read_analogies])
def test_mutated_sets_raise_only_our_errors(read, tmp_path):
    content = (lines("{}\t{}\t{}") if read is read_word_pairs else SECTIONS).encode()
    generator = np.random.default_rng(4)
    for _ in range(500):
        changed = bytearray(content)
        for _ in range(int(generator.integers(1, 4))):
            changed[int(generator.integers(len(changed)))] = int(generator.integers(256))
        (tmp_path / "set").write_bytes(changed)
        with contextlib.suppress(CorpusError):
            assert len(read(tmp_path / "set")) >= 1


def test_the_sets_of_gensim_are_read_completely():
    assert len(read_word_pairs(bundled("wordsim353.tsv"))) == 353
    assert len(read_word_pairs(bundled("simlex999.txt"))) == 999
    sections = read_analogies(bundled("questions-words.txt"))
    assert len(sections) == 14
    assert sum(len(section.questions) for section in sections) == 19544


# scores

WORDS = ["king", "queen", "war", "river", "Oslo", "a", "b", "c"]


@pytest.fixture
def model():
    return make_model(range(len(WORDS), 0, -1), words=WORDS)


def scores_of(model, path, kind):
    return getattr(spacy_w2v.evaluate(model, **{kind: {"set": path}}, restrict_vocab=100), kind)["set"]


def numbers_of(score):
    return score.model_dump(exclude={"interval", "parts", "n_composed"})


def test_all_layouts_have_the_same_scores(model, tmp_path):
    pairs = [("king", "queen", 8.5), ("war", "river", 1.5), ("Oslo", "a", 3.5), ("nowhere", "a", 2.5)]
    found = []
    for pattern in ("{}\t{}\t{}", "{},{},{}", "{} {} {}", "{2};{0};{1}"):
        (tmp_path / "set").write_text(lines(pattern, pairs))
        found.append(scores_of(model, tmp_path / "set", "word_pairs"))
    assert found[0].spearman is not None
    assert (found[0].n_used, found[0].n_unknown) == (3, 1)
    assert found == [found[0]] * 4


TEXTS = ["The plane flew over Paris", "a Plane of wood", "the river in paris near the Plane", "U.S. wood River"] * 60
CASED = [("plane", "river", 3.5), ("Plane", "wood", 1), ("PARIS", "over", 2), ("River", "Paris", 7), ("THE", "u.s.", 4)]


@pytest.mark.parametrize("attr", ["ORTH", "LOWER", "NORM"])
def test_model_table_and_component_have_the_same_score(attr, tmp_path):
    (tmp_path / "set.tsv").write_text(lines("{}\t{}\t{}", [*CASED, ("nowhere", "a", 2.5), ("1984", "a", 1)]))
    model = spacy_w2v.train([*TEXTS, "1984 1984"], attr=attr, numbers="shape", vector_size=8, min_count=1, workers=1)
    nlp = model.to_spacy()
    nlp.to_disk(tmp_path / "pipeline")
    nlp.add_pipe("w2v", config={"pooling": "mean", "similarity": [str(tmp_path / "set.tsv")]}).initialize(list, nlp=nlp)
    expected = scores_of(model, tmp_path / "set.tsv", "word_pairs")
    assert expected.n_used == 6
    for source in (nlp, tmp_path / "pipeline"):
        actual = scores_of(source, tmp_path / "set.tsv", "word_pairs")
        assert numbers_of(actual) == pytest.approx(numbers_of(expected), abs=1e-12)
    example = Example(nlp.make_doc("a"), nlp.make_doc("a"))
    assert nlp.get_pipe("w2v").score([example]) == {"w2v_set": pytest.approx(expected.spearman, abs=1e-12)}


def test_words_are_scored_by_their_own_vectors_before_those_in_other_cases(tmp_path):
    """For "plane", gensim uses the more frequent of "Plane" and "plane", but a pipeline does not."""
    model = make_model([9, 8, 7, 6], words=["Plane", "plane", "RIVER", "wood"], vector_size=4)
    vectors = model.word_vectors()
    assert vectors.rows_of(["plane", "Plane", "PLANE", "river", "Wood", "nothing"]).tolist() == [1, 0, 1, 2, 3, NO_ROW]
    pairs = [WordPair("plane", "river", 1), WordPair("plane", "wood", 2), WordPair("river", "wood", 4)]
    cosines = [cosine(model[a], model[b]) for a, b in (("plane", "RIVER"), ("plane", "wood"), ("RIVER", "wood"))]
    expected = pearsonr([1, 2, 4], cosines).statistic
    assert score_word_pairs(vectors, pairs).pearson == pytest.approx(expected, abs=1e-6)


def test_lower_case_has_the_scores_of_gensim(tmp_path):
    model = make_model(range(40, 0, -1))
    pairs = [(f"w{i}", f"w{(7 * i + 3) % 40}", float(i % 11)) for i in range(40)]
    (tmp_path / "set.tsv").write_text(lines("{}\t{}\t{}", pairs))
    pearson, spearman, _ = model.to_keyed_vectors().evaluate_word_pairs(str(tmp_path / "set.tsv"))
    actual = scores_of(model, tmp_path / "set.tsv", "word_pairs")
    assert (actual.pearson, actual.spearman) == pytest.approx((pearson[0], spearman[0]), abs=1e-5)


def test_vectors_of_any_program_are_scored_alike(model, tmp_path):
    (tmp_path / "pairs.tsv").write_text("king\tqueen\t1\nwar\triver\t2\na\tb\t4\nOslo\tb\t3\n")
    (tmp_path / "analogies.txt").write_text("king queen war river\nriver war queen king\n")
    model.save(tmp_path / "model")
    model.to_spacy().to_disk(tmp_path / "spacy")
    model.to_keyed_vectors().save(str(tmp_path / "vectors.kv"))
    model.to_gensim().save(str(tmp_path / "word2vec.model"))
    model.to_keyed_vectors().save_word2vec_format(str(tmp_path / "vectors.txt.gz"))
    sets = {"word_pairs": {"pairs": tmp_path / "pairs.tsv"}, "analogies": {"analogies": tmp_path / "analogies.txt"}}
    expected = spacy_w2v.evaluate(model, **sets)
    assert expected.analogies["analogies"].n_used == 2
    options = ("--word-pairs", "pairs.tsv", "--analogies", "analogies.txt", "-o", "scores.json")
    for path in ("model", "spacy", "vectors.kv", "word2vec.model", "vectors.txt.gz"):
        assert w2v_here("evaluate", path, *options, cwd=tmp_path).code == 0
        actual = json.loads((tmp_path / "scores.json").read_text())
        assert actual["pairs"] == pytest.approx(numbers_of(expected.word_pairs["pairs"]), abs=1e-6)
        assert actual["analogies"] == expected.to_dict()["analogies"]


def test_a_scorer_follows_a_matrix_that_changes(model):
    """It is made once, of the vocabulary, before there are vectors; weights in training are padded with zeros."""
    pairs = [WordPair("king", "queen", 3), WordPair("WAR", "river", 2), WordPair("a", "b", 1), WordPair("a", "x", 9)]
    scorer = WordPairScorer(model.vocabulary, pairs)
    weights = np.zeros((len(WORDS), 16), np.float32)
    for seed in range(3):
        weights[:, :10] = np.random.default_rng(seed).normal(size=(len(WORDS), 10))
        cosines = [cosine(*(weights[WORDS.index(word.lower())] for word in pair[:2])) for pair in pairs[:3]]
        actual = scorer(weights)
        assert (actual.n_used, actual.n_unknown) == (3, 1)
        assert actual.spearman == pytest.approx(spearmanr(cosines, [3, 2, 1]).statistic, abs=1e-12)
        assert actual.pearson == pytest.approx(pearsonr(cosines, [3, 2, 1]).statistic, abs=1e-6)
        assert scorer.score(weights[scorer.rows]) == actual
    weights[0, 0] = np.nan
    assert scorer(weights) == WordPairScore(n_used=3, n_unknown=1)


def test_a_scorer_without_known_words_has_no_score(model):
    scorer = WordPairScorer(model.vocabulary, [WordPair("x", "y", 1), WordPair("king", "y", 2)])
    assert scorer(model.input_vectors) == WordPairScore(n_used=0, n_unknown=2)


@pytest.mark.parametrize("n_values", [2, 5, 40])
def test_correlations_are_those_of_scipy(n_values):
    """With ties, which have the mean of their ranks."""
    generator = np.random.default_rng(n_values)
    left, right = generator.integers(n_values, size=(2, 50)).astype(float)
    assert average_ranks(left).tolist() == rankdata(left).tolist()
    assert correlation(left, right) == pytest.approx(pearsonr(left, right).statistic, abs=1e-12)
    ranks = average_ranks(left), average_ranks(right)
    assert correlation(*ranks) == pytest.approx(spearmanr(left, right).statistic, abs=1e-12)


def test_undefined_correlations_are_none():
    equal, other = np.ones(3), np.arange(3.0)
    assert correlation(equal, other) is None
    assert correlation(other[:1], other[:1]) is None
    assert correlation(other, np.array([0, np.nan, 1])) is None
    assert correlation(other, 2 * other) == pytest.approx(1)


def test_a_pipeline_tokenizes_words_without_vectors(tmp_path):
    """The table may come from any program: tokenizer and keys are those of the pipeline."""
    nlp = spacy.blank("en")
    words = {"king": [1, 0], "queen": [1, 1], "do": [0, 1], "n't": [-1, 2], "river": [3, -1]}
    for word, vector in words.items():
        nlp.vocab.set_vector(word, np.array(vector, np.float32))
    nlp.to_disk(tmp_path / "pipeline")
    pairs = [("king", "queen", 9), ("don't", "river", 1), ("queen-king", "do", 2), ("Ur", "river", 3)]
    (tmp_path / "pairs.tsv").write_text("".join(f"{one}\t{other}\t{rating}\n" for one, other, rating in pairs))
    said = w2v(*("evaluate", "pipeline", "--tokenize", "--word-pairs", "pairs.tsv", "-o", "scores.json"), cwd=tmp_path)
    assert said.code == 0
    actual = json.loads((tmp_path / "scores.json").read_text())["pairs"]
    cosines = [nlp(one).similarity(nlp(other)) for one, other, _ in pairs[:3]]
    expected = spearmanr(cosines, [rating for *_, rating in pairs[:3]]).statistic
    assert (actual["n_used"], actual["n_unknown"], actual["spearman"]) == (3, 1, pytest.approx(expected))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tokenize"], "tokenize needs the tokenizer that vectors were trained with, but vectors.txt has word"),
        (["--vector-kind", "mean"], 'vector_kind must be "input" for word vectors without output vectors'),
    ],
)
def test_options_that_plain_vectors_do_not_support_are_refused(model, options, message, tmp_path):
    model.to_keyed_vectors().save_word2vec_format(str(tmp_path / "vectors.txt"))
    said = w2v_here("evaluate", "vectors.txt", *options, cwd=tmp_path)
    assert (said.code, said.said.count(message)) == (1, 1)


def test_equal_ratings_have_no_correlation(model, tmp_path):
    (tmp_path / "set").write_text(lines("{}\t{}\t1", [("king", "queen"), ("war", "river"), ("a", "b")]))
    assert scores_of(model, tmp_path / "set", "word_pairs") == WordPairScore(n_used=3)


def test_one_analogy_is_enough(model, tmp_path):
    (tmp_path / "set").write_text("king queen war river\n")
    assert scores_of(model, tmp_path / "set", "analogies").n_used == 1


def test_command_reports_sets_without_known_words(model, tmp_path):
    model.save(tmp_path / "model")
    (tmp_path / "unknown.tsv").write_text("x\ty\t1\nz\tw\t2\n")
    said = w2v_here("evaluate", "model", "--word-pairs", "unknown.tsv", cwd=tmp_path)
    assert said.code == 0
    rule = "No score for unknown: of its 2 questions, at least 2 must have only words that have a vector, but 0 do."
    assert rule in said.said
    (tmp_path / "rare.txt").write_text("a b c d\n")
    said = w2v_here("evaluate", "model", "--analogies", "rare.txt", "--restrict-vocab", 3, cwd=tmp_path)
    rule = "of its 1 questions, at least 1 must have only words that are among the 3 most frequent, but 0 do."
    assert rule in said.said
    (tmp_path / "bad.txt").write_text("no pairs\n")
    for option in ("--word-pairs", "--analogies"):
        said = w2v_here("evaluate", "model", option, "bad.txt", "-o", "scores.json", cwd=tmp_path)
        assert said.code == 1
        assert "bad.txt must have" in said.said
        assert not (tmp_path / "scores.json").exists()


def test_sets_of_the_same_name_are_both_scored(model, tmp_path):
    model.save(tmp_path / "model")
    for place, text in {"one": "king\tqueen\t1\nwar\triver\t2\n", "two": "a\tb\t1\nb\tc\t2\nc\ta\t3\n"}.items():
        (tmp_path / place).mkdir()
        (tmp_path / place / "pairs.tsv").write_text(text)
    sets = ("--word-pairs", "one/pairs.tsv", "--word-pairs", "two/pairs.tsv", "-o", "scores.json")
    assert w2v_here("evaluate", "model", *sets, cwd=tmp_path).code == 0
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert {name: score["n_used"] for name, score in scores.items()} == {"one/pairs.tsv": 2, "two/pairs.tsv": 3}


@pytest.mark.parametrize(
    "scores",
    [
        "[]",
        '{"a": 1}',
        '{"a": {}}',
        '{"a": {"n_used": "x"}}',
        '{"a": {"n_used": 1, "spearman": "x"}}',
        "[" * 100_000,
        "\xff",
    ],
)
def test_report_refuses_invalid_scores(model, scores, tmp_path):
    model.save(tmp_path / "model")
    (tmp_path / "scores.json").write_bytes(scores.encode("latin-1"))
    said = w2v_here("report", "model", "report.md", "--scores", "scores.json", cwd=tmp_path)
    assert said.code == 1
    assert "--scores must name a JSON file saved by spacy w2v evaluate, was: scores.json" in said.said
    assert not (tmp_path / "report.md").exists()
