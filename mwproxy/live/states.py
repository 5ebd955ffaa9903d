"""
Transitions of a server's state: what checks and the console may do to it, and what is said of it.

Each function changes the server, counts anew what its backend has, tells the balancer and the hooks
of L{WorkerState<mwproxy.live.proxies.WorkerState>}, and returns the messages in HAProxy's words;
L{announce} prints and logs them. A function that finds nothing to change returns nothing.

Rules (management manual, "set server"): maintenance hides everything else; drain only keeps new
streams away. A server that leaves maintenance is up at once, but its first failed check brings it
down. C{slowstart} begins with each turn from down or maintenance to up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mwproxy.core.diagnostics import Severity
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Admin, Operational, Server

EMERGENCY, ALERT, NOTICE = 0, 1, 5

#: What the short names of check results mean (management manual 9.1, C{check_status}).
CHECK_TEXTS = {
    "UNK": "Unknown",
    "CHECKED": "No status change",
    "INI": "Initializing",
    "SOCKERR": "Socket error",
    "L4OK": "Layer4 check passed",
    "L4TOUT": "Layer4 timeout",
    "L4CON": "Layer4 connection problem",
    "L6OK": "Layer6 check passed",
    "L6TOUT": "Layer6 timeout",
    "L6RSP": "Layer6 invalid response",
    "L7TOUT": "Layer7 timeout",
    "L7RSP": "Layer7 invalid response",
    "L7OK": "Layer7 check passed",
    "L7OKC": "Layer7 check conditionally passed",
    "L7STS": "Layer7 wrong status",
}


@dataclass(frozen=True, slots=True)
class Message:
    """
    Something to tell operators.

    @ivar severity: Label of the printed message.

    @ivar level: Syslog severity.

    @ivar text: What is printed.

    @ivar logged: What is logged, empty for the same.
    """

    severity: Severity
    level: int
    text: str
    logged: str = ""


def announce(backend: Backend, messages: Iterable[Message]) -> None:
    """
    Print messages and send them to the log of a backend.

    @param backend: The backend they are about.

    @param messages: What a transition returned.
    """
    for message in messages:
        backend.worker.say(message.severity, message.text)
        if backend.log is not None:
            backend.log(message.level, (message.logged or message.text).encode("utf-8", "replace"))


def recount(backend: Backend, now: float) -> list[Message]:
    """
    Count the usable servers of a backend.

    @param backend: The backend; its times of change are kept too.

    @param now: The monotonic clock.

    @return: HAProxy's alert when none is left.
    """
    active = backups = 0
    for server in backend.servers:
        if server.usable_now:
            if server.backup:
                backups += 1
            else:
                active += 1
    return _note_usable(backend, active, backups, now)


def _note_usable(backend: Backend, active: int, backups: int, now: float) -> list[Message]:
    before = backend.active or backend.backups
    backend.active = active
    backend.backups = backups
    if before and not active and not backups:
        backend.last_change = backend.down_since = now
        backend.counters.chkdown += 1
        return [
            Message(
                Severity.ALERT,
                EMERGENCY,
                f"backend '{backend.name}' has no server available!",
                f"backend {backend.name} has no server available!",
            )
        ]
    if not before and (active or backups):
        backend.last_change = now
        if backend.down_since:
            backend.downtime += now - backend.down_since
            backend.down_since = 0.0
    return []


def begin(backend: Backend, now: float) -> None:
    """
    Settle what a new backend's servers are, without messages. The balancer is made afterwards.

    @param backend: The backend.

    @param now: The monotonic clock.
    """
    for server in backend.servers:
        server.refresh_usable()
        server.last_change = now
        if not server.up:
            server.down_since = now
    recount(backend, now)
    if not backend.active and not backend.backups:
        backend.down_since = now
    backend.last_change = now


def declare_healthy(server: Server, healthy: bool) -> None:
    """
    Let the next result of a health check confirm, or contradict, what is declared now.

    @param server: The server.

    @param healthy: Whether it is to count as entirely healthy or as entirely not.
    """
    check = server.description.settings.check
    server.health = check.rise + check.fall - 1 if healthy else 0


def set_up(server: Server, now: float, reason: str = "") -> list[Message]:
    """
    A server is found, or declared, able to serve.

    @param server: It.

    @param now: The monotonic clock.

    @param reason: Why, such as C{"changed from CLI"}; empty to say nothing of it.

    @return: The messages.
    """
    if server.admin & Admin.MAINT:
        return []
    if server.operational in (Operational.RUNNING, Operational.STARTING):
        return []
    if server.operational is Operational.STOPPED:
        _rise(server, now)
    else:
        server.operational = Operational.RUNNING
    server.last_change = now
    return _settle_up(server, now, "is UP", reason)


def set_down(server: Server, now: float, reason: str = "") -> list[Message]:
    """
    A server is found, or declared, unable to serve.

    @param server: It.

    @param now: The monotonic clock.

    @param reason: Why, such as C{"reason: Layer4 timeout, check duration: 300ms"}.

    @return: The messages.
    """
    if server.admin & Admin.MAINT:
        return []
    if server.operational is Operational.STOPPED:
        return []
    server.operational = Operational.STOPPED
    server.counters.chkdown += 1
    return _settle_down(server, now, "is DOWN", reason)


def set_stopping(server: Server, now: float, reason: str = "") -> list[Message]:
    """
    A server wants no new streams (C{set server … health stopping}).

    @param server: It.

    @param now: The monotonic clock.

    @param reason: Why.

    @return: The messages.
    """
    starting_or_running = (Operational.RUNNING, Operational.STARTING)
    if server.admin & Admin.MAINT or server.operational not in starting_or_running:
        return []
    server.operational = Operational.STOPPING
    server.last_change = now
    return _settle_up(server, now, "is stopping", reason)


def set_maint(server: Server, now: float, mode: Admin = Admin.FORCED_MAINT) -> list[Message]:
    """
    Put a server in maintenance.

    @param server: It.

    @param now: The monotonic clock.

    @param mode: The kind of maintenance.

    @return: The messages.
    """
    if server.admin & Admin.MAINT:
        server.admin |= mode
        return []
    was_down = server.operational is Operational.STOPPED
    server.health = 0
    server.admin = server.admin & ~Admin.DRAIN | mode
    server.operational = Operational.STOPPED
    if was_down:
        server.last_change = now
        messages = _settle(server, now)
        return [_notice(f"{_name(server)} was DOWN and now enters maintenance."), *messages]
    server.counters.chkdown += 1
    return _settle_down(server, now, "is going DOWN for maintenance", "")


def set_drain(server: Server, now: float) -> list[Message]:
    """
    Keep new streams away from a server, without ending what it does; ends maintenance.

    @param server: It.

    @param now: The monotonic clock.

    @return: The messages.
    """
    if server.admin & Admin.MAINT:
        server.admin = _lasting(server) | Admin.FORCED_DRAIN
        if server.admin & Admin.MAINT:
            return []
        messages = _leave_maint(server, now, "DRAIN")
        return [*messages, _notice(f"{_name(server)} remains in forced drain mode.")]
    if server.admin & Admin.FORCED_DRAIN:
        return []
    server.admin |= Admin.FORCED_DRAIN
    server.last_change = now
    messages, moved = _settle_and_hand_on(server, now)
    down = server.operational is Operational.STOPPED
    tail = _left(server, moved) if down else _online(server, moved)
    return [_notice(f"{_name(server)} enters drain state. {tail}"), *messages]


def set_ready(server: Server, now: float) -> list[Message]:
    """
    End maintenance and drain of a server.

    @param server: It.

    @param now: The monotonic clock.

    @return: The messages.
    """
    if server.admin & Admin.MAINT:
        server.admin = _lasting(server)
        if server.admin & Admin.MAINT:
            return []
        return _leave_maint(server, now, "READY")
    if not server.admin & Admin.DRAIN:
        return []
    server.admin = _lasting(server)
    messages, _ = _settle_and_hand_on(server, now)
    word = "DOWN" if server.operational is Operational.STOPPED else "UP"
    return [_notice(f"{_name(server)} is {word} (leaving forced drain)."), *messages]


def set_resolved(server: Server, now: float) -> list[Message]:
    """
    End the maintenance of a server whose address was not known.

    @param server: It; it has an address now.

    @param now: The monotonic clock.

    @return: The messages.
    """
    server.admin &= ~Admin.RESOLUTION_MAINT
    if server.admin & Admin.MAINT:
        return []
    _begin_anew(server)
    server.last_change = now
    if server.wanted_up:
        _rise(server, now)
    messages, _ = _settle_and_hand_on(server, now)
    word = "DOWN" if server.operational is Operational.STOPPED else "UP"
    name = f"{_name(server)} ('{server.description.address.host}')"
    return [_notice(f"{name} is {word}/READY (resolves again)."), *messages]


def set_weight(server: Server, weight: int, now: float) -> list[Message]:
    """
    Change a server's weight; 0 keeps new streams away.

    @param server: It.

    @param weight: 0 to 256.

    @param now: The monotonic clock.

    @return: Nothing, or that the backend is left without server.
    """
    server.weight = weight
    return _settle_and_hand_on(server, now)[0]


def set_maxconn(server: Server, maxconn: int) -> None:
    """
    Change how many streams a server may have, and give it streams that wait.

    @param server: It.

    @param maxconn: 0 for no limit.
    """
    server.maxconn = maxconn
    balancer = getattr(server.backend, "balancer", None)
    if balancer is not None:
        # Whether any server has a limit decides how some algorithms choose.
        balancer.update()
    if server.usable_now:
        for hook in server.backend.worker.on_server_up:
            hook(server)


def warm(server: Server, now: float) -> None:
    """
    Let a starting server (C{slowstart}) take the part that it has reached by now.

    @param server: It.

    @param now: The monotonic clock.
    """
    if server.operational is not Operational.STARTING:
        return
    worker = server.backend.worker
    worker.now = max(worker.now, now)
    length = server.description.settings.slowstart_ms / 1000
    if now - server.slowstart_from >= length:
        server.operational = Operational.RUNNING
    _settle(server, now)


def _name(server: Server) -> str:
    return f"{'Backup ' if server.backup else ''}Server {server.backend.name}/{server.name}"


def _notice(text: str) -> Message:
    return Message(Severity.WARNING, NOTICE, text)


def _lasting(server: Server) -> Admin:
    """
    Tell what of the administrative state no operator can end: that the file said C{disabled},
    which is merely remembered, and that there is no address, so that there is nothing to be ready.
    """
    lasting = server.admin & Admin.CONFIG_MAINT
    if server.sockaddr is None:
        lasting |= server.admin & Admin.RESOLUTION_MAINT
    return lasting


def _begin_anew(server: Server) -> None:
    check = server.description.settings.check
    if check.enabled:
        server.health = check.rise


def _rise(server: Server, now: float) -> None:
    if server.description.settings.slowstart_ms:
        server.operational = Operational.STARTING
        server.slowstart_from = now
    else:
        server.operational = Operational.RUNNING
    if server.down_since:
        server.downtime += now - server.down_since
        server.down_since = 0.0


def _leave_maint(server: Server, now: float, word: str) -> list[Message]:
    _begin_anew(server)
    server.last_change = now
    if server.wanted_up:
        _rise(server, now)
    messages, _ = _settle_and_hand_on(server, now)
    turn = "DOWN" if server.operational is Operational.STOPPED else "UP"
    return [_notice(f"{_name(server)} is {turn}/{word} (leaving forced maintenance)."), *messages]


def _settle_up(server: Server, now: float, what: str, reason: str) -> list[Message]:
    messages, moved = _settle_and_hand_on(server, now)
    text = f"{_name(server)} {what}{_because(reason)}. {_online(server, moved)}"
    result = [_notice(text), *messages]
    if server.admin & Admin.DRAIN:
        result.append(_notice(f"{_name(server)} remains in forced drain mode."))
    return result


def _settle_down(server: Server, now: float, what: str, reason: str) -> list[Message]:
    was_usable = server.usable_now
    server.last_change = server.down_since = now
    messages, moved = _settle_and_hand_on(server, now)
    text = f"{_name(server)} {what}{_because(reason)}. {_left(server, moved)}"
    result = [Message(Severity.WARNING, ALERT if was_usable else NOTICE, text), *messages]
    if server.admin & Admin.DRAIN:
        result.append(_notice(f"{_name(server)} remains in forced drain mode."))
    return result


def _because(reason: str) -> str:
    return f", {reason}" if reason else ""


def _left(server: Server, moved: int) -> str:
    return (
        f"{_servers(server.backend)} left.{_on_backup(server.backend)} {server.current} sessions "
        f"active, {moved} requeued, {len(server.queue)} remaining in queue."
    )


def _online(server: Server, moved: int) -> str:
    return (
        f"{_servers(server.backend)} online.{_on_backup(server.backend)} {moved} sessions "
        f"requeued, {len(server.queue)} total in queue."
    )


def _servers(backend: Backend) -> str:
    return f"{backend.active} active and {backend.backups} backup servers"


def _on_backup(backend: Backend) -> str:
    return " Running on backup." if backend.backups and not backend.active else ""


def _settle(server: Server, now: float) -> list[Message]:
    backend = server.backend
    was_usable = server.usable_now
    server.refresh_usable()
    # Not recount(): ten thousand servers that go down one by one would be counted as often.
    change = server.usable_now - was_usable
    active = backend.active + (0 if server.backup else change)
    backups = backend.backups + (change if server.backup else 0)
    messages = _note_usable(backend, active, backups, now)
    # A backend gets its balancer when the whole configuration is live.
    balancer = getattr(backend, "balancer", None)
    if balancer is not None:
        balancer.update()
    return messages


def _settle_and_hand_on(server: Server, now: float) -> tuple[list[Message], int]:
    was_usable = server.usable_now
    messages = _settle(server, now)
    worker = server.backend.worker
    moved = 0
    if not server.usable_now:
        moved = sum(hook(server) for hook in worker.on_server_down)
    elif not was_usable:
        moved = sum(hook(server) for hook in worker.on_server_up)
    return messages, moved
