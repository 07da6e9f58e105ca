"""spaCy pipelines that are damaged, or whose code fails: one clear error with its cause."""

import shutil

import numpy as np
import pytest
import spacy
import srsly
from helpers_cli import w2v_here
from helpers_damage import damaged_copies

from spacy_w2v.errors import StorageError
from spacy_w2v.tokenization._pipelines import load_pipeline

N_DAMAGED = 120


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """Return a pipeline with a table of three words, and with a component."""
    directory = tmp_path_factory.mktemp("pipeline") / "pipeline"
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    for i, word in enumerate(["king", "queen", "river"]):
        nlp.vocab.set_vector(word, np.eye(4, dtype=np.float32)[i])
    nlp.to_disk(directory)
    return directory


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("components", [True, False])
def test_damage_is_a_clear_error_or_harmless(pipeline, tmp_path, components):
    n_refused = 0
    for what in damaged_copies(pipeline, tmp_path / "copy", n=N_DAMAGED, seed=int(components)):
        try:
            nlp = load_pipeline(tmp_path / "copy", components=components)
        except StorageError as error:
            n_refused += str(tmp_path / "copy") in str(error)
            continue
        table = nlp.vocab.vectors
        assert table.data.ndim == 2, what
        assert all(-1 <= row < len(table.data) for row in table.key2row.values()), what
    assert n_refused > N_DAMAGED / 4


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("vocab/key2row", b"\xc1", "FormatError"),
        ("vocab/key2row", srsly.msgpack_dumps({5: 100}), "ValueError: word 5 has the vector 100 of "),
        ("vocab/key2row", srsly.msgpack_dumps({5: -2}), "ValueError: word 5 has the vector -2 of "),
        ("vocab/key2row", srsly.msgpack_dumps({5: "one"}), "TypeError"),
        ("vocab/vectors", b"\x93NUMPY\x01\x00\x01\x00{", "[A-Z]"),
        ("vocab/strings.json", b"\xff\xfe", "."),
        ("vocab/strings.json", b"[" * 100_000, "."),
        ("meta.json", b"{", "ValueError"),
        (
            "meta.json",
            rb'{"lang": "xx", "name": "\ud800", "version": "1"}',
            "UnicodeEncodeError",
        ),
        ("config.cfg", b"[nlp\n", "."),
        ("tokenizer", b"\x81\xa4", "."),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_each_file(pipeline, tmp_path, file, content, message):
    shutil.copytree(pipeline, tmp_path / "copy")
    (tmp_path / "copy" / file).write_bytes(content)
    rule = r"^A pipeline must be a directory written by spaCy, .*, but .*copy cannot be loaded: "
    with pytest.raises(StorageError, match=rule + message) as caught:
        load_pipeline(tmp_path / "copy")
    assert caught.value.__cause__ is not None
    result = w2v_here("prune", "copy", "out", "--max-vectors", 2, cwd=tmp_path)
    assert (result.code, result.stderr) == (1, "")
    assert "cannot be loaded" in result.said


def test_errors_of_components_are_shown(pipeline, tmp_path):
    broken = []

    @spacy.Language.factory("breaks_for_a_test")
    def make(nlp, name):
        if broken:
            raise ZeroDivisionError("in the code of a user")
        return lambda doc: doc

    nlp = load_pipeline(pipeline)
    nlp.add_pipe("breaks_for_a_test")
    nlp.to_disk(tmp_path / "with")
    broken.append(True)
    with pytest.raises(StorageError, match=r"cannot be loaded: ZeroDivisionError: in the code of a user$") as caught:
        load_pipeline(tmp_path / "with")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.__cause__.__traceback__ is not None
    assert load_pipeline(tmp_path / "with", components=False).pipe_names == []


@pytest.mark.parametrize("source", ["no_such_package", "./nowhere"])
def test_missing_pipelines(source):
    with pytest.raises(StorageError, match=rf"^A pipeline must be .*, but {source} cannot be loaded: \[E"):
        load_pipeline(source)
