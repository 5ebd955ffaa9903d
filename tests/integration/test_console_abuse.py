"""
Consoles whose clients and workers do not what they should: nothing is blocked, cut or left behind.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
from pathlib import Path

from tests.certificates import Authority
from tests.integration.clients import PATIENCE, console
from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase, Proxy

#: Many servers make long answers.
LARGE = (
    NAMED.replace("global\n", "global\n    stats timeout 1s\n    stats socket <dir>/s.sock\n")
    + "backend many\n"
    + "".join(f"    server s{number} 127.0.0.1:{number}\n" for number in range(1, 401))
)
SESSIONS = 1000
GARBAGE = (
    b"",
    b"show proc",
    b"\0\1\2\xff\xfe\n",
    b"@@1 show proc\n",
    b"@1 show stat\n",
    b"@1\nshow info\n",
    b"x" * 30000,
    b"@" * 500 + b"\n",
    b"a " * 200 + b"\n",
    b"show proc <<\nnever ends\n",
    b"\x16\x03\x01\x02\x00",
    b"@!999999999999999 show proc\n",
    "é\u2028;;;\\;\\\n".encode(),
    b"prompt\nprompt timed\n@1\n\n\n\n",
)


def descriptors(pid: int) -> int:
    """
    Count the descriptors of a process.
    """
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def at_rest(proxy: Proxy) -> int:
    """
    Count the descriptors of a master when all is there that it keeps: the worker, the nursery and a
    worker in waiting.
    """
    proxy.wait(lambda: len(proxy.processes()) >= 4)
    found = [0, 1]

    def settled() -> bool:
        found.append(descriptors(proxy.pid))
        return found[-1] == found[-2] == found[-3]

    proxy.wait(settled)
    return found[-1]


def memory(pid: int) -> int:
    """
    Tell the resident memory of a process in kB.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no such process")


