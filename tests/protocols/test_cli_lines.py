"""
Tests for L{mwproxy.protocols.cli_lines}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.cli_lines import (
    MAX_WORDS,
    TOO_LONG,
    TOO_MANY_WORDS,
    Command,
    CommandReader,
    Target,
    parse_command,
    parse_target,
)
from tests.protocols.pieces import every_split

quick = settings(derandomize=True, max_examples=100, deadline=None, database=None)


def read_all(
    pieces: list[bytes], *, prefixes: bool = False, limit: int = 16384
) -> tuple[list[Command], bytes]:
    """
    Feed pieces and read whatever can be read.

    @return: The commands, and what is left.
    """
    reader = CommandReader(prefixes=prefixes, limit=limit)
    commands = []
    for piece in pieces:
        reader.feed(piece)
        while (command := reader.next()) is not None:
            commands.append(command)
    return commands, reader.buffered


def words(data: bytes) -> list[tuple[str, ...]]:
    """
    Read commands and give only their words.
    """
    return [command.words for command in read_all([data])[0]]


class LineTests(SynchronousTestCase):
    """
    Tests for cutting input into commands.
    """

    def test_separators(self) -> None:
        """
        Line feeds and semicolons end commands, blanks separate words.
        """
        self.assertEqual(
            words(b"show info; show\t stat ;help\n quit\n"),
            [("show", "info"), ("show", "stat"), ("help",), ("quit",)],
        )

    def test_end_of_line(self) -> None:
        """
        The last command of a line knows that it is; a semicolon at the end adds none.
        """
        commands, _rest = read_all([b"a;b; \nc\n"])
        self.assertEqual([command.ends_line for command in commands], [False, True, True])

    def test_empty_line(self) -> None:
        """
        An empty line is an empty command.
        """
        self.assertEqual(words(b"\n  \n;\n"), [(), (), ()])

    def test_carriage_return(self) -> None:
        """
        A CR before the line feed is none of the command's.
        """
        self.assertEqual(words(b"help\r\n\r\n"), [("help",), ()])

    def test_unfinished(self) -> None:
        """
        A line without line feed is no command.
        """
        self.assertEqual(read_all([b"help\nquit"])[1], b"quit")
        self.assertEqual(words(b"a;b"), [])

    def test_escapes(self) -> None:
        """
        A backslash protects semicolons, blanks and backslashes; before anything else it stays.
        """
        self.assertEqual(
            words(rb"set a\ b c\;d e\\;f \d+\.x \ " + b"\n"),
            [("set", "a b", "c;d", "e\\"), ("f", "\\d+\\.x", " ")],
        )
        self.assertEqual(words(b"a\\\n"), [("a\\",)])

    def test_not_utf8(self) -> None:
        """
        Bytes that are no UTF-8 survive.
        """
        (command,), _rest = read_all([b"echo \xff\n"])
        self.assertEqual(command.words[1].encode("utf-8", "surrogateescape"), b"\xff")
        self.assertEqual(command.raw, b"echo \xff")

    def test_too_many_words(self) -> None:
        """
        A command has at most 64 words.
        """
        line = b" ".join([b"w"] * MAX_WORDS)
        self.assertEqual(len(words(line + b"\n")[0]), MAX_WORDS)
        commands, _rest = read_all([line + b" w; quit\n"])
        self.assertEqual([command.problem for command in commands], [TOO_MANY_WORDS, ""])

    def test_too_long(self) -> None:
        """
        A line without end is given up, with all that came.
        """
        commands, rest = read_all([b"x" * 9, b"x", b"y\nhelp\n"], limit=10)
        self.assertEqual(commands[0].problem, TOO_LONG)
        self.assertEqual([command.words for command in commands[1:]], [("y",), ("help",)])
        self.assertEqual(rest, b"")

    def test_discard(self) -> None:
        """
        An error throws away what came after the command, and a payload that was begun.
        """
        reader = CommandReader()
        reader.feed(b"a\nb\n")
        self.assertIsNotNone(reader.next())
        self.assertEqual(reader.discard(), b"b\n")
        self.assertIsNone(reader.next())
        reader.feed(b"c <<\nd\n")
        self.assertIsNone(reader.next())
        self.assertTrue(reader.in_payload)
        reader.discard()
        self.assertFalse(reader.in_payload)


class PayloadTests(SynchronousTestCase):
    """
    Tests for payloads.
    """

    def test_until_empty_line(self) -> None:
        """
        A payload ends at an empty line; its lines are taken as they are.
        """
        (command, after), rest = read_all([b"add map x <<\na b\\;\n;c\n\nhelp\nx"])
        self.assertEqual(command.words, ("add", "map", "x"))
        self.assertEqual(command.payload, b"a b\\;\n;c\n")
        self.assertEqual(command.wire(), b"add map x <<\na b\\;\n;c\n\n")
        self.assertEqual(after.words, ("help",))
        self.assertEqual(rest, b"x")

    def test_until_tag(self) -> None:
        """
        With a tag, empty lines belong to the payload.
        """
        (command,), _rest = read_all([b"set cert x <<END\na\n\nEND \nEND\n"])
        self.assertEqual(command.payload, b"a\n\nEND \n")
        self.assertEqual(command.tag, b"END")
        self.assertEqual(command.wire(), b"set cert x <<END\na\n\nEND \nEND\n")

    def test_empty(self) -> None:
        """
        A payload may be empty, which is not the same as none.
        """
        (command,), _rest = read_all([b"x <<\n\n"])
        self.assertEqual(command.payload, b"")
        self.assertIsNone(read_all([b"x\n"])[0][0].payload)

    def test_crlf(self) -> None:
        """
        The line that ends a payload may end in CRLF.
        """
        (command, other), _rest = read_all([b"x <<\r\na\r\n\r\ny <<T\r\nb\r\nT\r\n"])
        self.assertEqual((command.payload, other.payload), (b"a\r\n", b"b\r\n"))

    def test_long_tag(self) -> None:
        """
        A tag has at most seven characters; a longer one is a word.
        """
        self.assertEqual(read_all([b"x <<1234567\n1234567\n"])[0][0].tag, b"1234567")
        self.assertEqual(words(b"x <<12345678\n"), [("x", "<<12345678")])

    def test_not_last(self) -> None:
        """
        Only the last word of a line starts a payload.
        """
        self.assertEqual(words(b"x << y\nx <<;y\n"), [("x", "<<", "y"), ("x", "<<"), ("y",)])

    def test_too_long(self) -> None:
        """
        A payload that does not end within the limit is given up.
        """
        for pieces in ([b"x <<\n", b"12345678\n", b"1\n"], [b"x <<\n", b"12345678\n1\n\n"]):
            commands, _rest = read_all(pieces, limit=10)
            self.assertEqual(commands[0].problem, TOO_LONG)

    def test_prompt(self) -> None:
        """
        It can be seen that a payload is awaited.
        """
        reader = CommandReader()
        reader.feed(b"x <<\na\n")
        self.assertFalse(reader.in_payload)
        self.assertIsNone(reader.next())
        self.assertTrue(reader.in_payload)
        reader.feed(b"\n")
        self.assertIsNotNone(reader.next())
        self.assertFalse(reader.in_payload)

    def test_unread(self) -> None:
        """
        Another reader that gets what is unread reads on where this one stood, also within a
        payload.
        """
        data = b"show info\n@1 set map x <<\na b\n\nhelp\n"
        whole = [command.words for command in read_all([data], prefixes=True)[0]]
        for cut in range(len(data) + 1):
            first = CommandReader(prefixes=True)
            first.feed(data[:cut])
            found = []
            while (command := first.next()) is not None:
                found.append(command.words)
            rest = read_all([first.unread(), data[cut:]], prefixes=True)[0]
            self.assertEqual(found + [command.words for command in rest], whole, cut)


class TargetTests(SynchronousTestCase):
    """
    Tests for prefixes.
    """

    def test_forms(self) -> None:
        """
        Each form of a prefix names its target.
        """
        for word, kind, number in (
            ("@", "master", 0),
            ("@0", "master", 0),
            ("@master", "master", 0),
            ("@1", "worker", 1),
            ("@12", "worker", 12),
            ("@!4711", "pid", 4711),
            ("@foo", "unknown", 0),
            ("@!", "unknown", 0),
            ("@!x", "unknown", 0),
            ("@1x", "unknown", 0),
            ("@-1", "unknown", 0),
            ("@1234567890", "unknown", 0),
        ):
            self.assertEqual(parse_target(word), Target(word, kind, number, False))
            double = "@" + word
            self.assertEqual(parse_target(double), Target(double, kind, number, True))

    def test_before_a_command(self) -> None:
        """
        A prefix is none of the command's words and goes no further than its semicolon.
        """
        (one, two), _rest = read_all([b" @1  show  info; help\n"], prefixes=True)
        self.assertEqual(one.target, parse_target("@1"))
        self.assertEqual((one.words, one.raw), (("show", "info"), b"show  info"))
        self.assertEqual((two.target, two.words), (None, ("help",)))

    def test_alone(self) -> None:
        """
        A prefix alone has no words.
        """
        (command,), _rest = read_all([b"@!12\n"], prefixes=True)
        self.assertEqual((command.words, command.raw), ((), b""))
        self.assertEqual(command.target, parse_target("@!12"))

    def test_session_takes_the_line(self) -> None:
        """
        C{@@} takes the rest of its line along, semicolons included.
        """
        (one, two), _rest = read_all([b"@@1 a\\;b; c <<\nd\n\ne;f\n"], prefixes=True)[0][:2], b""
        self.assertEqual(one.raw, b"a\\;b; c <<")
        self.assertEqual(one.wire(), b"a\\;b; c <<\nd\n\n")
        self.assertEqual(two.words, ("e",))

    def test_session_behind_a_command(self) -> None:
        """
        C{@@} may follow other commands of its line.
        """
        commands, _rest = read_all([b"help;@@1 a;b\nc\n"], prefixes=True)
        self.assertEqual([command.raw for command in commands], [b"help", b"a;b", b"c"])

    def test_not_on_workers(self) -> None:
        """
        Workers know no prefixes.
        """
        (command,), _rest = read_all([b"@1 help\n"])
        self.assertEqual((command.target, command.words), (None, ("@1", "help")))


class PieceTests(SynchronousTestCase):
    """
    Tests for input that comes in pieces.
    """

    def test_cut_anywhere(self) -> None:
        """
        How input is cut does not matter.
        """
        data = b"a b; @1 c\\;d\r\n@@2 e;f\n\ng <<\nh\n\ni <<T\n\nT\n@\nj"
        whole = read_all([data], prefixes=True)
        self.assertEqual(len(whole[0]), 7)
        for pieces in every_split(data):
            self.assertEqual(read_all(pieces, prefixes=True), whole)

    @quick
    @given(st.lists(st.sampled_from(list(b"a;\\ \n<@!1\r")), max_size=30).map(bytes))
    def test_generated(self, data: bytes) -> None:
        """
        How generated input is cut does not matter either.
        """
        whole = read_all([data], prefixes=True)
        for pieces in every_split(data):
            self.assertEqual(read_all(pieces, prefixes=True), whole)

    @quick
    @given(
        st.lists(st.sampled_from(list(b"a;\\ \n<@!1\r")), max_size=30).map(bytes),
        st.integers(0, 30),
    )
    def test_unread(self, data: bytes, place: int) -> None:
        """
        Another reader that is fed what one has not read goes on where that one was.
        """
        whole, _ = read_all([data], prefixes=True)
        first, second = CommandReader(prefixes=True), CommandReader(prefixes=True)
        commands = []
        first.feed(data[:place])
        while (command := first.next()) is not None:
            commands.append(command)
        second.feed(first.unread() + data[place:])
        while (command := second.next()) is not None:
            commands.append(command)
        self.assertEqual([each.words for each in commands], [each.words for each in whole])
        self.assertEqual([each.wire() for each in commands], [each.wire() for each in whole])
        self.assertEqual([each.target for each in commands], [each.target for each in whole])

    @quick
    @given(st.text(st.sampled_from("ab;\\ \té"), min_size=1, max_size=12))
    def test_escaping(self, word: str) -> None:
        """
        A word with all it needs escaped is read as that word.
        """
        escaped = "".join(["\\" + letter if letter in "; \\\t" else letter for letter in word])
        command = parse_command(f"x {escaped} y".encode())
        self.assertEqual(command.words, ("x", word, "y"))
