"""The limits of the control groups that this process is in, by which Linux bounds a container or a service.

Both versions of control groups are read, and all groups from that of the process up to the root, since each may have a
limit. psutil reads none of this. loky and joblib read the processor time of the root group only, as a container has it
but no service within a slice, and no memory. So these few files are read here.
"""

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path("/")
NO_LIMIT = "max"  # what files of version 2 hold; those of version 1 hold -1 for time, and about 2^63 for memory


def processor_limit(root: Path = ROOT) -> float:
    """Return how many processors the time suffices for that the process may use, or infinity without a limit.

    Args:
        root: Where the directories proc and sys are.
    """
    quotas = [text.split() for text in _read(root, "", "cpu.max")]  # "150000 100000", or "max 100000"
    of_version_1 = (_read(root, "cpu", name) for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
    quotas += map(list, zip(*of_version_1, strict=False))
    return min((_processors(*quota) for quota in quotas if len(quota) == 2), default=math.inf)


def memory_limit(root: Path = ROOT) -> float:
    """Return how many bytes of memory the process may use, or infinity without a limit.

    Args:
        root: Where the directories proc and sys are.
    """
    limits = [*_read(root, "", "memory.max"), *_read(root, "memory", "memory.limit_in_bytes")]
    return min(map(_number, limits), default=math.inf)


def _processors(quota: str, period: str) -> float:
    """Return how many processors a quota of time in each period suffices for."""
    n_microseconds = _number(quota)
    return n_microseconds if math.isinf(n_microseconds) else n_microseconds / _number(period)


def _number(text: str) -> float:
    """Return a limit, or infinity if there is none, or if it cannot be read."""
    if text == NO_LIMIT or not text.isdecimal() or int(text) == 0:
        return math.inf
    return float(text)


def _read(root: Path, controller: str, name: str) -> Iterator[str]:
    """Yield what a file holds in each of the groups of the process that has it.

    Args:
        root: Where the directories proc and sys are.
        controller: Of version 1; empty for version 2, where a group has all of them.
        name: Of the file.
    """
    top = root / "sys" / "fs" / "cgroup" / controller
    for group in _groups(root, controller):
        # Within a container, the path may be the one that the group has outside: then only the root is there.
        for directory in (group, *group.parents):
            with suppress(OSError):
                yield (top / directory).joinpath(name).read_text(encoding="ascii").strip()


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the groups of the process that a controller limits, as paths below the root group."""
    with suppress(OSError):
        for line in (root / "proc" / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)  # as "4:memory:/docker/0a1b", or "0::/user.slice" of version 2
            if controller in controllers.split(",") and ".." not in Path(path).parts:
                yield Path(path.lstrip("/"))
            elif controller in controllers.split(","):
                yield Path()
