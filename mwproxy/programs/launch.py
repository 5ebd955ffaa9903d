"""
The last step between the master and a program: run as a script of its own, without site packages.

C{python -I -S launch.py <master> <group> <user> <descriptors> <command> [<argument>...]}: leads a
process group of its own, gives every signal its default meaning, goes back to the limit of
descriptors that the master was started with, drops to the group and user (empty for the master's),
and becomes the command. It says why when it cannot, and exits with 1; it is silent when the process
with the master's pid is not its parent any more.

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

_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4


def drop(group: str, user: str) -> None:
    """
    Become another group and user.

    @param group: Name of the group, empty to keep ours.

    @param user: Name of the user, empty to keep ours.

    @raise KeyError: There is none of that name.

    @raise OSError: The system refuses.
    """
    if not group and not user:
        return
    account = pwd.getpwnam(user) if user else None
    gid = grp.getgrnam(group).gr_gid if group else None
    if os.geteuid() == 0:
        os.setgroups([] if gid is None else [gid])
    if gid is not None:
        os.setgid(gid)
    if account is not None:
        os.setuid(account.pw_uid)


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

    @param argv: Pid of the master, group, user, soft limit of descriptors, command and arguments.

    @return: 1: it returns only when that failed.
    """
    master, group, user, descriptors, *command = argv
    os.setpgid(0, 0)
    if os.getppid() != int(master):
        # It is gone, and its watch may have looked for our group before that existed.
        return 1
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(descriptors), hard))
    for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(signum) == signal.SIG_IGN:
            signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        if user or os.geteuid():
            # Before that user, who may not read the library.
            drop_ambient()
        drop(group, user)
        os.execvp(command[0], command)
    except KeyError as error:
        reason = str(error.args[0])
    except OSError as error:
        reason = error.strerror or str(error)
    sys.stderr.write(f"[ALERT]    ({os.getpid()}) : Cannot execute {command[0]}: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
