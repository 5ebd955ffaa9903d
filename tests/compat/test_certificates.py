"""
Certificates in memory: the same commands to HAProxy and to mwproxy.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from cryptography import x509

from tests.certificates import Authority
from tests.compat.outcomes import CompatTestCase
from tests.integration.clients import console
from tests.integration.harness import Proxy

CONFIG = """
global
    stats socket <dir>/admin.sock level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind <listen:fe>
"""
#: Words in braces are payloads; each comes behind C{<<}.
LINES = """
show ssl cert
show ssl cert nope
new ssl cert
new ssl cert a.pem
new ssl cert a.pem
show ssl cert
show ssl cert a.pem
show ssl cert *a.pem
commit ssl cert
commit ssl cert a.pem
abort ssl cert
abort ssl cert a.pem
set ssl cert
set ssl cert a.pem
set ssl cert a.pem x
set ssl cert a.pem {nonsense}
set ssl cert nope.pem {a}
set ssl cert a.pem {a.crt}
show ssl cert
show ssl cert *a.pem
commit ssl cert a.pem
set ssl cert a.pem {a.key}
set ssl cert a.pem {a}
set ssl cert a.pem {broken chain}
new ssl cert b.pem
commit ssl cert b.pem
abort ssl cert b.pem
del ssl cert
del ssl cert nope
del ssl cert a.pem
commit ssl cert a.pem
commit ssl cert a.pem
show ssl cert
show ssl cert a.pem
show ssl cert *a.pem
set ssl cert a.pem {b.crt a.key}
commit ssl cert a.pem
set ssl cert a.pem.key {b.key}
commit ssl cert a.pem
set ssl cert a.pem.key {nonsense}
set ssl cert a.pem.issuer {a.key}
set ssl cert a.pem.issuer {ca}
abort ssl cert a.pem
set ssl cert a.pem {chain}
commit ssl cert a.pem
show ssl cert a.pem
show ssl cert a.pem.ocsp
new ssl cert x.rsa
del ssl cert x.rsa
del ssl cert a.pem
show ssl cert
new ssl ca-file
new ssl ca-file c
new ssl ca-file c
show ssl ca-file c
commit ssl ca-file
commit ssl ca-file c
abort ssl ca-file
abort ssl ca-file c
set ssl ca-file
set ssl ca-file c
set ssl ca-file nope {ca}
set ssl ca-file c {nonsense}
set ssl ca-file c {ca}
show ssl ca-file *c
set ssl ca-file c {two}
new ssl ca-file d
set ssl ca-file d {ca}
commit ssl ca-file d
abort ssl ca-file d
del ssl ca-file
del ssl ca-file nope
del ssl ca-file c
commit ssl ca-file c
show ssl ca-file
show ssl ca-file c
show ssl ca-file c:2
show ssl ca-file c:0
show ssl ca-file c:9
show ssl ca-file c:x
show ssl ca-file nope
show ssl crl-file
show ssl crl-file nope
show ssl crl-file c
new ssl crl-file
new ssl crl-file c
new ssl crl-file l
new ssl crl-file l
show ssl crl-file
show ssl crl-file l
commit ssl crl-file l
set ssl crl-file
set ssl crl-file l
set ssl crl-file l {nonsense}
set ssl crl-file l {lists}
show ssl crl-file
show ssl crl-file *l
commit ssl crl-file nope
commit ssl crl-file l
show ssl crl-file l
show ssl crl-file l:2
show ssl crl-file l:9
abort ssl crl-file l
del ssl crl-file
del ssl crl-file nope
del ssl crl-file c
del ssl crl-file l
del ssl ca-file c
del ssl ca-file d
show ssl ca-file
show ssl crt-list
show ssl crt-list -n
show ssl crt-list nope
show ssl crt-list -n nope
add ssl crt-list
add ssl crt-list nope
add ssl crt-list nope x
del ssl crt-list
del ssl crt-list nope
del ssl crt-list nope x
show ssl ocsp-response
show ssl ocsp-response nope
"""


class CertificateTests(CompatTestCase):
    """
    Tests of C{ssl cert}, C{ssl ca-file} and C{ssl crl-file}.
    """

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        authority = Authority(Path(directory.name), "Root, é CA")
        other = Authority(Path(directory.name), "Other CA")
        names = (x509.DNSName("a.test"), x509.DNSName("*.a.test"))
        a = authority.sign("a.test", organization="Exa", names=names)
        b = authority.sign("b.test")
        ca, second = authority.path.read_bytes(), other.path.read_bytes()
        self.payloads = {
            "nonsense": b"nonsense\n",
            "a": a.pem,
            "a.crt": a.certificate_pem,
            "a.key": a.key_pem,
            "b.crt a.key": b.certificate_pem + a.key_pem,
            "b.key": b.key_pem,
            "chain": a.certificate_pem + ca + second + a.key_pem,
            "broken chain": a.pem
            + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "ca": ca,
            "two": ca + second,
            "lists": authority.revoke() + authority.revoke(a, b),
        }

    def script(self, proxy: Proxy) -> dict[str, str]:
        """
        Send all lines.

        @return: The answers, by number and line.
        """
        seen = {}
        for number, line in enumerate(LINES.strip().splitlines()):
            command, brace, name = line.partition(" {")
            text = command
            if brace:
                text = f"{command} <<\n{self.payloads[name.removesuffix('}')].decode()}"
            answer = console(str(proxy.directory / "admin.sock"), text)
            # HAProxy loads the authorities of the system for its HTTP client.
            answer = re.sub(r"@system-ca - \d+ certificate\(s\)\n", "", answer)
            seen[f"{number} {line}"] = answer.rstrip("\n")
        return seen

    def test_same_answers(self) -> None:
        """
        All answers are HAProxy's, but for empty lines at their ends.
        """
        self.compare(CONFIG, self.script)
