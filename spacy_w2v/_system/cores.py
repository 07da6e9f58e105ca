"""The number of processor cores that this process may use."""

import math
import os

from spacy_w2v._system.cgroups import processor_limit


def available_cores() -> int:
    """Return the number of cores that this process may use, within the limit of its container."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = processor_limit()
    return cores if limit >= cores else max(1, math.ceil(limit))
