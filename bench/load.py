"""
Load generators, on the other CPU than the proxy.
"""

from __future__ import annotations

import re
import socket
import subprocess

from bench.system import pinned


def wrk(port: int, connections: int, seconds: int, headers: dict[str, str]) -> tuple[int, int]:
    """Ask for small answers with wrk; how many were served, how many failed."""
    words = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s"]
    for name, value in headers.items():
        words += ["-H", f"{name}: {value}"]
    done = subprocess.run(
        pinned(1, [*words, f"http://127.0.0.1:{port}/"]), capture_output=True, text=True, check=True
    )
    served = re.search(r"(\d+) requests in", done.stdout)
    assert served is not None, done.stdout
    failed = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", done.stdout
    )
    other = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    count = sum(map(int, failed.groups())) if failed else 0
    return int(served[1]), count + (int(other[1]) if other else 0)


def download(port: int, times: int) -> int:
    """Take large bodies one after the other; how many bytes came."""
    total = 0
    with socket.create_connection(("127.0.0.1", port)) as sock:
        for _ in range(times):
            sock.sendall(b"GET /large HTTP/1.1\r\nhost: bench\r\n\r\n")
            data = b""
            while b"\r\n\r\n" not in data:
                more = sock.recv(65536)
                if not more:
                    raise EOFError(data)
                data += more
            found = re.search(rb"content-length: (\d+)", data, re.I)
            assert found is not None, data
            left = int(found[1]) - len(data.partition(b"\r\n\r\n")[2])
            total += int(found[1])
            while left > 0:
                # MSG_TRUNC has the kernel drop the bytes: a client that costs little.
                count = _drop(sock, min(left, 1 << 20))
                if not count:
                    raise EOFError(f"{left} bytes are missing")
                left -= count
    return total


_BUFFER = bytearray(1 << 20)


def _drop(sock: socket.socket, most: int) -> int:
    return sock.recv_into(_BUFFER, most, socket.MSG_TRUNC)
