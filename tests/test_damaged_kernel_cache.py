"""With damaged cache files, full disks or missing permissions, kernels are compiled again and no run fails."""

import json
import os
import subprocess
import sys

import pytest
from numba import config

pytestmark = pytest.mark.skipif(config.DISABLE_JIT, reason="numba's JIT is off")

# A process of its own damages the files again and again: each time it compiles a small kernel, or loads it.
RUN = """
import json, sys, warnings
from pathlib import Path
import numpy as np


from spacy_w2v import _jit as jit

def total(values):
    sum_of_all = 0
    for value in values:
        sum_of_all += value
    return sum_of_all

def run():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compiled = jit.kernel(total)
        assert compiled(np.arange(5)) == 10
    stats = compiled.stats
    outcome = "loaded" if sum(stats.cache_hits.values()) else "compiled"
    return outcome, [str(warning.message) for warning in caught]
"""


def run_with_damage(tmp_path, code):
    (tmp_path / "script.py").write_text(RUN + code)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "cache")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


DAMAGE = """
import os, pickle, random, shutil
run()
folder = next(Path(sys.argv[1]).rglob("*.nbi")).parent
whole = {path.name: path.read_bytes() for path in folder.iterdir()}
assert sorted(name.rpartition(".")[2] for name in whole) == ["nbc", "nbi"]
generator = random.Random(0)

def put(**replaced):
    shutil.rmtree(folder)
    folder.mkdir()
    for name, content in whole.items():
        content = replaced.get(name.rpartition(".")[2], content)
        if content is not None:
            (folder / name).write_bytes(content)

def flipped(content, bit):
    return content[: bit // 8] + bytes([content[bit // 8] ^ 1 << bit % 8]) + content[bit // 8 + 1 :]

results = {}
for kind in ("nbi", "nbc"):
    content = next(content for name, content in whole.items() if name.endswith(kind))
    damaged = {
        "missing": None,
        "empty": b"",
        "one byte": content[:1],
        "half": content[: len(content) // 2],
        "without its end": content[:-1],
        "longer": content + b"x",
        "zeros": bytes(len(content)),
        "random": generator.randbytes(len(content)),
        "text": b"no pickle at all",
        "no checksum": content[32:],
        "another pickle": pickle.dumps({"a": 1}),
        "the other file": next(other for name, other in whole.items() if not name.endswith(kind)),
        "a zeroed block": content[:64] + bytes(256) + content[320:],
        **{f"bit {n}": flipped(content, generator.randrange(8 * len(content))) for n in range(20)},
    }
    for name, content in damaged.items():
        put(**{kind: content})
        results[f"{kind} {name}"] = [run(), run()]
print(json.dumps(results))
"""


def test_damaged_files_are_compiled_and_written_again(tmp_path):
    results = run_with_damage(tmp_path, DAMAGE)
    assert len(results) == 2 * 33
    assert {name: result for name, result in results.items() if result != [["compiled", []], ["loaded", []]]} == {}


CRAFTED = """
import hashlib, pickle
run()
index = next(Path(sys.argv[1]).rglob("*.nbi"))
data = next(Path(sys.argv[1]).rglob("*.nbc"))

def write(path, value):
    pickled = value if isinstance(value, bytes) else pickle.dumps(value)
    path.write_bytes(hashlib.sha256(pickled).digest() + pickled)

whole = index.read_bytes(), data.read_bytes()
stamp, known = pickle.loads(whole[0][32:])
key, _ = pickle.loads(whole[1][32:])
results = {}
for name, path, value in [
    ("a missing data file", index, (stamp, {key: "none.nbc"})),
    ("no name", index, (stamp, {key: 5})),
    ("no dict", index, (stamp, [key])),
    ("other version", index, (("0.1", stamp[1]), known)),
    ("other source", index, ((stamp[0], "older"), known)),
    ("of a class that has gone", data, b"\\x80\\x04\\x8c\\x03foo\\x8c\\x03bar\\x93."),
    ("the code of another key", data, ("other", pickle.loads(whole[1][32:])[1])),
    ("no code", data, (key, None)),
    ("wrong code", data, (key, (1, 2, 3))),
    ("one value", data, 1),
]:
    index.write_bytes(whole[0]), data.write_bytes(whole[1])
    write(path, value)
    results[name] = [run(), run()]
print(json.dumps(results))
"""


def test_whole_files_with_wrong_content_are_not_used(tmp_path):
    results = run_with_damage(tmp_path, CRAFTED)
    assert len(results) == 10
    assert {name: result for name, result in results.items() if result != [["compiled", []], ["loaded", []]]} == {}


DIRECTORIES = """
run()
for path in list(Path(sys.argv[1]).rglob("*.nb?")):
    path.unlink()
    path.mkdir()
results = [run(), run()]
print(json.dumps(results))
"""


def test_directories_in_place_of_files_are_reported_once(tmp_path):
    (first, warnings), second = run_with_damage(tmp_path, DIRECTORIES)
    assert (first, second) == ("compiled", ["compiled", []])
    assert len(warnings) == 1
    assert warnings[0].startswith("Compiled kernels cannot be cached in ")
    assert "Is a directory" in warnings[0]


FULL = """
class Full:
    def __init__(self, file):
        self.file = file
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.file.close()
    def write(self, content):
        self.file.write(content[:100])
        raise OSError(28, "No space left on device")

import builtins, numba.core.caching
def full_open(path, mode="r", *arguments, **settings):
    file = builtins.open(path, mode, *arguments, **settings)
    return Full(file) if "w" in mode else file
numba.core.caching.open = full_open
results = [run(), run()]
results.append([path.name for path in Path(sys.argv[1]).rglob("*") if path.is_file()])
print(json.dumps(results))
"""


def test_a_full_disk_ends_no_run_and_leaves_nothing(tmp_path):
    (first, warnings), second, files = run_with_damage(tmp_path, FULL)
    assert (first, second, files) == ("compiled", ["compiled", []], [])
    assert len(warnings) == 1
    assert "No space left on device" in warnings[0]
    assert "set NUMBA_CACHE_DIR" in warnings[0]


GONE = """
import shutil
compiled = jit.kernel(total)
shutil.rmtree(sys.argv[1])
Path(sys.argv[1]).write_text("a file")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert compiled(np.arange(5)) == 10
print(json.dumps([str(warning.message) for warning in caught]))
"""


def test_a_directory_that_can_no_longer_be_written_ends_no_run(tmp_path):
    assert len(run_with_damage(tmp_path, GONE)) == 1
