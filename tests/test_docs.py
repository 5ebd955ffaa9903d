"""
Tests that the documents say what is so.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from doc import differences, generate
from doc.internals import draw
from mwproxy.core import families

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*(ROOT / "doc").rglob("*.md"), ROOT / "README.md", ROOT / "bench/README.md"])


class ReferenceTests(SynchronousTestCase):
    """
    Tests of the generated reference.
    """

    maxDiff = None

    def setUp(self) -> None:
        generate.load()

    def test_configuration_is_current(self) -> None:
        """
        The keyword reference is what the registries say; C{make doc} writes it anew.
        """
        page = (ROOT / "doc/configuration.md").read_text()
        self.assertEqual(page, generate.configuration())

    def test_commands_are_current(self) -> None:
        """
        So is the reference of console commands.
        """
        self.assertEqual((ROOT / "doc/commands.md").read_text(), generate.commands())

    def test_machines_are_current(self) -> None:
        """
        So are the diagrams of state machines and of what the master does.
        """
        self.assertEqual(draw.PAGE.read_text(), draw.page())

    def test_differences_are_of_something(self) -> None:
        """
        What is said to differ exists.
        """
        said = set(differences.DIFFERENCES) | set(differences.OPTIONS)
        self.assertEqual(said - generate.names(), set())

    def test_every_entry_says_what_it_does(self) -> None:
        """
        Nothing in a registry is without a text.
        """
        known: list[tuple[str, Any]] = [(one.name, one.parse) for one in families.all_keywords()]
        known += [(name, one.parse) for name, one in families.bind_options]
        known += [(name, one.parse) for name, one in families.console_options]
        known += [(name, one.parse) for name, one in families.server_options]
        known += [(name, one.make) for name, one in families.sample_fetches]
        known += [(name, one.convert) for name, one in families.converters]
        known += [(name, one.make) for name, one in families.matchers]
        known += [(name, one.make) for name, each in families.actions for one in each.values()]
        known += [(name, one.make) for name, one in families.balances]
        known += [(name, one.make) for name, one in families.health_checks]
        known += [(name, one.run) for name, one in families.master_commands]
        known += [(name, one.run) for name, one in families.worker_commands]
        self.assertEqual([name for name, entry in known if not generate.said(name, entry)], [])


class PageTests(SynchronousTestCase):
    """
    Tests of the written pages.
    """

    def test_links(self) -> None:
        """
        Each link to a file leads to one.
        """
        broken = []
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text()):
                if not (page.parent / target).exists():
                    broken.append(f"{page.relative_to(ROOT)}: {target}")
        self.assertEqual(broken, [])

    def test_files_named_exist(self) -> None:
        """
        Files of the repository that a page names exist.
        """
        missing = []
        for page in PAGES:
            pattern = r"`((?:mwproxy|doc|tests|bench|systemd)/[\w/.-]+\.(?:py|cfg|service|md))`"
            for name in re.findall(pattern, page.read_text()):
                if not (ROOT / name).exists():
                    missing.append(f"{page.relative_to(ROOT)}: {name}")
        self.assertEqual(missing, [])

    def test_examples_are_valid(self) -> None:
        """
        Each configuration of the documents loads: the files, and the blocks marked C{haproxy}.
        """
        texts = {
            str(path.relative_to(ROOT)): path.read_text()
            for path in sorted((ROOT / "doc/examples").glob("*.cfg"))
        }
        for page in PAGES:
            for number, block in enumerate(
                re.findall(r"```haproxy\n(.*?)```", page.read_text(), re.S), 1
            ):
                texts[f"{page.relative_to(ROOT)}, block {number}"] = block
        wrong = []
        for name, text in texts.items():
            file = Path(self.mktemp()).absolute()
            file.write_text(text)
            done = subprocess.run(
                [sys.executable, "-m", "mwproxy", "-c", "-W", "-f", str(file)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                wrong.append(f"{name}: {done.stderr}")
        self.assertEqual(wrong, [])
