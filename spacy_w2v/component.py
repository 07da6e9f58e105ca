"""The component `w2v`: how a pipeline's word vectors come to be, and what is made of them for documents and spans."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import numpy as np
import srsly
from pydantic import BeforeValidator
from spacy.language import Language
from spacy.tokens import Doc, Token
from spacy.util import logger
from thinc.api import Model, get_current_ops

from spacy_w2v.config.schema import VectorKind, parse_settings
from spacy_w2v.corpus.tokens import transient_strings
from spacy_w2v.doc_vectors import DocVectors, PoolingSettings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.fitted import FILE_OF_PART, META_FILE, Fitted, fitted_from_files, fitted_to_files
from spacy_w2v.pooling import common_components
from spacy_w2v.types import Vectors
from spacy_w2v.word_rows import NO_ROW, table_facts

if TYPE_CHECKING:
    from spacy_w2v.model.trained import TrainedModel
    from spacy_w2v.text_sample import SampledSource

FEWEST_TEXTS = 10
"""Texts with known words that common components are found in, at least: a handful has no direction of its own."""

MOST_EXAMPLES = 5_000

FACTS = ("lang", "corpus", "vocabulary", "tokens", "model", "training", "results", "versions")
"""Parts of a model's meta data that the component keeps."""


def as_sampled_source(corpus: Any) -> "SampledSource | None":  # Any: what a reader made, or texts
    """Return a source that remembers a sample of what it reads; None for None.

    corpus: a TextSource, a dataset or an iterable of strings, as for `spacy_w2v.train`. Raises ConfigError for a block
    of a config that names no reader, and CorpusError for what is no texts.
    """
    if corpus is None:
        return None
    from spacy_w2v.corpus.iterables import as_source
    from spacy_w2v.text_sample import SampledSource

    if isinstance(corpus, dict):
        raise ConfigError(
            'corpus must be a reader of texts, as of @readers = "spacy_w2v.Dataset.v1", but was a block with: '
            f"{', '.join(map(str, corpus))}"
        )
    return corpus if isinstance(corpus, SampledSource) else SampledSource(as_source(corpus))


Corpus: TypeAlias = Annotated[Any, BeforeValidator(as_sampled_source)]
"""Texts or their source. spaCy passes settings through pydantic, which makes a dict of a dataclass, as sources are."""

# When the module is imported, so that a document or component that is unpickled finds them too.
if not Doc.has_extension("w2v_vector"):
    Doc.set_extension("w2v_vector", default=None)
if not Token.has_extension("w2v_oov"):
    Token.set_extension("w2v_oov", default=False)


@Language.factory(
    "w2v",
    assigns=["doc.vector", "doc._.w2v_vector", "token._.w2v_oov"],
    default_config=asdict(PoolingSettings()),
)
def make_w2v(
    nlp: Language,
    name: str,
    pooling: Literal["sif", "mean"],
    sif_a: float,
    n_common: int,
    frequencies: Literal["corpus", "zipf"],
    max_edits: int,
) -> "Word2VecComponent":
    """Make the component; its settings are those of PoolingSettings. Raises ConfigError."""
    settings = PoolingSettings(
        pooling=pooling, sif_a=sif_a, n_common=n_common, frequencies=frequencies, max_edits=max_edits
    )
    return Word2VecComponent(name, settings)


