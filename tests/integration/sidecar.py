"""
A program for tests of C{program} sections: does what its arguments say, in their order.

C{say <text>}: print a line. C{wait <file>}: until there is such a file. C{notify}: C{READY=1}.
C{serve [<path>]}: answer each connection with the own pid, on descriptor 3 or at a path.
C{escape}: leave a process behind that has forked twice and has a session of its own.
C{deaf}: ignore what asks to go. C{flood}: print without end. C{exit <status>}.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from pathlib import Path


def escape() -> None:
    """
    Become the ancestor of a daemon.
    """
    if os.fork() == 0:  # no part of the package runs here
        os.setsid()
        if os.fork() == 0:  # likewise
            signal.pause()
        os._exit(0)
    os.wait()


def serve(path: str) -> None:
    """
    Answer connections, for ever.
    """
    if path:
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(path)
        sock.listen()
    else:
        sock = socket.socket(fileno=3)
    while True:
        with sock.accept()[0] as client, contextlib.suppress(OSError):
            client.sendall(f"{os.getpid()}\n".encode())


def main(words: list[str]) -> None:
    """
    Do it.
    """
    while words:
        word = words.pop(0)
        if word == "say":
            print(words.pop(0), flush=True)
        elif word == "wait":
            name = Path(words.pop(0))
            while not name.exists():
                time.sleep(0.005)  # likewise
        elif word == "notify":
            address = os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1)
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"READY=1", address)
        elif word == "serve":
            serve(words.pop(0) if words else "")
        elif word == "escape":
            escape()
        elif word == "deaf":
            for signum in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
                signal.signal(signum, signal.SIG_IGN)
        elif word == "flood":
            while True:
                os.write(1, b"y\n" * 4096)
        elif word == "exit":
            os._exit(int(words.pop(0)))
    while True:
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])
