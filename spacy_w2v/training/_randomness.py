"""Where the randomness of a run comes from: its seed, the epoch and the work item, and nothing else."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import RandomState


def item_order(*, n_items: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order in which an epoch takes the work items, fixed by (seed, epoch)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(epoch,)))).permutation(n_items)


def item_random_state(*, seed: int, epoch: int, item: int) -> RandomState:
    """Return the generator state of one work item in one epoch; no thread enters, so any thread draws the same."""
    words = np.random.SeedSequence(seed, spawn_key=(epoch, item)).generate_state(4, np.uint64)
    # On a cache line of its own, of 128 bytes as Apple's processors have them: threads write to theirs all the time.
    buffer = np.zeros(3 * 16, np.uint64)
    first = (-buffer.ctypes.data & 127) >> 3
    state: RandomState = buffer[first : first + 4]
    state[:] = words
    return state
