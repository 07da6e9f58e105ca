"""`spacy w2v export`: a trained model in another format."""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import CODE_HELP, TRUST_HELP, VECTORS_HELP, VectorKinds, errors_for_users, run_code, w2v_cli
from spacy_w2v.cli._messages import msg

if TYPE_CHECKING:
    from spacy_w2v.config._export import ExportSettings


class Format(str, Enum):
    """The formats of `spacy_w2v.formats._exporting.FORMATS`."""

    spacy = "spacy"
    gensim = "gensim"
    gensim_model = "gensim-model"
    word2vec_text = "word2vec-text"
    word2vec_binary = "word2vec-binary"


class WhiteSpaceIn(str, Enum):
    """The kinds of `spacy_w2v.config._export.WhiteSpace`."""

    underscore = "underscore"
    refuse = "refuse"


class Dtype(str, Enum):
    """Types of numbers."""

    float32 = "float32"
    float16 = "float16"


@w2v_cli.command("export")
def export_command(
    source: str = typer.Argument(..., metavar="VECTORS", help=VECTORS_HELP),
    output_path: Path = typer.Argument(..., help="Directory (spacy) or file (other formats) to write"),
    format_: Format = typer.Option(Format.spacy, "--format", "-f", help="What to write"),
    max_vectors: int = typer.Option(None, "--max-vectors", min=1, help="Only the vectors of the most frequent words"),
    dtype: Dtype = typer.Option(Dtype.float32, "--dtype", help="Type of the numbers, for spacy and gensim"),
    vector_kind: VectorKinds = typer.Option(
        VectorKinds.input, "--vector-kind", help="Which vectors: input, output or their mean"
    ),
    merge_rare: bool = typer.Option(
        False,
        "--merge-rare",
        help="With --max-vectors, for spacy: rarer words share the vector of the most similar one",
    ),
    whitespace: WhiteSpaceIn = typer.Option(
        WhiteSpaceIn.underscore,
        "--whitespace",
        help="Words with white space in word2vec's formats, which hold none: with underscores, or no export",
    ),
    code_path: Path = typer.Option(None, "--code", "-c", help=CODE_HELP),
    trust_config: bool = typer.Option(False, "--trust-config", help=TRUST_HELP),
    overwrite: bool = typer.Option(False, "--overwrite", "-F", help="Replace an earlier export"),
) -> None:
    """
    Export vectors to spaCy, gensim's KeyedVectors or Word2Vec, or word2vec's text or binary format.

    For spaCy and gensim-model these must be a model of `spacy w2v train`, or a Word2Vec of gensim.
    """
    from spacy_w2v.config._export import check_fits
    from spacy_w2v.config._schema import parse_settings

    with errors_for_users(when_interrupted=f"Nothing was written to {output_path}."):
        block = {
            "formats": [format_.value],
            "max_vectors": max_vectors,
            "merge_rare": merge_rare,
            "dtype": dtype.value,
            "vector_kind": vector_kind.value,
            "whitespace": whitespace.value,
        }
        settings = parse_settings({"export": block}).export
        check_fits(settings)
        run_code(code_path)
        trusted = trust_config or code_path is not None
        write = export_pipeline if format_ is Format.spacy else export_files
        path = write(source, output_path, settings=settings, trust_config=trusted, overwrite=overwrite)
        msg.good(f"Exported {format_.value} to {path}")


def export_pipeline(
    source: str, output_path: Path, *, settings: "ExportSettings", trust_config: bool, overwrite: bool
) -> Path:
    """Write a spaCy pipeline, and return its directory. Raises the errors of spacy_w2v.errors."""
    from spacy_w2v._atomic import check_output, staged_directory
    from spacy_w2v.formats._exporting import export
    from spacy_w2v.formats._opening import open_vectors
    from spacy_w2v.formats.spacy._writing import PIPELINE_FILES, check_no_components

    check_output(output_path, overwrite=overwrite, marker_file="vocab")
    check_no_components(output_path)
    with staged_directory(output_path, replaces=PIPELINE_FILES) as directory:
        opened = open_vectors(source, trust_config=trust_config)
        export("spacy", opened, directory, settings=settings)
    return output_path


def export_files(
    source: str, output_path: Path, *, settings: "ExportSettings", trust_config: bool, overwrite: bool
) -> Path:
    """Write the file of another format, and return its path: below a directory, it has a name of its own.

    Other files may come beside it. Raises the errors of spacy_w2v.errors.
    """
    from spacy_w2v._atomic import staged_siblings
    from spacy_w2v.formats._exporting import FORMATS, check_holds, check_new, check_words, export
    from spacy_w2v.formats._opening import open_vectors

    name = settings.formats[0]
    if output_path.is_dir() or not output_path.suffix:
        output_path = output_path / Path(FORMATS[name].place).name
    opened = open_vectors(source, trust_config=trust_config)
    check_holds(name, opened)
    if not overwrite:
        check_new(name, output_path, opened, settings)
    for note in check_words(opened.words, settings):
        msg.warn(note)
    with staged_siblings(output_path) as directory:
        export(name, opened, directory / output_path.name, settings=settings)
    return output_path
