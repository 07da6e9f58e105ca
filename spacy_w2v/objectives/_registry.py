"""The losses and architectures by their names in a config. Only this module chooses among them."""

from spacy_w2v.config._losses import ArchitectureName, LossName
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.objectives._architectures import Architecture, Cbow, SkipGram
from spacy_w2v.objectives._full_softmax import FullSoftmax
from spacy_w2v.objectives._glove import Glove
from spacy_w2v.objectives._hierarchical_softmax import HierarchicalSoftmax
from spacy_w2v.objectives._negative_sampling import NegativeSampling
from spacy_w2v.objectives._objective import Objective
from spacy_w2v.objectives._ppmi_svd import PpmiSvd

OBJECTIVES: dict[LossName, type[Objective]] = {
    NegativeSampling.name: NegativeSampling,
    HierarchicalSoftmax.name: HierarchicalSoftmax,
    FullSoftmax.name: FullSoftmax,
    Glove.name: Glove,
    PpmiSvd.name: PpmiSvd,
}

ARCHITECTURES: dict[ArchitectureName, type[Architecture]] = {
    SkipGram.name: SkipGram,
    Cbow.name: Cbow,
}


def objective_of(settings: ModelSettings) -> Objective:
    """Return the objective with the settings of a model."""
    return OBJECTIVES[settings.loss](settings)


def architecture_of(settings: ModelSettings) -> Architecture:
    """Return the architecture with the settings of a model."""
    return ARCHITECTURES[settings.architecture](settings)


def gensim_names(*, sg: bool, hs: bool) -> tuple[ArchitectureName, LossName]:
    """Return the architecture and loss of a gensim Word2Vec with these settings.

    Args:
        sg: gensim's `sg`: skip-gram rather than CBOW.
        hs: gensim's `hs`: hierarchical softmax rather than negative sampling.
    """
    return (SkipGram if sg else Cbow).name, (HierarchicalSoftmax if hs else NegativeSampling).name


def parameter_names() -> list[str]:
    """Return the names of the parameters of all objectives."""
    shapes = (objective(ModelSettings()).shapes(1) for objective in OBJECTIVES.values())
    return list(dict.fromkeys(name for each in shapes for name in each))
