"""The comparisons with other programs: which runs are made, how they are scored, and how they are reported."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gensim.models import KeyedVectors
from helpers_keys import annotated_doc, rule_pipeline, small_pipeline
from scipy.sparse import csr_array
from spacy.tokens import DocBin

import spacy_w2v
from spacy_w2v.cluster._local import LocalCluster
from spacy_w2v.corpus import _store as store
from spacy_w2v.evaluation._data_sets import read_analogies, read_word_pairs
from spacy_w2v.evaluation._set_files import bundled

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import emulation
import glove
import keys
import merging
import peers
import pmi
import presets
import quality
import scores
import subwords
import training_job
from common import SENTENCE_WORDS, Ended
from peers import Mode, parse_mode, report_of, wanted_runs

SKIP_GRAM = Mode("skip-gram", "negative-sampling", 100, 1)


def run(program, number, *, measure="speed", **values):
    place = {"date": f"2026-11-2{number}T00:00:00+00:00", "processor": "Some processor (AVX2), 2 cores"}
    return {"measure": measure, "round": number, **SKIP_GRAM._asdict(), "program": program, **place, **values}


def speeds(program, *rates):
    return [run(program, n, words_per_s=rate, words_per_cpu_s=rate / 2) for n, rate in enumerate(rates, start=1)]


def test_medians_and_their_ratio():
    runs = [*speeds("spacy-w2v", 3_000_000, 9_000_000, 4_000_000), *speeds("gensim", 400_000, 500_000, 100_000)]
    report = report_of(runs, {"words": 1000, "max_final_vocab": None}, unit="wall")
    assert "| spacy-w2v | 4,000,000 (10.0 ×) |" in report
    assert "| gensim | 400,000 (1.0 ×) |" in report
    assert "Processor: Some processor (AVX2), 2 cores. Dates: 2026-11-21 to 2026-11-23." in report
    assert "rounds: 3." in report
    assert "max_final_vocab" not in report
    assert "| spacy-w2v | 2,000,000 (10.0 ×) |" in report_of(runs, {}, unit="cpu")


def test_processes_are_faster_where_they_take_less_time():
    took = {"cpu_s": 9.0, "peak_bytes": 512_000_000}
    runs = [run("spacy-w2v", 1, measure="process", wall_s=10.0, **took)]
    runs += [run("gensim", 1, measure="process", wall_s=25.0, **took)]
    assert "| spacy-w2v | 10.0 s (2.5 ×), 512 MB |" in report_of(runs, {}, unit="wall")


def test_scores_are_means_over_seeds():
    scores = [{"WordSim-353": 0.5, "SimLex-999": 0.25, "Google analogies": None}] * 2
    runs = [run("floret", n, measure="quality", **score) for n, score in enumerate(scores, start=1)]
    assert "| floret | 50.0 ± 0.0, 25.0 ± 0.0, – |" in report_of(runs, {}, unit="wall")


def wanted(monkeypatch, **changes):
    monkeypatch.setattr(peers, "is_installed", lambda program: True)
    settings = {"measures": ["speed"], "rounds": 1, "modes": [SKIP_GRAM], "programs": list(peers.PROGRAMS), **changes}
    return [run["program"] for run in wanted_runs(argparse.Namespace(**settings))]


def test_programs_take_turns_in_the_modes_that_they_have(monkeypatch):
    everywhere = ["spacy-w2v", "spacy-w2v, sequential", "gensim", "floret", "fastText"]
    with_subwords = ["spacy-w2v, floret subwords", "spacy-w2v, fastText subwords", "gensim, subwords"]
    assert wanted(monkeypatch) == [*everywhere, *with_subwords, "floret, subwords", "fastText, subwords"]
    assert wanted(monkeypatch, modes=[Mode("cbow", "hierarchical-softmax", 100, 1)], rounds=2) == 2 * everywhere
    assert "gensim" not in wanted(monkeypatch, modes=[Mode("cbow", "softmax", 100, 1)])
    assert "spacy-w2v, first run" in wanted(monkeypatch, measures=["process"])


def test_modes_are_parsed():
    assert parse_mode("cbow/softmax:50:2") == Mode("cbow", "softmax", 50, 2)
    for wrong in ("cbow", "cbow/softmax", "cbow/softmax:50", "gru/softmax:50:2", "cbow/softmax:50:two"):
        with pytest.raises(argparse.ArgumentTypeError, match=r"must be like skip-gram/negative-sampling:100:1, was"):
            parse_mode(wrong)


def test_runs_with_other_settings_are_not_mixed(tmp_path):
    output = tmp_path / "peers"
    peers.write_results(output, settings={"words": 1}, measurements=[], table="", plot=None)
    assert peers.finished_runs(output, {"words": 1}) == []
    with pytest.raises(SystemExit, match=r"must be those of .* Name another --output"):
        peers.finished_runs(output, {"words": 2})


# Subwords


def subword_run(program, number, **values):
    return {"measure": "speed", "threads": 1, "program": program, "round": number, "processor": "Some", **values}


def test_speeds_of_subwords_are_divided_round_by_round():
    rates = {subwords.FLORET: (8.0, 20.0, 60.0), "floret, subwords": (1.0, 2.0, 3.0), subwords.PLAIN: (16.0, 20.0)}
    runs = [
        subword_run(program, number, words_per_s=1e5 * rate)
        for program, each in rates.items()
        for number, rate in enumerate(each, start=1)
    ]
    report = subwords.report_of(runs, {"words": 7}, unit="words_per_s")
    assert "| spacy-w2v, floret subwords ÷ floret, subwords | 10.00 (8.00 to 20.00) |" in report
    assert "| spacy-w2v, floret subwords ÷ spacy-w2v | 0.75 (0.50 to 1.00) |" in report
    assert "| floret, subwords | 200,000 |" in report
    assert "fastText" not in report.split("Settings")[1]


def test_quality_of_subwords_has_a_column_for_unknown_words():
    found = [{"pairs": 0.5, "pairs, unknown words": value} for value in (0.25, None)]
    runs = [
        subword_run(program, 1, measure="quality", scores=values, n_questions={"pairs": 9, "pairs, unknown words": 4})
        for program, values in zip((subwords.FLORET, subwords.PLAIN), found, strict=True)
    ]
    report = subwords.report_of(runs, {}, unit="words_per_s")
    assert "| pairs (9) | pairs, unknown words (4) |" in report
    assert "| spacy-w2v, floret subwords | 1 | 50.0 | 25.0 |" in report
    assert "| spacy-w2v | 1 | 50.0 | – |" in report


def test_pairs_with_unknown_words_are_a_set_of_their_own():
    ratings = np.array([1, 2, 3], np.float32)
    pairs = scores.TestSet("pairs", [("a", "b"), ("a", "x"), ("y", "x")], ratings)
    analogies = scores.TestSet("analogies", [("a", "b", "a", "b"), ("a", "b", "a", "x")], None)
    parts = scores.split_by_vocabulary([pairs, analogies], {"a", "b"})
    assert [(part.name, len(part.questions)) for part in parts] == [
        ("pairs", 1),
        ("pairs, unknown words", 2),
        ("analogies", 1),
    ]
    assert parts[1].ratings.tolist() == [2, 3]


def test_strings_get_vectors_and_sets_get_scores(tmp_path):
    sets = [scores.TestSet("pairs", [("a", "b"), ("a", "c"), ("b", "x")], np.array([1, 2, 3], np.float32))]
    subwords.write_strings(sets, ["a", "b"], tmp_path / subwords.WORDS)
    assert (tmp_path / subwords.WORDS).read_text().split() == ["a", "b", "c", "x"]
    np.save(tmp_path / subwords.VECTORS, np.array([[1, 0], [0, 1], [1, 1], [0, 2]], np.float32))
    assert subwords.scores_in(tmp_path, sets, n_known=2) == {"pairs": pytest.approx(1.0)}
    np.save(tmp_path / subwords.VECTORS, np.zeros((4, 2), np.float32))
    assert subwords.scores_in(tmp_path, sets, n_known=2) == {"pairs": None}


# Scores by question


def some_words():
    """Return words of the bundled sets, so that some questions of each can be answered."""
    words = [word for pair in read_word_pairs(bundled("wordsim353.tsv"))[:60] for word in pair[:2]]
    words += [word for pair in read_word_pairs(bundled("simlex999.txt"))[:60] for word in pair[:2]]
    sections = read_analogies(bundled("questions-words.txt"))
    return sorted({word.lower() for word in [*words, *(w for q in sections[4].questions[:200] for w in q)]})


@pytest.fixture(scope="module")
def vectors():
    words = some_words()
    made = KeyedVectors(8)
    made.add_vectors(words, np.random.default_rng(0).normal(1, 1, (len(words), 8)).astype(np.float32))
    return made


@pytest.mark.parametrize("restrict_vocab", [30_000, 100])
def test_answers_give_the_scores_of_evaluate(vectors, restrict_vocab):
    sets = scores.read_test_sets()
    answers = scores.answers_of(spacy_w2v.open_vectors(vectors), sets, restrict_vocab=restrict_vocab)
    actual = scores.scores_of(sets, answers, mean_of=presets.SCORES)
    expected = spacy_w2v.evaluate(vectors, restrict_vocab=restrict_vocab)
    for name, pairs in expected.word_pairs.items():
        assert actual[name] == pytest.approx(pairs.spearman, abs=1e-6)
        assert np.isfinite(answers[name]).sum() == pairs.n_used
    analogies = expected.analogies["Google analogies"]
    assert actual["Google analogies"] == pytest.approx(analogies.accuracy, abs=1e-6)
    assert np.isfinite(answers["Google analogies"]).sum() == analogies.n_used > 0
    assert actual[scores.MEAN] == pytest.approx(np.mean([actual[name] for name in presets.SCORES]))


def test_intervals_hold_over_questions_and_seeds():
    solved = scores.TestSet("solved", [("a", "b", "c", "d")] * 400, None)
    rng = np.random.default_rng(0)

    def seeds(rate, *, n=3):
        return [{"solved": (rng.random(400) < rate).astype(np.float32)} for _ in range(n)]

    good, bad = seeds(0.7), seeds(0.5)
    found = scores.resampled_scores([solved], {"good": good, "bad": bad}, mean_of=["solved"], n_resamples=500)
    low, high = scores.interval(found["good"]["solved"])
    mean = np.mean([each["solved"].mean() for each in good])
    assert low < mean < high
    # a mean of three seeds of 400 answers has a standard error of 0.013, and seeds and questions are drawn both
    assert 0.04 < high - low < 0.1
    assert scores.interval(found["good"]["solved"] - found["bad"]["solved"])[0] > 0
    again = scores.resampled_scores([solved], {"good": good, "bad": bad}, mean_of=["solved"], n_resamples=500)
    assert (again["good"]["solved"] == found["good"]["solved"]).all()


def test_the_same_answers_differ_by_nothing():
    pairs = scores.TestSet("pairs", [("a", "b")] * 50, np.arange(50, dtype=np.float32))
    answers = [{"pairs": np.random.default_rng(0).random(50).astype(np.float32)}]
    found = scores.resampled_scores([pairs], {"x": answers, "y": answers}, mean_of=["pairs"], n_resamples=20)
    assert scores.interval(found["x"]["pairs"] - found["y"]["pairs"]) == (0, 0)


# Presets


def test_epochs_that_fit_in_some_time():
    preset = {"used": {"epochs": 10}, "seconds": 40.0, "wall_s": 50.0, "cpu_s": 50.0}  # 10 s once, and 4 s an epoch
    assert presets.epochs_in(210.0, preset) == 50
    assert presets.epochs_in(5.0, preset) == 1


def test_the_settings_of_a_preset_in_gensim():
    used = {"architecture": "skip-gram", "loss": "negative-sampling", "vector_size": 100, "window": 5, "negative": 7}
    used |= {"ns_exponent": 0.75, "epochs": 10, "sample": 1e-4, "alpha": 0.06, "min_alpha": 1e-4, "cbow_mean": True}
    arguments = presets.gensim_arguments(used)
    assert arguments["sg"] == 1
    assert (arguments["negative"], arguments["epochs"], arguments["alpha"]) == (7, 10, 0.06)
    assert presets.gensim_arguments({**used, "architecture": "cbow"})["alpha"] == pytest.approx(0.01)


def run_here(command, environment):
    """Do what the process of a run does, here."""
    job = training_job.Job(**json.loads(command[-1]))
    return Ended(json.dumps(training_job.PROGRAMS[job.program](job)) + "\n", wall_s=2.0, cpu_s=1.0, peak_bytes=0)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Compare the preset with gensim on a small corpus, twice: the second call finds all runs."""
    directory = tmp_path_factory.mktemp("presets")
    rng = np.random.default_rng(0)
    (directory / "corpus.txt").write_text(" ".join(rng.choice(some_words(), 20_000)) + "\n", encoding="utf-8")
    output = directory / "results" / "accuracy"
    arguments = ["quality.py", str(directory / "corpus.txt"), "--optimize", "accuracy", "--output", str(output)]
    arguments += ["--seeds", "1", "2", "--vector-size", "16", "--resamples", "20"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", arguments)
        patch.setattr(presets, "run_process", run_here)
        quality.main()
        patch.setattr(presets, "run_process", lambda command, environment: pytest.fail("no run is made twice"))
        quality.main()
    return output


def test_a_preset_is_compared_with_gensim(compared):
    report = json.loads(compared.with_name("accuracy.json").read_text(encoding="utf-8"))
    runs = report["measurements"]
    assert {(run["contender"], run["seed"]) for run in runs} == {(c, s) for c in presets.CONTENDERS for s in (1, 2)}
    used = {run["contender"]: run["used"] for run in runs}
    for name in ("epochs", "sample", "alpha", "window", "negative"):
        assert used[presets.PRESET][name] == used[presets.SAME][name]
    assert used[presets.GENSIM]["epochs"] == used[presets.DEFAULTS]["epochs"] == 5
    assert all(run["wall_s"] == 2 and run["processor"] for run in runs)


def test_the_report_on_a_preset(compared):
    report = compared.with_name("accuracy.md").read_text(encoding="utf-8")
    assert "Processor: " in report
    assert "| gensim, same settings | as trained | 2 |" in report
    assert "| spacy-w2v, preset (" in report
    assert "95 % intervals of 20 resamples" in report


def test_settings_of_kept_runs_are_checked(compared, monkeypatch):
    arguments = ["quality.py", str(compared.parents[1] / "corpus.txt"), "--optimize", "accuracy", "--min-count", "3"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--output", str(compared)])
    with pytest.raises(SystemExit, match=r"must be a run of .* Name another --output"):
        quality.main()


STANFORD_LOG = """TRAINING MODEL
Read 45824073 lines.
vector size: 100
11/26/26 - 10:35.24AM, iter: 001, cost: 0.075080
11/26/26 - 10:38.33AM, iter: 002, cost: nan
"""


def test_costs_are_read_from_the_log_of_stanfords_program():
    first, second = glove.costs_of(STANFORD_LOG)
    assert first == 0.07508
    assert np.isnan(second)


def test_the_table_has_means_over_seeds_and_tells_missing_scores():
    runs = [
        {"program": program, "seed": seed, "n_cells": 1000, "counting_s": 0.5, "cell_ns": 50.0 * seed,
         "costs": [0.2, 0.1], "WordSim-353": 0.4, "SimLex-999": 0.2 * seed, "Google analogies": None}
        for program in (glove.OURS, glove.STANFORD)
        for seed in (1, 2)
    ]  # fmt: skip
    *_, ours, stanford = glove.table_of(runs[:3]).splitlines()
    assert ours == (
        "| spacy-w2v | 2 | 1,000 | 0.5 | 75 ± 35 | 0.2000 ± 0.0000 | 0.1000 ± 0.0000 | 40.0 ± 0.0 | 30.0 ± 14.1 | – |"
    )
    assert stanford == "| Stanford's GloVe | 1 | 1,000 | 0.5 | 50 | 0.2000 | 0.1000 | 40.0 | 20.0 | – |"


def test_glove_is_trained_with_the_settings_of_the_benchmark(tmp_path):
    words = np.random.default_rng(0).choice([f"w{n}" for n in range(30)], 3000)
    (tmp_path / "corpus.txt").write_text("\n".join(" ".join(line) for line in words.reshape(-1, 10)))
    arguments = argparse.Namespace(window=3, vector_size=4, x_max=5.0, min_count=1, epochs=4)
    contender = glove.Ours(arguments, tmp_path / "corpus.txt", tmp_path / "cache")
    model, costs, seconds = contender.train(1)
    settings = model.meta["model"]
    assert [settings[name] for name in ("loss", "window", "vector_size", "x_max")] == ["glove", 3, 4, 5.0]
    assert len(costs) == 4
    assert costs[-1] < costs[0]
    assert contender.n_cells == 30 * 30
    assert seconds > 0


# Products of vectors and counts


def test_counts_of_pairs_by_their_distance(tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("a b c a\nb rare a\n", encoding="utf-8")
    ids, lines = pmi.token_ids(corpus, ["a", "b", "c"])
    assert ids.tolist() == [0, 1, 2, 0, 1, 0]
    assert lines.tolist() == [0, 0, 0, 0, 1, 1]
    counts = pmi.counts_of(ids, lines, n_words=3, window=2).toarray()
    # a pair counts 1 next to each other, where "rare" is left out too, and 1/2 with a word between
    assert counts.tolist() == [[0, 1 + 0.5 + 1, 0.5 + 1], [2.5, 0, 1], [1.5, 1, 0]]


def test_cells_are_drawn_from_their_ranges():
    counts = csr_array(np.triu(np.arange(900.0).reshape(30, 30) % 200 / 5) * (np.arange(30) % 3 > 0))
    drawn = {cells.drawn_from: cells for cells in pmi.draw_cells(counts, np.random.default_rng(0), n_pairs=25)}
    assert set(drawn) == {pmi.ALL, pmi.AS_READ, "up to 2", "2 to 8", "8 to 32", "32 to 128", pmi.NEVER}

    def counts_in(name):
        return counts[drawn[name].words, drawn[name].contexts]

    assert 2 <= counts_in("2 to 8").min() <= counts_in("2 to 8").max() < 8
    assert 0 < counts_in("up to 2").min() <= counts_in("up to 2").max() < 2
    assert counts_in(pmi.NEVER).max() == 0
    assert counts_in(pmi.AS_READ).mean() > counts_in(pmi.ALL).mean()


def test_products_are_compared_with_the_counts(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    words = [f"w{number}" for number in range(30)]
    lines = [rng.choice(words[10:] if number % 2 else words[:15], SENTENCE_WORDS) for number in range(8)]
    (tmp_path / "corpus.txt").write_text("\n".join(map(" ".join, lines)), encoding="utf-8")
    output = tmp_path / "results" / "pmi"
    arguments = [
        "pmi.py",
        str(tmp_path / "corpus.txt"),
        "--vector-size",
        "30",
        "--pairs",
        "200",
        "--output",
        str(output),
    ]
    monkeypatch.setattr(sys, "argv", [*arguments, "--negative", "1", "--epochs", "40", "25"])
    plotted = []

    class Plot:
        def savefig(self, path, **options):
            Path(path).touch()

    monkeypatch.setattr(pmi, "plot_of", lambda points: plotted.append(points) or Plot())
    pmi.main()
    report = json.loads(output.with_name("pmi.json").read_text(encoding="utf-8"))
    found = {(row["model"], row["counts"]): row for row in report["measurements"]}
    assert found[pmi.SKIP_GRAM, pmi.ALL]["pearson"] > 0.9
    assert found[pmi.GLOVE, pmi.ALL]["pearson"] > 0.9
    for model in (pmi.SKIP_GRAM, pmi.GLOVE):
        assert abs(found[model, pmi.ALL]["mean"] - found[model, pmi.ALL]["expected_mean"]) < 0.2
    assert "| skip-gram | 30 | all | 200 |" in output.with_name("pmi.md").read_text(encoding="utf-8")
    assert output.with_name("pmi.png").exists()
    (points,) = plotted
    assert list(points) == [pmi.SKIP_GRAM, pmi.GLOVE]
    assert all(len(expected) == len(actual) > 200 for expected, actual, _ in points.values())


def test_products_are_drawn_beside_what_they_should_be():
    pytest.importorskip("matplotlib")
    numbers = np.linspace(-1.0, 1.0, 20)
    figure = pmi.plot_of({pmi.SKIP_GRAM: (numbers, numbers, numbers), pmi.GLOVE: (numbers, 2 * numbers, numbers)})
    assert [axes.get_title() for axes in figure.axes[:2]] == [pmi.SKIP_GRAM, pmi.GLOVE]


# Several machines


def test_setups_are_parsed():
    assert merging.parse_setup("8+3+1:30:damped") == merging.Setup((8, 3, 1), 30, "damped")
    assert merging.parse_setup("8+3+1:30:damped").label == "8, 3, 1"
    assert merging.parse_setup("1:1:none").rule == merging.ONE_MACHINE
    for wrong in (
        "8",
        "8:30",
        "8:30:median",
        "0:30:mean",
        "8+:30:mean",
        "8:0:mean",
        "8:30:none",
        "1:1:mean:2",
        "1:1:sum",
    ):
        with pytest.raises(argparse.ArgumentTypeError, match=r"must be like 8:30:damped .* was: "):
            merging.parse_setup(wrong)


def changed(*rows):
    """What machines hand in that have changed one row, which was [1, 1]."""
    start = np.ones((1, 2), np.float32)
    ends = [{"input": start + np.array([row], np.float32)} for row in rows]
    return emulation.Trained({"input": start}, ends, steps=1.0, exposures={})


def test_changes_are_merged_by_the_rules_of_others():
    trained = changed([1, 0], [0, 3], [2, 0])
    assert emulation.merge_sum(trained)["input"].tolist() == [[4, 4]]
    assert emulation.merge_mean(trained)["input"].tolist() == [[2, 2]]
    # orthogonal changes are added up, and of equal ones the mean is taken; a row without a change adds nothing
    assert emulation.merge_adasum(changed([1, 0], [0, 3]))["input"].tolist() == [[2, 4]]
    assert emulation.merge_adasum(changed([1, 2], [1, 2]))["input"].tolist() == [[2, 3]]
    assert emulation.merge_adasum(changed([1, 2], [0, 0]))["input"].tolist() == [[2, 3]]
    # in pairs, ([1, 0] with [0, 3]) with [2, 0]: a.b = 2, so that (1 - 2 / 20) [1, 3] + (1 - 2 / 8) [2, 0] is added
    np.testing.assert_allclose(emulation.merge_adasum(trained)["input"], [[1 + 0.9 + 1.5, 1 + 2.7]], rtol=1e-6)


def write_corpus(path):
    """Lines of twelve words, of which those with neighbouring numbers occur together."""
    rng = np.random.default_rng(0)
    words = np.array(some_words())
    lines = [" ".join(words[(centre + rng.integers(0, 12, 12)) % len(words)]) for centre in rng.integers(0, 500, 600)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


SMALL = {"vector_size": 12, "epochs": 2, "min_count": 1, "seed": 3}


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_emulated_machines_train_as_those_of_a_cluster(tmp_path, monkeypatch, architecture):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)
    write_corpus(tmp_path / "corpus.txt")
    settings = {**SMALL, "architecture": architecture}
    place = (tmp_path / "corpus.txt", tmp_path / "cache")
    actual = emulation.train_emulated(*place, machines=[3], rounds=4, rule="damped", **settings)
    assert actual.n_merges == 4
    run = emulation.run_of(*place, **settings, rounds=4)
    expected = replace(run, cluster=LocalCluster(3)).execute()
    for name, rows in expected.parameters.items():
        # the shards of a cluster add up their parts of d × d matrices in another order
        np.testing.assert_allclose(actual.model.parameters[name], rows, rtol=1e-3, atol=1e-5)
    assert actual.model.meta["results"][-1]["loss"] == pytest.approx(expected.meta["results"][-1]["loss"], rel=1e-4)


def test_one_emulated_machine_trains_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)
    write_corpus(tmp_path / "corpus.txt")
    place = (tmp_path / "corpus.txt", tmp_path / "cache")
    actual = emulation.train_emulated(*place, machines=[1], rounds=4, rule="mean", **SMALL)
    expected = emulation.run_of(*place, **SMALL).execute()
    assert actual.n_merges == 0
    for name, rows in expected.parameters.items():
        np.testing.assert_array_equal(actual.model.parameters[name], rows)


def test_machines_that_come_and_go_take_turns(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)
    write_corpus(tmp_path / "corpus.txt")
    merged = []
    rule = emulation.Rule(lambda trained: merged.append(len(trained.ends)) or emulation.merge_mean(trained))
    monkeypatch.setitem(emulation.RULES, "mean", rule)
    place = (tmp_path / "corpus.txt", tmp_path / "cache")
    trained = emulation.train_emulated(*place, machines=[4, 1, 2], rounds=5, rule="mean", **SMALL)
    assert merged == [4, 2, 4]  # the second and the fifth round have one machine
    assert trained.n_merges == 3
    assert trained.most_machines == 4


def test_the_rate_is_scaled_by_the_number_of_machines(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)
    write_corpus(tmp_path / "corpus.txt")
    place = (tmp_path / "corpus.txt", tmp_path / "cache")
    steps = {}
    for name in ("mean", "mean-scaled"):
        rule = emulation.RULES[name]
        found = steps.setdefault(name, [])
        spy = rule._replace(
            merge=lambda trained, found=found: found.append(trained.steps) or emulation.merge_mean(trained)
        )
        monkeypatch.setitem(emulation.RULES, name, spy)
        emulation.train_emulated(*place, machines=[4], rounds=4, rule=name, **SMALL)
    np.testing.assert_allclose(steps["mean-scaled"], 4 * np.array(steps["mean"]), rtol=1e-5)


def merging_arguments(directory, *runs):
    settings = ["--epochs", "1", "--vector-size", "12", "--output", str(directory / "results" / "merging")]
    return ["merging.py", str(directory / "corpus.txt"), "--runs", *runs, *settings, "--chunk-tokens", "1200"]


def test_the_table_of_machines(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", store.CHUNK_TOKENS)  # and restore it afterwards
    write_corpus(tmp_path / "corpus.txt")
    monkeypatch.setattr(sys, "argv", merging_arguments(tmp_path, "1:1:none", "3+2:2:damped"))
    merging.main()
    output = tmp_path / "results" / "merging.json"
    runs = json.loads(output.read_text(encoding="utf-8"))["measurements"]
    assert [(run["machines"], run["merges"], run["rule"]) for run in runs] == [("1", 0, "none"), ("3, 2", 2, "damped")]
    assert all(0 < run["loss_per_prediction"] < 6 and run["processor"] for run in runs)
    monkeypatch.setattr(merging, "train_and_score", lambda *_, **__: pytest.fail("no run is made twice"))
    merging.main()
    table = output.with_suffix(".md").read_text(encoding="utf-8")
    assert "| skip-gram | negative-sampling | 3, 2 | 2 | damped | 1 |" in table


def test_a_run_that_diverges_is_a_row_without_scores(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", store.CHUNK_TOKENS)  # and restore it afterwards
    write_corpus(tmp_path / "corpus.txt")
    exploding = emulation.Rule(lambda trained: {name: 1e6 + rows for name, rows in trained.start.items()})
    monkeypatch.setitem(emulation.RULES, "sum", exploding)
    monkeypatch.setattr(sys, "argv", merging_arguments(tmp_path, "3:2:sum"))
    merging.main()
    (run,) = json.loads((tmp_path / "results" / "merging.json").read_text(encoding="utf-8"))["measurements"]
    assert "Lower alpha" in run["diverged"]
    table = (tmp_path / "results" / "merging.md").read_text(encoding="utf-8")
    assert "| skip-gram | negative-sampling | 3 | – | sum | 1 | diverged (1) | – | – | – | – | – |" in table


def test_seeds_of_a_setup_share_a_row():
    runs = [
        {"architecture": "cbow", "loss": "negative-sampling", "machines": "8", "rounds": 30, "rule": "damped",
         "seed": seed, "merges": 30, "most_machines": 6, "cpu_s": 60.0, "merging_s": 4.0, "loss_per_prediction": 2.25,
         "WordSim-353": 0.5, "SimLex-999": 0.25 + 0.01 * seed, "Google analogies": None}
        for seed in (1, 3)
    ]  # fmt: skip
    *_, row = merging.table_of(runs).splitlines()
    assert row == (
        "| cbow | negative-sampling | 8 (6 used) | 30 | damped | 2 "
        "| 2.250 ± 0.000 | 50.0 ± 0.0 | 27.0 ± 1.4 | – | 60 ± 0 | 4 ± 0 |"
    )


# Keys


@pytest.fixture
def annotated(tmp_path):
    """Return a .spacy file of one Doc, thrice."""
    path = tmp_path / "annotated.spacy"
    DocBin(attrs=keys.STORED, docs=[annotated_doc()] * 3).to_disk(path)
    return path


def test_documents_are_read_from_all_kinds_of_files(tmp_path, annotated):
    texts = ["The first.", "The second."]
    lines, table = tmp_path / "lines.txt", tmp_path / "table.parquet"
    lines.write_text("\n".join(texts) + "\n", encoding="utf-8")
    pq.write_table(pa.table({"text": texts}), table)
    assert list(keys.read_texts([lines, table])) == 2 * texts
    assert list(keys.read_texts([annotated])) == [annotated_doc().text] * 3
    copies = list(keys.read_texts([keys.write_texts(texts, tmp_path / "copies.jsonl", copies=2)]))
    assert copies == [f"Copy {copy}.\n{text}" for copy in (0, 1) for text in texts]


def test_documents_are_annotated_unless_they_are_so(tmp_path, annotated):
    nlp = rule_pipeline()
    written = keys.write_annotated([annotated], tmp_path / "some.spacy", nlp=nlp, n_documents=2)
    assert [doc[5].ent_type_ for doc in keys.read_docs([written])] == ["GPE"] * 2
    texts = keys.write_texts(["Ducks swim in London."], tmp_path / "texts.jsonl")
    written = keys.write_annotated([texts], tmp_path / "new.spacy", nlp=nlp, n_documents=None)
    (doc,) = keys.read_docs([written])
    assert [entity.text for entity in doc.ents] == ["London"]


def test_kinds_of_keys_are_trained_on_one_annotation(tmp_path, annotated, monkeypatch):
    monkeypatch.setattr(keys, "TRAINING", {"vector_size": 8, "epochs": 1, "min_count": 1, "workers": 1, "sample": 0})
    of_set = scores.TestSet("some", [("ducks", "helps"), ("at", "the"), ("the", "cat")], np.array([1.0, 2, 3]))
    monkeypatch.setattr(keys, "read_test_sets", lambda: [of_set])
    rows = keys.quality(annotated, [1, 2], lang="en", cache_dir=tmp_path / "cache")
    assert [row["keys"] for row in rows[::2]] == [name for group in keys.COMPARED.values() for name in group]
    tokens = {row["keys"]: row["tokens"] for row in rows}
    assert tokens[keys.PLAIN] == tokens["lemmas"] == 3 * 15
    assert tokens["senses"] == tokens[keys.RECIPE] == 3 * 12  # New_York|GPE, natural_language_processing|NOUN
    assert all(row["pairs"] == {"some": 2} for row in rows)
    table = keys.quality_table(rows).splitlines()
    assert "| senses | 36 | " in table[5]
    assert "| 100.0 % | " in table[5]
    assert table[-4].startswith("| keys | tokens | types | words | covered | some, 2 pairs |")


def test_kinds_are_scored_on_the_pairs_that_all_know():
    of_set = scores.TestSet("some", [("a", "b")] * 4, np.array([1.0, 2, 3, 4]))
    cosines = {
        keys.PLAIN: [0.1, 0.2, 0.3, 0.0],
        "senses": [0.3, 0.1, 0.2, np.nan],
        keys.RECIPE: [np.nan, 0.2, 0.1, 0.3],
    }
    runs = [keys.Trained({"keys": name}, {"some": np.array(found)}) for name, found in cosines.items()]
    plain, senses = keys.scored(runs, [of_set], group="ours")
    assert plain == {"compared": "ours", "keys": keys.PLAIN, "pairs": {"some": 3}, "some": pytest.approx(1.0)}
    assert senses["some"] == pytest.approx(-0.5)
    plain, recipe = keys.scored(runs, [of_set], group=keys.RECIPE)
    assert plain["pairs"] == recipe["pairs"] == {"some": 3}
    assert [plain["some"], recipe["some"]] == pytest.approx([-0.5, 0.5])


def test_keys_are_compared_with_those_of_sense2vec(annotated, monkeypatch):
    pytest.importorskip("sense2vec", reason="sense2vec is not installed")
    rows = keys.compare_keys(annotated)
    assert [(row["documents"], row["tokens"], row["different"]) for row in rows] == [(3, 45, 0)] * 2
    monkeypatch.setattr(keys, "keys_of_sense2vec", lambda doc, *, lemma: [token.text for token in doc])
    assert all(row["different"] == 3 * 15 for row in keys.compare_keys(annotated))
    row = {**rows[0], "spacy_w2v_s": 1.5, "sense2vec_s": 3.0}
    assert keys.comparison_table([row]).splitlines()[-1] == "| senses | 3 | 45 | 0 | 1.50 | 3.00 | 2.0 |"


def test_different_keys_are_counted():
    assert keys.n_different(["a", "b", "c"], ["a", "b", "c"]) == 0
    assert keys.n_different(["a", "b", "c"], ["a", "d", "c"]) == 1
    assert keys.n_different(["a", "b_c"], ["a", "b", "c", "d"]) == 3


def test_speed_and_memory_of_annotation(tmp_path, monkeypatch):
    """The processes are those of the benchmark, with a small pipeline."""
    small_pipeline().to_disk(tmp_path / "pipeline")
    texts = ["Ducks swim in New York. Ducks duck."] * 4
    found = keys.measure(
        ["speed", "memory"], [keys.write_texts(texts, tmp_path / "texts.jsonl")],
        pipeline=str(tmp_path / "pipeline"), n_documents=3, seeds=[], directory=tmp_path,
    )  # fmt: skip
    once = found["speed"][0]["tokens"]
    assert [row["tokens"] for row in found["speed"]] == [once] * 3
    assert [row["tokens"] for row in found["memory"]] == [once, 2 * once]
    assert all(row["peak_bytes"] > 1e7 for rows in found.values() for row in rows)
    row = {"what": "one process", "tokens": 3000, "seconds": 1.5, "peak_bytes": 4e8}
    assert keys.runs_table([row]).splitlines()[-1] == "| one process | 3,000 | 1.50 | 2,000 | 400 MB |"
