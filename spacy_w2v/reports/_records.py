"""The record of the run that trained some vectors, wherever it is kept."""

from spacy_w2v.errors import StorageError
from spacy_w2v.model._run_record import RunRecord, VectorsRecord, parse_record
from spacy_w2v.model._word_vectors import WordVectors


def record_of(vectors: WordVectors) -> RunRecord | None:
    """Return the record of the model of these vectors or in their pipeline; None if there is no valid one."""
    if vectors.model is not None:
        return vectors.model.record
    values = vectors.nlp.meta.get("w2v") if vectors.nlp is not None else None
    if values is None:
        return None
    try:
        return parse_record(VectorsRecord, values, path=vectors.name, section="w2v")
    except StorageError:
        return None
