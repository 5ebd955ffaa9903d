"""
Certificates that change without a reload: those of a worker's own console.
"""

from __future__ import annotations

import ssl

from tests.integration.clients import console
from tests.integration.test_console_tls import CONFIG, TlsTestCase
from tests.integration.tls_clients import TlsConsole

GLOBAL = (
    "global\n    stats socket <dir>/s.sock level admin\n"
    "    stats socket <listen:stats> ssl crt <dir>/server.pem ca-file <ca> verify required\n"
)


class SwapTests(TlsTestCase):
    """
    Tests of C{set ssl cert} and C{commit ssl cert} with who uses the certificate.
    """

    def ask(self, command: str, payload: bytes = b"") -> str:
        """
        Run a command, with or without payload.
        """
        text = f"{command} <<\n{payload.decode()}" if payload else command
        return console(str(self.proxy.directory / "s.sock"), text).rstrip("\n")

    def shown(self, client: ssl.SSLContext) -> bytes:
        """
        Connect.

        @return: The certificate that the console shows.
        """
        connection = TlsConsole(self.port, client)
        self.addCleanup(connection.close)
        self.assertEqual(connection.ask("show cli level", "\n\n"), "operator\n\n")
        der: bytes = connection.certificate  # type: ignore[assignment]  # there is one
        return der

    def test_swap(self) -> None:
        """
        A committed certificate is shown to new clients; until then, and where it cannot be used,
        the former one is. A committed list of authorities decides who gets in. A reload reads the
        files.
        """
        self.proxy = proxy = self.prepare()
        proxy.configure(CONFIG.replace("global\n", GLOBAL), ca=str(self.authority.path))
        proxy.start()
        proxy.wait_ready()
        self.port = proxy.port("stats")
        client = self.client("ops")
        first = self.shown(client)
        self.assertIn("Status: Used", self.ask(f"show ssl cert {self.crt}"))
        self.assertIn("in use, can't be deleted!", self.ask(f"del ssl cert {self.crt}"))

        new = self.authority.server()
        self.assertIn("created", self.ask(f"set ssl cert {self.crt}", new.pem))
        self.assertEqual(self.shown(client), first)
        self.assertEqual(
            self.ask(f"commit ssl cert {self.crt}"), f"Committing {self.crt}.\nSuccess!"
        )
        second = self.shown(client)
        self.assertNotEqual(second, first)

        self.ask(f"set ssl cert {self.crt}", self.authority.server().certificate_pem)
        self.ask(f"set ssl cert {self.crt}.key", new.key_pem)
        self.assertIn("inconsistencies", self.ask(f"commit ssl cert {self.crt}"))
        self.assertEqual(self.shown(client), second)
        self.ask(f"abort ssl cert {self.crt}")

        ca = str(self.authority.path)
        stranger = type(self.authority)(proxy.directory, "Stranger")
        self.ask(f"set ssl ca-file {ca}", stranger.path.read_bytes())
        self.assertIn("Success!", self.ask(f"commit ssl ca-file {ca}"))
        self.assertRaises((ssl.SSLError, EOFError, ConnectionError), self.shown, client)
        # What was given for the certificate is still in use.
        welcome = self.authority.client_context(
            stranger.write("welcome.pem", stranger.sign("welcome"))
        )
        self.assertEqual(self.shown(welcome), second)
        self.assertTrue(proxy.reload().startswith("Success=1"))
        self.assertEqual(self.shown(client), first)