class Word2VecComponent:
    """Sets the vectors of documents and spans, and on `initialize` those of the pipeline's vocab.

    The table of word vectors is the vocab's, and saved with it; the component keeps what belongs to its rows.
    """

    def __init__(self, name: str, settings: PoolingSettings) -> None:
        self.name = name
        self.settings = settings
        self.facts: dict[str, Any] = {}  # Any: JSON values
        """Where the vectors came from, if they were trained or loaded here: corpus, settings and results."""
        self.doc_vectors = DocVectors(settings, None)
        """What makes the vectors."""

    def __call__(self, doc: Doc) -> Doc:
        """Set the vector of a document, the hooks for all vectors of it and its spans, and which tokens have none.

        Raises ConfigError if the pipeline's table is missing, or not the one that the component was made with.
        """
        maker = self.doc_vectors
        rows = maker.rows(doc)
        doc._.w2v_vector = maker.pool(doc.vocab, rows)
        for i in np.flatnonzero(rows == NO_ROW).tolist():
            if not doc[i].is_space:
                doc[i]._.w2v_oov = True
        # Norms are left to spaCy, which takes them of these vectors: where there is a hook for the norm of a span,
        # spaCy 3.8 returns its vector.
        hooks = {"has_vector": maker.has_vector, "similarity": maker.similarity}
        doc.user_hooks.update(hooks, vector=maker.doc_vector)
        doc.user_span_hooks.update(hooks, vector=maker.span_vector)
        return doc

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Any]],  # Any: spaCy's Examples
        *,
        nlp: Language | None = None,
        corpus: Corpus = None,
        tokens: dict[str, Any] | None = None,
        vocabulary: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
        training: dict[str, Any] | None = None,
        path: str | Path | None = None,
        vectors: VectorKind = "input",
    ) -> None:
        """Give the pipeline its word vectors, and find the common components of texts.

        corpus: a reader, or what `spacy_w2v.train` takes; vectors are trained on its texts.
        tokens, vocabulary, model, training: settings as in the blocks of `[w2v]`.
        path: a model that is trained already, in place of training; corpus is then read for common components only.
            With neither, the pipeline's vectors stay.
        vectors: those of the model that are taken.

        Common components are those of texts of the corpus, or of the examples where there is none.

        Raises ConfigError for settings that do not go together, for a pipeline without vectors, and for a component
        that uses word vectors but stands before this one; and what training and loading raise.
        """
        if nlp is None:
            raise ConfigError("initialize needs the pipeline whose vectors these are, was: nlp=None")
        blocks = {"tokens": tokens, "vocabulary": vocabulary, "model": model, "training": training}
        given = {key: value for key, value in blocks.items() if value is not None}
        if given and (path is not None or corpus is None):
            raise ConfigError(
                f"[initialize.components.{self.name}] has settings of training ({', '.join(given)}), but "
                + ("path names a model that is trained already. Leave out one." if path else "no corpus to train on.")
            )
        source = as_sampled_source(corpus)
        trained: TrainedModel | None = None
        if path is not None:
            from spacy_w2v.api import load

            check_order(nlp, self)
            trained = load(path, mmap=True)
        elif source is not None:
            check_order(nlp, self)
            trained = _train(nlp, source, given, vectors=vectors)
        elif not len(nlp.vocab.vectors.data):
            raise ConfigError(
                f"The component '{self.name}' needs word vectors, but the pipeline has none. Name texts to train on in "
                f"[initialize.components.{self.name}.corpus], a trained model as path in "
                f"[initialize.components.{self.name}], or a pipeline with vectors as vectors in [initialize]."
            )
        if trained is not None:
            _set_vectors(nlp, trained, vectors=vectors)
        fitted = _without_common(nlp, trained, self.settings)
        if self.settings.n_removed:
            DocVectors(replace(self.settings, n_common=0), fitted).check()
            fitted = replace(fitted, common=self._common(nlp, fitted, source, get_examples))
        facts = {} if trained is None else {part: trained.meta[part] for part in FACTS if part in trained.meta}
        self._use(fitted, facts | {"vectors": vectors} if facts else {})

    def _common(
        self,
        nlp: Language,
        fitted: Fitted,
        source: "SampledSource | None",
        get_examples: Callable[[], Iterable[Any]],
    ) -> Vectors:
        """Return the common components of a sample of texts."""
        n = self.settings.n_common
        if n >= fitted.table.vector_size:
            raise ConfigError(
                f"n_common must be less than the dimensions of the vectors, {fitted.table.vector_size}, was: {n}"
            )
        maker = DocVectors(replace(self.settings, n_common=0), fitted)
        with transient_strings(nlp):
            if source is not None and (lines := source.sample()):
                pooled = [maker.span_vector(nlp.make_doc(line)) for line in lines]
            else:
                pooled = [maker.span_vector(example.reference) for example in islice(get_examples(), MOST_EXAMPLES)]
        known = [vector for vector in pooled if vector.any()]
        if len(known) < max(FEWEST_TEXTS, n):
            raise ConfigError(
                f"n_common = {n} takes out what is common to texts, and needs at least {max(FEWEST_TEXTS, n)} with "
                f"words that have vectors to find it, but there were {len(known)}. Give more examples, or a reader in "
                f"[initialize.components.{self.name}.corpus]; or set n_common = 0."
            )
        return common_components(np.stack(known), n=n)

    def _use(self, fitted: Fitted | None, facts: dict[str, Any]) -> None:
        maker = DocVectors(self.settings, fitted)
        if fitted is not None:
            maker.check()
        self.doc_vectors, self.facts = maker, facts

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write meta.json, counts.npy and common.npy to a directory; exclude: "counts", "common"."""
        directory = Path(path)
        directory.mkdir(parents=True, exist_ok=True)
        files = fitted_to_files(self.doc_vectors.fitted, self.facts, exclude=set(exclude))
        for name, content in files.items():
            (directory / name).write_bytes(content)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "Word2VecComponent":
        """Read what to_disk wrote. Raises StorageError, which names the file that is missing or damaged."""
        directory = Path(path)
        names = (META_FILE, *FILE_OF_PART.values())
        files = {name: (directory / name).read_bytes() for name in names if (directory / name).is_file()}
        self._use(*fitted_from_files(files, place=f"{directory}/", exclude=set(exclude)))
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return what to_disk writes, as bytes."""
        content: bytes = srsly.msgpack_dumps(fitted_to_files(self.doc_vectors.fitted, self.facts, exclude=set(exclude)))
        return content

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "Word2VecComponent":
        """Read what to_bytes returned. Raises StorageError if it is damaged."""
        try:
            files = dict(srsly.msgpack_loads(bytes_data))
        except Exception as error:  # msgpack raises many kinds
            raise StorageError(f"The bytes of the component '{self.name}' are damaged: {error}") from None
        self._use(*fitted_from_files(files, place=f"{self.name}/", exclude=set(exclude)))
        return self


