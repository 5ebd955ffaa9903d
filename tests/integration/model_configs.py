"""
Configurations for the model of the supervisor: good ones, and ones with a mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: What stands in every good one. C{/held/…} goes to an origin that answers when the test lets it.
_TEXT = """\
global
    master-worker{mode}
    nbproc {nbproc}
    mworker-max-reloads {limit}
defaults
    mode http
    timeout connect 2s
    timeout client 120s
    timeout server 120s
{slow}frontend web
    bind <listen:web>
    acl held path_beg /held
    http-request return status 200 content-type text/plain lf-string "{word} %pid" if !held
    use_backend held if held
backend held
    server one <origin>
listen relay
    bind <listen:relay>
    mode tcp
    server one <echo>
"""

#: A program says that it runs once no signal can surprise it. C{plain} ends at SIGUSR1, C{deaf}
#: ends at SIGTERM only.
_PROGRAM = """\
program {name}
    command /bin/sh -c 'trap "" TTOU TTIN{deaf}; echo "{name} runs"; exec sleep 1000'
"""

#: What follows the name of C{errorfile} in a slow configuration.
SLOW_FILE = "slow.http"
#: What a slow configuration waits for.
SLOW_ANSWER = b"HTTP/1.0 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What a good configuration says.

    @ivar word: What its generation answers.

    @ivar limit: C{mworker-max-reloads}.

    @ivar forgiving: It has C{no-exit-on-failure}.

    @ivar programs: Some of C{"plain"} and C{"deaf"}.

    @ivar slow: Loading it waits until the test has written to a pipe.

    @ivar respawn: It has C{respawn}.
    """

    word: str
    nbproc: int = 1
    limit: int = 50
    forgiving: bool = True
    programs: tuple[str, ...] = ()
    slow: bool = False
    respawn: bool = False

    def text(self) -> str:
        """
        Write it.

        @return: The configuration, for L{Proxy.configure<tests.integration.harness.Proxy>}.
        """
        text = _TEXT.format(
            mode=" no-exit-on-failure" * self.forgiving + " respawn" * self.respawn,
            nbproc=self.nbproc,
            limit=self.limit,
            slow=f"    errorfile 503 <dir>/{SLOW_FILE}\n" if self.slow else "",
            word=self.word,
        )
        for name in self.programs:
            text += _PROGRAM.format(name=name, deaf=" USR1" if name == "deaf" else "")
        return text


@dataclass(frozen=True, slots=True)
class Mistake:
    """
    A way to spoil a configuration.

    @ivar read: The master finds it in its own pass, before it has touched a program. Otherwise a
        worker does.

    @ivar told: What the answer of C{reload} has.

    @ivar spoil: Takes a good text, gives a bad one; L{None} for a file that is gone.
    """

    name: str
    read: bool
    told: str
    spoil: Callable[[str], str] | None

    def __repr__(self) -> str:
        """
        Name it in the steps of an example.
        """
        return f"<{self.name}>"


def _add(where: str, line: str) -> Callable[[str], str]:
    return lambda text: text.replace(f"{where}\n", f"{where}\n    {line}\n", 1)


MISTAKES = (
    Mistake("unknown keyword", False, "unknown keyword 'bnid'", _add("frontend web", "bnid *:80")),
    Mistake(
        "no such backend",
        False,
        "unable to find required default_backend: 'nowhere'",
        _add("frontend web", "default_backend nowhere"),
    ),
    Mistake("port in use", False, "Address already in use", _add("frontend web", "bind <taken>")),
    Mistake("no such directory", False, "annot chroot", _add("global", "chroot /nonexistent")),
    Mistake("unmatched quote", True, "quote", _add("global", "node 'a")),
    Mistake("program without command", True, "program", lambda text: text + "program side\n"),
    Mistake("cut file", True, "Missing LF on last line", lambda text: text.rstrip("\n")),
    Mistake("no such file", True, "Cannot open configuration file", None),
)
