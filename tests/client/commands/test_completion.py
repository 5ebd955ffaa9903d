"""
Tests for L{mwproxy.client.commands.completion}: with the true shells.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from mwproxy.client.command import MODULES
from mwproxy.client.commands.completion import bash_script, options, zsh_script
from mwproxy.client.main import command_parser, make_parser
from tests.client.consoles import ctl

PATIENCE = 30.0


def need(shell: str) -> str:
    """
    Find a shell.

    @return: Its path.

    @raise SkipTest: It is not installed.
    """
    found = shutil.which(shell)
    if found is None:
        raise SkipTest(f"{shell} is not installed")
    return found


class BashTests(SynchronousTestCase):
    """
    Completion in bash.
    """

    def _complete(self, *words: str) -> list[str]:
        script = (
            bash_script() + '\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mwproxyctl\n'
            'printf "%s\\n" "${COMPREPLY[@]}"\n'
        )
        done = subprocess.run(
            [need("bash"), "--norc", "-u", "-c", script, "bash", "mwproxyctl", *words],
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_commands(self) -> None:
        """
        All commands are completed, behind options too, and the first words of the consoles'.
        """
        found = self._complete("")
        self.assertEqual(set(MODULES) - set(found), set())
        self.assertIn("show", found)
        self.assertEqual(self._complete("--ca", "x", "--json", "-s", "y", "rel"), ["reload"])

    def test_options(self) -> None:
        """
        All options are completed, those of a command behind it.
        """
        self.assertEqual(set(self._complete("-")), set(options(make_parser(texts=False))))
        for name in MODULES:
            self.assertEqual(set(self._complete(name, "-")), set(options(command_parser(name))))
        self.assertEqual(self._complete("show", "proc", "--"), ["--json"])

    def test_words(self) -> None:
        """
        Second words and files are completed.
        """
        self.assertEqual(self._complete("show", "serv"), ["servers"])
        self.assertEqual(self._complete("completion", ""), ["bash", "zsh"])
        self.assertEqual(self._complete("show", "servers", ""), [])
        directory = Path(self.mktemp()).absolute()
        directory.mkdir()
        (directory / "m.sock").touch()
        self.assertEqual(self._complete("-s", f"{directory}/m"), [f"{directory}/m.sock"])


class ZshTests(SynchronousTestCase):
    """
    Completion in zsh.
    """

    def setUp(self) -> None:
        shell = need("zsh")
        directory = Path(self.mktemp()).absolute()
        directory.mkdir()
        (directory / "_mwproxyctl").write_text(zsh_script())
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            environment = {"TERM": "xterm", "PATH": os.environ["PATH"], "HOME": str(directory)}
            os.execve(shell, [shell, "-f", "-i"], environment)
        self.addCleanup(self._end)
        self._heard = ""
        self._type(
            "PS1=; setopt no_beep auto_list list_packed; unsetopt zle_bracketed_paste;"
            f" fpath=({directory} $fpath); autoload -Uz compinit; compinit -u -D;"
            " echo re''ady\n"
        )
        self._wait("ready")

    def _end(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._fd)

    def _type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def _wait(self, text: str) -> str:
        end = time.monotonic() + PATIENCE
        while text not in self._heard:
            if not select.select([self._fd], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError(f"zsh never says {text!r}: {self._heard!r}")
            self._heard += re.sub(
                r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(self._fd, 65536).decode("utf-8", "replace")
            )
        heard, self._heard = self._heard, ""
        return heard

    def test_completed(self) -> None:
        """
        Commands, their options and words are completed.
        """
        for typed, completed in (
            ("mwproxyctl rel", "reload"),
            ("mwproxyctl --server", "--server-name"),
            ("mwproxyctl --json -s /x reload --prog", "--progress"),
            ("mwproxyctl show gener", "generations"),
            ("mwproxyctl completion z", "zsh"),
            ("mwproxyctl shutd", "shutdown"),
        ):
            self._type(f"{typed}\t")
            self._wait(f"{completed} ")
            self._type("\x15")

    def test_listed(self) -> None:
        """
        What there is to choose from is told with its meaning.
        """
        self._type("mwproxyctl reload --\t")
        self._wait("end old workers at once (hard-reload)")


class CommandTests(SynchronousTestCase):
    """
    The command.
    """

    def test_written(self) -> None:
        """
        It writes the script of a shell, and refuses others.
        """
        self.assertEqual(ctl("completion", "bash"), (0, bash_script(), ""))
        self.assertEqual(ctl("completion", "zsh"), (0, zsh_script(), ""))
        self.assertEqual(ctl("completion", "fish")[0], 64)
