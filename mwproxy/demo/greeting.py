"""
What the quickstart says once it runs: five commands worth trying next.
"""

from __future__ import annotations

from collections.abc import Mapping


def greeting(environ: Mapping[str, str]) -> str:
    """
    Write the five commands, with the ports and the console that are in use.

    @param environ: C{PORT} and C{TCP_PORT} as in C{doc/examples/quickstart.cfg}, and
        C{HAPROXY_MASTER_CLI} as programs get it from their master.

    @return: The text, with a line feed at its end.
    """
    port = environ.get("PORT", "8080")
    tcp_port = environ.get("TCP_PORT", "8081")
    console = environ.get("HAPROXY_MASTER_CLI", "").partition(";")[0]
    socket = console.removeprefix("unix@") if console.startswith("unix@") else "run/master.sock"
    commands = (
        (f"curl http://127.0.0.1:{port}/", "one of two servers answers, in turn"),
        (f"curl http://127.0.0.1:{port}/api/echo", "routed by path; what the server received"),
        (f"curl http://127.0.0.1:{tcp_port}/bytes/20", "the same servers behind a TCP frontend"),
        (f"echo 'show proc' | socat - unix:{socket}", "master, workers and programs"),
        (f"echo reload | socat - unix:{socket}", "after a change of the file: nothing is lost"),
    )
    width = max(len(command) for command, _ in commands)
    lines = [f"  {command:{width}}   # {meaning}" for command, meaning in commands]
    return "\n".join(["mwproxy is ready. Five things to try next:", *lines, ""])
