"""Where the word vectors of a pipeline come from when it is initialized: training on texts, or a model."""

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

from spacy_w2v.config._schema import VectorKind, parse_settings
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._reraising import shown_by_spacy

if TYPE_CHECKING:
    from spacy_w2v.model._trained import TrainedModel
    from spacy_w2v.pipeline._text_sample import SampledSource


def as_sampled_source(corpus: Any) -> "SampledSource | None":  # Any: what a reader made, or texts
    """Return a source that remembers a sample of what it reads; None for None.

    corpus: a TextSource, a dataset or an iterable of strings, as for `spacy_w2v.train`. Raises ConfigError for a block
    of a config that names no reader, and CorpusError for what are not texts.
    """
    if corpus is None:
        return None
    from spacy_w2v.pipeline._text_sample import SampledSource
    from spacy_w2v.sources._iterables import as_source

    if isinstance(corpus, dict):
        raise ConfigError(
            'corpus must be a reader of texts, as of @readers = "spacy_w2v.Dataset.v1", but was a block with: '
            f"{', '.join(map(str, corpus))}"
        )
    return corpus if isinstance(corpus, SampledSource) else SampledSource(as_source(corpus))


Corpus: TypeAlias = Annotated[Any, BeforeValidator(as_sampled_source)]
"""Texts or their source. spaCy passes settings through pydantic, which makes a dict of a dataclass, as sources are."""


@dataclass(frozen=True)
class Origin:
    """Where the word vectors of a pipeline are to come from: a model, training on texts, or else its own table."""

    path: str | Path | None
    """A trained model."""
    source: "SampledSource | None"
    """Texts to train on, unless there is a path."""
    blocks: dict[str, dict[str, Any]]  # Any: settings, before they are checked
    """Settings of training, by the names of blocks of `[w2v]`."""
    vector_kind: VectorKind
    """Which vectors of the model are taken."""
    section: str
    """The block of the config that errors name."""

    @property
    def is_given(self) -> bool:
        """Whether anything says where vectors come from, or how they are trained."""
        return self.path is not None or self.source is not None or any(self.blocks.values())

    def check_can_continue(self) -> None:
        """Raise ConfigError unless the vectors will be such that their training can go on."""
        section = self.section
        if self.path is None and self.source is None:
            raise ConfigError(
                "update goes on with the training of a model, but the pipeline's own vectors come without one. Name a "
                f"trained model as path in [{section}], or texts in [{section}.corpus] and these vectors in "
                f"[{section}.initial], to start from them."
            )
        if self.vector_kind != "input":
            raise ConfigError(
                f'update trains input vectors, but vector_kind = "{self.vector_kind}" in [{section}]. Set '
                'vector_kind = "input".'
            )
        if self.blocks.get("initial", {}).get("freeze"):
            raise ConfigError(
                f"update moves the vectors that [{section}.initial] keeps by freeze = true. Set one of them to false."
            )

    def make_model(self, nlp: Language, *, progress: bool) -> "TrainedModel | None":
        """Return the model at the path, or one that is trained on the texts.

        Args:
            nlp: The pipeline, whose tokenizer makes the tokens.
            progress: Whether to show how training goes.

        Returns:
            The model, or None where the pipeline's own vectors are to stay.

        Raises:
            ConfigError: Settings do not go together, or the pipeline has no vectors otherwise.
            Word2VecError: Training or loading fails.
        """
        section = self.section
        if self.blocks and (self.path is not None or self.source is None):
            raise ConfigError(
                f"[{section}] has settings of training ({', '.join(self.blocks)}), but "
                + (
                    "path names a model that is trained already. Leave out one."
                    if self.path
                    else "no corpus to train on."
                )
            )
        if self.path is not None:
            from spacy_w2v._api import load

            return load(self.path, mmap=True)
        if self.source is not None:
            return self._train(nlp, self.source, progress=progress)
        if not len(nlp.vocab.vectors.data):
            raise ConfigError(
                f"The component '{section.split('.')[-1]}' needs word vectors, but the pipeline has none. Name texts "
                f"to train on in [{section}.corpus], a trained model as path in [{section}], or a pipeline with "
                "vectors as vectors in [initialize]."
            )
        return None

    def _train(self, nlp: Language, source: "SampledSource", *, progress: bool) -> "TrainedModel":
        from spacy_w2v.training._composition import train_model
        from spacy_w2v.training._results import summary_of
        from spacy_w2v.training._run import TrainingRun
        from spacy_w2v.training.callbacks._progress_bar import ProgressBarWithCorpus

        blocks = {
            **self.blocks,
            "tokens": {"n_process": 1} | self.blocks.get("tokens", {}),
            "export": {"vector_kind": self.vector_kind},  # says before training whether there will be such
        }
        run = TrainingRun(source=source, nlp=nlp, settings=parse_settings(blocks, section=self.section))
        if not progress:
            return train_model(run)
        bar = ProgressBarWithCorpus()
        model = train_model(run, [bar])
        bar.on_message(summary_of(model))
        return model


