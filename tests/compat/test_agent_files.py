"""
What C{-c} says of C{filter spoe} and agent files, compared with HAProxy.

Each case is a C{filter} line, rules, or a line or more in the agent file. Verdict and first message
have to be the same, apart from what L{STRICTER} and L{OTHER_WORDS} list.
"""

from __future__ import annotations

import re
import subprocess

from tests.config.agents import GOOD, AgentFileTestCase
from tests.integration.harness import command_of

GROUPED = (
    GOOD.replace("messages m\n", "messages m\n    groups g\n") + "spoe-group g\n    messages m\n"
)

#: Lines of C{spoe-agent}.
AGENT = """\
messages
messages x
messages m
groups g
groups g g
option
option foo
no option foo
no foo
option async x
no option async
option pipelining x
no option pipelining
option dontlog-normal
no option send-frag-payload
option continue-on-error
no option continue-on-error
option continue-on-error x
option force-set-var
no option force-set-var
option set-on-error
option set-on-error a b
option set-on-error a-b
option set-on-error txn.a
no option set-on-error a
option set-process-time
option set-process-time a-b
option set-total-time
option set-total-time a b
option var-prefix
option var-prefix a b
option var-prefix a-b
option var-prefix a.b_C1
option var-prefix .
no option var-prefix x
register-var-names
register-var-names a b
register-var-names a b-c
timeout
timeout foo 1s
timeout hello
timeout hello x
timeout hello 1s 2s
timeout hello -1
timeout idle 99999999999s
use-backend
use-backend agents x
maxconnrate
maxconnrate x
maxconnrate -1
maxconnrate 5 6
maxerrrate
maxerrrate 1 2
max-frame-size
max-frame-size 255
max-frame-size 256
max-frame-size 16380
max-frame-size 16381
max-frame-size x
max-frame-size 300 1
max-waiting-frames
max-waiting-frames 0
max-waiting-frames -5
max-waiting-frames 2 3
log
log global
log global x
no log
no log x
log 127.0.0.1 foo
log 127.0.0.1:514 local0
log 127.0.0.1 len 10 local0
foo
acl a src 1.2.3.4
event on-client-session
spoe-agent
""".splitlines()

#: Lines at the end of C{spoe-message}.
MESSAGE = """\
args
args foo
args a=
args =src
args a=src,foo
args a=src b=path
args src lower
args a-b=src
args str(a=b)
args x=str(a=b)
args src if x
args var(txn.foo)
args res.hdr(x)
acl x
acl x foo
acl x src 1.2.3.4
acl or src 1.2.3.4
acl a!b src 1.2.3.4
event
event foo
event on-client-session if
event on-client-session foo
event on-client-session if x
event on-client-session if { src 1.2.3.4 }
event on-client-session if { src 1.2.3.4
event on-client-session unless { path / }
event on-http-response if { path / }
event on-frontend-http-request if { res.hdr(a) b }
event on-tcp-response
nonsense
option x
spoe-message
spoe-message m
spoe-message n
spoe-message n x
spoe-message n!
spoe-group
spoe-group g
spoe-group g x
spoe-group g!
[x]
[]
[x!]
[x] y
""".splitlines()

#: Other changes of the agent file.
TEXTS = {
    "empty": "",
    "empty scope": "[e]\n",
    "no agent": "[e]\nspoe-message m\n",
    "no scope": GOOD.removeprefix("[e]\n"),
    "no messages": GOOD.replace("    messages m\n", ""),
    "no backend": GOOD.replace("    use-backend agents\n", ""),
    "http backend": GOOD.replace("use-backend agents", "use-backend pages"),
    "unknown backend": GOOD.replace("use-backend agents", "use-backend nope"),
    "frontend as backend": GOOD.replace("use-backend agents", "use-backend f"),
    "no timeout": GOOD.replace("    timeout idle 2s\n", ""),
    "timeout of 0": GOOD.replace("idle 2s", "idle 0"),
    "no event": GOOD.replace("    event on-client-session\n", ""),
    "agent twice": f"{GOOD}spoe-agent x\n",
    "agent of no name": GOOD.replace("spoe-agent ag", "spoe-agent"),
    "agent of two names": GOOD.replace("spoe-agent ag", "spoe-agent ag x"),
    "agent's name": GOOD.replace("spoe-agent ag", "spoe-agent a!g"),
    "agent's name as prefix": GOOD.replace("spoe-agent ag", "spoe-agent a-g"),
    "out of section": f"foo bar\n{GOOD}",
    "other scope": f"{GOOD}[x]\nfoo\nspoe-agent\nfoo\n",
    "other scope, quote": f"{GOOD}[x]\nspoe-agent x\n    'a\n",
    "scope twice": f"{GOOD}[x]\n[e]\nspoe-message n\n    args src\n",
    "missing line feed": GOOD[:-1],
    "quote": GOOD.replace("src", '"src'),
    "carriage returns": GOOD.replace("\n", "\r\n"),
    "blocks": f".if 1\n{GOOD}.endif\n",
    "open block": f".if 1\n{GOOD}",
    "notice": f'.notice "hello"\n{GOOD}',
    "main section": f"global\n{GOOD}",
    "group": GROUPED,
    "group, no message": GROUPED.replace("group g\n    messages m", "group g\n    messages x"),
    "group, message twice": GROUPED + "    messages m\n",
    "groups share": GROUPED.replace("groups g", "groups g h") + "spoe-group h\n    messages m\n",
    "group twice": GROUPED + "spoe-group g\n",
    "group, unknown line": GROUPED + "    foo\n",
}

