"""A pipeline with the component, packaged by `spacy package`, installed elsewhere and loaded by a fresh process."""

import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import numpy as np
import pytest
import spacy
from helpers_corpus import ListSource

TEXTS = ["the king ruled a city near the river", "a queen went to the city", "the war began near a river"] * 8
LOAD = """
import json, en_w2v_packaged
nlp = en_w2v_packaged.load()
doc = nlp("The queen ruled Atlantis")
print(json.dumps({"file": en_w2v_packaged.__file__, "vector": doc.vector.tolist(), "span": doc[1:3].vector.tolist(),
                  "oov": [token._.w2v_oov for token in doc]}))
"""


def can_build_wheels():
    """Say whether pip can install from source here without fetching tools to build with."""
    try:
        return find_spec("wheel") is not None or int(version("setuptools").split(".")[0]) >= 71
    except PackageNotFoundError:
        return False


def run(*command, **env):
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, timeout=120, env=os.environ | env
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not can_build_wheels(), reason="pip needs setuptools >= 71 or wheel to install from source")
def test_a_packaged_pipeline_is_the_pipeline(tmp_path):
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v")
    settings = {"vocabulary": {"min_count": 1}, "model": {"vector_size": 8}, "training": {"workers": 1}}
    component.initialize(list, nlp=nlp, corpus=ListSource(TEXTS), **settings)
    nlp.to_disk(tmp_path / "pipeline")
    (tmp_path / "package").mkdir()
    run("-m", "spacy", "package", tmp_path / "pipeline", tmp_path / "package", "--name", "w2v_packaged")

    meta = json.loads((tmp_path / "package" / "en_w2v_packaged-0.0.0" / "meta.json").read_text(encoding="utf-8"))
    assert [name for name in meta["requirements"] if name.startswith("spacy-w2v>=")] != []
    (archive,) = (tmp_path / "package").glob("*/dist/*.tar.gz")
    site = tmp_path / "site"
    offline = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check")
    run("-m", "pip", "install", *offline, "--target", site, archive)

    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    loaded = json.loads(run("-c", LOAD, PYTHONPATH=path))
    doc = nlp("The queen ruled Atlantis")
    assert loaded["file"].startswith(str(site))
    np.testing.assert_array_equal(np.array(loaded["vector"], np.float32), doc.vector)
    np.testing.assert_array_equal(np.array(loaded["span"], np.float32), doc[1:3].vector)
    assert loaded["oov"] == [False, False, False, True]
