"""The record of a run: its corpus, vocabulary, settings, package versions and results.

The same schema is used in the meta.json of models and checkpoints, in `nlp.meta["w2v"]` of pipelines, in the files of
the component, and for reports and loggers. Unknown keys, which a newer version may have written, are kept and written
again. A change that older versions cannot read needs a new schema version and an entry in MIGRATIONS.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat

from spacy_w2v.config._base import Settings
from spacy_w2v.config._export import VectorKind, VectorsSettings
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.model._blocks import AtLeastOne, Block, parse_block
from spacy_w2v.model._evaluation_record import EvaluationRecord
from spacy_w2v.model._postprocessing import Postprocessing
from spacy_w2v.model._recorded_settings import (
    RecordedCooccurrenceSettings,
    RecordedDistributedSettings,
    RecordedExportSettings,
    RecordedInitialSettings,
    RecordedModelSettings,
    RecordedPhraseSettings,
    RecordedTokensSettings,
    RecordedTrainingSettings,
    RecordedVocabularySettings,
)

SCHEMA_VERSION = 1

JsonDict = dict[str, Any]
"""A JSON object. Any: JSON values."""


class CorpusRecord(Block):
    """The sizes of a corpus."""

    source: str
    """A readable name, such as that of the data set."""
    n_documents: NonNegativeInt
    n_null: NonNegativeInt = 0
    """Documents skipped because they were null."""
    n_not_text: NonNegativeInt = 0
    """Documents skipped because they were not strings."""
    n_sentences: NonNegativeInt = 0
    """Lines, sentences or documents with tokens, depending on the setting `boundary`; 0 if unknown."""
    n_tokens: AtLeastOne
    n_types: NonNegativeInt
    n_dropped_types: NonNegativeInt = 0
    """Types dropped to stay within max_vocab_size."""
    n_dropped_tokens: NonNegativeInt = 0


class VocabularySummary(Block):
    """The sizes of a vocabulary."""

    n_words: NonNegativeInt
    n_rare: NonNegativeInt = 0
    """Words with fewer than min_count tokens, which `keep_words` has added."""
    n_types: NonNegativeInt = 0
    """Types of the corpus."""
    n_tokens_in_vocabulary: NonNegativeInt = 0
    coverage: NonNegativeFloat
    """Share of the corpus's tokens that are in the vocabulary, in [0, 1]."""
    most_frequent: list[str] = Field(default_factory=list)
    lowest_count: NonNegativeInt = 0
    """The lowest count of a word that is not rare."""


class PhrasesSummary(Block):
    """The phrases of the corpus, each of which is one token. The defaults stand for a corpus without phrases."""

    n_phrases: NonNegativeInt = 0
    """Distinct phrases of the corpus, frequent or not."""
    n_phrase_tokens: NonNegativeInt = 0
    """Tokens of the corpus that are phrases."""
    most_frequent: list[str] = Field(default_factory=list)
    n_split: NonNegativeInt = 0
    """Distinct phrases of a key function that are rarer, and stay as their tokens."""


class InitialSummary(Block):
    """The words found in the vectors that a run starts from. The defaults stand for a run without such vectors."""

    source: str | None = None
    n_source_words: NonNegativeInt = 0
    n_source_repeated: NonNegativeInt = 0
    """Repeated words in the source. Only the first vector of a word is used."""
    n_found: NonNegativeInt = 0
    """Words of the vocabulary that the source has."""
    n_new: NonNegativeInt = 0
    """Words of the vocabulary that the source lacks."""
    n_without_tokens: NonNegativeInt = 0
    """Words of the vocabulary that the corpus lacks."""
    outputs: bool = False
    """Whether the output vectors also start from the source."""
    frozen: bool = False
    """Whether the vectors of the source are not trained."""


class VocabularyRecord(VocabularySummary, RecordedVocabularySettings):
    """The block "vocabulary": the settings and the sizes."""


class PhrasesRecord(PhrasesSummary, RecordedPhraseSettings):
    """The block "phrases": the settings and the phrases found."""

    @property
    def delimiter_in_files(self) -> str | None:
        """What is between the words of phrases in the files of gensim and word2vec; None without phrases."""
        return self.delimiter if self.n_phrases else None


class InitialRecord(InitialSummary, RecordedInitialSettings):
    """The block "initial": the settings and the words found."""


