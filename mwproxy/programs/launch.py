"""
The last step between the master and a program: run as a script of its own, without site packages.

C{python -I -S launch.py [<option>...] <master> <group> <user> <descriptors> <command>
[<argument>...]}: leads a process group of its own, gives every signal its default meaning, goes
back to the limit of descriptors that the master was started with, sets the limits of
C{--limit <resource>=<soft>:<hard>}, drops to the group and user (empty for the master's), goes to
C{--directory <path>}, tells of C{--listen <number>} passed sockets as systemd does, and becomes the
command. It says why when it cannot, and exits with 1; it is silent when the process with the
master's pid is not its parent any more.

Capabilities that the master was given to bind ports (ambient ones) do not reach the command, unless
it runs as root.
"""

from __future__ import annotations

import grp
import os
import pwd
import resource
import signal
import sys
import warnings  # noqa: F401  # os.execvp wants it, and another user may not read the library
from collections.abc import Sequence

_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4


def identify(group: str, user: str) -> tuple[int | None, int | None]:
    """
    Look up another group and user.

    @param group: Name of the group, empty to keep ours.

    @param user: Name of the user, empty to keep ours.

    @return: Their numbers, L{None} to keep ours.

    @raise KeyError: There is none of that name.
    """
    account = pwd.getpwnam(user) if user else None
    gid = grp.getgrnam(group).gr_gid if group else None
    return gid, None if account is None else account.pw_uid


def drop(gid: int | None, uid: int | None) -> None:
    """
    Become another group and user.

    @param gid: The group, L{None} to keep ours; C{uid} likewise.

    @raise OSError: The system refuses.
    """
    if gid is None and uid is None:
        return
    if os.geteuid() == 0:
        os.setgroups([] if gid is None else [gid])
    if gid is not None:
        os.setgid(gid)
    if uid is not None:
        os.setuid(uid)


def limit(text: str) -> None:
    """
    Set a limit of what this process may take.

    @param text: C{<resource>=<soft>:<hard>}, numbers, -1 for no limit.

    @raise OSError: The system refuses.
    """
    name, _, values = text.partition("=")
    soft, _, hard = values.partition(":")
    number = getattr(resource, f"RLIMIT_{name.upper()}")
    try:
        resource.setrlimit(number, (int(soft), int(hard)))
    except (OSError, ValueError) as error:
        # Raising a hard limit is refused by a ValueError.
        reason = error.strerror if isinstance(error, OSError) else "Operation not permitted"
        raise OSError(0, f"cannot limit '{name}' to {soft}:{hard}: {reason}") from None


def options(argv: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """
    Take the options off.

    @return: The values by option, and the words behind them.
    """
    words = list(argv)
    found: dict[str, list[str]] = {}
    while words[0].startswith("--"):
        found.setdefault(words[0], []).append(words[1])
        del words[:2]
    return found, words


def drop_ambient() -> None:
    """
    Give up the capabilities that the command would have from us.
    """
    with open("/proc/self/status", "rb") as status:  # noqa: PTH123  # that is heavy to import
        lines = [line for line in status if line.startswith(b"CapAmb:")]
    if not lines or not int(lines[0].split()[1], 16):
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)


def main(argv: list[str]) -> int:
    """
    Become the command.

    @param argv: Options, pid of the master, group, user, soft limit of descriptors, command and
        arguments.

    @return: 1: it returns only when that failed.
    """
    found, (master, group, user, descriptors, *command) = options(argv)
    os.setpgid(0, 0)
    if os.getppid() != int(master):
        # It is gone, and its watch may have looked for our group before that existed.
        return 1
    # The command inherits it, and what leaves our group is found by it.
    os.environ["MWPROXY_PROGRAM_ID"] = f"{master}.{os.getpid()}"
    for number in found.get("--listen", ()):
        os.environ |= {"LISTEN_FDS": number, "LISTEN_PID": str(os.getpid())}
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(descriptors), hard))
    for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(signum) == signal.SIG_IGN:
            signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        gid, uid = identify(group, user)
        for text in found.get("--limit", ()):
            limit(text)
        if uid or os.geteuid():
            # Before that user, who may not read the library.
            drop_ambient()
        drop(gid, uid)
        for path in found.get("--directory", ()):
            go_to(path)
        os.execvp(command[0], command)
    except KeyError as error:
        reason = str(error.args[0])
    except OSError as error:
        reason = error.strerror or str(error)
    except MemoryError:
        reason = "its limit of memory is too small to start anything"
    sys.stderr.write(f"[ALERT]    ({os.getpid()}) : Cannot execute {command[0]}: {reason}\n")
    return 1


def go_to(path: str) -> None:
    """
    Change the directory.

    @raise OSError: The system refuses.
    """
    try:
        os.chdir(path)
    except OSError as error:
        raise OSError(error.errno, f"directory '{path}': {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
