"""
Tests of C{mwproxy/rules/variables.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.variable_names import begin_names, end_names
from mwproxy.rules.variables import (
    check_name,
    guarded_writer,
    is_name,
    late_writer,
    reader,
    writer,
)
from tests.rules.streams import make_stream


class VariableTests(SynchronousTestCase):
    """
    Tests of variables.
    """

    def test_names_are_noted(self) -> None:
        """
        Who compiles a use of a variable notes its name; what agents bring is not noted.
        """
        begin_names()
        self.addCleanup(end_names)
        reader("txn.read")
        writer("txn.written")
        guarded_writer("sess.guarded", ["ifexists"])
        late_writer("txn.late")
        self.assertEqual(end_names(), {"txn.read", "txn.written", "sess.guarded"})

    def test_scopes(self) -> None:
        """
        Variables live as long as their scope: stream, session or process.
        """
        first, second = make_stream(), make_stream()
        third = type(first)(first.session)
        for name in ("txn.a", "sess.a", "proc.test_scopes"):
            writer(name)(first, 5)
        seen = [
            [reader(name)(stream) for stream in (first, third, second)]
            for name in ("txn.a", "sess.a", "proc.test_scopes")
        ]
        self.assertEqual(seen, [[5, None, None], [5, 5, None], [5, 5, 5]])
        for name in ("txn.a", "sess.a", "proc.test_scopes"):
            writer(name)(first, None)
            self.assertIsNone(reader(name)(first))
            writer(name)(second, None)

    def test_phases(self) -> None:
        """
        Those of requests are gone when there is a response; those of responses begin with it.
        """
        stream = make_stream()
        stream.response = None
        writer("req.a")(stream, 1)
        writer("res.a")(stream, 2)
        self.assertEqual([reader(name)(stream) for name in ("req.a", "res.a")], [1, None])
        stream.response = object()  # type: ignore[assignment]
        self.assertEqual([reader(name)(stream) for name in ("req.a", "res.a")], [None, None])
        writer("req.a")(stream, 3)
        writer("res.a")(stream, 4)
        self.assertEqual([reader(name)(stream) for name in ("req.a", "res.a")], [None, 4])
        stream.response = None
        self.assertEqual(reader("req.a")(stream), 1)

    def test_names(self) -> None:
        """
        A name is a scope, a dot, and letters, digits, dots and underscores.
        """
        self.assertEqual(check_name("txn.a_b.C9"), "txn.a_b.C9")
        self.assertTrue(is_name("req.a"))
        for name in ("5", "txn.", "foo.a", "txn.a-b"):
            self.assertFalse(is_name(name))
        scope = (
            "invalid variable name '{}'. A variable name must be start by its scope. The scope "
            "can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'"
        )
        for name, message in (
            ("foo", scope.format("foo")),
            ("txn.", scope.format("txn.")),
            ("foo.x", scope.format("foo.x")),
            ("txn.a-b", "invalid syntax at char '-b'"),
            ("check.a", "variable 'check.a': scope 'check' is not supported by mwproxy here"),
        ):
            self.assertEqual(str(self.assertRaises(ConfigError, check_name, name)), message)

    def test_conditions(self) -> None:
        """
        Conditions look at the old and the new value.
        """
        for word, old, new, expected in (
            ("ifexists", None, 1, None),
            ("ifexists", 2, 1, 1),
            ("ifnotexists", None, 1, 1),
            ("ifnotexists", 2, 1, 2),
            ("ifset", None, 1, None),
            ("ifnotset", 2, 1, 2),
            ("ifempty", 2, b"", b""),
            ("ifempty", 2, b"x", 2),
            ("ifnotempty", 2, b"", 2),
            ("ifnotempty", 2, b"x", b"x"),
            ("ifgt", 2, 3, 3),
            ("ifgt", 2, 1, 2),
            ("iflt", 2, 1, 1),
            ("iflt", 2, 3, 2),
        ):
            stream = make_stream()
            stream.variables = {} if old is None else {"txn.a": old}
            guarded_writer("txn.a", [word])(stream, new)
            self.assertEqual(stream.variables.get("txn.a"), expected, word)

    def test_unknown_condition(self) -> None:
        """
        An unknown condition is quoted.
        """
        error = self.assertRaises(ConfigError, guarded_writer, "txn.a", ["foo"])
        self.assertEqual(str(error), 'unknown condition "foo"')
