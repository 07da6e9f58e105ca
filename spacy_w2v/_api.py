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
from spacy_w2v.config._presets import check_optimize
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._word2vec import Word2Vec as Word2Vec
from spacy_w2v.hub._names import is_hub_name
from spacy_w2v.model._storage import read_model
from spacy_w2v.sources._iterables import as_source, holds_tokens

if TYPE_CHECKING:
    from spacy.language import Language
    from typing_extensions import Unpack

    from spacy_w2v.formats.spacy._pruning import Pruned
    from spacy_w2v.training._resolved_config import SpacyLogger
    from spacy_w2v.training.callbacks._callback import Callback

NEEDED_TO_TRAIN = (
    "spacy",
    "scipy.linalg.cython_blas",
    "spacy_w2v.formats._opening",
    "spacy_w2v.tokenization.kernels._encoding",
    "spacy_w2v.training._composition",
    "spacy_w2v.training.callbacks._progress_bar",
)
"""Modules that load slowly, and are therefore imported when training begins."""


def load(path: str | Path, *, mmap: bool = False, trust_config: bool = False) -> Word2Vec:
    """Load a trained model from disk, or from the Hugging Face Hub.

    All files are checked against their checksums.

    Args:
        path: The output directory of `spacy w2v train`, the model in it, a directory written by `Word2Vec.save`, a
            checkpoint, or the name of a repository on the Hugging Face Hub, such as "hf:user/repo" or
            "hf:user/repo@revision".
        mmap: Whether to memory-map the vectors, read-only, instead of reading them into memory. Their two files stay
            open while the model or a view of its vectors exists. On Windows, they cannot be replaced or removed until
            then.
        trust_config: Whether `to_spacy` and `evaluate` may run any registered function that the model's config names,
            such as a callback or a custom tokenizer. By default, only spaCy's own tokenizers are run, and a config that
            names other functions raises an error. Set this only for models that you trust.

    Returns:
        The model.

    Raises:
        ConfigError: The name of the repository is invalid.
        StorageError: There is no model at the path, or it is damaged, or the Hub cannot be reached.

    Example:
        >>> model = spacy_w2v.load("vectors")
        >>> model["minister"].shape
        (50,)
    """
    if is_hub_name(str(path)):
        from spacy_w2v.formats._opening import downloaded

        return read_model(downloaded(str(path)), kind=Word2Vec, mmap=mmap, trust_config=trust_config)
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
    """Convert gensim's Word2Vec or FastText to a model of this package.

    The model has the input vectors, output vectors, Huffman tree and hyper-parameters of the original, and the rows of
    subwords of a FastText. To continue its training, pass it to `train` as `initial`.

    Args:
        model: A `gensim.models.Word2Vec` or `FastText`, or the path of a saved one. The file is read without running
            any code in it.
        nlp: The pipeline whose tokens the words are, for exports to spaCy. None for a blank English pipeline.
        attr: The token attribute that the words are. If None: LOWER if all words are lower-case, otherwise ORTH.

    Returns:
        The model.

    Raises:
        ConfigError: The model is neither of them, or was trained with both losses at once (hs=1 and negative > 0).
        StorageError: The file was not saved by gensim, or is damaged.

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
    texts: Any = None,  # Any: what `as_source` accepts
    nlp: "Language | None" = None,
    *,
    text_field: str | Sequence[str] = "text",
    cache_dir: str | Path | None = None,
    progress: bool = False,
    callbacks: "Sequence[Callback | SpacyLogger]" = (),
    optimize: Literal["accuracy", "efficiency"] | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    initial: Any = None,  # Any: what `open_vectors` accepts
    keep_words: bool = False,
    freeze: bool = False,
    **settings: "Unpack[Keywords]",
) -> Word2Vec:
    """Train word vectors on texts, with the tokens of a spaCy pipeline.

    The texts can be:

    - an iterable of documents, such as a list or a generator. A document is a string, a list of tokens, a `Doc`, or a
      dict with the key `text_field`. Lists of tokens are used unchanged (attr="ORTH" is then the default).
    - the path of a file, a glob, or a list of `Path` objects: .txt, .jsonl, .csv, .tsv, .parquet, .arrow or .spacy,
      also compressed.
    - a `datasets.Dataset` or `IterableDataset`, or a table of pandas, polars or Arrow, with the column `text_field`.
    - a reader, such as `spacy_w2v.dataset` returns.

    Args:
        texts: The texts, which are read once.
        nlp: The pipeline whose tokenizer is used. Those of its components run that `keys` need. None for the one that
            `pipeline` names, or a blank English one.
        text_field: The column or key that contains the texts, as strings or lists of tokens. The texts of several
            columns are joined by line breaks.
        cache_dir: Directory for encoded corpora. None for the user's cache directory.
        progress: Whether to show progress bars on standard error.
        callbacks: Objects of `Callback`, which receive the events of the run, and loggers of spaCy, such as
            `spacy.registry.loggers.get("spacy_w2v.TensorBoard.v1")(log_dir="runs/first")`.
        optimize: What to choose settings for, by the number of tokens, the architecture, the loss and the dimensions:
            "accuracy", the best vectors, or "efficiency", the fastest training. Settings that you give are kept. None
            for the defaults, which are gensim's. The settings are in `meta` of the model.
        checkpoint: Directory in which the state of the run is saved, every `checkpoint_every_s` seconds and after
            Ctrl-C, so that a stopped run can be resumed. It is removed when training is complete. `load` reads it as a
            model. None for no checkpoints.
        resume: Whether to resume the run from its checkpoint. The texts and settings must be those of the stopped run,
            except `workers`, `checkpoint_every_s`, `alpha`, `min_alpha`, `patience`, `analogies` and those of
            [w2v.distributed] and [w2v.export]. With workers=1, the result is the same as without the interruption.
        initial: Vectors to start from: a `Word2Vec` or `WordVectors`, a spaCy pipeline (`Language`, directory or name
            of a package), gensim's Word2Vec or KeyedVectors, or the path of a vectors file of gensim, word2vec, GloVe
            or fastText. Words that have a vector there start from it. Output vectors are used if it has them. Of a
            model, those are its input vectors as they were trained; a `WordVectors` is used as it is, such as
            `model.word_vectors(postprocess="soft-whiten")`. Its vector_size is the default. All other settings are
            independent of it.
        keep_words: Whether to add all words of `initial` to the vocabulary, including those that the texts lack or that
            occur less than min_count times.
        freeze: Whether to keep the vectors of the words of `initial` unchanged. Only new words are trained.
        settings: Settings of the config blocks [w2v.tokens], [w2v.vocabulary], [w2v.model] and [w2v.training] by name,
            such as vector_size=100, window=5, min_count=5, epochs=5, attr="LOWER", workers=0 or seed=1, or a whole
            block, such as model={"window": 5}. keys="lemmas", "lemma-pos" or "senses" gives vectors to what a pipeline
            knows of the tokens; pipeline="en_core_web_sm" names it. subwords="fasttext" or "floret" composes vectors of
            character n-grams, which min_n, max_n, buckets and hashes choose. Those of [w2v.evaluation], such as
            word_pairs="wordsim353" or patience=3, score the vectors while they are trained. Of [w2v.export],
            vector_kind says which vectors words have, and postprocess and whitening_strength say what is done to them
            after training; input_vectors of the model stay as they were trained. engine="ray" and the other settings of
            [w2v.distributed] train on a Ray cluster. The default of n_process is 1. With workers=1, a seed makes the
            result reproducible to the bit.

    Returns:
        The trained model.

    Raises:
        ConfigError: A setting is invalid.
        CorpusError: The texts cannot be read, or have too few words.
        StorageError: The checkpoint is missing, in use by another run, or its directory has other files.
        TrainingError: Training diverges.
        ClusterError: The machines of a cluster cannot be used.

    Example:
        >>> model = spacy_w2v.train("news.txt", vector_size=50, epochs=20)
        >>> model
        Word2Vec(words=1817, vector_size=50, attr='LOWER', architecture='skip-gram', loss='negative-sampling')
        >>> model.most_similar("minister", topn=2)
        [('prime', 0.89), ('philip', 0.86)]
        >>> model.save("vectors")
    """
    import_uninterrupted(*NEEDED_TO_TRAIN)
    from spacy_w2v.tokenization._pipelines import pipeline_of
    from spacy_w2v.training._composition import train_model
    from spacy_w2v.training._preset_run import PresetRun
    from spacy_w2v.training._run import TrainingRun
    from spacy_w2v.training._start import vectors_to_start_from
    from spacy_w2v.training.callbacks._progress_bar import ProgressBar
    from spacy_w2v.training.callbacks._spacy_logger import as_callbacks

    cache, kept = optional_path(cache_dir, name="cache_dir"), optional_path(checkpoint, name="checkpoint")
    by_preset = optimize is not None
    checked = settings_from_keywords(settings, alpha_follows=by_preset)  # raises errors before texts are read
    nlp = pipeline_of(checked.tokens, nlp)
    if optimize is not None:
        check_optimize(optimize, checked)
    if texts is None:
        raise ConfigError("train needs texts as its first argument, but texts is None.")
    source = as_source(texts, text_field=text_field)
    start, defaults = None, Keywords()
    if initial is not None:
        start = vectors_to_start_from(initial, argument="initial")
        defaults["vector_size"] = start.vector_size
    if holds_tokens(source):
        defaults["attr"] = "ORTH"
    path = str(initial) if isinstance(initial, str | Path) else None
    initial_settings = {"vectors": path, "keep_words": keep_words, "freeze": freeze}
    checked = settings_from_keywords(settings, defaults=defaults, initial=initial_settings, alpha_follows=by_preset)
    run = TrainingRun(
        source=source, nlp=nlp, settings=checked, config=config_of(nlp, checked), cache_dir=cache, initial=start
    )
    with closing(ProgressBar(announces_compiling=progress)) as bar:
        given = as_callbacks(callbacks, bar, config=run.config, settings=checked)
        return train_model(
            run if optimize is None else PresetRun(run, given=checked, optimize=optimize),
            [bar, *given] if progress else given,
            checkpoint=kept,
            resume=resume,
        )


def prune_vectors(
    nlp: "Language",
    max_vectors: int,
    *,
    texts: Any = None,  # Any: what `as_source` accepts
    merge_rare: bool = False,
    text_field: str = "text",
    cache_dir: str | Path | None = None,
    n_process: int = 1,
    progress: bool = False,
) -> "Pruned":
    """Keep only the vectors of the most frequent words of a pipeline.

    Changes the pipeline in place, whatever made its vectors. Use this function instead of `nlp.vocab.prune_vectors`,
    which goes by the order of rows and keeps fewer vectors if words share a row.

    Args:
        nlp: The pipeline.
        max_vectors: The number of rows to keep.
        texts: Texts to count words in, by the pipeline's own tokens, in any form that `train` accepts. None if the
            vectors table is sorted by frequency already, as most are. If `spacy init vectors` changed the order of
            its file, the order is restored.
        merge_rare: Whether to map each removed word to the most similar remaining vector, as
            `nlp.vocab.prune_vectors` does. Otherwise, removed words have no vector.
        text_field: The column or key that contains the texts, as for `train`.
        cache_dir: Directory for encoded corpora. None for the user's cache directory.
        n_process: Number of processes that tokenize the texts. 0 for one per core if that is faster.
        progress: Whether to show progress bars on standard error.

    Returns:
        The numbers of vectors and words and, with texts, the share of tokens that have a vector, before and after.

    Raises:
        ConfigError: The pipeline has no vectors, or a component `w2v` needs all of them.
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
