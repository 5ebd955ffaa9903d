"""
What rules see of the bodies of requests, compared with HAProxy.

Both proxies get each request in the same pieces: the next one is sent when the proxy has taken the
one before, which L{TakenConnection} sees in the kernel.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path

from mwproxy.protocols.http1.framing import ChunkScanner
from tests.compat.outcomes import CompatTestCase, mask_page
from tests.integration.clients import PATIENCE, Connection
from tests.integration.harness import Proxy, wait_until
from tests.integration.origins import Origin

LOOK = """\
    http-request set-header x-len %[req.body_len]
    http-request set-header x-size %[req.body_size]
    http-request set-header x-sum %[req.body,sha1,hex]
    http-request set-header x-a %[req.body_param(a)]
    http-request set-header x-b %[req.body_param(b),bytes(0,20)]
    http-request set-header x-any %[req.body_param,bytes(0,20)]
    http-request set-header x-found yes if { req.body_param(a) -m str 3 }
"""

CONFIG = f"""\
global
    nbthread 1
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend buffered
    bind <listen:buffered>
    option http-buffer-request
    tcp-request content set-var(txn.early) req.body_len if {{ always_true }}
    http-request deny deny_status 429 if {{ req.body -m sub forbidden }}
{LOOK}
    default_backend first
frontend waiting
    bind <listen:waiting>
    http-request wait-for-body time 5s
{LOOK}
    default_backend first
frontend behind
    bind <listen:behind>
    default_backend second
frontend late
    bind <listen:late>
    option http-buffer-request
    timeout http-request 300ms
    default_backend first
frontend late2
    bind <listen:late2>
    http-request wait-for-body time 300ms
    default_backend first
frontend least
    bind <listen:least>
    http-request wait-for-body time 5s at-least 5
    http-request return status 200 hdr x-len %[req.body_len] hdr x-size %[req.body_size] \
content-type text/plain string ok
backend first
    server one <origin>
backend second
    option http-buffer-request
    tcp-request content set-var(txn.early) req.body_len
    http-request set-header x-early %[var(txn.early)]
{LOOK}
    server one <origin>
