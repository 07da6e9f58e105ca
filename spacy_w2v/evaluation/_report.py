"""A short report of a model in Markdown: what it was trained on, how, and what came of it."""

import re
from collections.abc import Sequence

from spacy_w2v._system.terminal import shown
from spacy_w2v.evaluation._scores import Scores, score_rows
from spacy_w2v.model._trained import TrainedModel

N_NEIGHBOURS = 5
N_WORDS = 5

ENGLISH_WORDS = ("french", "king", "city", "war", "computer")
"""Whose neighbours are shown if no others are asked for."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKUP = re.compile(r"[\\`*{}\[\]()<>#|~&!$@]|(?<![^\W_])_|_(?![^\W_])|(?<=www)\.|:(?=//)", re.IGNORECASE)
"""What means something in Markdown, or is made a link by itself."""

FIRST_RANK = 100
"""Words before it say little of any text: such as "the", commas and digits."""


def make_report(model: TrainedModel, *, scores: Scores | None, words: list[str]) -> str:
    """Return the report.

    scores: what `evaluation.evaluate` returns, or None. words: whose neighbours are shown; those that the vocabulary
    lacks are left out. If none are given: some of English, or in other languages some that are frequent.
    """
    record = model.record
    corpus, vocabulary, results = record.corpus, record.vocabulary, record.results
    sections = [
        f"# Word vectors: {plain_text(corpus.source)}",
        f"{len(model):,} words in {model.vector_size} dimensions, trained on {corpus.n_tokens:,} tokens "
        f"({plain_text(model.attr)}, {plain_text(record.lang)}).",
        "## Corpus",
        _table(
            ("", ""),
            [
                ("Documents", f"{corpus.n_documents:,}"),
                ("Tokens", f"{corpus.n_tokens:,}"),
                ("Types", f"{corpus.n_types:,}"),
                ("Words kept", f"{vocabulary.n_words:,}"),
                ("Tokens covered", f"{vocabulary.coverage:.1%}"),
            ],
        ),
        "## Training",
        _table(
            ("Setting", "Value"),
            [
                (plain_text(name), _code(str(value)))
                for block in (record.model, record.training)
                for name, value in block
            ],
        ),
        f"{results[-1].seconds:.1f} s, {results[-1].words_per_s:,.0f} words/s."
        if results
        else ("A checkpoint, of the first epoch." if record.unfinished is not None else "Trained by another program."),
        _table(
            ("Epoch", "Loss", "Learning rate"),
            [(str(row.epoch), f"{row.loss:.4f}", f"{row.alpha:.5f}") for row in results],
        ),
    ]
    if scores is not None:
        rows = [(plain_text(name), *cells) for name, *cells in score_rows(scores)]
        sections += ["## Scores", _table(("Set", "Measure", "Score", "Questions"), rows)]
    known = [word for word in words or _words_to_show(model) if word in model]
    if known:
        sections += [
            "## Neighbours",
            _table(("Word", "Nearest words"), [_neighbours(model, word) for word in known]),
        ]
    return "\n\n".join(sections) + "\n"


def _words_to_show(model: TrainedModel) -> Sequence[str]:
    if model.record.lang == "en":
        return ENGLISH_WORDS
    return [word for word in model.words[FIRST_RANK:] if word.isalpha()][:N_WORDS]


def _neighbours(model: TrainedModel, word: str) -> tuple[str, str]:
    nearest = model.most_similar(word, topn=N_NEIGHBOURS)
    return plain_text(word), ", ".join(f"{plain_text(near)} {similarity:.2f}" for near, similarity in nearest)


def plain_text(text: str) -> str:
    """Return a word, name or setting of others as Markdown that shows it as it is, without links, images or HTML."""
    return _MARKUP.sub(lambda match: _ENTITIES.get(match[0], f"\\{match[0]}"), shown(text))


def _code(text: str) -> str:
    return plain_text(text) if _MARKUP.search(text) or not text else f"`{shown(text)}`"


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
