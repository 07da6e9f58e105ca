"""Predictions of a trained model: the words that fit a context, and the log-likelihood of sentences.

v = vocabulary, d = dimensions, n = hidden vectors. Products of vectors are computed in float32, as in training, and
logarithms and their sums in float64. Long sentences are processed in blocks, which bounds memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.config._arguments import check_whole_number
from spacy_w2v.errors import UnknownWordError
from spacy_w2v.model._context_words import ContextWords
from spacy_w2v.objectives._predictions import Predictions, Ranks
from spacy_w2v.objectives._registry import architecture_of

if TYPE_CHECKING:
    from spacy_w2v.model._trained import TrainedModel

PAIRS_PER_BLOCK = 1024
"""Number of predictions that are scored at a time, or those of one centre if they are more."""


def predict_context(model: "TrainedModel", words: Sequence[str], *, topn: int) -> list[tuple[str, float]]:
    """See `TrainedModel.predict_context`."""
    check_whole_number(topn, name="topn", at_least=0)
    words = ContextWords(model).of(words)
    ranks = [model.vocabulary.index[word] for word in words if word in model]
    if not ranks:
        hint = model.near_spellings(words[0]) if len(words) else "Pass at least one word."
        raise UnknownWordError(
            f"A context must have a word that is in the vocabulary of {len(model):,} words, was: {list(words[:10])}. "
            f"{hint}"
        )
    hidden = architecture_of(model.settings).hidden_vector(model.input_vectors[ranks])
    objective = model.objective
    probabilities = np.exp(objective.log_probabilities(hidden, model.output_vectors, tree=model.tree)[0])
    likeliest = np.argsort(-probabilities, kind="stable")[:topn]
    return [(model.words[rank], float(probabilities[rank])) for rank in likeliest]


def score(model: "TrainedModel", sentences: Iterable[Sequence[str]]) -> NDArray[np.float64]:
    """See `TrainedModel.score`."""
    model.objective.check_scores()
    words = ContextWords(model)
    return np.fromiter((_log_likelihood(model, words.of(sentence)) for sentence in sentences), np.float64)


def _log_likelihood(model: "TrainedModel", sentence: Sequence[str]) -> float:
    index = model.vocabulary.index
    words = np.array([index[word] for word in sentence if word in index], np.int64)
    objective = model.objective
    return sum(
        objective.log_likelihood(predictions, model.output_vectors, tree=model.tree)
        for predictions in _predictions(model, words)
    )


def _predictions(model: "TrainedModel", words: Ranks) -> Iterator[Predictions]:
    """Yield the predictions of a sentence, in blocks of centres. Windows have their full size, as in gensim."""
    radius = min(model.settings.window, words.size - 1)
    if radius < 1:
        return
    architecture = architecture_of(model.settings)
    n_centres = max(1, PAIRS_PER_BLOCK // (2 * radius))
    for first in range(0, words.size, n_centres):
        start, stop = max(0, first - radius), first + n_centres + radius
        places = np.arange(first, min(first + n_centres, words.size)) - start
        yield architecture.predictions(words[start:stop], places, radius=radius, inputs=model.input_vectors)