#: C{filter} lines; C{FILE} is the agent file.
FILTERS = """\
filter
filter foo
filter spoe
filter spoe engine
filter spoe engine e
filter spoe config
filter spoe foo
filter spoe engine e config FILE junk
filter spoe config FILE engine e
filter spoe config FILE
filter spoe engine x config FILE
filter spoe engine e config /nope
no filter spoe engine e config FILE
""".splitlines()

#: Rules beside the filter.
RULES = """\
http-request send-spoe-group
http-request send-spoe-group e
http-request send-spoe-group e if TRUE
http-request send-spoe-group e g
http-request send-spoe-group e g if TRUE
http-request send-spoe-group e g x
http-request send-spoe-group x g
http-request send-spoe-group e x
http-request send-spoe-group ag g
http-response send-spoe-group e g
tcp-request content send-spoe-group e g
tcp-request content send-spoe-group e x
""".splitlines()

#: Refused here, taken by HAProxy 2.6.
STRICTER = {
    "maxconnrate x": "no number",
    "maxconnrate -1": "negative",
    "max-waiting-frames -5": "negative",
    "nonsense": "unknown in spoe-message",
    "option x": "unknown in spoe-message",
}

#: The verdict is the same, the words are not.
OTHER_WORDS = {
    "no foo",
    "no filter spoe engine e config FILE",
    "filter",
    "filter foo",
    "args str(a=b)",
    "args a=src b=path",
    "args res.hdr(x)",
    "missing line feed",
    "tcp-request content send-spoe-group e x",
}

_GUESS = re.compile(r"; did you mean '[^']*' maybe ?\?")
_ENDS = ("Error(s) found in configuration file : ", "Fatal errors found")


class AgentFileCompatibilityTests(AgentFileTestCase):
    """
    Tests of verdicts and messages.
    """

    maxDiff = None
    timeout = 300

    def test_agent(self) -> None:
        """
        Lines of C{spoe-agent}.
        """
        self._compare(
            {
                each: (GOOD.replace("messages m\n", f"messages m\n    {each}\n"), "")
                for each in AGENT
            }
        )

    def test_message(self) -> None:
        """
        Lines of C{spoe-message}, and sections and scopes that follow.
        """
        self._compare({each: (f"{GOOD}    {each}\n", "") for each in MESSAGE})

    def test_texts(self) -> None:
        """
        Whole files.
        """
        self._compare({name: (text, "") for name, text in TEXTS.items()})

    def test_filters(self) -> None:
        """
        C{filter} lines, and two filters of one name.
        """
        cases = {each: (GOOD, each.replace("FILE", f"{self.directory}/a.conf")) for each in FILTERS}
        good = f"filter spoe engine e config {self.directory}/a.conf"
        cases["two of one name"] = (GOOD, f"{good}\n    {good}")
        self._compare(cases)

    def test_rules(self) -> None:
        """
        C{send-spoe-group} rules.
        """
        good = f"filter spoe engine e config {self.directory}/a.conf"
        self._compare({each: (GROUPED, f"{good}\n    {each}") for each in RULES})

    def _compare(self, cases: dict[str, tuple[str, str]]) -> None:
        """
        Compare what is said.

        @param cases: Agent file and lines (empty for the usual filter) of each case.
        """
        different = []
        for name, (text, lines) in cases.items():
            words = {"lines": lines} if lines else {}
            more = "backend pages\n    mode http\n"
            self.load_agent(text, more=more, **words)
            found = self.diagnostics.errors > 0
            ours = _first([message.split(" ", 1)[1] for message in self.messages])
            refused, theirs = self._haproxy()
            strict = name in STRICTER
            if found != (refused or strict) or (strict and refused):
                different.append(f"{name}: refused {found}, by HAProxy {refused}: {ours} {theirs}")
            elif ours != theirs and name not in OTHER_WORDS and not strict:
                different.append(f"{name}:\n  haproxy {theirs}\n  mwproxy {ours}")
        self.assertEqual(different, [], "\n" + "\n".join(different))

    def _haproxy(self) -> tuple[bool, str]:
        """
        Let HAProxy read the files that were written last.

        @return: Whether it refuses them, and its first message.
        """
        command = command_of("haproxy")
        done = subprocess.run(
            [*command[:-1], "-c", "-f", f"{self.directory}/1.cfg"],
            capture_output=True,
            text=True,
            check=False,
        )
        lines = re.findall(
            r"^\[(?:ALERT|WARNING|NOTICE)\] +\(\d+\) : (.*)$", done.stderr + done.stdout, re.M
        )
        said = [line.replace(f"{self.directory}/", "") for line in lines]
        said = [line for line in said if not re.match("haproxy version|path to exec", line)]
        return done.returncode != 0, _first(said)


def _first(messages: list[str]) -> str:
    """
    Take the first message, as far as it has to be the same: without guesses, hints, full stops, and
    lines that we add.
    """
    short = [each.removeprefix("config : ").split("\n", 1)[0] for each in messages]
    text = next((each for each in short if not each.startswith(_ENDS)), "")
    text = _GUESS.sub("", text).replace("] : ", "]: ")
    text = re.sub(
        r"No SPOE agent found in file ([^,' ]*).*", r"No SPOE agent found in file \1", text
    )
    text = re.sub(r" \(got '[^']*'\)", "", text)
    text = re.sub(r" at a\.conf:\d+'$", "", text)
    return text.rstrip("'. ")
