"""Untrusted words and paths cannot control a terminal or a report, and can always be printed."""

import os
import re
import sys

import pytest
from confection import Config
from helpers_cli import CONFIG, command_server, w2v, w2v_here
from helpers_model import make_model, markdown_report, with_record

from spacy_w2v._system.markdown import plain_text
from spacy_w2v._system.terminal import shown, shown_lines
from spacy_w2v.errors import ConfigError, UnknownWordError
from spacy_w2v.evaluation._scores import Scores, WordPairScore

HOSTILE = {
    "clear": "\x1b[2Jcat",
    "title": "cat\x1b]0;title\x07",
    "c1": "cat\x9b31m",
    "over": "cat\rdog",
    "back": "cat\b\b\b",
    "bell": "\acat",
    "turned": "cat\u202egod\u2066",
    "none": "ca\u200bt\ufeff",
    "joiner": "ca\u200dt",
    "tag": "cat\U000e0041",
    "line": "cat\u2028dog",
    "tab": "cat\tdog\n",
    "surrogate": "cat\ud800",
    "hyphen": "ca\xadt",
    "filler": "cat\u3164",
}
STEERING = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u200b\u202a-\u202e\u2066-\u2069\u2028\ufeff\ud800-\udfff\u3164\U000e0041]"
)


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_unsafe_characters_are_shown_as_escapes(kind):
    text = HOSTILE[kind]
    actual = shown(text)
    assert not STEERING.search(actual)
    assert "\n" not in actual
    assert actual.encode("ascii").decode("unicode_escape") == text
    assert shown_lines(f"{text}\n{text}").count("\n") == (3 if kind == "tab" else 1)


@pytest.mark.parametrize(
    "text", ["café", "日本", "می\u200cخواهم", "क्\u200dष", "👩\u200d💻", "u.s.", "a b", "C:\\x1b", "é"]
)
def test_words_of_all_languages_are_unchanged(text):
    assert shown(text) == text


def test_errors_escape_unsafe_words():
    for error in (ConfigError("no '\x1b[2J'\nbut\u202e"), UnknownWordError("no '\x1b[2J'\nbut\u202e")):
        assert str(error) == "no '\\x1b[2J'\nbut\\u202e"


@pytest.fixture
def hostile_model(tmp_path):
    words = ["cat", *(text for name, text in HOSTILE.items() if name != "surrogate"), "日本", "café", "ş"]
    described(make_model(range(len(words), 0, -1), words=words)).save(tmp_path / "model")
    return tmp_path


def described(model, source="a test"):
    """The model with the record that a report needs."""
    return with_record(model, corpus={"source": source, "n_documents": 1, "n_types": 3})


def of_others(said):
    """Return the output without the colours of this package."""
    return re.sub(r"\x1b\[[0-9;]*m", "", said)


def test_commands_escape_unsafe_words(hostile_model):
    many = ("--topn", 30, "--compare", "model")
    shown_words = w2v_here("most-similar", "model", "cat", *many, cwd=hostile_model)
    assert shown_words.code == 0, shown_words
    assert "\\x1b[2Jcat" in shown_words.stdout
    unknown = w2v_here("most-similar", "model", "no\x1b[2J\u202e", cwd=hostile_model)
    missing = w2v_here("most-similar", "no\x1b[2J\u202e", "cat", cwd=hostile_model)
    itself = w2v_here("most-similar", "model", HOSTILE["title"], cwd=hostile_model)
    (hostile_model / "se\x1b[2Jt.tsv").write_text("cat\tdog\t1\n")
    sets = w2v_here("evaluate", "model", "--word-pairs", "se\x1b[2Jt.tsv", cwd=hostile_model)
    report = w2v_here("report", "model", "re\x1b[2Jport.md", "--word", "no\x1b[2J", cwd=hostile_model)
    for result in (shown_words, unknown, missing, itself, sets, report):
        assert not STEERING.search(of_others(result.stdout)), result.stdout
        assert "\\x1b" in result.stdout
    assert (unknown.code, missing.code, sets.code, report.code) == (1, 1, 0, 0)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_commands_succeed_with_a_narrow_output_encoding(encoding, hostile_model):
    """This happens with redirected output on Windows."""
    (hostile_model / "fé日.tsv").write_text("cat\tcafé\t1\ncat\t日本\t2\n", encoding="utf-8")
    for arguments in (
        ("most-similar", "model", "cat", "--topn", 30),
        ("most-similar", "model", "日本"),
        ("evaluate", "model", "--word-pairs", "fé日.tsv"),
        ("report", "model", "café日.md", "--word", "nö日"),
        ("export", "model", "café日"),
    ):
        assert run_in(encoding, *arguments, cwd=hostile_model).code == 0
    failed = run_in(encoding, "most-similar", "model", "ş日é", cwd=hostile_model)
    assert failed.code == 1
    assert "must be in the" in failed.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_redirected_configs_are_unchanged(encoding, tmp_path):
    done = run_in(encoding, "init-config", "-", "--dataset", "caf\u00e9 日.txt", "--text-field", "körper", cwd=tmp_path)
    config = Config().from_str(done.stdout)
    assert config["w2v"]["corpus"]["text_field"] == "körper"
    assert config["w2v"]["corpus"]["data_files"] == "caf\u00e9 日.txt"


