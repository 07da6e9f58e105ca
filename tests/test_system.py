"""Limits of the system, hashes in files, and spelling suggestions."""

import math
import os
import random
import string
import time

import numpy as np
import pytest

from spacy_w2v._system import cores
from spacy_w2v._system.cgroups import memory_limit, processor_limit
from spacy_w2v._system.cores import available_cores
from spacy_w2v._system.hashing import sha256_of, sha256_of_text, sha256_of_values, xxh3_of
from spacy_w2v._system.memory import available_memory
from spacy_w2v._system.spelling import nearest_spellings

NO_LIMIT_V1 = "9223372036854771712"


def system(root, *, groups, **files):
    """Create a root directory with the control groups of the process, and files in sys/fs/cgroup ("__" for "/")."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "cgroup").write_text(groups, encoding="ascii")
    for name, content in files.items():
        path = root / "sys" / "fs" / "cgroup" / name.replace("__", "/")
        path = path.with_name(path.name.replace("cpu_max", "cpu.max").replace("memory_max", "memory.max"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n", encoding="ascii")
    return root


def write(root, path, content):
    path = root / "sys" / "fs" / "cgroup" / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{content}\n", encoding="ascii")


def test_a_container_of_version_2_has_the_limits_of_its_root(tmp_path):
    root = system(tmp_path, groups="0::/\n", cpu_max="150000 100000", memory_max="2147483648")
    assert processor_limit(root) == 1.5
    assert memory_limit(root) == 2 << 30


def test_the_smallest_limit_up_to_the_root_counts(tmp_path):
    root = system(
        tmp_path,
        groups="0::/user.slice/job.scope\n",
        cpu_max="max 100000",
        user_slice="",
        memory_max="max",
    )
    write(root, "user.slice/cpu.max", "400000 100000")
    write(root, "user.slice/memory.max", "1000000")
    write(root, "user.slice/job.scope/cpu.max", "max 100000")
    write(root, "user.slice/job.scope/memory.max", "2000000")
    assert processor_limit(root) == 4
    assert memory_limit(root) == 1_000_000


def test_version_1_has_a_hierarchy_for_each_controller(tmp_path):
    root = system(tmp_path, groups="4:memory:/docker/a\n3:cpu,cpuacct:/docker/a\n1:name=systemd:/docker/a\n0::/\n")
    write(root, "memory/memory.limit_in_bytes", NO_LIMIT_V1)
    write(root, "memory/docker/a/memory.limit_in_bytes", "4096")
    write(root, "cpu/docker/a/cpu.cfs_quota_us", "50000")
    write(root, "cpu/docker/a/cpu.cfs_period_us", "100000")
    write(root, "cpu/cpu.cfs_quota_us", "-1")
    write(root, "cpu/cpu.cfs_period_us", "100000")
    assert processor_limit(root) == 0.5
    assert memory_limit(root) == 4096


def test_a_path_outside_of_the_container_leaves_its_root(tmp_path):
    root = system(tmp_path, groups="4:memory:/docker/of/the/host\n3:cpu:/../../other\n")
    write(root, "memory/memory.limit_in_bytes", "8192")
    write(root, "cpu/cpu.cfs_quota_us", "300000")
    write(root, "cpu/cpu.cfs_period_us", "100000")
    assert memory_limit(root) == 8192
    assert processor_limit(root) == 3


@pytest.mark.parametrize("content", ["", "max", "max 100000", "no number", "0 0", "100000", "-1"])
def test_invalid_limits_are_ignored(content, tmp_path):
    root = system(tmp_path, groups="0::/\n", cpu_max=content, memory_max=content if content != "100000" else "max")
    assert processor_limit(root) == math.inf
    assert memory_limit(root) == math.inf


def test_without_control_groups_nothing_is_limited(tmp_path):
    assert processor_limit(tmp_path) == math.inf
    assert memory_limit(tmp_path) == math.inf


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no affinities")
@pytest.mark.parametrize(("limit", "expected"), [(math.inf, 4), (2.5, 3), (0.1, 1), (8.0, 4)])
def test_cores_are_limited_by_processor_time(limit, expected, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3})
    monkeypatch.setattr(cores, "processor_limit", lambda: limit)
    assert available_cores() == expected


def test_this_machine_has_memory_and_a_core():
    assert available_cores() >= 1
    memory = available_memory()
    assert memory is None or memory > 1 << 20


def test_hashes_never_change():
    """Caches and checkpoints depend on them."""
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    assert sha256_of_text("abc") == abc
    assert sha256_of([b"a", memoryview(b"b"), np.frombuffer(b"c", np.uint8), np.zeros(0)]) == abc
    assert sha256_of_values("a", 1) == sha256_of_text("('a', 1)")
    assert xxh3_of([]) == "99aa06d3014798d86001c324468d497f"  # XXH3_128bits of nothing, seed 0
    assert xxh3_of([b"ab", b"c"]) == xxh3_of([b"abc"])


def test_spelling_suggestions_are_ordered_by_similarity():
    assert nearest_spellings("wndow", ["window", "workers", "sample"]) == ["window"]
    assert nearest_spellings("hors", ["cat", "horse", "horses"], limit=2) == ["horse", "horses"]
    assert nearest_spellings("banana", ["window", "workers", "sample"]) == []
    assert nearest_spellings("", ["window"]) == []


def test_a_vocabulary_is_searched_in_milliseconds():
    generator = random.Random(0)
    lengths = [generator.randint(3, 12) for _ in range(50_000)]
    words = ["".join(generator.choices(string.ascii_lowercase, k=length)) for length in lengths]
    start = time.perf_counter()
    assert nearest_spellings(words[41_000] + "q", words, limit=3, cutoff=0.75)[0] == words[41_000]
    assert time.perf_counter() - start < 0.5  # some 10 ms, where difflib takes 2 s
