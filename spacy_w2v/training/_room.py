"""The room that a run needs: memory for its weights, and disk space for its results and its checkpoint."""

from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.formats._exporting import n_bytes as n_bytes_of_exports
from spacy_w2v.objectives._parameters import n_bytes
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training._memory import check_memory
from spacy_w2v.training._stages import Prepared
from spacy_w2v.training.distributed._replicas import copies_here


def check_room(settings: W2VSettings, prepared: Prepared, *, keeps_state: bool) -> int:
    """Check that the weights of a run fit into memory.

    Args:
        settings: The settings of the run.
        prepared: The vocabulary, the scorers and the cluster.
        keeps_state: Whether checkpoints are written.

    Returns:
        The size of results and checkpoint on disk, in bytes.

    Raises:
        TrainingError: The weights do not fit into memory.
    """
    objective = objective_of(settings.model)
    trained, of_model = (
        n_bytes(shapes(prepared.inputs)) for shapes in (objective.trained_shapes, objective.model_shapes)
    )
    n_words, vector_size = len(prepared.vocabulary), settings.model.vector_size
    n_copies = copies_here(prepared.cluster, settings.distributed.machines)
    keeps_best = bool(prepared.scorers) and settings.evaluation.select == "best"
    n_weights = (n_copies + keeps_best - 1) * trained + of_model
    buckets = prepared.inputs.buckets
    check_memory(n_weights, n_words=n_words, vector_size=vector_size, n_subwords=0 if buckets is None else len(buckets))
    of_state = of_model + keeps_best * trained if keeps_state else 0
    of_exports = n_bytes_of_exports(
        settings.export, n_words=n_words, vector_size=vector_size, subwords=settings.model.subwords
    )
    return of_model + of_state + of_exports
