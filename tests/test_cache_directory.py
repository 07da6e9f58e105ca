"""The cache of encoded corpora: permissions, killed processes, races, and read-only directories."""

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import spacy
from helpers_cli import needs_links, needs_modes
from helpers_corpus import ListSource

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus import _cache_directory as cache_directory
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._cache_directory import CACHE_TAG, CACHE_TAG_TEXT, default_cache_dir
from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.corpus._fingerprint import PARTS, changed_parts
from spacy_w2v.corpus._store import open_corpus
from spacy_w2v.errors import ConfigError, CorpusError, CorpusWarning, StorageError
from spacy_w2v.sources._hub_cache import writable_caches
from spacy_w2v.sources._huggingface import make_dataset_v1
from spacy_w2v.training._checkpoint import Checkpoint
from spacy_w2v.training._progress_record import CorpusIdentity

NLP = spacy.blank("en")
WHITESPACE = TokensSettings(tokenizer="whitespace")


@contextmanager
def prepare(source, cache, messages=None):
    callback = EncodingCallback()
    if messages is not None:
        callback.on_message = messages.append
    with prepared_corpus(source, NLP, WHITESPACE, max_vocab_size=None, cache_dir=cache, callback=callback) as corpus:
        yield corpus


def source(*texts, fingerprint="f1"):
    return ListSource(list(texts or ("a b a", "c")), fingerprint=fingerprint)


def encode(cache, **arguments):
    """Encode a corpus, and return its entry in the cache."""
    with prepare(source(**arguments), cache) as corpus:
        return corpus.directory


def names(cache):
    return sorted(path.name for path in cache.iterdir() if path.name != CACHE_TAG)


def n_tokens_by_word(corpus):
    types = corpus.read_types()
    return dict(zip(types["orth"].to_pylist(), types["count"].to_pylist(), strict=True))


def run(code, *arguments, env=None, without_override=False, check=True):
    """Run code in a separate process, optionally without the right of root to ignore permissions."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(
        command,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        check=check,
        preexec_fn=drop_override if without_override and os.geteuid() == 0 else None,
    )


def drop_override():
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0  # PR_CAPBSET_DROP


ENCODE = """
import sys
import spacy
from pathlib import Path
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.sources._huggingface import make_dataset_v1
from spacy_w2v.errors import Word2VecError

class Printed(EncodingCallback):
    def on_message(self, text):
        print(text)

try:
    with prepared_corpus(
        make_dataset_v1(data_files=sys.argv[1]), spacy.blank("en"), TokensSettings(), max_vocab_size=None,
        cache_dir=Path(sys.argv[2]) if len(sys.argv) > 2 else None, callback=Printed(),
    ) as corpus:
        print(corpus.counts.n_tokens, "tokens in", corpus.directory)
except Word2VecError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def text(tmp_path):
    (tmp_path / "texts.txt").write_text("a b a\nc\n")
    return tmp_path / "texts.txt"


# --- who may read and write


@needs_modes
@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_encoded_texts_are_private(tmp_path, umask):
    before = os.umask(umask)
    try:
        entry = encode(tmp_path / "cache")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "cache", *(tmp_path / "cache").rglob("*"))}
    directories = {"cache": 0o700, entry.name: 0o700}
    files = dict.fromkeys([CACHE_TAG, "manifest.json", "tokens.arrow", "types.arrow"], 0o600)
    assert modes == directories | files


@needs_modes
@pytest.mark.parametrize("fingerprint", ["f1", "f2", None], ids=["found", "encoded", "temporary"])
def test_a_public_cache_becomes_private(tmp_path, fingerprint):
    encode(tmp_path / "cache")
    (tmp_path / "cache").chmod(0o755)
    with prepare(source(fingerprint=fingerprint), tmp_path / "cache"):
        assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


