"""
Tests for L{mwproxy.config.keywords.generations}.
"""

from __future__ import annotations

from tests.config.loading import LoadingTestCase


class GenerationTests(LoadingTestCase):
    """
    Tests of what a master keeps, and of what its console may do.
    """

    def test_defaults(self) -> None:
        """
        Eight configurations of 8 MiB are kept; nobody gets a Python prompt.
        """
        found = self.load("global\n", discovery=True).global_
        self.assertEqual((found.kept_generations, found.kept_bytes), (8, 8 << 20))
        self.assertFalse(found.manhole_wanted)

    def test_kept(self) -> None:
        """
        The master reads the number, and the size if there is one.
        """
        for words, expected in (("3", (3, 8 << 20)), ("0", (0, 8 << 20)), ("20 64k", (20, 65536))):
            found = self.load(f"global\n kept-generations {words}\n", discovery=True).global_
            self.assertEqual((found.kept_generations, found.kept_bytes), expected)

    def test_kept_refused(self) -> None:
        """
        What is no number or no size is refused with what is expected.
        """
        self.assertIn(
            "'kept-generations' expects a number between 0 and 1000 (got 'many').",
            "".join(self.alerts("global\n kept-generations many\n")),
        )
        self.assertIn(
            "'kept-generations' expects a size of at most 1g such as '8m' as second argument "
            "(got '2g').",
            "".join(self.alerts("global\n kept-generations 5 2g\n")),
        )
        for line in ("kept-generations", "kept-generations -1", "kept-generations 1 x"):
            self.assertNotEqual(self.alerts(f"global\n {line}\n"), [])

    def test_manhole(self) -> None:
        """
        The prompt can be allowed, and forbidden again; the last line counts.
        """
        word = "insecure-manhole-wanted"
        text = f"global\n {word}\n"
        self.assertTrue(self.load(text, discovery=True).global_.manhole_wanted)
        self.assertFalse(self.load(f"{text} no {word}\n", discovery=True).global_.manhole_wanted)
