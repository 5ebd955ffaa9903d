"""
C{mwproxyctl} with true proxies: over TLS and UNIX sockets, and with Debian's HAProxy.
"""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Sequence

from twisted.trial.unittest import SkipTest

from tests.certificates import Authority
from tests.client.consoles import ctl
from tests.client.terminals import Terminal
from tests.integration.clients import Connection
from tests.integration.harness import ProcessTestCase, Proxy

Result = tuple[int | str | None, str, str]

#: The comment has the test bind the port.
CONFIG = """\
global
    master-worker no-exit-on-failure
    stats socket <dir>/w.sock level admin
defaults
    mode http
    timeout connect 2s
    timeout client 100s
    timeout server 100s
frontend web
    bind <listen:web>
    default_backend pages
backend pages
    server one 127.0.0.1:1
    server two 127.0.0.1:2
# <listen:cli>
"""
TWO = "    server two 127.0.0.1:2\n"
LEVELS = "level,operator,ssl,crt,{crt},ca-file,{ca},verify,optional,level-cert,CN=ops*:admin"


class LocalTests(ProcessTestCase):
    """
    Over UNIX sockets.
    """

    def _begin(self, product: str) -> Proxy:
        if shutil.which(product) is None and product == "haproxy":
            raise SkipTest("haproxy is not installed")
        return self.start(
            CONFIG.replace("    master-worker no-exit-on-failure\n", ""), product=product
        )

    def _ctl(self, proxy: Proxy, *words: str, worker: bool = False) -> Result:
        path = str(proxy.directory / "w.sock") if worker else proxy.console_path
        return ctl("-s", path, *words)

    def _lists(self, product: str) -> None:
        proxy = self._begin(product)
        [worker] = proxy.worker_pids()
        status, out, err = self._ctl(proxy, "--json", "show", "proc")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual([row["pid"] for row in json.loads(out)][:2], [proxy.pid, worker])
        for at_worker in (False, True):
            for command in ("stat", "info", "servers", "sess"):
                status, out, err = self._ctl(proxy, command, "--json", worker=at_worker)
                self.assertEqual((status, err), (0, ""), command)
                self.assertTrue(json.loads(out), command)
        names = [row["svname"] for row in json.loads(self._ctl(proxy, "--json", "stat")[1])]
        self.assertEqual(names, ["FRONTEND", "one", "two", "BACKEND"])

    def _changes(self, product: str) -> None:
        proxy = self._begin(product)
        for command, state in (("drain", "drain"), ("maint", "maint"), ("ready", "ready")):
            self.assertEqual(self._ctl(proxy, command, "pages/one"), (0, "", ""))
            status, out, _ = self._ctl(proxy, "servers")
            self.assertEqual((status, out.splitlines()[1].split()[5]), (0, state))
        status, out, err = self._ctl(proxy, "drain", "pages/nine")
        self.assertEqual((status, out, err), (1, "", "pages/nine: No such server.\n"))
        for command in ("nonsense", "@7 show info"):
            status, out, err = self._ctl(proxy, command)
            self.assertEqual((status, out), (1, ""))
            self.assertTrue(err)

    def test_lists(self) -> None:
        """
        Listings are read, of the master and of its worker.
        """
        self._lists("mwproxy")

    def test_lists_of_haproxy(self) -> None:
        """
        So are HAProxy's.
        """
        self._lists("haproxy")

    def test_changes(self) -> None:
        """
        Servers are changed, and refusals are told.
        """
        self._changes("mwproxy")

    def test_changes_of_haproxy(self) -> None:
        """
        So are HAProxy's.
        """
        self._changes("haproxy")

    def test_reload(self) -> None:
        """
        A reload is waited for until the old worker is gone; one that fails tells why.
        """
        proxy = self.start(CONFIG)
        [worker] = proxy.worker_pids()
        status, out, err = self._ctl(proxy, "reload", "--wait", "--progress")
        self.assertEqual((status, out), (0, ""), err)
        self.assertEqual(err.splitlines()[0], "loading")
        self.assertIn("ready\n", err)
        self.assertNotIn(worker, proxy.worker_pids())
        self.assertEqual(list(proxy.rows()), ["master", "workers"])
        proxy.configure(CONFIG.replace("timeout connect", "timeout conect"))
        status, out, err = self._ctl(proxy, "reload")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("conect", err)

    def test_draining(self) -> None:
        """
        A request that is not answered yet keeps the old worker, which is said, and is a status of
        its own.
        """
        silent = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        origin = f"127.0.0.1:{silent.getsockname()[1]}"
        proxy = self.start(CONFIG.replace("127.0.0.1:1\n", f"{origin}\n").replace(TWO, ""))
        [worker] = proxy.worker_pids()
        client = Connection(proxy.port("web"))
        self.addCleanup(client.close)
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        proxy.wait(lambda: '"scur": 1' in self._ctl(proxy, "--json", "stat", "pages")[1])
        self.assertEqual(
            self._ctl(proxy, "reload", "--wait", "--timeout", "15"),
            (
                3,
                "",
                "mwproxyctl: reloaded, but after 15 s there is still 1 connection in old worker"
                f" {worker}\n",
            ),
        )
        client.close()

    def test_conversation(self) -> None:
        """
        A conversation has the master's prompt and completes what it knows; it goes on over a
        reload.
        """
        proxy = self.start(CONFIG)
        terminal = Terminal("-s", proxy.console_path, MWPROXY_HISTORY="")
        self.addCleanup(terminal.close)
        terminal.wait("master>")
        terminal.type("show startu\t")
        terminal.wait("show startup-logs")
        terminal.type("\x03")
        terminal.wait("^C")
        terminal.type("@1 show info typ\t")
        terminal.wait("@1 show info typed")
        terminal.type("\x03")
        terminal.type("reload\n")
        terminal.wait("Success=1")
        terminal.type("show cli level\n")
        terminal.wait("admin")
        terminal.type("quit\n")
        self.assertEqual(terminal.wait_exit(), 0)


