"""
Sections that become description only when they end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mwproxy.config.model import Program
from mwproxy.config.program_settings import (
    LINE,
    LISTEN,
    NO_PROGRAM_SETTINGS,
    OutputRate,
    ProgramSettings,
)
from mwproxy.core.addresses import parse_address
from mwproxy.core.diagnostics import Where


@dataclass(slots=True)
class ProgramDraft:
    """
    A C{program} section being read; keywords fill it.

    @ivar command: Program and arguments, empty until C{command} is read.

    @ivar keep_unchanged: What C{option keep-unchanged} says, L{None} without that line.

    @ivar reload_said: There is a line C{option start-on-reload}, with or without C{no}.

    @ivar refused: Whether there was a C{command} without any, which was said.
    """

    name: str
    where: Where
    command: tuple[str, ...] = ()
    user: str = ""
    group: str = ""
    start_on_reload: bool = True
    settings: ProgramSettings = NO_PROGRAM_SETTINGS
    keep_unchanged: bool | None = None
    reload_said: bool = False
    refused: bool = False

    def problem(self) -> str:
        """
        Tell what does not fit together.

        @return: Empty when all does.
        """
        ready = self.settings.ready
        passed = [parse_address(each.address) for each in self.settings.passed]
        if ready is not None and ready.kind == LISTEN and parse_address(ready.what) in passed:
            return (
                f"'ready listen' : '{ready.what}' is given by 'listen-on' and accepts before the"
                " program runs, use 'ready notify', 'ready line' or 'ready spop'."
            )
        return ""

    def finish(self) -> Program:
        """
        Make the description.

        @return: The program.
        """
        settings = self.settings
        keep = self.keep_unchanged
        if keep is None:
            # HAProxy's own keywords mean what they mean there.
            keep = settings != NO_PROGRAM_SETTINGS and not self.reload_said
        settings = replace(settings, keep_unchanged=keep)
        if settings.ready is not None and settings.ready.kind == LINE and settings.output is None:
            settings = replace(settings, output=OutputRate())
        return Program(
            self.name, self.command, self.user, self.group, self.start_on_reload, settings
        )
