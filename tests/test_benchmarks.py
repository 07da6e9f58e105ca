"""The comparison with other programs: which runs are made, and how they are reported."""

import argparse
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import peers
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
    assert wanted(monkeypatch) == [*everywhere, "floret, subwords", "fastText, subwords"]
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
