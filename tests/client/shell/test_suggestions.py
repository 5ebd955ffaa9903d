"""
Tests for L{mwproxy.client.shell.suggestions} and L{mwproxy.client.shell.history}.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.shell.history import MOST, History, history_file
from mwproxy.client.shell.suggestions import cut_prefix, suggest

USAGES = (
    "@<relative pid>",
    "help [<command>]",
    "prompt [help|n|i|p|timed]",
    "set server <bk>/<srv> [opts]",
    "set weight <bk>/<srv> <n>|<n>%",
    "show info [desc|json|typed|float]*",
    "show servers conn [<backend>]",
    "show servers state [<backend>]",
    "show stat [{<iid>|<px>} <type> <sid>] [desc|json|no-maint|typed|up]*",
)


class SuggestionTests(SynchronousTestCase):
    """
    What can come next.
    """

    def test_words(self) -> None:
        """
        Words and alternatives of the usages are completed, what can be anything is not.
        """
        for typed, expected in (
            ("", ["help", "prompt", "set", "show"]),
            ("s", ["set", "show"]),
            ("show s", ["servers", "stat"]),
            ("show  servers ", ["conn", "state"]),
            ("prompt ", ["help", "i", "n", "p", "timed"]),
            ("show info j", ["json"]),
            ("show info json ", ["desc", "float", "typed"]),
            ("set server ", []),
            ("nothing ", []),
            ("show info a b c d ", []),
        ):
            self.assertEqual(suggest(USAGES, typed), expected, typed)

    def test_prefix(self) -> None:
        """
        Prefixes and former commands of the line do not count.
        """
        for line, expected in (
            ("show st", ("", "show st")),
            ("@1 show", ("@1", "show")),
            ("@@!7 show", ("@!7", "show")),
            ("@1", ("", "@1")),
            ("show info; @2  x y", ("@2", "x y")),
        ):
            self.assertEqual(cut_prefix(line), expected)

    @given(st.lists(st.text()), st.text())
    def test_anything(self, usages: list[str], typed: str) -> None:
        """
        A help that makes no sense completes nothing, and breaks nothing.
        """
        suggest(usages, typed)
        cut_prefix(typed)


class HistoryTests(SynchronousTestCase):
    """
    What was typed.
    """

    def test_kept(self) -> None:
        """
        Lines come back, for their owner alone; repeated, blank and indented ones do not.
        """
        file = Path(self.mktemp()) / "a" / "history"
        history = History(file)
        kept = [history.add(line) for line in ("a", "a", "", " secret", "é", "a")]
        self.assertEqual(kept, [True, False, False, False, True, True])
        history.save()
        self.assertEqual(History(file).lines, ["a", "é", "a"])
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_bounded(self) -> None:
        """
        The oldest lines go.
        """
        file = Path(self.mktemp())
        history = History(file)
        for number in range(MOST + 5):
            history.add(str(number))
        history.save()
        self.assertEqual((len(history.lines), history.lines[0]), (MOST, "5"))
        self.assertEqual(History(file).lines, history.lines)

    def test_no_file(self) -> None:
        """
        A file that cannot be had is done without.
        """
        for file in (None, Path("/proc/nope/history")):
            history = History(file)
            history.add("a")
            history.save()
            self.assertEqual(history.lines, ["a"])

    def test_where(self) -> None:
        """
        The variables say where it is, or that there is none.
        """
        for environment, expected in (
            ({"MWPROXY_HISTORY": "/x/h", "HOME": "/h"}, "/x/h"),
            ({"MWPROXY_HISTORY": "", "HOME": "/h"}, "None"),
            ({"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/mwproxy/history"),
            ({"HOME": "/h"}, "/h/.local/state/mwproxy/history"),
            ({}, "None"),
        ):
            self.assertEqual(str(history_file(environment)), expected)
