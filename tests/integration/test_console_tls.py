"""
Consoles over TLS, with true clients.
"""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import sys
from pathlib import Path

from tests.certificates import Authority
from tests.integration.clients import PATIENCE, console, exchange
from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase, Proxy
from tests.integration.tls_clients import TlsConsole, tls_console

#: The comment has the test bind the port.
CONFIG = NAMED + "# <listen:cli>\n"
REPLACED = CONFIG.replace("global\n", "global\n    master-worker re-exec always\n")
DAY = datetime.timedelta(days=1)
MEN = "ca-file,{ca},verify,optional,level-cert,CN=ops*:admin,level-cert,O=Guests:user"


class TlsTestCase(ProcessTestCase):
    """
    What the tests have in common.
    """

    def prepare(self, config: str = CONFIG) -> Proxy:
        """
        Make certificates and a proxy, not started.
        """
        proxy = self.make(config, word="x")
        self.authority = Authority(proxy.directory)
        self.crt = self.authority.write("server.pem", self.authority.server())
        self.trusting = self.authority.client_context()
        return proxy

    def option(self, proxy: Proxy, words: str = MEN) -> str:
        """
        Write the C{-S} of a console over TLS whose level is operator.
        """
        words = words.format(ca=self.authority.path)
        return f"{proxy.values['listen:cli']},level,operator,ssl,crt,{self.crt},{words}"

    def begin(self, config: str = CONFIG, words: str = MEN) -> Proxy:
        """
        Start a proxy with such a console.
        """
        proxy = self.prepare(config)
        proxy.start("-S", self.option(proxy, words))
        proxy.wait_ready()
        self.port = proxy.port("cli")
        return proxy

    def client(self, name: str, **more: datetime.timedelta | str) -> ssl.SSLContext:
        """
        Make a client with a certificate.
        """
        identity = self.authority.sign(name, **more)  # type: ignore[arg-type]  # as given
        return self.authority.client_context(self.authority.write(f"{name}.pem", identity))

    def run_commands(self, commands: str, context: ssl.SSLContext | None = None) -> str:
        """
        Run commands as a client.
        """
        return tls_console(self.port, context or self.trusting, commands)


