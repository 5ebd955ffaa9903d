"""
Instances whose listeners are paused (SIGTTOU): whoever comes to serve meanwhile is paused as well.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

from tests.integration.clients import fetch
from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase, Proxy

#: A port of its own, which is released; and one that was inherited, which keeps who waits.
CONFIG = (
    NAMED.replace("no-exit-on-failure", "respawn")
    + """\
    bind 127.0.0.1:<port>
"""
)


class PausedTests(ProcessTestCase):
    """
    Tests of a master with SIGTTOU and SIGTTIN.
    """

    def setUp(self) -> None:
        # Ours, though nobody listens: proxies share it.
        reserved = self.bound(0)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.port: int = reserved.getsockname()[1]

    def bound(self, port: int) -> socket.socket:
        """
        Bind a socket that shares its port with those who do not listen.
        """
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        return sock

    def pause(self, text: str = CONFIG) -> Proxy:
        """
        Start with a configuration, and pause it.
        """
        proxy = self.start(text, word="one", port=str(self.port))
        self.assertEqual(fetch(self.port).body, b"one")
        proxy.signal(signal.SIGTTOU)
        proxy.wait_output("Paused frontend web")
        self.assert_refused()
        return proxy

    def assert_refused(self) -> None:
        """
        Assert that nobody listens.
        """
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.port)).close()

    def knock_on(self, accepted: list[str], stop: threading.Event) -> None:
        """
        Connect again and again, and note whenever somebody listens.
        """
        while not stop.is_set():
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                accepted.append("accepted")
            except ConnectionRefusedError:
                continue

    def knock(self, proxy: Proxy) -> socket.socket:
        """
        Connect to the inherited socket, and ask.
        """
        client = socket.create_connection(("127.0.0.1", proxy.port("web")))
        self.addCleanup(client.close)
        client.settimeout(20)
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return client

    def resume(self, proxy: Proxy, waiting: socket.socket, word: bytes) -> None:
        """
        Resume; who waited is served by the one that serves now, and so is who comes.
        """
        waiting.setblocking(False)
        with self.assertRaises(BlockingIOError):
            waiting.recv(1)
        waiting.settimeout(20)
        proxy.signal(signal.SIGTTIN)
        with waiting.makefile("rb") as answer:
            self.assertTrue(answer.read().endswith(word))
        self.assertEqual(fetch(self.port).body, word)

    def test_reload(self) -> None:
        """
        A reload that succeeds leaves the instance paused: the new worker says so, nobody is
        accepted, and at SIGTTIN it serves.
        """
        proxy = self.pause()
        waiting = self.knock(proxy)
        proxy.configure(CONFIG, word="two")
        answer = proxy.reload()
        self.assertIn("Success=1", answer)
        self.assertIn("Paused frontend web.", answer)
        self.assert_refused()
        self.resume(proxy, waiting, b"two")

    def test_new_port(self) -> None:
        """
        A port that the new configuration adds does not listen either, at no moment of the reload.
        """
        proxy = self.start(NAMED, word="one")
        proxy.signal(signal.SIGTTOU)
        proxy.wait_output("Paused frontend web")
        proxy.configure(CONFIG, port=str(self.port))
        stop = threading.Event()
        accepted: list[str] = []
        knocking = threading.Thread(target=self.knock_on, args=(accepted, stop))
        knocking.start()
        self.assertIn("Success=1", proxy.reload())
        stop.set()
        knocking.join()
        self.assertEqual(accepted, [])
        self.assert_refused()
        proxy.signal(signal.SIGTTIN)
        proxy.wait_output("Resumed frontend web")
        self.assertEqual(fetch(self.port).body, b"one")

    def test_respawn(self) -> None:
        """
        A worker that takes the place of a dead one is paused as that was.
        """
        proxy = self.pause()
        waiting = self.knock(proxy)
        os.kill(proxy.worker_pids()[0], signal.SIGKILL)
        proxy.wait_output("serves in place of the dead one")
        self.assert_refused()
        self.resume(proxy, waiting, b"one")

    def test_worker_alone(self) -> None:
        """
        A worker that was signaled itself is replaced by one that is paused too; the replacement
        can be told itself to go on.
        """
        proxy = self.start(CONFIG, word="one", port=str(self.port))
        (worker,) = proxy.worker_pids()
        os.kill(worker, signal.SIGTTOU)
        proxy.wait_output("Paused frontend web")
        os.kill(worker, signal.SIGKILL)
        proxy.wait_output("serves in place of the dead one")
        self.assert_refused()
        os.kill(proxy.worker_pids()[0], signal.SIGTTIN)
        proxy.wait_output("Resumed frontend web")
        self.assertEqual(fetch(self.port).body, b"one")
        self.assertIn("Success=1", proxy.reload())
        self.assertEqual(fetch(self.port).body, b"one")

    def test_upgrade(self) -> None:
        """
        The master that takes over in place knows that the instance is paused.
        """
        text = CONFIG.replace("respawn", "re-exec always")
        proxy = self.pause(text)
        waiting = self.knock(proxy)
        proxy.configure(text, word="two")
        self.assertIn("Success=1", proxy.reload())
        self.assert_refused()
        self.resume(proxy, waiting, b"two")

    def test_somebody_else(self) -> None:
        """
        While another process has the port SIGTTIN says so, and a reload succeeds without it; once
        that process is gone SIGTTIN takes the port back.
        """
        text = CONFIG.replace("global\n", "global\n    noreuseport\n")
        proxy = self.pause(text)
        other = self.bound(self.port)
        other.listen()
        proxy.signal(signal.SIGTTIN)
        proxy.wait_output("refused to resume")
        self.assertIn("Success=1", proxy.reload())
        before = self.spent(proxy.worker_pids()[0])
        for _ in range(3):
            self.assertEqual(proxy.get("web").body, b"one")
        self.assertLess(self.spent(proxy.worker_pids()[0]) - before, 30)
        other.close()
        proxy.signal(signal.SIGTTIN)
        proxy.wait_output("Resumed frontend web", times=2)
        self.assertEqual(fetch(self.port).body, b"one")

    def test_one_of_several(self) -> None:
        """
        When one of two workers releases the port they share, the other does not spin, and both
        serve again at SIGTTIN.
        """
        text = CONFIG.replace("global\n", "global\n    nbproc 2\n")
        proxy = self.start(text, word="one", port=str(self.port))
        first, second = proxy.worker_pids()
        os.kill(first, signal.SIGTTOU)
        proxy.wait_output("Paused frontend web")
        # Time passes: the kernel would tell it again and again that the socket hung up.
        before = self.spent(second)
        began = time.monotonic()
        while time.monotonic() < began + 1:
            self.assertIn(f"Pid: {second}", proxy.master_cli("@2 show info"))
            time.sleep(0.25)
        self.assertLess(self.spent(second) - before, 50)
        os.kill(first, signal.SIGTTIN)
        proxy.wait_output("Resumed frontend web")
        self.assertEqual(fetch(self.port).body, b"one")
        # The other one has noticed, too.
        os.kill(first, signal.SIGSTOP)
        self.assertEqual(fetch(self.port).body, b"one")

    def spent(self, pid: int) -> int:
        """
        Tell the processor time of a process in ticks of 10 ms.
        """
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
