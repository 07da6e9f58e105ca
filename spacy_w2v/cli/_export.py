"""`spacy w2v export`: convert word vectors to another format."""

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from spacy_w2v.cli._app import (
    CODE_OPTION,
    KIND_OPTION,
    MAX_VECTORS_HELP,
    POSTPROCESS_OPTION,
    STRENGTH_OPTION,
    TRUST_OPTION,
    VECTORS_HELP,
    Postprocessings,
    VectorKinds,
    errors_for_users,
    run_code,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg
from spacy_w2v.errors import ConfigError

if TYPE_CHECKING:
    from spacy_w2v.config._export import ExportSettings, PostprocessChoice, VectorKindChoice
    from spacy_w2v.model._word_vectors import WordVectors


class Format(str, Enum):
    """The choices of --format, as in `spacy_w2v.formats._exporting.FORMATS`."""

    spacy = "spacy"
    gensim = "gensim"
    gensim_model = "gensim-model"
    word2vec_text = "word2vec-text"
    word2vec_binary = "word2vec-binary"
    fasttext = "fasttext"
    floret = "floret"
    safetensors = "safetensors"
    model2vec = "model2vec"
    projector = "projector"
    sense2vec = "sense2vec"


class WhiteSpaceChoice(str, Enum):
    """The choices of --whitespace, as in `spacy_w2v.config._export.WhiteSpace`."""

    underscore = "underscore"
    refuse = "refuse"


class Dtype(str, Enum):
    """The choices of --dtype."""

    float32 = "float32"
    float16 = "float16"


FORMATS_OF_SUFFIXES = {
    ".kv": Format.gensim,
    ".model": Format.gensim_model,
    ".txt": Format.word2vec_text,
    ".vec": Format.word2vec_text,
    ".bin": Format.word2vec_binary,
    ".floret": Format.floret,
    ".safetensors": Format.safetensors,
    ".tsv": Format.projector,
}
"""The suffixes of files, and the format that is suggested for each."""

WHITESPACE_OPTION = typer.Option(
    WhiteSpaceChoice.underscore,
    "--whitespace",
    help="For the word2vec formats, in which words cannot contain white space: replace it with underscores, or refuse "
    "the export",
)

NEIGHBORS_OPTION = typer.Option(
    0,
    "--sense2vec-neighbors",
    min=0,
    help="For the format sense2vec: store this many nearest neighbours of each key, which its most_similar then looks "
    "up",
)


@w2v_cli.command("export")
def export_command(
    source: str = typer.Argument(..., metavar="VECTORS", help=VECTORS_HELP),
    output_path: Path = typer.Argument(
        ..., help="Output directory (formats spacy, model2vec, sense2vec) or file (other formats)"
    ),
    format_: Format = typer.Option(Format.spacy, "--format", "-f", help="Format to export to"),
    max_vectors: int = typer.Option(None, "--max-vectors", min=1, help=MAX_VECTORS_HELP),
    dtype: Dtype = typer.Option(Dtype.float32, "--dtype", help="Data type of the vectors, where a format has several"),
    vector_kind: VectorKinds = KIND_OPTION,
    postprocess: Postprocessings = POSTPROCESS_OPTION,
    whitening_strength: float = STRENGTH_OPTION,
    merge_rare: bool = typer.Option(
        False,
        "--merge-rare",
        help="With --max-vectors and the format spacy: map each removed word to the most similar remaining vector",
    ),
    composed: bool = typer.Option(
        False,
        "--composed",
        help="With the format spacy and a model with floret's subwords: write a table of words, each with its composed "
        "vector, instead of the subwords",
    ),
    whitespace: WhiteSpaceChoice = WHITESPACE_OPTION,
    neighbors: int = NEIGHBORS_OPTION,
    code_path: Path = CODE_OPTION,
    trust_config: bool = TRUST_OPTION,
    overwrite: bool = typer.Option(False, "--overwrite", "-F", help="Overwrite an earlier export"),
) -> None:
    """
    Export word vectors to spaCy, gensim and other formats.

    The formats are spacy (a pipeline with vectors), gensim (KeyedVectors), gensim-model (a Word2Vec that can be
    trained further), word2vec-text, word2vec-binary, fasttext (a .bin file), floret (a table that spaCy reads),
    safetensors (with the words in vocab.json), model2vec (a StaticModel, which sentence-transformers loads too),
    projector (two tables for TensorBoard's projector) and sense2vec (a directory for sense2vec and its component, of
    keys such as duck|NOUN). The formats spacy and gensim-model require a model trained with
    `spacy w2v train`, or gensim's Word2Vec. fasttext and floret require vectors with subwords.
    """
    with errors_for_users(when_interrupted=f"Nothing was written to {output_path}."):
        block = {
            "max_vectors": max_vectors,
            "merge_rare": merge_rare,
            "composed": composed,
            "dtype": dtype.value,
            **explicit_choices(vector_kind, postprocess, whitening_strength=whitening_strength),
            "whitespace": whitespace.value,
            "sense2vec_neighbors": neighbors,
        }
        settings = settings_of(format_, block)
        if format_ in WRITERS:
            check_has_no_file_suffix(output_path, format_)
        run_code(code_path)
        opening = Opening(
            source,
            settings=settings,
            vector_kind=vector_kind.value,
            postprocess=postprocess.choice,
            whitening_strength=whitening_strength,
            trusts_config=trust_config or code_path is not None,
        )
        path = WRITERS.get(format_, export_files)(opening, output_path, overwrite=overwrite)
        msg.good(f"Exported the vectors to {path} (format: {format_.value})")


def settings_of(format_: Format, block: dict[str, object]) -> "ExportSettings":
    """Return the settings of an export. Raises ConfigError if one is invalid, or is for other formats.

    Args:
        format_: The format. Whether it can hold the vectors is known when they are open.
        block: The other settings.
    """
    from spacy_w2v.config._export import MODE_OF_FORMAT, check_fits
    from spacy_w2v.config._schema import parse_settings

    model = {"subwords": {"mode": MODE_OF_FORMAT.get(format_.value)}}
    settings = parse_settings({"export": {"formats": [format_.value], **block}, "model": model}).export
    check_fits(settings)
    return settings


def explicit_choices(
    vector_kind: VectorKinds, postprocess: Postprocessings, *, whitening_strength: float | None
) -> dict[str, object]:
    """Return the settings of vectors that are given. Raises ConfigError for a strength that does not fit.

    What the record says is known when the vectors are open; see `Opening.open`.
    """
    from spacy_w2v.config._export import check_postprocess

    settings: dict[str, object] = {}
    if vector_kind is not VectorKinds.recorded:
        settings["vector_kind"] = vector_kind.value
    if postprocess is not Postprocessings.recorded:
        check_postprocess(postprocess.choice, whitening_strength)
        settings["postprocess"] = postprocess.choice
    if whitening_strength is not None:
        settings["whitening_strength"] = whitening_strength
    return settings


def check_has_no_file_suffix(output_path: Path, format_: Format) -> None:
    """Raise ConfigError if the output of a format that is a directory has the suffix of other formats' files."""
    other = FORMATS_OF_SUFFIXES.get(output_path.suffix.lower())
    if other is not None and not output_path.is_dir():
        raise ConfigError(
            f"The output of --format {format_.value} is a directory, but {output_path} has the suffix of a file. Pass "
            f"--format {other.value}, or choose another name."
        )


class Opening(NamedTuple):
    """How the vectors to export are opened."""

    source: str
    """The vectors, as for `open_vectors`."""
    settings: "ExportSettings"
    """The format and its settings."""
    vector_kind: "VectorKindChoice"
    """The kind of vectors."""
    postprocess: "PostprocessChoice"
    """What is done to the vectors."""
    whitening_strength: float | None
    """The strength of soft whitening."""
    trusts_config: bool
    """Whether any function that the model's config names may be run."""

    def open(self) -> tuple["WordVectors", "ExportSettings"]:
        """Return the vectors, and the settings with the kind and the post-processing that are chosen.

        Raises:
            Word2VecError: The vectors cannot be read, or an option does not fit them.
        """
        from spacy_w2v.formats._opening import open_vectors

        opened = open_vectors(self.source, trust_config=self.trusts_config)
        opened = opened.of_kind(self.vector_kind)
        opened = opened.postprocessed(self.postprocess, whitening_strength=self.whitening_strength)
        done = opened.postprocessing.settings() if opened.postprocessing is not None else {}
        return opened, self.settings.model_copy(update={**done, "vector_kind": opened.vector_kind})


def export_pipeline(opening: Opening, output_path: Path, *, overwrite: bool) -> Path:
    """Export a spaCy pipeline.

    Args:
        opening: The vectors and the settings.
        output_path: The directory of the pipeline.
        overwrite: Whether an existing pipeline is replaced.

    Returns:
        The directory.

    Raises:
        Word2VecError: The vectors cannot be read or exported.
    """
    from spacy_w2v.formats.spacy._linking import check_not_of_run, output_of_run
    from spacy_w2v.formats.spacy._writing import check_no_components

    check_can_be_replaced("spacy", output_path, overwrite=overwrite)
    check_no_components(output_path)
    check_not_of_run(output_path)
    opened = write_directory("spacy", opening, output_path)
    if (of_run := output_of_run(output_path)) is not None:
        update_output(of_run, output_path, opened)
    if opened.lang == "xx" and opened.model is not None and "spacy-w2v" not in opened.model.record.versions:
        msg.warn(
            'A model from gensim has no language, so that the pipeline is multilingual ("xx"). For another one, use '
            "Python: spacy_w2v.from_gensim(path, nlp).to_spacy()"
        )
    return output_path


def export_directory(opening: Opening, output_path: Path, *, overwrite: bool) -> Path:
    """Export a directory in another format than spaCy's. The arguments and the result are those of `export_pipeline`.

    Raises:
        Word2VecError: The vectors cannot be read or exported.
    """
    name = opening.settings.formats[0]
    check_can_be_replaced(name, output_path, overwrite=overwrite)
    write_directory(name, opening, output_path)
    return output_path


def check_can_be_replaced(name: str, output_path: Path, *, overwrite: bool) -> None:
    """Raise StorageError if the directory of an export has files that may not be replaced."""
    from spacy_w2v._atomic import check_output
    from spacy_w2v.formats._exporting import FORMATS

    marker_file = FORMATS[name].marker_file
    assert marker_file is not None, "this format is a directory"
    check_output(output_path, overwrite=overwrite, marker_file=marker_file)


def write_directory(name: str, opening: Opening, output_path: Path) -> "WordVectors":
    """Export a directory, which replaces an earlier export to the format, and return the vectors.

    Raises:
        Word2VecError: The vectors cannot be read or exported.
    """
    from spacy_w2v._atomic import staged_directory
    from spacy_w2v.formats._exporting import check_words, export, files_of

    with staged_directory(output_path, replaces=[file.name for file in files_of(name, output_path)]) as directory:
        opened, settings = opening.open()
        for note in check_words(opened.words, settings):
            msg.warn(note)
        export(name, opened, directory, settings=settings)
    return opened


def update_output(of_run: Path, pipeline: Path, vectors: "WordVectors") -> None:
    """Let the output of a run, which is a pipeline too, have the new files of its export; or say that it has not.

    Args:
        of_run: The output directory of the run.
        pipeline: The pipeline that was exported again.
        vectors: The vectors that were exported.
    """
    from spacy_w2v._atomic import staged_directory
    from spacy_w2v.formats.spacy._linking import link_pipeline
    from spacy_w2v.formats.spacy._writing import PIPELINE_FILES
    from spacy_w2v.model._storage import read_record

    run = read_record(of_run / "model").run
    if vectors.model is None or run is None or vectors.model.record.run != run:
        msg.warn(
            f"{of_run} is a pipeline too, and keeps the vectors of its own run. Load these by: "
            f"spacy.load({json.dumps(str(pipeline))})"
        )
        return
    with staged_directory(of_run, replaces=PIPELINE_FILES) as directory:
        link_pipeline(pipeline, directory, run_config=vectors.model.config)
    msg.info(f"{of_run} is a pipeline with the same vectors, so it has changed too")


def export_files(opening: Opening, output_path: Path, *, overwrite: bool) -> Path:
    """Export a file in another format than spaCy's. Large arrays may be written to more files beside it.

    Args:
        opening: The vectors and the settings.
        output_path: The file, or a directory, in which the file gets its default name.
        overwrite: Whether existing files are replaced.

    Returns:
        The file.

    Raises:
        Word2VecError: The vectors cannot be read or exported.
    """
    from spacy_w2v._atomic import check_file, staged_siblings
    from spacy_w2v.formats._exporting import FORMATS, check_can_hold, check_not_existing, check_words, export
    from spacy_w2v.formats._names import delimiter_of

    name = opening.settings.formats[0]
    if output_path.is_dir() or not output_path.suffix:
        output_path = output_path / Path(FORMATS[name].place).name
    check_file(output_path)
    opened, settings = opening.open()
    check_can_hold(name, opened)
    if not overwrite:
        check_not_existing(name, output_path, opened, settings)
    for note in check_words(opened.words, settings, delimiter=delimiter_of(opened)):
        msg.warn(note)
    with staged_siblings(output_path) as directory:
        export(name, opened, directory / output_path.name, settings=settings)
    return output_path


WRITERS = {Format.spacy: export_pipeline, Format.sense2vec: export_directory}
"""The functions for formats that are directories."""
