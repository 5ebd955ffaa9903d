"""
The two proxies under measurement, started alike.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.system import free_port, pinned, used_cpu

PATIENCE = 20.0
COMMANDS = {
    "haproxy": [shutil.which("haproxy") or "haproxy", "-W"],
    "mwproxy": [str(Path(sys.executable).parent / "mwproxy"), "-W"],
}
#: What both get; workers of mwproxy have one thread in any case.
COMMON = """\
global
    maxconn <maxconn>
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 10m
    timeout server 10m
    timeout http-keep-alive 10m
"""


class Peer:
    """
    One started proxy. C{<port>} in its configuration is a port of its own.
    """

    def __init__(self, name: str, config: str, pin: bool = True, maxconn: int = 9000) -> None:
        self.name = name
        self._common = COMMON.replace("<maxconn>", str(maxconn))
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="mwb"))
        self.console = str(self.directory / "m.sock")
        self.file = self.directory / "proxy.cfg"
        self.configure(config)
        self._pin = pin
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, config: str) -> None:
        """Write the configuration."""
        self.file.write_text(self._common + config.replace("<port>", str(self.port)))

    def start(self) -> float:
        """Start it, wait for the first answer to a connection; the seconds that took."""
        words = [*COMMANDS[self.name], "-f", str(self.file), "-S", self.console]
        output = (self.directory / "output").open("wb")
        begun = time.monotonic()
        self._process = subprocess.Popen(
            pinned(0, words) if self._pin else words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        output.close()
        while True:
            if self._process.poll() is not None or time.monotonic() - begun > PATIENCE:
                self.stop(keep=True)
                raise SystemExit(f"{self.name} did not start:\n{self.output()}")
            with contextlib.suppress(OSError):
                self.ask()
                return time.monotonic() - begun
            time.sleep(0.002)

    def settle(self) -> None:
        """Let it do what it does after a start: mwproxy's nursery imports everything."""
        end = time.monotonic() + PATIENCE
        while self.name == "mwproxy" and time.monotonic() < end:
            if "mwproxy-nursery" in self._names():
                break
            time.sleep(0.05)
        time.sleep(1)

    def _names(self) -> set[str]:
        assert self._process is not None
        names = set()
        for each in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if each.name.isdigit() and os.getsid(int(each.name)) == self._process.pid:
                    names.add((each / "comm").read_text().strip())
        return names

    def output(self) -> str:
        """Give what it printed."""
        return (self.directory / "output").read_text("utf-8", "replace")

    def ask(self) -> bytes:
        """Ask once over a new connection; all that came back."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")
            pieces = []
            while data := sock.recv(65536):
                pieces.append(data)
        if not pieces:
            raise ConnectionResetError("no answer")
        return b"".join(pieces)

    def cli(self, command: str) -> str:
        """Run a command of the master console."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(self.console)
            sock.sendall(command.encode() + b"\n")
            sock.shutdown(socket.SHUT_WR)
            pieces = []
            with contextlib.suppress(ConnectionResetError):
                while data := sock.recv(65536):
                    pieces.append(data)
        return b"".join(pieces).decode()

    def worker_pid(self) -> int:
        """Find the current worker."""
        rows = self.cli("show proc").partition("# workers\n")[2].splitlines()
        return int(rows[0].split()[0])

    def reloads(self) -> int:
        """Tell how many reloads the master has seen; a console that is away comes back."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return int(self.cli("show proc").splitlines()[1].split()[2])
            except (OSError, IndexError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def cpu(self) -> float:
        """Tell the CPU seconds that the current worker has used."""
        return used_cpu(self.worker_pid())

    def stop(self, keep: bool = False) -> None:
        """End it and all its processes."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)


@contextlib.contextmanager
def both(config: str):  # type: ignore[no-untyped-def]
    """Start HAProxy and mwproxy with one configuration; a list of the two."""
    peers = [Peer(name, config) for name in COMMANDS]
    try:
        for peer in peers:
            peer.start()
        yield peers
    finally:
        for peer in peers:
            peer.stop()
