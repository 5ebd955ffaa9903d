"""
What a worker is told to become.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Order:
    """
    One C{Load}.

    @ivar files: Configuration files in order, directories already replaced by their files.

    @ivar directory: Directory to change to first (C{-C}), empty for none.

    @ivar options: Values from the command line that win over C{global} keywords: C{maxconn} (-n),
        C{proxy_maxconn} (-N), C{localpeer} (-L), C{zero_warning} (-dW), C{diagnostics} (-dD),
        C{noreuseport} (-dR), C{verbose}, C{quiet}; absent when not given.

    @ivar environment: Environment to read the files with, whole.

    @ivar generation: 0 without a master.

    @ivar process: Relative number of this worker, from 1.

    @ivar processes: How many workers the generation has.

    @ivar paused: It shall not accept clients before SIGTTIN.

    @ivar mark: What stands behind the names of the files in messages, when it is not their present
        text that is loaded.

    @ivar contents: Texts of the files as the master found them; what is not in it is read.
    """

    files: list[str]
    directory: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    generation: int = 0
    process: int = 1
    processes: int = 1
    paused: bool = False
    contents: dict[str, bytes] = field(default_factory=dict)
    mark: str = ""

    def as_json(self) -> dict[str, Any]:
        """
        Make it fit for the control channel.
        """
        return asdict(self)
