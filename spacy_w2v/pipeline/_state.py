"""The state of the component: a fingerprint of its vectors table, word counts, and what further training needs."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic import Field, NonNegativeInt

from spacy_w2v._arrays import Counts, Tree, Vectors
from spacy_w2v.formats.spacy._table_fingerprint import TableFingerprint
from spacy_w2v.model._blocks import Block
from spacy_w2v.model._run_record import VectorsRecord
from spacy_w2v.subwords._table import SubwordTable


class FittedMeta(Block):
    """What `initialize` computed for a vectors table, without the arrays."""

    table: TableFingerprint
    n_tokens: NonNegativeInt
    """Tokens of the corpus, including words that are not in the table; 0 if unknown."""
    sif_a: float = Field(gt=0)
    """The value of `sif_a` with which the common components were computed."""
    frequencies: Literal["corpus", "zipf"]
    """The value of `frequencies` with which the common components were computed."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What `initialize` computed for a vectors table."""

    meta: FittedMeta
    counts: Counts | None
    """Counts of the words of the table's first rows (v); None if unknown."""
    common: Vectors
    """Common components of texts (k × d), orthonormal, the strongest first."""


class Outputs(NamedTuple):
    """The part of a model besides the word vectors that further training needs."""

    vectors: Vectors
    """The output vectors, as in `TrainedModel`."""
    tree: Tree | None
    """The tree of hierarchical softmax if it is stored with the model, as in `TrainedModel`."""
    n_steps: int = 0
    """Number of updates since the model was trained."""


class State(NamedTuple):
    """Everything that is saved."""

    fitted: Fitted | None = None
    record: VectorsRecord | None = None
    """Record of the training run; None if the component neither trained nor loaded the vectors."""
    outputs: Outputs | None = None
    """None if the vectors are not trained further."""
    subwords: SubwordTable | None = None
    """The rows of buckets, of which vectors of words are composed that the table lacks; None for no such vectors."""
