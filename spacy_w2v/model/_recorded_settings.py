"""Settings as recorded in files. Known values are validated, and unknown keys of newer versions are kept."""

from pydantic import field_serializer, field_validator

from spacy_w2v.config._cooccurrence import CooccurrenceSettings
from spacy_w2v.config._distributed import DistributedSettings
from spacy_w2v.config._evaluation import EvaluationSettings
from spacy_w2v.config._export import VectorsSettings
from spacy_w2v.config._initial import InitialSettings
from spacy_w2v.config._losses import ArchitectureName, LossName
from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.config._schema import (
    ModelSettings,
    TokenAttr,
    TokensSettings,
    TrainingSettings,
    VectorSize,
    VocabularySettings,
)
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.model._blocks import ALLOW_UNKNOWN_KEYS


class RecordedTokensSettings(TokensSettings):
    """The settings of the block "tokens"."""

    model_config = ALLOW_UNKNOWN_KEYS

    attr: TokenAttr


class RecordedVocabularySettings(VocabularySettings):
    """The settings of the block "vocabulary"."""

    model_config = ALLOW_UNKNOWN_KEYS


class RecordedSubwordSettings(SubwordSettings):
    """The settings of the block "subwords" in "model"."""

    model_config = ALLOW_UNKNOWN_KEYS


class RecordedPhraseSettings(PhraseSettings):
    """The settings of the block "phrases"."""

    model_config = ALLOW_UNKNOWN_KEYS

    @field_validator("threshold", "connector_words", mode="before")
    @classmethod
    def lists_are_tuples(cls, value: object) -> object:
        """Return a list as a tuple, since JSON has no tuples."""
        return tuple(value) if isinstance(value, list) else value

    @field_serializer("threshold", "connector_words")
    def tuples_are_lists(self, value: object) -> object:
        """Return a tuple as a list, as it is read again."""
        return list(value) if isinstance(value, tuple) else value


class RecordedModelSettings(ModelSettings):
    """The settings of the block "model"."""

    model_config = ALLOW_UNKNOWN_KEYS

    architecture: ArchitectureName
    loss: LossName
    vector_size: VectorSize
    subwords: RecordedSubwordSettings = RecordedSubwordSettings()


class RecordedCooccurrenceSettings(CooccurrenceSettings):
    """The settings of the block "cooccurrence"."""

    model_config = ALLOW_UNKNOWN_KEYS


class RecordedInitialSettings(InitialSettings):
    """The settings of the block "initial"."""

    model_config = ALLOW_UNKNOWN_KEYS


class RecordedExportSettings(VectorsSettings):
    """The settings of the block "export" that say what the vector of a word is."""

    model_config = ALLOW_UNKNOWN_KEYS


class RecordedTrainingSettings(TrainingSettings):
    """The settings of the block "training"."""

    model_config = ALLOW_UNKNOWN_KEYS


class RecordedEvaluationSettings(EvaluationSettings):
    """The settings of the block "evaluation"."""

    model_config = ALLOW_UNKNOWN_KEYS


class RecordedDistributedSettings(DistributedSettings):
    """The settings of the block "distributed"."""

    model_config = ALLOW_UNKNOWN_KEYS
