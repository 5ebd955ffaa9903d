"""
Tests for L{mwproxy.core.families}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core import families
from mwproxy.core.registry import Registry


def function(*arguments: Any) -> None:
    """
    Stand behind every entry.
    """


class FamiliesTests(SynchronousTestCase):
    """
    Tests for the decorators.
    """

    def setUp(self) -> None:
        for name in [
            "keywords",
            "bind_options",
            "server_options",
            "sample_fetches",
            "converters",
            "matchers",
            "actions",
            "log_aliases",
            "balances",
            "master_commands",
            "worker_commands",
            "health_checks",
        ]:
            self.patch(families, name, Registry(name))

    def test_nothing_is_wrapped(self) -> None:
        """
        A decorator gives back the function as it was.
        """
        for decorator in (
            families.keyword("k", sections="global"),
            families.bind_option("b"),
            families.server_option("s"),
            families.sample_fetch("f", gives="str", phases="request"),
            families.converter("c", takes="str", gives="str"),
            families.matcher("m", takes="str"),
            families.action("a", rulesets="http-request"),
            families.log_alias("l"),
            families.balance("b", live_weights=True),
            families.command("c", on="master"),
            families.health_check("h"),
        ):
            self.assertIs(decorator(function), function)

    def test_one_name_in_several_sections(self) -> None:
        """
        A keyword may differ from section to section, but not within one.
        """
        families.keyword("maxconn", sections="global")(function)
        families.keyword("maxconn", sections="frontend listen")(function)
        again = families.keyword("maxconn", sections="listen")
        self.assertRaises(ValueError, again, function)
        self.assertEqual(
            [sorted(entry.sections) for entry in families.all_keywords()],
            [["global"], ["frontend", "listen"]],
        )

    def test_option_takes_exactly(self) -> None:
        """
        An option that says nothing else takes as many words as it needs.
        """
        families.bind_option("name", low=1)(function)
        entry = families.bind_options.get("name")
        self.assertEqual((entry.low, entry.high), (1, 1))

    def test_several_names_of_a_fetch(self) -> None:
        """
        A fetch may have several names.
        """
        families.sample_fetch("hdr", "req.hdr", gives="str", phases="request")(function)
        self.assertEqual(families.sample_fetches.names(), ["hdr", "req.hdr"])

    def test_action_of_several_rulesets(self) -> None:
        """
        An action may differ from ruleset to ruleset, but not within one.
        """
        families.action("deny", rulesets="http-request", final=True)(function)
        families.action("deny", rulesets="http-response")(function)
        self.assertEqual(set(families.actions.get("deny")), {"http-request", "http-response"})
        again = families.action("deny", rulesets="http-response")
        self.assertRaises(ValueError, again, function)

    def test_command_of_both_sides(self) -> None:
        """
        A command may belong to master and worker; without usage its name is its usage.
        """
        families.command("show version", on="master worker")(function)
        for registry in (families.master_commands, families.worker_commands):
            self.assertEqual(registry.get("show version").usage, "show version")
