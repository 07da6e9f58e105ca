"""The cards that notebooks show for models and word vectors."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from spacy_w2v._system.notebook import card, curve, table
from spacy_w2v.keys._resolution import kind_of_words

if TYPE_CHECKING:
    from spacy_w2v.model._trained import TrainedModel
    from spacy_w2v.model._word_vectors import WordVectors
    from spacy_w2v.subwords._table import SubwordTable

N_WORDS, N_NEIGHBOURS = 3, 5
MIN_RANK = 100
"""Rank of the first word that is shown. More frequent words, such as "the" or ",", say little about a text."""
MIN_LENGTH = 2
"""Characters of a word that is shown."""
MAX_NUMBERS = 50_000_000
"""The largest matrix, in numbers, in which neighbours are searched: a card shall appear at once."""


def card_of_model(model: "TrainedModel") -> str:
    """Return a card of a model: its sizes, its corpus, the loss of its epochs, and neighbours of some words."""
    record, settings = model.record, model.settings
    results, corpus = record.results, record.corpus
    facts = [
        (
            "Words",
            f"{len(model):,} ({kind_of_words(record.tokens)}), which cover {record.vocabulary.coverage:.1%} of the "
            "tokens",
        ),
        ("Dimensions", f"{model.vector_size:,}"),
        *_subwords(model.subwords),
        ("Corpus", f"{corpus.source}: {corpus.n_tokens:,} tokens"),
    ]
    if record.unfinished is not None:
        facts.append(("Checkpoint", f"stopped in epoch {record.unfinished.epoch}"))
    if results:
        facts.append(
            ("Training", f"{_epochs(len(results))}, {results[-1].seconds:,.1f} s, loss {results[-1].loss:.4f}")
        )
    return card(
        type(model).__name__,
        f"{settings.architecture}, {settings.loss}",
        table(facts),
        curve([result.loss for result in results], label="Loss by epoch"),
        _neighbours(model.word_vectors()),
    )


def card_of_vectors(vectors: "WordVectors") -> str:
    """Return a card of word vectors: their sizes, what they are, and neighbours of some words."""
    n_words, n_rows = len(vectors), len(vectors.matrix)
    shared = f" in {n_rows:,} rows" if n_rows != n_words else ""
    done = vectors.postprocessing.kind if vectors.postprocessing is not None else vectors.done_before
    facts = [
        ("Words", f"{n_words:,}{shared}{f' ({vectors.attr})' if vectors.attr else ''}"),
        ("Dimensions", f"{vectors.vector_size:,} of {vectors.matrix.dtype}"),
        *_subwords(vectors.trained_subwords),
        *([("Vectors", vectors.vector_kind)] if vectors.model is not None else []),
        *([("Post-processing", done)] if done is not None else []),
        *([("Language", vectors.lang)] if vectors.lang else []),
    ]
    return card(type(vectors).__name__, vectors.name, table(facts), _neighbours(vectors))


def _subwords(table: "SubwordTable | None") -> list[tuple[str, str]]:
    """Return the row of a card about subwords, if there are some."""
    if table is None:
        return []
    settings = table.settings
    return [
        ("Subwords", f"{settings.mode}, {settings.min_n} to {settings.max_n} characters, {len(table.buckets):,} rows")
    ]


def _epochs(n_epochs: int) -> str:
    return "1 epoch" if n_epochs == 1 else f"{n_epochs} epochs"


def _neighbours(vectors: "WordVectors") -> str:
    """Return a table of the neighbours of some words; nothing if the matrix is too large for a quick answer."""
    if vectors.matrix.shape[0] * vectors.matrix.shape[1] > MAX_NUMBERS:
        return ""
    rows = [
        (word, ", ".join(near for near, _ in vectors.most_similar(word, topn=N_NEIGHBOURS)))
        for word in words_to_show(vectors)
    ]
    return table(rows, header=("Word", "Nearest words")) if rows else ""


def words_to_show(vectors: "WordVectors") -> Sequence[str]:
    """Return a few words that are rather frequent, one for each row: several words may share a row in spaCy's table."""
    rows = vectors.rows[vectors.first_places]
    words = (vectors.words[place] for place in vectors.word_of_row[rows[min(MIN_RANK, len(rows) // 2) :]].tolist())
    return list(islice((word for word in words if word.isalpha() and len(word) >= MIN_LENGTH), N_WORDS))
