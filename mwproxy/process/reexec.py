"""
Becoming another version of this program in the same process.

How the process was started is captured before anything changes it: command, directory, environment,
limit of descriptors. What is executed later is exactly that, with absolute paths, and the facts of
C{inheritance.py} in a file in memory (C{memfd_create}), whose number is in one environment
variable; whoever is started with it takes it out of the environment at once.

The variable says C{fd:<number>} to a successor, and C{check:<number>} to a child that shall only
find out whether it could become one (C{probe.py}).
"""

from __future__ import annotations

import contextlib
import os
import resource
import stat
import sys
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mwproxy.process.facts import BadFacts
from mwproxy.process.inheritance import MasterFacts, read
from mwproxy.process.settings import REEXEC_VARIABLE

VARIABLE = REEXEC_VARIABLE
SUCCEED, CHECK = "fd", "check"

#: The limits that a master may change.
_LIMITS = (resource.RLIMIT_NOFILE, resource.RLIMIT_AS)
#: Descriptors that a start needs for itself.
_ROOM = 32

Mark = tuple[int, int, int, int] | None


@dataclass(frozen=True, slots=True)
class Origin:
    """
    How this process was started.

    @ivar argv: The command, its first word an absolute path to execute.

    @ivar watched: The files that decide what the command runs: interpreter and script.

    @ivar directory: Where it was started.

    @ivar environment: The environment as it was.

    @ivar limits: The limits that we change, as they were: by resource, soft and hard.
    """

    argv: tuple[str, ...]
    watched: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    limits: Mapping[int, tuple[int, int]]

    def problem(self) -> str:
        """
        Tell why the command cannot be executed.

        @return: The reason, empty for none that is known.
        """
        for path in (self.argv[0], *self.watched):
            if not Path(path).is_file():
                return f"{path} does not exist"
        if not os.access(self.argv[0], os.X_OK, effective_ids=True):
            return f"{self.argv[0]} is not executable"
        if not os.access(self.directory, os.X_OK, effective_ids=True):
            return f"the directory {self.directory} cannot be entered"
        return ""

    def marks(self) -> tuple[Mark, ...]:
        """
        Take down what the watched files are now; another version has other marks.
        """
        return tuple(_mark(path) for path in self.watched)


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    What this process was started for, by a former version of itself.

    @ivar facts: What that left; L{None} for a process that only checks whether it could take it.
    """

    facts: MasterFacts | None


class NoInheritance(Exception):
    """
    A former version left something that cannot be used; the text says why.
    """


def capture(
    environment: Mapping[str, str],
    words: Sequence[str] | None = None,
    argv: Sequence[str] | None = None,
    executable: str = "",
) -> Origin:
    """
    Note how this process was started. To be called before the directory is changed.

    @param environment: As it was.

    @param words: The interpreter's command line, L{None} for ours; so for the others.
    """
    words = list(sys.orig_argv if words is None else words)
    argv = sys.argv if argv is None else argv
    executable = str(Path(executable or sys.executable or words[0]).absolute())
    directory = _directory(environment)
    place = len(words) - len(argv)
    if not 0 < place < len(words) or words[place] != argv[0]:
        # A module (-m): found by the interpreter.
        return Origin(
            (executable, *words[1:]), (executable,), directory, dict(environment), _limits()
        )
    script = str(Path(directory, words[place]))
    if _runs_by_itself(script, words[:place]):
        # It names its interpreter, which may be another one after an upgrade.
        command = [script]
    else:
        command = [executable, *words[1:place], script]
    rest = words[place + 1 :]
    return Origin((*command, *rest), (executable, script), directory, dict(environment), _limits())


def take_arrival(
    environment: MutableMapping[str, str], pid: int, parent: int = 0
) -> Arrival | None:
    """
    Take what a former version left, out of the environment too.

    @param pid: This process.

    @param parent: The process that started it.

    @return: L{None} for an ordinary start.

    @raise NoInheritance: There is something that cannot be used.
    """
    value = environment.pop(VARIABLE, None)
    if value is None:
        return None
    purpose, _, number = value.partition(":")
    try:
        data = _read_memory(int(number))
    except (OSError, ValueError):
        raise NoInheritance(f"{VARIABLE}={value} leads nowhere") from None
    try:
        if purpose == CHECK:
            read(data, parent)
            return Arrival(None)
        return Arrival(read(data, pid))
    except BadFacts as error:
        raise NoInheritance(f"what the former version left cannot be used: {error}") from None


def replace(origin: Origin, data: bytes, descriptors: Iterable[int]) -> None:
    """
    Become what the command is now. Returns only by an error; all is as before then.

    @param data: What the successor needs.

    @param descriptors: They stay open.

    @raise OSError: It cannot be executed.
    """
    with contextlib.ExitStack() as undo:
        memory = in_memory(data)
        undo.callback(os.close, memory)
        here = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        undo.callback(os.close, here)
        kept = [*descriptors, memory]
        for fd in kept:
            undo.callback(os.set_inheritable, fd, os.get_inheritable(fd))
            os.set_inheritable(fd, True)
        undo.callback(_go_to, here)
        os.chdir(origin.directory)
        undo.callback(_set_limits, _limits(), 0)
        _set_limits(origin.limits, len(kept))
        environment = {**origin.environment, VARIABLE: f"{SUCCEED}:{memory}"}
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):
                stream.flush()
        os.execve(origin.argv[0], list(origin.argv), environment)


def _go_to(directory: int) -> None:
    with contextlib.suppress(OSError):
        os.fchdir(directory)


def _read_memory(fd: int) -> bytes:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink:
        raise ValueError(f"descriptor {fd} is no file in memory")
    with os.fdopen(fd, "rb") as file:
        return file.read()


def in_memory(data: bytes) -> int:
    """
    Make a file in memory, to be read from its beginning.

    @return: Its descriptor, the caller's.

    @raise OSError: There is no room.
    """
    memory = os.memfd_create("mwproxy-upgrade", os.MFD_CLOEXEC)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(memory, view) :]
        os.lseek(memory, 0, os.SEEK_SET)
    except BaseException:
        os.close(memory)
        raise
    return memory


def _directory(environment: Mapping[str, str]) -> str:
    # The way that was taken may lead elsewhere after an upgrade (a symbolic link).
    named = environment.get("PWD", "")
    with contextlib.suppress(OSError):
        if named.startswith("/") and Path(named).samefile("."):
            return named
    try:
        return str(Path.cwd())
    except OSError:
        return "/"


def _runs_by_itself(script: str, before: Sequence[str]) -> bool:
    """
    Tell whether executing a script would have given the same command line.

    @param before: The words in front of the script.
    """
    if not os.access(script, os.X_OK, effective_ids=True):
        return False
    try:
        with Path(script).open("rb") as file:
            line = file.readline(1024).decode("utf-8", "surrogateescape")
    except OSError:
        return False
    if not line.startswith("#!"):
        return False
    words = line[2:].strip().split(None, 1)
    if words and Path(words[0]).name == "env":
        words = " ".join(words[1:]).removeprefix("-S").split()
    return words == list(before)


def _mark(path: str) -> Mark:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _limits() -> dict[int, tuple[int, int]]:
    return {each: resource.getrlimit(each) for each in _LIMITS}


def _set_limits(limits: Mapping[int, tuple[int, int]], kept: int) -> None:
    """
    Set limits.

    @param kept: How many descriptors are open then: a limit that leaves no room to start is left
        as it is.
    """
    for each, (soft, hard) in limits.items():
        if each == resource.RLIMIT_NOFILE and kept + _ROOM > soft >= 0:
            continue
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(each, (soft, hard))
