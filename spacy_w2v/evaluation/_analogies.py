"""The share of analogies that word vectors solve, computed by gensim."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from spacy_w2v._system.blas import single_threaded_blas
from spacy_w2v.evaluation._data_sets import Section
from spacy_w2v.evaluation._scores import AnalogyScore
from spacy_w2v.model._word_vectors import WordVectors


def score_analogies(vectors: WordVectors, sections: Sequence[Section], *, restrict_vocab: int) -> AnalogyScore:
    """Return the share of analogies solved, by gensim's `evaluate_word_analogies`.

    The method is 3CosAdd (Mikolov et al. 2013, "Linguistic Regularities in Continuous Space Word Representations").
    Case is ignored, as in word2vec's compute-accuracy.c and in gensim: of words that differ only in case, the most
    frequent one is used.

    Args:
        vectors: The word vectors, most frequent words first. Of words that share a row, one is used.
        sections: The questions, by kind.
        restrict_vocab: Number of the most frequent words among which questions and answers must be.

    Returns:
        The accuracy and the numbers of questions; also those of semantic and syntactic sections, if there are both.
    """
    from spacy_w2v.formats.gensim._keyed_vectors import make_keyed_vectors

    keyed_vectors = make_keyed_vectors(_frequent(vectors, restrict_vocab))
    lines = (line for section in sections for line in (f": {section.name}", *map(" ".join, section.questions)))
    with TemporaryDirectory() as directory, single_threaded_blas():
        path = Path(directory, "set.txt")  # the only layout that gensim reads
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
        _, (*solved, _) = keyed_vectors.evaluate_word_analogies(str(path), restrict_vocab=restrict_vocab)
    syntactic = [section for section in solved if section["section"].startswith("gram")]
    semantic = [section for section in solved if not section["section"].startswith("gram")]
    n_used = _n_used(solved)
    has_kinds = bool(syntactic and semantic)
    return AnalogyScore(
        accuracy=_accuracy(solved),
        semantic=_accuracy(semantic) if has_kinds else None,
        n_used_semantic=_n_used(semantic) if has_kinds else None,
        syntactic=_accuracy(syntactic) if has_kinds else None,
        n_used_syntactic=_n_used(syntactic) if has_kinds else None,
        n_used=n_used,
        n_unknown=sum(len(section.questions) for section in sections) - n_used,
        restrict_vocab=restrict_vocab,
    )


def _frequent(vectors: WordVectors, n_words: int) -> WordVectors:
    """Return the n_words most frequent words with their vectors. Of words that share a row, only one is kept."""
    _, first = np.unique(vectors.rows, return_index=True)
    rows = vectors.rows[np.sort(first)[:n_words]]
    words = [vectors.words[place] for place in vectors.word_of_row[rows].tolist()]
    return replace(
        vectors, words=words, rows=np.arange(len(rows)), matrix=vectors.vectors_at(rows), counts=None, model=None
    )


def _accuracy(sections: list[dict[str, Any]]) -> float | None:
    n_used = _n_used(sections)
    return sum(len(section["correct"]) for section in sections) / n_used if n_used else None


def _n_used(sections: list[dict[str, Any]]) -> int:
    return sum(len(section["correct"]) + len(section["incorrect"]) for section in sections)
