"""
Loads configurations with agent files, with the true compiler of rules.
"""

from __future__ import annotations

from mwproxy.config.model import Configuration
from mwproxy.config.spoe_settings import SpoeAgent, SpoeFilter
from mwproxy.core import compilers
from mwproxy.rules.compiler import HaproxyRules
from tests.config.loading import LoadingTestCase

#: The usual agent file, with all that makes warnings superfluous.
GOOD = """\
[e]
spoe-agent ag
    messages m
    timeout hello 1s
    timeout idle 2s
    timeout processing 3s
    use-backend agents
spoe-message m
    args src
    event on-client-session
"""

FILTER = "filter spoe engine e config {file}"

MAIN = """\
defaults
    timeout client 1s
    timeout connect 1s
    timeout server 1s
{section}
    {lines}
backend agents
    mode tcp
    server a 127.0.0.1:2
"""


class AgentFileTestCase(LoadingTestCase):
    """
    A test that loads an agent file.
    """

    def setUp(self) -> None:
        super().setUp()
        self.patch(compilers, "_installed", [HaproxyRules()])

    def load_agent(
        self,
        text: str | bytes,
        *,
        lines: str = FILTER,
        section: str = "frontend f\n    bind 127.0.0.1:8080\n    mode http",
        main: str = MAIN,
        more: str = "",
    ) -> Configuration:
        """
        Load a configuration whose first proxy has a filter.

        @param text: The agent file, which messages call C{a.conf}.

        @param lines: Lines of that proxy; C{{file}} stands for the name of the agent file.

        @param section: What the proxy begins with.

        @param main: The main file, C{1.cfg}.

        @param more: What follows in it.
        """
        file = self.write("a.conf", text)
        text = main.replace("{section}", section).replace("{lines}", lines)
        return self.load(text.replace("{file}", file) + more)

    def filters(self, text: str | bytes, **words: str) -> list[SpoeFilter]:
        """
        Load an agent file that is right.

        @return: The filters of the first proxy.
        """
        configuration = self.load_agent(text, **words)
        self.assertEqual(self.messages, [])
        return configuration.proxies[0].filters

    def agent(self, text: str | bytes, **words: str) -> SpoeAgent:
        """
        Load an agent file that is right.

        @return: Its agent.
        """
        return self.filters(text, **words)[0].agent

    def said(self, text: str | bytes, **words: str) -> list[str]:
        """
        Load an agent file.

        @return: The messages, without what introduces and ends them.
        """
        self.load_agent(text, **words)
        ends = ("Error(s) found in configuration file : 1.cfg", "Fatal errors")
        short = [each.split(" ", 1)[1].removeprefix("config : ") for each in self.messages]
        return [each for each in short if not each.startswith(ends)]

    def said_of(self, line: str, **words: str) -> list[str]:
        """
        Load the usual agent file with one line more in C{spoe-agent}, its fourth.
        """
        return self.said(GOOD.replace("messages m\n", f"messages m\n    {line}\n"), **words)

    def agent_with(self, line: str, **words: str) -> SpoeAgent:
        """
        The same for a line that is right.
        """
        return self.agent(GOOD.replace("messages m\n", f"messages m\n    {line}\n"), **words)

    def said_of_message(self, line: str, **words: str) -> list[str]:
        """
        Load the usual agent file with one line more at its end, the eleventh, which is in
        C{spoe-message}.
        """
        return self.said(f"{GOOD}    {line}\n", **words)
