"""
Tests of C{mwproxy/config/model.py}.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.core.addresses import Address


def described() -> model.Configuration:
    """
    Describe one of everything.

    @return: The configuration, not sealed.
    """
    where = Address("ipv4", "127.0.0.1", 80)
    bind = model.Bind(where, model.BindSettings())
    proxy = model.Proxy("listen", "l", binds=[bind], http_check=model.HttpCheck())
    proxy.servers.append(model.Server("s", where, model.ServerSettings()))
    global_ = model.Global(stats_sockets=[model.Bind(where, model.BindSettings())])
    return model.Configuration(global_, [proxy], [model.Program("p", ("/bin/true",))])


class SealTests(SynchronousTestCase):
    """
    Tests of sealing.
    """

    def test_open_until_sealed(self) -> None:
        """
        An object takes changes until it is sealed, and the error says what was to be changed.
        """
        proxy = model.Proxy("frontend", "f")
        proxy.mode = "http"
        proxy.seal()
        with self.assertRaises(AttributeError) as caught:
            proxy.mode = "tcp"
        self.assertEqual(str(caught.exception), "Proxy.mode: the description is sealed")
        self.assertEqual(proxy.mode, "http")

    def test_new_attributes_are_refused_too(self) -> None:
        """
        A sealed object gets no attribute that it did not have.
        """
        timeouts = model.Timeouts()
        timeouts.seal()
        with self.assertRaises(AttributeError):
            timeouts.clinet = 5  # type: ignore[attr-defined]

    def test_copy_of_a_sealed_object_is_open(self) -> None:
        """
        A copy takes changes, is of the same class as an open object, and is no part of its origin.
        """
        timeouts = model.Timeouts(client=5)
        timeouts.seal()
        for origin in (timeouts, model.Timeouts(client=5)):
            other = origin.copy()
            other.client = 7
            self.assertIs(type(other), model.Timeouts)
            self.assertEqual((other.client, origin.client), (7, 5))

    def test_sealed_object_is_of_its_class(self) -> None:
        """
        Who asks for the class of a sealed object finds that of open ones.
        """
        timeouts = model.Timeouts()
        timeouts.seal()
        self.assertIsInstance(timeouts, model.Timeouts)
        self.assertTrue(timeouts.sealed)

    def test_seal_all_reaches_everything(self) -> None:
        """
        Sealing a configuration seals whatever it holds, in lists and in objects.
        """
        configuration = described()
        configuration.seal_all()
        proxy = configuration.proxies[0]
        server = proxy.servers[0]
        sealed: list[model.Sealed | model.Server] = [
            configuration,
            configuration.global_,
            configuration.global_.stats_sockets[0].settings,
            proxy,
            proxy.timeouts,
            proxy.default_server.check,
            proxy.binds[0],
            proxy.binds[0].settings,
            server,
            server.settings,
            server.settings.check,
        ]
        assert proxy.http_check is not None
        sealed.append(proxy.http_check)
        for one in sealed:
            # Every class has at least one field; which one does not matter.
            name = fields(one)[0].name  # type: ignore[arg-type]
            with self.assertRaises(AttributeError, msg=type(one).__name__):
                setattr(one, name, None)

    def test_sealing_twice(self) -> None:
        """
        Sealing what is sealed does nothing.
        """
        configuration = described()
        configuration.seal_all()
        configuration.seal_all()
        self.assertEqual(configuration.proxies[0].name, "l")

    def test_programs_and_switches_never_change(self) -> None:
        """
        What is made in one go is frozen from the start.
        """
        program = model.Program("p", ("/bin/true",))
        with self.assertRaises(FrozenInstanceError):
            program.user = "root"  # type: ignore[misc]


class ForkTests(SynchronousTestCase):
    """
    Tests of L{model.ServerSettings.fork}.
    """

    def test_line_changes_its_own(self) -> None:
        """
        A fork has all values of its origin, and what is changed in it, checks included, stays
        in it.
        """
        default = model.ServerSettings(weight=7)
        default.check.enabled = True
        fork = default.fork()
        self.assertEqual((fork.weight, fork.check.enabled), (7, True))
        fork.weight = 9
        fork.own_check().enabled = False
        fork.own_check().rise = 5
        self.assertEqual((default.weight, default.check.enabled, default.check.rise), (7, True, 2))

    def test_fork_of_sealed_settings_is_open(self) -> None:
        """
        A fork takes changes even if its origin does not any more.
        """
        default = model.ServerSettings()
        default.check.seal()
        default.seal()
        fork = default.fork()
        fork.backup = True
        fork.own_check().fall = 1
        self.assertFalse(default.backup)
        self.assertEqual(default.check.fall, 3)

    def test_sealed_checks_are_shared(self) -> None:
        """
        A fork that changes nothing about checks has those of its origin; one that does has a
        single object for all its changes.
        """
        default = model.ServerSettings()
        default.seal()
        fork = default.fork()
        self.assertIs(fork.check, default.check)
        own = fork.own_check()
        self.assertIsNot(own, default.check)
        self.assertIs(fork.own_check(), own)


class ProxyTests(SynchronousTestCase):
    """
    Tests of L{model.Proxy}.
    """

    def test_ends_of_each_kind(self) -> None:
        """
        Clients connect to frontends, backends have servers, C{listen} is both, C{defaults} none.
        """
        ends = {
            kind: (model.Proxy(kind, "x").has_frontend, model.Proxy(kind, "x").has_backend)
            for kind in ("frontend", "backend", "listen", "defaults")
        }
        self.assertEqual(
            ends,
            {
                "frontend": (True, False),
                "backend": (False, True),
                "listen": (True, True),
                "defaults": (False, False),
            },
        )

    def test_nothing_is_shared(self) -> None:
        """
        Two proxies have lists and timeouts of their own.
        """
        one, other = model.Proxy("listen", "a"), model.Proxy("listen", "b")
        one.timeouts.client = 5
        one.options.add("dontlognull")
        self.assertIsNone(other.timeouts.client)
        self.assertEqual(other.options, set())

    def test_defaults_are_the_manuals(self) -> None:
        """
        What no keyword says is as in the manual.
        """
        proxy = model.Proxy("listen", "l")
        self.assertEqual(proxy.mode, "tcp")
        self.assertEqual(proxy.retries, 3)
        self.assertEqual(proxy.balance, "roundrobin")
        self.assertEqual(proxy.hash_type, ("map-based", "sdbm", ""))
        self.assertEqual(proxy.reuse, "safe")
        check = model.CheckSettings()
        self.assertEqual((check.inter_ms, check.rise, check.fall), (2000, 2, 3))
        http = model.HttpCheck()
        self.assertEqual((http.method, http.uri, http.version), ("OPTIONS", "/", "HTTP/1.0"))
        global_ = model.Global()
        self.assertEqual((global_.bufsize, global_.maxrewrite), (16384, 1024))
        self.assertTrue(global_.exit_on_failure)