@needs_modes
def test_a_temporary_corpus_is_private(tmp_path):
    with prepare(source(fingerprint=None), tmp_path / "cache") as corpus:
        assert corpus.directory.stat().st_mode & 0o777 == 0o700


def test_the_tag_is_written_once(tmp_path):
    encode(tmp_path / "cache")
    before = (tmp_path / "cache" / CACHE_TAG).stat()
    encode(tmp_path / "cache", fingerprint="f2")
    after = (tmp_path / "cache" / CACHE_TAG).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@needs_links
@pytest.mark.parametrize("target", ["precious", "missing"])
def test_nothing_is_written_through_a_link(tmp_path, target):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / CACHE_TAG).symlink_to(tmp_path / target)
    encode(tmp_path / "cache")
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "missing").exists()
    assert not (tmp_path / "cache" / CACHE_TAG).is_symlink()
    assert (tmp_path / "cache" / CACHE_TAG).read_text() == CACHE_TAG_TEXT


@pytest.mark.parametrize("content", ["", "Signature: 8a477f597d28d172789f06886806bc55\n# of cargo", "\0" * 50])
def test_a_damaged_tag_of_a_cache_is_restored(tmp_path, content):
    encode(tmp_path / "cache")
    (tmp_path / "cache" / CACHE_TAG).write_text(content)
    encode(tmp_path / "cache", fingerprint="f2")
    assert (tmp_path / "cache" / CACHE_TAG).read_text() == CACHE_TAG_TEXT


@pytest.mark.parametrize("tag", [None, "Signature: 8a477f597d28d172789f06886806bc55\n# of cargo"])
def test_a_directory_of_another_program_is_unchanged(tmp_path, tag):
    (tmp_path / "cache" / "debug").mkdir(parents=True)
    (tmp_path / "cache" / "debug").chmod(0o755)
    if tag is not None:
        (tmp_path / "cache" / CACHE_TAG).write_text(tag)
    mode = (tmp_path / "cache").stat().st_mode
    with pytest.raises(StorageError, match=r"must be new, empty or a cache of spacy-w2v, .* with cache_dir"):
        encode(tmp_path / "cache")
    assert names(tmp_path / "cache") == ["debug"]
    assert (tmp_path / "cache").stat().st_mode == mode


@needs_modes
def test_a_read_only_cache_is_used(tmp_path, text):
    cache = tmp_path / "cache"
    run(ENCODE, text, cache)
    cache.chmod(0o500)
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    found = run(ENCODE, text, cache, without_override=True).stdout.splitlines()
    assert found[0].startswith("Using the encoded corpus ")
    assert found[1].startswith("4 tokens")
    text.write_text("other")
    lacking = run(ENCODE, text, cache, without_override=True).stdout
    message = (
        f"StorageError The cache directory must be writable, but {cache} is not: Permission denied. Choose another"
    )
    assert lacking.startswith(message)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before


# --- what is cached


def test_a_text_that_changes_while_it_is_read_is_not_cached(tmp_path, text):
    class Changing:
        """A source whose file gets other content between its fingerprint and its reading."""

        def __init__(self):
            self.source = make_dataset_v1(data_files=str(text))
            self.name, self.fingerprint = self.source.name, self.source.fingerprint

        def batches(self):
            status = text.stat()
            text.write_text("x y x\nz\n")
            os.utime(text, ns=(status.st_atime_ns, status.st_mtime_ns))
            return self.source.batches()

    messages = []
    with ExitStack() as stack:
        message = (
            "must not change while it is read, but .* has changed.* for this run only, and is not stored in the cache"
        )
        with pytest.warns(CorpusWarning, match=message):
            corpus = stack.enter_context(prepare(Changing(), tmp_path / "cache", messages))
        assert n_tokens_by_word(corpus) == {"x": 2, "y": 1, "z": 1}
        assert corpus.fingerprint.source is None
    assert messages == []
    assert names(tmp_path / "cache") == []
    for content, expected in [("a b a\nc\n", {"a": 2, "b": 1, "c": 1}), ("x y x\nz\n", {"x": 2, "y": 1, "z": 1})]:
        text.write_text(content)
        with prepare(make_dataset_v1(data_files=str(text)), tmp_path / "cache") as corpus:
            assert n_tokens_by_word(corpus) == expected


