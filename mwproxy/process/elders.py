"""
The older processes of C{-sf} and C{-st}: who they are, and what they are told.

Their pids come from a command line, mostly from a pid file, which may be old: since then the number
may have become anybody's. So each is looked at before it is ever signaled, and held by a
descriptor (C{pidfd_open}), which goes on to mean that process and no later one.

A process is one of ours if it runs

 - a program whose file is called C{haproxy…}, since we take over from HAProxy too; or
 - Python with C{-m mwproxy}, a script called C{mwproxy}, or C{twistd} with the word C{mwproxy}.

The others are named in a warning and left alone. Pids that do not exist any more are ignored, as
HAProxy does.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mwproxy.process.system import System

#: Modules of ours that are programs.
_MODULES = frozenset(("mwproxy", "mwproxy.worker", "mwproxy.worker.nursery"))
#: Short options of Python that take a value: what follows in the word, or the next one.
_WITH_VALUE = "WX"
#: Seconds that a process gets to take SIGTTOU before SIGTTIN follows, looked at this often.
TAKES, LOOK = 1.0, 0.002
_PYTHON = re.compile(r"(python|pypy)[\d.]*t?d?")


class Elder:
    """
    One older process, held so that nothing else is ever signaled in its place.

    @ivar pid: Its number.
    """

    def __init__(self, pid: int, proc: Path = Path("/proc")) -> None:
        """
        @param proc: Where processes are described.

        @raise ProcessLookupError: There is no such process.

        @raise OSError: It cannot be held, a thread for example.
        """
        self.pid = pid
        self._directory = proc / str(pid)
        self._fd = -1
        self._began = read_start(self._directory)
        try:
            self._fd = os.pidfd_open(pid)
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise

    def signal(self, signum: int) -> bool:
        """
        Signal it.

        @return: False when it has ended, or is not ours to signal.
        """
        if self._fd < 0:
            same = self._began and read_start(self._directory) == self._began
            return bool(same) and System(None).kill(self.pid, signum)
        try:
            signal.pidfd_send_signal(self._fd, signum)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def has_pending(self, signum: int) -> bool:
        """
        Tell whether it has not taken a signal yet.
        """
        try:
            status = (self._directory / "status").read_text()
        except OSError:
            return False
        waiting = 0
        for line in status.splitlines():
            if line.startswith(("SigPnd:", "ShdPnd:")):
                waiting |= int(line.split()[1], 16)
        return bool(waiting >> (signum - 1) & 1)

    def close(self) -> None:
        """
        Let go of it; it is not signaled any more.
        """
        self._began = 0
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Elders:
    """
    All older processes of one command line.
    """

    def __init__(
        self,
        pids: Iterable[int],
        warn: Callable[[str], None],
        *,
        own: Iterable[int] = (),
        proc: Path = Path("/proc"),
    ) -> None:
        """
        @param pids: As they were given.

        @param warn: Told of each that is left alone, and why.

        @param own: Processes of this start, which a stale pid file may happen to name.

        @param proc: Where processes are described.
        """
        ours = {os.getpid(), *own}
        self._elders: list[Elder] = []
        self._paused: list[Elder] = []
        for pid in dict.fromkeys(pids):
            if pid in ours:
                warn(f"Process {pid} is this one itself: not signaled, the pid file may be stale.")
                continue
            elder = _hold(pid, warn, proc)
            if elder is not None:
                self._elders.append(elder)

    def __bool__(self) -> bool:
        """
        Whether there are any.
        """
        return bool(self._elders)

    @property
    def pids(self) -> list[int]:
        """
        Their numbers.
        """
        return [elder.pid for elder in self._elders]

    def pause(self) -> bool:
        """
        Ask all to release their ports for now (SIGTTOU).

        @return: Whether any was there to be asked.
        """
        asked = [elder for elder in self._elders if elder.signal(signal.SIGTTOU)]
        self._paused = list(dict.fromkeys([*self._paused, *asked]))
        return bool(asked)

    def resume(self) -> None:
        """
        Tell those that were paused to go on (SIGTTIN), once. Of two signals that wait the kernel
        hands out the lower number first: one that is still to be paused would stay so.
        """
        paused, self._paused = self._paused, []
        end = time.monotonic() + TAKES
        while any(each.has_pending(signal.SIGTTOU) for each in paused) and time.monotonic() < end:
            time.sleep(LOOK)  # noqa: TID251  # nothing tells of it
        for elder in paused:
            elder.signal(signal.SIGTTIN)

    def leave(self, *, hard: bool) -> None:
        """
        Tell all to finish their work (SIGUSR1).

        @param hard: Have them end at once (SIGTERM).
        """
        self._paused.clear()
        for elder in self._elders:
            elder.signal(signal.SIGTERM if hard else signal.SIGUSR1)

    def close(self) -> None:
        """
        Let go of them.
        """
        for elder in self._elders:
            elder.close()


def _hold(pid: int, warn: Callable[[str], None], proc: Path) -> Elder | None:
    try:
        elder = Elder(pid, proc)
    except ProcessLookupError:
        return None
    except OSError as error:
        # EINVAL: the number is a thread's.
        warn(f"Process {pid} cannot be looked at ({error.strerror}): not signaled.")
        return None
    # Looked at only now: what is held cannot be replaced any more.
    directory = proc / str(pid)
    words = read_words(directory)
    executable = _executable(directory)
    if not words and not executable:
        # It ends this moment, or is dead and not reaped yet.
        elder.close()
        return None
    if is_one_of_ours(words, executable):
        return elder
    elder.close()
    name = Path(executable or words[0]).name
    warn(
        f"Process {pid} ('{name}') is neither mwproxy nor haproxy: not signaled,"
        " the pid file may be stale."
    )
    return None


def read_words(directory: Path) -> list[str]:
    """
    Read the command line of a process.

    @param directory: Its directory in C{/proc}.

    @return: The words, none if it has ended.
    """
    try:
        raw = (directory / "cmdline").read_bytes()
    except OSError:
        return []
    return [word.decode("utf-8", "replace") for word in raw.rstrip(b"\0").split(b"\0") if raw]


def read_start(directory: Path) -> int:
    """
    Read when a process was started, in ticks since the machine was.

    @param directory: Its directory in C{/proc}.

    @return: 0 if that is not to be known.
    """
    try:
        # The name in parentheses may itself have blanks and parentheses.
        return int((directory / "stat").read_bytes().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


def _executable(directory: Path) -> str:
    try:
        # The file may have been replaced by an upgrade.
        return str((directory / "exe").readlink()).removesuffix(" (deleted)")
    except OSError:
        return ""


def is_one_of_ours(words: Sequence[str], executable: str) -> bool:
    """
    Tell whether a process is mwproxy or HAProxy.

    @param words: Its command line.

    @param executable: The file that it runs, empty when that is not to be known; then its own word
        is taken for it.

    @return: False for everything else, a shell or an editor that has the name as an argument too.
    """
    name = Path(executable or (words[0] if words else "")).name
    if name.startswith("haproxy"):
        return True
    return _PYTHON.fullmatch(name) is not None and _runs_us(list(words[1:]))


def _runs_us(words: list[str]) -> bool:
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            return Path(word).name.partition(".")[0] == "mwproxy" or _is_twistd([word, *words])
        for at, letter in enumerate(word[1:], 2):
            if letter == "c" or word.startswith("--"):
                return False
            if letter == "m":
                module = [word[at:], *words] if word[at:] else words
                return bool(module) and (module[0] in _MODULES or _is_twistd(module))
            if letter in _WITH_VALUE:
                if not word[at:]:
                    del words[:1]
                break
    return False


def _is_twistd(words: list[str]) -> bool:
    return Path(words[0]).name in ("twistd", "twisted") and "mwproxy" in words[1:]
