"""The examples in the docstrings of the face are true: each is run, on a bundled text and vectors of it."""

import doctest
import inspect
import re
import shutil

import pytest
import spacy

import spacy_w2v

ANY_NUMBER = "0.0"
"""In place of floats: their digits depend on the processor and on the order in which threads work."""
WITH_EXAMPLES = [name for name in spacy_w2v.__all__ if ">>>" in (inspect.getdoc(getattr(spacy_w2v, name)) or "")]


class Checker(doctest.OutputChecker):
    """Compares all but the digits of floats."""

    def check_output(self, want, got, optionflags):
        want, got = (re.sub(r"-?\d+\.\d+(e-?\d+)?", ANY_NUMBER, text) for text in (want, got))
        return super().check_output(want, got, optionflags)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """The files that examples name: news.txt, a.jsonl, and vectors as a model, a file and a pipeline."""
    from gensim.test.utils import datapath

    directory = tmp_path_factory.mktemp("material")
    shutil.copy(datapath("lee_background.cor"), directory / "news.txt")
    (directory / "a.jsonl").write_text('{"title": "A quiet day", "body": "Nothing happened."}\n')
    model = spacy_w2v.train(str(directory / "news.txt"), vector_size=50, epochs=20, cache_dir=directory / "cache")
    model.save(directory / "vectors")
    model.to_keyed_vectors().save_word2vec_format(directory / "vectors.txt.gz")
    model.to_spacy().to_disk(directory / "pipeline")
    return directory


def test_the_functions_have_examples():
    functions = {name for name in spacy_w2v.__all__ if inspect.isfunction(getattr(spacy_w2v, name))}
    assert functions - set(WITH_EXAMPLES) == {"standard_input"}


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_are_true(name, material, tmp_path, monkeypatch):
    shutil.copytree(material, tmp_path / "work")
    if name == "train":
        shutil.rmtree(tmp_path / "work/vectors")  # which it saves
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("SPACY_W2V_CACHE", str(tmp_path / "work/cache"))
    names = {"spacy_w2v": spacy_w2v, "spacy": spacy}
    example = doctest.DocTestParser().get_doctest(inspect.getdoc(getattr(spacy_w2v, name)), names, name, None, None)
    said: list[str] = []
    doctest.DocTestRunner(Checker(), verbose=False).run(example, out=said.append)
    assert not said, "".join(said)
