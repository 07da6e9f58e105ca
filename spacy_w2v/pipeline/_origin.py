"""Where the component gets word vectors from when it is initialized: training, a model, or the pipeline itself."""

import json
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from pydantic import BeforeValidator
from spacy.language import Language
from thinc.api import Model, get_current_ops
from thinc.util import to_numpy

from spacy_w2v.config._export import PostprocessChoice, VectorKindChoice
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.keys._resolution import key_function_of
from spacy_w2v.pipeline._annotating import annotating
from spacy_w2v.subwords._table import SubwordTable

if TYPE_CHECKING:
    from spacy_w2v.model._trained import TrainedModel
    from spacy_w2v.model._word_vectors import WordVectors
    from spacy_w2v.pipeline._text_sample import SampledSource


def as_sampled_source(corpus: Any) -> "SampledSource | None":  # Any: the result of a reader, or texts
    """Return a source that keeps a sample of the texts that it reads; None for None.

    Args:
        corpus: A TextSource, or texts as for `spacy_w2v.train`.

    Raises:
        ConfigError: It is a config block without a reader.
        CorpusError: It has no texts.
    """
    if corpus is None:
        return None
    from spacy_w2v.pipeline._text_sample import SampledSource
    from spacy_w2v.sources._iterables import as_source

    if isinstance(corpus, dict):
        raise ConfigError(
            'corpus must be a reader of texts, such as @readers = "spacy_w2v.Dataset.v1", but is a block with: '
            f"{', '.join(map(str, corpus))}"
        )
    return corpus if isinstance(corpus, SampledSource) else SampledSource(as_source(corpus))


Corpus: TypeAlias = Annotated[Any, BeforeValidator(as_sampled_source)]
"""Texts or their source. It is converted early, because spaCy validates settings with pydantic, which turns sources
(dataclasses) into dicts."""


