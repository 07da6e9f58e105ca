"""The limits of this process's control groups, which Linux uses for containers and services.

This module reads both versions of control groups. It reads every group from that of the process up to the root, because
each can have a limit. psutil reads none of these limits. loky and joblib read only the processor time of the root
group: that is right in a container, but not for a service within a slice. They do not read the limit of memory.
"""

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path("/")
NO_LIMIT = "max"  # in version 2; version 1 has -1 for time and about 2^63 for memory


def processor_limit(root: Path = ROOT) -> float:
    """Return the processor time that the process may use, in processors, or infinity if it has no limit.

    Args:
        root: The directory that contains proc and sys.
    """
    quotas = [text.split() for text in _read(root, "", "cpu.max")]  # "150000 100000", or "max 100000"
    of_version_1 = (_read(root, "cpu", name) for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
    quotas += map(list, zip(*of_version_1, strict=False))
    return min((_processors(*quota) for quota in quotas if len(quota) == 2), default=math.inf)


def memory_limit(root: Path = ROOT) -> float:
    """Return the number of bytes of memory that the process may use, or infinity if it has no limit.

    Args:
        root: The directory that contains proc and sys.
    """
    limits = [*_read(root, "", "memory.max"), *_read(root, "memory", "memory.limit_in_bytes")]
    return min(map(_number, limits), default=math.inf)


def _processors(quota: str, period: str) -> float:
    """Return the number of processors that a quota of time in each period corresponds to."""
    n_microseconds = _number(quota)
    return n_microseconds if math.isinf(n_microseconds) else n_microseconds / _number(period)


def _number(text: str) -> float:
    """Return a limit as a number, or infinity if the text is not a number."""
    if text == NO_LIMIT or not text.isdecimal() or int(text) == 0:
        return math.inf
    return float(text)


def _read(root: Path, controller: str, name: str) -> Iterator[str]:
    """Yield the content of a file in each control group of the process that has this file.

    Args:
        root: The directory that contains proc and sys.
        controller: The controller of version 1, or "" for version 2, where a group has all controllers.
        name: The name of the file.
    """
    top = root / "sys" / "fs" / "cgroup" / controller
    for group in _groups(root, controller):
        # In a container, the path may be that of the group outside it. Then only the root exists.
        for directory in (group, *group.parents):
            with suppress(OSError):
                yield (top / directory).joinpath(name).read_text(encoding="ascii").strip()


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the control groups of the process for a controller, as paths relative to the root group."""
    with suppress(OSError):
        for line in (root / "proc" / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)  # "4:memory:/docker/0a1b", or "0::/user.slice" in version 2
            if controller in controllers.split(",") and ".." not in Path(path).parts:
                yield Path(path.lstrip("/"))
            elif controller in controllers.split(","):
                yield Path()
