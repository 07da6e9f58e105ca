"""What the component keeps with a pipeline: facts of a table and of its corpus, and what training needs."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic import Field, NonNegativeInt

from spacy_w2v._arrays import Counts, Tree, Vectors
from spacy_w2v.formats.spacy._table_facts import TableFacts
from spacy_w2v.model._blocks import Block
from spacy_w2v.model._run_record import VectorsRecord


class FittedFacts(Block):
    """What is known of one table and of the corpus that it comes from, without the arrays."""

    table: TableFacts
    n_tokens: NonNegativeInt
    """Of the corpus, words that the table lacks included."""
    sif_a: float = Field(gt=0)
    """With which the common components were found, and ..."""
    frequencies: Literal["corpus", "zipf"]
    """... with which frequencies."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What is known of one table and of the corpus that it comes from."""

    facts: FittedFacts
    counts: Counts | None
    """v; of the words of the table's first rows, in order; None where they are not known."""
    common: Vectors
    """k × d: the common components of texts, orthonormal, the strongest first."""


class Outputs(NamedTuple):
    """The part of a model beside the table of word vectors, with which its training can go on."""

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
    """Of the run that made the vectors; None where they were neither trained nor loaded here."""
    outputs: Outputs | None = None
    """None where training is not to go on."""