@dataclass(frozen=True)
class Origin:
    """Where the word vectors of a pipeline come from: a model, training on texts, or otherwise its own table."""

    path: str | Path | None
    """A trained model."""
    source: "SampledSource | None"
    """Texts to train on, unless there is a path."""
    blocks: dict[str, dict[str, Any]]  # Any: settings, before they are checked
    """Training settings, keyed by the names of the blocks of `[w2v]`."""
    vector_kind: VectorKindChoice
    """Which vectors of the model are used."""
    postprocess: PostprocessChoice
    """What is done to them."""
    whitening_strength: float | None
    """The strength of "soft-whiten"; None for that of the record, or the default."""
    section: str
    """The config block that errors name."""

    @property
    def is_given(self) -> bool:
        """Whether there is a path, a source or any training setting."""
        return self.path is not None or self.source is not None or any(self.blocks.values())

    def check_has_model(self) -> None:
        """Raise ConfigError if settings choose among the vectors of a model, but the pipeline keeps its own vectors."""
        if self.is_given:
            return
        for name, value, unchanged in (
            ("vector_kind", self.vector_kind, ("recorded", "input")),
            ("postprocess", self.postprocess, ("recorded", None)),
            ("whitening_strength", self.whitening_strength, (None,)),
        ):
            if value not in unchanged:
                raise ConfigError(
                    f"{name} is for the vectors of a model, but the pipeline keeps its own vectors, was: "
                    f"{json.dumps(value)} in [{self.section}]. Leave it out, or set path to a trained model."
                )

    def check_can_continue(self) -> None:
        """Raise ConfigError unless `update` can train the vectors further."""
        section = self.section
        if self.path is None and self.source is None:
            raise ConfigError(
                "update needs a trained model, but the pipeline's own vectors have none. Set path in "
                f"[{section}] to a trained model, or train one: set texts in [{section}.corpus], and start from these "
                f"vectors with [{section}.initial]."
            )
        if self.vector_kind not in ("recorded", "input"):
            raise ConfigError(
                f'update trains input vectors, but vector_kind = "{self.vector_kind}" in [{section}]. Set '
                'vector_kind = "input".'
            )
        if self.postprocess not in ("recorded", None):
            raise ConfigError(
                f"update trains the vectors of the table, so that they cannot be post-processed, but postprocess = "
                f'"{self.postprocess}" in [{section}]. Set postprocess = null.'
            )
        if self.whitening_strength is not None:
            raise ConfigError(
                f"update trains the vectors of the table, so that they cannot be post-processed, but "
                f"whitening_strength = {self.whitening_strength} in [{section}]. Leave it out."
            )
        from spacy_w2v.objectives._registry import objective_of

        objective_of(parse_settings({"model": self.blocks.get("model", {})}, section=section).model).check_updates()
        if self.blocks.get("initial", {}).get("freeze"):
            raise ConfigError(
                f"update changes the vectors that freeze = true in [{section}.initial] keeps. Set one of them to false."
            )

    def make_model(self, nlp: Language, component: object, *, progress: bool) -> "TrainedModel | None":
        """Load the model at the path, or train one on the texts.

        Args:
            nlp: The pipeline, whose tokenizer is used.
            component: The component. Those before it annotate texts for keys.
            progress: Whether to show progress.

        Returns:
            The model, or None if the pipeline keeps its own vectors.

        Raises:
            ConfigError: The settings contradict each other, or there are no vectors at all.
            Word2VecError: Training or loading fails.
        """
        section = self.section
        if self.blocks and (self.path is not None or self.source is None):
            raise ConfigError(
                f"[{section}] has training settings ({', '.join(self.blocks)}), but "
                + (
                    "path names a trained model. Remove one of them."
                    if self.path
                    else f"no corpus to train on. Add [{section}.corpus]."
                )
            )
        if self.path is not None:
            from spacy_w2v._api import load

            return load(self.path, mmap=True)
        if self.source is not None:
            return self._train(nlp, component, self.source, progress=progress)
        if not len(nlp.vocab.vectors.data):
            raise ConfigError(
                f"The component '{section.split('.')[-1]}' needs word vectors, but the pipeline has none. Set texts "
                f"to train on in [{section}.corpus], path in [{section}] to a trained model, or vectors in "
                "[initialize] to a pipeline with vectors."
            )
        return None

    def vectors_of(self, trained: "TrainedModel", *, as_trained: bool) -> "WordVectors":
        """Return the vectors of a model that the pipeline gets.

        Args:
            trained: The model.
            as_trained: Whether they are trained further, and therefore not post-processed.

        Raises:
            ConfigError: The model has no such vectors, the post-processing is invalid, or the model cannot be trained
                further.
        """
        if as_trained:
            trained.objective.check_updates()
        return trained.word_vectors(
            "input" if as_trained else self.vector_kind,
            postprocess=None if as_trained else self.postprocess,
            whitening_strength=None if as_trained else self.whitening_strength,
        )

    def _vectors_to_record(self) -> dict[str, Any]:
        """Return the settings of vectors for a model that is trained here. Raises ConfigError if they are invalid."""
        from spacy_w2v.model._postprocessing import chosen_postprocessing

        chosen = chosen_postprocessing(self.postprocess, self.whitening_strength, recorded=None)
        kind = {} if self.vector_kind == "recorded" else {"vector_kind": self.vector_kind}
        return {**kind, **(chosen.settings() if chosen is not None else {})}

    def _train(self, nlp: Language, component: object, source: "SampledSource", *, progress: bool) -> "TrainedModel":
        from spacy_w2v.training._composition import train_model
        from spacy_w2v.training._results import summary_of
        from spacy_w2v.training._run import TrainingRun
        from spacy_w2v.training.callbacks._progress_bar import ProgressBarWithCorpus

        blocks = {
            **self.blocks,
            "tokens": {"n_process": 1} | self.blocks.get("tokens", {}),
            "export": self._vectors_to_record(),  # checked before training
        }
        settings = parse_settings(blocks, section=self.section)
        if settings.tokens.pipeline is not None:
            raise ConfigError(
                f"The component takes the tokens of its own pipeline, so pipeline in [{self.section}.tokens] must be "
                f'null, was: "{settings.tokens.pipeline}". Leave it out.'
            )
        if settings.tokens.key_block is not None:
            source.keep_annotation()
        run = TrainingRun(source=source, nlp=nlp, settings=settings)
        with annotating(nlp, key_function_of(run.settings.tokens), before=component):
            if not progress:
                return train_model(run)
            bar = ProgressBarWithCorpus()
            model = train_model(run, [bar])
        bar.on_message(summary_of(model))
        return model


def with_key_block(tokens: dict[str, Any] | None, nlp: Language, *, name: str) -> dict[str, Any] | None:
    """Return the settings of tokens with the block of the key function in place of the function that spaCy makes of it.

    Args:
        tokens: The block `[initialize.components.w2v.tokens]`. (Any: settings, before they are checked.)
        nlp: The pipeline, whose config has the block.
        name: Name of the component.
    """
    if tokens is None or not callable(tokens.get("keys")):
        return tokens
    found: Any = nlp.config.interpolate()
    for key in ("initialize", "components", name, "tokens", "keys"):
        found = found.get(key) if isinstance(found, dict) else None
    return tokens if found is None else {**tokens, "keys": found}