def run_in(encoding, *arguments, cwd):
    if sys.platform == "linux":
        server = command_server(PYTHONIOENCODING=encoding)  # starts Python once for each encoding
        done = server.run(["w2v", *map(str, arguments)], "", cwd=cwd, env=dict(os.environ))
    else:
        done = w2v(*arguments, cwd=cwd, code=None, PYTHONIOENCODING=encoding)
    assert "Error" not in done.stderr, done.stderr
    return done


def test_spacy_train_escapes_unsafe_words(tmp_path):
    (tmp_path / "texts.txt").write_text("a b\n")
    before_init = '\n[initialize]\n\n[initialize.before_init]\n@callbacks = "spacy_w2v.train_vectors.v1"\n'
    hostile = CONFIG.replace('"texts.txt"', '"no\\u001b[2J.txt"').replace('["spacy"]', '["spacy"]' + before_init)
    (tmp_path / "config.cfg").write_text(hostile)
    result = w2v_here("train", "config.cfg", "-o", "out", cwd=tmp_path)
    assert result.code == 1
    assert not STEERING.search(of_others(result.stdout)), result.stdout


# reports

MARKUP = [
    "[click](http://evil.example)",
    "![x](http://evil.example/x.png)",
    "<script>alert(1)</script>",
    "<http://evil.example>",
    "http://evil.example",
    "www.evil.example",
    "`code`",
    "a|b",
    "**bold** _and_ ~~gone~~",
    "&lt;b&gt;",
    "\\[x](y)",
    "\x1b[2J",
    "$x$",
    "a\n# b",
]


@pytest.mark.parametrize("word", MARKUP)
def test_markup_in_words_and_names_is_escaped(word):
    markdown = pytest.importorskip("markdown_it")
    html = markdown.MarkdownIt("commonmark").enable("table").render(f"| a |\n| --- |\n| {plain_text(word)} |\n")
    text = re.search(r"<td>(.*)</td>", html)[1]
    assert "<" not in text
    unescaped = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    assert unescaped == shown(word)


@pytest.mark.parametrize("word", MARKUP)
def test_reports_hold_no_links_images_or_html(word):
    model = described(make_model([3, 2, 1], words=["cat", word, "dog"]), word)
    model = with_record(model, training={"logger": word})
    report = markdown_report(
        model, scores=Scores({word: WordPairScore(spearman=0.5, n_used=3)}, {}), words=["cat", word]
    )
    assert not re.search(r"(?<!\\)(\]\(|!\[|<)|(?<!\\)://|www\.|(?<=\|)[^|`]*(?<!\\)`[^|`]*\n", report), report
    assert not STEERING.search(report.replace("\n", ""))
    tables = [line for line in report.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 5, 6) for line in tables)


def test_reports_of_plain_words_are_plain():
    assert plain_text("u.s. naïve-ness 1,000 don't 日本") == "u.s. naïve-ness 1,000 don't 日本"
    model = described(make_model([3, 2, 1], words=["cat", "dog", "cow"]), "texts.txt")
    report = markdown_report(model, words=["cat"])
    assert report.startswith("# Word vectors: texts.txt\n")
    assert "\n| vector_size | `10` |\n" in report
