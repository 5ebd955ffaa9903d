"""
Tests for mwproxy/config/keywords/bind.py.
"""

from __future__ import annotations

import grp
import pwd

from mwproxy.core.families import bind_options
from mwproxy.core.levels import Level
from tests.config.keywords.reading import KeywordTestCase

PREFIX = "'bind :80' in section 'frontend' : "


class BindTests(KeywordTestCase):
    """
    Tests for C{bind} and C{stats socket}.
    """

    def bad(self, words: str) -> str:
        """
        Read options that are wrong.

        @return: What is said of them, without the common beginning.
        """
        text = self.refused(self.front, f"bind :80 {words}")
        self.assertTrue(text.startswith(PREFIX), text)
        return text.removeprefix(PREFIX)

    def test_addresses_share_their_options(self) -> None:
        """
        Each address and each port of a range is a listener, all with the line's options.
        """
        self.read(self.front, "bind :8000-8001,/tmp/s,abns@x,fd@4,[::1]:80 name n maxconn 3")
        self.assertEqual(
            [str(each.address) for each in self.front.binds],
            ["0.0.0.0:8000", "0.0.0.0:8001", "/tmp/s", "abns@x", "fd@4", "[::1]:80"],
        )
        self.assertEqual({each.settings.name for each in self.front.binds}, {"n"})
        self.assertEqual({each.settings.maxconn for each in self.front.binds}, {3})

    def test_all_options(self) -> None:
        """
        Each option fills its field.
        """
        self.read(
            self.front,
            "bind :80 name n backlog 5 maxconn 6 interface eth0 v6only accept-proxy uid 1 gid 2 "
            "mode 660 id 7 level admin severity-output number expose-fd listeners process 1-2 "
            "proto h1",
        )
        settings = self.front.binds[0].settings
        self.assertEqual(
            (settings.name, settings.backlog, settings.maxconn, settings.interface),
            ("n", 5, 6, "eth0"),
        )
        self.assertEqual(
            (settings.v4v6, settings.accept_proxy, settings.uid, settings.gid),
            (False, True, 1, 2),
        )
        self.assertEqual(
            (settings.socket_mode, settings.id, settings.level), (0o660, 7, Level.ADMIN)
        )
        self.assertEqual((settings.severity_output, settings.expose_fd_listeners), ("number", True))
        self.assertEqual(settings.processes, {1, 2})
        self.assertEqual(self.warnings(), [])

    def test_user_and_group(self) -> None:
        """
        Names become numbers; unknown ones are refused.
        """
        user, group = pwd.getpwuid(0).pw_name, grp.getgrgid(0).gr_name
        self.read(self.front, f"bind /tmp/s user {user} group {group}")
        settings = self.front.binds[0].settings
        self.assertEqual((settings.uid, settings.gid), (0, 0))
        self.assertEqual(self.bad("user no-such"), "'user' : unknown user name 'no-such'")
        self.assertEqual(self.bad("group no-such"), "'group' : unknown group name 'no-such'")

    def test_missing_arguments(self) -> None:
        """
        An option at the end of the line without its argument is refused in HAProxy's words.
        """
        for name, expected in (
            ("name", "'name' : missing name"),
            ("backlog", "'backlog' : missing value"),
            ("interface", "'interface' : missing interface name"),
            ("uid", "'uid' : missing value"),
            ("mode", "'mode' : missing or invalid mode '' (octal integer expected)"),
            ("id", "'id' : expects an integer argument"),
            ("level", "'level' : missing level"),
            ("severity-output", "'severity-output' : missing severity format"),
            ("expose-fd", "'expose-fd' : missing fd type"),
            ("process", "'process' : '' is not a valid number/range."),
        ):
            self.assertEqual(self.bad(name), expected)

    def test_bad_arguments(self) -> None:
        """
        Values out of range are refused in HAProxy's words.
        """
        for words, expected in (
            ("backlog -1", "'backlog' : invalid value -1, must be > 0"),
            ("maxconn -1", "'maxconn' : invalid value -1, must be >= 0"),
            ("maxconn x", "'maxconn' : 'x' is not an integer"),
            ("mode 999", "'mode' : missing or invalid mode '999' (octal integer expected)"),
            ("id 0", "'id' : custom id has to be > 0"),
            ("id x", "'id' : expects an integer argument, found 'x'"),
            ("nice 2000", "'nice' : invalid value 2000, allowed range is -1024..1024"),
            ("level x", "'level' only supports 'user', 'operator', and 'admin' (got 'x')"),
            (
                "severity-output x",
                "'severity-output' only supports 'none', 'number', and 'string' (got 'x')",
            ),
            ("expose-fd x", "'expose-fd' only supports 'listeners' (got 'x')"),
            ("proto foo", "'proto' :  unknown MUX protocol 'foo'"),
            ("proto h2", "'proto h2' on 'bind' is not supported by mwproxy"),
            (
                f"interface {'x' * 16}",
                f"'interface' : interface name '{'x' * 16}' too long (max 15)",
            ),
            ("thread x", "'x' : 'x' is not a valid number/range."),
            (
                "shards x",
                "'shards' : invalid value 'x', must be a positive integer, 'by-thread' or "
                "'by-group'",
            ),
        ):
            self.assertEqual(self.bad(words), expected)

    def test_processes(self) -> None:
        """
        A set of workers is all, odd, even, a number or a range.
        """
        for text, expected in (
            ("all", set()),
            ("odd", set(range(1, 65, 2))),
            ("even", set(range(2, 65, 2))),
            ("3", {3}),
            ("2-4", {2, 3, 4}),
            ("4-2", {2, 3, 4}),
            ("63-", {63, 64}),
            ("1/all", {1}),
        ):
            self.front.binds.clear()
            self.read(self.front, f"bind :80 process {text}")
            self.assertEqual(self.front.binds[0].settings.processes, expected)
        self.assertEqual(
            self.warnings(), ["'process 1/all' : threads are ignored, workers have only one."]
        )
        self.assertEqual(
            self.bad("process 0"),
            "'process' : '0' is not a valid number/range. It supports numbers from 1 to 64.",
        )
        self.assertEqual(self.bad("process x"), "'process' : 'x' is not a valid number/range.")

    def test_options_without_effect(self) -> None:
        """
        What concerns threads and priorities is accepted with a warning.
        """
        self.read(self.front, "bind :80 nice 3 thread 1-2 shards by-thread")
        self.assertEqual(
            [each.split(":")[0] for each in self.warnings()],
            [f"'{name}' has no effect in mwproxy" for name in ("nice", "thread", "shards")],
        )

    def test_wrong_section(self) -> None:
        """
        Backends ignore it, C{defaults} must not have it.
        """
        self.assertEqual(
            self.refused(self.base, "bind :80"), "'bind' not allowed in 'defaults' section."
        )
        self.read(self.back, "bind :80")
        self.assertEqual(
            self.warnings(), ["'bind' ignored because backend 'b' has no frontend capability."]
        )
        self.assertEqual(
            self.refused(self.front, "bind"),
            "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.",
        )

    def test_stats_socket(self) -> None:
        """
        A console socket is for operators unless C{level} says otherwise.
        """
        self.read(
            self.whole,
            "stats socket /tmp/a mode 600",
            "stats socket 127.0.0.1:9999 level user",
        )
        first, second = self.whole.stats_sockets
        self.assertEqual(
            (first.settings.level, first.settings.socket_mode), (Level.OPERATOR, 0o600)
        )
        self.assertEqual(
            (str(second.address), second.settings.level), ("127.0.0.1:9999", Level.USER)
        )
        self.assertEqual(
            self.refused(self.whole, "stats socket"),
            "'stats socket' in global section expects an address or a path to a UNIX socket",
        )
        self.assertEqual(
            self.refused(self.whole, "stats socket /tmp/a level x"),
            "'stats socket' : 'level' only supports 'user', 'operator', and 'admin' (got 'x')",
        )

    def test_every_option_is_tested_here(self) -> None:
        """
        The options known are those that the tests above use.
        """
        known = (
            "accept-proxy backlog expose-fd gid group id interface level maxconn mode name "
            "nice process proto severity-output shards thread uid user v4v6 v6only"
        )
        self.assertEqual(bind_options.names(), known.split())
