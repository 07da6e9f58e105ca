"""`spacy info PIPELINE`: the record of the vectors, in lines that people can read.

spaCy prints each entry of a pipeline's meta.json by `str`, so that the record, which has blocks of settings, would be
one line of some 2,000 characters. Here it becomes a dict with another `str`. Programs that call `spacy.cli.info` get
the same values as before.
"""

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy_w2v.model._run_record import VectorsRecord

META_KEY = "w2v"
INDENT = "\n    - "
"""Before each line: they are a list below its entry, in the terminal as in Markdown."""

InfoModel = Callable[..., dict[str, Any]]  # Any: values of a meta.json


class ReadableRecord(dict[str, Any]):  # Any: JSON values
    """The record of vectors, which prints as a list of lines. Its values are those of meta.json."""

    def __str__(self) -> str:
        """Return the lines, or what a dict prints if the record is damaged or of a newer version."""
        from spacy_w2v._system.terminal import shown
        from spacy_w2v.errors import StorageError
        from spacy_w2v.model._run_record import VectorsRecord, parse_record

        try:
            record = parse_record(VectorsRecord, dict(self), path="meta.json", section=META_KEY)
        except StorageError:
            return super().__repr__()
        return "".join(f"{INDENT}{name}: {shown(text)}" for name, text in lines_of(record))


def lines_of(record: "VectorsRecord") -> Iterator[tuple[str, str]]:
    """Yield what a record says about vectors, by what it concerns."""
    from spacy_w2v.keys._resolution import kind_of_words

    corpus, vocabulary, model, training = record.corpus, record.vocabulary, record.model, record.training
    yield "corpus", f"{corpus.source}; {corpus.n_documents:,} documents, {corpus.n_tokens:,} tokens"
    yield (
        "words",
        f"{vocabulary.n_words:,} of {corpus.n_types:,} types ({kind_of_words(record.tokens)}, min_count "
        f"{vocabulary.min_count}), which cover {vocabulary.coverage:.1%} of the tokens",
    )
    yield "model", f"{model.architecture}, {model.loss}; {model.vector_size} dimensions, window {model.window}"
    done = record.export.postprocess
    yield "vectors", f"{record.vector_kind}{f', {done}' if done else ''}"
    if record.initial.source:
        yield "started from", f"{record.initial.source}, which has {record.initial.n_found:,} of the words"
    if record.results:
        first, last = record.results[0], record.results[-1]
        yield (
            "training",
            f"{len(record.results)} of {training.epochs} epochs in {last.seconds:,.1f} s, {last.words_per_s:,.0f} "
            f"words/s; loss {first.loss:.4f} in the first epoch, {last.loss:.4f} in the last",
        )
    yield "versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())


def with_readable_record(info_model: InfoModel) -> InfoModel:
    """Return spaCy's function for the meta data of a pipeline, so that the record in it prints as lines."""

    @wraps(info_model)
    def info(*arguments: Any, **options: Any) -> dict[str, Any]:  # Any: those of spaCy's version
        meta = info_model(*arguments, **options)
        record = meta.get(META_KEY)
        return {**meta, META_KEY: ReadableRecord(record)} if isinstance(record, dict) else meta

    return info


def make_info_readable() -> None:
    """Let the command `spacy info` print records as lines."""
    module = sys.modules.get("spacy.cli.info")  # spacy.cli.info as an attribute is the function
    info_model = getattr(module, "info_model", None)
    if info_model is not None and not hasattr(info_model, "__wrapped__"):
        setattr(module, "info_model", with_readable_record(info_model))  # noqa: B010  # mypy knows no such attribute


make_info_readable()