class TlsTests(TlsTestCase):
    """
    Tests of connections.
    """

    def test_commands(self) -> None:
        """
        The console works as over a UNIX socket: lists, targets, sessions in a worker, payloads.
        """
        proxy = self.begin()
        [worker] = proxy.worker_pids()
        client = TlsConsole(self.port, self.trusting)
        self.addCleanup(client.close)
        self.assertEqual(client.ask("show cli level"), "operator\n\n")
        self.assertIn(f"\nPid: {worker}\n", client.ask("@1 show info"))
        self.assertEqual(client.ask("echo a <<\nsecret\n"), "a\n\n")
        client.sock.sendall(b"echo b;quit\n")
        self.assertEqual(client.rest(), "b\n\n")

    def test_input_behind_a_session(self) -> None:
        """
        What comes before a session in a worker has ended, and is not for it, is executed then.
        """
        proxy = self.begin()
        [worker] = proxy.worker_pids()
        client = TlsConsole(self.port, self.trusting)
        self.addCleanup(client.close)
        lines = (
            f"@@!{worker} show cli level;echo a",
            "echo b",
            f"@@!{worker}",
            "show cli level",
            "quit;echo c",
            "show cli level",
            "quit",
        )
        client.sock.sendall("".join(f"{line}\n" for line in lines).encode())
        self.assertEqual(client.rest(), "operator\n\na\n\nb\n\n\noperator\n\nc\n\noperator\n\n")

    def test_levels_by_certificate(self) -> None:
        """
        A name in the certificate raises or lowers the level, in the worker too; without one, and
        without certificate, the socket's level holds.
        """
        self.begin()
        asked = "show cli level;@1 show cli level"
        for context, level in (
            (self.client("ops-anna"), "admin"),
            (self.client("eve", organization="Guests"), "user"),
            (self.client("bob"), "operator"),
            (self.trusting, "operator"),
        ):
            self.assertEqual(self.run_commands(asked, context), f"{level}\n\n" * 2)

    def test_user_cannot_reload(self) -> None:
        """
        A client whose certificate makes it a user does not reload, nor gets its level back.
        """
        proxy = self.begin()
        guest = self.client("eve", organization="Guests")
        client = TlsConsole(self.port, guest)
        self.addCleanup(client.close)
        for command in ("reload", "hard-reload", "@master reload", "@0 reload", "reload <<\n"):
            self.assertEqual(client.ask(command), "Permission denied\n\n")
        self.assertEqual(client.ask("operator", "\n"), "Permission denied!\n")
        self.assertEqual(client.ask("reload"), "Permission denied\n\n")
        self.assertEqual(proxy.rows()["master"][0][2], "0")

    def test_reload(self) -> None:
        """
        A reload over TLS is answered with its result, then the connection is closed in order;
        others stay.
        """
        self.begin()
        other = TlsConsole(self.port, self.trusting)
        self.addCleanup(other.close)
        asking = TlsConsole(self.port, self.trusting)
        self.addCleanup(asking.close)
        asking.sock.sendall(b"reload\n")
        self.assertTrue(asking.rest().startswith("Success=1\n--\n"))
        self.assertEqual(other.ask("show cli level"), "operator\n\n")

    def test_master_is_replaced(self) -> None:
        """
        When a reload replaces the master, the one who asked is answered, all others stay with level
        and prompt, and the process that keeps their TLS ends with them.
        """
        proxy = self.begin(REPLACED)
        other = TlsConsole(self.port, self.client("ops-anna"))
        self.addCleanup(other.close)
        self.assertEqual(other.ask("prompt", "> "), "master> ")
        asking = TlsConsole(self.port, self.trusting)
        self.addCleanup(asking.close)
        asking.sock.sendall(b"reload\n")
        self.assertTrue(asking.rest().startswith("Success=1\n--\n"))
        self.assertIn("takes over from version", proxy.output)
        self.assertEqual(other.ask("show cli level", "> "), "admin\n\nmaster> ")
        # Once more, with the old connections and new ones.
        self.assertTrue(self.run_commands("reload").startswith("Success=1\n--\n"))
        self.assertEqual(other.ask("show cli level", "> "), "admin\n\nmaster> ")
        other.close()
        # One for each replacement was there.
        proxy.wait(lambda: not self.aside(proxy))
        self.assertRegex(proxy.output, r'audit: peer=127\S+ .* command="reload" result="Success=1"')

    def aside(self, proxy: Proxy) -> list[int]:
        """
        List the processes that keep TLS connections.
        """
        found = []
        for pid in proxy.processes():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == "mwproxy-aside":
                    found.append(pid)
        return found

    def test_nothing_left(self) -> None:
        """
        Stopping ends everything, processes that keep TLS connections included.
        """
        proxy = self.begin(REPLACED)
        other = TlsConsole(self.port, self.trusting)
        self.addCleanup(other.close)
        proxy.reload()
        self.assertEqual(len(self.aside(proxy)), 1)
        self.assertEqual(proxy.stop(), 0)
        self.assertEqual(other.rest(), "")
        self.assert_no_orphans(proxy)

    def test_files_are_read_again(self) -> None:
        """
        A reload takes a new certificate for new connections; one that is broken fails the reload,
        and the former one stays.
        """
        proxy = self.begin()
        held = TlsConsole(self.port, self.trusting)
        self.addCleanup(held.close)
        other = self.authority.server()
        self.authority.write("server.pem", other)
        self.assertTrue(proxy.reload().startswith("Success=1"))
        self.assertEqual(held.ask("show cli level"), "operator\n\n")
        new = TlsConsole(self.port, self.trusting)
        self.addCleanup(new.close)
        self.assertNotEqual(new.certificate, held.certificate)
        (proxy.directory / "server.pem").write_bytes(other.certificate_pem)
        answer = proxy.reload()
        self.assertTrue(answer.startswith("Success=0"))
        self.assertIn("No Private Key found in", answer)
        again = TlsConsole(self.port, self.trusting)
        self.addCleanup(again.close)
        self.assertEqual(again.certificate, new.certificate)
        self.authority.write("server.pem", other)
        self.assertTrue(proxy.reload().startswith("Success=1"))

    def test_stats_socket(self) -> None:
        """
        A worker's own console speaks TLS too, with levels by certificate; a broken certificate
        fails the load.
        """
        text = (
            "global\n    stats socket <listen:stats> ssl crt <dir>/server.pem ca-file <ca> "
            "verify required level-cert CN=ops*:admin\n"
        )
        proxy = self.prepare()
        proxy.configure(CONFIG.replace("global\n", text), ca=str(self.authority.path))
        proxy.start()
        proxy.wait_ready()
        self.port = proxy.port("stats")
        self.assertEqual(self.run_commands("show cli level", self.client("ops")), "admin\n\n")
        self.assertEqual(self.run_commands("show cli level", self.client("bob")), "operator\n\n")
        self.assertRaises(ssl.SSLError, self.run_commands, "show cli level")
        (proxy.directory / "server.pem").write_bytes(b"junk")
        answer = proxy.reload()
        self.assertTrue(answer.startswith("Success=0"))
        self.assertIn("unable to load certificate from file", answer)
        self.assertEqual(self.run_commands("show cli level", self.client("bob")), "operator\n\n")


