"""What the meta data of a model must tell: all that is read later, by exports, reports and the component."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spacy_w2v.config._base import Settings
from spacy_w2v.config._schema import (
    ModelSettings,
    TokensSettings,
    TrainingSettings,
    VocabularySettings,
    describe_problem,
)
from spacy_w2v.errors import StorageError

LONGEST_PROBLEM = 300
"""Characters of an error that shows a value."""

Block = TypeVar("Block", bound=BaseModel)


class Facts(BaseModel):
    """Base of all blocks of facts: what else they hold is kept, as what a newer version tells."""

    model_config = ConfigDict(extra="allow", strict=True, protected_namespaces=(), allow_inf_nan=False)


class EpochFacts(Facts):
    """An entry of "results", as `training.state.EpochResult`."""

    epoch: int = Field(ge=1)
    loss: float
    n_pairs: int = Field(ge=0)
    n_kept: int = Field(ge=0)
    seconds: float = Field(ge=0)
    words_per_s: float = Field(ge=0)
    alpha: float = Field(ge=0)


class CorpusFacts(Facts):
    """The block "corpus"."""

    source: str
    n_documents: int = Field(ge=0)
    n_tokens: int = Field(ge=1)
    n_types: int = Field(ge=0)


class VocabularyFacts(Facts):
    """The block "vocabulary"."""

    n_words: int = Field(ge=0)
    coverage: float = Field(ge=0)


class TokensFacts(Facts):
    """The block "tokens", of which this alone has no default: the settings are checked apart."""

    attr: str


class KindFacts(Facts):
    """The block "model", as far as it has no default."""

    architecture: str
    loss: str
    vector_size: int


class ModelFacts(Facts):
    """All blocks."""

    lang: str
    corpus: CorpusFacts
    vocabulary: VocabularyFacts
    results: list[EpochFacts]
    tokens: TokensFacts
    model: KindFacts
    training: dict[str, Any]  # Any: settings, of which a newer version may know more
    initial: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, Any]
    corpus_fingerprint: dict[str, Any] = Field(default_factory=dict)


def check_facts(meta: dict[str, Any], *, path: str) -> None:  # Any: JSON values
    """Raise StorageError if the meta data of a model lack what is read later. path: of their file."""
    check_block(ModelFacts, meta, path=path)
    settings_of(VocabularySettings, meta["vocabulary"], path=path, section="vocabulary")
    check_settings(meta, path=path)


def check_settings(facts: dict[str, Any], *, path: str, section: str = "") -> None:  # Any: JSON values
    """Raise StorageError unless facts have the settings that training goes on with. See `settings_of`."""
    for name, block in (("tokens", TokensSettings), ("model", ModelSettings), ("training", TrainingSettings)):
        settings_of(block, facts.get(name), path=path, section=f"{section}.{name}" if section else name)


AnySettings = TypeVar("AnySettings", bound=Settings)


def settings_of(block: type[AnySettings], values: object, *, path: str, section: str) -> AnySettings:
    """Return a block of settings in meta data, without those that only a newer version knows.

    path: of the file; section: of the block in it, for errors. Raises StorageError for wrong values, as those that only
    a newer version knows are too.
    """
    known = values
    if isinstance(values, dict):
        known = {key: value for key, value in values.items() if key in block.model_fields}
    return check_block(block, known, path=path, section=section)


def check_block(block: type[Block], values: object, *, path: str, section: str = "") -> Block:
    """Return a block of meta data as an object. path, section: see `settings_of`. Raises StorageError."""
    try:
        return block.model_validate(values)
    except ValidationError as error:
        try:
            problem = describe_problem(error.errors()[0], section)[:LONGEST_PROBLEM]
        except RecursionError:
            problem = f"{section} has values that lie too deep".lstrip()
    raise StorageError(
        f"{path}: {problem}. It is damaged, or was written by a newer version of spacy-w2v, which alone can read it."
    )
