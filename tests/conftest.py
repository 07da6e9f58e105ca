"""What all tests share: no network, and a cache of their own."""

import os
import tempfile

# Before anything imports datasets or starts a process: the Hub is never asked, and the user's cache stays untouched.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
_CACHE = tempfile.TemporaryDirectory(prefix="spacy-w2v-tests-")
os.environ["SPACY_W2V_CACHE"] = os.path.join(_CACHE.name, "corpora")
os.environ["HF_HOME"] = os.path.join(_CACHE.name, "huggingface")


def pytest_configure(config):
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        # The generators count on integers that wrap. NumPy's scalars do, but warn.
        config.addinivalue_line("filterwarnings", "ignore:overflow encountered:RuntimeWarning")
