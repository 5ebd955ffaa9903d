"""
Tests for L{mwproxy.core.levels}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.levels import Level, LevelRule, Peer, level_of, parse_level, shown


class LevelTests(SynchronousTestCase):
    """
    Tests for L{Level}.
    """

    def test_order(self) -> None:
        """
        A user may less than an operator, who may less than an admin.
        """
        self.assertTrue(Level.USER < Level.OPERATOR < Level.ADMIN)

    def test_words(self) -> None:
        """
        Levels are read as they are written.
        """
        for level in Level:
            self.assertIs(parse_level(level.word), level)

    def test_refused(self) -> None:
        """
        Other words are refused, in HAProxy's words.
        """
        for word in ("root", "Admin", "ADMIN", ""):
            error = self.assertRaises(ValueError, parse_level, word)
            expected = f"'level' only supports 'user', 'operator', and 'admin' (got '{word}')"
            self.assertEqual(str(error), expected)


class RuleTests(SynchronousTestCase):
    """
    Tests for L{LevelRule} and L{level_of}.
    """

    ANNA = Peer(
        "10.0.0.1:5",
        subject=(("O", "Example"), ("CN", "ops-anna")),
        names=(("DNS", "Ops.example.org"), ("URI", "spiffe://ops/1")),
    )

    def of(self, peer: Peer, *rules: tuple[str, str, Level]) -> Level:
        """
        Find a level where the socket's is operator.
        """
        return level_of(peer, [LevelRule(*rule) for rule in rules], Level.OPERATOR)

    def test_first_match(self) -> None:
        """
        The first rule that fits counts, whether it raises or lowers; without one the socket's
        level holds.
        """
        self.assertIs(self.of(self.ANNA), Level.OPERATOR)
        self.assertIs(self.of(self.ANNA, ("CN", "guest", Level.ADMIN)), Level.OPERATOR)
        both = (("CN", "ops*", Level.USER), ("O", "Example", Level.ADMIN))
        self.assertIs(self.of(self.ANNA, *both), Level.USER)
        self.assertIs(self.of(self.ANNA, *reversed(both)), Level.ADMIN)

    def test_patterns(self) -> None:
        """
        A star is any text and a question mark one character, of the whole value; nothing else is
        special. Case counts, but not in names of hosts.
        """
        for pattern, fits in (
            ("ops-anna", True), ("ops-????", True), ("*anna", True), ("*", True), ("ops", False),
            ("OPS-*", False), ("ops-anna$", False), ("[o]ps*", False), ("ops.anna", False),
        ):  # fmt: skip
            found = self.of(self.ANNA, ("CN", pattern, Level.ADMIN))
            self.assertEqual(found is Level.ADMIN, fits, pattern)
        self.assertIs(self.of(self.ANNA, ("DNS", "ops.EXAMPLE.*", Level.ADMIN)), Level.ADMIN)
        self.assertIs(self.of(self.ANNA, ("URI", "spiffe://OPS/*", Level.ADMIN)), Level.OPERATOR)

    def test_kinds_are_apart(self) -> None:
        """
        A name is looked for where the rule says, and a UNIX peer has no certificate.
        """
        self.assertIs(self.of(self.ANNA, ("CN", "Example", Level.ADMIN)), Level.OPERATOR)
        self.assertIs(self.of(Peer(uid=0), ("CN", "*", Level.ADMIN)), Level.OPERATOR)

    def test_unix(self) -> None:
        """
        Users and groups are numbers; who comes by the network has none, which is not user 0.
        """
        peer = Peer(uid=1000, pid=7, gids=frozenset({100, 27}))
        self.assertIs(self.of(peer, ("uid", "1000", Level.ADMIN)), Level.ADMIN)
        self.assertIs(self.of(peer, ("uid", "100", Level.ADMIN)), Level.OPERATOR)
        self.assertIs(self.of(peer, ("gid", "27", Level.USER)), Level.USER)
        self.assertIs(self.of(Peer("1.2.3.4:5"), ("uid", "0", Level.ADMIN)), Level.OPERATOR)

    def test_text(self) -> None:
        """
        A peer is one word; a certificate cannot write another field, or another line.
        """
        self.assertEqual(Peer(uid=5, pid=7).text, "uid=5,pid=7")
        self.assertEqual(self.ANNA.text, "10.0.0.1:5,O=Example,CN=ops-anna")
        odd = Peer("1.2.3.4:5", subject=(("CN", 'x,O=y level=admin"\n\u00e9'),))
        expected = r"1.2.3.4:5,CN=x\x2cO\x3dy\x20level\x3dadmin\x22\x0a\xc3\xa9"
        self.assertEqual(odd.text, expected)
        self.assertEqual(Peer().text, "unknown")

    def test_shown(self) -> None:
        """
        What is no plain text is written as its bytes.
        """
        self.assertEqual(shown("a/b'c=1"), "a/b'c=1")
        self.assertEqual(shown("a b\\\x7f\udcff"), r"a\x20b\x5c\x7f\xff")