class EpochResult(Block):
    """The result of an epoch."""

    epoch: AtLeastOne
    loss: float
    """Mean loss per pair (skip-gram) or centre (CBOW), a natural logarithm; for losses that learn from counts, the mean
    cost of a cell."""
    n_pairs: NonNegativeInt
    """Number of pairs or centres, or of cells."""
    n_kept: NonNegativeInt
    """Tokens kept by subsampling, or number of cells."""
    seconds: NonNegativeFloat
    """Since training began."""
    words_per_s: NonNegativeFloat
    """Tokens of the corpus per second, since training began."""
    alpha: NonNegativeFloat
    """Learning rate at the end of the epoch; 0 for a loss that is not trained in steps."""
    scores: dict[str, float | None] | None = None
    """Scores of the vectors after the epoch, by set of word pairs; None if they were not scored. See `ScorePoint`."""

    def to_json(self) -> JsonDict:
        """Return the result as JSON values, without scores if there are none."""
        return self.model_dump(exclude_unset=True)


class LearningRate(Block):
    """The settings of the learning rate from a task on. A resumed run may change them."""

    n_tasks_done: NonNegativeInt
    """Number of tasks before the change."""
    alpha: PositiveFloat
    min_alpha: NonNegativeFloat

    def changes(self, now: "LearningRate") -> list[str]:
        """Return a text for each of the two settings that has changed, such as "alpha is 0.1, was 0.05"."""
        names = ("alpha", "min_alpha")
        return [
            f"{name} is {getattr(now, name)}, was {getattr(self, name)}"
            for name in names
            if getattr(now, name) != getattr(self, name)
        ]


class Unfinished(Block):
    """The progress of an unfinished run, in a checkpoint."""

    epoch: AtLeastOne
    """The first epoch that is not complete, from 1."""
    n_tokens: NonNegativeInt
    """Tokens trained, over all epochs."""
    n_tokens_total: NonNegativeInt
    """Tokens to train, over all epochs."""


class CorpusSummary(Block):
    """The corpus, the vocabulary and the initial vectors of a run, as known before training."""

    corpus: CorpusRecord
    vocabulary: VocabularySummary | None = None
    """None if the corpus was only encoded."""
    initial: InitialSummary | None = None
    """None if the run does not start from vectors."""
    phrases: PhrasesSummary | None = None
    """None if no phrases were joined."""

    def to_json(self) -> JsonDict:
        """Return the summary as JSON values for a log, with the entries of corpus and vocabulary at the top level."""
        vocabulary = self.vocabulary.model_dump() if self.vocabulary is not None else {}
        initial = {"initial": self.initial.model_dump()} if self.initial is not None else {}
        phrases = {"phrases": self.phrases.model_dump()} if self.phrases is not None else {}
        return self.corpus.model_dump() | vocabulary | initial | phrases


def _joined(settings: Settings, found: Block | None) -> JsonDict:
    return settings.model_dump() | (found.model_dump(exclude_unset=True) if found is not None else {})


