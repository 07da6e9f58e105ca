"""Reading and writing rows of spaCy's vectors table, in memory or on a GPU."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from thinc.util import get_array_module, to_numpy

from spacy_w2v._arrays import Offsets


def gather(data: Any, rows: Offsets) -> NDArray[np.floating]:  # Any: an array of NumPy or of CuPy
    """Return a copy of rows of a table's data, in main memory."""
    if isinstance(data, np.ndarray):
        return data[rows]
    gathered: NDArray[np.floating] = to_numpy(data[get_array_module(data).asarray(rows)])
    return gathered


def scatter(data: Any, rows: Offsets, vectors: NDArray[np.floating]) -> None:  # Any: as above
    """Write rows to a table's data."""
    xp = get_array_module(data)
    data[xp.asarray(rows)] = xp.asarray(vectors)
