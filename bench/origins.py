"""
Origins behind the proxies, on the load generator's CPU.

`python -m bench.origins large PORT SIZE` is the sender of large bodies.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench.peers import COMMANDS
from bench.system import free_port, pinned

SMALL = """\
global
    maxconn 9000
    nbthread 1
defaults
    mode http
    timeout client 10m
    timeout http-keep-alive 10m
frontend origin
    bind 127.0.0.1:<port> backlog 4096
    http-request return status 200 content-type text/plain string "hello world."
"""


@contextlib.contextmanager
def small() -> Iterator[int]:
    """Run a HAProxy that answers 12 bytes to everything; its port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mwb") as directory:
        file = Path(directory) / "origin.cfg"
        file.write_text(SMALL.replace("<port>", str(port)))
        command = pinned(1, [COMMANDS["haproxy"][0], "-db", "-f", str(file)])
        with _running(command, port):
            yield port


@contextlib.contextmanager
def large(size: int) -> Iterator[int]:
    """Run a server that has a body of that size at /large; its port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.origins", "large", str(port), str(size)]
    with _running(pinned(1, command), port):
        yield port


@contextlib.contextmanager
def log_sink() -> Iterator[int]:
    """Run a reader of datagrams that forgets them; its port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.origins", "sink", str(port), "0"]
    process = subprocess.Popen(pinned(1, command), stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            if time.monotonic() > end or process.poll() is not None:
                raise SystemExit(f"the origin did not start: {command}")
            time.sleep(0.01)
        yield
    finally:
        process.terminate()
        process.wait()


def _serve_large(port: int, size: int) -> None:
    file = os.memfd_create("body")
    os.truncate(file, size)
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size
    listener = socket.create_server(("127.0.0.1", port), backlog=128)

    def serve(sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            while asked := sock.recv(65536):
                if not asked.startswith(b"GET /large "):
                    sock.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nsmall")
                    return
                sock.sendall(head, socket.MSG_MORE)
                sent = 0
                while sent < size:
                    sent += os.sendfile(sock.fileno(), file, sent, size - sent)

    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


def _serve_sink(port: int) -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", port))
    print("ready", flush=True)
    buffer = bytearray(65536)
    while True:
        sock.recv_into(buffer)


if __name__ == "__main__":
    if sys.argv[1] == "large":
        _serve_large(int(sys.argv[2]), int(sys.argv[3]))
    else:
        _serve_sink(int(sys.argv[2]))
