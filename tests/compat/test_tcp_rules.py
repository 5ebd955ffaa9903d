"""
C{tcp-request content} and C{tcp-response content}, compared with HAProxy.
"""

from __future__ import annotations

import re
import socket
import subprocess
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.compat.outcomes import CompatTestCase, mask_log, mask_page
from tests.integration.clients import PATIENCE, Connection, console
from tests.integration.harness import ROOT, Proxy, command_of
from tests.integration.origins import EchoOrigin, Origin

CONFIG = """\
global
    nbthread 1
    log-tag proxy
    log 127.0.0.1:<log> local0
    stats socket <dir>/w.sock level admin
defaults
    mode http
    log global
    option httplog
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend web
    bind <listen:web>
    tcp-request content set-var(txn.client) src
    tcp-request content set-var-fmt(txn.text) "%[src]-%[path]" unless { path /plain }
    tcp-request content set-var(txn.gone) path
    tcp-request content unset-var(txn.gone)
    tcp-request content accept if { path /accepted }
    tcp-request content reject if { path_beg /reject }
    tcp-request content set-var(txn.last) int(1)
    http-request set-header x-client %[var(txn.client)]
    http-request set-header x-text %[var(txn.text)]
    http-request set-header x-gone "%[var(txn.gone)]"
    http-request set-header x-last "%[var(txn.last)]"
    http-request deny if { path /accepted } { req.hdr(x-deny) -m found }
    http-request reject if { path /http }
    use_backend rejects if { path /second }
    use_backend refuses if { path /backend }
    use_backend refused if { path /response }
    use_backend closed if { path /closed }
    default_backend first
backend first
    server one <origin>
backend refuses
    tcp-request content reject
    server one <origin>
backend rejects
    http-request reject
    server one <origin>
backend refused
    tcp-response content accept if { src 127.0.0.2 }
    tcp-response content reject
    server one <origin>
backend closed
    tcp-response content close
    server one <origin>
frontend relay
    bind <listen:relay>
    mode tcp
    log-format "%b/%s %ts %[var(sess.client)] %[var(txn.text)]"
    tcp-request content set-var(sess.client) src
    tcp-request content set-var-fmt(txn.text) "%[src]!"
    tcp-request content set-log-level silent if { dst 127.0.0.2 }
    tcp-request content accept if { dst 127.0.0.0/8 }
    tcp-request content reject
    default_backend echo
backend echo
    mode tcp
    tcp-request content accept
    tcp-response content accept
    server one <echo>
listen rejecting
    bind <listen:rejecting>
    mode tcp
    option tcplog
    tcp-request content reject if { src 127.0.0.1 }
    server one <echo>
frontend rejecting2
    bind <listen:rejectingtwo>
    mode tcp
    option tcplog
    default_backend rejecting3
backend rejecting3
    mode tcp
    tcp-request content reject
    server one <echo>
listen answerless
    bind <listen:answerless>
    mode tcp
    option tcplog
    tcp-response content reject
    server one <echo>
frontend early
    bind <listen:early>
    tcp-request connection set-var(sess.one) src
    tcp-request connection accept
    tcp-request connection reject
    tcp-request session set-var-fmt(sess.two) "%[src]!" if { src 127.0.0.1 }
    tcp-request session accept if { var(sess.one) -m found }
    tcp-request session reject
    http-request return status 200 hdr x-one %[var(sess.one)] hdr x-two %[var(sess.two)]
frontend unwelcome
    bind <listen:unwelcome>
    tcp-request connection reject if { src 127.0.0.0/8 }
    http-request return status 200
listen unheard
    bind <listen:unheard>
    mode tcp
    tcp-request session reject unless { src 127.0.0.2 }
    server one <echo>
frontend announced
    bind <listen:announced> accept-proxy
    tcp-request connection set-var(sess.one) src
    tcp-request session reject if { src 192.0.2.1 }
    http-request return status 200 hdr x-one %[var(sess.one)] hdr x-two %[src]
listen cut
    bind <listen:cut>
    mode tcp
    option tcplog
    tcp-response content close
    server one <echo>
"""


def get(path: str, more: str = "") -> bytes:
    """
    Write a request.
    """
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n".encode()


HTTP = {
    "passes": [get("/")],
    "condition": [get("/plain")],
    "accepted, http-request rules follow": [get("/accepted"), get("/accepted", "X-Deny: 1\r\n")],
    "rejected": [get("/reject")],
    "each request": [get("/"), get("/accepted"), get("/reject")],
    "backend": [get("/backend")],
    "rejected by http-request": [get("/"), get("/http")],
    "rejected by http-request of a backend": [get("/second")],
    "response": [get("/response")],
    "response of a later request": [get("/"), get("/response")],
    "server's connection closed": [get("/closed")],
}

