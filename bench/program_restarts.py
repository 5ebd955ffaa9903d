"""
Program restarts under load: C{python -m bench.program_restarts [<number>]}.

A program is the only server of a proxy. It is replaced again and again, by reloads
(C{ready notify}, C{listen-on}) and by SIGTERM (C{restart always}), while clients ask all the time.
Each request has to be answered by an instance of the program.

C{python -m bench.program_restarts spoe [<number>]}: the program is an SPOE agent that is asked
about each request, C{failure wait}. Each request has to be decided by an instance of it.
C{python -m bench.program_restarts kill [<number>]}: the same with SIGKILL in place of SIGTERM.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

CLIENTS = 8
CONFIG = """\
global
    master-worker
program side
    command {python} -m bench.program_restarts serve
    listen-on unix@{directory}/s
    restart always backoff 1ms:5ms
    ready notify
    stop-timeout 10s
    no option keep-unchanged
listen web
    bind fd@{fd}
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    server side unix@{directory}/s
"""

SPOE_CONFIG = """\
global
    master-worker
program side
    command {python} -m mwproxy spoa --quiet {directory}/side.py
    listen-on unix@{directory}/s
    restart always backoff 1ms:5ms
    ready notify
    stop-timeout 10s
    no option keep-unchanged
listen web
    bind fd@{fd}
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    filter spoe engine side config {directory}/side.spoe
    http-request return status 200 content-type text/plain lf-string "%[var(txn.side.pid)]"
backend agents
    mode spop
    timeout connect 5s
    timeout server 10m
    server side unix@{directory}/s
"""
SPOE = """\
[side]
spoe-agent side
    messages asked
    timeout hello 5s
    timeout idle 1m
    timeout processing 10s
    use-backend agents
spoe-message asked
    args path=path
    event on-frontend-http-request
    failure wait
"""
AGENT = """\
import os
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent
agent = Agent()
@agent.message("asked")
def asked(path: str) -> object:
    return set_var("txn", "pid", os.getpid())
"""


def serve() -> None:
    """
    Be the program: answer each connection once, finish what was begun when asked to go.
    """
    leaving: list[int] = []
    for signum in (signal.SIGUSR1, signal.SIGTERM):
        signal.signal(signum, lambda *told: leaving.append(1))  # a program
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    sock = socket.socket(fileno=3)
    address = os.environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(b"READY=1", address)
    while not leaving:
        readable = select.select([sock.fileno(), reading], [], [])[0]
        if sock.fileno() in readable and not leaving:
            # Another instance may have been quicker.
            sock.setblocking(False)
            try:
                client = sock.accept()[0]
            except BlockingIOError:
                continue
            client.setblocking(True)
            with client:
                data = b""
                while b"\r\n\r\n" not in data and (more := client.recv(4096)):
                    data += more
                body = f"{os.getpid()}\n".encode()
                head = (
                    f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                client.sendall(head.encode() + body)


class Client(threading.Thread):
    """
    Asks until it is told to stop.

    @ivar answers: How many requests each instance has answered.

    @ivar wrong: What else came back.

    @ivar longest: Seconds that the slowest answer took.
    """

    def __init__(self, port: int, over: threading.Event) -> None:
        super().__init__()
        self.answers: dict[bytes, int] = {}
        self.wrong: list[str] = []
        self.longest = 0.0
        self._port = port
        self._over = over

    def run(self) -> None:
        """
        Ask.
        """
        while not self._over.is_set():
            begun = time.monotonic()
            try:
                with socket.create_connection(("127.0.0.1", self._port), 15) as sock:
                    sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    answer = b"".join(iter(lambda: sock.recv(65536), b""))
            except OSError as error:
                self.wrong.append(str(error))
                continue
            self.longest = max(self.longest, time.monotonic() - begun)
            head, _, body = answer.partition(b"\r\n\r\n")
            if head.startswith(b"HTTP/1.1 200 ") and body.strip().isdigit():
                self.answers[body.strip()] = self.answers.get(body.strip(), 0) + 1
            else:
                self.wrong.append(repr(answer[:60]))


def measure(number: int, config: str = CONFIG, signum: int = signal.SIGTERM) -> int:
    """
    Replace the program so often, half by reloads and half by signals.

    @param signum: The signal.

    @return: An exit status.
    """
    from tests.integration.clients import console
    from tests.integration.harness import Proxy

    over = threading.Event()
    proxy = Proxy()
    try:
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "side.py").write_text(AGENT)
            Path(directory, "side.spoe").write_text(SPOE)
            proxy.configure(
                config.replace("fd@{fd}", "<listen:web>").format(
                    python=sys.executable, directory=directory
                )
            )
            proxy.start()
            proxy.wait_ready()
            clients = [Client(proxy.port("web"), over) for _ in range(CLIENTS)]
            for each in clients:
                each.start()
            done = {"reload": 0, "signal": 0}
            for count in range(number):
                if count % 2:
                    answer = console(proxy.console_path, "reload")
                    done["reload"] += answer.startswith("Success=1")
                    continue
                (row,) = (row for row in proxy.rows()["programs"] if row[1] == "side")
                os.kill(int(row[0]), signum)  # as an operator does
                proxy.wait_output(r"Program 'side' \(\d+\) is ready", times=count + 2)
                done["signal"] += 1
            over.set()
            for each in clients:
                each.join()
            wrong = [text for each in clients for text in each.wrong]
            total = sum(sum(each.answers.values()) for each in clients)
            instances = {pid for each in clients for pid in each.answers}
            print(f"restarts: {done}, requests answered: {total} by {len(instances)} instances")
            print(f"longest answer: {max(each.longest for each in clients) * 1000:.0f} ms")
            print(f"not answered: {len(wrong)} {sorted(set(wrong))[:5]}")
            status = proxy.stop()
            return int(bool(wrong) or status != 0 or sum(done.values()) != number)
    finally:
        over.set()
        proxy.clean_up()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        words = sys.argv[1:]
        kind = words.pop(0) if words[:1] in (["spoe"], ["kill"]) else ""
        sys.exit(
            measure(
                int(words[0]) if words else 100,
                SPOE_CONFIG if kind else CONFIG,
                signal.SIGKILL if kind == "kill" else signal.SIGTERM,
            )
        )
