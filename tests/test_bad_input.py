"""Bad input, as a user meets it: one message that tells the rule, no traceback, and nothing written."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
from helpers_cli import CONFIG, files_below, needs_proc, w2v, w2v_here, write_texts

import spacy_w2v
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.errors import ConfigError, CorpusError, StorageError, TrainingError, UnknownWordError

CORPUS = "--w2v.corpus."
TRAIN = ("train", "config.cfg", "--output", "out")


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Texts of many kinds, a config, and a small trained model in model/."""
    directory = tmp_path_factory.mktemp("material")
    write_texts(directory / "texts.txt")
    (directory / "config.cfg").write_text(CONFIG)
    (directory / "empty.txt").write_text("")
    (directory / "blank.txt").write_text(" \n\t\n\n")
    (directory / "bad.txt").write_bytes(b"good line\nbad \xff line\n")
    (directory / "bad.jsonl").write_bytes(b'{"text": "good"}\n{"text": "b\xe4d"}\n')
    (directory / "columns.jsonl").write_text('{"title": "a", "body": "b"}\n')
    spacy_w2v.train(["a b c"] * 10, vector_size=4, epochs=1, sample=0, workers=1).save(directory / "model")
    (directory / "code.py").write_text("import nothing_of_that_name\n")
    return directory


@pytest.fixture
def workplace(material, tmp_path, monkeypatch):
    """A copy of the material, and a cache of one's own beside it."""
    directory = tmp_path / "work"
    shutil.copytree(material, directory)
    monkeypatch.setenv("SPACY_W2V_CACHE", str(tmp_path / "cache"))
    return directory


def fails_cleanly(workplace: Path, *arguments: object, message: str, code: int = 1, **process: object) -> None:
    """Check that a command fails with a message, without a traceback, and leaves everything as it was.

    It is run within this process, or with options for one, as a process.
    """
    before = files_below(workplace)
    if process:
        result = w2v(*arguments, cwd=workplace, code=None, **process)
    else:
        result = w2v_here(*arguments, cwd=workplace)
    assert "Traceback" not in result.stdout + result.stderr, result.stderr
    assert message in result.said
    assert result.code == code
    assert files_below(workplace) == before
    assert not list(workplace.parent.glob("cache/unfinished-*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([f"{CORPUS}data_files", "nope.txt"], "data_files must be existing files, was: nope.txt"),
        ([f"{CORPUS}data_files", "nope*.txt"], "data_files must be existing files, was: nope*.txt"),
        (
            [f"{CORPUS}data_files", "null", f"{CORPUS}path", "nobody/nothing"],
            "The Hugging Face Hub must be reachable for the dataset nobody/nothing",
        ),
        (
            [f"{CORPUS}data_files", "columns.jsonl", f"{CORPUS}path", "json"],
            "text_field must be a column of the dataset (title, body), was: text",
        ),
        ([f"{CORPUS}text_field", "body"], "text_field must be a column of the dataset (texts.txt: text), was: body"),
        ([f"{CORPUS}split", "test"], "split must be one of train, was: test"),
        ([f"{CORPUS}data_files", "empty.txt"], "must have tokens, but empty.txt has none in 0 documents"),
        ([f"{CORPUS}data_files", "blank.txt"], "must have tokens, but blank.txt has none in 3 documents"),
        ([f"{CORPUS}data_files", "bad.txt"], "bad.txt has the byte 0xff at position 14, in line 2"),
        (
            [f"{CORPUS}data_files", "bad.jsonl", f"{CORPUS}path", "json"],
            "bad.jsonl has the byte 0xe4 at position 28, in line 2",
        ),
    ],
    ids=["file", "glob", "hub", "column", "column-of-text", "split", "empty", "blank", "utf-8", "utf-8-jsonl"],
)
def test_wrong_corpus(workplace, options, message):
    fails_cleanly(workplace, *TRAIN, *options, message=message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*TRAIN, f"{CORPUS}data_files", "bad.txt"], "bad.txt has the byte 0xff at position 14, in line 2"),
        ([*TRAIN, "--w2v.training.epoch", "3"], "[w2v.training] has no setting 'epoch'. Did you mean 'epochs'?"),
        pytest.param(
            ["train", "config.cfg", "-o", "/proc/out"], "must be writable, but /proc/out is not", marks=needs_proc
        ),
        (["most-similar", "nope", "a"], "but nope does not exist."),
    ],
    ids=["corpus", "config", "output", "model"],
)
def test_errors_of_a_process(workplace, arguments, message):
    fails_cleanly(workplace, *arguments, message=message, stdin="")


