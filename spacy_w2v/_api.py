"""The Python interface: train word vectors on texts, and use them in spaCy and gensim."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spacy_w2v._system.signals import import_uninterrupted
from spacy_w2v.config._arguments import (
    optional_path,
    path_of,
    pipeline_or_english,
)
from spacy_w2v.config._keywords import Keywords, settings_from_keywords
from spacy_w2v.config._loading import config_of
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._word2vec import Word2Vec as Word2Vec
from spacy_w2v.model._storage import read_model
from spacy_w2v.sources._iterables import as_source, holds_tokens

if TYPE_CHECKING:
    from spacy.language import Language
    from typing_extensions import Unpack

    from spacy_w2v.formats.spacy._pruning import Pruned

NEEDED_TO_TRAIN = (
    "spacy",
    "scipy.linalg.cython_blas",
    "spacy_w2v.formats._opening",
    "spacy_w2v.tokenization.kernels._encoding",
    "spacy_w2v.training._composition",
    "spacy_w2v.training.callbacks._progress_bar",
)
"""Modules that take long to import, and are imported when training begins."""


def load(path: str | Path, *, mmap: bool = False, trust_config: bool = False) -> Word2Vec:
    """Read a model that `Word2Vec.save` or `spacy w2v train` (in OUTPUT/model) wrote, and check that it is undamaged.

    Args:
        path: The output directory of a run, or the model in it.
        mmap: Leave the vectors on disk, read-only. Their two files stay open as long as the model, or a view of its
            vectors, lives: on Windows they can be neither replaced nor removed until then. Without, no file stays open.
        trust_config: Let `to_spacy` and `evaluate` run any registered function that the model's config names, such as a
            callback or a tokenizer of the user's own. Without, only tokenizers of spaCy are run, and a config that
            names more is refused: set it for models of people you trust.

    Raises:
        StorageError: There is no model, or it is damaged.

    Example:
        >>> model = spacy_w2v.load("vectors")
        >>> model["minister"].shape
        (50,)
    """
    directory = path_of(path, name="path")
    if (directory / "model" / "meta.json").is_file():
        directory = directory / "model"
    return read_model(directory, kind=Word2Vec, mmap=mmap, trust_config=trust_config)


def from_gensim(
    model: Any,  # Any: gensim has no types
    nlp: "Language | None" = None,
    *,
    attr: Literal["ORTH", "LOWER", "NORM"] | None = None,
) -> Word2Vec:
    """Return a gensim.models.Word2Vec as a model of ours, with its output vectors, tree and hyper-parameters.

    To train it further, give it to `train` as `initial`.

    Args:
        model: The Word2Vec, or the path that it was saved to, which is read without running anything that it names.
        nlp: The pipeline whose tokens its words are, for exports to spaCy; None for a blank English one.
        attr: What its words are of a token; None for LOWER where all words are in lower case, else ORTH.

    Raises:
        ConfigError: It is another model than Word2Vec, or one of both losses at once (hs=1 and negative > 0).
        StorageError: gensim has not written the file.

    Example:
        >>> from gensim.models import Word2Vec
        >>> texts = list(spacy_w2v.tokenize("news.txt"))
        >>> model = spacy_w2v.from_gensim(Word2Vec(texts, vector_size=50))
        >>> nlp = model.to_spacy()
    """
    from spacy_w2v.formats.gensim._models import model_of_gensim
    from spacy_w2v.formats.gensim._pickles import load_gensim

    nlp = pipeline_or_english(nlp)
    if isinstance(model, str | Path):
        name, model = str(model), load_gensim(path_of(model, name="model"))
    else:
        name = f"gensim's {type(model).__name__}"
    return model_of_gensim(model, name=name, nlp=nlp, attr=attr)


def train(
    texts: Any = None,  # Any: everything that `as_source` takes
    nlp: "Language | None" = None,
    *,
    text_field: str | Sequence[str] = "text",
    cache_dir: str | Path | None = None,
    progress: bool = False,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    initial: Any = None,  # Any: what `open_vectors` takes
    keep_words: bool = False,
    freeze: bool = False,
    **settings: "Unpack[Keywords]",
) -> Word2Vec:
    """Train word vectors on texts, with the tokens of a pipeline.

    Args:
        texts: An iterable (a list, a generator, ...) of documents: strings; lists of tokens, which are words exactly as
            they stand (attr="ORTH", if you set no other); or Docs, of which the tokens are taken. Or the path of a
            file, or a glob: .txt, .jsonl, .csv, .tsv, .parquet, .arrow, .spacy, also compressed. Or a datasets.Dataset
            or IterableDataset, a table of pandas, polars or Arrow, or an iterable of dicts, with the column or key
            `text_field`, as strings or as lists of tokens. Or a reader, such as `dataset` makes. It is read once.
        nlp: The pipeline whose tokenizer makes the tokens; None for a blank English one. Its components are not run.
        text_field: The column; several, of a dataset, file or table, are joined by line breaks.
        cache_dir: Where the encoded corpus is kept meanwhile; None for the user's cache directory.
        progress: Show progress bars on standard error.
        checkpoint: A directory that keeps the state of the run while it goes, so that a run which is stopped need not
            start again; every `checkpoint_every_s` seconds, and upon Ctrl-C. It is a model that `load` reads, and goes
            when training ends well. None to keep none.
        resume: Go on from the checkpoint of a run that was stopped. Texts and settings must be the same, save
            `workers`, `checkpoint_every_s`, `alpha` and `min_alpha`. With workers=1, the result is that of a run that
            was not stopped.
        initial: Vectors to start from, whatever `open_vectors` takes: a model of `train`, `load` or `from_gensim`, a
            spaCy pipeline (Language, directory or name), a Word2Vec or KeyedVectors of gensim or the path of one, or a
            text or binary file of word2vec or GloVe. Words that it has start from its vectors; output vectors too where
            it has them. It also gives the vector_size, if no other is given; all other settings are those of `train`,
            not of the model.
        keep_words: Take all its words into the vocabulary, also those that the texts lack or have fewer than min_count.
        freeze: Leave the vectors of its words as they are, to the bit; only new words get vectors of their own.
        settings: Any setting of the config's blocks [w2v.tokens], [w2v.vocabulary], [w2v.model] and [w2v.training] by
            its name there, such as vector_size=100, window=5, min_count=5, epochs=5, attr="LOWER", workers=0, seed=1;
            or a block of them, such as model={"window": 5}. n_process is 1 unless it is given. With workers=1 a seed
            fixes the result to the bit.

    Raises:
        ConfigError: A setting is wrong.
        CorpusError: The texts cannot be trained on.
        StorageError: The checkpoint is missing, in the way or held by another run.
        TrainingError: Training diverges.

    Example:
        >>> model = spacy_w2v.train("news.txt", vector_size=50, epochs=20)
        >>> model
        Word2Vec(words=1817, vector_size=50, attr='LOWER', architecture='skip-gram', loss='negative-sampling')
        >>> model.most_similar("minister", topn=2)
        [('prime', 0.89), ('philip', 0.86)]
        >>> model.save("vectors")
    """
    import_uninterrupted(*NEEDED_TO_TRAIN)
    from spacy_w2v.formats._opening import vectors_of
    from spacy_w2v.training._composition import train_model
    from spacy_w2v.training._run import TrainingRun
    from spacy_w2v.training.callbacks._progress_bar import ProgressBar

    nlp = pipeline_or_english(nlp)
    cache, kept = optional_path(cache_dir, name="cache_dir"), optional_path(checkpoint, name="checkpoint")
    settings_from_keywords(settings)  # what is wrong in them is known before texts are read
    if texts is None:
        raise ConfigError("train needs texts, its first argument, but has none.")
    source = as_source(texts, text_field=text_field)
    start, defaults = None, Keywords()
    if initial is not None:
        start = vectors_of(initial, argument="initial")
        defaults["vector_size"] = start.vector_size
    if holds_tokens(source):
        defaults["attr"] = "ORTH"
    path = str(initial) if isinstance(initial, str | Path) else None
    initial_settings = {"vectors": path, "keep_words": keep_words, "freeze": freeze}
    checked = settings_from_keywords(settings, defaults=defaults, initial=initial_settings)
    run = TrainingRun(
        source=source, nlp=nlp, settings=checked, config=config_of(nlp, checked), cache_dir=cache, initial=start
    )
    callbacks = [ProgressBar()] if progress else []
    return train_model(run, callbacks, checkpoint=kept, resume=resume)


def prune_vectors(
    nlp: "Language",
    max_vectors: int,
    *,
    texts: Any = None,  # Any: everything that `as_source` takes
    merge_rare: bool = False,
    text_field: str = "text",
    cache_dir: str | Path | None = None,
    n_process: int = 1,
    progress: bool = False,
) -> "Pruned":
    """Keep only the vectors of the most frequent words of a pipeline, in place; they may be anyone's.

    In place of `nlp.vocab.prune_vectors`, which keeps fewer where words share a row, and goes by the order of rows.

    Args:
        nlp: The pipeline.
        max_vectors: Rows that are kept.
        texts: Count words in these, as for `train`, by the pipeline's own tokens. None: the table is in order of
            frequency already, as most are; what `spacy init vectors` has sorted otherwise is put back into the order of
            its file.
        merge_rare: All other words share the row that is most similar to theirs, as `nlp.vocab.prune_vectors` does it;
            else they have no vector.
        text_field: As for `train`.
        cache_dir: As for `train`.
        n_process: Processes that tokenize the texts; 0 for one per core where that is faster.
        progress: As for `train`.

    Returns:
        Rows, words and, with texts, the share of tokens that have a vector, before and after.

    Raises:
        ConfigError: The pipeline has no table of word vectors, or one that a component `w2v` needs as it is.
        CorpusError: The texts cannot be read.

    Example:
        >>> nlp = spacy.load("pipeline")
        >>> spacy_w2v.prune_vectors(nlp, 100, merge_rare=True)
        Pruned(n_rows=(1817, 100), n_keys=(5321, 5321), coverage=None)
    """
    from spacy_w2v.formats.spacy._pruning import pipeline_to_prune, prune_table
    from spacy_w2v.training.callbacks._callback import Callback
    from spacy_w2v.training.callbacks._progress_bar import ProgressBar

    nlp = pipeline_to_prune(nlp, max_vectors)
    cache = optional_path(cache_dir, name="cache_dir")
    with closing(ProgressBar() if progress else Callback()) as callback:
        return prune_table(
            nlp,
            max_vectors,
            source=as_source(texts, text_field=text_field) if texts is not None else None,
            merge_rare=merge_rare,
            cache_dir=cache,
            n_process=n_process,
            callback=callback,
        )
