"""
Giving up rights, as C{chroot}, C{group}, C{gid}, C{user} and C{uid} of C{global} say, and
locking the way back.

Order: core files, chroot, supplementary groups, group, user, then what is left of capabilities.
Nothing is kept: the saved ids change as well. A process that is not root loses what capabilities it
was started with (such as C{CAP_NET_BIND_SERVICE}), as its ports are bound by now. In the end the
process can neither gain rights by executing something (C{insecure-setuid-wanted} allows that) nor
start processes (C{insecure-fork-wanted}).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
from collections.abc import Callable

from mwproxy.config.model import Global

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
#: C{_LINUX_CAPABILITY_VERSION_3} of C{capset(2)}, which takes two words of each set.
_CAPABILITY_VERSION = 0x20080522


class CannotDrop(Exception):
    """
    The system refused; the text is the operator's message.
    """


def _ignore(text: str) -> None:
    """
    Say nothing.
    """


def drop_privileges(
    settings: Global, program: str, warn: Callable[[str], object] = _ignore
) -> None:
    """
    Give up rights.

    @param program: How the program was called, for messages.

    @param warn: Gets what is odd and no reason to end.

    @raise CannotDrop: A step failed; earlier ones stay done, so the process should end.
    """
    if settings.dumpable:
        _allow_core_files()
    if settings.chroot:
        try:
            os.chroot(settings.chroot)
            os.chdir("/")
        except OSError:
            raise CannotDrop(f"[{program}.main()] Cannot chroot({settings.chroot}).") from None
    _drop_groups(settings, program, warn)
    try:
        if settings.gid:
            os.setgid(settings.gid)
    except OSError:
        raise CannotDrop(f"[{program}.main()] Cannot set gid {settings.gid}.") from None
    try:
        if settings.uid:
            os.setuid(settings.uid)
    except OSError:
        raise CannotDrop(f"[{program}.main()] Cannot set uid {settings.uid}.") from None
    if os.geteuid():
        _drop_capabilities()
    if settings.dumpable:
        # Changing the user forbids what was allowed before.
        _prctl(_PR_SET_DUMPABLE, 1)
    if not settings.may_setuid:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if not settings.may_fork:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _drop_groups(settings: Global, program: str, warn: Callable[[str], object]) -> None:
    if not (settings.gid or settings.uid) or not os.getgroups():
        return
    try:
        os.setgroups([])
    except OSError:
        if settings.gid:
            warn(
                f"[{program}.main()] Failed to drop supplementary groups. Using 'gid'/'group' "
                "without 'uid'/'user' is generally useless."
            )


def _allow_core_files() -> None:
    for which in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        infinite = resource.RLIM_INFINITY
        try:
            resource.setrlimit(which, (infinite, infinite))
        except (OSError, ValueError):
            hard = resource.getrlimit(which)[1]
            resource.setrlimit(which, (hard, hard))


def _drop_capabilities() -> None:
    """
    Lose all capabilities: those in effect, and those that a program we execute would get.
    """
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None, use_errno=True).capset(header, none)


def _prctl(option: int, value: int) -> None:
    """
    Call C{prctl(2)}; a system that does not know the option has nothing to change.
    """
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(option, *(ctypes.c_ulong(each) for each in (value, 0, 0, 0)))
