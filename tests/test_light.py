"""A pipeline with the component where only the light packages are installed: those that training needs are blocked."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import spacy
from helpers_corpus import ListSource

from spacy_w2v.errors._packages import PACKAGES_OF_TRAINING, describe_missing

TEXTS = ["the king ruled a city near the river", "a queen went to the city", "the war began near a river"] * 8
TEXT = "The queen ruled Atlantis"

BLOCKED = f"""
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {PACKAGES_OF_TRAINING!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
"""

USE = """
import json, pickle, spacy, spacy_w2v
from spacy.training import Example

nlp = spacy.load("pipeline")
first = nlp(TEXT)
nlp.to_disk("again")
others = [spacy.load("again"), spacy.load("again").from_bytes(nlp.to_bytes()), pickle.loads(pickle.dumps(nlp))]
for other in others:
    assert (other(TEXT).vector == first.vector).all()
piped, = nlp.pipe([TEXT])
assert (piped.vector == first.vector).all()
vectors = spacy_w2v.open_vectors("pipeline")
example = Example(nlp.make_doc(TEXT), nlp.make_doc(TEXT))
nlp.evaluate([example])
failures = {}
for name, call in {
    "train": lambda: spacy_w2v.train(["a b"]),
    "load": lambda: spacy_w2v.load("model"),
    "initialize": lambda: spacy.blank("en").add_pipe("w2v").initialize(list, nlp=nlp, corpus=["a b"]),
    "update": lambda: nlp.update([example]),
}.items():
    try:
        call()
    except spacy_w2v.ConfigError as error:
        failures[name] = str(error)
print(json.dumps({
    "vector": first.vector.tolist(), "span": first[1:3].vector.tolist(), "similarity": first.similarity(nlp("a king")),
    "oov": [token._.w2v_oov for token in first], "neighbours": vectors.most_similar("king", topn=2),
    "failures": failures,
}))
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"update": True, "max_edits": 1})
    settings = {"vocabulary": {"min_count": 1}, "model": {"vector_size": 8}, "training": {"workers": 1}}
    component.initialize(list, nlp=nlp, corpus=ListSource(TEXTS), **settings)
    path = tmp_path_factory.mktemp("light")
    nlp.to_disk(path / "pipeline")
    return path


def run_light(directory, code):
    """Run code where the packages of training are blocked."""
    environment = os.environ | {"SPACY_W2V_CACHE": str(directory / "cache")}
    return subprocess.run(
        [sys.executable, "-c", BLOCKED + code],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_pipeline_is_used_without_the_packages_of_training(directory):
    done = run_light(directory, f"TEXT = {TEXT!r}" + USE)
    assert done.returncode == 0, done.stderr
    actual = json.loads(done.stdout)
    nlp = spacy.load(directory / "pipeline")
    doc = nlp(TEXT)
    np.testing.assert_array_equal(np.array(actual["vector"], np.float32), doc.vector)
    np.testing.assert_array_equal(np.array(actual["span"], np.float32), doc[1:3].vector)
    assert actual["similarity"] == doc.similarity(nlp("a king"))
    assert actual["oov"] == [token._.w2v_oov for token in doc]
    assert len(actual["neighbours"]) == 2
    assert sorted(actual["failures"]) == ["initialize", "load", "train", "update"]
    for text in actual["failures"].values():
        assert "which is not installed" in text
        assert "with all of its dependencies" in text


@pytest.mark.parametrize("module", ["cli", "pipeline._callbacks", "pipeline._factory", "pipeline._tensorboard"])
def test_what_pipelines_register_is_imported_without_these_packages(directory, module):
    """All functions of a registry are imported where spaCy looks for one of them. Only readers need these packages."""
    done = run_light(directory, f"import spacy_w2v.{module}")
    assert done.returncode == 0, done.stderr


def test_commands_say_what_is_missing(directory):
    (directory / "vectors.txt").write_text("1 2\\na 1 2\\n")
    code = "sys.argv = ['spacy', 'w2v', 'evaluate', 'vectors.txt']\nfrom spacy.cli import setup_cli\nsetup_cli()"
    done = run_light(directory, code)
    assert done.returncode == 1
    assert "needs the package" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_other_missing_packages_are_not_explained():
    assert describe_missing(ModuleNotFoundError("No module named 'jieba'", name="jieba")) is None
    assert "pip install gensim" in str(describe_missing(ModuleNotFoundError("…", name="gensim.models")))