def test_nothing_left_after_min_count(workplace):
    words = (workplace / "texts.txt").read_text().lower().split()
    message = f"the most frequent word, 'the', occurs {words.count('the')} times. Lower min_count"
    fails_cleanly(workplace, *TRAIN, "--w2v.vocabulary.min_count", 9999, message=message)


def test_documents_without_text_are_counted_and_left_out(tmp_path):
    rows = [{"text": "one two three"}] * 5 + [{"text": None}, {"text": 7}, {"text": None}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "config.cfg").write_text(CONFIG.replace("texts.txt", "rows.jsonl").replace('"text"', '"json"'))
    result = w2v(*TRAIN, cwd=tmp_path)
    assert "Documents left out 3 (2 null, 1 not text)" in result.said
    assert result.said.count("null") == 2, "once in the table, once in a warning"
    assert spacy_w2v.load(tmp_path / "out").meta["corpus"]["n_documents"] == 5


# Configs


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 2", "epoch = 2", "[w2v.training] has no setting 'epoch'. Did you mean 'epochs'?"),
        ("[w2v.training]", "[w2v.trainng]", "[w2v] has no setting 'trainng'. Did you mean 'training'?"),
        ("[w2v]\n", "[w2v]\nepochs = 3\n", "[w2v] has no setting 'epochs'."),
        ("data_files =", "data_fils =", "Did you mean 'data_files'?"),
        ('lang = "en"', 'lang = "en"\ntokenizr = "x"', "Did you mean 'tokenizer'?"),
        ("[w2v", "[w2w", "The config must have a [w2v] block, was one with: nlp, w2w. Did you mean [w2v] by [w2w]?"),
        ("Dataset.v1", "Datset.v1", "was: spacy_w2v.Datset.v1. Did you mean 'spacy_w2v.Dataset.v1'?"),
        ("@readers", "@veaders", "must be in one of spaCy's registries, was: @veaders. Did you mean 'readers'?"),
        ("[w2v]\n", '[nlp.tokenizer]\n@tokenizers = "spacy.Tokenzer.v1"\n\n[w2v]\n', "spacy.Tokenzer.v1"),
        (
            '[w2v.corpus]\n@readers = "spacy_w2v.Dataset.v1"\npath = "text"\ndata_files = "texts.txt"\n',
            "",
            "A config must name its texts in [w2v.corpus]",
        ),
        (CONFIG, '[nlp]\nlang = "en"\n', "The config must have a [w2v] block, was one with: nlp."),
        (
            CONFIG,
            "no section = 3\n",
            "A config must begin with a section in brackets, such as [nlp]",
        ),
        ("[w2v]\n", "[w2v]\n[w2v]\n", "The config config.cfg cannot be read"),
        ('lang = "en"', "", "[nlp] must have a language, but has none"),
        ('lang = "en"', 'lang = "zz"', "lang must be a language code that spaCy knows, such as en"),
        ("epochs = 2", "epochs = ${vars.epochs}", "vars.epochs"),
        ("epochs = 2", "epochs = 0\nalpha = -1", "w2v.training.epochs must be at least 1, was: 0"),
    ],
    ids=[
        *("key", "block", "key-of-w2v", "key-of-reader", "key-of-nlp", "w2v", "reader", "registry", "tokenizer"),
        *("no-corpus", "no-w2v", "no-config", "section-twice", "no-lang", "lang", "variable", "value"),
    ],
)
def test_wrong_config(workplace, old, new, message):
    assert old in CONFIG
    (workplace / "config.cfg").write_text(CONFIG.replace(old, new))
    fails_cleanly(workplace, *TRAIN, message=message)


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["train", "nope.cfg", "-o", "out"], "The config must be an existing file, was: nope.cfg", 1),
        (
            [*TRAIN, "--w2v.trainig.epochs", "3"],
            "An override must name a section of the config, was: w2v.trainig. Did you mean 'w2v.training'?",
            1,
        ),
        (
            [*TRAIN, "--nlp.tokenizer.segmenter", "jieba"],
            "An override must name a section of the config, was: nlp.tokenizer. Add [nlp.tokenizer] to the config",
            1,
        ),
        ([*TRAIN, "--w2v.training.epoch", "3"], "[w2v.training] has no setting 'epoch'. Did you mean 'epochs'?", 1),
        ([*TRAIN, "--foo", "3"], "No such option '--foo'", 2),
        (["train", "config.cfg", "--outptu", "out"], "No such option '--outptu'. Did you mean '--output'?", 2),
        (
            ["export", "model", "out", "--format", "glove"],
            "Invalid value for '--format' / '-f': 'glove' is not one of",
            2,
        ),
        (["init-config", "new.cfg", "--size", "smal"], "Invalid value for '--size' / '-s': 'smal' is not one of", 2),
        ([*TRAIN, "--code", "nope.py"], "--code must name an existing Python file, was: nope.py", 1),
        ([*TRAIN, "--code", "code.py"], "nothing_of_that_name", 1),
    ],
    ids=["file", "section", "new-section", "key", "dotless", "typo", "format", "size", "code-missing", "code-broken"],
)
def test_wrong_arguments(workplace, arguments, message, code):
    fails_cleanly(workplace, *arguments, message=message, code=code)