def has_table(nlp: Language, vectors: "WordVectors", *, whole: bool) -> bool:
    """Return whether a pipeline already has the vectors of a model.

    They may come from `[initialize] vectors`, or from a callback with `[w2v.export] max_vectors`.

    Args:
        nlp: The pipeline.
        vectors: The vectors of a model.
        whole: Whether all vectors are needed, or only those of the most frequent words.
    """
    from spacy_w2v.formats.spacy._floret_table import is_floret_of
    from spacy_w2v.model._composition import subwords_of_mode

    table = nlp.vocab.vectors
    if (subwords := subwords_of_mode(vectors, "floret")) is not None:
        return is_floret_of(table, subwords, attr=vectors.attr)
    n_rows = len(vectors) if whole else len(table.data)
    if not 0 < n_rows <= len(vectors) or getattr(table, "mode", None) != "default":
        return False
    if table.data.dtype != vectors.matrix.dtype or table.data.shape != (n_rows, vectors.vector_size):
        return False
    data, start = to_numpy(table.data), 0
    for block in vectors.blocks(n_words=n_rows):
        if not np.array_equal(data[start : start + len(block)], block):
            return False
        start += len(block)
    return True


def set_table(nlp: Language, vectors: "WordVectors") -> None:
    """Set the vectors of a pipeline to those of a model, on spaCy's device."""
    from spacy_w2v.formats.spacy._writing import set_vectors

    set_vectors(nlp, vectors)
    nlp.vocab.vectors.to_ops(get_current_ops())  # as Language.initialize does with vectors in [initialize]


def composing_table(vectors: "WordVectors | None") -> SubwordTable | None:
    """Return the rows of buckets of a model with fastText's subwords, which the component needs beside spaCy's table.

    Those of floret are spaCy's table itself.
    """
    subwords = vectors.subwords if vectors is not None else None
    if subwords is None or not subwords.settings.has_own_rows:
        return None
    return SubwordTable(subwords.settings, np.array(subwords.buckets), np.array(subwords.bucket_rows))


def check_order(nlp: Language, component: Any) -> None:  # Any: pipes have no common type
    """Raise ConfigError if a component before this one would be initialized without the vectors.

    Warns if a component that uses word vectors is not initialized, because it was trained with other vectors.

    Args:
        nlp: The pipeline.
        component: The component `w2v`.
    """
    names = [name for name, _ in nlp.pipeline]
    position = next((i for i, (_, pipe) in enumerate(nlp.pipeline) if pipe is component), len(names))
    users = [name for name, pipe in nlp.components if static_vectors_of(pipe)]
    early = [name for name in users if name in names[:position]]
    if early:
        raise ConfigError(_out_of_order(component.name, early[0]))
    frozen = [name for name in users if name not in names]
    if frozen:
        warnings.warn(
            f"'{component.name}' replaces the vectors of the pipeline, but these components were trained with them and "
            f"are not initialized again: {', '.join(frozen)}.",
            stacklevel=3,
        )


def guard_order(nlp: Language, name: str) -> None:
    """Let components before this one raise an error about the order if they are initialized without vectors.

    spaCy initializes components in the order of the pipeline, so they fail before `check_order` is called.
    """
    for early, pipe in nlp.pipeline:
        for layer in static_vectors_of(pipe):
            layer.init = partial(_init_with_vectors, layer.init, _out_of_order(name, early))


def _init_with_vectors(init: Any, message: str, model: Any, X: Any = None, Y: Any = None) -> Any:  # noqa: N803  # Thinc's
    if X and not len(X[0].vocab.vectors.data):
        with shown_by_spacy("Components are in the wrong order"):
            raise ConfigError(message)
    return init(model, X=X, Y=Y)


def _out_of_order(name: str, early: str) -> str:
    return (
        f"'{name}' must come before the components that use its vectors, but '{early}' comes first. Move '{name}' to "
        "the front of pipeline in [nlp]."
    )


def static_vectors_of(pipe: object) -> list[Any]:
    """Return the layers of a component's model that use static vectors, in any architecture."""
    model = getattr(pipe, "model", None)
    return [layer for layer in model.walk() if layer.name == "static_vectors"] if isinstance(model, Model) else []
