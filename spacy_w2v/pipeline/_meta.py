"""The content of the component's meta.json: the vectors table, the arrays, and the record of the vectors."""

from pydantic import Field, NonNegativeInt

from spacy_w2v._atomic import parse_json, parse_manifest
from spacy_w2v.errors import StorageError
from spacy_w2v.model._blocks import Block, parse_block
from spacy_w2v.model._recorded_settings import RecordedSubwordSettings
from spacy_w2v.model._run_record import VectorsRecord, parse_record
from spacy_w2v.pipeline._state import FittedMeta

FORMAT = "spacy-w2v component"
FORMAT_VERSION = 3
WITHOUT_CHECKSUMS = 2
"""The format version whose manifests have no checksums."""
META_FILE = "meta.json"

Shapes = dict[str, list[NonNegativeInt]]


class FittedBlock(FittedMeta):
    """The block "fitted": `FittedMeta`, and the shapes of the arrays."""

    shapes: Shapes


class UpdateBlock(Block):
    """The block "update": `Outputs` without its arrays, but with their shapes."""

    n_steps: NonNegativeInt
    shapes: Shapes


class SubwordsBlock(Block):
    """The block "subwords": the settings of a table of subwords, and the shapes of its arrays."""

    settings: RecordedSubwordSettings
    shapes: Shapes


class Meta(Block):
    """The content of meta.json."""

    fitted: FittedBlock | None
    vectors: dict[str, object]
    """The record of the training run of the vectors; empty if it is unknown."""
    update: UpdateBlock | None = None
    subwords: SubwordsBlock | None = None
    files: dict[str, object] = Field(default_factory=dict)
    """The size and checksum of each file, for `check_files`."""

    def record(self, place: str) -> VectorsRecord | None:
        """Return the record of the training run of the vectors, if it is known. Raises StorageError as `read_meta`."""
        if not self.vectors:
            return None
        return parse_record(VectorsRecord, self.vectors, path=f"{place}{META_FILE}", section="vectors")


def read_meta(content: bytes | None, place: str) -> Meta:
    """Parse and check meta.json.

    Args:
        content: Content of the file; None if there is no such file.
        place: Prefix of file names in errors.

    Raises:
        StorageError: The file is missing, damaged or of another kind.
    """
    path = f"{place}{META_FILE}"
    if content is None:
        raise StorageError(f"The component needs its {META_FILE}, but there is no {path}. Save the pipeline again.")
    values = parse_json(content, name=path)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise StorageError(f"{path} must describe a {FORMAT}, but does not.")
    version = values.get("format_version")
    if type(version) is not int or version not in (WITHOUT_CHECKSUMS, FORMAT_VERSION):
        raise StorageError(
            f"{path} must have format version {WITHOUT_CHECKSUMS} or {FORMAT_VERSION}, was: {version!r:.100}. Load it "
            "with the version of spacy-w2v that saved it."
        )
    checked = version != WITHOUT_CHECKSUMS
    meta = parse_block(Meta, parse_manifest(content, name=path, checked=checked), path=path)
    blocks = [block for block in (meta.fitted, meta.update, meta.subwords) if block is not None]
    if checked and {f"{name}.npy" for block in blocks for name in block.shapes} != set(meta.files):
        raise StorageError(f"{path} must describe the files of its arrays, but is damaged.")
    return meta
