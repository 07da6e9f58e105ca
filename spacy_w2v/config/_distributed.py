"""The settings of `[w2v.distributed]`: where a run is carried out, on this machine or on several."""

from typing import Literal

from pydantic import Field

from spacy_w2v.config._base import Settings

EngineName = Literal["ray"]
"""The programs that can carry out a run on several machines."""


class DistributedSettings(Settings):
    """`[w2v.distributed]`: on which machines a run is carried out. Without an engine it is this one."""

    engine: EngineName | None = None
    """The program that runs a training on several machines: `ray`, or `null` for this machine alone.

    Ray is installed with the extra `ray`. All machines must reach the cache of encoded corpora at the same path.
    """
    address: str | None = None
    """The address of the Ray cluster, such as `10.0.0.5:6379`, or `auto` for the cluster that this machine belongs to.

    `null` starts Ray on this machine, for this run only.
    """
    machines: int | None = Field(None, ge=1, le=4096)
    """The number of machines; `null` for all of the cluster, whose number may change during the run.

    If it is larger than the number of machines in the cluster, some machines get several shares of the work. With a
    fixed number, and `workers = 1`, the same seed gives the same vectors, to the bit.
    """
    rounds: int = Field(32, ge=1, le=1_000_000)
    """The number of times in the whole run that the machines merge what they have learned.

    Quality depends on it more than on the number of machines: 32 are close to one machine, 16 cost a point or two.
    """
