"""The examples in the docstrings of the public functions, classes and methods are run on a small model."""

import doctest
import inspect
import re
import shutil

import pytest
import spacy

import spacy_w2v
from spacy_w2v.pipeline._callbacks import make_load_vectors_v2, make_train_vectors_v1
from spacy_w2v.pipeline._component import Word2VecComponent
from spacy_w2v.pipeline._examples import make_dataset_corpus_v1
from spacy_w2v.pipeline._factory import make_w2v

ANY_NUMBER = "0.0"
"""Replaces floats, whose digits depend on the processor and on the order in which threads work."""

PUBLIC_CLASSES = [spacy_w2v.Scores, spacy_w2v.Word2Vec, spacy_w2v.WordVectors]


def public_methods(cls):
    """The public methods of a class by their full names, inherited ones too; properties need no example."""
    for name, _ in inspect.getmembers(cls, callable):
        member = inspect.getattr_static(cls, name)
        function = getattr(member, "__func__", member)  # of a classmethod
        if name.startswith("_"):
            continue
        if function.__module__.startswith("spacy_w2v."):
            yield f"{cls.__name__}.{name}", function


FUNCTIONS = {name: getattr(spacy_w2v, name) for name in spacy_w2v.__all__}
FUNCTIONS = {name: function for name, function in FUNCTIONS.items() if inspect.isfunction(function)}
METHODS = dict(method for cls in PUBLIC_CLASSES for method in public_methods(cls))
COMPONENT = {
    "component": Word2VecComponent,
    "component.initialize": Word2VecComponent.initialize,
    "component.update": Word2VecComponent.update,
    "component.best_sense": Word2VecComponent.best_sense,
    "component.most_similar": Word2VecComponent.most_similar,
    "w2v": make_w2v,
    "spacy_w2v.train_vectors.v1": make_train_vectors_v1,
    "spacy_w2v.load_vectors.v2": make_load_vectors_v2,
    "spacy_w2v.DatasetCorpus.v1": make_dataset_corpus_v1,
}
"""What spaCy calls: the component, its factory, callbacks and the reader of examples."""
DOCUMENTED = {**FUNCTIONS, **METHODS, **{cls.__name__: cls for cls in PUBLIC_CLASSES}, **COMPONENT}
WITH_EXAMPLES = [name for name, documented in DOCUMENTED.items() if ">>>" in (inspect.getdoc(documented) or "")]


class Checker(doctest.OutputChecker):
    """Compares everything except the digits of floats."""

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
    model = spacy_w2v.train(
        str(directory / "news.txt"), vector_size=50, epochs=20, workers=1, cache_dir=directory / "cache"
    )
    model.save(directory / "vectors")
    model.to_keyed_vectors().save_word2vec_format(directory / "vectors.txt.gz")
    model.to_spacy().to_disk(directory / "pipeline")
    return directory


def test_functions_and_methods_have_examples():
    assert (FUNCTIONS | METHODS | COMPONENT).keys() <= set(WITH_EXAMPLES)


@pytest.mark.parametrize("name", METHODS | FUNCTIONS)
def test_docstrings_explain_every_argument(name):
    """The section Args has an entry for each argument; a single argument may be explained in the text."""
    parameters = [each for each in inspect.signature(DOCUMENTED[name]).parameters if each not in ("self", "cls")]
    sections = re.split(r"^(\w+):\n", inspect.getdoc(DOCUMENTED[name]), flags=re.MULTILINE)
    arguments = dict(zip(sections[1::2], sections[2::2], strict=True)).get("Args", "")
    entries = re.findall(r"^    (\w+):", arguments, re.MULTILINE)
    assert entries == parameters or (len(parameters) == 1 and not entries)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_are_true(name, material, tmp_path, monkeypatch):
    shutil.copytree(material, tmp_path / "work")
    if name == "train":
        shutil.rmtree(tmp_path / "work/vectors")  # its example saves a model there
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("SPACY_W2V_CACHE", str(tmp_path / "work/cache"))
    names = {"spacy_w2v": spacy_w2v, "spacy": spacy}
    example = doctest.DocTestParser().get_doctest(inspect.getdoc(DOCUMENTED[name]), names, name, None, None)
    messages: list[str] = []
    doctest.DocTestRunner(Checker(), verbose=False).run(example, out=messages.append)
    assert not messages, "".join(messages)