def check_order(nlp: Language, component: Word2VecComponent) -> None:
    """Raise ConfigError if a component that stands before this one would be initialized without the vectors.

    Warn of components that use word vectors but are not to be initialized, since they were trained with others.
    """
    names = [name for name, _ in nlp.pipeline]
    position = next((i for i, (_, pipe) in enumerate(nlp.pipeline) if pipe is component), len(names))
    users = [name for name, pipe in nlp.components if _uses_static_vectors(pipe)]
    early = [name for name in users if name in names[:position]]
    if early:
        raise ConfigError(
            f"'{component.name}' must stand before the components that use its vectors, but {early[0]} comes first in "
            f"pipeline = {names}. Move '{component.name}' to the front of [nlp] pipeline."
        )
    frozen = [name for name in users if name not in names]
    if frozen:
        warnings.warn(
            f"'{component.name}' replaces the vectors that {', '.join(frozen)}, not initialized now, was trained with.",
            stacklevel=3,
        )


def _uses_static_vectors(pipe: object) -> bool:
    """Say whether a component's model has a layer of spaCy's static vectors, whatever architecture put it there."""
    model = getattr(pipe, "model", None)
    return isinstance(model, Model) and any(layer.name == "static_vectors" for layer in model.walk())


def _train(
    nlp: Language, source: "SampledSource", blocks: dict[str, dict[str, Any]], *, vectors: VectorKind
) -> "TrainedModel":
    from spacy_w2v.training.job import JobListener, Word2VecJob

    blocks["tokens"] = {"n_process": 1} | blocks.get("tokens", {})
    listener = JobListener(
        message=logger.info,
        corpus=lambda facts: logger.info("w2v: training on %d tokens, %d words", facts["n_tokens"], facts["n_words"]),
        epoch=lambda result: logger.info("w2v: epoch %d, loss %.4f", result.epoch, result.loss),
    )
    settings = parse_settings({**blocks, "export": {"vectors": vectors}})  # before training, whether there will be such
    return Word2VecJob(source=source, nlp=nlp, settings=settings).run(listener)


def _set_vectors(nlp: Language, trained: "TrainedModel", *, vectors: VectorKind) -> None:
    from spacy_w2v.export.to_spacy import set_vectors

    set_vectors(nlp, trained, vectors=vectors)
    nlp.vocab.vectors.to_ops(get_current_ops())  # as Language.initialize does with those of [initialize]


def _without_common(nlp: Language, trained: "TrainedModel | None", settings: PoolingSettings) -> Fitted:
    """Return what is known of the pipeline's table before its texts have been looked at."""
    table = table_facts(nlp.vocab.vectors)
    return Fitted(
        table=table,
        counts=np.array(trained.vocabulary.counts) if trained is not None else None,
        n_tokens=int(trained.meta["corpus"]["n_tokens"]) if trained is not None else 0,
        common=np.zeros((0, table.vector_size), np.float32),
        sif_a=settings.sif_a,
        frequencies=settings.frequencies,
    )
