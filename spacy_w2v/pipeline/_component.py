"""The spaCy component `w2v`: initialization, vectors of documents, further training, and serialization."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import validate_examples

from spacy_w2v.config._export import PostprocessChoice, VectorKindChoice
from spacy_w2v.config._renamed import by_former_name
from spacy_w2v.config._schema import VectorKind
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.evaluation._similarity import SimilaritySets
from spacy_w2v.formats.spacy._table_fingerprint import fingerprint_of
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.model._run_record import VectorsRecord
from spacy_w2v.pipeline import _origin as origins
from spacy_w2v.pipeline._continuing import ContinuedTraining, LearningRates, MeanLoss
from spacy_w2v.pipeline._doc_vectors import DocVectors, PoolingSettings
from spacy_w2v.pipeline._fitting import fit
from spacy_w2v.pipeline._keyed_rows import KeyedRows
from spacy_w2v.pipeline._keys_of_pipeline import KeysOfPipeline
from spacy_w2v.pipeline._missing_annotation import warn_of_missing
from spacy_w2v.pipeline._origin import Corpus, Origin
from spacy_w2v.pipeline._phrase_vectors import hook_spans
from spacy_w2v.pipeline._sampled_texts import SampledTexts
from spacy_w2v.pipeline._saving import SavedComponent
from spacy_w2v.pipeline._state import Fitted, Outputs, State
from spacy_w2v.pipeline._token_vectors import hook_tokens

if TYPE_CHECKING:
    from spacy_w2v.model._word_vectors import WordVectors


class Word2VecComponent(SavedComponent, KeysOfPipeline):
    """Pipeline component that sets the vectors of documents and spans, and the word vectors of the pipeline.

    `initialize` trains the word vectors or loads them. Each processed document then gets a vector by smooth inverse
    frequency weighting or as a mean, and its spans do too. The vectors table belongs to the pipeline's vocab and is
    saved with it. The component saves what belongs to the table's rows, such as word counts.

    If vectors have keys that are made of annotation, such as "duck|NOUN", the component comes after those that set it.
    Tokens and phrases then have the vectors of their keys, and the attributes `w2v_key`, `w2v_other_senses` and
    `w2v_most_similar`. `doc._.w2v_phrases` has the phrases.

    Example:
        >>> nlp = spacy.load("pipeline")
        >>> component = nlp.add_pipe("w2v", config={"pooling": "mean"})
        >>> doc = nlp("The prime minister qwertz")
        >>> doc.vector.shape
        (50,)
        >>> [token._.w2v_oov for token in doc]
        [False, False, False, True]
    """

    model = None
    """None: `update` trains without a Thinc model, so spaCy has no optimizer step to take."""

    def __init__(
        self,
        name: str,
        settings: PoolingSettings,
        *,
        update: bool = False,
        alpha: float | Iterable[float] | None = None,
        similarity: Sequence[str] = (),
        nlp: Language | None = None,
    ) -> None:
        """Create the component. Pipelines create it with the factory `w2v`.

        Args:
            name: Name of the component in the pipeline.
            settings: How the vectors of documents are computed.
            update: Whether `update` trains the word vectors.
            alpha: Learning rate of `update`, see `make_w2v`.
            similarity: Word similarity sets to score the word vectors on, see `make_w2v`.
            nlp: The pipeline.
        """
        self.name = name
        self.settings = settings
        self.is_trainable = update
        self.similarity = SimilaritySets(similarity)
        self.record: VectorsRecord | None = None
        """Record of the training run (corpus, settings, results), if the component trained or loaded the vectors."""
        self.doc_vectors = DocVectors(settings, None)
        """Computes the vectors of documents and spans."""
        self.continued: ContinuedTraining | None = None
        """The training that `update` continues, or None without update = true."""
        self._rates = LearningRates(alpha) if alpha is not None else None
        self._loss = MeanLoss()
        self._nlp = nlp
        self._vocab = nlp.vocab if nlp is not None else None
        self._has_warned = False

    def __getstate__(self) -> dict[str, Any]:  # Any: the attributes
        """Leave out the pipeline, which pickles the component itself."""
        return self.__dict__ | {"_nlp": None, "_vocab": None}

    def __call__(self, doc: Doc) -> Doc:
        """Set the vector of a document and the hooks for the vectors of its spans, and mark tokens without a vector.

        Args:
            doc: The document.

        Returns:
            The same document. `doc._.w2v_vector` is its vector, and `token._.w2v_oov` is True for tokens without one.

        Raises:
            ConfigError: The vectors table is missing, or is not the one that the component was initialized with.
        """
        doc_vectors, self._vocab = self.doc_vectors, doc.vocab
        keyed = doc_vectors.keyed(doc.vocab)
        if keyed is not None:
            self._check_annotation(keyed, doc)
        rows = doc_vectors.rows(doc)
        if doc._.w2v_vector is not None:  # from an earlier call, when the table may have had other words
            for token in doc:
                if token._.w2v_oov:
                    token._.w2v_oov = False
        doc._.w2v_vector = doc_vectors.pool(doc.vocab, rows if keyed is None else keyed.unit_rows(doc))
        for i in np.flatnonzero(rows == NO_ROW).tolist():
            if not doc[i].is_space:
                doc[i]._.w2v_oov = True
        # spaCy 3.8 would return the vector for a hooked norm of a span. That of a document may be cached.
        hooks = {"has_vector": doc_vectors.has_vector, "similarity": doc_vectors.similarity}
        doc.user_hooks.update(hooks, vector=doc_vectors.doc_vector, vector_norm=doc_vectors.doc_norm)
        hook_spans(doc, hooks | {"vector": doc_vectors.span_vector})
        if keyed is not None:
            hook_tokens(doc, doc_vectors)
        return doc

    def _check_annotation(self, keyed: KeyedRows, doc: Doc) -> None:
        """Warn once if a document lacks the annotation that keys are made of."""
        keyed.reader.forget(doc)  # extension attributes may have changed
        if self._has_warned or not (missing := keyed.reader.missing(doc)):
            return
        nlp = self._nlp if self._nlp is not None and self._nlp.vocab is doc.vocab else None
        self._has_warned = warn_of_missing(missing, keyed.reader.function, name=self.name, nlp=nlp)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Any]],  # Any: spaCy's Examples
        *,
        nlp: Language | None = None,
        corpus: Corpus = None,
        tokens: dict[str, Any] | None = None,
        phrases: dict[str, Any] | None = None,
        vocabulary: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
        cooccurrence: dict[str, Any] | None = None,
        training: dict[str, Any] | None = None,
        evaluation: dict[str, Any] | None = None,
        distributed: dict[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
        path: str | Path | None = None,
        vector_kind: VectorKindChoice = "recorded",
        vectors: VectorKind | None = None,
        postprocess: PostprocessChoice = "recorded",
        whitening_strength: float | None = None,
        progress: bool = True,
    ) -> None:
        """Train or load the word vectors of the pipeline, and compute the common components of its texts.

        spaCy calls it in `nlp.initialize` with the arguments in `[initialize.components.w2v]`. With neither a corpus
        nor a path, the pipeline keeps its vectors. If the component has trained or loaded them before, it also keeps
        its own state. The common components are computed from the corpus, or from the examples if there is none.

        Args:
            get_examples: Returns the training examples of the pipeline.
            nlp: The pipeline.
            corpus: Texts to train on: a reader, or what `spacy_w2v.train` accepts.
            tokens: Settings as in `[w2v.tokens]`.
            phrases: Settings as in `[w2v.phrases]`.
            vocabulary: Settings as in `[w2v.vocabulary]`.
            model: Settings as in `[w2v.model]`.
            cooccurrence: Settings as in `[w2v.cooccurrence]`.
            training: Settings as in `[w2v.training]`.
            evaluation: Settings as in `[w2v.evaluation]`.
            distributed: Settings as in `[w2v.distributed]`.
            initial: Settings as in `[w2v.initial]`.
            path: A trained model to load instead of training. The corpus is then used for common components only. If
                the pipeline already has the vectors of the model's most frequent words, its table is kept, unless
                `update` needs all vectors.
            vector_kind: Which vectors of the model to use: "input", "output", "mean" or "sum" of both, or "recorded"
                for what its record says. With `update`, only "input" is possible, which "recorded" then means too.
            vectors: Deprecated name of `vector_kind`.
            postprocess: What is done to the vectors of the model: "recorded" for what its record says, "center",
                "soft-whiten", or None for nothing. With `update`, vectors are always as they were trained.
            whitening_strength: The strength of "soft-whiten", from 0 to 1. None for that of the record, or 0.25.
            progress: Whether to show progress on standard error.

        Raises:
            ConfigError: The settings contradict each other, the pipeline has no vectors, or a component that uses word
                vectors comes before this one.
            Word2VecError: Training or loading fails.

        Example:
            >>> nlp = spacy.blank("en")
            >>> component = nlp.add_pipe("w2v", config={"n_common": 0})
            >>> component.initialize(lambda: [], nlp=nlp, path="vectors", progress=False)
            >>> nlp("The prime minister").vector.shape
            (50,)
        """
        if nlp is None:
            raise ConfigError("initialize needs the pipeline as nlp, was: None")
        given = {
            "tokens": origins.with_key_block(tokens, nlp, name=self.name),
            "phrases": phrases,
            "vocabulary": vocabulary,
            "model": model,
            "initial": initial,
        }
        given |= {"cooccurrence": cooccurrence, "training": training, "evaluation": evaluation}
        blocks = {**given, "distributed": distributed}
        section = f"initialize.components.{self.name}"
        with shown_by_spacy(f"The component '{self.name}' cannot be initialized"):
            if vectors is not None:
                vector_kind = by_former_name(vectors, "vectors", "vector_kind", section=section)
            origin = Origin(
                path=path,
                source=origins.as_sampled_source(corpus),
                blocks={name: block for name, block in blocks.items() if block is not None},
                vector_kind=vector_kind,
                postprocess=postprocess,
                whitening_strength=whitening_strength,
                section=section,
            )
            origin.check_has_model()
            self.similarity.load()
            if not origin.is_given and self._has_own_table(nlp.vocab.vectors):
                return
            of_model = self._set_vectors(nlp, origin, progress=progress)
            texts = SampledTexts(nlp, self, origin.source, get_examples)
            fitted = fit(nlp, of_model, settings=self.settings, texts=texts, section=section)
            self._set_state(self._state_of(fitted, of_model))

    def _state_of(self, fitted: Fitted, of_model: "WordVectors | None") -> State:
        """Return the state with what was computed, and with what further training needs of a model."""
        if of_model is None or of_model.model is None:
            return State(fitted)
        trained, outputs = of_model.model, None
        if self.is_trainable:
            outputs = Outputs(np.array(trained.output_vectors), trained.stored_tree)
        record = trained.record.for_pipeline(of_model.vector_kind, of_model.postprocessing)
        return State(fitted, record, outputs, origins.composing_table(of_model))

    def _set_vectors(self, nlp: Language, origin: Origin, *, progress: bool) -> "WordVectors | None":
        """Set the vectors of a pipeline, unless it keeps its own.

        Args:
            nlp: The pipeline.
            origin: Where the vectors come from.
            progress: Whether to show progress.

        Returns:
            The vectors of the model, or None if the pipeline keeps its own.
        """
        if self.is_trainable:
            origin.check_can_continue()
        is_trained_here = origin.path is None and origin.source is not None
        if is_trained_here:  # before training, not after
            origins.check_order(nlp, self)
        trained = origin.make_model(nlp, self, progress=progress)
        if trained is None:
            return None
        vectors = origin.vectors_of(trained, as_trained=self.is_trainable)
        if not origins.has_table(nlp, vectors, whole=self.is_trainable):
            if not is_trained_here:
                origins.check_order(nlp, self)
            origins.set_table(nlp, vectors)
        return vectors

    def update(
        self,
        examples: Iterable[Any],  # Any: spaCy's Examples
        *,
        drop: float = 0.0,
        sgd: Any = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Train the word vectors on the texts of examples. Without update = true, do nothing.

        Each call is one training step, which changes the vectors immediately, as in word2vec. There are no gradients
        for an optimizer, so `drop` and `sgd` have no effect. Words without a vector are skipped.

        Args:
            examples: The examples, whose predicted documents are read.
            drop: Ignored.
            sgd: Ignored.
            losses: The losses of all components. The entry of this component is the mean loss per pair over all calls
                with the same dict.

        Returns:
            The losses.

        Raises:
            ConfigError: The vectors table is not the one that the component was initialized with, or the component was
                initialized or saved without update = true.
            TrainingError: Training diverges.

        Example:
            >>> from spacy.training import Example
            >>> nlp = spacy.blank("en")
            >>> component = nlp.add_pipe("w2v", config={"n_common": 0, "update": True})
            >>> component.initialize(lambda: [], nlp=nlp, path="vectors", progress=False)
            >>> doc = nlp.make_doc("The prime minister met the foreign minister of the government today")
            >>> component.update([Example.from_dict(doc, {})])
            {'w2v': 2.1}
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
        doc_vectors, continued = self.doc_vectors, self.continued
        if continued is None or doc_vectors.fitted is None:
            raise ConfigError(
                f"update needs the trained model, but '{self.name}' was not initialized or saved with update = true in "
                f"[components.{self.name}]. Set it, and initialize the component again."
            )
        table = doc_vectors.bind(docs[0].vocab).table
        rates = self._rates or continued.rates
        result = continued.step(docs, table, alpha=rates.at(continued.n_steps))
        meta = doc_vectors.fitted.meta
        meta = meta.model_copy(update={"table": fingerprint_of(table, n_rows=meta.table.n_rows)})
        doc_vectors.fitted = replace(doc_vectors.fitted, meta=meta)
        return result

    def score(self, examples: Iterable[Any], **_: Any) -> dict[str, float | None]:  # Any: spaCy's Examples and options
        """Score the word vectors on the word similarity sets of `similarity`.

        Args:
            examples: Examples, whose vocab has the vectors table.
            **_: Ignored options of spaCy.

        Returns:
            Spearman's rank correlation for each set, such as "w2v_wordsim353", in [-1, 1]. It is None if fewer than two
            pairs have vectors. The dict is empty without examples.
        """
        example = next(iter(examples), None) if self.similarity.names else None
        if example is None:
            return {}
        scores = self.similarity.scores(self.doc_vectors.bind(example.predicted.vocab))
        return {f"w2v_{name}": score for name, score in scores.items()}

    def _has_own_table(self, table: Any) -> bool:  # Any: spaCy's Vectors
        """Return whether a table is the one that the component trained or loaded."""
        fitted = self.doc_vectors.fitted
        if fitted is None or fitted.counts is None or self.record is None:
            return False
        if self.is_trainable and self.continued is None:
            return False
        known = fitted.meta.table
        return fingerprint_of(table, n_rows=known.n_rows).matches(known)

    def _set_state(self, state: State) -> None:
        fitted, record, outputs, subwords = state
        attr, block, continued = None, None, None
        if record is not None:
            attr, block = record.tokens.attr, record.tokens.key_block
        doc_vectors = DocVectors(self.settings, fitted, subwords=subwords, attr=attr, key_block=block)
        if fitted is not None:
            doc_vectors.check()
            if outputs is not None and fitted.counts is not None and record is not None:
                continued = ContinuedTraining(record, fitted.counts, outputs)
        self.doc_vectors, self.record, self.continued = doc_vectors, record, continued

    def _state(self) -> State:
        outputs, vectors = self.continued.to_outputs() if self.continued is not None else None, self.doc_vectors
        return State(vectors.fitted, self.record, outputs, vectors.subwords)
