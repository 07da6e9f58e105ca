"""The command line, run as a process: what it writes is read with spaCy and gensim."""

import json
import os
import re
import shutil
import signal
import struct
import subprocess
import time
from collections import Counter

import numpy as np
import pytest
import spacy
from confection import Config
from gensim.models import KeyedVectors
from helpers_cli import COMMAND, CONFIG, files_below, plain, start, w2v, w2v_here, write_texts
from helpers_model import make_model
from scipy.stats import spearmanr

import spacy_w2v

FORMATS = '["spacy","gensim","word2vec-text","word2vec-binary"]'
EXPORTED = {"gensim": "vectors.kv", "word2vec-text": "vectors.txt", "word2vec-binary": "vectors.bin"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One run with overrides from both sides: its directory, the texts and what it said."""
    directory = tmp_path_factory.mktemp("trained")
    lines = write_texts(directory / "texts.txt")
    (directory / "config.cfg").write_text(CONFIG)
    options = ["--w2v.training.epochs", 3, "--w2v.model.vector_size=10", "--w2v.export.formats", FORMATS]
    result = w2v(
        *("train", "config.cfg", "--output", "out", *options),
        cwd=directory,
        SPACY_CONFIG_OVERRIDES="--w2v.model.vector_size 12",
    )
    return directory, lines, result


@pytest.fixture
def workplace(trained, tmp_path):
    """A directory of one's own with texts, config and a trained model in out/."""
    shutil.copytree(trained[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def counted_words(lines, *, min_count):
    nlp = spacy.blank("en")
    counts = Counter(token.lower_ for line in lines for token in nlp(line))
    return {word: count for word, count in counts.items() if count >= min_count}


def read_keyed_vectors(path):
    if path.suffix == ".kv":
        return KeyedVectors.load(str(path), mmap="r")
    vocabulary = str(path.with_suffix(".vocab"))
    return KeyedVectors.load_word2vec_format(str(path), fvocab=vocabulary, binary=path.suffix == ".bin")


# train: results


@pytest.mark.parametrize("place", ["gensim/vectors.kv", "word2vec/vectors.txt", "word2vec/vectors.bin"])
def test_train_writes_vectors_and_counts_for_gensim(trained, place):
    directory, lines, _ = trained
    keyed_vectors = read_keyed_vectors(directory / "out" / place)

    expected = counted_words(lines, min_count=2)
    actual = {word: keyed_vectors.get_vecattr(word, "count") for word in keyed_vectors.index_to_key}
    assert actual == expected
    assert list(actual.values()) == sorted(expected.values(), reverse=True)
    assert keyed_vectors.vectors.dtype == np.float32
    np.testing.assert_array_equal(keyed_vectors.vectors, np.load(directory / "out/model/input_vectors.npy"))


def test_train_writes_a_pipeline_for_spacy(trained):
    directory, lines, _ = trained
    nlp = spacy.load(directory / "out/spacy")
    keyed_vectors = read_keyed_vectors(directory / "out/gensim/vectors.kv")

    for token in (token for line in lines for token in nlp(line)):
        known = token.lower_ in keyed_vectors
        expected = keyed_vectors[token.lower_] if known else np.zeros(12, np.float32)
        np.testing.assert_array_equal(token.vector, expected)
        assert token.has_vector == known
    assert not nlp("hapaxlegomenon")[0].has_vector
    assert nlp.pipe_names == []


def test_train_logs_the_corpus_and_each_epoch(trained):
    directory, lines, _ = trained
    corpus, *epochs, end = map(json.loads, (directory / "out/training.jsonl").read_text().splitlines())

    n_tokens = sum(counted_words(lines, min_count=1).values())
    assert (corpus["event"], corpus["n_documents"], corpus["n_tokens"]) == ("corpus", len(lines), n_tokens)
    assert corpus["n_words"] == len(counted_words(lines, min_count=2))
    assert corpus["coverage"] == pytest.approx((n_tokens - 1) / n_tokens)
    assert [(epoch["event"], epoch["epoch"]) for epoch in epochs] == [("epoch", 1), ("epoch", 2), ("epoch", 3)]
    assert epochs[-1]["alpha"] == pytest.approx(0.0001)  # min_alpha
    assert epochs[-1]["loss"] < epochs[0]["loss"]
    assert (end["event"], end["loss"]) == ("end", epochs[-1]["loss"])


def test_overrides_of_the_environment_win_over_those_of_the_command_line(trained):
    directory, _, _ = trained
    for config in (Config().from_disk(directory / "out" / place) for place in ("config.cfg", "model/config.cfg")):
        assert config["w2v"]["training"]["epochs"] == 3
        assert config["w2v"]["model"]["vector_size"] == 12
        assert config["w2v"]["vocabulary"]["min_count"] == 2
        assert config["w2v"]["training"]["min_alpha"] == 0.0001  # defaults are written out


def test_train_says_what_it_found_and_where_results_are(trained):
    _, lines, result = trained
    assert re.search(rf"Documents {len(lines)} ", result.said)
    assert re.search(r"Words kept \d+ \(each at least \d+ times\)", result.said)
    assert re.search(r"Tokens covered \d+\.\d%", result.said)
    for place in ("model", "spacy", "gensim/vectors.kv", "word2vec/vectors.txt", "training.jsonl"):
        assert f"out/{place}" in result.said


def test_progress_is_lines_where_output_is_no_terminal(trained):
    _, _, result = trained
    assert "\r" not in result.stderr
    assert "%|" not in result.stderr
    assert re.findall(r"^Epoch (\d): loss \d\.\d+, [\d,]+ words/s$", result.stderr, re.MULTILINE) == ["1", "2", "3"]
    assert re.search(r"^Encoding 100%.* 201 documents, .* tokens/s$", result.stderr, re.MULTILINE)
    assert re.search(r"^Training 100%.*: epoch 3, .* words/s, loss \d\.\d+, learning rate", result.stderr, re.MULTILINE)


def test_progress_is_a_bar_in_a_terminal(workplace):
    fcntl, pty, termios = map(pytest.importorskip, ("fcntl", "pty", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    command = [*COMMAND, "train", "config.cfg", "-o", "new", "--w2v.tokens.min_tokens", "2"]
    done = subprocess.run(command, cwd=workplace, stdout=subprocess.PIPE, stderr=theirs, timeout=120)
    os.close(theirs)
    seen = ""
    while block := read_terminal(ours):
        seen += block
    os.close(ours)
    assert done.returncode == 0
    assert re.search(r"\rEncoding +100%\|█+\|.* documents, .* tokens/s", seen)
    assert re.search(r"\rTraining +100%\|█+\|.* words/s, loss \d\.\d+, learning rate 0\.00010", seen)


def read_terminal(descriptor: int) -> str:
    try:
        return os.read(descriptor, 1 << 16).decode(errors="replace")
    except OSError:  # Linux: the other end is closed, and all has been read
        return ""


def test_epochs_come_in_order_with_many_workers(workplace):
    w2v("train", "config.cfg", "-o", "new", "--w2v.training.workers", 4, "--w2v.training.epochs", 40, cwd=workplace)
    _, *epochs, end = map(json.loads, (workplace / "new/training.jsonl").read_text().splitlines())
    assert [epoch["epoch"] for epoch in epochs] == list(range(1, 41))
    assert end["loss"] == epochs[-1]["loss"]


# Where configs and texts come from


def test_encode_then_train_reads_the_texts_once(workplace):
    encoded = w2v("encode", "config.cfg", "--cache-dir", "cache", cwd=workplace)
    assert "Saved the encoded corpus to cache/" in encoded.said
    train = ("train", "config.cfg", "--cache-dir", "cache", "--overwrite", "-o", "out")
    overrides = ("--w2v.model.vector_size", 12, "--w2v.training.epochs", 3)
    reused = w2v(*train, *overrides, cwd=workplace, fresh=True)  # strings have other hashes
    assert "Using the encoded corpus cache/" in reused.said
    assert "Encoding" not in reused.said

    (workplace / "texts.txt").write_text("another text, another text\n")
    again = w2v(*train, cwd=workplace)
    assert "Encoding the corpus again, because the texts or the settings of [w2v.corpus] have changed" in again.said
    assert spacy_w2v.load(workplace / "out").words == ["another", "text"]


def test_one_worker_and_one_seed_give_the_same_bytes(trained, tmp_path):
    directory, _, _ = trained
    (tmp_path / "texts.txt").write_bytes((directory / "texts.txt").read_bytes())
    config = (directory / "out/config.cfg").read_text()  # the config of the run reproduces it, read here from stdin
    w2v("train", "-", "-o", "out", cwd=tmp_path, stdin=config, fresh=True)  # strings have other hashes
    for place in ("model/input_vectors.npy", "model/output_vectors.npy", "word2vec/vectors.bin", "spacy/vocab/vectors"):
        assert (tmp_path / "out" / place).read_bytes() == (directory / "out" / place).read_bytes()


def test_texts_from_standard_input(trained, tmp_path):
    directory, lines, _ = trained
    w2v("init-config", "config.cfg", "--dataset", "-", cwd=tmp_path)
    options = ["--w2v.model.vector_size", 4, "--w2v.training.epochs", 1, "--w2v.export.formats", "[]"]
    w2v("train", "config.cfg", "-o", "out", *options, cwd=tmp_path, stdin=(directory / "texts.txt").read_text())
    assert set(spacy_w2v.load(tmp_path / "out").words) == set(counted_words(lines, min_count=5))


CODE = """
import spacy
from spacy.tokens import Doc
from spacy.util import DummyTokenizer
from spacy_w2v.sources._iterables import as_source

@spacy.registry.readers("test_cli.Numbers.v1")
def make_numbers(n: int):
    return as_source(["One,two,three", "two,three"] * n)

class CommaTokenizer(DummyTokenizer):
    def __init__(self, vocab):
        self.vocab = vocab

    def __call__(self, text):
        return Doc(self.vocab, words=text.split(","), spaces=[False] * (text.count(",") + 1))

@spacy.registry.tokenizers("test_cli.Comma.v1")
def make_comma_tokenizer():
    return lambda nlp: CommaTokenizer(nlp.vocab)
"""


def test_reader_and_tokenizer_of_the_users_own(tmp_path):
    (tmp_path / "code.py").write_text(CODE)
    config = Config().from_str(CONFIG)
    config["nlp"]["tokenizer"] = {"@tokenizers": "test_cli.Comma.v1"}
    config["w2v"]["corpus"] = {"@readers": "test_cli.Numbers.v1", "n": 10}
    config.to_disk(tmp_path / "config.cfg")
    result = w2v("train", "config.cfg", "--code", "code.py", "-o", "out", "--w2v.tokens.attr", "ORTH", cwd=tmp_path)

    assert result.code == 0
    model = spacy_w2v.load(tmp_path / "out")
    assert dict(zip(model.words, model.vocabulary.counts.tolist(), strict=True)) == {"two": 20, "three": 20, "One": 10}
    spacy.util.import_file("test_cli_code", tmp_path / "code.py")
    doc = spacy.load(tmp_path / "out/spacy")("three,two,One")
    np.testing.assert_array_equal(doc[2].vector, model["One"])

    refused = w2v("export", "out", "exported", cwd=tmp_path, code=1)
    assert "give the Python file that registers the function with --code" in refused.said
    w2v("export", "out", "exported", "--code", "code.py", cwd=tmp_path)
    assert files_below(tmp_path / "exported").keys() == files_below(tmp_path / "out/spacy").keys()
    (tmp_path / "pairs.tsv").write_text("two\tthree\t1\nOne\ttwo,three\t2\nOne\ttwo\t3\n")
    evaluate = ("evaluate", "out", "--word-pairs", "pairs.tsv", "-o", "scores.json", "--tokenize")
    assert "with --code" in w2v(*evaluate, cwd=tmp_path, code=1).said
    w2v(*evaluate, "--code", "code.py", cwd=tmp_path)
    assert json.loads((tmp_path / "scores.json").read_text())["pairs"]["n_used"] == 3
    nearest = [w2v("most-similar", path, "two", "--code", "code.py", cwd=tmp_path).said for path in ("out", "exported")]
    assert nearest[0] == nearest[1] != ""

    (tmp_path / "texts.txt").write_text("three,three,One\n" * 100)
    prune = ("prune", "out/spacy", "small", "--max-vectors", 1, "--dataset", "texts.txt")
    assert "The pipeline must be a spaCy pipeline" in w2v(*prune, cwd=tmp_path, code=1).said
    w2v(*prune, "--code", "code.py", cwd=tmp_path)
    doc = spacy.load(tmp_path / "small")("three,two,One")
    assert [token.has_vector for token in doc] == [True, False, False]


COUNTED = """
from pathlib import Path
import spacy

@spacy.registry.callbacks("test_cli.Counted.v1")
def make_counted():
    def before_init(nlp):
        with Path("calls.txt").open("a") as file:
            file.write("called\\n")
        nlp.tokenizer.add_special_case("one_two", [{"ORTH": "one_"}, {"ORTH": "two"}])
        return nlp

    return before_init
"""


def test_a_callback_before_initialization_is_called_once_in_a_run(tmp_path):
    """The export has the tokenizer that it changed, and does not make the pipeline again."""
    (tmp_path / "code.py").write_text(COUNTED)
    (tmp_path / "texts.txt").write_text("one_two three\n" * 50)
    block = '[initialize]\n\n[initialize.before_init]\n@callbacks = "test_cli.Counted.v1"\n\n[w2v]\n'
    (tmp_path / "config.cfg").write_text(CONFIG.replace("[w2v]\n", block, 1))
    w2v("train", "config.cfg", "--code", "code.py", "-o", "out", cwd=tmp_path)
    assert (tmp_path / "calls.txt").read_text() == "called\n"
    spacy.util.import_file("test_cli_counted", tmp_path / "code.py")
    nlp = spacy.load(tmp_path / "out/spacy")
    assert [token.text for token in nlp("one_two three")] == ["one_", "two", "three"]
    assert nlp("one_two")[0].has_vector


def test_a_changed_tokenizer_of_the_users_own_encodes_again(tmp_path):
    tokenizer = '[nlp.tokenizer]\n@tokenizers = "test_cli.Comma.v1"\n\n[w2v]\n'
    (tmp_path / "config.cfg").write_text(CONFIG.replace("[w2v]\n", tokenizer))
    (tmp_path / "texts.txt").write_text("one two,three;four\n" * 5)
    encode = ("encode", "config.cfg", "--code", "code.py", "--cache-dir", "cache")
    (tmp_path / "code.py").write_text(CODE)
    assert " Types 2 " in w2v(*encode, cwd=tmp_path).said
    (tmp_path / "code.py").write_text(CODE.replace('","', '" "'))
    changed = w2v(*encode, cwd=tmp_path).said
    assert " Types 2 " in changed
    assert "Encoding the corpus again, because the tokenizer has changed" in changed


# init-config and fill-config


@pytest.mark.parametrize(
    ("options", "corpus", "settings"),
    [
        (
            ["--dataset", "data/*.jsonl.gz", "--text-field", "body", "--lang", "de"],
            {"path": "json", "data_files": "data/*.jsonl.gz", "split": "train", "text_field": "body"},
            {"min_count": 5, "vector_size": 100, "epochs": 5},
        ),
        (
            ["-d", "wikimedia/wikipedia", "-n", "20231101.en", "--size", "large"],
            {"path": "wikimedia/wikipedia", "name": "20231101.en", "split": "train", "text_field": "text"},
            {"min_count": 10, "vector_size": 300, "epochs": 5},
        ),
    ],
    ids=["files", "hub"],
)
def test_init_config_for_a_dataset(tmp_path, options, corpus, settings):
    actual = Config().from_str(w2v("init-config", "-", *options, cwd=tmp_path).stdout)
    assert actual["nlp"]["lang"] == ("de" if "de" in options else "en")
    assert actual["w2v"]["corpus"]["@readers"] == "spacy_w2v.Dataset.v1"
    assert corpus.items() <= actual["w2v"]["corpus"].items()
    assert actual["w2v"]["vocabulary"]["min_count"] == settings["min_count"]
    assert actual["w2v"]["model"]["vector_size"] == settings["vector_size"]
    assert actual["w2v"]["training"]["epochs"] == settings["epochs"]


def test_default_config_trains_on_the_wikipedia_excerpt(tmp_path):
    w2v("init-config", "config.cfg", "--size", "tiny", cwd=tmp_path)
    options = ["--w2v.corpus.max_documents", 2, "--w2v.training.epochs", 1, "--w2v.export.formats", '["spacy"]']
    result = w2v("train", "config.cfg", "-o", "out", *options, cwd=tmp_path)
    assert "Wikipedia excerpt of gensim" in result.said
    assert "anarchism" in spacy.load(tmp_path / "out/spacy").vocab.vectors.strings


def test_init_config_refuses_an_existing_file(workplace):
    before = files_below(workplace)
    refused = w2v("init-config", "config.cfg", "-d", "texts.txt", cwd=workplace, code=1)
    assert "config.cfg exists. Choose another file, or overwrite it with --force" in refused.said
    assert files_below(workplace) == before
    w2v("init-config", "config.cfg", "-d", "texts.txt", "--force", cwd=workplace)
    assert Config().from_disk(workplace / "config.cfg")["w2v"]["corpus"]["data_files"] == "texts.txt"


def test_fill_config_completes_and_keeps(trained, tmp_path):
    directory, _, _ = trained
    variables = '[paths]\ntexts = "texts.txt"\n\n[vars]\nepochs = 2\n'
    text = variables + CONFIG.replace('"texts.txt"', "${paths.texts}").replace("epochs = 2", "epochs = ${vars.epochs}")
    (tmp_path / "base.cfg").write_text(text + "\n[training]\nseed = 3\n")
    w2v("fill-config", "base.cfg", "full.cfg", cwd=tmp_path)

    actual = Config().from_disk(tmp_path / "full.cfg", interpolate=False)
    assert actual["training"] == {"seed": 3}
    assert actual["w2v"]["corpus"]["data_files"] == "${paths.texts}"
    assert actual["w2v"]["corpus"]["encoding_errors"] == "strict"  # of the registered function
    assert actual["w2v"]["training"]["min_alpha"] == 0.0001  # of the settings
    assert actual["w2v"]["vocabulary"]["min_count"] == 2
    assert actual["w2v"]["training"]["epochs"] == "${vars.epochs}"

    (tmp_path / "texts.txt").write_bytes((directory / "texts.txt").read_bytes())
    w2v("train", "full.cfg", "-o", "out", "--vars.epochs", 4, cwd=tmp_path)
    assert (tmp_path / "out/training.jsonl").read_text().count('"event": "epoch"') == 4


# What becomes of a model


@pytest.mark.parametrize("format_", EXPORTED)
def test_export_for_gensim(trained, tmp_path, format_):
    directory, lines, _ = trained
    dtype = ["--dtype", "float16"] if format_ == "gensim" else []
    options = ["--format", format_, "--max-vectors", 5, *dtype]
    result = w2v("export", directory / "out", "exported", *options, cwd=tmp_path)

    keyed_vectors = read_keyed_vectors(tmp_path / "exported" / EXPORTED[format_])
    counts = counted_words(lines, min_count=2)
    expected = sorted(counts, key=lambda word: (-counts[word], word))[:5]
    assert f"Exported the vectors to exported/{EXPORTED[format_]} (format: {format_})" in result.said
    assert keyed_vectors.index_to_key == expected
    assert [keyed_vectors.get_vecattr(word, "count") for word in expected] == [counts[word] for word in expected]
    vectors = np.load(directory / "out/model/input_vectors.npy")[:5]
    kind = np.float16 if dtype else np.float32
    assert keyed_vectors.vectors.dtype == kind
    np.testing.assert_array_equal(keyed_vectors.vectors, vectors.astype(kind))


def test_export_for_spacy(workplace):
    export = ("export", "out/model", "exported", "--max-vectors", 5, "--dtype", "float16")
    w2v(*export, cwd=workplace)
    nlp = spacy.load(workplace / "exported")
    vectors = np.load(workplace / "out/model/input_vectors.npy")
    assert nlp.vocab.vectors.data.dtype == np.float16
    np.testing.assert_array_equal(nlp.vocab.vectors.data, vectors[:5].astype(np.float16))
    most_frequent = read_keyed_vectors(workplace / "out/gensim/vectors.kv").index_to_key[0]
    np.testing.assert_array_equal(nlp(most_frequent)[0].vector, vectors[0].astype(np.float16))

    before = files_below(workplace)
    assert (
        "exported exists. Choose another one, or replace it with --overwrite"
        in w2v(*export, cwd=workplace, code=1).said
    )
    assert files_below(workplace) == before
    (workplace / "exported/README.md").write_text("mine")
    w2v("export", "out", "exported", "--overwrite", cwd=workplace)
    assert (workplace / "exported/README.md").read_text() == "mine"
    np.testing.assert_array_equal(spacy.load(workplace / "exported").vocab.vectors.data, vectors)


def test_export_for_spacy_replaces_vectors_only(workplace):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(workplace / "trained")
    before = files_below(workplace)
    for place, message in (
        ("trained", "but trained is a pipeline with components: sentencizer"),
        ("out/model", "but out/model has no vocab, so it contains something else"),
    ):
        assert message in w2v("export", "out", place, "--overwrite", cwd=workplace, code=1).said
    assert files_below(workplace) == before


def test_most_similar(trained):
    directory, _, _ = trained
    keyed_vectors = read_keyed_vectors(directory / "out/gensim/vectors.kv")
    shown = w2v("most-similar", "out", "king", "river", "--topn", 3, cwd=directory)
    for word in ("king", "river"):
        section = shown.said.partition(f"= {word} =")[2]
        nearest = [f"{near} {similarity:.3f}" for near, similarity in keyed_vectors.most_similar(word, topn=3)]
        assert " ".join(nearest) in section
    unknown = w2v("most-similar", "out", "king", "kng", cwd=directory, code=1)
    assert "A word must be in the vocabulary" in unknown.said
    assert "was: 'kng'. Near spellings: king" in unknown.said
    assert "= king =" in unknown.said
    cased = w2v("most-similar", "out", "FRENCH", cwd=directory, code=1)
    assert "was: 'FRENCH'. Its lower case is: 'french'" in cased.said


def test_neighbours_of_models_stand_side_by_side(workplace):
    other = make_model([5, 4, 3], words=["king", "w1", "w2"])
    other.save(workplace / "other")
    shown = w2v_here("most-similar", "out", "king", "river", "--compare", "other", "-n", 3, cwd=workplace).stdout
    rows = [line.split() for line in shown.splitlines() if re.search(r"\w", line) and "==" not in line]
    rows = [row for row in rows if row != ["\x1b[1m"]]  # of the divider
    out = spacy_w2v.load(workplace / "out")
    king, other_king, river = (
        [[near, f"{similarity:.3f}"] for near, similarity in model.most_similar(word, topn=3)]
        for model, word in ((out, "king"), (other, "king"), (out, "river"))
    )
    expected = [*zip(king, [*other_king, []], strict=True), *zip(river, [["(unknown)"], [], []], strict=True)]
    assert rows[0] == rows[4] == ["out", "other"]
    assert [rows[i] for i in (1, 2, 3, 5, 6, 7)] == [left + right for left, right in expected]


@pytest.mark.parametrize("kind", ["output", "mean"])
def test_kinds_of_vectors(workplace, kind):
    inputs, outputs = (np.load(workplace / f"out/model/{name}_vectors.npy") for name in ("input", "output"))
    expected = outputs if kind == "output" else (inputs + outputs) / 2
    exported = w2v_here("export", "out", "exported.kv", "--format", "gensim", "--vector-kind", kind, cwd=workplace)
    assert exported.code == 0
    keyed_vectors = read_keyed_vectors(workplace / "exported.kv")
    np.testing.assert_array_equal(keyed_vectors.vectors, expected)

    shown = w2v_here("most-similar", "out", "king", "--topn", 3, "--vector-kind", kind, cwd=workplace)
    nearest = [f"{near} {similarity:.3f}" for near, similarity in keyed_vectors.most_similar("king", topn=3)]
    assert " ".join(nearest) in shown.said

    pairs = [("king", "river", 1), ("french", "war", 2), ("city", "there", 3), ("a", "go", 4), ("king", "war", 5)]
    (workplace / "pairs.tsv").write_text("".join(f"{first}\t{second}\t{rating}\n" for first, second, rating in pairs))
    options = ["--word-pairs", "pairs.tsv", "--vector-kind", kind, "--output", "scores.json"]
    assert w2v_here("evaluate", "out", *options, cwd=workplace).code == 0
    cosines = [keyed_vectors.similarity(first, second) for first, second, _ in pairs]
    scores = json.loads((workplace / "scores.json").read_text())
    assert scores["pairs"]["spearman"] == pytest.approx(spearmanr(cosines, [1, 2, 3, 4, 5]).statistic)


def test_vectors_that_a_loss_lacks_are_refused_before_training(workplace):
    before = files_below(workplace)
    options = ["--w2v.model.loss", "hierarchical-softmax", "--w2v.export.vector_kind", "mean"]
    refused = w2v_here("train", "config.cfg", "-o", "new", *options, cwd=workplace)
    assert refused.code == 1
    assert 'vector_kind must be "input" where loss = "hierarchical-softmax", was: "mean"' in refused.said
    assert files_below(workplace) == before

    make_model([5, 4, 3], loss="hierarchical-softmax").save(workplace / "tree")
    before = files_below(workplace)
    for command in (["export", "tree", "exported"], ["most-similar", "tree", "w1"], ["evaluate", "tree"]):
        refused = w2v_here(*command, "--vector-kind", "output", cwd=workplace)
        assert refused.code == 1
        assert "Export the input vectors, or choose another loss." in refused.said
    assert files_below(workplace) == before


def test_evaluate_and_report(workplace):
    keyed_vectors = read_keyed_vectors(workplace / "out/gensim/vectors.kv")
    pairs = [("king", "river", 3.0), ("french", "war", 1.0), ("city", "there", 7.5), ("a", "go", 2.5)]
    text = "".join(f"{first}\t{second}\t{rating}\n" for first, second, rating in [*pairs, ("king", "queen", 9.0)])
    (workplace / "pairs.tsv").write_text("# a comment\n" + text)
    (workplace / "questions.txt").write_text(": places\nking river french war\nking city there nowhere\n")
    sets = ["--word-pairs", "pairs.tsv", "--analogies", "questions.txt"]
    shown = w2v("evaluate", "out", *sets, "--output", "scores.json", cwd=workplace)

    cosines = [keyed_vectors.similarity(first, second) for first, second, _ in pairs]
    spearman = spearmanr(cosines, [rating for _, _, rating in pairs]).statistic
    query = keyed_vectors.get_vector("river", norm=True) - keyed_vectors.get_vector("king", norm=True)
    similarities = keyed_vectors.get_normed_vectors() @ (query + keyed_vectors.get_vector("french", norm=True))
    similarities[[keyed_vectors.key_to_index[word] for word in ("king", "river", "french")]] = -np.inf
    solved = float(keyed_vectors.index_to_key[int(np.argmax(similarities))] == "war")
    scores = json.loads((workplace / "scores.json").read_text())
    assert scores["pairs"]["spearman"] == pytest.approx(spearman)
    assert (scores["pairs"]["n_used"], scores["pairs"]["n_unknown"]) == (4, 1)
    assert scores["questions"]["accuracy"] == solved
    assert (scores["questions"]["n_used"], scores["questions"]["n_unknown"]) == (1, 1)
    assert f"pairs spearman {spearman:.3f} 4" in shown.said

    words = ["--word", "king", "--word", "queen"]
    said = w2v("report", "out", "report.md", "--scores", "scores.json", *words, cwd=workplace).said
    n_words = len(keyed_vectors)
    assert f"Skipped words that are not in the vocabulary of {n_words} words: queen" in said
    report = (workplace / "report.md").read_text()
    assert report.startswith("# Word vectors: texts.txt\n")
    assert "| epochs | `3` |" in report
    assert f"| pairs | spearman | {spearman:.3f} | 4 |" in report
    nearest = ", ".join(f"{near} {similarity:.2f}" for near, similarity in keyed_vectors.most_similar("king", topn=5))
    assert f"| king | {nearest} |" in report
    assert "queen" not in report


def test_a_set_without_known_words_has_no_score(trained):
    directory, _, _ = trained
    assert "Google analogies accuracy – 0" in w2v("evaluate", "out", cwd=directory).said


# What may be overwritten


def test_results_are_replaced_only_with_overwrite(workplace):
    before = files_below(workplace)
    refused = w2v("train", "config.cfg", "-o", "out", cwd=workplace, code=1)
    assert "must be new or empty, but out exists. Choose another one, or replace it with --overwrite" in refused.said
    options = ["--overwrite", "--w2v.vocabulary.min_count", 9999]
    failed = w2v("train", "config.cfg", "-o", "out", *options, cwd=workplace, code=1)
    assert "min_count = 9999" in failed.said
    assert files_below(workplace) == before
    w2v("train", "config.cfg", "-o", "out", "--overwrite", cwd=workplace)
    assert np.load(workplace / "out/model/input_vectors.npy").shape[1] == 8
    assert {path.name for path in workplace.iterdir()} == {"config.cfg", "texts.txt", "out"}
    assert not (workplace / "out/word2vec").exists()


def test_a_foreign_directory_is_not_overwritten(workplace):
    (workplace / "thesis").mkdir()
    (workplace / "thesis/chapter1.txt").write_text("years of work")
    before = files_below(workplace)
    for command in (("train", "config.cfg", "-o", "thesis"), ("export", "out", "thesis")):
        refused = w2v(*command, "--overwrite", cwd=workplace, code=1)
        assert "Only earlier results may be overwritten, but thesis has no" in refused.said
    assert files_below(workplace) == before


# Ctrl-C


def test_interrupted_training_without_checkpoints_leaves_nothing(workplace):
    w2v("encode", "config.cfg", "--cache-dir", "cache", cwd=workplace)
    before = files_below(workplace)
    options = ["--cache-dir", "cache", "--overwrite", "--w2v.training.epochs", 20_000]
    options += ["--w2v.training.checkpoint_every_s", "null"]
    process = start("train", "config.cfg", "-o", "out", *options, cwd=workplace)
    while not process.stderr.readline().startswith("Epoch"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted. Nothing was written to out." in plain(stdout + stderr)
    assert "Traceback" not in stdout + stderr
    assert files_below(workplace) == before


def test_interrupted_encoding_leaves_nothing(tmp_path):
    w2v("init-config", "config.cfg", "-d", "-", cwd=tmp_path)
    process = start("train", "config.cfg", "-o", "out", "--cache-dir", "cache", cwd=tmp_path)  # waits for its input
    while not list(tmp_path.glob("cache/unfinished-*")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted. Nothing was written to out." in plain(stdout + stderr)
    assert "Traceback" not in stdout + stderr
    assert set(files_below(tmp_path)) == {"config.cfg", "cache", "cache/CACHEDIR.TAG"}