def test_a_text_that_is_removed_while_it_is_read_is_not_cached(tmp_path):
    class Vanishing(ListSource):
        def fingerprint(self):
            if self.n_read:
                raise CorpusError("gone")
            return "f1"

    with pytest.warns(CorpusWarning, match="has changed"), prepare(Vanishing(["a b a"]), tmp_path / "cache") as corpus:
        assert corpus.counts.n_tokens == 3
    assert names(tmp_path / "cache") == []


def test_entries_are_flushed_to_the_disk(tmp_path, monkeypatch):
    steps = []
    monkeypatch.setattr(cache_directory, "sync", lambda path: steps.append(("sync", path)))
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda self, to: (steps.append(("rename", self)), rename(self, to))[1])
    entry = encode(tmp_path / "cache")
    directory = steps[-2][1]
    assert sorted(steps[:3]) == [
        ("sync", directory / name) for name in ("manifest.json", "tokens.arrow", "types.arrow")
    ]
    assert steps[3:] == [("sync", directory), ("rename", directory), ("sync", entry.parent)]


def test_a_corpus_that_cannot_be_cached_is_used_once(tmp_path, monkeypatch):
    def fail(self, to):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "rename", fail)
    messages = []
    with prepare(source(), tmp_path / "cache", messages) as corpus:
        assert n_tokens_by_word(corpus) == {"a": 2, "b": 1, "c": 1}
    assert len(messages) == 1
    assert messages[0].startswith("Using the encoded corpus for this run only, because ")
    assert messages[0].endswith(": Input/output error")
    assert names(tmp_path / "cache") == []


@pytest.mark.parametrize(
    "kind",
    ["file", pytest.param("link", marks=needs_links), "empty", pytest.param("no rights", marks=needs_modes)],
)
def test_an_invalid_entry_is_replaced(tmp_path, kind):
    entry = encode(tmp_path / "cache")
    if kind == "no rights":
        for path in (*entry.iterdir(), entry):
            path.chmod(0)
        (entry / "manifest.json").write_text("") if os.geteuid() == 0 else None
    else:
        for path in entry.iterdir():
            path.unlink()
        entry.rmdir()
        if kind == "file":
            entry.write_text("a file")
        elif kind == "link":
            entry.symlink_to(tmp_path / "nowhere")
        else:
            entry.mkdir()
    again, messages = source(), []
    with prepare(again, tmp_path / "cache", messages) as corpus:
        assert (corpus.directory, again.n_read) == (entry, 1)
        assert n_tokens_by_word(corpus) == {"a": 2, "b": 1, "c": 1}
    assert messages[0].startswith("Encoding the corpus again, because the cache is damaged. ")
    assert names(tmp_path / "cache") == [entry.name]
    assert open_corpus(entry).counts.n_tokens == 4


def test_an_entry_with_another_fingerprint_is_not_used(tmp_path):
    first = encode(tmp_path / "cache")
    with prepare(source("x y", fingerprint="f2"), tmp_path / "cache") as corpus:
        second = corpus.directory
    first.rename(tmp_path / "moved")
    second.rename(first)
    messages = []
    with prepare(source(), tmp_path / "cache", messages) as corpus:
        assert n_tokens_by_word(corpus) == {"a": 2, "b": 1, "c": 1}
    assert messages[0].startswith("Encoding the corpus again, because the cache is damaged. ")
    assert "must contain the corpus with this fingerprint" in messages[0]


# --- kills and races

STOPPED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_cache_directory import ListSource, batch_of_list, prepare
class Stopped(ListSource):
    def batches(self):
        yield from super().batches()
        print("encoding", flush=True)
        time.sleep(600)
