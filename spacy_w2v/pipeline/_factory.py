"""What spaCy makes the component with, and the attributes that it gives to documents and tokens."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc, Token

from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.pipeline._component import Word2VecComponent
from spacy_w2v.pipeline._doc_vectors import PoolingSettings
from spacy_w2v.pipeline._origin import guard_order

# When the package is imported, so that a document or component that is unpickled finds them too.
if not Doc.has_extension("w2v_vector"):
    Doc.set_extension("w2v_vector", default=None)
if not Token.has_extension("w2v_oov"):
    Token.set_extension("w2v_oov", default=False)


@Language.factory(
    "w2v",
    assigns=["doc.vector", "doc._.w2v_vector", "token._.w2v_oov"],
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
    """Make the component.

    pooling, sif_a, n_common, frequencies, max_edits: see PoolingSettings.
    update: whether `nlp.update` and `spacy train` go on with the training of the word vectors.
    alpha: learning rate of that, a number or a schedule of thinc with a value for each update; None for a tenth of the
        rate that the model began with.
    similarity: sets of word pairs to score word vectors on: "wordsim353", "simlex999", or paths of files.

    Raises ConfigError.
    """
    with shown_by_spacy(f"The component '{name}' cannot be made"):
        settings = PoolingSettings(
            pooling=pooling, sif_a=sif_a, n_common=n_common, frequencies=frequencies, max_edits=max_edits
        )
        guard_order(nlp, name)
        return Word2VecComponent(name, settings, update=update, alpha=alpha, similarity=similarity)
