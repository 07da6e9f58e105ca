"""The Python interface: train word vectors on texts, and use them in spaCy and gensim."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spacy_w2v.config.loading import config_of
from spacy_w2v.config.schema import VectorKind, W2VSettings, block_of_setting, parse_settings
from spacy_w2v.corpus.iterables import as_source
from spacy_w2v.errors import ConfigError, did_you_mean
from spacy_w2v.model.storage import read_model, write_model
from spacy_w2v.model.trained import TrainedModel
from spacy_w2v.publish import check_output, staged_directory

if TYPE_CHECKING:
    from spacy.language import Language


class Word2Vec(TrainedModel):
    """A trained model: look at it, hand it to spaCy or gensim, save it."""

    def to_spacy(
        self,
        nlp: "Language | None" = None,
        *,
        max_vectors: int | None = None,
        dtype: Literal["float32", "float16"] = "float32",
        vectors: VectorKind = "input",
    ) -> "Language":
        """Put the vectors into a pipeline, in place of those it has, and return it.

        nlp: the pipeline; None makes one with the tokenizer that the vectors were trained with, and without
        components. max_vectors: only those of the most frequent words. dtype: of the table. vectors: "input",
        "output" or "mean". Raises ConfigError as `vectors` does.
        """
        from spacy_w2v.export.to_spacy import make_spacy_pipeline, set_vectors

        if nlp is None:
            return make_spacy_pipeline(self, max_vectors=max_vectors, dtype=dtype, vectors=vectors)
        set_vectors(nlp, self, max_vectors=max_vectors, dtype=dtype, vectors=vectors)
        return nlp

    def to_keyed_vectors(
        self,
        *,
        max_vectors: int | None = None,
        dtype: Literal["float32", "float16"] = "float32",
        vectors: VectorKind = "input",
    ) -> Any:  # Any: gensim has no types
        """Return a gensim.models.KeyedVectors with the words, vectors and counts.

        max_vectors: only the most frequent words. dtype: "float32", which shares this model's memory, or "float16".
        vectors: "input", "output" or "mean", of which the last has memory of its own. Raises ConfigError as `vectors`
        does.
        """
        from spacy_w2v.export.to_gensim import make_keyed_vectors

        return make_keyed_vectors(self, max_vectors=max_vectors, dtype=dtype, vectors=vectors)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the model to a directory, which appears when it is complete.

        Raises StorageError if the directory exists (unless it holds a model and overwrite is set) or cannot be written.
        """
        check_output(Path(path), overwrite=overwrite, made_by_us="input_vectors.npy")
        with staged_directory(Path(path)) as directory:
            write_model(self, directory)


def load(path: str | Path, *, mmap: bool = False) -> Word2Vec:
    """Read a model that `Word2Vec.save` or `spacy w2v train` (in OUTPUT/model) wrote.

    mmap: leave the vectors on disk, read-only. Raises StorageError if there is none, or if it is damaged.
    """
    directory = Path(path)
    if (directory / "model" / "meta.json").is_file():
        directory = directory / "model"
    return _with_interface(read_model(directory, mmap=mmap))


def train(
    texts: Any,  # Any: everything that `as_source` takes
    nlp: "Language | None" = None,
    *,
    text_field: str = "text",
    cache_dir: str | Path | None = None,
    progress: bool = False,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    **settings: Any,  # Any: each setting of [w2v] has its own type, and is checked against it
) -> Word2Vec:
    """Train word vectors on texts, with the tokens of a pipeline.

    texts: an iterable of strings (a list, a generator, ...), each a document; or a datasets.Dataset or
        IterableDataset with the column `text_field`. It is read once.
    nlp: the pipeline whose tokenizer makes the tokens; None for a blank English one. Its components are not run.
    cache_dir: where the encoded corpus is kept meanwhile; None for the user's cache directory.
    progress: show progress bars on standard error.
    checkpoint: a directory that keeps the state of the run while it goes, so that a run which is stopped need not start
        anew; every `checkpoint_every_s` seconds, and upon Ctrl-C. It is a model that `load` reads, and goes when
        training ends well. None to keep none.
    resume: go on from the checkpoint of a run that was stopped. Texts and settings must be the same, save `workers`,
        `checkpoint_every_s`, `alpha` and `min_alpha`. With workers=1, the result is that of a run that was not stopped.
    settings: any setting of the config's blocks [w2v.tokens], [w2v.vocabulary], [w2v.model] and [w2v.training] by
        its name there, such as vector_size=100, window=5, min_count=5, epochs=5, attr="LOWER", workers=0, seed=1.
        With workers=1 a seed fixes the result to the bit.

    Raises ConfigError for a wrong setting, CorpusError for texts that cannot be trained on, StorageError for a
    checkpoint that is missing or in the way, TrainingError for training that diverges.
    """
    import spacy

    from spacy_w2v.training.job import Word2VecJob
    from spacy_w2v.training.progress import ProgressBars, silent

    checked = settings_from_arguments(settings)
    nlp = nlp or spacy.blank("en")
    job = Word2VecJob(
        source=as_source(texts, text_field=text_field),
        nlp=nlp,
        settings=checked,
        config=config_of(nlp, checked),
        cache_dir=Path(cache_dir) if cache_dir is not None else None,
        checkpoint=Path(checkpoint) if checkpoint is not None else None,
        resume=resume,
    )
    with ProgressBars() if progress else silent() as listener:
        model = job.run(listener)
    job.remove_checkpoint()
    return _with_interface(model)


def settings_from_arguments(arguments: dict[str, Any]) -> W2VSettings:  # Any: checked here
    """Return the settings that plain arguments name. Raises ConfigError."""
    blocks = block_of_setting()
    values: dict[str, dict[str, Any]] = {"tokens": {"n_process": 1}}
    for name, value in arguments.items():
        if name not in blocks:
            hint = did_you_mean(name, blocks, otherwise=f"Known: {', '.join(blocks)}.")
            raise ConfigError(f"There is no setting '{name}'. {hint}")
        values.setdefault(blocks[name], {})[name] = value
    return parse_settings(values)


def _with_interface(model: TrainedModel) -> Word2Vec:
    return Word2Vec(**{field.name: getattr(model, field.name) for field in fields(model)})
