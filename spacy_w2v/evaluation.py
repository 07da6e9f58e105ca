"""Scores of a model on word similarity and analogies, computed by gensim."""

from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spacy_w2v.blas import one_thread_of_blas
from spacy_w2v.config.schema import TokensSettings, VectorKind
from spacy_w2v.corpus.encode import make_encoder
from spacy_w2v.errors import CorpusError
from spacy_w2v.model.trained import TrainedModel

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

    word_pairs: files with two words and a rating, separated by tabs. Scores "spearman" and "pearson", in [-1, 1].
    analogies: files in the format of questions-words.txt. Scores "accuracy" and, where the sections are the ones of
    Google's set, "semantic" and "syntactic", in [0, 1], among the restrict_vocab most frequent words.
    Both: "n_used" and "n_unknown" questions; questions with unknown words are left out. A score is None where no
    question is left.
    vectors: those that are scored, "input", "output" or "mean".
    tokenize: in word pairs, a word that has no vector takes the mean of those of its tokens, which the pipeline of the
    model makes as it did for the corpus.
    Raises ConfigError as `TrainedModel.vectors` does, and CorpusError for a set that cannot be read.
    """
    from spacy_w2v.export.to_gensim import make_keyed_vectors

    for path in (*word_pairs.values(), *analogies.values()):
        if not path.is_file():
            raise CorpusError(f"An evaluation set must be an existing file, was: {path}")
    keyed_vectors = make_keyed_vectors(model, vectors=vectors)
    tokens_of = _tokenizer_of(model) if tokenize else None
    scores = {}
    for name, path in (*word_pairs.items(), *analogies.items()):
        try:
            if name in word_pairs:
                composed = keyed_vectors if tokens_of is None else _with_means(keyed_vectors, path, tokens_of)
                scores[name] = score_word_pairs(composed, path)
            else:
                with one_thread_of_blas():
                    scores[name] = score_analogies(keyed_vectors, path, restrict_vocab=restrict_vocab)
        except ValueError as error:  # not UTF-8, or an analogy before the first section
            raise CorpusError(f"{path} must be an evaluation set, but cannot be read: {error}") from None
    return scores


class WordPair(NamedTuple):
    """Two words, and how similar people find them."""

    first: str
    second: str
    rating: float


def read_word_pairs(path: Path) -> list[WordPair]:
    """Return the pairs in a file of two words and a rating, separated by tabs; other lines are left out.

    Raises OSError and ValueError for a file that cannot be read.
    """
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")]
    return [
        WordPair(fields[0], fields[1], float(fields[2]))
        for fields in lines
        if len(fields) >= 3 and _is_number(fields[2])
    ]


def score_word_pairs(keyed_vectors: "KeyedVectors", path: Path) -> dict[str, Any]:
    """Return rank and linear correlation of similarities with ratings, by `evaluate_word_pairs`."""
    known = {word.upper() for word in keyed_vectors.index_to_key}  # gensim ignores case
    pairs = read_word_pairs(path)
    n_used = sum(pair.first.upper() in known and pair.second.upper() in known for pair in pairs)
    counts = {"n_used": n_used, "n_unknown": len(pairs) - n_used}
    if n_used < 2:
        return {"spearman": None, "pearson": None, **counts}
    pearson, spearman, _ = keyed_vectors.evaluate_word_pairs(str(path), restrict_vocab=len(keyed_vectors))
    return {"spearman": float(spearman[0]), "pearson": float(pearson[0]), **counts}


def score_analogies(keyed_vectors: "KeyedVectors", path: Path, *, restrict_vocab: int) -> dict[str, Any]:
    """Return the share of analogies solved, by `evaluate_word_analogies` (3CosAdd)."""
    _, sections = keyed_vectors.evaluate_word_analogies(str(path), restrict_vocab=restrict_vocab)
    sections = [section for section in sections if section["section"] != "Total accuracy"]
    syntactic = [section for section in sections if section["section"].startswith("gram")]
    semantic = [section for section in sections if not section["section"].startswith("gram")]
    n_lines = sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != ":")
    n_used = _n_used(sections)
    scores: dict[str, Any] = {"accuracy": _accuracy(sections)}
    if syntactic and semantic:
        scores |= {"semantic": _accuracy(semantic), "n_used_semantic": _n_used(semantic)}
        scores |= {"syntactic": _accuracy(syntactic), "n_used_syntactic": _n_used(syntactic)}
    return scores | {"n_used": n_used, "n_unknown": n_lines - n_used, "restrict_vocab": restrict_vocab}


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

    from spacy_w2v.config.loading import make_pipeline, parse_config

    settings = TokensSettings.model_validate(model.meta["tokens"])
    settings = settings.model_copy(update={"boundary": "document", "min_tokens": 1})
    encoder = make_encoder(make_pipeline(parse_config(model.config)), settings)

    def tokens_of(text: str) -> list[str]:
        batch = encoder.encode(pa.array([text], pa.large_string()))
        return [batch.types.keys[number] for number in batch.chosen[batch.numbers].tolist()]

    return tokens_of


def _with_means(keyed_vectors: "KeyedVectors", path: Path, tokens_of: Callable[[str], list[str]]) -> "KeyedVectors":
    """Return the vectors, and for unknown words of the pairs in a file the means of those of their tokens."""
    known = {word.upper() for word in keyed_vectors.index_to_key}
    means = {}
    for word in (word for pair in read_word_pairs(path) for word in (pair.first, pair.second)):
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


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