with prepare(Stopped(["a b"], fingerprint="f9"), Path(sys.argv[1])):
    pass
""".replace(", batch_of_list", "")


@contextmanager
def process_that_encodes(cache):
    command = [sys.executable, "-c", STOPPED, str(cache), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "encoding\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("fingerprint", ["f1", "f2"], ids=["found", "encoded"])
def test_the_next_run_removes_files_of_a_killed_run(tmp_path, fingerprint):
    entry = encode(tmp_path / "cache")
    with process_that_encodes(tmp_path / "cache") as process:
        unfinished = [name for name in names(tmp_path / "cache") if name.startswith("unfinished-")]
        assert len(unfinished) == 2  # a directory and its lock
        encode(tmp_path / "cache", fingerprint=fingerprint)
        assert set(unfinished) < set(names(tmp_path / "cache")), "it is in use"
        process.send_signal(signal.SIGKILL)
    assert set(unfinished) < set(names(tmp_path / "cache"))
    encode(tmp_path / "cache", fingerprint=fingerprint)
    assert not [name for name in names(tmp_path / "cache") if name.startswith("unfinished-")]
    assert entry.name in names(tmp_path / "cache")


RACING = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_cache_directory import ListSource, n_tokens_by_word, prepare
place, number, n_processes, n_rounds = Path(sys.argv[1]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])

def wait_for_all(name):
    (place / f"{name}-{number}").touch()
    last = time.monotonic() + 60  # other processes may have failed
    while len(list(place.glob(f"{name}-*"))) < n_processes and time.monotonic() < last:
        time.sleep(0.0005)

class Together(ListSource):
    def batches(self):
        yield from super().batches()
        wait_for_all(f"read-{self.fingerprint()}")

for i in range(n_rounds):
    cache = place / "cache"
    wait_for_all(f"begin-{i}")
    with prepare(Together(["a b a"], fingerprint=str(i)), cache) as corpus:
        assert n_tokens_by_word(corpus) == {"a": 2, "b": 1}
        assert corpus.directory.parent == cache and not corpus.directory.name.startswith("unfinished-")
"""


def test_processes_can_add_one_entry_at_the_same_time(tmp_path):
    """Entries that are missing, and those that are damaged."""
    n_rounds, n_processes = 12, 3
    for number in range(0, n_rounds, 2):
        entry = encode(tmp_path / "cache", fingerprint=str(number))
        (entry / "tokens.arrow").write_text("damaged")
    command = [sys.executable, "-c", RACING, str(tmp_path), str(Path(__file__).parent)]
    processes = [
        subprocess.Popen([*command, str(i), str(n_processes), str(n_rounds)], stderr=subprocess.PIPE, text=True)
        for i in range(n_processes)
    ]
    try:
        errors = [process.communicate(timeout=300)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert errors == [""] * n_processes
    left = names(tmp_path / "cache")
    assert len([name for name in left if not name.startswith("unfinished-")]) == n_rounds
    encode(tmp_path / "cache", fingerprint="last")
    assert len(names(tmp_path / "cache")) == n_rounds + 1


# --- fingerprints of other versions


def test_differences_between_fingerprints():
    now = dict.fromkeys(PARTS, 1)
    assert changed_parts(now, now) == []
    assert changed_parts(now | {"source": 2, "tokens": 2}, now) == ["source", "tokens"]
    assert changed_parts(now | {"format": 0, "source": 2, "tokens": 2}, now) == ["format", "tokens"]
    assert changed_parts({}, now) == ["format", "tokens", "keys", "max_vocab_size", "phrases"]


def test_a_checkpoint_of_another_cache_format_is_compared_by_content():
    parts = dict.fromkeys(PARTS, 1)
    now = CorpusIdentity(fingerprint=parts, content="c", n_tokens=3)
    before = now.model_copy(update={"fingerprint": parts | {"format": 0, "source": 2, "tokenizer": 2}})
    checkpoint = Checkpoint(Path("run"), record=None, progress=SimpleNamespace(corpus=before))
    checkpoint.check_corpus(now)
    with pytest.raises(ConfigError, match="the texts have changed"):
        checkpoint.check_corpus(now.model_copy(update={"content": "d"}))
    with pytest.raises(ConfigError, match="the corpus is now encoded in parts, which changes its chunks"):
        checkpoint.check_corpus(now.model_copy(update={"fingerprint": parts | {"format": 4}, "content": "d"}))
    with pytest.raises(ConfigError, match="max_vocab_size has changed"):
        checkpoint.check_corpus(now.model_copy(update={"fingerprint": parts | {"max_vocab_size": 2}}))


# --- home directories


def test_the_cache_must_be_set_without_a_home_directory(monkeypatch):
    monkeypatch.delenv("SPACY_W2V_CACHE")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: f"~/.cache/{name}")
    with pytest.raises(
        StorageError, match=r"no home directory\. Choose another cache directory with cache_dir, .* SPACY_W2V_CACHE"
    ):
        default_cache_dir()