class StartTests(TlsTestCase):
    """
    Tests of starts that must fail.
    """

    def refused(self, words: str) -> str:
        """
        Start with some words on C{-S}.

        @return: What it said.
        """
        proxy = self.prepare()
        if "old" in words:
            old = self.authority.server(begins=-2 * DAY, ends=-DAY)
            self.authority.write("old.pem", old)
        spec = f"{proxy.directory}/t.sock,ssl,{words.replace('<dir>', str(proxy.directory))}"
        proxy.start("-S", spec)
        self.assertEqual(proxy.wait_exit(), 1)
        self.assertNotIn("Traceback", proxy.output)
        self.assertIn("Can't create the master's CLI.", proxy.output)
        self.assertFalse((proxy.directory / "t.sock").exists())
        return proxy.output

    def test_refused(self) -> None:
        """
        Files that are missing, broken or out of their time and words that cannot be honored end the
        start with status 1, a message that names them, and nothing left behind.
        """
        for words, message in (
            ("crt,<dir>/no.pem", "unable to load SSL certificate from file"),
            ("crt,<dir>/proxy.cfg", "unable to load certificate from file"),
            ("crt,<dir>/Test-CA.pem", "No Private Key found in"),
            ("crt,<dir>/old.pem", "has expired on"),
            ("crt,<dir>/server.pem,crt-list,x", "'crt-list' : not available on consoles"),
            ("crt,<dir>/server.pem,ciphers,NONSENSE", "'ciphers' : unable to set 'NONSENSE'"),
        ):
            self.assertIn(message, self.refused(words))


class CheckTests(TlsTestCase):
    """
    Tests of C{-c}.
    """

    def check(self, proxy: Proxy) -> tuple[int, str]:
        """
        Check the configuration.

        @return: The status, and what was said.
        """
        proxy.command = [sys.executable, "-m", "mwproxy", "-c"]
        proxy.start()
        return proxy.wait_exit(), proxy.output

    def test_files_of_a_worker(self) -> None:
        """
        A check of the configuration reads the TLS files of C{stats socket} too: a service manager
        checks before it reloads.
        """
        text = "global\n    stats socket <dir>/s.sock ssl crt <dir>/server.pem\n"
        for good in (True, False):
            proxy = self.prepare()
            proxy.configure(CONFIG.replace("global\n", text))
            if not good:
                (proxy.directory / "server.pem").write_bytes(b"junk")
            status, output = self.check(proxy)
            self.assertEqual(status, 0 if good else 1)
            self.assertNotIn("Traceback", output)
            self.assertEqual("unable to load certificate from file" in output, not good)


