"""The folder of vectors on the Hugging Face Hub: the model or the vectors, a spaCy pipeline, and the model card."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.formats.huggingface._safetensors import TENSORS_FILE, VOCABULARY_FILE, write_safetensors
from spacy_w2v.model._composition import check_has_words
from spacy_w2v.model._publishing import publish_pipeline, published_model
from spacy_w2v.model._pushing import PushOptions
from spacy_w2v.model._storage import MODEL_FILES, write_model
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.reports._card import CardFacts, make_model_card

CARD_FILE = "README.md"
PIPELINE_FOLDER = "spacy"

OWN_FILES = (*MODEL_FILES, TENSORS_FILE, VOCABULARY_FILE, f"{PIPELINE_FOLDER}/*")
"""Files of an earlier push, which the next one replaces. Others stay in the repository."""


class Folder(NamedTuple):
    """A folder to send."""

    path: Path
    sizes: dict[str, int]
    """The size of each file in bytes, by its path in the folder."""

    @property
    def n_bytes(self) -> int:
        """The size of all files."""
        return sum(self.sizes.values())


def fill_folder(
    folder: Path, vectors: WordVectors, facts: CardFacts, *, pipeline: Path | None = None, card: bool = True
) -> Folder:
    """Write what a repository holds to an empty folder.

    Args:
        folder: The folder.
        vectors: The vectors. If they belong to a model, it is written whole, with its arrays in one .safetensors file.
            Otherwise the vectors are, with vocab.json.
        facts: What the card says besides.
        pipeline: The directory of a spaCy pipeline, which is copied.
        card: Whether to write the card.

    Raises:
        ConfigError: The vectors have no list of words.
        StorageError: The pipeline is not a directory that spaCy saved.
    """
    check_has_words(vectors, what="A push")
    if vectors.model is not None:
        write_model(published_model(vectors.model), folder, safetensors=True)
    else:
        write_safetensors(vectors, folder / TENSORS_FILE, ExportSettings())
    if pipeline is not None:
        if not all((pipeline / name).is_file() for name in ("meta.json", "config.cfg")):
            raise StorageError(f"The pipeline must be a directory that spaCy saved, was: {pipeline}")
        shutil.copytree(pipeline, folder / PIPELINE_FOLDER)
        publish_pipeline(folder / PIPELINE_FOLDER)
    if card:
        text = make_model_card(vectors, facts._replace(has_pipeline=pipeline is not None))
        (folder / CARD_FILE).write_text(text, encoding="utf-8")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return Folder(folder, {path.relative_to(folder).as_posix(): path.stat().st_size for path in files})


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield an empty folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="spacy-w2v-push-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


def pipeline_beside(source: Path) -> Path | None:
    """Return the spaCy pipeline in the output of a run, or beside its model; None if there is none."""
    for directory in (source, source.parent) if source.name == "model" else (source,):
        pipeline = directory / PIPELINE_FOLDER
        if (pipeline / "meta.json").is_file() and (directory / "model" / "meta.json").is_file():
            return pipeline
    return None


def push_vectors(vectors: WordVectors, repository: str, options: PushOptions) -> str:
    """Send vectors to a repository on the Hub, and return the address of the commit.

    Raises:
        ConfigError: The name is invalid, or there is no token.
        StorageError: The Hub cannot be reached, or refuses.
    """
    from spacy_w2v.hub._names import parse_repository
    from spacy_w2v.hub._transfer import check_token, push_folder

    place = parse_repository(repository)
    place = place._replace(revision=options.revision or place.revision)
    check_token(options.token)
    facts = CardFacts(place.name, license=options.license)
    with temporary_folder() as path:
        folder = fill_folder(path, vectors, facts, pipeline=options.pipeline, card=options.card)
        return push_folder(
            folder.path,
            place,
            private=options.private,
            message=options.message or default_message(vectors),
            replaces=OWN_FILES,
            token=options.token,
        )


def default_message(vectors: WordVectors) -> str:
    """Return the message of a commit without one of its own."""
    return f"{len(vectors):,} word vectors of {vectors.vector_size} dimensions"
