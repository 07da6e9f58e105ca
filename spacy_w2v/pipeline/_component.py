"""The component itself: initialized, called for each document, trained further if asked for, saved."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import validate_examples

from spacy_w2v.config._renamed import warn_of_former_name
from spacy_w2v.config._schema import VectorKind
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.evaluation._similarity import SimilaritySets
from spacy_w2v.formats.spacy._table_facts import table_facts
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.model._run_record import VectorsRecord
from spacy_w2v.pipeline._continuing import ContinuedTraining, LearningRates, MeanLoss
from spacy_w2v.pipeline._doc_vectors import DocVectors, PoolingSettings
from spacy_w2v.pipeline._files import read_state, state_from_bytes, state_to_bytes, write_state
from spacy_w2v.pipeline._fitting import fit
from spacy_w2v.pipeline._origin import Corpus, Origin, as_sampled_source, check_order, has_table, set_table
from spacy_w2v.pipeline._state import Outputs, State

if TYPE_CHECKING:
    from spacy_w2v.model._trained import TrainedModel


class Word2VecComponent:
    """Sets the vectors of documents and spans, and on `initialize` those of the pipeline's vocab.

    The table of word vectors is the vocab's, and saved with it; the component keeps what belongs to its rows.
    """

    model = None
    """Where spaCy looks for a model of Thinc, to take its own steps after those of `update`."""

    def __init__(
        self,
        name: str,
        settings: PoolingSettings,
        *,
        update: bool = False,
        alpha: float | Iterable[float] | None = None,
        similarity: Sequence[str] = (),
    ) -> None:
        """settings: of the vectors of documents. The others are described in `make_w2v`."""
        self.name = name
        self.settings = settings
        self.is_trainable = update
        self.similarity = SimilaritySets(similarity)
        self.record: VectorsRecord | None = None
        """Of the run that made the vectors, if they were trained or loaded here: corpus, settings and results."""
        self.doc_vectors = DocVectors(settings, None)
        """What makes the vectors."""
        self.continued: ContinuedTraining | None = None
        """The training that `update` goes on with, if it is asked for."""
        self._rates = LearningRates(alpha) if alpha is not None else None
        self._loss = MeanLoss()

    def __call__(self, doc: Doc) -> Doc:
        """Set the vector of a document, the hooks for all vectors of it and its spans, and which tokens have none.

        Raises ConfigError if the pipeline's table is missing, or not the one that the component was made with.
        """
        maker = self.doc_vectors
        rows = maker.rows(doc)
        if doc._.w2v_vector is not None:  # of an earlier call, when the table may have lacked other words
            for token in doc:
                if token._.w2v_oov:
                    token._.w2v_oov = False
        doc._.w2v_vector = maker.pool(doc.vocab, rows)
        for i in np.flatnonzero(rows == NO_ROW).tolist():
            if not doc[i].is_space:
                doc[i]._.w2v_oov = True
        # The norms of spans are left to spaCy, which takes them of these vectors: where there is a hook, spaCy 3.8
        # returns the vector. That of a document may be one that spaCy has kept of its own vector.
        hooks = {"has_vector": maker.has_vector, "similarity": maker.similarity}
        doc.user_hooks.update(hooks, vector=maker.doc_vector, vector_norm=maker.doc_norm)
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
        initial: dict[str, Any] | None = None,
        path: str | Path | None = None,
        vector_kind: VectorKind = "input",
        vectors: VectorKind | None = None,
        progress: bool = True,
    ) -> None:
        """Give the pipeline its word vectors, and find the common components of texts.

        With neither a corpus nor a path, the pipeline's vectors stay; and if they are those that were made or read here
        before, so does all that is known of them. Common components are those of texts of the corpus, or of the
        examples where there is none.

        Args:
            get_examples: The examples of the corpus of `[training]`.
            nlp: The pipeline.
            corpus: A reader, or what `spacy_w2v.train` takes. Vectors are trained on its texts.
            tokens: Settings as in `[w2v.tokens]`.
            vocabulary: Settings as in `[w2v.vocabulary]`.
            model: Settings as in `[w2v.model]`.
            training: Settings as in `[w2v.training]`.
            initial: Settings as in `[w2v.initial]`.
            path: A model that is trained already, in place of training. The corpus is then read for common components
                only. A table that has the vectors of the model's most frequent words already stays, unless `update`
                needs all.
            vector_kind: The vectors of the model that are taken.
            vectors: The former name of `vector_kind`, read with a ConfigWarning.
            progress: Whether to show how training goes, on standard error.

        Raises:
            ConfigError: Settings do not go together, the pipeline has no vectors, or a component that uses word vectors
                stands before this one.
            Word2VecError: Training or loading fails.
        """
        if nlp is None:
            raise ConfigError("initialize needs the pipeline whose vectors these are, was: nlp=None")
        given = {
            "tokens": tokens,
            "vocabulary": vocabulary,
            "model": model,
            "training": training,
            "initial": initial,
        }
        section = f"initialize.components.{self.name}"
        with shown_by_spacy(f"The vectors of '{self.name}' cannot be made"):
            origin = Origin(
                path=path,
                source=as_sampled_source(corpus),
                blocks={name: block for name, block in given.items() if block is not None},
                vector_kind=vector_kind if vectors is None else _of_former_name(vectors, section=section),
                section=section,
            )
            self.similarity.load()
            if not origin.is_given and self._made(nlp.vocab.vectors):
                return
            trained = self._set_vectors(nlp, origin, progress=progress)
            fitted = fit(
                nlp, trained, settings=self.settings, source=origin.source, get_examples=get_examples, section=section
            )
            record = trained.record.for_pipeline(origin.vector_kind) if trained is not None else None
            outputs = None
            if trained is not None and self.is_trainable:
                outputs = Outputs(np.array(trained.output_vectors), trained.stored_tree)
            self._use(State(fitted, record, outputs))

    def _set_vectors(self, nlp: Language, origin: Origin, *, progress: bool) -> "TrainedModel | None":
        """Give a pipeline its vectors, and return the model that they are of, or None if its own stay."""
        if self.is_trainable:
            origin.check_can_continue()
        is_trained_here = origin.path is None and origin.source is not None
        if is_trained_here:  # before training, not after
            check_order(nlp, self)
        trained = origin.make_model(nlp, progress=progress)
        kind = origin.vector_kind
        if trained is not None and not has_table(nlp, trained, vector_kind=kind, whole=self.is_trainable):
            if not is_trained_here:
                check_order(nlp, self)
            set_table(nlp, trained, vector_kind=kind)
        return trained

    def update(
        self,
        examples: Iterable[Any],  # Any: spaCy's Examples
        *,
        drop: float = 0.0,
        sgd: Any = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Go on with the training of the word vectors on the texts of examples, if `update` is set; else do nothing.

        Each call is one step, which changes the vectors as it goes, as word2vec does: there are no gradients that could
        wait for an optimizer, and neither drop nor sgd has an effect. Words without a row are left out.

        losses: gets the mean loss per pair of all calls since the dict had no entry of this component.
        Raises ConfigError if the table is not the one that the component was made with, or what training needs is not
        there; TrainingError if losses or vectors explode.
        """
        losses = {} if losses is None else losses
        if not self.is_trainable:
            return losses
        examples = list(examples)
        validate_examples(examples, "Word2VecComponent.update")
        loss, n_pairs = self._step([example.predicted for example in examples]) if examples else (0.0, 0)
        losses[self.name] = self._loss.add(losses.get(self.name), loss, n_pairs)
        return losses

    def _step(self, docs: list[Doc]) -> tuple[float, int]:
        maker, continued = self.doc_vectors, self.continued
        if continued is None or maker.fitted is None:
            raise ConfigError(
                f"update goes on with the training of a model, but '{self.name}' keeps none: it was not initialized "
                f"or saved with update = true in [components.{self.name}]. Initialize it with that."
            )
        table = maker.bind(docs[0].vocab).table
        rates = self._rates or continued.rates
        result = continued.step(docs, table, alpha=rates.at(continued.n_steps))
        facts = maker.fitted.facts
        facts = facts.model_copy(update={"table": table_facts(table, n_rows=facts.table.n_rows)})
        maker.fitted = replace(maker.fitted, facts=facts)
        return result

    def score(self, examples: Iterable[Any], **_: Any) -> dict[str, float | None]:  # Any: spaCy's Examples and options
        """Return Spearman's rank correlation on each set of `similarity`, such as "w2v_wordsim353", in [-1, 1].

        None where fewer than two pairs have vectors, and nothing at all without examples, whose vocab has the table.
        """
        example = next(iter(examples), None) if self.similarity.names else None
        if example is None:
            return {}
        scores = self.similarity.scores(self.doc_vectors.bind(example.predicted.vocab))
        return {f"w2v_{name}": score for name, score in scores.items()}

    def _made(self, table: Any) -> bool:  # Any: spaCy's Vectors
        """Return whether a table is that of the model that the component knows."""
        fitted = self.doc_vectors.fitted
        if fitted is None or fitted.counts is None or self.record is None:
            return False
        if self.is_trainable and self.continued is None:
            return False
        known = fitted.facts.table
        return table_facts(table, n_rows=known.n_rows).are_of(known)

    def _use(self, state: State) -> None:
        fitted, record, outputs = state
        maker = DocVectors(self.settings, fitted)
        continued = None
        if fitted is not None:
            maker.check()
            if outputs is not None and fitted.counts is not None and record is not None:
                continued = ContinuedTraining(record, fitted.counts, outputs)
        self.doc_vectors, self.record, self.continued = maker, record, continued

    def _state(self) -> State:
        outputs = self.continued.to_outputs() if self.continued is not None else None
        return State(self.doc_vectors.fitted, self.record, outputs)

    def _left_out(self, exclude: Iterable[str]) -> set[str]:
        """Return the parts that are neither written nor read."""
        return {*exclude} if self.is_trainable else {*exclude, "output"}

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write meta.json and arrays to a directory; exclude: "counts", "common", "output"."""
        write_state(self._state(), Path(path), exclude=self._left_out(exclude))

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "Word2VecComponent":
        """Read what to_disk wrote. Raises StorageError, which names the file that is missing or damaged."""
        self._use(read_state(Path(path), exclude=self._left_out(exclude)))
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return what to_disk writes, as bytes."""
        return state_to_bytes(self._state(), exclude=self._left_out(exclude))

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "Word2VecComponent":
        """Read what to_bytes returned. Raises StorageError if it is damaged."""
        self._use(state_from_bytes(bytes_data, name=self.name, exclude=self._left_out(exclude)))
        return self


def _of_former_name(vectors: VectorKind, *, section: str) -> VectorKind:
    """Return which vectors are taken, by the former name of the setting: spaCy lets no setting pass that is unknown."""
    warn_of_former_name("vectors", "vector_kind", section=section)
    return vectors
