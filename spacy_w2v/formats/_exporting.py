"""What becomes of vectors: directories and files that spaCy, gensim and others read."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.errors._wording import worded
from spacy_w2v.formats._names import WORD2VEC_FORMATS
from spacy_w2v.formats._names import check_words as check_words
from spacy_w2v.model._word_vectors import WordVectors

if TYPE_CHECKING:
    from spacy.language import Language


class Format(NamedTuple):
    """How vectors are written in a format."""

    module: str
    """Where its function is, which is imported when it is used."""
    function: str
    """Takes what is written, a directory or file, and ExportSettings."""
    place: str
    """Where below the output directory `train` puts it."""
    keeps_pipeline: bool = False
    """Whether it takes the pipeline of the run that made the model, too, as nlp."""
    needs_model: bool = False
    """Whether it takes a `TrainedModel`, for its tokenizer or output vectors, and not `WordVectors` of any origin."""
    n_matrices: int = 1
    """Size on disk in matrices of float32: both of them, or some twelve digits a number."""


FORMATS = {
    "spacy": Format("spacy_w2v.formats.spacy._writing", "write_spacy", "spacy", needs_model=True, keeps_pipeline=True),
    "gensim": Format("spacy_w2v.formats.gensim._keyed_vectors", "write_keyed_vectors", "gensim/vectors.kv"),
    "gensim-model": Format(
        "spacy_w2v.formats.gensim._models",
        "write_gensim_model",
        "gensim/word2vec.model",
        needs_model=True,
        n_matrices=2,
    ),
    "word2vec-text": Format(
        "spacy_w2v.formats.word2vec._writing", "write_word2vec_text", "word2vec/vectors.txt", n_matrices=3
    ),
    "word2vec-binary": Format("spacy_w2v.formats.word2vec._writing", "write_word2vec_binary", "word2vec/vectors.bin"),
}
"""All formats that vectors are exported to, by the names of `config._export.ExportFormat`."""


def n_matrices(settings: ExportSettings) -> int:
    """Return how much room on disk the exports take, in matrices of the model, at most."""
    return sum(FORMATS[name].n_matrices for name in settings.formats)


def check_new(name: str, path: Path, vectors: WordVectors, settings: ExportSettings) -> None:
    """Raise StorageError if the export of a format would write over files. Counts may be there that are the same."""
    for file in files_of(name, path):
        if file.exists() and not (file != path and _is_the_same(name, file, vectors, settings)):
            option = worded(python="overwrite=True", command_line="--overwrite")
            raise StorageError(f"The output must be new, but {file} exists. Replace it with {option}.")


def _is_the_same(name: str, file: Path, vectors: WordVectors, settings: ExportSettings) -> bool:
    if name not in WORD2VEC_FORMATS:
        return False
    from spacy_w2v.formats.word2vec._writing import has_these_counts

    return has_these_counts(file, vectors, settings)


def files_of(name: str, path: Path) -> list[Path]:
    """Return the files that the export of a format may write beside each other, `path` first.

    Raises StorageError for the name of a file that must be that of another.
    """
    if name in WORD2VEC_FORMATS:
        from spacy_w2v.formats.word2vec._writing import counts_file

        return [path, counts_file(path)]
    from spacy_w2v.formats.gensim._keyed_vectors import COMPRESSED

    parts = {"gensim": ["vectors"], "gensim-model": ["wv.vectors", "syn1neg", "syn1"]}.get(name, [])
    suffix = "npz" if path.suffix in COMPRESSED else "npy"
    return [path, *(path.with_name(f"{path.name}.{part}.{suffix}") for part in parts)]


def export(
    name: str, vectors: WordVectors, path: Path, *, settings: ExportSettings, nlp: "Language | None" = None
) -> None:
    """Write vectors in one format.

    Args:
        name: Of the format, one of `FORMATS`.
        vectors: The input vectors; of a model, `settings.vector_kind` says which of its vectors are written.
        path: A directory that exists, for spaCy, or a file to be written; other files may come beside it.
        settings: Which words and numbers are written.
        nlp: The pipeline whose tokens the model was trained on, if it is there; None to make it of the model's config,
            whose callbacks run again then.

    Raises:
        ConfigError: The format cannot hold such vectors, or needs a model, and these are of none.
    """
    check_holds(name, vectors)
    form = FORMATS[name]
    write = getattr(import_module(form.module), form.function)
    if not form.needs_model:
        write(vectors.of_kind(settings.vector_kind), path, settings)
    elif form.keeps_pipeline:
        write(vectors.model, path, settings, nlp=nlp)
    else:
        write(vectors.model, path, settings)


def check_holds(name: str, vectors: WordVectors) -> None:
    """Raise ConfigError if a format needs a model, and these vectors are of none."""
    if FORMATS[name].needs_model and vectors.model is None:
        others = " or ".join(other for other, form in FORMATS.items() if not form.needs_model)
        raise ConfigError(
            f"The format {name} needs a model of ours, or of gensim's Word2Vec, but {vectors.name} has word vectors "
            f"only. Export {others}."
        )


def export_all(
    vectors: WordVectors, directory: Path, settings: ExportSettings, *, nlp: "Language | None" = None
) -> list[Path]:
    """Write all formats of the settings below a directory.

    Args:
        vectors: The input vectors, as `export` takes them.
        directory: Where they go.
        settings: Which formats, and how.
        nlp: As for `export`.

    Returns:
        Where the formats are, relative to the directory.
    """
    places = []
    for name in settings.formats:
        place = Path(FORMATS[name].place)
        (directory / place).parent.mkdir(parents=True, exist_ok=True)
        export(name, vectors, directory / place, settings=settings, nlp=nlp)
        places.append(place)
    return places
