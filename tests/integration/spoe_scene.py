"""
A proxy with SPOE filters beside its agents: the same configuration for HAProxy and for mwproxy.

What a test says about a scene is true of both. Where they differ on purpose the test says so.
"""

from __future__ import annotations

import re

from tests.integration.harness import Proxy
from tests.integration.origins import Origin
from tests.integration.spoe_agents import ScriptedAgent
from tests.spoa.processes import AgentTestCase

#: The frontend answers by itself, with what the agent has set.
WEB = """\
global
    nbthread 1
    stats socket <dir>/stats.sock level admin
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend web
    bind <listen:web>
    <filters>
    <rules>
    http-request return status 200 content-type text/plain lf-string "<said>"
backend agents
    mode tcp
    option spop-check
    <agents>
"""

#: With a server behind it, and so with responses.
ROUTED = """\
global
    nbthread 1
    stats socket <dir>/stats.sock level admin
defaults
    mode <mode>
    timeout connect 5s
    timeout client 20s
    timeout server 20s
<sections>
backend agents
    mode tcp
    option spop-check
    <agents>
"""

SPOE = """\
[test]
spoe-agent test
    {lists}
    option var-prefix t
    option set-on-error err
    timeout hello {hello}
    timeout idle {idle}
    timeout processing {processing}
    log stderr format raw local0
    {options}
    use-backend agents
{messages}
"""

ASKED = """\
spoe-message asked
    args {arguments}
    event on-frontend-http-request {condition}
"""

#: The line that is logged for each event or group.
LOG_LINE = re.compile(r"^(SPOE: \[[^]]*\] <(?:EVENT|GROUP):.*)$", re.M)


def spoe_file(
    messages: str = "",
    lists: str = "messages asked",
    arguments: str = "path=path",
    condition: str = "",
    options: str = "",
    hello: str = "5s",
    idle: str = "30s",
    processing: str = "5s",
) -> str:
    """
    Write the file of an engine.

    @param messages: Sections; else one, C{asked}.

    @param lists: The C{messages} and C{groups} lines of the agent.

    @param arguments: What C{asked} sends.

    @param condition: When.

    @param options: More lines of the agent.
    """
    return SPOE.format(
        lists=lists.replace("\n", "\n    "),
        options=options.replace("\n", "\n    "),
        hello=hello,
        idle=idle,
        processing=processing,
        messages=messages or ASKED.format(arguments=arguments, condition=condition),
    )


def masked(line: str) -> str:
    """
    Replace what differs from one run to another in a line of the log: numbers of streams and times.
    Times that have not come stay C{-1}. Behind a failure the numbers of connections are those of a
    moment in which one ends and another begins.
    """
    line = re.sub(r"sid=\d+", "sid=N", line)
    head, st, times, rest = re.split(r"( st=\d+ )(\S+)", line)
    times = "/".join("T" if time != "-1" else time for time in times.split("/"))
    if st != " st=0 ":
        rest = re.sub(r"^ \d+/\d+ ", " A ", rest)
    return head + st + times + rest


class SpoeTestCase(AgentTestCase):
    """
    A test that runs a proxy with engines.

    @ivar product: Which proxy.
    """

    product = "haproxy"

    def scripted(self) -> ScriptedAgent:
        """
        Start an agent in the test's process that is stopped when the test ends.

        @return: The agent; it answers each NOTIFY without actions until it is told otherwise.
        """
        agent = ScriptedAgent()
        self.addCleanup(agent.stop)
        return agent

    def origin(self) -> Origin:
        """
        Start an origin that is stopped when the test ends.
        """
        origin = Origin()
        self.addCleanup(origin.stop)
        return origin

    def engine_files(self, proxy: Proxy, spoe: str) -> str:
        """
        Write the engine's file.

        @return: Its path.
        """
        file = proxy.directory / "spoe.cfg"
        file.write_text(spoe)
        return str(file)

    def web(
        self,
        spoe: str,
        *servers: str,
        said: str = "",
        rules: str = "",
        filters: str = "",
        config: str = WEB,
        **values: str,
    ) -> Proxy:
        """
        Start the proxy.

        @param spoe: The engine's file.

        @param servers: Addresses of agents, with options of the servers.

        @param said: What the frontend answers with, a format of the log.

        @param rules: Lines of the frontend that stand before the answer.

        @param filters: Other C{filter} lines than one for the engine C{test}.

        @param values: More of the configuration.

        @return: The proxy, ready.
        """
        proxy = self.make("", product=self.product)
        file = self.engine_files(proxy, spoe)
        lines = [f"server a{number} {server}" for number, server in enumerate(servers)]
        proxy.values["spoe"] = file
        values = {
            "filters": filters or f"filter spoe engine test config {file}",
            "agents": "\n    ".join(lines),
            "rules": rules.replace("\n", "\n    "),
            "said": said,
            **values,
        }
        for _ in range(2):
            for name in values:
                config = config.replace(f"<{name}>", values[name])
        proxy.configure(config)
        proxy.start()
        proxy.wait_ready()
        return proxy

    def logged(self, proxy: Proxy, count: int) -> list[str]:
        """
        Wait for so many lines of the engine's log.

        @return: The lines, masked.
        """
        proxy.wait(lambda: len(LOG_LINE.findall(proxy.output)) >= count)
        return [masked(line) for line in LOG_LINE.findall(proxy.output)]