class BadClientTests(TlsTestCase):
    """
    Tests of clients that do not what they should.
    """

    def test_expired_client(self) -> None:
        """
        A client with an expired certificate is told by TLS, and noted in the audit; the console
        goes on.
        """
        proxy = self.begin()
        late = self.client("ops-late", begins=-2 * DAY, ends=-DAY)
        with self.assertRaises(ssl.SSLError) as caught:
            self.run_commands("show cli level", late)
        self.assertIn("CERTIFICATE_EXPIRED", str(caught.exception))
        proxy.wait_output(r"audit: peer=127\S+ .*/CN=ops-late is refused: it has expired")
        self.assertEqual(self.run_commands("show cli level"), "operator\n\n")

    def test_plain_text(self) -> None:
        """
        Plain text on a TLS console is answered in plain text; what is neither, too.
        """
        self.begin()
        for data in (b"show proc\n", b"\0\xff\n", b"GET / HTTP/1.1\r\n\r\n"):
            self.assertIn(b"This console speaks TLS only.", exchange(self.port, data))
        self.assertEqual(exchange(self.port, b""), b"")

    def test_tls_to_plain(self) -> None:
        """
        TLS on a plain console ends at once, and the client's library says so.
        """
        proxy = self.prepare()
        proxy.start("-S", proxy.values["listen:cli"])
        proxy.wait_ready()
        with self.assertRaises(ssl.SSLError) as caught:
            tls_console(proxy.port("cli"), self.trusting, "show proc")
        self.assertIn("WRONG_VERSION_NUMBER", str(caught.exception))

    def test_strangers_lock_nobody_out(self) -> None:
        """
        Connections that never begin with TLS, or break off in the midst of it, keep nobody out:
        neither clients of the same port nor those of the UNIX socket.
        """
        proxy = self.begin()
        half = b"\x16\x03\x01\x02\x00\x01\x00"
        for number in range(80):
            stranger = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
            self.addCleanup(stranger.close)
            if number % 2:
                stranger.sendall(half)
        self.assertEqual(self.run_commands("show cli level"), "operator\n\n")
        self.assertEqual(proxy.master_cli("show cli level"), "admin\n\n")

    def test_network_leaves_room(self) -> None:
        """
        Whoever comes by the network takes at most eight of the ten places: the UNIX socket is
        served whatever they do, and those that wait get in when one leaves.
        """
        proxy = self.begin()
        inside = [TlsConsole(self.port, self.trusting) for _ in range(8)]
        for each in inside:
            self.addCleanup(each.close)
            each.ask("show cli level")
        waiting = TlsConsole(self.port, self.trusting)
        self.addCleanup(waiting.close)
        self.assertEqual(proxy.master_cli("show cli level"), "admin\n\n")
        inside[0].close()
        self.assertEqual(waiting.ask("show cli level"), "operator\n\n")

    def test_slow_reader(self) -> None:
        """
        A client that does not read makes only its own answer wait; it is whole in the end.
        """
        proxy = self.begin()
        slow = TlsConsole(self.port, self.trusting)
        self.addCleanup(slow.close)
        slow.sock.sendall(b"@1 show stat json\n" * 200 + b"quit\n")
        self.assertEqual(proxy.master_cli("show cli level"), "admin\n\n")
        answer = slow.rest()
        self.assertEqual(answer.count("\n\n"), 200)

    def test_unix_user(self) -> None:
        """
        The user of a UNIX peer decides its level if there is a rule for it.
        """
        proxy = self.prepare()
        path = f"{proxy.directory}/u.sock"
        proxy.start("-S", f"{path},level,user,level-uid,root:operator,level-gid,root:admin")
        proxy.wait_ready()
        self.assertEqual(console(path, "show cli level;@1 show cli level"), "operator\n\n" * 2)
