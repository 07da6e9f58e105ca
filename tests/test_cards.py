"""What Python and notebooks show for the objects of the package: a line, and a card in HTML."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from helpers_model import make_model, with_record

import spacy_w2v
from spacy_w2v._system.notebook import curve, table
from spacy_w2v._system.terminal import shown
from spacy_w2v.evaluation._scores import AnalogyScore, WordPairScore

HOSTILE = ["</div><script>alert(1)</script>", '"&quot;', "\x1b[2Jred", "\u202etxt", "中文", "lake"]
EPOCH = {"n_pairs": 1, "n_kept": 1, "words_per_s": 1.0, "alpha": 0.025}


class Reader(HTMLParser):
    """Collects the tags and the text of a page, and checks that each tag is closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def model():
    made = make_model([200] * 150, vector_size=6)
    results = [{**EPOCH, "epoch": epoch, "seconds": 1.5 * epoch, "loss": 3.0 / epoch} for epoch in (1, 2, 3)]
    made = with_record(made, corpus={"source": "<b>news</b>.txt"})
    made.record.results = type(made.record).model_validate({**made.meta, "results": results}).results
    return made


def test_each_object_is_shown_on_one_line(model):
    nlp = model.to_spacy()
    texts = spacy_w2v.dataset(data_files="news.txt")
    lines = {
        model: "Word2Vec(words=150, vector_size=6, attr='LOWER', architecture='skip-gram', loss='negative-sampling')",
        model.vocabulary: "Vocabulary(150 words of 30000 tokens)",
        model.word_vectors(): "WordVectors('a model of <b>news</b>.txt', words=150, vector_size=6, attr='LOWER')",
        model.word_vectors("mean").matrix: "MeanMatrix(shape=(150, 6), dtype=float32)",
        model.word_vectors(postprocess="center").matrix: "PostprocessedMatrix(shape=(150, 6), dtype=float32, ",
        texts: "DatasetSource('news.txt')",
        spacy_w2v.concatenate({"a": texts, "b": texts}): "Concatenation('a + b')",
        spacy_w2v.standard_input(): "StandardInput('standard input')",
        spacy_w2v.gensim_wiki(): "GensimWiki(",
        nlp.add_pipe("w2v"): "<spacy_w2v.",
    }
    assert repr(model.record).startswith("RunRecord(source='<b>news</b>.txt', n_tokens=30000, n_words=150, ")
    for each, line in lines.items():
        assert repr(each).startswith(line)
        assert len(repr(each)) < 200
        assert "\n" not in repr(each)


def test_the_card_of_a_model(model):
    page = Reader(model._repr_html_())
    assert "Word2Vec skip-gram, negative-sampling" in page.text
    assert "<b>news</b>.txt: 30,000 tokens" in page.text
    assert "3 epochs, 4.5 s, loss 1.0000" in page.text
    assert "Loss by epoch: 3 at first, 1 at last" in page.text
    neighbours = ", ".join(word for word, _ in model.most_similar("w75", topn=5))
    assert f"w75{neighbours}" not in page.text  # a word with a digit is not shown
    assert page.tags == {"div", "b", "span", "table", "tr", "th", "td", "svg", "title", "polyline", "circle"}


def test_the_card_of_word_vectors_shows_neighbours_of_one_word_for_each_row():
    words = ["the", "of", "river", "city", "lake", "king"]
    model = make_model([9, 8, 7, 6, 5, 4], words=words, vector_size=4)
    nlp = model.to_spacy()
    for key, row in (("LAKE", 4), ("Lake", 4)):
        nlp.vocab.vectors.add(nlp.vocab.strings.add(key), row=row)
    vectors = spacy_w2v.open_vectors(nlp)
    page = Reader(vectors._repr_html_())
    assert f"{len(vectors)} in 6 rows (ORTH)" in page.text
    assert [word for word in words[3:] if word in page.text.lower()] == words[3:]
    near = [vectors.most_similar(word, topn=5) for word in words[3:]]
    assert all(", ".join(word for word, _ in each) in page.text for each in near)


def test_a_card_shows_hostile_words_as_they_are():
    model = make_model([9, 8, 7, 6, 5, 4], words=HOSTILE, vector_size=4)
    vectors = model.word_vectors(name="<img src=x>")
    page = Reader(vectors._repr_html_())
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert "WordVectors <img src=x>" in page.text
    assert all(shown(word) in page.text for word in HOSTILE)  # as neighbours of "lake"
    assert "\x1b" not in page.text


def test_a_card_of_scores():
    pairs = {"A & B": WordPairScore(spearman=0.5, pearson=0.4, n_used=20)}
    scores = spacy_w2v.Scores(pairs, {"Analogies": AnalogyScore(accuracy=None, n_used=0)})
    assert repr(scores) == "Scores('A & B': 0.500, 'Analogies': None)"
    page = Reader(scores._repr_html_())
    assert "A & Bspearman0.50020" in page.text
    assert "Analogiesaccuracy–0" in page.text


def test_a_large_matrix_is_not_searched(model, monkeypatch):
    assert "Nearest" not in model._repr_html_()  # no word of letters only
    few = make_model([3, 2, 1], words=["one", "two", "three"], vector_size=2)
    assert "Nearest words" in few._repr_html_()
    monkeypatch.setattr("spacy_w2v.model._card.MAX_NUMBERS", 5)
    assert "Nearest words" not in few._repr_html_()


def test_a_curve_stays_within_its_picture():
    points = re.search('points="([^"]+)"', curve([3.0, 2.0, np.pi, 2.5], label="loss"))[1]
    pairs = [tuple(map(float, point.split(","))) for point in points.split()]
    assert all(0 <= x <= 180 and 0 <= y <= 44 for x, y in pairs)
    assert max(pairs, key=lambda point: point[1])[0] == pairs[1][0]  # the smallest number is lowest
    assert curve([1.0], label="loss") == ""
    assert "polyline" in curve([1.0, 1.0], label="loss")


def test_a_table_escapes_cells():
    assert Reader(table([["<i>", "&"]], header=["<u>", "'"])).text == "<u>'<i>&"
