"""Scores while training: at which points, of which vectors, the best, early stop, kills and resuming, errors."""

import dataclasses
import json
import random

import numpy as np
import pytest
import spacy
from helpers_cluster import make_run
from hypothesis import given
from hypothesis import strategies as st

import spacy_w2v
from spacy_w2v.cluster._local import LocalCluster
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.corpus import _store as store
from spacy_w2v.errors import ConfigError, CorpusError, StorageError
from spacy_w2v.training._checkpoint import read_checkpoint
from spacy_w2v.training._composition import train_model, train_to_directory
from spacy_w2v.training._fixed_settings import changed_settings
from spacy_w2v.training._plan import Plan
from spacy_w2v.training._results import _relevant_changes
from spacy_w2v.training.callbacks._callback import Callback, RunCallback
from spacy_w2v.training.callbacks._progress_bar import ProgressBar
from spacy_w2v.training.scoring._points import ScoringPoints

N_CHUNKS = 8
N_WORDS = 40


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Pairs of words of `helpers_cluster`, with random ratings: scores go up and down from epoch to epoch."""
    path = tmp_path_factory.mktemp("sets") / "random.tsv"
    chooser = random.Random(4)
    lines = [f"w{chooser.randrange(N_WORDS)}\tw{chooser.randrange(N_WORDS)}\t{chooser.random():.3f}" for _ in range(60)]
    path.write_text("\n".join(lines) + "\n")
    return path


def scored_run(directory, pairs, *, cluster=None, rounds=4, epochs=6, training=None, model=None, **evaluation):
    run = make_run(
        directory,
        cluster=cluster,
        rounds=rounds,
        n_words=N_WORDS,
        training={"epochs": epochs, "alpha": 0.2, **(training or {})},
        **(model or {}),
    )
    values = run.settings.model_dump(exclude_unset=True)
    values["evaluation"] = {"word_pairs": str(pairs), **evaluation}
    return dataclasses.replace(run, settings=parse_settings(values))


def spearman(model, pairs, **options):
    return spacy_w2v.evaluate(model, word_pairs=pairs, **options).word_pairs["random"].spearman


def facts(model):
    """The results and scores of a run, without times."""
    untimed = {"seconds", "words_per_s"}
    results = [{k: v for k, v in row.items() if k not in untimed} for row in model.meta["results"]]
    history = [{k: v for k, v in point if k not in untimed} for point in model.record.evaluation.history]
    found = model.record.evaluation
    return results, history, found.stopped_by, found.vectors_of and found.vectors_of.n_tasks_done


def assert_same(actual, expected):
    assert facts(actual) == facts(expected)
    for name, parameter in expected.parameters.items():
        np.testing.assert_array_equal(actual.parameters[name], parameter)


class Messages(Callback):
    def __init__(self):
        self.texts = []

    def on_message(self, text):
        self.texts.append(text)


# at which points


@given(
    sizes=st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any),
    epochs=st.integers(1, 4),
    every_words=st.integers(1, 400),
)
def test_points_are_those_of_the_plan_wherever_one_asks(sizes, epochs, every_words):
    plan = Plan(np.array(sizes), epochs=epochs, seed=1)
    done = np.cumsum([plan.task(number).size for number in range(plan.n_tasks)])
    expected, passed = [], 0
    for number, n_tokens in enumerate(done.tolist(), start=1):
        if n_tokens // every_words > passed or number % plan.n_items == 0:
            expected.append(number)
        passed = n_tokens // every_words
    points = ScoringPoints(plan, every_words)
    for first in range(plan.n_tasks):
        assert points.after(first) == next(number for number in expected if number > first)
        assert ScoringPoints(plan).after(first) == (first // plan.n_items + 1) * plan.n_items


KINDS = [
    {},
    {"architecture": "cbow"},
    {"loss": "hierarchical-softmax"},
    {"loss": "softmax"},
    {"loss": "glove"},
]


@pytest.mark.parametrize("model", KINDS, ids=lambda model: "-".join(model.values()) or "default")
@pytest.mark.parametrize("workers", [1, 2])
def test_scores_are_of_the_vectors_after_each_epoch(tmp_path, pairs, model, workers):
    class Evaluator(RunCallback):
        """Evaluates the checkpoint that is written in the pause after each chunk."""

        def __init__(self):
            self.scores = {}

        def on_pause_end(self, seconds):
            loaded = spacy_w2v.load(tmp_path / "run")
            if len(loaded.record.results) > len(self.scores):
                self.scores[len(loaded.record.results)] = spearman(loaded, pairs)

    evaluator = Evaluator()
    training = {"workers": workers, "checkpoint_every_s": 0}
    run = scored_run(tmp_path, pairs, epochs=3, model=model, training=training)
    trained = train_model(run, [evaluator], checkpoint=tmp_path / "run")
    history = trained.record.evaluation.history
    assert [(point.epoch, point.ends_epoch) for point in history] == [(1, True), (2, True), (3, True)]
    assert [point.n_tokens for point in history] == [trained.record.corpus.n_tokens * epoch for epoch in (1, 2, 3)]
    assert {point.epoch: point.scores["random"] for point in history} == pytest.approx(evaluator.scores, abs=1e-12)
    assert [result.scores for result in trained.record.results] == [point.scores for point in history]
    assert spearman(trained, pairs) == pytest.approx(history[-1].score, abs=1e-12)
    assert trained.record.evaluation.vectors_of is None


@pytest.mark.parametrize("workers", [1, 3])
def test_scores_within_epochs_change_no_bit_with_one_worker(tmp_path, pairs, workers):
    expected = scored_run(tmp_path, pairs, epochs=2, training={"workers": workers}).execute()
    n_tokens = expected.record.corpus.n_tokens
    model = scored_run(tmp_path, pairs, epochs=2, every_words=1500, training={"workers": workers}).execute()
    history = model.record.evaluation.history
    assert len(history) > 5
    assert [point.n_tokens for point in history if point.ends_epoch] == [n_tokens, 2 * n_tokens]
    for before, point in zip([0, *(point.n_tokens for point in history)], history, strict=False):
        assert point.ends_epoch or point.n_tokens // 1500 > before // 1500
        assert point.epoch == (point.n_tokens - 1) // n_tokens + 1
    if workers == 1:
        np.testing.assert_array_equal(model.input_vectors, expected.input_vectors)
        without = make_run(tmp_path, n_words=N_WORDS, training={"epochs": 2, "alpha": 0.2}).execute()
        np.testing.assert_array_equal(without.input_vectors, expected.input_vectors)
        assert "scores" not in without.meta["results"][0]


# the best, and the end


def test_the_best_vectors_are_those_with_the_best_score(tmp_path, pairs):
    last = scored_run(tmp_path, pairs).execute()
    messages = Messages()
    best = train_model(scored_run(tmp_path, pairs, select="best"), [messages])
    scores = [point.score for point in last.record.evaluation.history]
    assert facts(best)[:2] == facts(last)[:2]
    chosen = best.record.evaluation.vectors_of
    assert chosen.epoch == 1 + int(np.argmax(scores)) < 6  # otherwise this test shows nothing
    assert spearman(best, pairs) == pytest.approx(max(scores), abs=1e-12)
    assert spearman(last, pairs) < max(scores)
    assert f"The vectors are those after epoch {chosen.epoch}, with the best score: {max(scores):.4f}" in messages.texts
    best.save(tmp_path / "saved")
    assert spacy_w2v.load(tmp_path / "saved").record.evaluation == best.record.evaluation
    assert best.to_spacy(spacy.blank("en")).meta["w2v"]["evaluation"]["vectors_of"]["epoch"] == chosen.epoch


@pytest.mark.parametrize("select", ["last", "best"])
@pytest.mark.parametrize("patience", [1, 2])
def test_training_ends_where_scores_rise_no_more_on_the_planned_schedule(tmp_path, pairs, patience, select):
    whole = scored_run(tmp_path, pairs).execute()
    scores = [point.score for point in whole.record.evaluation.history]
    end = next(n for n in range(1, 7) if n - 1 - int(np.argmax(scores[:n])) >= patience)
    assert end < 6
    messages = Messages()
    model = train_model(scored_run(tmp_path, pairs, patience=patience, select=select), [messages])
    results, history, stopped_by, _ = facts(model)
    assert (results, history) == tuple(rows[:end] for rows in facts(whole)[:2])
    assert stopped_by == "patience"
    expected = max(scores[:end]) if select == "best" else scores[end - 1]
    assert spearman(model, pairs) == pytest.approx(expected, abs=1e-12)
    (text,) = [text for text in messages.texts if text.startswith("Training ended")]
    none = "the last score was not" if patience == 1 else f"none of the last {patience} scores was"
    assert text.startswith(f"Training ended after epoch {end} of 6: {none} better than")


def test_the_first_epoch_is_completed_whatever_its_scores(tmp_path, pairs):
    model = scored_run(tmp_path, pairs, every_words=600, patience=1, select="best").execute()
    history = model.record.evaluation.history
    assert [point.ends_epoch for point in history].index(True) > 2
    assert len(model.record.results) >= 1
    assert model.record.results[0].scores is not None


def test_patience_that_is_never_exhausted_ends_nothing(tmp_path, pairs):
    model = scored_run(tmp_path, pairs, patience=6).execute()
    assert (len(model.record.results), model.record.evaluation.stopped_by) == (6, None)


# killed and resumed


class Killed(BaseException):
    """Nothing is written after it."""


class KillAfter(RunCallback):
    def __init__(self, n_tasks):
        self.n_left = n_tasks

    def on_pause_end(self, seconds):
        self.n_left -= 1
        if not self.n_left:
            raise Killed


ALWAYS = {"checkpoint_every_s": 0}


@pytest.mark.parametrize(
    "evaluation",
    [{"select": "best"}, {"select": "best", "patience": 2}, {"patience": 2, "every_words": 1500, "select": "best"}],
    ids=lambda evaluation: "-".join(evaluation),
)
def test_a_run_killed_anywhere_makes_the_same_choices_with_the_same_bits(tmp_path, pairs, evaluation):
    expected = scored_run(tmp_path, pairs, **evaluation).execute()
    n_tasks = expected.record.evaluation.history[-1].n_tasks_done
    n_best = 0
    for number in range(1, n_tasks, 3):
        path = tmp_path / f"run{number}"
        run = scored_run(tmp_path, pairs, training=ALWAYS, **evaluation)
        with pytest.raises(Killed):
            train_model(run, [KillAfter(number)], checkpoint=path)
        stopped = read_checkpoint(path)
        assert stopped.n_tasks_done == number
        n_best += (path / "best-input_vectors.npy").exists()
        again = train_model(scored_run(tmp_path, pairs, **evaluation), checkpoint=path, resume=True)
        assert_same(again, expected)
        assert not path.exists()
    assert n_best > 0


def test_a_checkpoint_after_the_last_score_ends_the_resumed_run_at_once(tmp_path, pairs):
    expected = scored_run(tmp_path, pairs, patience=1).execute()
    n_tasks = expected.record.evaluation.history[-1].n_tasks_done
    run = scored_run(tmp_path, pairs, patience=1, training=ALWAYS)
    with pytest.raises(Killed):
        train_model(run, [KillAfter(n_tasks)], checkpoint=tmp_path / "run")
    again = train_model(scored_run(tmp_path, pairs, patience=1), checkpoint=tmp_path / "run", resume=True)
    assert_same(again, expected)


def kill_at(directory, pairs, number, **evaluation):
    run = scored_run(directory, pairs, training=ALWAYS, **evaluation)
    with pytest.raises(Killed):
        train_model(run, [KillAfter(number)], checkpoint=directory / "run")
    return directory / "run"


def test_what_may_change_on_resume_and_what_may_not(tmp_path, pairs):
    n_chunks = len(scored_run(tmp_path, pairs, epochs=1, every_words=1).execute().record.evaluation.history)
    path = kill_at(tmp_path, pairs, n_chunks + 1, select="best")
    lines = 'w2v.evaluation.select was "best", is now: "last"\nw2v.evaluation.every_words|every_words was null'
    for changed in ({"select": "last"}, {"select": "best", "every_words": 5}):
        with pytest.raises(ConfigError, match=lines.split("\n")["every_words" in changed]):
            train_model(scored_run(tmp_path, pairs, **changed), checkpoint=path, resume=True)
    other = tmp_path / "random.tsv"
    other.write_text(pairs.read_text().replace("0.", "1.", 1))
    values = read_checkpoint(path).progress.settings.evaluation
    assert values.word_pairs == [str(pairs)]
    model = train_model(scored_run(tmp_path, pairs, select="best", patience=1), checkpoint=path, resume=True)
    assert model.record.evaluation.patience == 1


def test_other_ratings_in_the_same_file_are_refused(tmp_path, pairs):
    own = tmp_path / "random.tsv"
    own.write_text(pairs.read_text())
    path = kill_at(tmp_path, own, 3)
    own.write_text(pairs.read_text().replace("\t0.", "\t1.", 1))
    with pytest.raises(ConfigError, match="the word pairs by which vectors are scored have changed"):
        train_model(scored_run(tmp_path, own), checkpoint=path, resume=True)


def test_a_checkpoint_without_its_best_weights_is_damaged(tmp_path, pairs):
    whole = scored_run(tmp_path, pairs, select="best").execute()
    n_done = whole.record.evaluation.vectors_of.n_tasks_done + 1
    path = kill_at(tmp_path, pairs, n_done, select="best")
    (path / "best-output_vectors.npy").unlink()
    with pytest.raises(StorageError, match=r"best-output_vectors\.npy"):
        train_model(scored_run(tmp_path, pairs, select="best"), checkpoint=path, resume=True)


def test_a_checkpoint_of_other_tasks_than_its_scores_is_damaged(tmp_path, pairs):
    path = kill_at(tmp_path, pairs, 9)
    progress = json.loads((path / "progress.json").read_text())
    progress["scores"] *= 2
    (path / "progress.json").write_text(json.dumps(progress))
    with pytest.raises(StorageError):
        train_model(scored_run(tmp_path, pairs), checkpoint=path, resume=True)


def test_a_saved_checkpoint_has_no_files_of_one(tmp_path, pairs):
    whole = scored_run(tmp_path, pairs, select="best").execute()
    path = kill_at(tmp_path, pairs, whole.record.evaluation.vectors_of.n_tasks_done + 1, select="best")
    assert (path / "best-input_vectors.npy").exists()
    spacy_w2v.load(path).save(path, overwrite=True)
    assert not list(path.glob("best-*")) + list(path.glob("progress.json"))


# several machines


@pytest.mark.parametrize("rounds", [1, 4, 7])
def test_on_several_machines_scores_follow_the_round_that_ends_an_epoch(tmp_path, pairs, rounds):
    run = scored_run(tmp_path, pairs, cluster=LocalCluster(3), rounds=rounds, epochs=3, select="best")
    log = tmp_path / "out/training.jsonl"
    model = train_to_directory(run, tmp_path / "out").model
    history, results = model.record.evaluation.history, model.record.results
    n_tasks, n_items = history[-1].n_tasks_done, history[-1].n_tasks_done // 3
    ends = [n_tasks * number // rounds for number in range(1, rounds + 1)]
    expected = sorted({next(end for end in ends if end >= epoch * n_items) for epoch in (1, 2, 3)})
    assert [point.n_tasks_done for point in history] == expected
    assert all(point.ends_epoch for point in history)
    assert [result.scores for result in results if result.scores] == [point.scores for point in history]
    assert results[-1].scores is not None
    assert spearman(model, pairs) == pytest.approx(max(point.score for point in history), abs=1e-12)
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert events == ["corpus", "epoch", "epoch", "epoch", "end"]


def test_several_machines_stop_early_and_resume_with_the_same_bits(tmp_path, pairs):
    def run(**training):
        evaluation = {"select": "best", "patience": 1}
        return scored_run(tmp_path, pairs, cluster=LocalCluster(3), rounds=12, training=training, **evaluation)

    expected = run().execute()
    assert expected.record.evaluation.stopped_by == "patience"
    for number in (1, 2, 3):
        path = tmp_path / f"run{number}"
        with pytest.raises(Killed):
            train_model(run(checkpoint_every_s=0), [KillAfter(number)], checkpoint=path)
        assert_same(train_model(run(), checkpoint=path, resume=True), expected)


# analogies


def test_analogies_are_scored_once_after_training(tmp_path, pairs):
    questions = tmp_path / "few.txt"
    questions.write_text(": first\nw1 w2 w3 w4\nw2 w3 w4 w5\n")
    run = scored_run(tmp_path, pairs, epochs=2, analogies=str(questions))
    messages, bar = Messages(), ProgressBar()
    model = train_to_directory(run, tmp_path / "out", [messages, bar]).model
    expected = spacy_w2v.evaluate(model, analogies=questions, restrict_vocab=len(model)).analogies["few"]
    assert model.record.evaluation.analogy_scores == {"few": expected.model_dump()}
    assert spacy_w2v.load(tmp_path / "out").record.evaluation.analogy_scores == {"few": expected.model_dump()}
    last = json.loads((tmp_path / "out/training.jsonl").read_text().splitlines()[-1])
    assert last == {"event": "analogies", "scores": {"few": expected.model_dump()}}


# what goes wrong


@pytest.mark.parametrize(
    ("evaluation", "message"),
    [
        ({"word_pairs": "none.tsv"}, r"an existing file with two words and a rating in each line, was: none\.tsv"),
        ({"score": "wordsim"}, r"score must be the name of a set in word_pairs, was: wordsim"),
        ({"analogies": ["none.txt"]}, r"A set of analogies must be questions-words, .* was: none\.txt"),
        ({"word_pairs": [], "patience": 2}, r"evaluation\.word_pairs must name a set if patience is set, was: \[\]"),
        ({"patience": 0}, "patience must be at least 1, was: 0"),
        ({"every_words": 0}, "every_words must be at least 1, was: 0"),
    ],
)
def test_errors_before_the_corpus_is_read(tmp_path, pairs, evaluation, message):
    with pytest.raises((ConfigError, CorpusError), match=message):
        scored_run(tmp_path, pairs, **evaluation).execute()
    assert not (tmp_path / "cache").exists()


def test_a_loss_without_epochs_is_refused():
    block = {"model": {"loss": "ppmi-svd"}}
    with pytest.raises(
        ConfigError, match=r'evaluation\.patience must be left out with loss = "ppmi-svd", which is .*: 2'
    ):
        parse_settings({**block, "evaluation": {"patience": 2}})
    assert parse_settings({**block, "evaluation": {"analogies": ["questions-words"]}}).evaluation.analogies


def test_sets_of_which_too_few_words_are_known(tmp_path, pairs):
    few = tmp_path / "few.tsv"
    few.write_text("\n".join(pairs.read_text().splitlines()[:9]) + "\nunknown\twords\t0.5\n")
    with pytest.raises(
        CorpusError, match=r"both words of at least 10 pairs of a set, but it has those of 9 of 10 pairs"
    ):
        scored_run(tmp_path, few).execute()
    with pytest.raises(CorpusError, match="it has those of 0 of 353 pairs of wordsim353"):
        scored_run(tmp_path, pairs, word_pairs=None, patience=1).execute()
    messages = Messages()
    model = train_model(scored_run(tmp_path, pairs, word_pairs=None, every_words=1000, epochs=1), [messages])
    assert not model.record.evaluation.history
    expected = "Vectors are not scored on simlex999: the vocabulary has fewer than 10 of its pairs"
    assert expected in messages.texts


def test_scores_that_decide_nothing_are_no_difference(tmp_path, pairs):
    model = scored_run(tmp_path, pairs, epochs=1).execute()
    same = scored_run(tmp_path, pairs, epochs=1, every_words=7, score="random").settings
    assert _relevant_changes(model.record, same) == []
    best = scored_run(tmp_path, pairs, epochs=1, select="best").settings
    assert _relevant_changes(model.record, best) == ['w2v.evaluation.select was "last", is now: "best"']
    assert changed_settings(model.record, best) == ['w2v.evaluation.select was "last", is now: "best"']
