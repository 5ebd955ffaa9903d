"""
The discovery pass: what a master, or a process that may have to go to the background, reads of the
configuration before anything else happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mwproxy.config.loader import expand_files, load, read_file
from mwproxy.config.model import Global, Program
from mwproxy.core.diagnostics import ConfigError, Diagnostic, Diagnostics, Severity
from mwproxy.process.environment import predefine
from mwproxy.process.settings import Settings


@dataclass(frozen=True, slots=True)
class Discovery:
    """
    What was read.

    @ivar files: The files, directories replaced by what is in them.

    @ivar environment: The environment after all C{setenv} and its like.

    @ivar settings: The command line joined with what C{global} says.

    @ivar contents: The texts of the files, which workers get as well.

    @ivar mark: Stands behind the names of the files in messages, empty for their present text.
    """

    files: list[str]
    global_: Global
    programs: list[Program]
    environment: dict[str, str]
    settings: Settings
    contents: dict[str, bytes] = field(default_factory=dict)
    mark: str = ""


@dataclass(frozen=True, slots=True)
class KeptText:
    """
    The text of a former configuration, to be loaded in place of what its files say now.

    @ivar generation: Which one it was read for.

    @ivar files: Its files, in order.

    @ivar contents: The texts of all of them.
    """

    generation: int
    files: list[str]
    contents: dict[str, bytes]

    @property
    def mark(self) -> str:
        """
        What stands behind the names of the files in messages.
        """
        return f" (generation {self.generation})"


def discover(
    settings: Settings,
    initial: Mapping[str, str],
    emit: Callable[[Diagnostic], None],
    *,
    master: bool,
    kept: KeptText | None = None,
) -> Discovery | None:
    """
    Read what concerns the process as such.

    @param initial: The environment that children start from.

    @param emit: Gets alerts. The rest is left to who reads everything, so that nothing is said
        twice.

    @param master: Whether a master runs.

    @param kept: What to read instead of the files, L{None} for the files.

    @return: L{None} when it cannot be used; everything was said then.
    """

    def emit_alerts(message: Diagnostic) -> None:
        if message.severity is Severity.ALERT and message.fatal:
            emit(message)

    diagnostics = Diagnostics(emit_alerts)
    try:
        files = expand_files(list(settings.files)) if kept is None else list(kept.files)
    except ConfigError as error:
        diagnostics.alert(str(error))
        return None
    if not files:
        diagnostics.alert("config : no configuration file found.")
        return None
    environment = predefine(initial, master=master, startup_version=settings.startup_version)
    contents: dict[str, bytes] = {} if kept is None else dict(kept.contents)
    mark = "" if kept is None else kept.mark

    def read(name: str) -> bytes:
        if name not in contents:
            contents[name] = read_file(name)
        return contents[name]

    configuration = load(files, environment, diagnostics, discovery=True, read=read, mark=mark)
    settings_ = configuration.global_
    if settings.localpeer and settings_.localpeer:
        diagnostics.alert("config : 'localpeer' can not be used with '-L' on the command line.")
    if configuration.programs and not master:
        diagnostics.alert(
            "config : 'program' section is defined in configuration, but master-worker mode (-W) "
            "is not enabled."
        )
    if diagnostics.errors:
        return None
    if settings.pidfile and settings_.pidfile:
        Diagnostics(emit).warning("'pidfile' already specified. Continuing.", settings_.pidfile_at)
    joined = replace(
        settings,
        pidfile=settings.pidfile or settings_.pidfile,
        daemon=settings.daemon or (settings_.daemon and not settings.foreground),
        quiet=(settings.quiet or settings_.quiet) and not settings.verbose,
        zero_warning=settings.zero_warning or settings_.zero_warning,
    )
    after = predefine(
        environment, master=master, files=files, startup_version=settings.startup_version
    )
    return Discovery(files, settings_, configuration.programs, after, joined, contents, mark)


def wants_master(settings: Settings, initial: Mapping[str, str]) -> bool:
    """
    Tell whether the configuration asks for a master itself; mistakes are left for later.
    """
    diagnostics = Diagnostics()
    try:
        files = expand_files([str(Path(settings.directory, name)) for name in settings.files])
    except ConfigError:
        return False
    environment = predefine(initial, master=False)
    return load(files, environment, diagnostics, discovery=True).global_.master_worker
