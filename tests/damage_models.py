"""Damages models, checkpoints and components at random, and tells what must not be: a child of test_damage.py.

python damage_models.py KIND SEED N DIRECTORY: the KINDs are in READERS. With "crafted-" before, checksums are made
right again after the damage, and only crashes and foreign errors count; else what is read without an error must be what
was written.
"""

import json
import random
import shutil
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
import spacy
from helpers_damage import damaged_copies
from helpers_model import markdown_report

import spacy_w2v
from spacy_w2v._atomic import describe_files, write_manifest
from spacy_w2v.errors import Word2VecError
from spacy_w2v.formats.gensim._keyed_vectors import make_keyed_vectors
from spacy_w2v.model._storage import write_model
from spacy_w2v.training._checkpoint import read_checkpoint

DATA = Path(__file__).parent / "data/before_checksums"
VALUES = [None, -1, 0, 1.5, 2**70, "x", "", [], {}, [1], {"a": 1}, True, float("nan"), float("inf"), "é\ud800"]


def content_of_model(directory, number):
    """All that a model has, in a form that can be compared; and use it, so that what is wrong shows."""
    model = spacy_w2v.load(directory, mmap=number % 2 == 0)
    model.most_similar(model.words[0])
    model.predict_context(model.words[:2])
    if model.settings.loss != "negative-sampling":
        model.score([model.words[:3]])
    repr(model)
    markdown_report(model)
    if model.settings.loss != "hierarchical-softmax":
        make_keyed_vectors(model.word_vectors())
    if number % 10 == 0:
        model.to_spacy()
    vocabulary, tree = model.vocabulary, model.stored_tree
    arrays = [vocabulary.counts, model.input_vectors, model.output_vectors, *(tree[:3] if tree else ())]
    return [
        *(array.tobytes() for array in arrays),
        model.words,
        vocabulary.forms.to_pylist(),
        model.config,
        json.dumps(model.meta),
    ]


def content_of_checkpoint(directory, number):
    checkpoint = read_checkpoint(directory)
    parameters = {name: np.zeros((17, 4), np.float32) for name in ("input", "output")}
    checkpoint.read_parameters(parameters)
    values = [checkpoint.progress.model_dump(), checkpoint.record.to_json()]
    return [
        *(matrix.tobytes() for matrix in parameters.values()),
        checkpoint.epoch,
        checkpoint.n_tasks_done,
        json.dumps(values),
    ]


def content_of_component(directory, number):
    component = NLP.get_pipe("w2v").from_disk(directory)
    return component.to_bytes()


NLP = spacy.blank("xx")
NLP.add_pipe("w2v", config={"update": True, "n_common": 1})

READERS = {
    "model": (content_of_model, "model"),
    "tree": (content_of_model, "model-with-tree"),
    "checkpoint": (content_of_checkpoint, "checkpoint"),
    "component": (content_of_component, "component"),
}


def renewed(directory, copy):
    """Write what the data hold in the format of now, which has checksums."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    if directory.name == "component":
        NLP.get_pipe("w2v").from_disk(directory).to_disk(copy)
        return
    if directory.name == "checkpoint":
        shutil.copy(directory / "progress.json", copy)
    write_model(spacy_w2v.load(directory), copy)


def change_value(values, chooser):
    """Change one value of JSON at random, at any depth."""
    while True:
        key = chooser.choice(list(values) if isinstance(values, dict) else range(len(values)))
        if isinstance(values[key], dict | list) and values[key] and chooser.random() < 0.8:
            values = values[key]
        elif chooser.random() < 0.2:
            del values[key]
            return
        else:
            values[key] = chooser.choice(VALUES)
            return


def craft(directory, what, chooser):
    """Make all checksums right; and change a value of a JSON file in about half of the cases."""
    names = ["meta.json"] + (["progress.json"] if (directory / "progress.json").exists() else [])
    try:
        contents = {name: json.loads((directory / name).read_bytes()) for name in names}
        meta = contents["meta.json"]
        if chooser.random() < 0.5:
            change_value(contents[chooser.choice(names)], chooser)
        if "progress.json" in contents:
            (directory / "progress.json").write_text(json.dumps(contents["progress.json"]))
        meta.pop("checksum", None)
        if isinstance(meta.get("files"), dict):
            meta["files"] = describe_files(directory, [name for name in meta["files"] if (directory / name).is_file()])
        write_manifest(directory / "meta.json", meta)
    except (ValueError, AttributeError, TypeError, OSError, LookupError):
        return  # JSON that is none any more


def main(kind, first_seed, n, directory):
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    crafted = kind.startswith("crafted-")
    read, name = READERS[kind.removeprefix("crafted-")]
    original, copy = directory / "original", directory / "copy"
    renewed(DATA / name, original)
    expected = read(original, 0)
    chooser = random.Random(first_seed)
    refused = 0
    for number, what in enumerate(damaged_copies(original, copy, n=n, seed=first_seed)):
        if crafted:
            if chooser.random() < 0.5:
                shutil.rmtree(copy)
                shutil.copytree(original, copy)
            craft(copy, what, chooser)
        (directory / "now").write_text(what)
        try:
            actual = read(copy, number)
            if actual != expected and not crafted:
                sys.stdout.write(f"SILENT {kind} {first_seed} {what}\n")
        except Word2VecError as error:
            refused += 1
            text = str(error)
            if len(text) > 2000 or not text:
                sys.stdout.write(f"TEXT {kind} {first_seed} {what}: {text[:300]}\n")
        except Exception:
            sys.stdout.write(f"FOREIGN {kind} {first_seed} {what}: {traceback.format_exc(limit=-3)}\n")
            shutil.copytree(copy, directory / f"kept-{first_seed}-{number}", dirs_exist_ok=True)
    sys.stderr.write(f"refused {refused} of {n}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
