"""The losses and architectures: each is declared once, and each has a complete interface."""

import shutil
import typing

import numpy as np
import pytest

import spacy_w2v
from spacy_w2v._arrays import Tree
from spacy_w2v.config import _losses as declared
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.errors import ConfigError, TrainingError
from spacy_w2v.model._storage import write_model
from spacy_w2v.objectives._architectures import Architecture
from spacy_w2v.objectives._full_softmax import MAX_WORDS
from spacy_w2v.objectives._huffman import balanced_tree
from spacy_w2v.objectives._negative_sampling import NegativeSampling
from spacy_w2v.objectives._objective import OutputSource
from spacy_w2v.objectives._registry import ARCHITECTURES, OBJECTIVES, architecture_of, gensim_names, objective_of
from spacy_w2v.training import _checkpoint_writer
from spacy_w2v.training._checkpoint import read_checkpoint
from spacy_w2v.training._divergence import DivergenceCheck

COUNTS = np.array([9, 5, 3, 1])


def objective(loss, **settings):
    return objective_of(ModelSettings(loss=loss, vector_size=8, **settings))


def test_every_name_of_a_config_has_its_class():
    assert set(OBJECTIVES) == set(declared.LOSSES) == set(typing.get_args(declared.LossName))
    assert set(ARCHITECTURES) == set(declared.ARCHITECTURES) == set(typing.get_args(declared.ArchitectureName))
    for loss, cls in OBJECTIVES.items():
        assert type(objective(loss)) is cls
        assert cls.name == loss


@pytest.mark.parametrize("loss", OBJECTIVES)
def test_shapes_are_those_that_the_tables_need(loss):
    shapes = objective(loss).shapes(4)
    assert shapes["input"] == (4, 8)
    tables = objective(loss).tables(COUNTS)
    assert shapes["output"][0] == (3 if isinstance(tables, Tree) else 4)


@pytest.mark.parametrize("loss", OBJECTIVES)
def test_gensim_names_are_understood_both_ways(loss):
    if not declared.LOSSES[loss].in_gensim:
        with pytest.raises(ConfigError, match=f'The format gensim-model needs loss = .* was: "{loss}"'):
            objective(loss).for_gensim()
        return
    gensim = objective(loss, negative=7).for_gensim()
    assert bool(gensim.negative) != bool(gensim.hs)
    for architecture in ARCHITECTURES:
        sg = architecture_of(ModelSettings(architecture=architecture)).gensim_sg
        assert gensim_names(sg=bool(sg), hs=bool(gensim.hs)) == (architecture, loss)


def test_output_vectors_with_another_meaning_are_not_used():
    rows = np.array([1, 0, -1, 2])
    of_words = OutputSource(rows, 3, tree=None, tree_kind="")
    of_nodes = OutputSource(rows, 3, tree=balanced_tree(3), tree_kind="balanced")
    for loss in OBJECTIVES:
        taken = objective(loss).output_origins(of_words, COUNTS)
        assert (taken is None) == objective(loss).has_tree
        assert objective(loss).output_origins(of_nodes, COUNTS) is None  # the tree of the settings is Huffman's
    origins = objective("hierarchical-softmax", tree="balanced").output_origins(of_nodes, COUNTS)
    assert origins is not None
    assert origins.tree is not None
    assert sorted(origins.rows.tolist()) == [-1, 0, 1]


def test_a_softmax_over_too_many_words_is_refused():
    rule = r'With loss = "softmax", the vocabulary must have at most 50,000 words, was: 50,001\. Each word'
    with pytest.raises(TrainingError, match=rule):
        objective("softmax").tables(np.ones(MAX_WORDS + 1, np.int64))


def test_a_context_predicts_by_its_mean_or_its_sum():
    context = np.arange(8, dtype=np.float32).reshape(2, 4)
    made: list[Architecture] = [
        architecture_of(ModelSettings(architecture=name, cbow_mean=mean))
        for name in ARCHITECTURES
        for mean in (True, False)
    ]
    sums = [architecture.hidden_vector(context).tolist() == [[4, 6, 8, 10]] for architecture in made]
    assert sums == [False, False, False, True]
    assert [architecture.shares_steps for architecture in made] == [False, False, True, False]


class WithBias(NegativeSampling):
    """An objective with one more array, a number for each word, which its kernels ignore."""

    def shapes(self, n_words):
        return {**super().shapes(n_words), "bias": (n_words,)}

    def initial_parameters(self, inputs, *, seed):
        parameters = super().initial_parameters(inputs, seed=seed)
        parameters["bias"][:] = np.arange(inputs.n_words)
        return parameters


def test_an_objective_may_have_more_parameters(monkeypatch, tmp_path):
    """They are checked for divergence, written to checkpoints and models, and read, like the two matrices."""
    texts = ["the cat sat on the mat and the dog ran to the cat"] * 50
    settings = {"min_count": 1, "vector_size": 8, "epochs": 2, "workers": 1, "checkpoint_every_s": 0.0}
    expected = spacy_w2v.train(texts, **settings)
    monkeypatch.setitem(OBJECTIVES, WithBias.name, WithBias)

    def write_and_keep(model, directory):
        write_model(model, directory)
        shutil.copytree(directory, tmp_path / "kept", dirs_exist_ok=True)

    monkeypatch.setattr(_checkpoint_writer, "write_model", write_and_keep)
    trained = spacy_w2v.train(texts, checkpoint=tmp_path / "checkpoint", **settings)
    trained.save(tmp_path / "saved")
    for model in (trained, spacy_w2v.load(tmp_path / "saved"), spacy_w2v.load(tmp_path / "kept")):
        assert list(model.parameters) == ["input", "output", "bias"]
        np.testing.assert_array_equal(model.parameters["bias"], np.arange(len(model)))
    np.testing.assert_array_equal(trained.input_vectors, expected.input_vectors)
    parameters = {"input": np.zeros((len(trained), 8), np.float32), "bias": np.zeros(len(trained), np.float32)}
    read_checkpoint(tmp_path / "kept").read_parameters(parameters)
    np.testing.assert_array_equal(parameters["bias"], np.arange(len(trained)))
    parameters["bias"][3] = np.inf
    assert "bias" in str(DivergenceCheck(parameters).check_all())
