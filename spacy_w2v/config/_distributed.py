"""The settings of `[w2v.distributed]`: where a run is carried out, on this machine or on several."""

import re
from typing import Literal

from pydantic import Field, field_validator

from spacy_w2v.config._base import Settings
from spacy_w2v.config._losses import LOSSES, LossName

EngineName = Literal["ray"]
"""The programs that can carry out a run on several machines."""

_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(\d{1,5})")
"""The name or number of a host, in brackets if it is one of IPv6, and a port."""


class DistributedSettings(Settings):
    """`[w2v.distributed]`: on which machines a run is carried out. Without an engine it is this one."""

    engine: EngineName | None = None
    """The program that runs a training on several machines: `ray`, or `null` for this machine alone.

    Ray is installed with the extra `ray`. All machines must reach the cache of encoded corpora at the same path.
    """
    address: str | None = None
    """The address of the Ray cluster, such as `10.0.0.5:6379`, or `auto` for the cluster that this machine belongs to.

    `null` starts Ray on this machine, for this run only, unless the environment variable `RAY_ADDRESS` names a cluster,
    as in jobs of `ray job submit`.
    """
    machines: int | None = Field(None, ge=1, le=4096)
    """The number of machines; `null` for all of the cluster, whose number may change during the run.

    If it is larger than the number of machines in the cluster, some machines get several shares of the work. With a
    fixed number, `workers = 1` and processors of one kind, the same seed gives the same vectors, to the bit.
    """
    rounds: int = Field(32, ge=1, le=1_000_000)
    """The number of times in the whole run that the machines merge what they have learned.

    Quality depends on it more than on the number of machines: 32 are close to one machine, 16 cost a point or two.
    """

    @field_validator("address")
    @classmethod
    def address_names_a_cluster(cls, address: str | None) -> str | None:
        """Refuse an address that is neither a host with a port nor `auto`."""
        match = None if address is None else _HOST_AND_PORT.fullmatch(address)
        if address in (None, "auto") or (match is not None and 0 < int(match[2]) < 65536):
            return address
        raise ValueError(
            f'address must be a host and a port, such as 10.0.0.5:6379, or "auto", was: "{address}". Leave '
            "it out to start Ray on this machine."
        )

    def changes(self, now: "DistributedSettings") -> list[str]:
        """Return a text for each setting that has changed, such as "machines is 4, was null"."""
        if self.engine is None and now.engine is None:  # the others have no effect
            return []
        return [
            f"{name} is {_shown(getattr(now, name))}, was {_shown(getattr(self, name))}"
            for name in DistributedSettings.model_fields
            if getattr(now, name) != getattr(self, name)
        ]

    def ignored(self) -> str | None:
        """Return a message if settings have no effect because there is no engine, otherwise None."""
        given = {"address": self.address, "machines": self.machines}
        names = [name for name, value in given.items() if value is not None]
        if self.engine is not None or not names:
            return None
        return f"Training on this machine alone: {' and '.join(names)} of [w2v.distributed] need an engine, such as ray"


def check_engine(engine: EngineName | None, *, loss: LossName) -> None:
    """Raise ValueError if a loss cannot be trained on several machines."""
    if engine is not None and LOSSES[loss].counts_cooccurrences:
        raise ValueError(
            f'distributed.engine must be null with loss = "{loss}", which learns from counts and is trained on one '
            f'machine, was: "{engine}". Leave it out, or choose another loss.'
        )


def _shown(value: str | int | None) -> str:
    return "null" if value is None else str(value)
