"""The component itself: initialized once, called for each document, saved with the pipeline."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import srsly
from spacy.language import Language
from spacy.tokens import Doc

from spacy_w2v.component.doc_vectors import DocVectors, PoolingSettings
from spacy_w2v.component.fitted import FILE_OF_PART, META_FILE, Fitted, fitted_from_files, fitted_to_files
from spacy_w2v.component.fitting import fit
from spacy_w2v.component.origin import Corpus, as_sampled_source, check_order, make_model, set_table
from spacy_w2v.component.word_rows import NO_ROW
from spacy_w2v.config.schema import VectorKind
from spacy_w2v.errors import ConfigError, StorageError

FACTS = ("lang", "corpus", "vocabulary", "tokens", "model", "training", "results", "versions")
"""Parts of a model's meta data that the component keeps."""


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
        section = f"initialize.components.{self.name}"
        source = as_sampled_source(corpus)
        if path is not None or source is not None:
            check_order(nlp, self)
        trained = make_model(
            nlp,
            path=path,
            source=source,
            blocks={name: block for name, block in blocks.items() if block is not None},
            vectors=vectors,
            section=section,
        )
        if trained is not None:
            set_table(nlp, trained, vectors=vectors)
        fitted = fit(nlp, trained, settings=self.settings, source=source, get_examples=get_examples, section=section)
        facts = {} if trained is None else {part: trained.meta[part] for part in FACTS if part in trained.meta}
        self._use(fitted, facts | {"vectors": vectors} if facts else {})

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