class RunRecord(Block):
    """The record of a run.

    You can add notes of your own: `model.record.comment = "..."` is saved with the model.
    """

    model_config = ConfigDict(frozen=False, validate_assignment=True)

    schema_version: AtLeastOne = SCHEMA_VERSION
    created: str | None = None
    run: str | None = None
    """A unique id of the run, the same in its checkpoint and its results."""
    corpus_fingerprint: dict[str, object] = Field(default_factory=dict)
    lang: str
    corpus: CorpusRecord
    vocabulary: VocabularyRecord
    tokens: RecordedTokensSettings
    phrases: PhrasesRecord = PhrasesRecord()
    """The settings of phrases, and those of the corpus. Records of earlier versions lack it."""
    model: RecordedModelSettings
    cooccurrence: RecordedCooccurrenceSettings = RecordedCooccurrenceSettings()
    training: RecordedTrainingSettings
    evaluation: EvaluationRecord = EvaluationRecord()
    """The settings of scores while training, and these scores. Records of earlier versions lack it."""
    distributed: RecordedDistributedSettings = RecordedDistributedSettings()
    initial: InitialRecord
    export: RecordedExportSettings = RecordedExportSettings()
    """What the vector of a word is. In records of earlier versions, which lack it, that is its input vector."""
    versions: dict[str, object]
    """Versions of the packages that the run used, by their names."""
    learning_rates: list[LearningRate] | None = None
    """The initial settings of the learning rate, and each change; None if it never changed."""
    results: list[EpochResult]
    """The results of the complete epochs; empty for models of other programs."""
    unfinished: Unfinished | None = None
    """The progress of the run if this is a checkpoint, otherwise None."""

    def __repr__(self) -> str:
        """Return a summary on one line. `to_json` returns all entries."""
        return (
            f"{type(self).__name__}(source={self.corpus.source!r}, n_tokens={self.corpus.n_tokens}, "
            f"n_words={self.vocabulary.n_words}, vector_size={self.model.vector_size}, loss={self.model.loss!r}, "
            f"epochs={len(self.results)})"
        )

    @classmethod
    def of(cls, settings: W2VSettings, found: CorpusSummary, *, lang: str, versions: Mapping[str, str]) -> "RunRecord":
        """Return the record of a run that has no results yet.

        Args:
            settings: The settings of the run.
            found: The corpus, the vocabulary and the initial vectors.
            lang: spaCy's code of the language.
            versions: Versions of packages, by their names.
        """
        values = {
            "lang": lang,
            "corpus": found.corpus,
            "vocabulary": _joined(settings.vocabulary, found.vocabulary),
            "tokens": settings.tokens.model_dump(),
            "phrases": _joined(settings.phrases, found.phrases),
            "model": settings.model.model_dump(),
            "cooccurrence": settings.cooccurrence.model_dump(),
            "training": settings.training.model_dump(),
            "evaluation": settings.evaluation.model_dump(),
            "distributed": settings.distributed.model_dump(),
            "initial": _joined(settings.initial, found.initial),
            "export": settings.export.model_dump(include=set(VectorsSettings.model_fields)),
            "versions": dict(versions),
            "results": [],
        }
        return cls.model_validate(values)

    def to_json(self) -> JsonDict:
        """Return the record as JSON values, without entries that were never set."""
        return {"schema_version": self.schema_version, **self.model_dump(exclude_unset=True)}

    @property
    def postprocessing(self) -> Postprocessing | None:
        """What is done to the vectors of words after training; None for nothing."""
        return Postprocessing.of(self.export)

    def for_pipeline(self, vector_kind: VectorKind, postprocessing: Postprocessing | None) -> "VectorsRecord":
        """Return the part of the record that is stored in a pipeline.

        Args:
            vector_kind: The kind of vectors in the pipeline.
            postprocessing: What was done to them.
        """
        known = {name: value for name, value in self if name in self.model_fields_set}
        kept = {name: value for name, value in known.items() if name not in MODEL_ONLY_FIELDS}
        done = {"postprocess": None} if postprocessing is None else postprocessing.settings()
        kept["export"] = self.export.model_copy(update={**done, "vector_kind": vector_kind})
        return VectorsRecord.model_validate({**kept, "vector_kind": vector_kind})


MODEL_ONLY_FIELDS = {"created", "run", "corpus_fingerprint", "distributed", "learning_rates", "unfinished"}
"""Entries of a record that are not stored in pipelines."""


class VectorsRecord(RunRecord):
    """The record of the run that trained a pipeline's vectors."""

    vector_kind: VectorKind
    """The kind of vectors in the pipeline."""


AnyRecord = TypeVar("AnyRecord", bound=RunRecord)


def parse_record(kind: type[AnyRecord], values: object, *, path: str, section: str = "") -> AnyRecord:
    """Return JSON values as a record. Records of older schema versions are migrated.

    Args:
        kind: RunRecord, or VectorsRecord for a pipeline.
        values: The JSON values.
        path: The path of the file, for errors.
        section: The section of the file that holds the values, for errors; empty for the whole file.

    Raises:
        StorageError: Values are missing or invalid, or a newer version has written them.
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
    """Migrate a record without a version number.

    It may lack the block "initial", which was added later. In the records of pipelines, `vector_kind` was called
    "vectors".
    """
    renamed = {"vector_kind" if name == "vectors" else name: value for name, value in values.items()}
    return {"initial": {}, **renamed}


MIGRATIONS: dict[int, Callable[[JsonDict], JsonDict]] = {0: _from_version_0}
"""For each older schema version, the function that migrates a record to the next version."""
