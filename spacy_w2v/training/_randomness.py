"""The random numbers of a run, which depend only on its seed, the epoch and the work item."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import RandomState


def item_order(*, n_items: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of the work items in an epoch, a permutation as int64[n_items], for (seed, epoch)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(epoch,)))).permutation(n_items)


def item_random_state(*, seed: int, epoch: int, item: int) -> RandomState:
    """Return the generator state of a work item in an epoch, the same in whatever thread it is trained."""
    words = np.random.SeedSequence(seed, spawn_key=(epoch, item)).generate_state(4, np.uint64)
    # Each state has a cache line of its own, since threads keep writing to theirs. Apple's have 128 bytes.
    buffer = np.zeros(3 * 16, np.uint64)
    first = (-buffer.ctypes.data & 127) >> 3
    state: RandomState = buffer[first : first + 4]
    state[:] = words
    return state
