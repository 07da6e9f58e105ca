"""What all tests share: no network, a cache for each process, and the number of processes."""

import atexit
import os
import tempfile
from pathlib import Path

# Before anything imports datasets or starts a process: the Hub is never asked, and the user's cache stays untouched.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
_CACHE = tempfile.TemporaryDirectory(prefix="spacy-w2v-tests-")
atexit.register(_CACHE.cleanup)
os.environ["SPACY_W2V_CACHE"] = os.path.join(_CACHE.name, "corpora")
os.environ["HF_HOME"] = os.path.join(_CACHE.name, "huggingface")


MAX_WORKERS = 8
"""More would compile the same kernels at the same time for longer than they save."""
WORKER_BYTES = 2 << 30
"""Of memory, which a process of tests and the commands that it starts take at most."""


def pytest_xdist_auto_num_workers(config):
    """Return how many processes `-n auto` means: one for each core if memory allows, none for a test or a file.

    Each process needs some seconds for its imports, which is more than a few tests take.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # what xdist makes of it
    if len(config.args) == 1 and not Path(config.args[0]).is_dir():
        return 0
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    n_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 8 << 30
    n_workers = min(n_cores, MAX_WORKERS, n_bytes // WORKER_BYTES)
    return n_workers if n_workers > 1 else 0


def pytest_configure(config):
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        # The generators count on integers that wrap. NumPy's scalars do, but warn.
        config.addinivalue_line("filterwarnings", "ignore:overflow encountered:RuntimeWarning")
