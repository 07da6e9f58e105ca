"""The report: its facts, for vectors of any program, and the command in its three forms."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import spacy
from helpers_cli import CONFIG, w2v_here
from helpers_model import make_model
from markupsafe import escape

import spacy_w2v
from spacy_w2v._system.paths import short_names
from spacy_w2v.evaluation._scores import Scores, WordPairScore
from spacy_w2v.inspection._table import fact_rows
from spacy_w2v.model._run_record import RunRecord, parse_record
from spacy_w2v.reports import _page
from spacy_w2v.reports._card import CardFacts
from spacy_w2v.reports._charts import curve, on_scale, ticks
from spacy_w2v.reports._facts import collect_facts
from spacy_w2v.reports._map_data import map_data
from spacy_w2v.reports._markdown import make_report
from spacy_w2v.reports._page import make_page
from spacy_w2v.reports._repository import fill_folder
from spacy_w2v.reports._terminal import terminal_sections
from spacy_w2v.reports._texts import NO_WARNINGS, cards, epoch_table, short

N_WORDS = 400


@pytest.fixture(scope="module")
def model():
    return make_model(range(N_WORDS, 0, -1), words=[f"q{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(N_WORDS)])


@pytest.fixture
def workplace(model, tmp_path):
    """A directory with the model and its vectors as other programs have them."""
    model.save(tmp_path / "model")
    model.to_spacy().to_disk(tmp_path / "pipeline")
    lines = (f"{word} {' '.join(map(str, model[word]))}\n" for word in model.words)
    (tmp_path / "vectors.txt").write_text(f"{len(model)} {model.vector_size}\n{''.join(lines)}")
    return tmp_path


def test_neighbours_of_frequent_middle_and_rare_words(model):
    facts = collect_facts(model.word_vectors(), words=["qab", "unknown", "qab"])
    names = [group.name for group in facts.groups]
    assert names == ["Your words", "Frequent words", "Words in the middle", "Rare words"]
    every = [entry for group in facts.groups for entry in group.words]
    assert [len(group.words) for group in facts.groups] == [1, 5, 5, 5]
    assert len({entry.word for entry in every}) == len(every)
    for entry in every:
        expected = model.most_similar(entry.word, topn=10)
        assert [word for word, _ in entry.nearest] == [word for word, _ in expected]
        assert [near for _, near in entry.nearest] == pytest.approx([near for _, near in expected], abs=1e-6)
        assert (entry.rank, entry.count) == (model.rank(entry.word) + 1, N_WORDS - model.rank(entry.word))
    ranks = [[entry.rank for entry in group.words] for group in facts.groups[1:]]
    assert max(ranks[0]) < min(ranks[2])
    assert min(ranks[2]) > 0.9 * N_WORDS


def test_the_map_has_one_word_of_each_row(model):
    """A pipeline has several keys for a row."""
    vectors = spacy_w2v.open_vectors(model.to_spacy())
    assert len(vectors) > N_WORDS
    word_map = collect_facts(vectors, n_map_words=10_000).word_map
    assert sorted(vectors.words[place] for place in word_map.places) == sorted(model.words)


def test_words_without_a_direction_are_not_on_the_map(model):
    vectors = model.word_vectors()
    matrix = np.array(vectors.matrix)
    matrix[[3, 5]] = 0
    changed = spacy_w2v.WordVectors("changed", vectors.words, vectors.rows, matrix)
    facts = collect_facts(changed, n_map_words=20)
    assert len(facts.word_map.places) == 18
    assert not {3, 5} & set(facts.word_map.places.tolist())
    nothing = spacy_w2v.WordVectors("nothing", vectors.words, vectors.rows, np.zeros_like(matrix))
    assert collect_facts(nothing, n_map_words=20).word_map is None
    assert "<canvas" not in make_page(collect_facts(nothing, n_map_words=20))


def test_words_of_a_map_are_stored_once(model):
    facts = collect_facts(model.word_vectors(), n_map_words=50)
    data = json.loads(map_data(facts, facts.word_map))
    assert data["words"][:50] == model.words[:50]
    assert len(set(data["words"])) == len(data["words"])
    near = np.frombuffer(base64.b64decode(data["near"]), "<u2").reshape(50, data["k"])
    assert [data["words"][place] for place in near[7]] == [word for word, _ in model.most_similar(model.words[7])]
    places = np.frombuffer(base64.b64decode(data["places"]), "<u2").reshape(50, 2)
    assert places.max() == 65535
    spread = facts.word_map.points.max(axis=0) - facts.word_map.points.min(axis=0)
    assert np.ptp(places, axis=0) / np.ptp(places) == pytest.approx(spread / spread.max(), abs=1e-4)


@pytest.mark.parametrize(("source", "knows"), [("model", True), ("pipeline", True), ("vectors.txt", False)])
def test_reports_of_vectors_of_any_program(source, knows, workplace):
    for name in ("report.html", "report.md"):
        done = w2v_here("report", source, name, "--n-words", 100, cwd=workplace)
        assert done.code == 0, done.said
        assert f"Saved the report to {name}" in done.said
        text = (workplace / name).read_text(encoding="utf-8")
        assert " words in 10 dimensions" in text
        assert ("Make it again" in text) == knows
        assert ("made for a test" in text) == knows
        assert "qnw" in text
    assert text.startswith(f"# Word vectors: {'made for a test' if knows else 'vectors.txt'}\n")
    assert (workplace / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_report_is_printed_without_an_output(workplace):
    (workplace / "scores.json").write_text('{"pairs": {"spearman": 0.5, "pearson": 0.4, "n_used": 12, "n_unknown": 0}}')
    said = w2v_here("report", "model", "--scores", "scores.json", "--word", "qab", cwd=workplace).stdout
    for expected in (
        "Word vectors: made for a test",
        "Your words",
        "Rare words",
        "pairs   spearman   0.500",
        "Make it",
    ):
        assert expected in said
    nearest = ", ".join(word for word, _ in spacy_w2v.load(workplace / "model").most_similar("qab", topn=6))
    assert re.search(rf"qab +{nearest}", said)


def test_warnings_and_the_table_are_shown(model):
    vectors = model.word_vectors()
    matrix = np.array(vectors.matrix)
    matrix[5] = np.nan
    words = [*vectors.words[:5], "</script>|*", *vectors.words[6:]]
    facts = collect_facts(spacy_w2v.WordVectors("odd", words, vectors.rows, matrix), n_map_words=50)
    (finding,) = facts.inspection.warnings
    assert finding.rule == "not-finite"
    page = make_page(facts)
    assert "such as that of &#39;&lt;/script&gt;|*&#39;" in page
    assert str(escape(finding.remedy)) in page
    assert "<figcaption>Spectrum</figcaption>" in page
    assert r"such as that of '&lt;/script&gt;\|\*'" in make_report(facts)
    (first, *others) = terminal_sections(facts)
    assert first.warnings == (f"{finding.text} {finding.remedy}",)
    rows = fact_rows(facts.inspection)
    table = next(section for section in others if section.title == "The table")
    for row in rows:
        assert f"<dt>{row.name}</dt>" in page
        assert f"\n| {row.name} | " in make_report(facts)
        assert (row.name, row.value, row.note) in table.rows
    assert NO_WARNINGS not in page
    fine = collect_facts(vectors)
    assert NO_WARNINGS in make_page(fine)
    assert NO_WARNINGS in make_report(fine)


def scored_while_training(model):
    """The model with the scores of two epochs in its record."""
    epochs = [
        {
            "epoch": n,
            "loss": 2,
            "n_pairs": 9,
            "n_kept": 9,
            "seconds": n,
            "words_per_s": 9,
            "alpha": 0.02,
            "scores": scores,
        }
        for n, scores in ((1, {"sim|set": 0.125, "rel": None}), (2, {"sim|set": 0.25, "rel": 0.5}))
    ]
    points = [
        {"epoch": n, "ends_epoch": n != 3, "n_tokens": n, "n_tasks_done": n, "scores": {}, "score": n / 8, "seconds": n}
        for n in (1, 2, 3)
    ]
    meta = model.meta | {"results": epochs, "evaluation": {"history": points}}
    return replace(model, record=RunRecord.model_validate(meta)).word_vectors()


def test_scores_of_epochs_are_shown(model):
    facts = collect_facts(scored_while_training(model))
    assert epoch_table(facts)[0][-2:] == ["sim|set", "rel"]
    assert [row[-2:] for row in epoch_table(facts)[1:]] == [["0.125", "–"], ["0.250", "0.500"]]
    markdown = make_report(facts)
    assert "| Epoch | Loss | Learning rate | sim\\|set | rel |\n| --- | --- | --- | --- | --- |\n" in markdown
    assert "| 2 | 2.0000 | 0.02000 | 0.250 | 0.500 |\n" in markdown
    page = make_page(facts)
    assert "Word similarity: 0.125 after epoch 1, 0.250 after epoch 2." in page


def test_intervals_are_shown(model):
    score = WordPairScore(spearman=0.5, n_used=30, interval=(0.25, 0.625), parts={"animals": WordPairScore(n_used=1)})
    facts = collect_facts(model.word_vectors(), scores=Scores({"pairs": score}, {}))
    page = make_page(facts)
    assert 'aria-label="0.500 0.250 to 0.625"' in page
    assert '<th scope="row">pairs: animals</th>' in page
    assert "| pairs | spearman | 0.500 | 30 | 0.250" in make_report(facts)
    assert ("pairs: animals", "spearman", "–", "1") in [
        row[:4] for section in terminal_sections(facts) if section.title == "Scores" for row in section.rows
    ]


def test_a_report_can_score(workplace):
    said = w2v_here("report", "model", "report.md", "--evaluate", cwd=workplace).said
    assert "Saved the report" in said
    assert "| WordSim-353 | spearman | – | 0 |" in (workplace / "report.md").read_text(encoding="utf-8")


def test_files_of_another_kind_are_no_reports(workplace):
    (workplace / "scores.json").write_text("{}")
    for name in ("report.pdf", "scores.json"):
        result = w2v_here("report", "model", name, cwd=workplace)
        assert result.code == 1
        assert f"The file of a report must end in .html, .htm, .md, .markdown or .txt, was: {name}" in result.said
    assert not (workplace / "report.pdf").exists()
    assert (workplace / "scores.json").read_text() == "{}"


def test_scores_are_given_or_computed(workplace):
    result = w2v_here("report", "nowhere", "--scores", "none.json", "--evaluate", cwd=workplace)
    assert result.code == 1
    assert "--scores names a file of them. Give one of the two." in result.said


def test_words_of_the_user_are_shown_once(model):
    vectors = model.word_vectors()
    frequent = collect_facts(vectors, inspect=False).groups[0].words
    own = [frequent[0].word, model.words[-1]]
    groups = collect_facts(vectors, words=own, inspect=False).groups
    assert [entry.word for entry in groups[0].words] == own
    shown = [entry.word for group in groups for entry in group.words]
    assert len(shown) == len(set(shown))


PRIVATE = "/home/someone/secret project"


def test_nothing_published_names_folders_of_the_machine(model, tmp_path):
    record = model.record.to_json()
    record["corpus"]["source"] = f"{PRIVATE}/a.txt, {PRIVATE}/b, c.txt and 2 more"
    record["initial"]["source"] = f"{PRIVATE}/first.kv"
    config = (
        f'[paths]\ntrain = "{PRIVATE}/train.spacy"\n\n[w2v]\n\n[w2v.corpus]\n@readers = "spacy_w2v.Dataset.v1"\n'
        f'data_files = ["{PRIVATE}/a.txt","C:\\\\Users\\\\someone\\\\b.txt","~/d.txt"]\npath = "user/news"\n'
    )
    made = replace(model, record=parse_record(RunRecord, record, path=""), config=config)
    facts = collect_facts(made.word_vectors(), inspect=False)
    assert facts.title == "a.txt, b, c.txt and 2 more"
    assert 'data_files = ["a.txt", "b.txt", "d.txt"]\npath = "user/news"' in facts.config
    model.to_spacy().to_disk(tmp_path / "pipeline")
    meta = json.loads((tmp_path / "pipeline/meta.json").read_text())
    meta["description"] = f"vectors, trained on 3 tokens of {PRIVATE}/a.txt"
    meta["w2v"]["corpus"]["source"] = meta["sources"][0]["name"] = f"0.5 {PRIVATE}/a.txt + 0.5 {PRIVATE}/b.txt"
    (tmp_path / "pipeline/meta.json").write_text(json.dumps(meta))
    (tmp_path / "folder").mkdir()
    fill_folder(tmp_path / "folder", made.word_vectors(), CardFacts("user/repo"), pipeline=tmp_path / "pipeline")
    published = [path.read_bytes() for path in (tmp_path / "folder").rglob("*") if path.is_file()]
    for content in (*published, make_report(facts).encode(), make_page(facts).encode()):
        assert b"someone" not in content
        assert b"secret" not in content
    sent = spacy_w2v.load(tmp_path / "folder")
    np.testing.assert_array_equal(sent.input_vectors, model.input_vectors)
    assert sent.record.corpus.source == "a.txt, b, c.txt and 2 more"
    meta = json.loads((tmp_path / "folder/spacy/meta.json").read_text())
    assert meta["description"] == "vectors, trained on 3 tokens of a.txt"
    assert meta["sources"][0]["name"] == "0.5 a.txt + 0.5 b.txt"
    assert spacy.load(tmp_path / "folder/spacy").vocab.vectors.shape == model.input_vectors.shape


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["vectors"], ["vectors"]),
        (["/home/a/vectors", "out/b.kv"], ["vectors", "b.kv"]),
        (["a/vectors", "b/vectors", "/c/vectors"], ["a/vectors", "b/vectors", "c/vectors"]),
        (["a/x/model", "b/x/model"], ["a/x/model", "b/x/model"]),
        (["/home/a/vectors/model"], ["vectors/model"]),
        (["hf:user/repo", "C:\\Users\\a\\b.vec"], ["hf:user/repo", "b.vec"]),
        (["../x", "../x"], ["x", "x"]),
        (["a model of news", "/"], ["a model of news", "/"]),
    ],
)
def test_short_names(names, expected):
    assert short_names(names) == expected


def test_scores_of_a_comparison_are_not_those_of_a_model(workplace):
    result = w2v_here("evaluate", "model", "vectors.txt", "--output", "both.json", cwd=workplace)
    assert result.code == 0, result.said
    result = w2v_here("report", "model", "report.md", "--scores", "both.json", cwd=workplace)
    assert result.code == 1
    assert "these compare several. Evaluate one model by itself." in result.said


def test_training_writes_a_report_if_asked(tmp_path):
    (tmp_path / "texts.txt").write_text("the french king saw the city\n" * 60)
    (tmp_path / "config.cfg").write_text(CONFIG)
    done = w2v_here("train", "config.cfg", "-o", "out", "--report", "--cache-dir", "kept", cwd=tmp_path)
    assert done.code == 0, done.said
    assert "out/report.html" in done.said.replace("\\", "/")
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "<title>Word vectors: texts.txt</title>" in page
    assert "not in the cache" not in page  # where the corpus is that the vectors are compared with
    for options, is_missing in (([], True), (["--cache-dir", "kept"], False)):
        assert w2v_here("report", "out", "report.md", *options, cwd=tmp_path).code == 0
        assert ("not in the cache" in (tmp_path / "report.md").read_text(encoding="utf-8")) == is_missing
    assert w2v_here("train", "config.cfg", "-o", "out", "--overwrite", cwd=tmp_path).code == 0
    assert not (tmp_path / "out/report.html").exists()  # it was about the vectors that are gone


def test_a_failure_of_the_report_does_not_fail_the_training(tmp_path, monkeypatch):
    (tmp_path / "texts.txt").write_text("the french king saw the city\n" * 60)
    (tmp_path / "config.cfg").write_text(CONFIG)

    def fail(facts):
        raise RuntimeError("no luck")

    monkeypatch.setattr(_page, "make_page", fail)
    done = w2v_here("train", "config.cfg", "-o", "out", "--report", cwd=tmp_path)
    assert done.code == 0, done.said
    assert "their report could not be written: no luck. Try again: spacy w2v report out" in done.said
    assert (tmp_path / "out/model/meta.json").is_file()
    assert spacy.load(tmp_path / "out/spacy")


def test_chief_numbers(model):
    found = {name: value for name, value, _ in cards(collect_facts(model.word_vectors()))}
    assert found == {"Words": "400", "Dimensions": "10", "Tokens": "80.2 k", "Coverage": "100.0"}
    assert [short(n) for n in (7, 9_999, 10_000, 999_499, 16_928_687, 2_520_535_500)] == [
        "7", "9,999", "10 k", "999 k", "16.9 M", "2.52 B",
    ]  # fmt: skip


@pytest.mark.parametrize("values", [[(1, 2.0)], [(1, 2.0), (2, 2.0)], [(n, 3 / n) for n in range(1, 200)]])
def test_curves_stay_inside_their_frame(values):
    chart = curve(values, text='a "curve"', x_name="epoch", decimals=2)
    assert 'aria-label="a &#34;curve&#34;"' in chart
    places = [float(number) for number in re.findall(r'c[xy]="([\d.-]+)"', chart)]
    assert places
    assert all(0 <= place <= 460 for place in places)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (2.1, 2.22), (-3, 500), (1e-6, 2e-6)])
def test_ticks_are_round_and_inside(low, high):
    found = ticks(low, high)
    assert 2 <= len(found) <= 6
    assert all(low <= tick <= high for tick in found)


def test_intervals_are_drawn_on_their_scale():
    assert 'class="range"' in on_scale(0.5, low=0.4, high=0.6, text="x")
    assert 'class="range"' not in on_scale(-0.5, low=None, high=None, text="x")
    assert 'cx="6.0"' in on_scale(-0.5, low=None, high=None, text="x")
