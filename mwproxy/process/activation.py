"""
Sockets that a service manager passed to us (C{sd_listen_fds}): their numbers begin at 3, how many
there are and what they are called stands in the environment, and C{LISTEN_PID} says whom they are
for.
"""

from __future__ import annotations

from collections.abc import Mapping

FIRST_FD = 3
#: What C{sd_listen_fds_with_names} calls a socket without a name.
NAMELESS = "unknown"


def passed_sockets(environment: Mapping[str, str], pid: int) -> list[tuple[str, int]]:
    """
    List what was passed.

    @param environment: As the process was started.

    @param pid: This process.

    @return: Name and descriptor of each, in order; nothing when it was not for us.
    """
    if environment.get("LISTEN_PID", "") != str(pid):
        return []
    count = environment.get("LISTEN_FDS", "")
    if not (count.isascii() and count.isdecimal() and len(count) < 6):
        return []
    given = environment.get("LISTEN_FDNAMES", "")
    names = given.split(":") if given else []
    names += [NAMELESS] * (int(count) - len(names))
    return [(name, FIRST_FD + index) for index, name in enumerate(names[: int(count)])]


def find_passed(name: str, position: int, passed: list[tuple[str, int]]) -> int:
    """
    Find a socket by its name.

    @param position: Which of those with this name, from 1; 0 for the only one.

    @param passed: From L{passed_sockets}.

    @return: Its descriptor.

    @raise LookupError: There is none, or more than one; the text says what there is.
    """
    if not passed:
        raise LookupError("the service manager passed no sockets")
    found = [fd for each, fd in passed if each == name]
    if not found:
        names = ", ".join(f"'{each}'" for each in dict.fromkeys(each for each, _ in passed))
        raise LookupError(f"no socket named '{name}' was passed, only {names}")
    if not position and len(found) > 1:
        raise LookupError(
            f"{len(found)} sockets named '{name}' were passed, write fd@{name}:1 to "
            f"fd@{name}:{len(found)}"
        )
    if position > len(found):
        raise LookupError(f"only {len(found)} sockets named '{name}' were passed")
    return found[max(position, 1) - 1]
