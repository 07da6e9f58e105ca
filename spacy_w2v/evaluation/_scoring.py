"""Scores of a model on word similarity and analogies, computed by gensim."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from spacy_w2v._system.blas import one_thread_of_blas
from spacy_w2v.config._schema import TokensSettings, VectorKind
from spacy_w2v.evaluation._data_sets import Section, WordPair, read_analogies, read_word_pairs
from spacy_w2v.model._facts import settings_of
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.tokenization._encode import make_encoder

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

WORD_PAIRS = {"WordSim-353": "wordsim353.tsv", "SimLex-999": "simlex999.txt"}
"""Word pairs with human similarity ratings that gensim bundles (Finkelstein et al. 2002, Hill et al. 2015)."""
ANALOGIES = {"Google analogies": "questions-words.txt"}
"""Analogies that gensim bundles (Mikolov et al. 2013a, arXiv 1301.3781)."""

MEASURES = ("spearman", "pearson", "accuracy", "semantic", "syntactic")
"""What the scores of a set may hold; the rest of them are counts."""


def bundled(file_name: str) -> Path:
    """Return the path of an evaluation set that gensim bundles."""
    from gensim.test.utils import datapath

    return Path(datapath(file_name))


def evaluate(
    model: TrainedModel,
    *,
    word_pairs: dict[str, Path],
    analogies: dict[str, Path],
    restrict_vocab: int,
    vectors: VectorKind = "input",
    tokenize: bool = False,
) -> dict[str, dict[str, Any]]:
    """Return the scores on each set, by name.

    word_pairs: files as `read_word_pairs` takes them. Scores "spearman" and "pearson", in [-1, 1].
    analogies: files as `read_analogies` takes them. Scores "accuracy" and, where the sections are the ones of
    Google's set, "semantic" and "syntactic", in [0, 1], among the restrict_vocab most frequent words.
    Both: "n_used" and "n_unknown" questions; questions with unknown words are left out. A score is None where no
    question is left, or where all have the same rating or similarity.
    vectors: those that are scored, "input", "output" or "mean".
    tokenize: in word pairs, a word that has no vector takes the mean of those of its tokens, which the pipeline of the
    model makes as it did for the corpus.
    Raises ConfigError as `TrainedModel.vectors` does, and CorpusError for a set that cannot be read.
    """
    from spacy_w2v.formats.gensim._keyed_vectors import make_keyed_vectors

    pairs = {name: read_word_pairs(path) for name, path in word_pairs.items()}
    sections = {name: read_analogies(path) for name, path in analogies.items()}
    keyed_vectors = make_keyed_vectors(model, vectors=vectors)
    tokens_of = _tokenizer_of(model) if tokenize else None
    scores = {}
    for name, of_set in pairs.items():
        composed = keyed_vectors if tokens_of is None else _with_means(keyed_vectors, of_set, tokens_of)
        scores[name] = score_word_pairs(composed, of_set)
    with one_thread_of_blas():
        for name, of_file in sections.items():
            scores[name] = score_analogies(keyed_vectors, of_file, restrict_vocab=restrict_vocab)
    return scores


def score_word_pairs(keyed_vectors: "KeyedVectors", pairs: Sequence[WordPair]) -> dict[str, Any]:
    """Return rank and linear correlation of similarities with ratings, by `evaluate_word_pairs`."""
    known = {word.upper() for word in keyed_vectors.index_to_key}  # gensim ignores case
    n_used = sum(pair.first.upper() in known and pair.second.upper() in known for pair in pairs)
    counts = {"n_used": n_used, "n_unknown": len(pairs) - n_used}
    if n_used < 2:
        return {"spearman": None, "pearson": None, **counts}
    with _file_for_gensim("\t".join(map(str, pair)) for pair in pairs) as path, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy's, where all ratings or similarities are the same
        pearson, spearman, _ = keyed_vectors.evaluate_word_pairs(path, restrict_vocab=len(keyed_vectors))
    return {"spearman": _finite(spearman[0]), "pearson": _finite(pearson[0]), **counts}


def score_analogies(
    keyed_vectors: "KeyedVectors", sections: Sequence[Section], *, restrict_vocab: int
) -> dict[str, Any]:
    """Return the share of analogies solved, by `evaluate_word_analogies` (3CosAdd)."""
    lines = (line for section in sections for line in (f": {section.name}", *map(" ".join, section.questions)))
    with _file_for_gensim(lines) as path:
        _, (*solved, _) = keyed_vectors.evaluate_word_analogies(path, restrict_vocab=restrict_vocab)
    syntactic = [section for section in solved if section["section"].startswith("gram")]
    semantic = [section for section in solved if not section["section"].startswith("gram")]
    n_used = _n_used(solved)
    scores: dict[str, Any] = {"accuracy": _accuracy(solved)}
    if syntactic and semantic:
        scores |= {"semantic": _accuracy(semantic), "n_used_semantic": _n_used(semantic)}
        scores |= {"syntactic": _accuracy(syntactic), "n_used_syntactic": _n_used(syntactic)}
    n_unknown = sum(len(section.questions) for section in sections) - n_used
    return scores | {"n_used": n_used, "n_unknown": n_unknown, "restrict_vocab": restrict_vocab}


@contextmanager
def _file_for_gensim(lines: Iterable[str]) -> Iterator[str]:
    """Give the path of a file with these lines, in the one layout that gensim reads."""
    with TemporaryDirectory() as directory:
        path = Path(directory, "set.txt")
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
        yield str(path)


def are_scores(scores: object) -> TypeGuard[dict[str, dict[str, Any]]]:
    """Return whether a JSON value is what `evaluate` returns."""
    return isinstance(scores, dict) and all(isinstance(score, dict) and _is_score(score) for score in scores.values())


def _is_score(score: dict[str, Any]) -> bool:
    counts = [value for name, value in score.items() if name not in MEASURES]
    measures = [value for name, value in score.items() if name in MEASURES]
    return (
        "n_used" in score
        and all(type(count) is int for count in counts)
        and all(measure is None or type(measure) in (int, float) for measure in measures)
    )


def score_rows(
    scores: dict[str, dict[str, Any]], *, measures: tuple[str, ...] = MEASURES
) -> list[tuple[str, str, str, str]]:
    """Return a row for each set and measure, for tables: set, measure, score, number of questions used."""
    return [
        (
            name,
            measure,
            "–" if score[measure] is None else f"{score[measure]:.3f}",
            f"{score.get(f'n_used_{measure}', score['n_used']):,}",
        )
        for name, score in scores.items()
        for measure in score
        if measure in measures
    ]


def _tokenizer_of(model: TrainedModel) -> Callable[[str], list[str]]:
    """Return a function from a text to the words that its tokens are, made as for the corpus of the model."""
    import pyarrow as pa

    settings = settings_of(TokensSettings, model.meta["tokens"], path="meta", section="tokens")
    settings = settings.model_copy(update={"boundary": "document", "min_tokens": 1})
    encoder = make_encoder(model.make_pipeline(), settings)

    def tokens_of(text: str) -> list[str]:
        batch = encoder.encode(pa.array([text], pa.large_string()))
        return [batch.types.keys[number] for number in batch.chosen[batch.numbers].tolist()]

    return tokens_of


def _with_means(
    keyed_vectors: "KeyedVectors", pairs: Sequence[WordPair], tokens_of: Callable[[str], list[str]]
) -> "KeyedVectors":
    """Return the vectors, and for unknown words of pairs the means of those of their tokens."""
    known = {word.upper() for word in keyed_vectors.index_to_key}
    means = {}
    for word in (word for pair in pairs for word in (pair.first, pair.second)):
        tokens = [] if word.upper() in known else [token for token in tokens_of(word) if token in keyed_vectors]
        if tokens:
            means[word] = keyed_vectors[tokens].mean(axis=0)
    if not means:
        return keyed_vectors
    extended = copy(keyed_vectors)  # its lists and arrays are shared until they are replaced
    extended.index_to_key = [*keyed_vectors.index_to_key, *means]
    extended.key_to_index = {word: index for index, word in enumerate(extended.index_to_key)}
    extended.vectors = np.concatenate([keyed_vectors.vectors, np.stack(list(means.values()))])
    extended.norms = None
    return extended


def _accuracy(sections: list[dict[str, Any]]) -> float | None:
    n_used = _n_used(sections)
    return sum(len(section["correct"]) for section in sections) / n_used if n_used else None


def _n_used(sections: list[dict[str, Any]]) -> int:
    return sum(len(section["correct"]) + len(section["incorrect"]) for section in sections)


def _finite(measure: float) -> float | None:
    return float(measure) if np.isfinite(measure) else None