def test_a_tokenizer_that_cannot_be_saved_is_refused_before_training(workplace):
    (workplace / "code.py").write_text(
        "import spacy\n"
        '@spacy.registry.tokenizers("test_bad_input.Split.v1")\n'
        "def make():\n"
        "    return lambda nlp: lambda text: spacy.tokens.Doc(nlp.vocab, words=text.split())\n"
    )
    config = CONFIG.replace("[w2v]\n", '[nlp.tokenizer]\n@tokenizers = "test_bad_input.Split.v1"\n\n[w2v]\n')
    (workplace / "config.cfg").write_text(config)
    fails_cleanly(workplace, *TRAIN, "--code", "code.py", message="to_disk")
    w2v_here(*TRAIN, "--code", "code.py", "--w2v.export.formats", "[]", cwd=workplace)
    assert "king" in spacy_w2v.load(workplace / "out")


def test_unknown_encoding(workplace):
    fails_cleanly(workplace, *TRAIN, f"{CORPUS}encoding", "utf-9", message="utf-9")


# Output


@needs_proc
def test_unwritable_output(workplace):
    fails_cleanly(workplace, "train", "config.cfg", "-o", "/proc/out", message="must be writable, but /proc/out is not")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "config.cfg", "-o", "texts.txt"], "The output must be a directory, but texts.txt is a file"),
        (["train", "config.cfg", "-o", "texts.txt/out"], "must be in a directory, but texts.txt is a file. Choose"),
        (["export", "model", "texts.txt/out"], "must be in a directory, but texts.txt is a file. Choose another path."),
        (["evaluate", "model", "-o", "model"], "model is"),
        (["report", "model", "model"], "model is"),
    ],
    ids=["train", "train-below", "export-below", "evaluate", "report"],
)
def test_output_of_the_wrong_kind(workplace, arguments, message):
    fails_cleanly(workplace, *arguments, message=message)