"""

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


def sized(body: bytes, more: bytes = b"") -> bytes:
    """
    Make a request with a length.
    """
    return HEAD + more + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def in_chunks(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """
    Make a request in chunks.
    """
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body + end


REQUESTS = {
    "none": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "none, but expected": b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
    "no length": b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
    "length 0": sized(b""),
    "parameters": sized(b"b=2&a=%41+%20x&a=3&=5&a"),
    "semicolons": sized(b"b=2;a=1;a=3"),
    "other name": sized(b"aa=1&ab=2&A=5"),
    "no values": sized(b"a&b="),
    "empty parts": sized(b"&&a=1&&b=2&"),
    "binary": sized(bytes(range(256))),
    "chunked": in_chunks(b"a=12", b"34&b", b"=2"),
    "chunk extension": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\na=123\r\n0\r\n\r\n",
    "trailers": in_chunks(b"a=1", end=b"0\r\nX-T: 1\r\n\r\n"),
    "asked": sized(b"a=1&b=2", b"Expect: 100-continue\r\n"),
    "HTTP/1.0": sized(b"a=1&b=2", b"Expect: 100-continue\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "10 kB": sized(b"a=1&b=%b" % (b"x" * 10000)),
}


class TakenConnection(Connection):
    """
    A client that can tell whether its peer has taken what was sent.
    """

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def taken(self) -> None:
        """
        Wait until nothing that was sent waits in the proxy's kernel.
        """
        wait_until(self._is_taken, lambda: "not taken", PATIENCE)

    def _is_taken(self) -> bool:
        own, peer = self.sock.getsockname()[1], self.sock.getpeername()[1]
        for line in Path("/proc/net/tcp").read_text("ascii").splitlines():
            words = line.split()
            if words[1].endswith(f":{peer:04X}") and words[2].endswith(f":{own:04X}"):
                return int(words[4].partition(":")[2], 16) == 0
        return False


class BodyTests(CompatTestCase):
    """
    Tests of bodies.
    """

    def setUp(self) -> None:
        self.origin = Origin()
        self.addCleanup(self.origin.stop)

    def _prepare(self) -> dict[str, str]:
        return {"origin": self.origin.address}

    def _seen(self) -> list[bytes]:
        """
        Take the headers that rules have set, of the requests so far, and their bodies without
        chunked coding, whose chunks HAProxy cuts anew.
        """
        found = []
        for one in self.origin.requests:
            head, _, body = one.partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if re.match(rb"x-|expect", line)]
            if b"chunked" in head:
                pieces: list[bytes] = []
                ChunkScanner().feed(body, pieces=pieces)
                body = b"".join(pieces)
            found.append(b"\n".join([*lines, body]))
        del self.origin.requests[:]
        return found

    def test_whole(self) -> None:
        """
        Bodies that come with their heads set the same headers, wherever the wait stands.
        """

        def script(proxy: Proxy) -> dict[str, object]:
            seen: dict[str, object] = {}
            for place in ("buffered", "waiting", "behind"):
                for name, sent in REQUESTS.items():
                    client = Connection(proxy.port(place))
                    client.send(sent)
                    answer = client.final_response()
                    client.close()
                    seen[f"{place}, {name}"] = (answer[:12], self._seen())
            return seen

        self.compare(CONFIG, script, self._prepare)

    def test_in_pieces(self) -> None:
        """
        So do bodies that come in pieces: cut at each byte, and the next request of the connection
        behind the last one.
        """
        chosen = {name: REQUESTS[name] for name in ("semicolons", "trailers", "chunk extension")}

        def script(proxy: Proxy) -> dict[str, object]:
            seen: dict[str, object] = {}
            for name, sent in chosen.items():
                client = TakenConnection(proxy.port("buffered"))
                for cut in range(sent.index(b"\r\n\r\n") + 2, len(sent)):
                    client.send(sent[:cut])
                    client.taken()
                    client.send(sent[cut:] + REQUESTS["parameters"])
                    answers = [client.response().status, client.response().status]
                    seen[f"{name}, cut at {cut}"] = (answers, self._seen())
                client.close()
            return seen

        self.compare(CONFIG, script, self._prepare)

    def test_asked(self) -> None:
        """
        A client that waits to be asked is asked, before its body is there.
        """

        def script(proxy: Proxy) -> dict[str, object]:
            seen: dict[str, object] = {}
            for place in ("buffered", "waiting", "behind"):
                client = Connection(proxy.port(place))
                client.send(REQUESTS["asked"][:-7])
                asked = client.receive_until(b"\r\n\r\n")
                client.send(REQUESTS["asked"][-7:])
                seen[place] = (asked, client.response().status, self._seen())
                client.close()
            return seen

        self.compare(CONFIG, script, self._prepare)

    def test_late(self) -> None:
        """
        A body that does not come in time is answered with 408 and reaches no server.
        """

        def script(proxy: Proxy) -> dict[str, object]:
            seen: dict[str, object] = {}
            for place in ("late", "late2"):
                for name in ("parameters", "chunked"):
                    client = Connection(proxy.port(place))
                    client.send(REQUESTS[name][:-1])
                    seen[f"{place}, {name}"] = (mask_page(client.receive_all()), self._seen())
                    client.close()
            return seen

        self.compare(CONFIG, script, self._prepare)

    def test_left(self) -> None:
        """
        A client that leaves in the midst of its body gets nothing, and no server hears of it.
        """

        def script(proxy: Proxy) -> dict[str, object]:
            seen: dict[str, object] = {}
            for place in ("buffered", "waiting", "behind"):
                client = Connection(proxy.port(place))
                client.send(REQUESTS["chunked"][:-1])
                client.sock.shutdown(socket.SHUT_WR)
                seen[place] = (client.receive_all(), self._seen())
                client.close()
            return seen

        self.compare(CONFIG, script, self._prepare)

    def test_at_least(self) -> None:
        """
        C{at-least} is content with so many bytes of payload.
        """

        def script(proxy: Proxy) -> dict[str, object]:
            seen: dict[str, object] = {}
            for name, first in (("parameters", 20), ("chunked", 13)):
                client = TakenConnection(proxy.port("least"))
                sent = REQUESTS[name]
                head = sent.index(b"\r\n\r\n") + 4
                client.send(sent[: head + 4])
                client.taken()
                client.send(sent[head + 4 : head + first])
                answer = client.response()
                seen[name] = (answer.status, answer.header("x-len"), answer.header("x-size"))
                client.close()
            return seen

        self.compare(CONFIG, script, self._prepare)

    def test_judged(self) -> None:
        """
        A rule refuses by what the body says, in one piece or in two, and reads on behind it.
        """
        bad = in_chunks(b"a=for", b"bidden")

        def script(proxy: Proxy) -> dict[str, object]:
            seen: dict[str, object] = {}
            for cut in (len(bad), len(bad) - 7, len(HEAD)):
                client = TakenConnection(proxy.port("buffered"))
                client.send(bad[:cut])
                if cut < len(bad):
                    client.taken()
                client.send(bad[cut:] + REQUESTS["parameters"])
                answers = [client.response().status, client.response().status]
                client.close()
                seen[str(cut)] = (answers, self._seen())
            return seen

        self.compare(CONFIG, script, self._prepare)
