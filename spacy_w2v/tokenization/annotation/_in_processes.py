"""Encoders of keys for a pipeline, in this process and in others."""

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._protocol import KeyFunction, required_by
from spacy_w2v.keys._requirements import is_annotated
from spacy_w2v.keys._resolution import key_function_of, name_of_keys
from spacy_w2v.sources._source import ANNOTATED_DOCS, TextBatch
from spacy_w2v.tokenization._code import import_user_code
from spacy_w2v.tokenization._components import annotation_set_by, check_annotation, needed_components
from spacy_w2v.tokenization._processes import map_in_processes
from spacy_w2v.tokenization._tokens import EncodedBatch
from spacy_w2v.tokenization.annotation._annotator import Annotator
from spacy_w2v.tokenization.annotation._doc_keys import KeyReader
from spacy_w2v.tokenization.annotation._key_encoder import KeyEncoder
from spacy_w2v.tokenization.annotation._pickling import pickled_if_possible, unpickled

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

SINGLE_PROCESS_BYTES = 256 << 10
"""Bytes of text up to which this process annotates alone: starting others takes as long as annotating some of it."""

KEPT_GROUPS = 16
"""The number of groups of texts whose words another process keeps in its vocab: some 10,000 words."""


class KeyEncoding(NamedTuple):
    """What encoders of keys are made of, in any process."""

    annotator: Annotator
    function: KeyFunction
    settings: TokensSettings
    max_characters: int
    needed: Sequence[str] | None
    """The annotation with which a Doc of a file needs no components. None if that is not known."""
    problem: ConfigError | None
    """Why the components do not set all annotation that the keys need."""

    def encoder(self, n_kept_groups: int = 0) -> KeyEncoder:
        """Return a new encoder; see `KeyEncoder` for the argument."""
        settings, needed = self.settings, self.needed
        reader = KeyReader(
            self.function,
            name=name_of_keys(settings),
            boundary=settings.boundary,
            min_tokens=settings.min_tokens,
        )

        def has_all(doc: "Doc") -> bool:
            return needed is not None and is_annotated(doc, needed)

        return KeyEncoder(
            self.annotator,
            reader,
            is_annotated=has_all,
            problem=self.problem,
            max_characters=self.max_characters,
            n_kept_groups=n_kept_groups,
        )


def key_encoding(nlp: "Language", settings: TokensSettings) -> KeyEncoding:
    """Return what encoders of keys are made of.

    Args:
        nlp: The pipeline with the tokenizer and the components.
        settings: The block `[w2v.tokens]`, with keys.

    Raises:
        ConfigError: The key function cannot be created.
    """
    function = key_function_of(settings)
    assert function is not None  # the settings have keys
    problem = None
    try:
        check_annotation(nlp, function, name_of_keys(settings))
    except ConfigError as error:  # Docs of files may have the annotation
        problem = error
    components = [(name, nlp.get_pipe(name)) for name in needed_components(nlp, function)]
    needed = required_by(function)
    if needed is None and (found := annotation_set_by(nlp)) is not None:
        needed = sorted(found)
    return KeyEncoding(
        Annotator(nlp.vocab, nlp.tokenizer, components, nlp.batch_size), function, settings, nlp.max_length,
        needed=needed, problem=problem,
    )  # fmt: skip


def encode_by_keys(
    batches: Iterator[TextBatch],
    encoding: KeyEncoding,
    *,
    code_path: Path | None,
    n_cores: int | None,
) -> Generator[tuple[TextBatch, EncodedBatch], None, None]:
    """Annotate and encode batches in order; see `encode_stream` for the arguments.

    Batches should be small, because each is a task of a process: some 32 kB of text take a second.

    Raises:
        ConfigError: The key function fails, or the components do not set all annotation that it needs.
        CorpusError: The texts cannot be read, a component fails, or a process has ended.
    """
    n_asked = encoding.settings.n_process
    n_process = encoding.annotator.n_processes(n_asked, n_cores)
    first: list[TextBatch] = []
    while n_process > 1 and not _is_enough(first, n_asked) and (batch := next(batches, None)) is not None:
        first.append(batch)
    payload = None
    if n_process > 1 and _is_enough(first, n_asked):
        if encoding.problem is not None and first[0].texts.type != ANNOTATED_DOCS:
            raise encoding.problem
        payload = pickled_if_possible(
            encoding.annotator, encoding, n_asked=n_asked, without_components="its tokenizer or the key function"
        )
    if payload is None:
        encoder = encoding.encoder()
        for batch in chain(first, batches):
            yield batch, encoder.encode(batch.texts)
    else:
        yield from map_in_processes(partial(_make_encoder, payload, code_path), chain(first, batches), n_process)


def _is_enough(batches: list[TextBatch], n_asked: int) -> bool:
    """Return whether some batches are worth other processes."""
    if n_asked > 1:
        return len(batches) > 1
    return len(batches) > 1 and sum(batch.texts.nbytes for batch in batches) >= SINGLE_PROCESS_BYTES


def _make_encoder(payload: bytes, code_path: Path | None) -> Callable[[TextBatch], EncodedBatch]:
    """Return the function that encodes batches in another process."""
    import_user_code(code_path)
    _, (encoding,) = unpickled(payload)
    encoder: KeyEncoder = encoding.encoder(KEPT_GROUPS)
    return lambda batch: encoder.encode(batch.texts).compact()