def limit_file_size() -> None:
    """Let no file grow past 64 kB; Python ignores the signal, so that writing fails as on a full disk."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))


def test_disk_full_while_results_are_written(workplace):
    w2v("encode", "config.cfg", cwd=workplace)
    wide = ("--w2v.model.vector_size", 4000)
    message = "The disk must have space for out, but is full"
    fails_cleanly(workplace, *TRAIN, *wide, preexec_fn=limit_file_size, message=message)


def test_disk_full_while_the_corpus_is_encoded(workplace):
    write_texts(workplace / "texts.txt", n_lines=3000)
    message = "The corpus cannot be encoded to"
    fails_cleanly(workplace, *TRAIN, preexec_fn=limit_file_size, message=message)


def test_foreign_cache_directory(workplace):
    message = "The cache directory must be new, empty or a cache of spacy-w2v, but model has other files"
    fails_cleanly(workplace, *TRAIN, "--cache-dir", "model", message=message)


# Models


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["most-similar", "nope", "a"], "but nope does not exist."),
        (["most-similar", "modl", "a"], "but modl does not exist. Did you mean 'model'?"),
        (["most-similar", "model", "a", "--compare", "no/where"], "but no/where does not exist."),
        (["most-similar", "bare", "a"], "but bare has no meta.json. A model is the directory 'model' in --output."),
        (["most-similar", "run/spacy", "a"], "but run/spacy has no vectors. The model is in the directory above: run"),
        (["report", "run/spacy", "out.md"], "but run/spacy has no vectors. The model is in the directory above: run"),
        (["most-similar", "run/other/spacy", "a"], "Word vectors must have words, but run/other/spacy has no vectors."),
        (["report", "run/other/spacy", "x.html"], "Word vectors must have words, but run/other/spacy has no vectors."),
        (["export", "texts.txt", "out"], "texts.txt must be a word and its numbers, separated by spaces or tabs, but"),
        (
            ["report", "texts.txt", "out.md"],
            "texts.txt must be a word and its numbers, separated by spaces or tabs, but",
        ),
        (
            ["export", "model", "small", "--merge-rare"],
            "w2v.export: merge_rare needs max_vectors, which was: None. Set it to the number of vectors to keep.",
        ),
        (["evaluate", "foreign"], "but foreign cannot be loaded: [E054] No valid 'version' setting found"),
        (["report", "foreign", "out.md"], "but foreign cannot be loaded: [E054] No valid 'version' setting found"),
        (["evaluate", "remains"], "remains/input_vectors.npy must have"),
        (["report", "damaged", "out.md"], "input_vectors.npy must have"),
        (["report", "model", "out.md", "--scores", "list.json"], "--scores must name a JSON file saved by spacy w2v"),
        (
            ["evaluate", "model", "--word-pairs", "nope.tsv"],
            "An evaluation set must be an existing file, was: nope.tsv",
        ),
        (["evaluate", "model", "--word-pairs", "bad.txt"], "bad.txt"),
        (["evaluate", "model", "--analogies", "texts.txt"], "texts.txt"),
        (["most-similar", "model", "z"], "A word must be in the vocabulary of 3 words, was: 'z'"),
    ],
    ids=[
        *("missing", "misspelt", "compared", "bare", "export-of-spacy", "report-of-spacy", "pipeline"),
        *("report-of-pipeline", "file", "report-of-file", "merge-rare", "foreign", "report-of-foreign", "remains"),
        *("damaged", "scores", "no-pairs", "wrong-pairs", "wrong-analogies", "word"),
    ],
)
def test_wrong_model_or_set(workplace, arguments, message):
    (workplace / "foreign").mkdir()
    (workplace / "foreign/meta.json").write_text('{"lang": "en", "name": "core_web_sm"}')
    (workplace / "bare").mkdir()
    shutil.copytree(workplace / "model", workplace / "run/model")
    (workplace / "run/other").mkdir()
    for directory in ("run/spacy", "run/other/spacy"):
        spacy.blank("en").to_disk(workplace / directory)
    shutil.copytree(workplace / "model", workplace / "damaged")
    os.truncate(workplace / "damaged/input_vectors.npy", 100)
    shutil.copytree(workplace / "model", workplace / "remains", ignore=lambda *_: ["input_vectors.npy"])
    (workplace / "list.json").write_text("[1]")
    fails_cleanly(workplace, *arguments, message=message)


def change_meta(path: Path, **changes: object) -> None:
    meta = json.loads((path / "meta.json").read_text()) | changes
    (path / "meta.json").write_text(json.dumps({key: value for key, value in meta.items() if value is not None}))


DAMAGES = {
    "no-json": (lambda path: (path / "meta.json").write_text("{"), "must be JSON, but is damaged"),
    "other-json": (lambda path: (path / "meta.json").write_text("[]"), "must describe a spacy-w2v model, but does not"),
    "newer": (lambda path: change_meta(path, format_version=99), "must have a format version from 1 to 5, was: 99"),
    "no-files": (lambda path: change_meta(path, files=None), "damaged"),
    "missing": (lambda path: (path / "forms.arrow").unlink(), "forms.arrow must have .* bytes, but has: None"),
    "cut": (lambda path: os.truncate(path / "vocabulary.arrow", 8), "vocabulary.arrow must have .*, but has: 8"),
    "npy": (lambda path: overwrite_start(path / "output_vectors.npy"), "output_vectors.npy must have the checksum"),
    "arrow": (lambda path: overwrite_end(path / "vocabulary.arrow"), "vocabulary.arrow must have the checksum"),
}


def overwrite_start(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\0" * 64)


def overwrite_end(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-16, os.SEEK_END)
        file.write(b"\0" * 16)


@pytest.mark.parametrize("mmap", [False, True], ids=["read", "mapped"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_model(workplace, damage, mmap):
    do_damage, message = DAMAGES[damage]
    spacy_w2v.load(workplace / "model", mmap=mmap)
    do_damage(workplace / "model")
    with pytest.raises(StorageError, match=message):
        spacy_w2v.load(workplace / "model", mmap=mmap)


def test_unknown_word_is_a_key_error(workplace):
    model = spacy_w2v.load(workplace / "model")
    for ask in (model.__getitem__, model.most_similar, model.rank):
        with pytest.raises(UnknownWordError, match=r"^A word must be in the vocabulary of 3 words, was: 'z'"):
            ask("z")
    assert issubclass(UnknownWordError, KeyError)


# Values


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        *(
            (name, 0, "must be at least 1, was: 0")
            for name in (
                *("tokens.min_tokens", "tokens.max_tokens", "vocabulary.min_count", "vocabulary.max_vocab_size"),
                *("vocabulary.max_final_vocab", "model.vector_size", "model.window"),
                *("training.epochs", "export.max_vectors"),
            )
        ),
        *(
            (name, -1, "must be at least 0, was: -1")
            for name in ("tokens.n_process", "training.workers", "training.seed")
        ),
        *((name, -0.5, "must be at least 0.0, was: -0.5") for name in ("training.min_alpha", "training.sample")),
        *(("training.alpha", value, f"must be greater than 0.0, was: {value}") for value in (0, -1)),
        *(
            (name, value, f"must be a finite number, was: {value}")
            for name in ("model.ns_exponent", "training.alpha", "training.min_alpha", "training.sample", "model.window")
            for value in (float("nan"), float("inf"), float("-inf"))
        ),
        *(
            (name, value, "must be a whole number, was: ")
            for name in ("model.window", "model.vector_size", "training.epochs", "training.workers")
            for value in (2.5, "five")
        ),
        ("training.sample", "much", "must be a number, was: 'much'"),
        ("model.window", None, "must be a whole number, was: None"),
        ("model.shrink_windows", "perhaps", "must be true or false, was: 'perhaps'"),
        ("tokens.attr", "lower", "must be one of 'ORTH', 'LOWER', 'NORM', 'LEMMA' or 'KEY', was: 'lower'"),
        ("model.architecture", "skipgram", "must be one of 'skip-gram'"),
        ("export.formats", "spacy", "must be a list, was: 'spacy'"),
        ("export.vector_kind", "both", "must be one of 'input', 'output', 'mean' or 'sum', was: 'both'"),
        ("export.dtype", "float64", "must be one of 'float32' or 'float16', was: 'float64'"),
        *((name, 10**25, "must be at most") for name in ("model.window", "model.negative", "training.epochs")),
    ],
)
def test_values_out_of_range(name, value, rule):
    block, _, key = name.partition(".")
    with pytest.raises(ConfigError) as raised:
        parse_settings({block: {key: value}})
    assert str(raised.value).startswith(f"w2v.{name} {rule}")


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            {"training": {"alpha": 0.01, "min_alpha": 0.02}},
            r"w2v: training\.min_alpha must not be above alpha \(0.01\), was: 0.02",
        ),
        ({"tokens": {"boundary": "sentence", "tokenizer": "whitespace"}}, 'boundary = "sentence" needs tokenizer'),
        ({"export": {"formats": ["spacy", "spacy"]}}, "each format may be named once"),
        *(
            (
                {"export": {"vector_kind": kind}, "model": {"loss": "hierarchical-softmax"}},
                f'^w2v: vector_kind must be "input" where loss = "hierarchical-softmax", was: "{kind}". Its output '
                "vectors belong to the inner nodes of a tree, not to words. Export the input vectors, or choose "
                "another loss.$",
            )
            for kind in ("output", "mean")
        ),
    ],
)
def test_values_that_do_not_go_together(block, message):
    with pytest.raises(ConfigError, match=message):
        parse_settings(block)


def test_all_broken_rules_are_told_at_once():
    with pytest.raises(ConfigError) as raised:
        parse_settings({"model": {"window": 0}, "training": {"epochs": 0, "seed": -1}})
    assert len(str(raised.value).splitlines()) == 3


# The Python interface

TEXTS = ["one two three four"] * 20


@pytest.mark.parametrize(
    ("texts", "settings", "error", "message"),
    [
        (TEXTS, {"vectorsize": 5}, ConfigError, "There is no setting 'vectorsize'. Did you mean 'vector_size'?"),
        (TEXTS, {"sg": 1}, ConfigError, "There is no setting 'sg'. For sg=1 of gensim, set architecture=\"skip-gram\""),
        (TEXTS, {"hs": 1}, ConfigError, "There is no setting 'hs'. .* set loss=\"hierarchical-softmax\""),
        (TEXTS, {"size": 9}, ConfigError, "There is no setting 'size'. .* is vector_size"),
        (TEXTS, {"iter": 3}, ConfigError, "There is no setting 'iter'. .* is epochs"),
        (
            TEXTS,
            {"sorted_vocab": 1},
            ConfigError,
            "There is no setting 'sorted_vocab'. Leave it out: words are",
        ),
        (TEXTS, {"negative": 0}, ConfigError, 'negative must be at least 1 with loss = "negative-sampling", was: 0'),
        (TEXTS, {"window": 0}, ConfigError, "^window must be at least 1, was: 0"),
        (TEXTS, {"min_count": 30}, CorpusError, "occurs 20 times"),
        (TEXTS, {"alpha": 1e6, "sample": 0}, TrainingError, "in epoch 1 at learning rate 1e\\+06. Lower alpha"),
        (TEXTS, {"vector_size": 10**10}, ConfigError, "vector_size must be at most 100000, was: 10000000000"),
        (TEXTS, {"ns_exponent": 1000.0, "sample": 0}, ConfigError, "ns_exponent"),
        (
            [" ".join(f"word{i}" for i in range(50_001))],
            {"loss": "softmax", "min_count": 1},
            TrainingError,
            r'With loss = "softmax", the vocabulary must have at most 50,000 words, was: 50,001. .* 1 million '
            r"multiplications, and one core would train about 83,332 words/s",
        ),
        ([], {}, CorpusError, "must have tokens"),
        (
            [None, 3, float("nan")],
            {},
            CorpusError,
            r"strings, but texts from Python \(list\) contains: int 3\.",
        ),
        ("one text", {}, CorpusError, r"was a single str: 'one text'\. Pass \[text\]"),
        (
            5,
            {},
            CorpusError,
            "texts must be an iterable of strings or lists of tokens, a dataset, a table or a path, was: int 5",
        ),
        (["word"] * 10, {"sample": 0}, TrainingError, "must have pairs of neighbouring words"),
    ],
)
def test_wrong_arguments_in_python(texts, settings, error, message):
    with pytest.raises(error, match=message):
        spacy_w2v.train(texts, workers=1, epochs=1, **{"vector_size": 4} | settings)


def test_saving_refuses_what_exists(workplace):
    model = spacy_w2v.load(workplace / "model")
    (workplace / "foreign").mkdir()
    (workplace / "foreign/a.txt").write_text("a")
    before = files_below(workplace)
    with pytest.raises(StorageError, match=r"must be new or empty, but .*model exists"):
        model.save(workplace / "model")
    with pytest.raises(StorageError, match="Only earlier results may be overwritten"):
        model.save(workplace / "foreign", overwrite=True)
    assert files_below(workplace) == before
    model.save(workplace / "model", overwrite=True)
    np.testing.assert_array_equal(spacy_w2v.load(workplace / "model").input_vectors, model.input_vectors)
