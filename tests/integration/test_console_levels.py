"""
Levels: what a level may not do it may not do in any form.

All commands are tried, in all forms, with true processes; a command that is new is tried without
anybody thinking of it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from mwproxy.core.families import Command, master_commands, worker_commands
from mwproxy.core.levels import Level, parse_level
from mwproxy.core.registry import Registry, load_family
from tests.integration.clients import PATIENCE
from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase, Proxy

load_family("mwproxy.console.master_commands")
load_family("mwproxy.console.worker_commands")

CONFIG = NAMED.replace(
    "global\n",
    "global\n"
    + "".join(f"    stats socket <dir>/s-{each.word} level {each.word}\n" for each in Level),
)
DENIED = "Permission denied"
#: What the master's connection runs itself: such a refusal is a line, without empty line.
OF_CONNECTION = ("expert-mode", "experimental-mode", "mcli-debug-mode")
#: What would end the walk, or the connection, for those who may.
#: They are tried where they are refused.
NOT_WALKED = (
    "reload",
    "hard-reload",
    "manhole",
    "quit",
    "prompt",
    "user",
    "operator",
    "set severity-output",
)
END = "--end-of-answer--"
MASTER = "master> "


class Console:
    """
    A connection that asks one thing at a time.
    """

    def __init__(self, path: str, *first: str) -> None:
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.settimeout(3 * PATIENCE)
        self._sock.connect(path)
        self._data = b""
        for command in first:
            self.send(command)

    def send(self, command: str) -> None:
        """
        Send a command without waiting.
        """
        self._sock.sendall(f"{command}\n".encode())

    def until(self, end: str) -> str:
        """
        Receive up to a text.

        @return: What stands before it.
        """
        mark = end.encode()
        while mark not in self._data:
            more = self._sock.recv(65536)
            if not more:
                raise EOFError(self._data)
            self._data += more
        found, _, self._data = self._data.partition(mark)
        return found.decode()

    def close(self) -> None:
        """
        Close it.
        """
        self._sock.close()


def above(registry: Registry[Command], level: Level) -> list[Command]:
    """
    List the commands that a level may not run.
    """
    return [each for _, each in registry if parse_level(each.level) > level]


class LevelTests(ProcessTestCase):
    """
    The walk.
    """

    def begin(self) -> Proxy:
        """
        Start a master with a console of each level, and a worker that has them too.
        """
        proxy = self.make(CONFIG, word="x")
        options = []
        for each in Level:
            options += ["-S", f"{proxy.directory}/m-{each.word},level,{each.word}"]
        proxy.start(*options)
        proxy.wait_ready()
        self.proxy = proxy
        return proxy

    def connect(self, name: str, *first: str) -> Console:
        """
        Connect with a console, and run some commands that answer nothing.
        """
        console = Console(f"{self.proxy.directory}/{name}", *first)
        self.addCleanup(console.close)
        return console

    def answer(self, console: Console, text: str) -> str:
        """
        Run a command on the master's console, wherever it goes.
        """
        console.send(f"{text}\n@master echo {END}")
        answer = console.until(f"{END}\n\n")
        return answer

    def test_master_commands(self) -> None:
        """
        A command of the master is refused to lower levels: plain, behind each prefix that means
        the master, in a list, with a payload, after another target was chosen, and to a connection
        that has given up its level.
        """
        proxy = self.begin()
        forms: list[Callable[[str], str]] = [
            lambda name: name,
            lambda name: f"@master {name}",
            lambda name: f"@0 {name}",
            lambda name: f"@ {name}",
            lambda name: f"  {name} with arguments",
            lambda name: f"{name} <<\nsecret\n",
            lambda name: f"@master {name} <<end\nsecret\nend",
            lambda name: f"@master\n{name}",
            lambda name: f"@1\n@master {name}\n@master",
        ]
        tried = 0
        for level in (Level.USER, Level.OPERATOR):
            for console in (
                self.connect(f"m-{level.word}"),
                self.connect("m-admin", level.word),
            ):
                for command in above(master_commands, level):
                    for form in forms:
                        if command.name in OF_CONNECTION:
                            continue
                        text = form(command.name)
                        self.assertEqual(self.answer(console, text), f"{DENIED}\n\n", text)
                        tried += 1
                    both = f"echo a;{command.name};echo b"
                    if command.name not in OF_CONNECTION:
                        expected = f"a\n\n{DENIED}\n\nb\n\n"
                        self.assertEqual(self.answer(console, both), expected, both)
                for name in OF_CONNECTION:
                    for text in (name, f"{name} on", f"@master {name} on"):
                        console.send(text)
                        self.assertEqual(console.until("\n"), f"{DENIED}!", text)
                    self.assertEqual(self.answer(console, "show cli level"), f"{level.word}\n\n")
        self.assertGreater(tried, 9 * 2 * 6)
        # Nothing of it was done.
        self.assertEqual(proxy.rows()["master"][0][2:5], ["0", "[failed:", "0]"])

    def test_worker_commands(self) -> None:
        """
        A command of a worker is refused to lower levels through the master, whatever the prefix:
        for a command, as a mode, and with payloads.
        """
        proxy = self.begin()
        [worker] = proxy.worker_pids()
        forms: list[Callable[[str], str]] = [
            lambda name: f"@1 {name}",
            lambda name: f"@!{worker} {name}",
            lambda name: f"@1 {name} with arguments",
            lambda name: f"@1 {name} <<\nsecret\n",
            lambda name: f"@1\n{name}\n@master",
            lambda name: f"@!{worker}\n{name} <<end\nsecret\nend\n@master",
        ]
        tried = 0
        for level in (Level.USER, Level.OPERATOR):
            for console in (
                self.connect(f"m-{level.word}"),
                self.connect("m-admin", level.word),
            ):
                for command in above(worker_commands, level):
                    name = command.name
                    for form in forms:
                        if name in OF_CONNECTION and "\n" in form(name).removesuffix("\n"):
                            # Without prefix the master's connection keeps these itself.
                            continue
                        text = form(name)
                        self.assertEqual(self.answer(console, text), f"{DENIED}\n\n", text)
                        tried += 1
        self.assertGreater(tried, 4 * 2 * 50)

    def test_sessions(self) -> None:
        """
        Nor does a session in a worker, a line for one, or a line for all workers help.
        """
        proxy = self.begin()
        [worker] = proxy.worker_pids()
        denied = f"{DENIED}\n\n"
        for level in (Level.USER, Level.OPERATOR):
            for name, first in ((f"m-{level.word}", ()), ("m-admin", (level.word,))):
                # With a prompt, so that the end of a session is seen.
                console = self.connect(name, *first, "prompt p")
                console.until(MASTER)
                for command in above(worker_commands, level):
                    for text, expected in (
                        (f"@@1 {command.name}", denied),
                        (f"@@!{worker} {command.name}", denied),
                        (f"@@1 echo a;{command.name}", f"a\n\n{denied}"),
                        (f"@* {command.name}", f"# 1 ({worker})\n{denied}"),
                    ):
                        console.send(text)
                        self.assertEqual(console.until(MASTER), expected, text)
                    console.send("@@1")
                    console.until("\n> ")
                    console.send(command.name)
                    self.assertEqual(console.until("\n> "), f"{DENIED}\n", command.name)
                    console.send("quit")
                    console.until(MASTER)

    def test_lowered_in_the_worker(self) -> None:
        """
        A session in a worker that gives up its level does not get it back, and what it gave up
        holds for the rest of its line.
        """
        self.begin()
        console = self.connect("m-admin", "prompt p")
        console.until(MASTER)
        for level in (Level.USER, Level.OPERATOR):
            for command in above(worker_commands, level):
                console.send(f"@@1 {level.word} -;{command.name}")
                self.assertEqual(console.until(MASTER), f"{DENIED}\n\n", command.name)
        console.send("@1 show cli level")
        self.assertEqual(console.until(MASTER), "admin\n\n")

    def test_stats_socket(self) -> None:
        """
        A C{stats socket} refuses them as well: alone, in lists, with payloads, and after the
        connection gave up its level.
        """
        self.begin()
        for level in (Level.USER, Level.OPERATOR):
            for name, first in ((f"s-{level.word}", ()), ("s-admin", (level.word,))):
                console = self.connect(name, "prompt i", *first)
                console.until("\n" * (1 + len(first)))
                for command in above(worker_commands, level):
                    for text in (
                        command.name,
                        f"{command.name} with arguments",
                        f"{command.name} <<\nsecret\n",
                        f"echo a;{command.name}",
                    ):
                        console.send(text)
                        self.assertIn(console.until(f"{DENIED}\n\n"), ("", "a\n\n"), text)

    def test_those_who_may(self) -> None:
        """
        The lowest level that may run a command is not refused, on the master's console and on a
        worker's.
        """
        self.begin()
        for level in Level:
            console = self.connect(f"m-{level.word}")
            for registry, prefix in ((master_commands, ""), (worker_commands, "@1 ")):
                for name, command in registry:
                    if parse_level(command.level) != level or name.startswith("@"):
                        continue
                    if name in NOT_WALKED or name in OF_CONNECTION:
                        continue
                    answer = self.answer(console, prefix + name)
                    self.assertNotIn(DENIED, answer, name)


class DeclarationTests(ProcessTestCase):
    """
    Tests of what commands say of themselves.
    """

    def test_changes(self) -> None:
        """
        Each command says whether it changes anything; what shows does not, and no user may run what
        does, unless for a reason that is known here.
        """
        for registry in (master_commands, worker_commands):
            for name, command in registry:
                self.assertIsInstance(command.changes, bool, name)
                if name.split()[0] in ("show", "get", "help"):
                    self.assertIs(command.changes, False, name)
                if command.changes and command.level == "user":
                    # It needs the experimental mode, which is for admins.
                    self.assertEqual(name, "set var")
