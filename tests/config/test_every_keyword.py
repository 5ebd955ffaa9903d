"""
Every registered name meets arguments that make no sense: alerts, never a traceback.
"""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mwproxy.core import compilers, families
from mwproxy.core.registry import load_family
from mwproxy.rules import compiler  # noqa: F401  # installs itself
from tests.config.loading import LoadingTestCase

EXAMPLE = Path(__file__).parents[2] / "doc" / "examples" / "quickstart.cfg"

BEGIN = {
    "global": "global\n",
    "defaults": "defaults\n",
    "frontend": "frontend f\n",
    "backend": "backend b\n",
    "listen": "listen l\n",
    "program": "program p\n",
}

JUNK = (
    "",
    r"\x01\xff",
    r"\x00",
    "-1",
    "0",
    "99999999999999999999",
    "²",
    "%[",
    "x x",
    "src if",
    "x %[src, {",
    "1 2 3 4",
    "unix@\\xff",
    "f 127.0.0.1:99999 check inter",
)

ARGUMENTS = ("", "()", "(", "(x", "(x,1)", "(1,x,y,z)", "(99999999999999999999)", r"(\xff)")


class JunkTestCase(LoadingTestCase):
    """
    A test that loads what makes no sense.
    """

    def setUp(self) -> None:
        installed = list(compilers._installed)
        super().setUp()
        self.patch(compilers, "_installed", installed)
        for package in families.PACKAGES.values():
            load_family(package)

    def refused(self, text: str | bytes, *, discovery: bool = False) -> None:
        """
        Load a text; each mistake found in it is told with its place, or with the section or file
        that it concerns.
        """
        self.load(text, discovery=discovery)
        for message in self.messages:
            self.assertNotIn("internal error", message)
            if message.startswith("ALERT") and "1.cfg" not in message:
                self.assertRegex(message, "'|Fatal errors found in configuration")

    def each(self, section: str, beginning: str, *, lines: str = "") -> None:
        """
        Load a line with each kind of junk behind it.

        @param section: Where it stands.

        @param beginning: Its first words.

        @param lines: Lines before it.
        """
        body = "".join(f"  {beginning} {junk}\n" for junk in JUNK)
        self.refused(BEGIN[section] + lines + body)


class EveryNameTests(JunkTestCase):
    """
    Tests of each entry of the registries.
    """

    def test_keywords(self) -> None:
        """
        Every keyword, in each section that knows it, survives junk, with C{no} too.
        """
        for each in families.all_keywords():
            for section in sorted(each.sections & BEGIN.keys()):
                self.each(section, each.name)
                if each.negatable:
                    self.each(section, f"no {each.name}")

    def test_offending_word(self) -> None:
        """
        Any unknown word is told with file, line and the word itself.
        """
        for kind, begin in BEGIN.items():
            [alert] = self.alerts(f"{begin}  zzyzx 1 2\n")[:1]
            self.assertEqual(
                alert, f"parsing [1.cfg:2] : unknown keyword 'zzyzx' in '{kind}' section"
            )

    def test_bind_options(self) -> None:
        """
        So does every option of C{bind} and C{stats socket}.
        """
        for name in families.bind_options.names():
            self.each("listen", f"bind 127.0.0.1:0 {name}")
            self.each("global", f"stats socket /x {name}")

    def test_server_options(self) -> None:
        """
        So does every option of C{server} and C{default-server}.
        """
        for name in families.server_options.names():
            self.each("backend", f"server s 127.0.0.1:1 {name}")
            self.each("backend", f"default-server {name}")

    def test_actions(self) -> None:
        """
        So does every action, in each of its rulesets.
        """
        for name, by_ruleset in families.actions:
            for ruleset in sorted(by_ruleset):
                self.each("listen", f"{ruleset} {name}", lines="  mode http\n")

    def test_fetches(self) -> None:
        """
        So does every sample fetch, in conditions and in log-formats.
        """
        matches = ("", "-m", "-m reg (", "-m ip x", "-m bin zz", "-m len x", "-f", "gt x", "1:")
        for name in families.sample_fetches.names():
            lines = [f"  http-request deny if {{ {name} {match} }}\n" for match in matches]
            lines += [
                f"  http-request deny if {{ {name}{arguments} }}\n"
                f"  http-response set-header x '%[{name}{arguments}]'\n"
                for arguments in ARGUMENTS
            ]
            self.refused("listen l\n  mode http\n" + "".join(lines))

    def test_converters(self) -> None:
        """
        So does every converter, behind samples of several types.
        """
        for name in families.converters.names():
            lines = [
                f"  http-request set-header x '%[{sample},{name}{arguments}]'\n"
                f"  http-request deny if {{ {sample},{name}{arguments} x }}\n"
                for sample in ("path", "src", "bool(1)")
                for arguments in ARGUMENTS
            ]
            self.refused("listen l\n  mode http\n" + "".join(lines))

    def test_log_aliases(self) -> None:
        """
        So does every log variable.
        """
        for name in families.log_aliases.names():
            for text in (f"%{name}", f"%{{x}}{name}", f"%{{+Q{name}", f"%[{name}]", f"%{name}%"):
                self.refused(f"listen l\n  mode http\n  log-format '{text}'\n")

    def test_balance(self) -> None:
        """
        So does every balance algorithm.
        """
        for name in families.balances.names():
            self.each("backend", f"balance {name}")


class TextTests(JunkTestCase):
    """
    Tests of whole files that are broken.
    """

    def test_cut(self) -> None:
        """
        An example that ends too early is refused or read, for the master and for workers.
        """
        text = EXAMPLE.read_bytes()
        for end in range(0, len(text), 29):
            self.refused(text[:end])
            self.refused(text[:end], discovery=True)

    def test_words_exchanged(self) -> None:
        """
        So is one in which words are exchanged, missing or repeated.
        """
        text = EXAMPLE.read_bytes()
        words = text.split()
        chance = random.Random(20)
        for _ in range(60):
            lines = text.split(b"\n")
            for _ in range(8):
                number = chance.randrange(len(lines))
                line = lines[number].split(b" ")
                at = chance.randrange(len(line))
                line[at : at + chance.randrange(2)] = chance.sample(words, chance.randrange(3))
                lines[number] = b" ".join(line)
            self.refused(b"\n".join(lines))
            self.refused(b"\n".join(lines), discovery=True)

    @settings(derandomize=True, max_examples=80, deadline=None)
    @given(st.lists(st.binary(max_size=30), max_size=8))
    def test_garbage(self, lines: list[bytes]) -> None:
        """
        So is what was never a configuration.
        """
        self.refused(b"\n".join([b"global", *lines, b"listen l", *lines, b""]))
