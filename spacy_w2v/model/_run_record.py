"""The record of a run: what a model was trained on, how, and what came of it.

One schema for the meta.json of models and checkpoints, for `nlp.meta["w2v"]` of pipelines, for what the component
saves, for reports and loggers. Keys that only a newer version knows are kept, wherever they stand, and are written
again. A change that older versions cannot read takes another schema version, and a step in MIGRATIONS.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat

from spacy_w2v.config._base import Settings
from spacy_w2v.config._export import VectorKind
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.model._blocks import AtLeastOne, Block, parse_block
from spacy_w2v.model._kept_settings import (
    KeptInitialSettings,
    KeptModelSettings,
    KeptTokensSettings,
    KeptTrainingSettings,
    KeptVocabularySettings,
)

SCHEMA_VERSION = 1

JsonDict = dict[str, Any]
"""A JSON object. Any: JSON values."""


class CorpusRecord(Block):
    """What was found in a corpus."""

    source: str
    """A name for people, such as the data set's."""
    n_documents: NonNegativeInt
    n_null: NonNegativeInt = 0
    """Documents left out because they were null."""
    n_not_text: NonNegativeInt = 0
    """Documents left out because they were no strings."""
    n_sentences: NonNegativeInt = 0
    """Lines, sentences or documents with tokens, as the setting `boundary` has it; 0 where that is not known."""
    n_tokens: AtLeastOne
    n_types: NonNegativeInt
    n_dropped_types: NonNegativeInt = 0
    """Types dropped to stay within max_vocab_size."""
    n_dropped_tokens: NonNegativeInt = 0


class VocabularySummary(Block):
    """What was found of a vocabulary."""

    n_words: NonNegativeInt
    n_rare: NonNegativeInt = 0
    """Words below min_count, which are there since they were to be kept."""
    n_types: NonNegativeInt = 0
    """Types of the corpus."""
    n_tokens_in_vocabulary: NonNegativeInt = 0
    coverage: NonNegativeFloat
    """Share of the corpus's tokens, in [0, 1]."""
    most_frequent: list[str] = Field(default_factory=list)
    lowest_count: NonNegativeInt = 0
    """The lowest count of a word that is not rare."""


class InitialSummary(Block):
    """What was found in vectors that a run starts from; as it is here where there are none."""

    source: str | None = None
    n_source_words: NonNegativeInt = 0
    n_source_repeated: NonNegativeInt = 0
    """Words of the source that it has more than once, of which the first one counts."""
    n_found: NonNegativeInt = 0
    """Words of the vocabulary that the source has."""
    n_new: NonNegativeInt = 0
    n_without_tokens: NonNegativeInt = 0
    """Words that are there because the source has them."""
    outputs: bool = False
    """Whether the output vectors start from there too."""
    frozen: bool = False


class VocabularyRecord(VocabularySummary, KeptVocabularySettings):
    """The block "vocabulary": settings, and what they led to."""


class InitialRecord(InitialSummary, KeptInitialSettings):
    """The block "initial": settings, and what they led to."""


class EpochResult(Block):
    """The result of an epoch."""

    epoch: AtLeastOne
    loss: float
    """Mean loss per positive pair."""
    n_pairs: NonNegativeInt
    n_kept: NonNegativeInt
    """Tokens kept by subsampling."""
    seconds: NonNegativeFloat
    """Since training began."""
    words_per_s: NonNegativeFloat
    """Tokens of the corpus per second, since training began."""
    alpha: NonNegativeFloat
    """Learning rate at the end."""


class LearningRate(Block):
    """The learning rate from a task on, which a resumed run may change."""

    n_tasks_done: NonNegativeInt
    """Tasks before the change."""
    alpha: PositiveFloat
    min_alpha: NonNegativeFloat

    def changes(self, now: "LearningRate") -> list[str]:
        """Return a text for each of the two rates that has changed."""
        names = ("alpha", "min_alpha")
        return [
            f"{name} is {getattr(now, name)}, was {getattr(self, name)}"
            for name in names
            if getattr(now, name) != getattr(self, name)
        ]


class Unfinished(Block):
    """How far the run of a checkpoint has come."""

    epoch: AtLeastOne
    """The first epoch that is not done."""
    n_tokens: NonNegativeInt
    n_tokens_total: NonNegativeInt


class CorpusSummary(Block):
    """What is known of a corpus, its vocabulary and the vectors to start from before training starts."""

    corpus: CorpusRecord
    vocabulary: VocabularySummary | None = None
    """None where the corpus was only encoded."""
    initial: InitialSummary | None = None

    def to_json(self) -> JsonDict:
        """Return the summary as the JSON values of a line of a log, where corpus and vocabulary are not set apart."""
        vocabulary = self.vocabulary.model_dump() if self.vocabulary is not None else {}
        initial = {"initial": self.initial.model_dump()} if self.initial is not None else {}
        return self.corpus.model_dump() | vocabulary | initial


