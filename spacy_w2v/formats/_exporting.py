"""Export of vectors to directories and files that spaCy, gensim and other programs read."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from spacy_w2v.config._export import MODE_OF_FORMAT, check_mode
from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.config._subwords import SubwordMode, SubwordSettings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.errors._wording import worded
from spacy_w2v.formats._names import WORD2VEC_FORMATS
from spacy_w2v.formats._names import check_words as check_words
from spacy_w2v.formats.sense2vec._layout import FILES as SENSE2VEC_FILES
from spacy_w2v.model._word_vectors import WordVectors

if TYPE_CHECKING:
    from spacy.language import Language


class Format(NamedTuple):
    """How vectors are exported to a format."""

    module: str
    """The module of the function, which is imported when it is used."""
    function: str
    """Takes the vectors or the model, the directory or file, and ExportSettings."""
    place: str
    """Path in the output directory of `spacy w2v train`."""
    keeps_pipeline: bool = False
    """Whether the function also takes the pipeline of the training run, as nlp."""
    needs_model: bool = False
    """Whether the vectors must belong to a `TrainedModel`, for its tokenizer or output vectors."""
    is_whole_model: bool = False
    """Whether the function takes that model instead of `WordVectors`."""
    needs_words: bool = True
    """Whether there must be a list of words."""
    n_matrices: int = 1
    """Size on disk, in float32 matrices of the model. Text needs some twelve characters for a number."""
    marker_file: str | None = None
    """For a format that is a directory: a file that each of them has. None for a format that is a file."""
    rows_of_buckets: Mapping[SubwordMode, int] = MappingProxyType({})
    """For each mode of subwords of which the format has rows: the size of a bucket on disk, in float32 rows."""


FORMATS = {
    "spacy": Format(
        "spacy_w2v.formats.spacy._writing",
        "write_spacy",
        "spacy",
        needs_model=True,
        keeps_pipeline=True,
        marker_file="vocab",
        rows_of_buckets={"floret": 1},
    ),
    "gensim": Format(
        "spacy_w2v.formats.gensim._keyed_vectors",
        "write_keyed_vectors",
        "gensim/vectors.kv",
        rows_of_buckets={"fasttext": 1},
    ),
    "gensim-model": Format(
        "spacy_w2v.formats.gensim._models",
        "write_gensim_model",
        "gensim/word2vec.model",
        needs_model=True,
        is_whole_model=True,
        n_matrices=2,
        rows_of_buckets={"fasttext": 1},
    ),
    "word2vec-text": Format(
        "spacy_w2v.formats.word2vec._writing", "write_word2vec_text", "word2vec/vectors.txt", n_matrices=3
    ),
    "word2vec-binary": Format("spacy_w2v.formats.word2vec._writing", "write_word2vec_binary", "word2vec/vectors.bin"),
    "fasttext": Format(
        "spacy_w2v.formats.fasttext._writing",
        "write_fasttext",
        "fasttext/model.bin",
        n_matrices=2,
        rows_of_buckets={"fasttext": 1},
    ),
    "floret": Format(
        "spacy_w2v.formats.fasttext._floret",
        "write_floret",
        "floret/vectors.floret",
        needs_words=False,
        n_matrices=0,
        rows_of_buckets={"floret": 3},
    ),
    "safetensors": Format(
        "spacy_w2v.formats.huggingface._safetensors", "write_safetensors", "safetensors/model.safetensors"
    ),
    "model2vec": Format(
        "spacy_w2v.formats.huggingface._static_model", "write_static_model", "model2vec/model.safetensors"
    ),
    "projector": Format("spacy_w2v.formats._projector", "write_projector", "projector/vectors.tsv", n_matrices=3),
    "sense2vec": Format(
        "spacy_w2v.formats.sense2vec._writing", "write_sense2vec", "sense2vec", marker_file=SENSE2VEC_FILES[0]
    ),
}
"""All export formats, keyed by the names in `config._export.ExportFormat`."""

BYTES_OF_NEIGHBOUR = 6
"""A row as int32 and a similarity as float16."""


def n_bytes(settings: ExportSettings, *, n_words: int, vector_size: int, subwords: SubwordSettings) -> int:
    """Return an upper limit of the disk space of the exports.

    Args:
        settings: The formats.
        n_words: The number of words of the model.
        vector_size: The number of dimensions.
        subwords: Its subwords. Some formats have a row for each bucket, whether it is used or not.
    """
    n_rows = sum(FORMATS[name].n_matrices for name in settings.formats) * n_words
    if subwords.mode is not None:
        n_rows += (
            sum(FORMATS[name].rows_of_buckets.get(subwords.mode, 0) for name in settings.formats) * subwords.buckets
        )
    n_neighbours = settings.sense2vec_neighbors * n_words if "sense2vec" in settings.formats else 0
    return 4 * n_rows * vector_size + BYTES_OF_NEIGHBOUR * n_neighbours


def check_not_existing(name: str, path: Path, vectors: WordVectors, settings: ExportSettings) -> None:
    """Raise StorageError if an export would overwrite files. A file with the same word counts is allowed.

    Args:
        name: The format.
        path: The file to write.
        vectors: The vectors to export.
        settings: The export settings.
    """
    for file in files_of(name, path):
        if file.exists() and not (file != path and _has_same_content(name, file, vectors, settings)):
            option = worded(python="overwrite=True", command_line="--overwrite")
            raise StorageError(
                f"The output must be new, but {file} exists. Choose another file, or replace it with {option}."
            )


def _has_same_content(name: str, file: Path, vectors: WordVectors, settings: ExportSettings) -> bool:
    if name not in WORD2VEC_FORMATS:
        return False
    from spacy_w2v.formats.word2vec._writing import has_same_counts

    return has_same_counts(file, vectors, settings)


def files_of(name: str, path: Path) -> list[Path]:
    """Return the files that the export to a format may write: `path` first, or those in the directory `path`.

    Args:
        name: The format.
        path: The main file, or the directory of a format that is one.

    Raises:
        StorageError: `path` has the name of one of the other files.
        ConfigError: The format needs another name.
    """
    if name == "sense2vec":
        return [path / file for file in SENSE2VEC_FILES]
    if name == "spacy":
        from spacy_w2v.formats.spacy._writing import PIPELINE_FILES

        return [path / file for file in PIPELINE_FILES]
    if name in WORD2VEC_FORMATS:
        from spacy_w2v.formats.word2vec._writing import counts_file

        return [path, counts_file(path)]
    if name == "safetensors":
        from spacy_w2v.formats.huggingface._safetensors import vocabulary_file

        return [path, vocabulary_file(path)]
    if name == "model2vec":
        from spacy_w2v.formats.huggingface._static_model import FILES, check_name

        check_name(path)
        return [path.with_name(file) for file in FILES]
    if name == "projector":
        from spacy_w2v.formats._projector import metadata_file

        return [path, metadata_file(path)]
    from spacy_w2v.formats.gensim._fasttext import MATRICES
    from spacy_w2v.formats.gensim._keyed_vectors import COMPRESSED

    rows = ["vectors", *MATRICES]
    parts = {"gensim": rows, "gensim-model": [*(f"wv.{part}" for part in rows), "syn1neg", "syn1"]}.get(name, [])
    suffix = "npz" if path.suffix in COMPRESSED else "npy"
    return [path, *(path.with_name(f"{path.name}.{part}.{suffix}") for part in parts)]


def export(
    name: str, vectors: WordVectors, path: Path, *, settings: ExportSettings, nlp: "Language | None" = None
) -> None:
    """Export vectors to one format.

    Args:
        name: The format, a key of `FORMATS`.
        vectors: The vectors. `settings.postprocess` says what is done to them, and if they belong to a model,
            `settings.vector_kind` selects its vectors.
        path: The directory of a format that is one, which exists for spaCy; otherwise a file to write. Other files may
            be written beside it.
        settings: Which words and vectors to write.
        nlp: The pipeline of the training run, if it is in memory. None to create it from the model's config, which
            runs the callbacks in it again.

    Raises:
        ConfigError: The format cannot store the vectors, or needs a model and they have none.
    """
    check_can_hold(name, vectors)
    form = FORMATS[name]
    write = getattr(import_module(form.module), form.function)
    if form.is_whole_model:
        write(vectors.model, path, settings)
    elif form.keeps_pipeline:
        write(selected(vectors, settings), path, settings, nlp=nlp)
    else:
        write(selected(vectors, settings), path, settings)


def selected(vectors: WordVectors, settings: ExportSettings) -> WordVectors:
    """Return the kind of vectors that settings name, post-processed as they say. Raises ConfigError as `export`."""
    strength = settings.whitening_strength if settings.postprocess == "soft-whiten" else None
    of_kind = vectors.of_kind(settings.vector_kind)
    return of_kind.postprocessed(settings.postprocess, whitening_strength=strength)


def check_can_hold(name: str, vectors: WordVectors) -> None:
    """Raise ConfigError if a format needs a model, words or subwords that the vectors do not have."""
    if name in MODE_OF_FORMAT:
        check_mode(name, vectors.subwords.settings.mode if vectors.subwords is not None else None, of=vectors.name)
    if FORMATS[name].needs_words and len(vectors) == 0:
        remedy = (
            "spaCy makes a pipeline of such a table itself: spacy init vectors LANG vectors.floret OUTPUT --mode floret"
            if name == "spacy"
            else "Export to floret."
        )
        raise ConfigError(
            f"The format {name} needs a list of words, but {vectors.name} has a table of floret without one. {remedy}"
        )
    if FORMATS[name].needs_model and vectors.model is None:
        others = " or ".join(other for other, form in FORMATS.items() if not form.needs_model)
        raise ConfigError(
            f"The format {name} needs a model trained with spacy w2v train, or gensim's Word2Vec, but {vectors.name} "
            f"has only word vectors. Export to {others}."
        )


def export_all(
    vectors: WordVectors, directory: Path, settings: ExportSettings, *, nlp: "Language | None" = None
) -> list[Path]:
    """Export vectors to all formats in the settings.

    Args:
        vectors: The vectors, as for `export`.
        directory: The output directory.
        settings: Which formats, words and vectors to write.
        nlp: As for `export`.

    Returns:
        The path of each export, relative to the directory.
    """
    places = []
    for name in settings.formats:
        place = Path(FORMATS[name].place)
        (directory / place).parent.mkdir(parents=True, exist_ok=True)
        export(name, vectors, directory / place, settings=settings, nlp=nlp)
        places.append(place)
    return places
