"""The on-disk cache of compiled kernels is shared by processes and never stale."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from llvmlite.binding import get_host_cpu_features, get_host_cpu_name
from numba import config
from test_layers import imports_of

import spacy_w2v
from spacy_w2v._jit import compiled_files, kernels_digest

pytestmark = pytest.mark.skipif(config.DISABLE_JIT, reason="numba's JIT is off")

CODE = """
import sys
import numpy as np
from spacy_w2v import _jit as jit
if len(sys.argv) > 1:
    jit.KERNELS_DIGEST = sys.argv[1]
from spacy_w2v.tokenization.kernels._encoding import count_tokens
count_tokens(np.zeros(0, np.int32), np.zeros(1, np.int64))
print(sum(count_tokens.stats.cache_hits.values()), sum(count_tokens.stats.cache_misses.values()))
"""

TRAINING = """
import hashlib
import spacy_w2v
from spacy_w2v.kernels.blocked._skipgram_softmax import train_chunk
texts = [" ".join(f"w{i}" for i in range(start, 189)) for start in range(0, 189, 9)]  # an odd number of words
model = spacy_w2v.train(texts, tokenizer="whitespace", loss="softmax", vector_size=20, min_count=1, workers=1)
print(hashlib.sha256(model.input_vectors.tobytes() + model.output_vectors.tobytes()).hexdigest())
print(sum(train_chunk.stats.cache_hits.values()))
"""


GENERIC = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
LANES = "from spacy_w2v.kernels.tiles._llvm import LANES; print(LANES)"
X86_64 = platform.machine().lower() in ("x86_64", "amd64")


def output_of(code, *arguments, cache_dir, **variables):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache_dir), **variables}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()


def hits_and_misses(cache_dir, *arguments):
    return tuple(map(int, output_of(CODE, *arguments, cache_dir=cache_dir)))


def test_a_second_process_loads_what_the_first_compiled_until_the_folder_changes(tmp_path):
    assert hits_and_misses(tmp_path) == (0, 1)
    assert hits_and_misses(tmp_path) == (1, 0)
    assert hits_and_misses(tmp_path, "another digest") == (0, 1)
    assert hits_and_misses(tmp_path) == (1, 0)


def test_vectors_are_the_same_whether_a_kernel_was_compiled_or_loaded(tmp_path):
    compiled, n_compiled_hits = output_of(TRAINING, cache_dir=tmp_path)
    loaded, n_loaded_hits = output_of(TRAINING, cache_dir=tmp_path)
    assert (n_compiled_hits, n_loaded_hits) == ("0", "1")
    assert loaded == compiled


@pytest.mark.parametrize(
    ("setting", "lanes"),
    [
        (GENERIC, ["4"]),
        pytest.param(  # LLVM turns AVX on again for FMA, which numba leaves on
            {"NUMBA_ENABLE_AVX": "0"}, ["4", "8"], marks=pytest.mark.skipif(not X86_64, reason="needs x86-64"),
        ),
        pytest.param(
            {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma"}, ["8"],
            marks=pytest.mark.skipif(not X86_64, reason="needs x86-64"),
        ),
    ],
)  # fmt: skip
def test_the_width_of_vectors_follows_the_settings_of_numba(setting, lanes, tmp_path):
    (found,) = output_of(LANES, cache_dir=tmp_path, **setting)
    assert found in lanes


@pytest.mark.slow
def test_code_for_other_vectors_is_not_loaded(tmp_path):
    """The processor and its features are part of the cache key, and the width depends on them."""
    host = {"NUMBA_CPU_NAME": get_host_cpu_name(), "NUMBA_CPU_FEATURES": get_host_cpu_features().flatten()}
    _, n_hits = output_of(TRAINING, cache_dir=tmp_path, **host)
    generic, n_generic_hits = output_of(TRAINING, cache_dir=tmp_path, **GENERIC)
    again, n_hits_again = output_of(TRAINING, cache_dir=tmp_path, **GENERIC)
    assert (n_hits, n_generic_hits, n_hits_again) == ("0", "0", "1")
    assert again == generic


def test_the_digest_covers_names_and_contents(tmp_path):
    digests = []
    for folder in ("kernels/sub", "room/kernels", "room/other"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("_arrays.py", "_jit.py"):
        (tmp_path / name).touch()
    files = [
        ("kernels/a.py", "1"),
        ("kernels/a.py", "2"),
        ("kernels/b.py", "2"),
        ("kernels/sub/c.py", "3"),
        ("kernels/sub/c.py", "4"),
        ("room/kernels/d.py", "5"),
        ("_arrays.py", "6"),
        ("_jit.py", "7"),
    ]
    for name, text in files:
        (tmp_path / name).write_text(text)
        digests.append(kernels_digest(tmp_path))
    assert len(set(digests)) == len(files)
    for name in ("kernels/sub/b.txt", "room/other/e.py", "f.py"):  # no machine code depends on these
        (tmp_path / name).write_text("8")
        assert kernels_digest(tmp_path) == digests[-1]
    (tmp_path / "kernels/sub/c.py").rename(tmp_path / "kernels/c.py")
    assert kernels_digest(tmp_path) not in digests


def test_the_digest_covers_every_module_that_is_compiled():
    """A kernel may import no other module of the package, because edits of it would not invalidate the cache."""
    package = Path(spacy_w2v.__file__).parent
    covered = set(compiled_files(package))
    for path in package.rglob("*.py"):
        imports = imports_of(path)
        of_numba = {name for name in imports if name.split(".")[0] == "numba"}
        if of_numba - {"numba.core"}:  # which has the events of compilation, but no decorators
            assert path in covered
        if "kernels" in path.parts:
            modules = (package.parent.joinpath(*name.split(".")).with_suffix(".py") for name in imports)
            assert {module for module in modules if package in module.parents and module.is_file()} <= covered, path
