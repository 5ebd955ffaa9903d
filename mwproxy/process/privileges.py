"""
Giving up rights, as C{chroot}, C{group}, C{gid}, C{user} and C{uid} of C{global} say.

Order: chroot, supplementary groups, group, user. Nothing is kept: the saved ids change as well.
"""

from __future__ import annotations

import os

from mwproxy.config.model import Global


class CannotDrop(Exception):
    """
    The system refused; the text is the operator's message.
    """


def drop_privileges(settings: Global, program: str) -> None:
    """
    Give up rights. Does nothing when nothing is configured.

    @param program: How the program was called, for the message.

    @raise CannotDrop: A step failed; earlier ones stay done, so the process should end.
    """
    if settings.chroot:
        try:
            os.chroot(settings.chroot)
            os.chdir("/")
        except OSError:
            raise CannotDrop(f"[{program}.main()] Cannot chroot({settings.chroot}).") from None
    try:
        if (settings.gid is not None or settings.uid is not None) and os.geteuid() == 0:
            os.setgroups([])
        if settings.gid is not None:
            os.setgid(settings.gid)
    except OSError:
        raise CannotDrop(f"[{program}.main()] Cannot set gid {settings.gid}.") from None
    try:
        if settings.uid is not None:
            os.setuid(settings.uid)
    except OSError:
        raise CannotDrop(f"[{program}.main()] Cannot set uid {settings.uid}.") from None
