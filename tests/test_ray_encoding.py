"""Encoding the parts of a corpus on Ray: the bytes, machines that are lost, and the command line."""

import re
import shutil
from contextlib import closing

import pytest
from helpers_cli import needs_proc, w2v
from helpers_ray import killed_hosts
from test_corpus_of_parts import Recorder, content_of, files_of, prepare, write_files

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._encoding import EncodingCallback

ray = pytest.importorskip("ray", reason="ray is not installed, or has no wheel for this platform")

TOKENS = TokensSettings()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with texts, and with the cache that this process makes of them."""
    place = tmp_path_factory.mktemp("place")
    with prepare(files_of(write_files(place / "texts", 6)), place / "here", tokens=TOKENS):
        pass
    return place


@pytest.fixture
def cache(place):
    """A new cache, and the files that it must have after encoding."""
    yield place / "there", content_of(place / "here")
    shutil.rmtree(place / "there", ignore_errors=True)


def test_machines_that_leave_and_join_encode_the_same_bytes(place, cache):
    """Nodes of Ray, each with processes of its own. One is removed after the first progress, and another one added."""
    from ray.cluster_utils import Cluster as Nodes

    from spacy_w2v.cluster._ray import RayCluster

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1})
    removed = []

    class Changing(Recorder, EncodingCallback):
        def on_encoding(self, progress):
            super().on_encoding(progress)
            if not removed:
                removed.append(second)
                nodes.remove_node(second)
                nodes.add_node(num_cpus=1)

    try:
        second = nodes.add_node(num_cpus=1)
        recorder = Changing()
        with closing(RayCluster(nodes.address, shared_directory=cache[0])) as cluster:
            assert len(cluster.machines()) == 2
            with prepare(files_of(place / "texts"), cache[0], tokens=TOKENS, cluster=cluster, callback=recorder):
                assert removed == [second]
    finally:
        nodes.shutdown()
    assert content_of(cache[0]) == cache[1]
    assert recorder.progress[-1].fraction == 1.0
    assert recorder.progress[-1].n_documents == 6 * 140


@needs_proc
def test_killed_processes_encode_their_part_again(place, cache):
    from spacy_w2v.cluster._ray import RayCluster

    recorder = Recorder()
    with (
        closing(RayCluster(shared_directory=cache[0])) as cluster,
        killed_hosts(0, n_kills=2, within_s=1.5) as killed,
        prepare(files_of(place / "texts"), cache[0], tokens=TOKENS, cluster=cluster, callback=recorder),
    ):
        pass
    assert len(killed) == 2
    assert content_of(cache[0]) == cache[1]
    assert sum("was lost" in message for message in recorder.messages) == 2


CONFIG = """
[nlp]
lang = "en"
pipeline = []

[w2v]

[w2v.distributed]
engine = "ray"

[w2v.corpus]
@readers = "small_parts.v1"
"""

CODE = """
import spacy
from spacy_w2v.sources._huggingface import DatasetSource, make_dataset_v1

class SmallParts(DatasetSource):
    def parts(self, part_bytes):
        return super().parts(6000)

@spacy.registry.readers("small_parts.v1")
def make():
    source = make_dataset_v1(data_files="texts/*.txt")
    source.__class__ = SmallParts
    return source
"""


def test_the_command_encodes_on_a_cluster(place, cache):
    """Texts, cache and code have relative paths."""
    (place / "config.cfg").write_text(CONFIG)
    (place / "code.py").write_text(CODE)
    done = w2v("encode", "config.cfg", "--code", "code.py", "--cache-dir", "there", cwd=place)
    assert "Encoding the corpus in 6 parts" in done.said
    assert re.search("Saved the encoded corpus to there/[0-9a-f]{16}", done.said)
    expected = {name: content for name, content in cache[1].items() if not name.endswith("manifest.json")}
    actual = {name: content for name, content in content_of(cache[0]).items() if not name.endswith("manifest.json")}
    assert sorted(actual.values()) == sorted(expected.values())
    again = w2v(
        "encode", "config.cfg", "--code", "code.py", "--cache-dir", "there", "--w2v.distributed.engine", "null",
        cwd=place,
    )  # fmt: skip
    assert "Using the encoded corpus there/" in again.said
