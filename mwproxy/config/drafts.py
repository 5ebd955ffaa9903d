"""
Sections that become description only when they end.
"""

from __future__ import annotations

from dataclasses import dataclass

from mwproxy.config.model import Program
from mwproxy.core.diagnostics import Where


@dataclass(slots=True)
class ProgramDraft:
    """
    A C{program} section being read; keywords fill it.

    @ivar command: Program and arguments, empty until C{command} is read.
    """

    name: str
    where: Where
    command: tuple[str, ...] = ()
    user: str = ""
    group: str = ""
    start_on_reload: bool = True

    def finish(self) -> Program:
        """
        Make the description.

        @return: The program.
        """
        return Program(self.name, self.command, self.user, self.group, self.start_on_reload)
