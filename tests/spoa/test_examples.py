"""
Tests of the agents in C{doc/examples/agents}: as shipped, with HAProxy and mwproxy as the engine.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import re
import socket
import ssl
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.spoa.load import load_agent
from tests.integration.clients import PATIENCE, Response, fetch, request
from tests.integration.harness import ROOT, Proxy, wait_until
from tests.spoa.processes import AgentProcess, AgentTestCase

AGENTS = ROOT / "doc/examples/agents"
SECRET = b"0123456789abcdef0123456789abcdef"


def part(value: object) -> str:
    """
    Write a part of a token.
    """
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(
    claims: dict[str, Any], header: dict[str, Any] | None = None, secret: bytes = SECRET
) -> str:
    """
    Sign a token with a secret.
    """
    data = f"{part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    return f"{data}.{part(hmac.new(secret, data.encode(), hashlib.sha256).digest())}"


def good(**changes: Any) -> dict[str, Any]:
    """
    Make claims that are fine for an hour.
    """
    return {"sub": "ann", "aud": "example", "exp": time.time() + 3600, **changes}


class TokenTests(SynchronousTestCase):
    """
    Tests of checking tokens.
    """

    def setUp(self) -> None:
        load_agent(str(AGENTS / "authorizer.py"))
        import json_web_tokens  # type: ignore[import-not-found, unused-ignore]

        self.module: Any = json_web_tokens
        self.key = self.module.HS256(SECRET)

    def check(self, text: str, key: Any = None, now: float | None = None) -> str:
        """
        Check a token.

        @return: Whom it is for, or why not.
        """
        try:
            claims = self.module.check_token(text, key or self.key, "example", now or time.time())
        except self.module.BadToken as error:
            return f"refused: {error}"
        return str(claims["sub"])

    def test_good(self) -> None:
        """
        A good token is taken, with one audience or several.
        """
        self.assertEqual(self.check(token(good())), "ann")
        self.assertEqual(self.check(token(good(aud=["other", "example"], nbf=0))), "ann")

    def test_algorithm(self) -> None:
        """
        Only the configured algorithm is taken, whatever the token says.
        """
        none = f"{part({'alg': 'none'})}.{part(good())}."
        self.assertEqual(self.check(none), "refused: algorithm")
        for header in ({"alg": "none"}, {"alg": "RS256"}, {"alg": "hs256"}, {}):
            self.assertEqual(
                self.check(token(good(), {"typ": "JWT", **header})), "refused: algorithm"
            )
        critical: dict[str, Any] = {"alg": "HS256", "crit": ["exp"]}
        self.assertEqual(self.check(token(good(), critical)), "refused: algorithm")

    def test_public_key_is_no_secret(self) -> None:
        """
        A token signed with the public key as a secret is refused by who expects RS256.
        """
        private = rsa.generate_private_key(65537, 2048)
        pem = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        key = self.module.RS256(pem)
        self.assertEqual(self.check(token(good(), secret=pem), key), "refused: algorithm")
        forged = token(good(), {"alg": "RS256"}, pem)
        self.assertEqual(self.check(forged, key), "refused: signature")
        data = f"{part({'alg': 'RS256'})}.{part(good())}"
        signature = private.sign(data.encode(), padding.PKCS1v15(), hashes.SHA256())
        self.assertEqual(self.check(f"{data}.{part(signature)}", key), "ann")

    def test_signature(self) -> None:
        """
        Another signature is refused, and any change.
        """
        self.assertEqual(self.check(token(good(), secret=b"x" * 32)), "refused: signature")
        head, claims, signature = token(good()).split(".")
        other = part(good(sub="eve"))
        self.assertEqual(self.check(f"{head}.{other}.{signature}"), "refused: signature")
        self.assertEqual(self.check(f"{head}.{claims}.{signature[:-4]}"), "refused: signature")

    def test_times(self) -> None:
        """
        Tokens expire, have to, and begin; clocks may differ by half a minute.
        """
        for claims, expected in (
            (good(exp=1000), "ann"),
            (good(exp=971), "ann"),
            (good(exp=970), "refused: expired"),
            (good(exp=2000, nbf=1030), "ann"),
            (good(exp=2000, nbf=1031), "refused: not yet valid"),
            (good(exp=None), "refused: no valid exp"),
            (good(exp="9999999999"), "refused: no valid exp"),
            (good(exp=True), "refused: no valid exp"),
            (good(exp=float("inf")), "refused: no valid exp"),
            (good(exp=float("nan")), "refused: no valid exp"),
            (good(exp=2000, nbf="0"), "refused: no valid nbf"),
        ):
            self.assertEqual(self.check(token(claims), now=1000.0), expected, claims)

    def test_audience(self) -> None:
        """
        A token for somebody else is refused, and one for nobody.
        """
        for audience in ("other", ["other"], [], None, {"example": 1}, "example2"):
            self.assertEqual(self.check(token(good(aud=audience))), "refused: audience")

    def test_malformed(self) -> None:
        """
        What is no token is refused.
        """
        whole = token(good())
        head, claims, signature = whole.split(".")
        twice = f'{{"alg":"none","alg":"HS256"}}'.encode()  # noqa: F541
        for text in (
            "",
            "a.b",
            "a.b.c.d",
            f"{head}.{claims}.{signature}=",
            f" {whole}",
            f"{head}\n.{claims}.{signature}",
            f"{part(twice)}.{claims}.{signature}",
            f"{part([])}.{claims}.{signature}",
            f"{part(b'[' * 3000)}.{claims}.{signature}",
            whole + "A" * 9000,
        ):
            self.assertEqual(self.check(text), "refused: malformed", text)

    def test_weak_keys(self) -> None:
        """
        Secrets and keys that are too short are refused when the agent starts.
        """
        with self.assertRaises(ValueError):
            self.module.HS256(b"short")
        weak = rsa.generate_private_key(65537, 1024).public_key()
        with self.assertRaises(ValueError):
            self.module.RS256(
                weak.public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                )
            )


class ReputationTests(SynchronousTestCase):
    """
    Tests of the table of networks.
    """

    def setUp(self) -> None:
        load_agent(str(AGENTS / "ip_reputation.py"))
        import ip_reputation  # type: ignore[import-not-found, unused-ignore]

        self.table: Any = ip_reputation.Table

    def test_longest(self) -> None:
        """
        The longest network that has the address counts, in both families.
        """
        table = self.table(
            "10.0.0.0/8 20\n10.1.0.0/16 30 # x\n\n10.1.2.3 40\n2001:db8::/32 5\n::/0 7\n"
        )
        for address, score in (
            ("10.9.9.9", 20),
            ("10.1.9.9", 30),
            ("10.1.2.3", 40),
            ("::ffff:10.1.2.3", 40),
            ("192.0.2.1", 50),
            ("2001:db8::1", 5),
            ("2001:db9::1", 7),
        ):
            self.assertEqual(table.score(ip_address(address)), score, address)

    def test_mistakes(self) -> None:
        """
        A mistake is told with its line.
        """
        for text in ("10.0.0.0/8", "10.0.0.1/8 5", "x 5", "10.0.0.1 x", "::1 101", "::1 5 5"):
            with self.assertRaises(ValueError) as caught:
                self.table(f"# first\n{text}\n")
            self.assertIn("line 2", str(caught.exception))


class ExampleTests(AgentTestCase):
    """
    Tests of the examples as a user starts them.

    @ivar product: The engine.
    """

    product = "haproxy"

    def example(self, name: str, bind: str = "", **environment: str) -> tuple[AgentProcess, Proxy]:
        """
        Start an example: its agent and a proxy with its configuration, on ports of their own.

        @param bind: More words for the C{bind} line.

        @param environment: Variables for the agent.
        """
        sock = self.listening()
        agent = self.agent("")
        target = str(AGENTS / f"{name}.py")
        agent.start(sockets=[sock], environment=environment, target=target)
        text = (AGENTS / f"{name}.cfg").read_text()
        self.assertIn("bind 127.0.0.1:8080\n", text)
        self.assertIn("127.0.0.1:12345", text)
        text = text.replace("bind 127.0.0.1:8080", f"bind <listen:web> {bind}")
        text = text.replace("127.0.0.1:12345", f"127.0.0.1:{sock.getsockname()[1]}")
        proxy = self.make("", product=self.product)
        proxy.configure(text)
        proxy.start()
        proxy.wait_ready()
        return agent, proxy

    def test_ip_reputation(self) -> None:
        """
        Addresses are judged by the file, by the new one as soon as it is there; a file with a
        mistake changes nothing.
        """
        directory = Path(self.mktemp())
        directory.mkdir()
        file = directory / "reputation.txt"
        file.write_text("127.0.0.0/8 90\n")
        agent, proxy = self.example("ip_reputation", REPUTATION_FILE=str(file.absolute()))
        self.assertEqual(proxy.get("web").body, b"score 90\n")

        def becomes(text: str) -> Response:
            before = len(re.findall(r"^ip-reputation: ", agent.output, re.M))
            fresh = directory / "fresh"
            fresh.write_text(text)
            fresh.replace(file)
            agent.wait_output(r"(?m)^ip-reputation: .*\n", before + 1)
            return proxy.get("web")

        self.assertEqual(becomes("127.0.0.1 10\n").status, 403)
        self.assertEqual(becomes("127.0.0.1 oops\n").status, 403)
        self.assertEqual(becomes("127.0.0.1 77\n").body, b"score 77\n")
        self.assertIn("line 1: invalid literal for int() with base 10: 'oops'", agent.output)

    def test_shipped_file(self) -> None:
        """
        The file that is shipped is read.
        """
        _, proxy = self.example("ip_reputation")
        self.assertEqual(proxy.get("web").body, b"score 90\n")

    def test_agent_is_gone(self) -> None:
        """
        Without the agent nobody is let in.
        """
        for name in ("ip_reputation", "authorizer", "body_inspector"):
            agent, proxy = self.example(name)
            self.assertNotEqual(proxy.get("web").status, 503)
            assert agent.process is not None
            agent.process.kill()
            agent.process.wait()
            self.assertEqual(proxy.get("web").status, 503)
            proxy.clean_up()

    def test_tokens(self) -> None:
        """
        A valid token lets in, nothing else does.
        """
        secret = Path(self.mktemp()).absolute()
        secret.write_bytes(SECRET + b"\n")
        _, proxy = self.example("authorizer", JWT_SECRET_FILE=str(secret))
        for header, status, said in (
            (f"Bearer {token(good())}", 200, "hello ann, by token\n"),
            (f"bearer  {token(good())}", 200, "hello ann, by token\n"),
            (f"Bearer {token(good(aud='x'))}", 401, "audience\n"),
            (f"Bearer {token(good(exp=1))}", 401, "expired\n"),
            ("Basic YTpi", 401, "no token\n"),
            ("Bearer", 401, "malformed\n"),
        ):
            response = fetch(proxy.port("web"), "/", f"authorization: {header}\r\n")
            self.assertEqual((response.status, response.body.decode()), (status, said))
        response = proxy.get("web")
        self.assertEqual((response.status, response.body), (401, b"no token\n"))
        self.assertEqual(response.header("www-authenticate"), "Bearer")

    def test_certificates(self) -> None:
        """
        A certificate that is verified and on the list lets in, another one does not.
        """
        directory = Path(self.mktemp()).absolute()
        directory.mkdir()
        authority = Authority(directory)
        authority.issue("server")
        authority.issue("ann")
        authority.issue("eve")
        bind = f"ssl crt {directory}/server.pem ca-file {directory}/ca.pem verify optional"
        _, proxy = self.example("authorizer", bind, CERTIFICATE_NAMES="ann,bob")

        def ask(name: str | None) -> bytes:
            context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
            if name:
                context.load_cert_chain(directory / f"{name}.pem")
            plain = socket.create_connection(("127.0.0.1", proxy.port("web")), PATIENCE)
            with context.wrap_socket(plain, server_hostname="server") as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nhost: server\r\nconnection: close\r\n\r\n")
                data = b""
                while more := sock.recv(65536):
                    data += more
            return data.partition(b"\r\n\r\n")[2]

        self.assertEqual(ask("ann"), b"hello ann, by certificate\n")
        self.assertEqual(ask("eve"), b"no token\n")
        self.assertEqual(ask(None), b"no token\n")

    def test_bodies(self) -> None:
        """
        Forbidden words, bad JSON and bodies that are cut are refused; the rest passes.
        """
        _, proxy = self.example("body_inspector")
        for kind, body, status, said in (
            ("text/plain", b"hello", 200, b"fine\n"),
            ("text/plain", b"", 200, b"fine\n"),
            ("text/html", b"x <ScRiPt>", 403, b"forbidden: <script\n"),
            ("application/x-www-form-urlencoded", b"q=a+uni%6Fn+select", 403,
             b"forbidden: union select\n"),
            ("application/json", b'{"a": [1, 2]}', 200, b"fine\n"),
            ("application/json; charset=utf-8", b'{"a": ', 403, b"no JSON\n"),
            ("application/problem+json", b"nope", 403, b"no JSON\n"),
            ("application/json", b"[" * 60 + b"]" * 60, 403, b"JSON too deep\n"),
            ("application/json", b"[" * 5000, 403, b"no JSON\n"),
            ("text/plain", b"\xff\x00\xfe", 200, b"fine\n"),
            ("text/plain", b"x" * 12000, 200, b"fine\n"),
            ("text/plain", b"x" * 14000, 413, None),
            ("text/plain", b"x" * 200000, 413, None),
        ):  # fmt: skip
            head = f"POST / HTTP/1.1\r\nhost: t\r\ncontent-type: {kind}\r\n"
            data = f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body
            answer = request(proxy.port("web"), data)
            self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), (body[:20], answer))
            if said is not None:
                self.assertTrue(answer.endswith(b"\r\n\r\n" + said), (body[:20], answer))

    def test_spop_check(self) -> None:
        """
        The health checks of the examples find their agents up.
        """
        agent, _ = self.example("ip_reputation")
        wait_until(lambda: agent.counters()["checks"] > 0, lambda: agent.output, 2 * PATIENCE)


class MwproxyExampleTests(ExampleTests):
    """
    The same with mwproxy.
    """

    product = "mwproxy"

    def test_certificates(self) -> None:
        """
        Not here: mwproxy has no TLS for traffic.
        """


class Authority:
    """
    Who issues certificates for a test.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = rsa.generate_private_key(65537, 2048)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        certificate = self._builder(self._name, self._key, True).sign(self._key, hashes.SHA256())
        (directory / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> None:
        """
        Write a certificate with its key.
        """
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, key, False).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), False
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file = self._directory / f"{name}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + pem)

    def _builder(
        self, subject: x509.Name, key: rsa.RSAPrivateKey, authority: bool
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), True)
        )
