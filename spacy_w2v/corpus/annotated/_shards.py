"""A directory of DocBin files that grows shard by shard, with a manifest of what they contain."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from spacy_w2v._atomic import (
    check_files,
    check_output,
    describe_content,
    exclusive_writer,
    finish_interrupted,
    read_manifest,
    reporting_unwritable,
    staged_directory,
    write_manifest,
)
from spacy_w2v.errors import StorageError
from spacy_w2v.errors._wording import worded

MANIFEST = "manifest.json"
FORMAT = "spacy-w2v annotated documents"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Shard:
    """What a DocBin file was made of."""

    n_tasks: int
    """The tasks whose Docs are in it. A run that continues skips them."""
    n_documents: int
    n_tokens: int
    n_null: int
    """Documents that were left out because they are null."""
    n_not_text: int
    """Documents that were left out because their type differs from the others."""


@dataclass(frozen=True)
class AnnotatedManifest:
    """What a directory of annotated documents was made of, and how far it is complete."""

    made_of: dict[str, Any]  # Any: JSON values
    """The source, the pipeline and the versions. A run continues only what was made of the same."""
    shards: list[Shard] = field(default_factory=list)
    files: dict[str, dict[str, int | str]] = field(default_factory=dict)
    """The size and the checksum of each shard."""
    is_complete: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as JSON values."""
        return {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}

    def total(self) -> Shard:
        """Return the sums over all shards."""
        names = Shard.__dataclass_fields__
        return Shard(**{name: sum(getattr(shard, name) for shard in self.shards) for name in names})


def name_of_shard(number: int) -> str:
    """Return the name of the file of a shard."""
    return f"{number:05d}.spacy"


class ShardDirectory:
    """The directory while this process writes to it. A shard and the manifest that lists it appear together."""

    def __init__(self, path: Path, manifest: AnnotatedManifest, *, stale: Collection[str]):
        """Initialize a directory that exists, or is made with the first shard.

        Args:
            path: The directory.
            manifest: The finished shards.
            stale: The names of files to remove when the first shard is written.
        """
        self.path = path
        self.manifest = manifest
        self._stale = set(stale)

    def add(self, content: bytes, shard: Shard) -> None:
        """Add a shard.

        Args:
            content: The bytes of the DocBin.
            shard: What it was made of.

        Raises:
            StorageError: The disk is full, or the directory is not writable.
        """
        name = name_of_shard(len(self.manifest.shards))
        files = {**self.manifest.files, name: describe_content(content)}
        manifest = replace(self.manifest, shards=[*self.manifest.shards, shard], files=files)
        with staged_directory(self.path, replaces=self._stale - {name}) as staged:
            (staged / name).write_bytes(content)
            write_manifest(staged / MANIFEST, manifest.to_json())
        self.manifest = manifest
        self._stale.clear()

    def complete(self) -> None:
        """Write in the manifest that nothing is missing. Raises StorageError."""
        manifest = replace(self.manifest, is_complete=True)
        with staged_directory(self.path, replaces=self._stale) as staged:
            write_manifest(staged / MANIFEST, manifest.to_json())
        self.manifest = manifest


@contextmanager
def opened_shards(path: Path, made_of: dict[str, Any], *, overwrite: bool) -> Iterator[ShardDirectory]:
    """Yield a directory to add shards to, after those that an earlier run has finished.

    Args:
        path: The directory. It is new, empty, or has shards of the same source and pipeline.
        made_of: What the shards are made of.
        overwrite: Whether to replace the shards of earlier runs, whatever they were made of. They are removed when the
            first new one is written.

    Raises:
        StorageError: The directory has something else, or another process writes to it.
    """
    with exclusive_writer(path):
        finish_interrupted(path)
        if not (path / MANIFEST).exists():
            check_output(path, overwrite=overwrite, marker_file=MANIFEST)
            yield ShardDirectory(path, AnnotatedManifest(made_of), stale=())
            return
        found = _read(path)
        _check_shards(path, found)
        if overwrite:
            yield ShardDirectory(path, AnnotatedManifest(made_of), stale=found.files)
            return
        if found.made_of != made_of:
            raise StorageError(_other_content(path, found.made_of, made_of))
        intact = _intact(path, found)
        yield ShardDirectory(path, intact, stale=found.files.keys() - intact.files.keys())


def _read(path: Path) -> AnnotatedManifest:
    """Return the manifest of a directory. Raises StorageError if it is damaged, or that of something else."""
    values = read_manifest(path / MANIFEST, checked=True)
    if values.get("format") != FORMAT:
        raise StorageError(
            f"Only annotated documents may be continued or overwritten, but {path} has something else: "
            f"{values.get('format')}. Choose another directory."
        )
    if values.get("format_version") != FORMAT_VERSION:
        raise StorageError(
            f"{path / MANIFEST} must have the format version {FORMAT_VERSION}, was: {values.get('format_version')}. "
            "Update spacy-w2v, or choose another directory."
        )
    try:
        shards = [Shard(**shard) for shard in values["shards"]]
        return AnnotatedManifest(values["made_of"], shards, values["files"], values["is_complete"])
    except (KeyError, TypeError) as error:
        raise StorageError(f"{path / MANIFEST} must list its shards, but is damaged: {error!r}.") from None


def _intact(path: Path, manifest: AnnotatedManifest) -> AnnotatedManifest:
    """Return a manifest of the shards before the first one that is missing or damaged."""
    for number in range(len(manifest.shards)):
        name = name_of_shard(number)
        try:
            check_files(path, {name: manifest.files.get(name)}, needed=[name])
        except StorageError:
            files = {name: manifest.files[name] for name in map(name_of_shard, range(number))}
            return AnnotatedManifest(manifest.made_of, manifest.shards[:number], files)
    return manifest


def _check_shards(path: Path, manifest: AnnotatedManifest) -> None:
    """Raise StorageError if a directory has .spacy files that its manifest does not list."""
    with reporting_unwritable(path):
        others = sorted(file.name for file in path.glob("*.spacy") if file.name not in manifest.files)
    if others:
        raise StorageError(
            f"The output directory must have no other .spacy files, but {path} has: {', '.join(others[:3])}. "
            "Move them, or choose another directory."
        )


def _other_content(path: Path, found: dict[str, Any], asked: dict[str, Any]) -> str:
    """Return the message for a directory whose shards were made of something else."""
    differences = [
        f"{name} was {_shown(found.get(name))}, is {_shown(asked.get(name))}"
        for name in {**asked, **found}
        if found.get(name) != asked.get(name)
    ]
    replaces = worded(python="overwrite=True", command_line="--overwrite")
    return (
        f"Annotation must continue with the same source and pipeline, but those of {path} differ: "
        f"{'; '.join(differences)}. Choose another directory, or replace it with {replaces}."
    )


def _shown(value: Any) -> str:  # Any: a JSON value
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
