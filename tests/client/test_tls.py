"""
Tests for L{mwproxy.client.tls}: true handshakes with a server of the standard library.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

from tests.client.certificates import Authority
from tests.client.consoles import ConsoleTestCase, ctl


class Secured:
    """
    Serves one connection: TLS, then a console that knows one command.

    @ivar address: Where.
    """

    def __init__(self, context: ssl.SSLContext | None, says: bytes | None = b"") -> None:
        """
        @param context: L{None} for no TLS.

        @param says: What it says instead of TLS, empty to say nothing, L{None} to hang up.
        """
        self._context = context
        self._says = says
        self._over = threading.Event()
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.port = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def address(self) -> str:
        """
        By IP address.
        """
        return f"tls://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """
        Be gone.
        """
        self._over.set()
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._sock.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            accepted, _ = self._sock.accept()
            with accepted:
                if self._context is None:
                    self._plainly(accepted)
                    return
                with self._context.wrap_socket(accepted, server_side=True) as secured:
                    for said in (b"master> ", b"master> ", b"0.1.0\n\nmaster> "):
                        if not secured.recv(1000):
                            return
                        secured.sendall(said)
                    secured.recv(1000)

    def _plainly(self, accepted: socket.socket) -> None:
        accepted.recv(1000)
        if self._says:
            accepted.sendall(self._says)
            accepted.shutdown(socket.SHUT_WR)
            accepted.recv(1000)
        elif self._says is not None:
            self._over.wait()


class TlsTests(ConsoleTestCase):
    """
    Who is believed, and what is said to those who are not.
    """

    def setUp(self) -> None:
        super().setUp()
        self.authority = Authority(self.directory)

    def secure(
        self, file: str, wants: ssl.VerifyMode = ssl.CERT_NONE, newest: bool = True
    ) -> Secured:
        """
        Start a server.

        @param file: Its certificate.

        @param wants: Whether it wants a client certificate.

        @param newest: Whether it speaks TLS 1.3.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        context.load_verify_locations(self.authority.file)
        context.verify_mode = wants
        if not newest:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        return self.started(Secured(context))

    def started(self, server: Secured) -> Secured:
        """
        Have a server stopped with the test.
        """
        self.addCleanup(server.stop)
        return server

    def ask(self, address: str, *options: str) -> tuple[int | str | None, str, str]:
        """
        Ask a server for its version, trusting the authority of the test.
        """
        return ctl("-s", address, "--ca", self.authority.file, *options, "show", "version")

    def assertRefused(self, result: tuple[object, str, str], *texts: str) -> None:
        """
        Assert that it was not reached, in these words.
        """
        status, out, err = result
        self.assertEqual((status, out), (2, ""), err)
        for text in texts:
            self.assertIn(text, err)
        self.assertNotIn("Traceback", err)

    def test_done(self) -> None:
        """
        A server that proves its address, or its name, is asked.
        """
        by_address = self.secure(self.authority.sign("a", "127.0.0.1"))
        self.assertEqual(self.ask(by_address.address), (0, "0.1.0\n", ""))
        by_name = self.secure(self.authority.sign("b", "*.corp.example", "localhost"))
        self.assertEqual(self.ask(f"tls://localhost:{by_name.port}"), (0, "0.1.0\n", ""))
        other = self.secure(self.authority.sign("c", "*.corp.example"))
        self.assertEqual(
            self.ask(other.address, "--server-name", "proxy.corp.example"), (0, "0.1.0\n", "")
        )

    def test_wrong_name(self) -> None:
        """
        A certificate of somebody else is refused; whose it is is said.
        """
        server = self.secure(self.authority.sign("a", "a.example", "10.0.0.1"))
        self.assertRefused(
            self.ask(server.address),
            f"the certificate of '{server.address}' is for ",
            "'a.example'",
            "'10.0.0.1'",
            ", not for '127.0.0.1': connect by such a name, or give one with --server-name",
        )

    def test_common_name(self) -> None:
        """
        A common name alone is no name.
        """
        server = self.secure(self.authority.sign("127.0.0.1"))
        self.assertRefused(self.ask(server.address), "names no host that can be used: it needs")

    def test_expired(self) -> None:
        """
        A certificate of yesterday, or of tomorrow, is refused.
        """
        old = self.secure(self.authority.sign("old", "127.0.0.1", begins=-3, ends=-1))
        self.assertRefused(self.ask(old.address), "has expired: it has to be renewed there")
        young = self.secure(self.authority.sign("young", "127.0.0.1", begins=1, ends=3))
        self.assertRefused(self.ask(young.address), "is not valid yet: is the clock")

    def test_unknown(self) -> None:
        """
        A certificate that nobody known has signed is refused, with a cure.
        """
        itself = self.authority.sign("itself", "127.0.0.1", signs_itself=True)
        server = self.secure(itself)
        self.assertRefused(self.ask(server.address), "is signed by itself: if it is the right one")
        self.assertEqual(
            ctl("-s", self.secure(itself).address, "--ca", itself, "show", "version"),
            (0, "0.1.0\n", ""),
        )
        other = Authority(self.directory, "other").sign("x", "127.0.0.1")
        self.assertRefused(
            self.ask(self.secure(other).address),
            "is signed by an authority that is not known here: give its file with --ca",
        )

    def test_purpose(self) -> None:
        """
        A certificate for clients is none for a server.
        """
        server = self.secure(self.authority.sign("c", "127.0.0.1", client=True))
        self.assertRefused(self.ask(server.address), "is not made for servers")

    def test_system_authorities(self) -> None:
        """
        Without C{--ca} the authorities of the system are trusted, and no others.
        """
        server = self.secure(self.authority.sign("a", "127.0.0.1"))
        self.assertRefused(
            ctl("-s", server.address, "show", "version"), "is signed by an authority that is not"
        )

    def test_client_certificate(self) -> None:
        """
        A server that wants to know who asks is shown a certificate, with its key in the same file
        or in another.
        """
        file = self.authority.sign("a", "127.0.0.1")
        mine = self.authority.sign("me", client=True)
        for options in (("--cert", mine), ("--cert", mine, "--key", mine)):
            server = self.secure(file, ssl.CERT_REQUIRED)
            self.assertEqual(self.ask(server.address, *options), (0, "0.1.0\n", ""))

    def test_client_refused(self) -> None:
        """
        What is wrong with one's own certificate is said, whenever the server says it.
        """
        file = self.authority.sign("a", "127.0.0.1")
        stranger = Authority(self.directory, "other").sign("stranger", client=True)
        old = self.authority.sign("old", client=True, begins=-3, ends=-1)
        for newest in (True, False):
            for options, text in (
                ((), "client certificate"),
                (("--cert", stranger), "does not know the authority of the client certificate"),
                (("--cert", old), "says that the client certificate has expired"),
            ):
                server = self.secure(file, ssl.CERT_REQUIRED, newest)
                self.assertRefused(self.ask(server.address, *options), server.address, text)

    def test_files(self) -> None:
        """
        A file that is missing or of no use is named with its option.
        """
        server = self.secure(self.authority.sign("a", "127.0.0.1"))
        mine = self.authority.sign("me", client=True)
        other = self.authority.sign("you", client=True)
        locked = self.authority.sign("locked", client=True, passphrase=b"x")
        empty = self.directory / "empty"
        empty.touch()
        for options, text in (
            (("--ca", "/nope"), "--ca '/nope': No such file or directory"),
            (("--ca", str(empty)), f"--ca '{empty}': it has no certificate (PEM)"),
            (("--cert", "/nope"), "--cert '/nope': No such file or directory"),
            (("--cert", mine, "--key", "/nope"), "--key '/nope': No such file or directory"),
            (("--cert", mine, "--key", other), f"'{other}' is not the key of the certificate in"),
            (("--cert", str(empty)), "no certificate with its key in there (PEM)"),
            (("--cert", locked), f"the key in '{locked}' has a passphrase"),
            (("--key", mine), "--key is of no use without --cert"),
        ):
            where = server.address
            self.assertRefused(ctl("-s", where, "--ca", self.authority.file, *options, "x"), text)

    def test_not_tls(self) -> None:
        """
        TLS to a plain port is told apart from all other troubles.
        """
        for says in (b"Unknown command.\n\n", b"HTTP/1.1 400 Bad request\r\n\r\n"):
            server = self.started(Secured(None, says))
            self.assertRefused(
                self.ask(server.address),
                f"'{server.address}' does not speak TLS: write tcp://127.0.0.1:{server.port}",
            )

    def test_hangs_up(self) -> None:
        """
        So is a server that hangs up at once.
        """
        server = self.started(Secured(None, None))
        self.assertRefused(self.ask(server.address), f"'{server.address}' hung up during the TLS")

    def test_unusable_name(self) -> None:
        """
        A certificate whose names mean nothing is refused.
        """
        server = self.secure(self.authority.sign("a", "*.example"))
        self.assertRefused(self.ask(server.address), "names no host that can be used")

    def test_stalls(self) -> None:
        """
        A handshake that nobody answers has an end.
        """
        server = self.started(Secured(None))
        self.assertRefused(
            self.ask(server.address, "--timeout", "0.3"),
            f"no TLS handshake with '{server.address}' within 0.3 s: does it speak TLS?",
        )

    def test_plain_to_tls(self) -> None:
        """
        Plain text to a TLS port is told how to be written.
        """
        server = self.secure(self.authority.sign("a", "127.0.0.1"))
        status, _, err = ctl("-s", f"tcp://127.0.0.1:{server.port}", "show", "version")
        self.assertEqual(status, 2)
        if "hung up" not in err:
            self.assertIn(f"speaks TLS: write tls://127.0.0.1:{server.port}", err)
