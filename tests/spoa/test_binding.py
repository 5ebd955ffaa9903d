"""
Tests for L{mwproxy.spoa.binding}.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Any, Optional

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.data import Value
from mwproxy.protocols.spop.notify import Message
from mwproxy.spoa.binding import BadArguments, BadSignature, Binding, Request, python_name

IP = IPv4Address("192.0.2.1")


def call(function: Any, *arguments: tuple[str, Value]) -> Any:
    """
    Call a function with arguments of the wire.
    """
    binding = Binding(function)
    request = Request(Message("m", list(arguments)), 7, 2, "e-1", "127.0.0.1:1")
    return binding.call(list(arguments), request if binding.wants_request else None)


class CallTests(SynchronousTestCase):
    """
    Tests of calling functions by name.
    """

    def test_by_name(self) -> None:
        """
        Arguments come by name, in any order; those that are not asked for do not.
        """

        def function(path: str, ip: IPv4Address | IPv6Address, *, raw: bytes) -> object:
            return path, ip, raw

        found = call(function, ("ip", IP), ("other", 1), ("", 2), ("raw", b"x"), ("path", "/"))
        self.assertEqual(found, ("/", IP, b"x"))

    def test_names_of_the_wire(self) -> None:
        """
        What is no name of Python has underscores.
        """
        for name, expected in (
            ("user-agent", "user_agent"),
            ("class", "class_"),
            ("a.b", "a_b"),
            ("plain", "plain"),
        ):
            self.assertEqual(python_name(name), expected)
        self.assertEqual(call(lambda user_agent: user_agent, ("user-agent", "curl")), "curl")

    def test_others(self) -> None:
        """
        All others come as keywords, if they are wanted; those without a name do not.
        """

        def function(ip: object, **others: object) -> object:
            return others

        found = call(function, ("ip", IP), ("a-b", 1), ("", 2), ("c", None))
        self.assertEqual(found, {"a_b": 1, "c": None})

    def test_request(self) -> None:
        """
        A parameter of class Request gets all around the message, whatever its name is.
        """

        def function(what: Request, ip: object) -> Request:
            return what

        found = call(function, ("ip", IP), ("", 5), ("what", 6))
        self.assertEqual((found.name, found.stream_id, found.frame_id), ("m", 7, 2))
        self.assertEqual((found.engine_id, found.peer), ("e-1", "127.0.0.1:1"))
        self.assertEqual(found.arguments, [("ip", IP), ("", 5), ("what", 6)])

    def test_types(self) -> None:
        """
        What the annotation does not allow is refused in HAProxy's words.
        """

        def function(port: int | None, path: str = "/") -> object:
            return port, path

        self.assertEqual(call(function, ("port", None)), (None, "/"))
        for arguments, expected in (
            ([("port", "80")], "argument 'port' is string, NULL or int expected"),
            ([("port", True)], "argument 'port' is bool, NULL or int expected"),
            ([("port", 1), ("path", b"/")], "argument 'path' is binary, string expected"),
            ([], "argument 'port' is missing"),
        ):
            with self.assertRaises(BadArguments) as caught:
                call(function, *arguments)
            self.assertEqual(str(caught.exception), expected)

    def test_null(self) -> None:
        """
        A NULL counts as not sent where there is a default, unless the annotation allows it.
        """

        def function(a: str = "x", b: Optional[str] = "y", c=3) -> object:  # type: ignore[no-untyped-def] # noqa: UP045
            return a, b, c

        self.assertEqual(call(function, ("a", None), ("b", None), ("c", None)), ("x", None, None))
        with self.assertRaises(BadArguments) as caught:
            call(lambda_with_text, ("text", None))
        self.assertEqual(str(caught.exception), "argument 'text' is NULL, string expected")

    def test_callable_object(self) -> None:
        """
        An object that can be called will do, and a method.
        """

        class Scorer:
            def __call__(self, ip: IPv4Address) -> str:
                return str(ip)

            def method(self, ip: IPv4Address) -> str:
                return repr(ip)

        self.assertEqual(call(Scorer(), ("ip", IP)), "192.0.2.1")
        self.assertEqual(call(Scorer().method, ("ip", IP)), repr(IP))
        with self.assertRaises(BadArguments):
            call(Scorer(), ("ip", 1))


def lambda_with_text(text: str) -> str:
    return text


class SignatureTests(SynchronousTestCase):
    """
    Tests of functions that no message can call.
    """

    def test_positional(self) -> None:
        """
        Arguments have names, so parameters without one are refused.
        """

        def function(*rest: object) -> None: ...

        with self.assertRaises(BadSignature) as caught:
            Binding(function)
        self.assertEqual(
            str(caught.exception),
            "parameter '*rest: 'object'' of function can have no name; arguments without one are "
            "in Request.arguments",
        )

    def test_annotation(self) -> None:
        """
        An annotation that no argument can meet is refused.
        """

        def function(ratio: float) -> None: ...

        with self.assertRaises(BadSignature) as caught:
            Binding(function)
        self.assertEqual(
            str(caught.exception),
            "parameter 'ratio' of function is annotated with float; arguments are None, bool, int, "
            "IPv4Address, IPv6Address, str, bytes",
        )

    def test_unknown_annotation(self) -> None:
        """
        So is one that cannot be understood.
        """

        def function(ip: Nothing) -> None: ...  # type: ignore[name-defined]  # noqa: F821

        with self.assertRaises(BadSignature) as caught:
            Binding(function)
        self.assertIn("name 'Nothing' is not defined", str(caught.exception))
