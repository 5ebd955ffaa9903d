"""
Tests for L{mwproxy.config.inheritance}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.inheritance import inherit
from mwproxy.config.model import Bind, BindSettings, HttpCheck, Proxy, ServerSettings
from mwproxy.core.addresses import Address
from mwproxy.core.diagnostics import Where

HERE = Where("f", 3)


class InheritTests(SynchronousTestCase):
    """
    Tests for what a proxy takes from its C{defaults}.
    """

    def test_none(self) -> None:
        """
        Without C{defaults} the documented defaults hold.
        """
        proxy = inherit(None, "backend", "b", HERE)
        self.assertEqual(
            (proxy.kind, proxy.name, proxy.where, proxy.retries), ("backend", "b", HERE, 3)
        )

    def test_settings(self) -> None:
        """
        Settings are taken.
        """
        defaults = Proxy("defaults", "d")
        defaults.mode = "http"
        defaults.timeouts.client = 5
        defaults.options.add("dontlognull")
        defaults.default_server = ServerSettings(weight=9)
        defaults.error_files[503] = b"x"
        defaults.default_backend = "z"
        defaults.http_check = HttpCheck()
        proxy = inherit(defaults, "listen", "l", HERE)
        self.assertEqual(
            (proxy.mode, proxy.timeouts.client, proxy.options, proxy.default_backend),
            ("http", 5, {"dontlognull"}, "z"),
        )
        self.assertEqual(proxy.default_server.weight, 9)
        self.assertEqual((proxy.error_files, proxy.defaults), ({503: b"x"}, "d"))

    def test_own(self) -> None:
        """
        Listeners, ACLs and switching rules are not.
        """
        defaults = Proxy("defaults", "d", number=7, description="x")
        defaults.binds.append(Bind(Address("ipv4", "127.0.0.1", 80), BindSettings()))
        defaults.acls["a"] = bool
        proxy = inherit(defaults, "listen", "l", HERE)
        self.assertEqual(
            (proxy.binds, proxy.acls, proxy.number, proxy.description), ([], {}, 0, "")
        )

    def test_not_shared(self) -> None:
        """
        What the proxy changes stays its own.
        """
        defaults = Proxy("defaults", "d")
        defaults.rule_lines["http-request"] = []
        defaults.http_check = HttpCheck()
        proxy = inherit(defaults, "backend", "b", HERE)
        proxy.timeouts.server = 1
        proxy.options.add("x")
        proxy.rule_lines["http-request"].append((None, None))
        assert proxy.http_check is not None
        proxy.http_check.uri = "/x"
        self.assertEqual(
            (
                defaults.timeouts.server,
                defaults.options,
                defaults.rule_lines,
                defaults.http_check.uri,
            ),
            (None, set(), {"http-request": []}, "/"),
        )

    def test_sealed_is_shared(self) -> None:
        """
        What cannot change is not copied: ten thousand servers may have one object for what
        C{default-server} says.
        """
        defaults = Proxy("defaults", "d")
        defaults.default_server = ServerSettings(weight=9)
        defaults.default_server.seal()
        proxy = inherit(defaults, "backend", "b", HERE)
        self.assertIs(proxy.default_server, defaults.default_server)
