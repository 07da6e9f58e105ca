"""`spacy w2v phrases`: a table to choose a threshold from, and the files that it writes."""

import numpy as np
import pytest
from helpers_cli import w2v_here
from helpers_phrases import corpus_of

import spacy_w2v.phrases._preview as preview_module
from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.formats._phrases import open_phrases
from spacy_w2v.phrases._finding import empty_table, find_phrases, score_pass
from spacy_w2v.phrases._preview import Example, make_preview, spread_rows

LINES = [
    *["The mayor of New York said so ."] * 8,
    *["The Bank of America is in New York City ."] * 6,
    *["So said the city : the bank is new ."] * 4,
]
OPTIONS = ("--threshold", 0.4, "--min-count", 2, "--connector-word", "of", "--connector-word", "the")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with texts, and a config for them."""
    directory = tmp_path_factory.mktemp("phrases")
    (directory / "texts.txt").write_text("\n".join(LINES) + "\n", encoding="utf-8")
    w2v_here("init-config", "w2v.cfg", "--dataset", "texts.txt", cwd=directory)
    return directory


def settings_of(**changes):
    given = {"scoring": "default", "min_count": 2, "threshold": 0.4, "connector_words": ("of", "the")}
    return PhraseSettings(**given | changes)


def test_pairs_above_and_below_the_threshold_are_shown(place):
    said = w2v_here("phrases", "--dataset", "texts.txt", *OPTIONS, "-n", 20, cwd=place).said
    above, below = said.split("--- threshold ---")
    assert "bank of america" in above
    assert "in [New York] City" in above or "mayor of [New York] said" in above
    assert "new york" not in below
    assert "phrases, which have" in below


def test_files_have_all_phrases(place, tmp_path):
    for name in ("phrases.json", "phrases.tsv"):
        said = w2v_here("phrases", "w2v.cfg", *OPTIONS, "--passes", 2, "-o", tmp_path / name, cwd=place).said
        assert f"phrases to {tmp_path / name}"[:20] in said
    table = open_phrases(tmp_path / "phrases.json")
    assert ("bank", "of", "america") in table
    assert table.settings == settings_of(passes=2)
    header, *rows = (tmp_path / "phrases.tsv").read_text(encoding="utf-8").splitlines()
    assert header.split("\t") == ["phrase", "score", "count", "pass"]
    columns = zip(table.texts(), table.scores.tolist(), table.counts.tolist(), table.passes.tolist(), strict=True)
    assert [tuple(row.split("\t")) for row in rows] == [tuple(map(str, row)) for row in columns]


def test_options_go_before_the_config(place, tmp_path):
    text = (place / "w2v.cfg").read_text(encoding="utf-8")
    (tmp_path / "w2v.cfg").write_text(f'{text}\n[w2v.phrases]\nscoring = "npmi"\n', encoding="utf-8")
    path = tmp_path / "phrases.json"
    w2v_here("phrases", tmp_path / "w2v.cfg", "-o", path, cwd=place)
    assert open_phrases(path).settings.scoring == "npmi"
    w2v_here("phrases", tmp_path / "w2v.cfg", "--scoring", "default", "-o", path, cwd=place)
    assert open_phrases(path).settings == PhraseSettings(scoring="default")
    w2v_here(
        "phrases", "w2v.cfg", "--threshold", 5, "--threshold", 3, "--connector-word", "english", "-o", path, cwd=place
    )
    read = open_phrases(path).settings
    assert (read.thresholds, read.passes, read.connector_words) == ((5.0, 3.0), 2, "english")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "either by a config or by --dataset"),
        (("w2v.cfg", "--dataset", "texts.txt"), "either by a config or by --dataset"),
        (("w2v.cfg", "-o", "phrases.txt"), "must end in .json"),
        (("w2v.cfg", "-o", "texts.txt/phrases.json"), "texts.txt is a file"),
        (("w2v.cfg", "--scoring", "npmi", "--threshold", 2), "between -1 and 1"),
        (("w2v.cfg", "--threshold", 2, "--threshold", 1, "--passes", 3), "one for each of passes = 3"),
        (("w2v.cfg", "--thresholds", 2), "--threshold"),
    ],
)
def test_mistakes_are_reported_before_the_work(place, arguments, message):
    result = w2v_here("phrases", *arguments, cwd=place)
    assert message in result.said
    assert result.code in (1, 2)
    assert "Encoding" not in result.said


def test_a_corpus_without_phrases_is_no_error(place):
    said = w2v_here("phrases", "--dataset", "texts.txt", "--min-count", 100, cwd=place).said
    assert "No pair of words" in said


def test_samples_are_spread_over_the_range_of_scores(tmp_path):
    generator = np.random.default_rng(6)
    words = np.minimum(100 * generator.random((400, 12)) ** 3, 99).astype(int)
    corpus = corpus_of(tmp_path, [[f"w{word}" for word in sentence] for sentence in words])
    for scoring, width in (("default", np.log), ("npmi", lambda score: score)):
        settings = PhraseSettings(scoring=scoring, min_count=1, threshold=0.5)
        found = score_pass(corpus, empty_table(settings), number=1, lowest=0.05)
        rows = spread_rows(found, 10, is_logarithmic=scoring == "default")
        scores = width(found.scores[rows])
        assert 5 < len(rows) <= 10
        assert (np.diff(scores) < 0).all()
        assert -np.diff(scores).min() < 3 * (width(found.scores[0]) - width(found.scores[-1])) / 10


def test_a_preview_says_what_the_table_is(tmp_path):
    sentences = [line.split() for line in LINES]
    corpus = corpus_of(tmp_path, sentences)
    settings = settings_of(passes=2)
    preview = make_preview(corpus, settings, n_sampled=50)
    expected = find_phrases(corpus, settings)
    assert preview.table.words == expected.words
    for number, of_pass in enumerate(preview.passes, start=1):
        in_table = {phrase.words for phrase in of_pass.sample if phrase.score > 0.4}
        assert in_table <= {
            words for words, each in zip(expected.words, expected.passes, strict=True) if each == number
        }
        assert of_pass.n_phrases == np.count_nonzero(expected.passes == number)
    lengths = [text.count(" ") + 1 for line in sentences for text in expected.join([w.lower() for w in line], " ")]
    assert preview.n_joined == sum(length for length in lengths if length > 1)
    found = {phrase.words: phrase for phrase in preview.passes[0].sample}
    assert found["new", "york"].example == Example("The mayor of", "New York", "said so .")
    assert found["bank", "of", "america"].n_times == 6


def test_an_empty_corpus_of_pairs_has_no_samples(tmp_path):
    preview = make_preview(corpus_of(tmp_path, [["a"], ["b"]]), settings_of(), n_sampled=3)
    assert (preview.passes[0].sample, preview.n_joined, len(preview.table)) == ([], 0, 0)
    assert preview_module.CONTEXT_TOKENS == 4