#: Columns of C{show stat} that must agree; those left out differ as the guide tells.
COLUMNS = ("stot", "dreq", "dresp", "ereq", "eresp", "lbtot")


class RulesTests(CompatTestCase):
    """
    Tests of what rules do.
    """

    def setUp(self) -> None:
        self.log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.log.bind(("127.0.0.1", 0))
        self.log.settimeout(PATIENCE)
        self.addCleanup(self.log.close)
        self.echo = EchoOrigin()
        self.addCleanup(self.echo.stop)
        self.origin = Origin()
        self.addCleanup(self.origin.stop)

    def _prepare(self) -> dict[str, str]:
        return {
            "origin": self.origin.address,
            "echo": self.echo.address,
            "log": str(self.log.getsockname()[1]),
        }

    def _line(self, *marks: str) -> str:
        # Lines of other origin, such as a server's state, are passed over.
        while True:
            line = self.log.recv(65536).decode()
            if any(mark in line for mark in marks):
                return mask_log(line)

    def _talk(self, proxy: Proxy, requests: list[bytes]) -> list[object]:
        client = Connection(proxy.port("web"))
        seen: list[object] = []
        for each in requests:
            client.send(each)
            try:
                seen.append(mask_page(client.response().raw))
            except EOFError as error:
                seen.append(str(error))
            line = self._line(" web ", " web/")
            # What a frontend rejects HAProxy has not looked at yet when it logs it.
            seen.append(re.sub(r'"GET /reject [^"]*"', '"<BADREQ>"', line))
        client.close()
        return seen

    def _figures(
        self, proxy: Proxy, *sections: str, columns: tuple[str, ...] = COLUMNS
    ) -> dict[str, object]:
        text = console(str(proxy.directory / "w.sock"), "show stat")
        head, *rows = text.lstrip("# ").splitlines()
        names = head.split(",")
        seen: dict[str, object] = {}
        for row in rows:
            cells = dict(zip(names, row.split(","), strict=False))
            if cells["pxname"] in sections:
                figures = [
                    f"{name} {cells[name]}" for name in columns if cells.get(name, "0") != "0"
                ]
                seen[f"{cells['pxname']}/{cells['svname']}"] = figures
        return seen

    def test_http(self) -> None:
        """
        In HTTP mode: answers, what the server gets, log lines and figures.
        """

        def script(proxy: Proxy) -> dict[str, object]:
            seen: dict[str, object] = {}
            for name, requests in HTTP.items():
                del self.origin.requests[:]
                talked = self._talk(proxy, requests)
                # HAProxy judges responses before there are any: the server may not have read yet.
                received = [
                    one
                    for one in self.origin.requests
                    if not one.startswith((b"GET /response ", b"GET /closed "))
                ]
                seen[name] = (talked, received)
            sections = ("web", "first", "refuses", "rejects", "refused", "closed")
            return seen | self._figures(proxy, *sections)

        self.compare(CONFIG, script, self._prepare)

    def test_tcp(self) -> None:
        """
        In TCP mode: what passes, what is closed, log lines and figures.
        """

        def script(proxy: Proxy) -> dict[str, object]:
            seen: dict[str, object] = {}
            for place in ("relay", "rejecting", "rejectingtwo", "answerless", "cut"):
                client = Connection(proxy.port(place))
                passed = b""
                try:
                    client.send(b"hello")
                    client.sock.shutdown(socket.SHUT_WR)
                    passed = client.receive_all()
                except OSError:
                    # It was closed before.
                    passed = b""
                client.close()
                seen[place] = (passed, self._line(f" {place[:9]}", " echo/"))
            sections = (
                "relay",
                "echo",
                "rejecting",
                "rejecting2",
                "rejecting3",
                "answerless",
                "cut",
            )
            return seen | self._figures(proxy, *sections)

        self.compare(CONFIG, script, self._prepare)

    def test_early(self) -> None:
        """
        C{tcp-request connection} and C{tcp-request session}: who is let in, and the figures.
        """
        header = b"PROXY TCP4 %b 192.0.2.9 1000 80\r\n"

        def script(proxy: Proxy) -> dict[str, object]:
            seen: dict[str, object] = {}
            for name, place, sent in (
                ("let in", "early", get("/")),
                ("unwelcome", "unwelcome", get("/")),
                ("unheard", "unheard", b"hello"),
                ("announced", "announced", header % b"192.0.2.2" + get("/")),
                ("announced and rejected", "announced", header % b"192.0.2.1" + get("/")),
            ):
                client = Connection(proxy.port(place))
                try:
                    client.send(sent)
                    answer = client.response()
                    values = [answer.header(each) for each in ("x-one", "x-two")]
                    seen[name] = (answer.status, values)
                except (OSError, EOFError):
                    seen[name] = "closed"
                client.close()
            columns = ("conn_tot", "stot", "dcon", "dses")
            return seen | self._figures(
                proxy, "early", "unwelcome", "unheard", "announced", columns=columns
            )

        self.compare(CONFIG, script, self._prepare)