def _joined(settings: Settings, found: Block | None) -> JsonDict:
    return settings.model_dump() | (found.model_dump(exclude_unset=True) if found is not None else {})


class RunRecord(Block):
    """The record of a run. It takes notes of users: `model.record.comment = "..."` is saved with the model."""

    model_config = ConfigDict(frozen=False, validate_assignment=True)

    schema_version: AtLeastOne = SCHEMA_VERSION
    created: str | None = None
    run: str | None = None
    """What distinguishes this run from all others; the same in its checkpoint and its results."""
    corpus_fingerprint: dict[str, object] = Field(default_factory=dict)
    lang: str
    corpus: CorpusRecord
    vocabulary: VocabularyRecord
    tokens: KeptTokensSettings
    model: KeptModelSettings
    training: KeptTrainingSettings
    initial: InitialRecord
    versions: dict[str, object]
    """Of the packages that the run took, by their names."""
    learning_rates: list[LearningRate] | None = None
    """Those that the run began with, and each change; None where there was none."""
    results: list[EpochResult]
    """Of the epochs that are done; empty for models of other programs."""
    unfinished: Unfinished | None = None
    """Of a checkpoint."""

    @classmethod
    def of(cls, settings: W2VSettings, found: CorpusSummary, *, lang: str, versions: Mapping[str, str]) -> "RunRecord":
        """Return the record of a run that has no results yet.

        Args:
            settings: of the run.
            found: corpus and vocabulary, and the vectors to start from, if any.
            lang: spaCy's code of the language.
            versions: of packages, by their names.
        """
        values = {
            "lang": lang,
            "corpus": found.corpus,
            "vocabulary": _joined(settings.vocabulary, found.vocabulary),
            "tokens": settings.tokens.model_dump(),
            "model": settings.model.model_dump(),
            "training": settings.training.model_dump(),
            "initial": _joined(settings.initial, found.initial),
            "versions": dict(versions),
            "results": [],
        }
        return cls.model_validate(values)

    def to_json(self) -> JsonDict:
        """Return the record as JSON values, without what was never set."""
        return {"schema_version": self.schema_version, **self.model_dump(exclude_unset=True)}

    def for_pipeline(self, vector_kind: VectorKind) -> "VectorsRecord":
        """Return what a pipeline with these vectors of the model keeps of the record."""
        known = {name: value for name, value in self if name in self.model_fields_set}
        kept = {name: value for name, value in known.items() if name not in ONLY_OF_MODELS}
        return VectorsRecord.model_validate({**kept, "vector_kind": vector_kind})


ONLY_OF_MODELS = {"created", "run", "corpus_fingerprint", "learning_rates", "unfinished"}
"""Parts of a record that pipelines do not keep."""


class VectorsRecord(RunRecord):
    """The record of the run that made a pipeline's vectors."""

    vector_kind: VectorKind
    """Which vectors of the model they are."""


AnyRecord = TypeVar("AnyRecord", bound=RunRecord)


def parse_record(kind: type[AnyRecord], values: object, *, path: str, section: str = "") -> AnyRecord:
    """Return JSON values as a record, whose older versions are brought up to date.

    Args:
        kind: RunRecord, or VectorsRecord of a pipeline.
        values: what a JSON file holds.
        path: of the file, for errors.
        section: where in the file the values stand, for errors; empty for all of it.

    Raises:
        StorageError: for values that are missing or wrong, or of a schema that only a newer version knows.
    """
    if not isinstance(values, dict):
        return parse_block(kind, values, path=path, section=section)
    version = values.get("schema_version", 0)
    if "schema_version" in values and (type(version) is not int or not 1 <= version <= SCHEMA_VERSION):
        raise StorageError(
            f"{path} must have a schema_version from 1 to {SCHEMA_VERSION}, was: {version!r:.100}. Read it with the "
            "version of spacy-w2v that wrote it."
        )
    for migrate in (MIGRATIONS[number] for number in range(version, SCHEMA_VERSION)):
        values = migrate(values)
    return parse_block(kind, {**values, "schema_version": SCHEMA_VERSION}, path=path, section=section)


def _from_version_0(values: JsonDict) -> JsonDict:
    """Add what records without a number may lack: vectors to start from came later, and gensim's models had none.

    In records of pipelines, `vector_kind` was called vectors.
    """
    renamed = {"vector_kind" if name == "vectors" else name: value for name, value in values.items()}
    return {"initial": {}, **renamed}


MIGRATIONS: dict[int, Callable[[JsonDict], JsonDict]] = {0: _from_version_0}
"""By schema version, what brings a record to the next one."""
