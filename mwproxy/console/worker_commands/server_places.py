"""
The forms of C{set server} about where a server, its checks and its agent are.
"""

from __future__ import annotations

from mwproxy.console.dispatch import CommandError, Feedback, Invocation
from mwproxy.console.worker_commands.servers import announce
from mwproxy.live.agents import Agent
from mwproxy.live.moves import CannotMove, move, parse_ip, parse_port, place
from mwproxy.live.servers import Server

_BY = " by 'stats socket command'"


def set_addr(invocation: Invocation, server: Server) -> Feedback:
    """
    C{set server … addr <ip> [port <port>]}: change where traffic goes, and health checks that have
    no place of their own.

    @param invocation: The command.

    @param server: The server.

    @return: What changed.

    @raise CommandError: Address or port are none.
    """
    host = invocation.argument(2)
    if not host:
        raise CommandError(_requires("addr"))
    port = invocation.argument(4) if invocation.argument(3) == "port" else None
    try:
        changed, messages = move(server, host, port, invocation.subject.now)
    except CannotMove as error:
        raise CommandError(str(error)) from None
    announce(server, messages)
    return Feedback(f"{changed}{_BY}" if changed else "nothing changed")


def set_check_addr(invocation: Invocation, server: Server) -> None:
    """
    C{set server … check-addr <ip> [port <port>]}: change where health checks connect.

    @param invocation: The command.

    @param server: The server.

    @raise CommandError: Address or port are none, or there are no health checks.
    """
    host = invocation.argument(2)
    if not host:
        raise CommandError(_requires("check-addr"))
    _need_checks(server)
    ip, port = _place(invocation, host)
    server.check_sockaddr, server.check_family = place(ip, 0)
    if port is not None:
        server.check_port = port


def set_check_port(invocation: Invocation, server: Server) -> None:
    """
    C{set server … check-port <port>}: change the port of health checks.

    @param invocation: The command.

    @param server: The server.

    @raise CommandError: The port is none, or there are no health checks.
    """
    if not invocation.argument(2):
        raise CommandError("set server <b>/<s> check-port requires a port.")
    _need_checks(server)
    server.check_port = _port(invocation.argument(2))


def set_agent_addr(invocation: Invocation, server: Server) -> None:
    """
    C{set server … agent-addr <ip> [port <port>]}: change where the agent is asked.

    @param invocation: The command.

    @param server: The server.

    @raise CommandError: Address or port are none, or there is no agent check.
    """
    host = invocation.argument(2)
    if not host:
        raise CommandError(_requires("agent-addr"))
    agent = _need_agent(server)
    ip, port = _place(invocation, host)
    agent.move(ip)
    if port is not None:
        agent.port = port


def set_agent_port(invocation: Invocation, server: Server) -> None:
    """
    C{set server … agent-port <port>}: change the agent's port.

    @param invocation: The command.

    @param server: The server.

    @raise CommandError: The port is none, or there is no agent check.
    """
    if not invocation.argument(2):
        raise CommandError("set server <b>/<s> agent-port requires a port.")
    _need_agent(server).port = _port(invocation.argument(2))


def set_agent_send(invocation: Invocation, server: Server) -> None:
    """
    C{set server … agent-send <text>}: change what the agent is told. There is no way to write a
    line feed, as in HAProxy.

    @param invocation: The command.

    @param server: The server.

    @raise CommandError: There is no agent check.
    """
    if server.agent is None or not server.agent.enabled:
        raise CommandError("agent checks are not enabled on this server.")
    server.agent.send = invocation.argument(2).encode("utf-8", "surrogateescape")


def _requires(form: str) -> str:
    return f"set server <b>/<s> {form} requires an address and optionally a port."


def _need_checks(server: Server) -> None:
    if not server.checked:
        raise CommandError("health checks are not enabled on this server")


def _need_agent(server: Server) -> Agent:
    if server.agent is None or not server.agent.enabled:
        raise CommandError("agent checks are not enabled on this server")
    return server.agent


def _place(invocation: Invocation, host: str) -> tuple[str, int | None]:
    ip = parse_ip(host)
    if ip is None:
        raise CommandError(f"invalid addr '{host}'")
    if invocation.argument(3) != "port":
        return ip, None
    return ip, _port(invocation.argument(4))


def _port(text: str) -> int:
    try:
        return parse_port(text)
    except CannotMove as error:
        raise CommandError(str(error)) from None
