"""
What the examples say once they run: commands worth trying next.
"""

from __future__ import annotations

from collections.abc import Mapping

#: The examples that greet: C{doc/examples/<name>.cfg}.
GREETINGS = ("quickstart", "spoa")


def greeting(environ: Mapping[str, str], example: str = "quickstart") -> str:
    """
    Write the commands, with the ports and the console that are in use.

    @param environ: C{PORT} and C{TCP_PORT} as in the example, and C{HAPROXY_MASTER_CLI} as programs
        get it from their master.

    @param example: One of L{GREETINGS}.

    @return: The text, with a line feed at its end.
    """
    port = environ.get("PORT", "8080")
    console = environ.get("HAPROXY_MASTER_CLI", "").partition(";")[0]
    socket = console.removeprefix("unix@") if console.startswith("unix@") else "run/master.sock"
    if example == "spoa":
        commands = _spoa(port, socket)
    else:
        commands = _quickstart(port, environ.get("TCP_PORT", "8081"), socket)
    width = max(len(command) for command, _ in commands)
    lines = [f"  {command:{width}}   # {meaning}" for command, meaning in commands]
    return "\n".join([f"mwproxy is ready. {_COUNTS[len(lines)]} things to try next:", *lines, ""])


_COUNTS = {5: "Five", 6: "Six"}


def _quickstart(port: str, tcp_port: str, socket: str) -> tuple[tuple[str, str], ...]:
    return (
        (f"curl http://127.0.0.1:{port}/", "one of two servers answers, in turn"),
        (f"curl http://127.0.0.1:{port}/api/echo", "routed by path; what the server received"),
        (f"curl http://127.0.0.1:{tcp_port}/bytes/20", "the same servers behind a TCP frontend"),
        (f"echo 'show proc' | socat - unix:{socket}", "master, workers and programs"),
        (f"echo reload | socat - unix:{socket}", "after a change of the file: nothing is lost"),
    )


def _spoa(port: str, socket: str) -> tuple[tuple[str, str], ...]:
    return (
        (f"curl -i http://127.0.0.1:{port}/private", "the agent denies it"),
        (f"curl -i -H 'x-key: sesame' http://127.0.0.1:{port}/private", "and lets it pass"),
        (f"curl http://127.0.0.1:{port}/echo", "tagged: x-visitor is what the agent has set"),
        (f"curl -i http://127.0.0.1:{port}/news", "routed to server b"),
        (f"echo '@1 show spoe' | socat - unix:{socket}", "what the engine does with its agent"),
        (f"echo reload | socat - unix:{socket}", "another agent, no request undecided"),
    )