def has_table(nlp: Language, trained: "TrainedModel", *, vector_kind: VectorKind, whole: bool) -> bool:
    """Return whether a pipeline has the vectors of a model already; all if `whole`, or else of its most frequent words.

    As where they come by `[initialize] vectors`, or by a callback with `[w2v.export] max_vectors`.
    """
    table = nlp.vocab.vectors
    n_rows = len(trained) if whole else len(table.data)
    if not n_rows or getattr(table, "mode", None) != "default":
        return False
    rows = trained.vectors(vector_kind)[:n_rows]
    return table.data.dtype == rows.dtype and np.array_equal(to_numpy(table.data), rows)


def set_table(nlp: Language, trained: "TrainedModel", *, vector_kind: VectorKind) -> None:
    """Put the vectors of a model into the pipeline's vocab, on the device that spaCy computes on, and note them."""
    from spacy_w2v.formats.spacy._writing import note_vectors, set_vectors

    set_vectors(nlp, trained, vector_kind=vector_kind)
    note_vectors(nlp, trained, vector_kind=vector_kind)  # over what a callback has noted of others
    nlp.vocab.vectors.to_ops(get_current_ops())  # as Language.initialize does with those of [initialize]


def check_order(nlp: Language, component: Any) -> None:  # Any: pipes have no common type
    """Raise ConfigError if a component that stands before this one would be initialized without the vectors.

    Warn of components that use word vectors but are not to be initialized, since they were trained with others.
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
            f"'{component.name}' replaces the vectors that {', '.join(frozen)}, not initialized now, was trained with.",
            stacklevel=3,
        )


def guard_order(nlp: Language, name: str) -> None:
    """Let components that were added before this one say so where they are initialized without vectors.

    spaCy initializes in the order of the pipeline, so they fail before `check_order` is called.
    """
    for early, pipe in nlp.pipeline:
        for layer in static_vectors_of(pipe):
            layer.init = partial(_init_with_vectors, layer.init, _out_of_order(name, early))


def _init_with_vectors(init: Any, message: str, model: Any, X: Any = None, Y: Any = None) -> Any:  # noqa: N803  # Thinc's
    if X and not len(X[0].vocab.vectors.data):
        with shown_by_spacy("Word vectors are not there yet"):
            raise ConfigError(message)
    return init(model, X=X, Y=Y)


def _out_of_order(name: str, early: str) -> str:
    return (
        f"'{name}' must stand before the components that use its vectors, but '{early}' comes first. Move '{name}' to "
        "the front of [nlp] pipeline."
    )


def static_vectors_of(pipe: object) -> list[Any]:
    """Return the layers of spaCy's static vectors in a component's model, whatever architecture put them there."""
    model = getattr(pipe, "model", None)
    return [layer for layer in model.walk() if layer.name == "static_vectors"] if isinstance(model, Model) else []
