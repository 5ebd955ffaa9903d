"""
Tests for L{mwproxy.client.shell}: with an editor that a test has written, and at a terminal.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

from mwproxy.client.connection import Unreachable
from mwproxy.client.console import Console
from mwproxy.client.shell.conversation import BACK, GONE, Conversation
from mwproxy.client.shell.editor import Suggest
from tests.client.consoles import ConsoleTestCase, Raw, Script, Stalled
from tests.client.terminals import Terminal

HELP = b"The following commands are valid at this level:\n  show version : show it\n  %b : x\n\n"


class _Typed:
    """
    An editor with lines that are typed already.
    """

    def __init__(self, lines: list[str | type[BaseException]], suggest: Suggest) -> None:
        self._lines = iter(lines)
        self.suggest = suggest
        self.prompts: list[tuple[str, str]] = []

    def read(self, prompt: str, color: str = "", *, command: bool = True) -> str:
        """
        Give the next one.
        """
        self.prompts.append((prompt, color))
        line = next(self._lines, EOFError)
        if isinstance(line, str):
            return line
        raise line


class ConversationTests(ConsoleTestCase):
    """
    What is done with lines.
    """

    def _talk(
        self, answers: dict[str, Script], *lines: str | type[BaseException], color: bool = False
    ) -> tuple[int, str, str]:
        self.console = self.prompting(answers)
        editor: list[_Typed] = []

        def make(suggest: Suggest) -> _Typed:
            editor.append(_Typed(list(lines), suggest))
            return editor[0]

        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            conversation = Conversation(lambda: Console(self.path, 5), make, seconds=5, color=color)
            status = conversation.run()
        self.prompts = editor[0].prompts
        return status, out.getvalue(), err.getvalue()

    def test_commands(self) -> None:
        """
        Each command is answered; the prompt is the console's; the end of the input is the end.
        """
        result = self._talk({"a": b"1\n\n", "b": b"2\n\n"}, "a; b", "", "nope")
        self.assertEqual(result, (0, "1\n2\nUnknown command: 'nope'\n\n", ""))
        self.assertEqual(self.prompts, [("master> ", "")] * 4)

    def test_payload(self) -> None:
        """
        A payload is asked for line by line; Ctrl-C forgets the command.
        """
        answers: dict[str, Script] = {"x <<\nk v\n": b"ok\n\n"}
        result = self._talk(answers, "x <<", "k v", "", "x <<", "k", KeyboardInterrupt)
        self.assertEqual(result, (0, "ok\n^C\n\n", ""))
        self.assertEqual(self.prompts[1:3], [("+ ", "")] * 2)
        self.assertEqual(self.console.heard, ["x <<\nk v\n"])

    def test_quit(self) -> None:
        """
        C{quit} ends it, and so does C{exit}.
        """
        for word in ("quit", "exit"):
            self.assertEqual(self._talk({}, word, "a"), (0, "", ""))
            self.console.stop()
            Path(self.path).unlink()

    def test_quits_a_session(self) -> None:
        """
        In a session in a worker C{quit} leads back to the master, whose own ends it with a last
        prompt.
        """
        answers: dict[str, Script] = {
            "@@1": Raw(b"\n> "),
            "quit": [Raw(b"master> "), Raw(b"master> ")],
            "a": b"1\n\n",
        }
        self.assertEqual(self._talk(answers, "@@1", "quit", "a", "quit", "a"), (0, "1\n", ""))

    def test_reconnects(self) -> None:
        """
        A console that went away is connected to again, which is said, and so is what is lost.
        """
        result = self._talk({"a": [b"1\n\n", None, b"2\n\n"]}, "a", "a", "a")
        self.assertEqual(
            result,
            (
                0,
                "1\n2\n\n",
                f"mwproxyctl: '{self.path}' hung up without an answer\n{GONE}\n{BACK}\n",
            ),
        )
        self.assertEqual(self.prompts[2], ("(not connected)> ", ""))

    def test_stays_without_console(self) -> None:
        """
        While nobody answers the conversation goes on.
        """
        consoles = [lambda: Console(self.path, 5)]
        self.prompting({"a": None})

        def connect() -> Console:
            if consoles:
                return consoles.pop()()
            raise Unreachable("nobody there")

        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            conversation = Conversation(connect, lambda suggest: _Typed(["a", "b", "c"], suggest))
            self.assertEqual(conversation.run(), 0)
        self.assertEqual(
            err.getvalue(),
            f"mwproxyctl: '{self.path}' hung up without an answer\n"
            + 2 * f"{GONE}\nmwproxyctl: nobody there\n",
        )

    def test_colors(self) -> None:
        """
        Prompts and refusals are colored where that is wanted, and harmless.
        """
        result = self._talk({"a": b"[3]: no\x1b[2J\n\n"}, "a", color=True)
        self.assertEqual(self.prompts[0], ("master> ", "green"))
        self.assertTrue(result[1].startswith("\x1b[31mno"), result)

    def test_suggestions(self) -> None:
        """
        What is completed is what the console says that it knows: the worker for its prefix.
        """
        self.console = self.prompting(
            {"help": HELP % b"show proc", "@1 help": [HELP % b"show info", None]}
        )
        conversation = Conversation(
            lambda: Console(self.path, 5), lambda suggest: _Typed([], suggest)
        )
        self.assertEqual(conversation.suggest("show "), ["proc", "version"])
        self.assertEqual(conversation.suggest("show v; @1 show "), ["info", "version"])
        self.assertEqual(conversation.suggest("show p"), ["proc"])
        self.assertEqual(self.console.heard, ["help", "@1 help"])
        self.assertEqual(conversation.suggest("@2 show "), [])


class TerminalTests(ConsoleTestCase):
    """
    The same at a terminal.
    """

    def terminal(self, *words: str, **environment: str) -> Terminal:
        """
        Start C{mwproxyctl} in a terminal.
        """
        variables = {"MWPROXY_HISTORY": str(self.directory / "history"), **environment}
        terminal = Terminal("-s", self.path, *words, **variables)
        self.addCleanup(terminal.close)
        return terminal

    def without_toolkit(self) -> dict[str, str]:
        """
        Hide C{prompt_toolkit}.

        @return: Variables.
        """
        package = self.directory / "hidden" / "prompt_toolkit"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise ImportError\n")
        return {
            "PYTHONPATH": os.pathsep.join([str(package.parent), os.environ.get("PYTHONPATH", "")])
        }

    def _edits(self, **environment: str) -> None:
        self.prompting({"help": HELP % b"show proc", "show version": b"[6]: 0.1\x1b[2J\n\n"})
        terminal = self.terminal(**environment)
        terminal.wait("master>")
        terminal.type("show v\t")
        terminal.wait("show version")
        terminal.type("\n")
        terminal.wait("0.1^[[2J")
        terminal.type("\x1b[A")
        terminal.wait(lambda text: text.count("master> show version") == 2)
        terminal.type("\x03")
        terminal.wait(lambda text: text.count("master>") == 3)
        terminal.type("\x04")
        self.assertEqual(terminal.wait_exit(), 0)
        self.assertIn(b"32mmaster", terminal.raw.replace(b"\x02", b""))
        self.assertEqual((self.directory / "history").read_text(), "show version\n")

    def test_toolkit(self) -> None:
        """
        With C{prompt_toolkit}: completion, history, Ctrl-C and Ctrl-D.
        """
        self._edits()

    def test_readline(self) -> None:
        """
        The same with C{readline} alone.
        """
        self._edits(**self.without_toolkit())

    def test_dumb(self) -> None:
        """
        A terminal that knows nothing gets no escape sequence; nor does one with C{NO_COLOR} get
        colors.
        """
        self.prompting({"show version": b"[3]: no\n\n"})
        terminal = self.terminal(TERM="dumb")
        terminal.wait("master>")
        terminal.type("show version\n")
        terminal.wait("no\n")
        terminal.type("\x04")
        self.assertEqual(terminal.wait_exit(), 0)
        self.assertNotIn(b"\x1b", terminal.raw)

    def test_no_color(self) -> None:
        """
        C{NO_COLOR} is obeyed.
        """
        self.prompting({"a": b"[3]: no\n\n"})
        terminal = self.terminal(NO_COLOR="1")
        terminal.wait("master>")
        terminal.type("a\n")
        terminal.wait("no\n")
        terminal.type("quit\n")
        self.assertEqual(terminal.wait_exit(), 0)
        for code in (b"\x1b[31m", b"\x1b[32m"):
            self.assertNotIn(code, terminal.raw)

    def test_interrupts(self) -> None:
        """
        Ctrl-C ends an answer that does not come, and the next command is answered as ever.
        """
        self.prompting({"a": Stalled(b"one\ntwo\nthree\n"), "b": b"four\n\n"})
        terminal = self.terminal(**self.without_toolkit())
        terminal.wait("master>")
        terminal.type("a\n")
        terminal.wait("two")
        terminal.type("\x03")
        terminal.wait("(not connected)>")

    def test_unreachable(self) -> None:
        """
        A conversation that cannot begin ends with status 2.
        """
        terminal = self.terminal()
        self.assertEqual(terminal.wait_exit(), 2)
        self.assertIn("cannot connect", terminal.text())
