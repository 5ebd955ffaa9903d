"""
What C{-c} says of mistakes, compared with HAProxy.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.harness import ROOT, command_of

#: One mistake each: the text of the file.
MISTAKES = {
    "unknown keyword": "frontend f\n    bnid :8080\n",
    "unknown keyword, nothing near": "frontend f\n    qqqqqq :8080\n",
    "keyword before any section": "bind :8080\n",
    "unknown section keyword": "frontend f\n    bind 127.0.0.1:8080 nonsense\n",
    "time": "defaults\n    timeout client 5x\n",
    "no time": "defaults\n    timeout client\n",
    "unknown timeout": "defaults\n    timeout clients 5s\n",
    "mode": "defaults\n    mode carrier-pigeon\n",
    "port missing": "listen l\n    bind 127.0.0.1\n",
    "server without address": "backend b\n    server s\n",
    "server option": "backend b\n    server s 127.0.0.1:80 wieght 10\n",
    "option": "frontend f\n    option htplog\n",
    "frontend without name": "frontend\n    bind :80\n",
    "bad name": "frontend a/b\n",
    "unterminated quote": 'frontend f\n    log-format "abc\n',
    "acl name": "frontend f\n    acl a/b path /\n",
    "unknown fetch": "frontend f\n    acl a phat /\n",
    "lone endif": ".endif\n",
    "lone else": ".else\n",
    "unterminated if": ".if 1\nglobal\n",
    "bad condition": ".if nonsense\n.endif\n",
    "alert": '.alert "stop here"\n',
    "missing line feed": "global\n    daemon",
}


class MistakeTests(SynchronousTestCase):
    """
    Tests of messages.
    """

    maxDiff = None

    def _check(self, product: str, text: str) -> tuple[int, list[str]]:
        with tempfile.TemporaryDirectory(prefix="mwp") as directory:
            file = Path(directory) / "f.cfg"
            file.write_text(text)
            command = command_of(product)
            done = subprocess.run(
                [*command[:-1], "-c", "-f", str(file)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
        lines = [
            re.sub(r"\(\d+\)", "(PID)", line).replace(directory, "DIR")
            for line in done.stderr.splitlines()
            if " : " in line
            # HAProxy says the last of these only when it has not given up before.
            and not re.search(r"version is|path to executable|Fatal errors found", line)
        ]
        # HAProxy guesses keywords only, mwproxy all names.
        guess = re.compile(r"\.?; did you mean '[^']*' maybe ?\?")
        lines = [guess.sub("", line) if "fetch method" in line else line for line in lines]
        lines = [line.rstrip(".") if "fetch method" in line else line for line in lines]
        return done.returncode, lines

    def test_mistakes(self) -> None:
        """
        Each mistake gives the same lines and the same exit status.
        """
        different = []
        for name, text in MISTAKES.items():
            expected, found = self._check("haproxy", text), self._check("mwproxy", text)
            if expected != found:
                different.append(f"{name}:\n  haproxy {expected}\n  mwproxy {found}")
        self.assertEqual(different, [], "\n" + "\n".join(different))
