"""What becomes of a model: directories and files that spaCy, gensim and others read."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.errors._wording import worded
from spacy_w2v.formats._names import WORD2VEC_FORMATS
from spacy_w2v.formats._names import check_words as check_words
from spacy_w2v.model._trained import TrainedModel

if TYPE_CHECKING:
    from spacy.language import Language

Exporter = Callable[[TrainedModel, Path, ExportSettings], None]
"""(model, directory or file, settings): writes one format."""

EXPORTERS: dict[str, tuple[str, str, str]] = {
    "spacy": ("spacy_w2v.formats.spacy._writing", "write_spacy", "spacy"),
    "gensim": ("spacy_w2v.formats.gensim._keyed_vectors", "write_keyed_vectors", "gensim/vectors.kv"),
    "gensim-model": ("spacy_w2v.formats.gensim._writing_models", "write_gensim_model", "gensim/word2vec.model"),
    "word2vec-text": ("spacy_w2v.formats.word2vec._writing", "write_word2vec_text", "word2vec/vectors.txt"),
    "word2vec-binary": ("spacy_w2v.formats.word2vec._writing", "write_word2vec_binary", "word2vec/vectors.bin"),
}
"""Format → module, function, and where below the output directory `train` puts it."""

MATRICES_OF_FORMAT = {"gensim-model": 2, "word2vec-text": 3}
"""Size on disk in matrices of float32, where it is more than one: both of them, or some twelve digits a number."""


def n_matrices(settings: ExportSettings) -> int:
    """Return how much room on disk the exports take, in matrices of the model, at most."""
    return sum(MATRICES_OF_FORMAT.get(name, 1) for name in settings.formats)


def check_new(name: str, path: Path, model: TrainedModel, settings: ExportSettings) -> None:
    """Raise StorageError if the export of a format would write over files. Counts may be there that are the same."""
    for file in files_of(name, path):
        if file.exists() and not (file != path and _is_the_same(name, file, model, settings)):
            option = worded(python="overwrite=True", command_line="--overwrite")
            raise StorageError(f"The output must be new, but {file} exists. Replace it with {option}.")


def _is_the_same(name: str, file: Path, model: TrainedModel, settings: ExportSettings) -> bool:
    if name not in WORD2VEC_FORMATS:
        return False
    from spacy_w2v.formats.word2vec._writing import has_these_counts

    return has_these_counts(file, model, settings)


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


def get_exporter(name: str) -> Exporter:
    """Import and return the exporter of a format; KeyError for any other name."""
    module, function, _ = EXPORTERS[name]
    exporter: Exporter = getattr(import_module(module), function)
    return exporter


def export_all(
    model: TrainedModel, directory: Path, settings: ExportSettings, *, nlp: "Language | None" = None
) -> list[Path]:
    """Write all formats of the settings below a directory.

    Args:
        model: The model.
        directory: Where they go.
        settings: Which formats, and how.
        nlp: The pipeline whose tokens the model was trained on, if it is there; None to make it of the model's config,
            whose callbacks run again then.

    Returns:
        Where the formats are, relative to the directory.
    """
    from spacy_w2v.formats.spacy._writing import write_spacy

    places = []
    for name in settings.formats:
        place = Path(EXPORTERS[name][2])
        (directory / place).parent.mkdir(parents=True, exist_ok=True)
        exporter = get_exporter(name) if name != "spacy" else partial(write_spacy, nlp=nlp)
        exporter(model, directory / place, settings)
        places.append(place)
    return places
