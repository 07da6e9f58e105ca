"""Prepare the labelled data of the workflow `downstream` for `spacy convert`.

    python configs/downstream/labelled_data.py assets output/downstream

The first folder contains wnut17/, gum/ and sst2/, as in the assets of project.yml. Files may be compressed (.xz, .gz,
.bz2). The second folder is the output folder: text/ is the input of `spacy convert`. spaCy has no converter for the
format of SST-2, so corpus/sst2/ is created here.
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import spacy
from smart_open import open as open_text
from spacy.language import Language
from spacy.tokens import Doc, DocBin

FILES = {
    "wnut17": {"train": "wnut17train.conll", "dev": "emerging.dev.conll", "test": "emerging.test.annotated"},
    "gum": {split: f"en_gum-ud-{split}.conllu" for split in ("train", "dev", "test")},
    "sst2": {split: f"stsa.binary.{split}" for split in ("train", "dev", "test")},
}
SUFFIXES = ("", ".xz", ".gz", ".bz2")
LABELS = {"0": "negative", "1": "positive"}


def find_file(folder: Path, name: str) -> Path:
    """Return the path of a file, which may be compressed. If there is none, exit with an error."""
    for suffix in SUFFIXES:
        if (path := folder / f"{name}{suffix}").is_file():
            return path
    raise SystemExit(
        f"The labelled data must include {folder / name}, which does not exist. Download it with spacy project assets, "
        "or set --vars.labelled to a folder that has it."
    )


def read_lines(path: Path) -> Iterator[str]:
    with open_text(str(path), encoding="utf-8") as file:
        yield from (line.rstrip("\n") for line in file)


def strip_blank_lines(lines: Iterable[str]) -> Iterator[str]:
    """Remove white space from blank lines, which `spacy convert` otherwise does not take as the end of a sentence."""
    return (line if line.strip() else "" for line in lines)


def labelled_doc(line: str, nlp: Language) -> Doc:
    """Return the document of a line: a label, a space, and tokens separated by spaces. Exit if the line is invalid."""
    label, _, text = line.partition(" ")
    if label not in LABELS or not text.split():
        raise SystemExit(f"A line of SST-2 must be 0 or 1, a space and a sentence, was: {line!r}")
    doc = Doc(nlp.vocab, words=text.split())
    doc.cats = {name: float(key == label) for key, name in LABELS.items()}
    return doc


def write_lines(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def prepare(source: Path, output: Path) -> None:
    """Write all files if all inputs exist, and create the output folders of `spacy convert`."""
    found = {(task, split): find_file(source / task, name) for task in FILES for split, name in FILES[task].items()}
    nlp = spacy.blank("en")
    for (task, split), path in found.items():
        corpus = output / "corpus" / task
        corpus.mkdir(parents=True, exist_ok=True)
        match task:  # `spacy convert` reads only files of a folder whose suffix is the name of the converter
            case "wnut17":
                write_lines(output / "text" / task / f"{split}.ner", strip_blank_lines(read_lines(path)))
            case "gum":
                write_lines(output / "text" / task / f"{split}.conllu", read_lines(path))
            case "sst2":
                docs = [labelled_doc(line.strip(), nlp) for line in read_lines(path)]
                DocBin(docs=docs).to_disk(corpus / f"{split}.spacy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    # spaCy projects pass on quotes on Windows
    parser.add_argument("source", type=lambda text: Path(text.strip('"')), help="folder with the labelled data")
    parser.add_argument("output", type=Path, help="output folder")
    options = parser.parse_args()
    prepare(options.source, options.output)


if __name__ == "__main__":
    main()
