"""Names of the array types that the modules hand to each other."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

TokenIds: TypeAlias = NDArray[np.uint32]
"""One id per token: of a provisional type in the corpus, of a word in a vocabulary."""

Offsets: TypeAlias = NDArray[np.int64]
"""Borders between the items of a flat array: item i is flat[offsets[i]:offsets[i + 1]]."""

Counts: TypeAlias = NDArray[np.int64]
"""How often each type or word occurs in the corpus."""

Vectors: TypeAlias = NDArray[np.float32]
"""Word vectors, a row per word: v × d (vocabulary × dimensions), C-contiguous."""

RandomState: TypeAlias = NDArray[np.uint64]
"""The four words of an xoshiro256++ generator."""
