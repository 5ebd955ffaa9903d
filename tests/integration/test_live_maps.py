"""
Maps and ACLs that consoles change while clients are served.
"""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path

from tests.integration.clients import PATIENCE, console
from tests.integration.harness import ProcessTestCase, Proxy

CONFIG = """
global
    stats socket <dir>/s.sock level admin
    stats timeout 1m
defaults
    mode http
    timeout client 10s
frontend web
    bind <listen:web>
    acl blocked path -f <files>/blocked
    http-request return status 403 if blocked
    http-request return status 200 content-type text/plain lf-string "%[path,map(<files>/m,none)]."
"""
MANY = 100_000


class LiveMapTests(ProcessTestCase):
    """
    Tests of live changes in a real process.
    """

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.files = Path(directory.name)

    def serve(self, entries: str) -> Proxy:
        """
        Start a proxy with a map.
        """
        (self.files / "m").write_text(entries)
        (self.files / "blocked").write_text("/never\n")
        return self.start(CONFIG, files=str(self.files))

    def say(self, proxy: Proxy, text: str) -> str:
        """
        Run a command; C{@@} stands for the map.
        """
        command = text.replace("@@", f"{self.files}/m").replace("%%", f"{self.files}/blocked")
        return console(str(proxy.directory / "s.sock"), command)

    def value(self, proxy: Proxy) -> str:
        """
        Ask for C{/a}.
        """
        return proxy.get("web", "/a").body.decode()

    def test_at_once(self) -> None:
        """
        The next request sees each change; a version takes over as a whole; a reload reads the files
        again, so that changes are lost, as in HAProxy.
        """
        proxy = self.serve("/a one\n")
        self.assertEqual(self.value(proxy), "one.")
        for command, expected in (
            ("set map @@ /a two", "two."),
            ("del map @@ /a", "none."),
            ("add map @@ /a three", "three."),
            ("prepare map @@", "three."),
            ("add map @1 @@ /a four", "three."),
            ("commit map @1 @@", "four."),
        ):
            self.say(proxy, command)
            self.assertEqual(self.value(proxy), expected, command)
        self.say(proxy, "add acl %% /a")
        self.assertEqual(proxy.get("web", "/a").status, 403)
        proxy.reload()
        self.assertEqual(self.value(proxy), "one.")

    def test_many_entries(self) -> None:
        """
        A list of a hundred thousand is sent as its reader reads: clients are served meanwhile, and
        what changes after it began does not spoil it.
        """
        proxy = self.serve("".join(f"/{number} v{number}\n" for number in range(MANY)))
        with socket.socket(socket.AF_UNIX) as reader:
            reader.settimeout(3 * PATIENCE)
            reader.connect(str(proxy.directory / "s.sock"))
            reader.sendall(f"show map {self.files}/m\n".encode())
            received = reader.recv(4096)
            self.assertEqual(proxy.get("web", "/7").body, b"v7.")
            self.say(proxy, "clear map @@")
            self.assertEqual(proxy.get("web", "/7").body, b"none.")
            while data := reader.recv(1 << 20):
                received += data
        lines = received.decode().splitlines()
        self.assertEqual(len(lines), MANY + 1)
        self.assertEqual(lines[-2].split()[1:], [f"/{MANY - 1}", f"v{MANY - 1}"])

    def test_many_changes(self) -> None:
        """
        Entries can be added and removed one by one among many, while clients are served.
        """
        proxy = self.serve("".join(f"/{number} v\n" for number in range(MANY)))
        crowd = proxy.keep_connecting("web")
        for number in range(100):
            self.say(proxy, f"add map @@ /new{number} v; add acl %% /new{number}")
            self.say(proxy, f"del map @@ /{number}")
        listed = self.say(proxy, "show map")
        tally = crowd.finish()
        self.assertIn(f"entry_cnt={MANY}\n", listed)
        self.assertEqual((tally.refused, tally.failed), (0, []))
        self.assertEqual(proxy.get("web", "/new99").status, 403)
        self.assertEqual(proxy.get("web", "/99").body, b"none.")
