"""Settings as files keep them: what stands there must be right, and what only a newer version knows is kept too."""

from spacy_w2v.config._initial import InitialSettings
from spacy_w2v.config._losses import ArchitectureName, LossName
from spacy_w2v.config._schema import (
    ModelSettings,
    TokenAttr,
    TokensSettings,
    TrainingSettings,
    VectorSize,
    VocabularySettings,
)
from spacy_w2v.model._blocks import KEEPS_UNKNOWN


class KeptTokensSettings(TokensSettings):
    """The block "tokens"."""

    model_config = KEEPS_UNKNOWN

    attr: TokenAttr


class KeptVocabularySettings(VocabularySettings):
    """The settings of the block "vocabulary"."""

    model_config = KEEPS_UNKNOWN


class KeptModelSettings(ModelSettings):
    """The block "model"."""

    model_config = KEEPS_UNKNOWN

    architecture: ArchitectureName
    loss: LossName
    vector_size: VectorSize


class KeptInitialSettings(InitialSettings):
    """The settings of the block "initial"."""

    model_config = KEEPS_UNKNOWN


class KeptTrainingSettings(TrainingSettings):
    """The block "training"."""

    model_config = KEEPS_UNKNOWN
