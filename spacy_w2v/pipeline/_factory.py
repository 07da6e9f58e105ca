"""The factory of the component `w2v`, and the extension attributes of documents and tokens."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Literal

from spacy.language import Language

from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.pipeline._attributes import ASSIGNED, set_attributes
from spacy_w2v.pipeline._component import Word2VecComponent
from spacy_w2v.pipeline._doc_vectors import PoolingSettings
from spacy_w2v.pipeline._origin import guard_order

set_attributes()  # on import, so that unpickled documents and components find them too


@Language.factory(
    "w2v",
    assigns=["doc.vector", *ASSIGNED],
    default_config=asdict(PoolingSettings()) | {"update": False, "alpha": None, "similarity": []},
)
def make_w2v(
    nlp: Language,
    name: str,
    pooling: Literal["sif", "mean"],
    sif_a: float,
    n_common: int,
    frequencies: Literal["corpus", "zipf"],
    max_edits: int,
    update: bool,
    alpha: float | list[float] | Iterator[float] | None,
    similarity: list[str],
) -> Word2VecComponent:
    """Create the component `w2v`, which sets the vectors of documents, spans and the pipeline's vocab.

    Args:
        nlp: The pipeline.
        name: Name of the component.
        pooling: How the vector of a text is computed from its words: "sif" for smooth inverse frequency weighting
            (Arora, Liang & Ma 2017), or "mean".
        sif_a: Parameter a of "sif", above 0. A word of relative frequency p has the weight a / (a + p).
        n_common: Number of common components that "sif" removes from each vector.
        frequencies: Where the word frequencies of "sif" come from: "corpus" for the counts of the trained model, or
            "zipf" for Zipf's law by the order of the vectors table.
        max_edits: Up to how many edits away an unknown word may take the vector of a known word: 0 for never, 1 or 2.
        update: Whether `nlp.update` and `spacy train` train the word vectors further.
        alpha: Learning rate of `update`: a number, or a Thinc schedule with a value for each step. None for a tenth of
            the initial learning rate of the model.
        similarity: Word similarity sets to score the word vectors on: "wordsim353", "simlex999", or paths of files.

    Returns:
        The component.

    Raises:
        ConfigError: A setting is invalid.

    Example:
        >>> nlp = spacy.load("pipeline")
        >>> component = nlp.add_pipe("w2v", config={"pooling": "mean", "max_edits": 1})
        >>> nlp("The prime ministerr").has_vector
        True
    """
    with shown_by_spacy(f"The component '{name}' cannot be created"):
        settings = PoolingSettings(
            pooling=pooling, sif_a=sif_a, n_common=n_common, frequencies=frequencies, max_edits=max_edits
        )
        guard_order(nlp, name)
        return Word2VecComponent(name, settings, update=update, alpha=alpha, similarity=similarity, nlp=nlp)
