"""What the component keeps with a pipeline: facts of a table and of the corpus behind it, and what training needs."""

from dataclasses import dataclass
from typing import NamedTuple

from spacy_w2v._arrays import Counts, Tree, Vectors
from spacy_w2v.formats.spacy._table_facts import TableFacts
from spacy_w2v.model._run_record import VectorsRecord


@dataclass(frozen=True, eq=False)
class Fitted:
    """What is known of one table and of the corpus behind it."""

    table: TableFacts
    counts: Counts | None
    """v; of the words of the table's first rows, in order; None where they are not known."""
    n_tokens: int
    """Of the corpus, words that the table lacks included."""
    common: Vectors
    """k × d: the common components of texts, orthonormal, the strongest first."""
    sif_a: float
    """With which the common components were found, and ..."""
    frequencies: str
    """... with which frequencies."""


class Outputs(NamedTuple):
    """The part of a model that is no table of word vectors, with which its training can go on."""

    vectors: Vectors
    """The output vectors, as in `TrainedModel`."""
    tree: Tree | None
    """A tree of its own, as in `TrainedModel`."""
    n_steps: int = 0
    """Updates since the model was made."""


class State(NamedTuple):
    """All that is saved."""

    fitted: Fitted | None = None
    record: VectorsRecord | None = None
    """Of the run behind the vectors; None where they were neither trained nor loaded here."""
    outputs: Outputs | None = None
    """None where training is not to go on."""