@needs_modes
@pytest.mark.parametrize(("variable", "is_folder"), [("HOME", False), ("HOME", True), ("HF_HOME", True)])
def test_a_read_only_home_directory_is_no_problem_with_a_cache(tmp_path, text, variable, is_folder):
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    environment = dict.fromkeys(["HOME", "XDG_CACHE_HOME", "HF_HOME", "SPACY_W2V_CACHE"]) | {variable: str(home)}
    code = ENCODE.replace("data_files=sys.argv[1]", "path=sys.argv[1]") if is_folder else ENCODE
    folder = tmp_path / "texts"
    folder.mkdir()
    place = text.rename(folder / "texts.txt").parent if is_folder else text
    result = run(code, place, tmp_path / "cache", env=environment, without_override=True)
    assert result.stdout.startswith("4 tokens in ")
    assert list(home.iterdir()) == []


@needs_modes
@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_the_error_for_a_read_only_cache_has_a_remedy(tmp_path, text, variable):
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    environment = dict.fromkeys(["HOME", "XDG_CACHE_HOME", "HF_HOME", "SPACY_W2V_CACHE"]) | {variable: str(home)}
    output = run(ENCODE, text, env=environment, without_override=True).stdout
    assert output.startswith(f"StorageError The cache directory must be writable, but {home}")
    assert "Choose another cache directory with cache_dir" in output
    assert "SPACY_W2V_CACHE" in output


def test_writable_caches_of_datasets_are_used(tmp_path, monkeypatch):
    from datasets import config
    from huggingface_hub import constants

    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with writable_caches() as directory:
        assert (directory, constants.HF_HUB_CACHE) == (None, str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", "~/hub")
    with writable_caches() as directory:
        assert Path(constants.HF_HUB_CACHE).parent == Path(directory)
        assert Path(directory).is_dir()
    assert constants.HF_HUB_CACHE == "~/hub"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only the administrator can give files away")
@pytest.mark.parametrize("given", [".", CACHE_TAG], ids=["directory", "shared directory"])
def test_the_cache_of_another_user_is_reported(tmp_path, text, given):
    cache = tmp_path / "cache"
    encode(cache)
    os.chown(cache / given, 65534, -1)
    cache.chmod(0o700 if given == "." else 0o1777)
    output = run(ENCODE, text, cache, without_override=True).stdout
    assert f"must belong to you, because encoded texts are private, but {cache} belongs to another user" in output
    assert "Choose another cache directory with cache_dir" in output


@needs_modes
def test_a_link_may_lead_to_a_new_cache(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "new")
    encode(tmp_path / "link")
    assert (tmp_path / "new" / CACHE_TAG).is_file()