DEFAULTS = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n"
FRONT = DEFAULTS + "frontend f\n bind 127.0.0.1:8080\n default_backend b\n"
BACK = "backend b\n server s 127.0.0.1:80\n"

#: What is wrong or odd, one of each: the text of the file.
MISTAKES = {
    "nothing": FRONT + " tcp-request\n" + BACK,
    "no such ruleset": FRONT + " tcp-request foo\n" + BACK,
    "nothing, response": FRONT + BACK + " tcp-response\n",
    "no such ruleset, response": FRONT + BACK + " tcp-response foo\n",
    "word behind": FRONT + " tcp-request content accept foo\n" + BACK,
    "word behind a variable": FRONT + " tcp-request content set-var(txn.a) src foo\n" + BACK,
    "word behind, response": FRONT + BACK + " tcp-response content close foo\n",
    "no such ACL": FRONT + " tcp-request content accept if foo\n" + BACK,
    "no such ACL, response": FRONT + BACK + " tcp-response content reject unless foo\n",
    "no expression": FRONT + " tcp-request content set-var(txn.a)\n" + BACK,
    "no fetch": FRONT + " tcp-request content set-var(txn.a) qqq\n" + BACK,
    "bad scope": FRONT + " tcp-request content set-var(foo.a) src\n" + BACK,
    "bad level": FRONT + " tcp-request content set-log-level foo\n" + BACK,
    "response in a frontend": FRONT + " tcp-response content accept\n" + BACK,
    "anonymous defaults": DEFAULTS + " tcp-request content accept\n" + BACK,
    "anonymous defaults, response": DEFAULTS + " tcp-response content accept\n" + BACK,
    "listen from defaults": DEFAULTS.replace("defaults", "defaults d")
    + " tcp-request content accept\nlisten l from d\n bind 127.0.0.1:8080\n",
    "frontend from defaults": DEFAULTS.replace("defaults", "defaults d")
    + " tcp-response content accept\nfrontend f from d\n bind 127.0.0.1:8080\n",
    "order": FRONT + " http-request set-header a b\n tcp-request content accept\n" + BACK,
    "order, use_backend": FRONT + " use_backend b if TRUE\n tcp-request content accept\n" + BACK,
    "order, session": FRONT + " tcp-request content accept\n tcp-request session accept\n" + BACK,
    "order, connection": FRONT
    + " tcp-request session accept\n tcp-request connection accept\n"
    + BACK,
    "session in a backend": FRONT + BACK + " tcp-request session accept\n",
    "connection in a backend": FRONT + BACK + " tcp-request connection accept\n",
    "never, connection": FRONT + " tcp-request connection reject if { path /x }\n" + BACK,
    "connection in anonymous defaults": DEFAULTS + " tcp-request connection accept\n" + BACK,
    "delay": FRONT + " tcp-request inspect-delay x\n" + BACK,
    "never": FRONT + " tcp-request content reject if { status 200 }\n" + BACK,
    "never, named": FRONT + BACK + " acl pp path /x\n tcp-response content accept if pp\n",
    "buffering without HTTP": FRONT.replace("mode http", "mode tcp")
    + BACK
    + " option http-buffer-request\n",
    "wait": FRONT + " http-request wait-for-body\n" + BACK,
}


class MistakeTests(SynchronousTestCase):
    """
    Tests of messages.
    """

    maxDiff = None

    def _check(self, product: str, text: str) -> tuple[int, list[str]]:
        with tempfile.TemporaryDirectory(prefix="mwp") as directory:
            file = Path(directory) / "f.cfg"
            file.write_text(text)
            done = subprocess.run(
                [*command_of(product)[:-1], "-c", "-f", str(file)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            lines = done.stderr.replace(str(file), "f.cfg").splitlines()
        return done.returncode, [
            re.sub(r" +\(\d+\) : ", " : ", line)
            for line in lines
            if re.match(r"\[(ALERT|WARNING)\]", line) and "Fatal errors" not in line
        ]

    def test_mistakes(self) -> None:
        """
        The same messages, in the same words.
        """
        for name, text in MISTAKES.items():
            self.assertEqual(self._check("mwproxy", text), self._check("haproxy", text), name)

    def test_unknown_action(self) -> None:
        """
        An unknown action is told of with those that there are, and the nearest.
        """
        for text in (
            FRONT + " tcp-request content rejekt\n" + BACK,
            FRONT + BACK + " tcp-response content rejekt\n",
        ):
            ours, theirs = self._check("mwproxy", text), self._check("haproxy", text)
            self.assertEqual(ours[0], theirs[0])
            for said in (ours[1][0], theirs[1][0]):
                self.assertRegex(said, r"content' expects 'accept', .* \(got 'rejekt'\)\. Did you ")