class SecureTests(ProcessTestCase):
    """
    Over TLS.
    """

    def setUp(self) -> None:
        self.proxy = self.make(CONFIG)
        self.authority = Authority(self.proxy.directory)
        self.crt = self.authority.write("server.pem", self.authority.server())
        words = LEVELS.format(crt=self.crt, ca=self.authority.path)
        self.proxy.start("-S", f"{self.proxy.values['listen:cli']},{words}")
        self.proxy.wait_ready()

    def _words(self, words: Sequence[str]) -> list[str]:
        port = self.proxy.port("cli")
        return ["-s", f"tls://localhost:{port}", "--ca", str(self.authority.path), *words]

    def test_levels(self) -> None:
        """
        Without a certificate the level is the socket's; a certificate has its own.
        """
        self.assertEqual(ctl(*self._words(["show", "cli", "level"])), (0, "operator\n", ""))
        self.assertEqual(
            ctl(*self._words(["drain", "pages/one"])), (1, "", "pages/one: Permission denied\n")
        )
        mine = self.authority.write("ops.pem", self.authority.sign("ops-jane"))
        with_cert = ["--cert", mine]
        self.assertEqual(
            ctl(*self._words([*with_cert, "show", "cli", "level"])), (0, "admin\n", "")
        )
        self.assertEqual(ctl(*self._words([*with_cert, "drain", "pages/one"])), (0, "", ""))
        status, out, err = ctl(*self._words(["--json", "stat"]))
        self.assertEqual((status, err), (0, ""))
        self.assertIn("DRAIN", [row["status"] for row in json.loads(out)])

    def test_reload(self) -> None:
        """
        A reload over TLS is waited for like any other.
        """
        status, out, err = ctl(*self._words(["reload", "--wait", "--progress"]))
        self.assertEqual((status, out), (0, ""), err)
        self.assertIn("ready\n", err)

    def test_strangers(self) -> None:
        """
        A stranger's certificate is refused in words, and so is a server that is not trusted, plain
        text to the TLS port, and TLS to a plain one.
        """
        stranger = Authority(self.proxy.directory, "Other CA")
        theirs = stranger.write("stranger.pem", stranger.sign("ops-joe"))
        status, out, err = ctl(*self._words(["--cert", theirs, "show", "version"]))
        self.assertEqual((status, out), (2, ""))
        self.assertIn("client certificate", err)
        port = self.proxy.port("cli")
        status, _, err = ctl("-s", f"tls://127.0.0.1:{port}", "--ca", str(stranger.path), "x")
        self.assertEqual(status, 2)
        self.assertIn("an authority that is not known here", err)
        self.assertEqual(ctl("-s", f"tcp://127.0.0.1:{port}", "--timeout", "20", "x")[0], 2)

    def test_top(self) -> None:
        """
        C{top} works over TLS, with traffic, over a reload.
        """
        crowd = self.proxy.keep_connecting("web")
        terminal = Terminal(*self._words(["top", "-i", "0.5"]))
        self.addCleanup(terminal.close)
        terminal.wait("generation 1")

        def has_rate(screen: str) -> bool:
            rows = [line.split() for line in screen.splitlines()]
            rates = [row[6] for row in rows if row[:2] == ["web", "FRONTEND"]]
            return bool(rates) and rates[0] not in ("-", "0")

        terminal.wait(has_rate)
        self.assertEqual(ctl(*self._words(["reload"]))[0], 0)
        terminal.wait("generation 2")
        terminal.wait(has_rate)
        terminal.type("q")
        self.assertEqual(terminal.wait_exit(), 0)
        crowd.finish()
