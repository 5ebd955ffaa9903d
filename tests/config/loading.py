"""
Loads configuration texts for tests.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.loader import load
from mwproxy.config.model import Configuration
from mwproxy.core import compilers
from mwproxy.core.diagnostics import ConfigError, Diagnostics


class Compiler:
    """
    Compiles rules to functions that return their words.
    """

    def rule(
        self, ruleset: str, words: list[str], *_: object
    ) -> tuple[Callable[[Any], bool] | None, Callable[[Any], Any]]:
        return None, lambda stream: words

    def condition(self, words: list[str], *_: object) -> None:
        if words:
            raise ConfigError("conditions are not compiled here")

    def check(self, configuration: Any, diagnostics: Any) -> None:
        """
        Find nothing wrong.
        """

    def join(self, rules: list[tuple[Any, Any]]) -> Callable[[Any], Any]:
        return lambda stream: [action(stream) for _, action in rules]


class LoadingTestCase(SynchronousTestCase):
    """
    A test that writes files and loads them.

    @ivar messages: What the last load said, each as C{LABEL text}; the directory of the files
        is left out.

    @ivar environment: The variables that it saw and left.
    """

    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.environment: dict[str, str] = {}
        self.messages: list[str] = []
        self.diagnostics = Diagnostics()
        self.patch(compilers, "_installed", [Compiler()])

    def write(self, name: str, text: str | bytes) -> str:
        path = Path(self.directory, name)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def load(
        self, *texts: str | bytes, discovery: bool = False, diag: bool = False
    ) -> Configuration:
        """
        Load texts as the files C{1.cfg}, C{2.cfg} and so on.
        """
        names = [self.write(f"{number}.cfg", text) for number, text in enumerate(texts, 1)]
        self.diagnostics = Diagnostics()
        configuration = load(
            names, self.environment, self.diagnostics, discovery=discovery, diag=diag
        )
        self.messages = [
            f"{message.severity.value} {message.text}".replace(f"{self.directory}/", "")
            for message in self.diagnostics.messages
        ]
        return configuration

    def alerts(self, text: str) -> list[str]:
        """
        Load one text and get its alerts, without what introduces and ends them.
        """
        self.load(text)
        ends = ("Error(s) found", "Fatal errors")
        return [
            message.removeprefix("ALERT ").removeprefix("config : ")
            for message in self.messages
            if message.startswith("ALERT ")
            and not message.removeprefix("ALERT config : ").startswith(ends)
        ]
