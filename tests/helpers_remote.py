"""An object for machines of a cluster, in a module of its own that they can import quickly."""

import os
import time

import numpy as np

from spacy_w2v.errors import StorageError


class Counter:
    """Counts its calls."""

    def __init__(self, first=0):
        self.n = first

    def add(self, *numbers):
        self.n += sum(numbers)
        return self.n

    def total(self, *arrays):
        return sum(float(array.sum()) for array in arrays)

    def parts(self, n):
        """A generator of n arrays that are too large to be sent along with the answer."""
        for number in range(n):
            yield np.full(100_000, number, np.float32)

    def is_writeable(self, array):
        return array.flags.writeable

    def fail(self, kind, text):
        raise kind(text)

    def pid(self):
        return os.getpid()

    def sleep(self, seconds):
        time.sleep(seconds)
        return seconds

    def environment(self, name):
        return os.environ.get(name)

    def blas_threads(self):
        import threadpoolctl

        return [each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"]


def make_failing():
    raise StorageError("files must exist, but they do not.")