class AbuseTests(ProcessTestCase):
    """
    Tests with true processes.
    """

    def connect(self, path: str) -> socket.socket:
        """
        Connect with a console.
        """
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.settimeout(3 * PATIENCE)
        sock.connect(path)
        return sock

    def ask(self, sock: socket.socket, command: str, end: bytes = b"\n\n") -> bytes:
        """
        Run a command on a connection that stays.
        """
        sock.sendall(command.encode() + b"\n")
        data = b""
        while not data.endswith(end):
            more = sock.recv(1 << 20)
            if not more:
                raise EOFError(data[-200:])
            data += more
        return data

    def test_sessions_leave_nothing(self) -> None:
        """
        A thousand connections that say nothing, half of something or garbage and vanish leave no
        descriptor and no memory behind, in the master nor in the worker.
        """
        proxy = self.start(LARGE, word="x")
        [worker] = proxy.worker_pids()

        def flood() -> None:
            for number in range(SESSIONS // 2):
                for path in (proxy.console_path, f"{proxy.directory}/s.sock"):
                    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
                        sock.settimeout(PATIENCE)
                        sock.connect(path)
                        sock.sendall(GARBAGE[number % len(GARBAGE)])
                        if number % 3 == 0:
                            sock.shutdown(socket.SHUT_WR)

        def settled() -> tuple[int, int]:
            # It comes after all the others, once there is room for it.
            def served() -> bool:
                with contextlib.suppress(BlockingIOError):
                    return "CurrConns: 0" in proxy.master_cli("@1 show info")
                return False

            proxy.wait(served)
            return descriptors(proxy.pid), descriptors(worker)

        at_rest(proxy)
        flood()
        before = settled()
        used = memory(proxy.pid), memory(worker)
        flood()
        # The last ones may be on their way out still.
        proxy.wait(lambda: all(a <= b for a, b in zip(settled(), before, strict=True)))
        for pid, was in zip((proxy.pid, worker), used, strict=True):
            self.assertLess(memory(pid) - was, 8000)
        self.assertEqual(proxy.worker_pids(), [worker])

    def test_idle(self) -> None:
        """
        A worker's own console closes connections that say nothing for C{stats timeout}, also in the
        midst of a line, and frees their places; the master's waits.
        """
        proxy = self.start(LARGE, word="x")
        path = f"{proxy.directory}/s.sock"
        held = self.connect(proxy.console_path)
        idle = [self.connect(path) for _ in range(10)]
        for number, each in enumerate(idle):
            each.sendall((b"", b"show in", b"show info <<\n")[number % 3])
        # There is no place left; it is served when they are gone.
        self.assertIn("Name: ", console(path, "show info"))
        for each in idle:
            # They may have been closed with a reset, since nobody read what they sent.
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(each.recv(10), b"")
        self.assertEqual(self.ask(held, "show cli level"), b"admin\n\n")

    def test_hundred_megabytes(self) -> None:
        """
        An answer of a hundred megabytes comes whole, takes no memory, and others are served while
        it does.
        """
        proxy = self.start(LARGE, word="x")
        [worker] = proxy.worker_pids()
        one = console(proxy.console_path, "@1 show stat")
        times = -(-100_000_000 // len(one))
        self.assertGreater(len(one), 50_000)
        used = memory(proxy.pid), memory(worker)
        sock = self.connect(proxy.console_path)
        sock.sendall(b"@1 show stat\n" * times + b"quit\n")
        size, most, asked = 0, [0, 0], 0
        while data := sock.recv(1 << 20):
            size += len(data)
            if size > asked * 10_000_000:
                asked += 1
                self.assertEqual(console(proxy.console_path, "show cli level"), "admin\n\n")
                for index, pid in enumerate((proxy.pid, worker)):
                    most[index] = max(most[index], memory(pid) - used[index])
        self.assertGreater(size, times * (len(one) - 2000))
        self.assertGreater(size, 99_000_000)
        for each in most:
            self.assertLess(each, 30_000)

    def test_worker_stops(self) -> None:
        """
        A worker that hangs holds up those who ask it something, and nobody else; they may leave
        when they want, and are told after a while.
        """
        proxy = self.start(NAMED, word="x")
        [worker] = proxy.worker_pids()
        os.kill(worker, signal.SIGSTOP)
        self.addCleanup(os.kill, worker, signal.SIGCONT)
        self.leave_early(proxy)
        asking = self.connect(proxy.console_path)
        asking.sendall(b"@1 show info\n")
        self.assertIn("# workers", proxy.master_cli("show proc"))
        # The master gives up, says so, and the session goes on.
        answer = self.ask(asking, "@master show cli level", b"admin\n\n")
        self.assertTrue(answer.endswith(b"admin\n\n"))
        self.assertNotIn(b"Pid: ", answer)
        os.kill(worker, signal.SIGCONT)
        self.assertIn(f"\nPid: {worker}\n".encode(), self.ask(asking, "@1 show info"))
        before = at_rest(proxy)
        os.kill(worker, signal.SIGSTOP)
        self.leave_early(proxy)
        os.kill(worker, signal.SIGCONT)
        proxy.wait(lambda: descriptors(proxy.pid) <= before)

    def leave_early(self, proxy: Proxy) -> None:
        """
        Ask the worker something, more often than there are places, and leave without an answer.
        """
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(proxy.console_path)
                sock.sendall(b"@1 show info\n")

    def test_worker_dies(self) -> None:
        """
        A worker that dies in the midst of an answer ends that answer; the session goes on.
        """
        text = LARGE.replace("global\n", "global\n    nbproc 2\n").replace(
            "s.sock", "s.sock process 1"
        )
        proxy = self.start(text, word="x")
        worker = proxy.worker_pids()[0]
        sock = self.connect(proxy.console_path)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(f"@@!{worker}\n".encode())
        sock.sendall(b"show stat\n" * 50)
        data = b""
        while b"pxname" not in data:
            data += sock.recv(1000)
        os.kill(worker, signal.SIGKILL)
        proxy.wait_output(r"worker #1 \(\d+\) exited")
        answer = self.ask(sock, "\n@master show cli level", b"admin\n\n")
        # Of fifty answers those are missing that the worker did not give any more.
        self.assertLess(answer.count(b"pxname"), 50)

    def test_bad_lines(self) -> None:
        """
        Each kind of bad input is answered in words, and the connection goes on: a line or a payload
        that is too long, too many words, an unknown word, garbage.
        """
        proxy = self.start(NAMED, word="x")
        sock = self.connect(proxy.console_path)
        for text, answer in (
            ("x" * 20000, b"The command is too long.\n"),
            ("a " * 65, b"Too many arguments. Commands must have at most 64 arguments.\n"),
            ("@1 " + "a " * 65, b"Too many arguments. Commands must have at most 64 arguments.\n"),
            ("@7 show info", b"Can't find the target PID matching the prefix '@7'\n"),
            ("@foo show info", b"Can't find the target PID matching the prefix '@foo'\n"),
            ("@!1 show info", b"Can't find the target PID matching the prefix '@!1'\n"),
        ):
            self.assertEqual(self.ask(sock, text, answer), answer)
            # What has come of it by then was forgotten; the rest may be taken for a command.
            self.ask(sock, "\nshow cli level", b"admin\n\n")
        self.assertIn(b"Unknown command: 'shwo proc'", self.ask(sock, "shwo proc"))
        sock.sendall(b"\xff\xfe\0\x80 x\n")
        self.assertIn(b"Unknown command: '\xff\xfe\0\x80 x'", self.ask(sock, ""))
        payload = "y" * 100 + "\n"
        sock.sendall(b"@1 echo a <<\n")
        for _ in range(200):
            sock.sendall(payload.encode())
        data = b""
        while b"The command is too long.\n" not in data:
            data += sock.recv(65536)
        # What has come by then was forgotten; nothing of what follows is part of the payload.
        self.ask(sock, "\n\nshow cli level", b"admin\n\n")

    def test_tls_sessions_leave_nothing(self) -> None:
        """
        Nor do connections to a TLS console that break off anywhere.
        """
        proxy = self.make(NAMED + "# <listen:cli>\n", word="x")
        authority = Authority(proxy.directory)
        crt = authority.write("server.pem", authority.server())
        proxy.start("-S", f"{proxy.values['listen:cli']},ssl,crt,{crt}")
        proxy.wait_ready()
        context = authority.client_context()

        def flood(times: int) -> None:
            for number in range(times):
                plain = socket.create_connection(("127.0.0.1", proxy.port("cli")), PATIENCE)
                with plain:
                    if number % 3 == 0:
                        plain.sendall(b"\x16\x03\x01\x00\xff\x01" + os.urandom(20))
                        continue
                    if number % 3 == 1:
                        plain.sendall(GARBAGE[number % len(GARBAGE)])
                        continue
                    with (
                        contextlib.suppress(OSError),
                        context.wrap_socket(plain, server_hostname="localhost") as sock,
                    ):
                        sock.sendall(GARBAGE[number % len(GARBAGE)])

        before = at_rest(proxy)
        flood(150)
        proxy.master_cli("show proc")
        used = memory(proxy.pid)
        flood(300)
        proxy.wait(lambda: descriptors(proxy.pid) <= before)
        self.assertLess(memory(proxy.pid) - used, 8000)


assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256
