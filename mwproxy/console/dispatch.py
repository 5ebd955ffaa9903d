"""
From the words of a command to its answer.

A command function takes an L{Invocation} and returns one of:
  - an iterator of text, pulled as the peer reads, so that no answer is ever held whole;
  - text, or L{None} for nothing to say;
  - L{Feedback}: text that C{set severity-output} puts a severity before;
  - an awaitable that gives one of these.
It raises L{CommandError} to refuse. The level is checked here, before it is called.
"""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mwproxy.console.state import ConsoleState
from mwproxy.core.families import Command, worker_commands
from mwproxy.core.levels import Level, parse_level
from mwproxy.core.registry import Registry

ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6
#: Commands that end every list of commands.
LAST = ("help", "prompt", "quit")
VALID = "The following commands are valid at this level:\n"
#: Most words of a command's name.
LONGEST_NAME = 4
_SIMILAR = 5
_USAGE_WIDTH = 40


class CommandError(Exception):
    """
    A command is refused; the text says why.
    """


class Feedback(str):
    """
    Text about what a command did, not what it was asked to show.
    """

    __slots__ = ()


Answer = str | Iterator[str] | None


@dataclass(slots=True)
class Invocation:
    """
    One command being run.

    @ivar words: All its words.

    @ivar args: Those behind its name.

    @ivar state: The connection's state, which a command may change.

    @ivar subject: What it is about: the
        L{WorkerState<mwproxy.live.proxies.WorkerState>} or the
        L{MasterView<mwproxy.console.master_view.MasterView>}.

    @ivar payload: The payload, L{None} when there is none.

    @ivar registry: The commands that this console has.

    @ivar silent: Set by a command that is not even to be answered by an empty line.

    @ivar tell: Shows how far a command is, L{None} where only its end is to be shown.

    @ivar session: The connection.

    @ivar changes: Whether it is a command that changes something, and so one for the audit.
    """

    words: list[str]
    state: ConsoleState
    subject: Any
    registry: Registry[Command]
    args: list[str] = field(default_factory=list)
    payload: str | None = None
    silent: bool = False
    tell: Callable[[str], None] | None = None
    session: Any = None
    changes: bool = False

    @property
    def level(self) -> Level:
        """
        The level of the connection.
        """
        return self.state.level

    @property
    def listed_for(self) -> Level:
        """
        The level whose commands are listed. A worker lists all, as HAProxy does; a master those
        that the connection may run.
        """
        return Level.ADMIN if self.registry is worker_commands else self.state.level

    def argument(self, index: int) -> str:
        """
        Get an argument that may be missing.

        @param index: Which one.

        @return: The word, empty when there are fewer.
        """
        return self.args[index] if index < len(self.args) else ""

    def need(self, level: Level) -> None:
        """
        Refuse those who may not do something that other arguments would allow.

        @param level: The lowest level.

        @raise CommandError: The connection has a lower one.
        """
        if self.state.level < level:
            raise CommandError("Permission denied")


def find(registry: Registry[Command], words: list[str]) -> tuple[Command, int] | None:
    """
    Find a command: the longest registered name that the words begin with.

    @param registry: The commands of this console.

    @param words: What was entered.

    @return: The command and of how many words its name is, or L{None}.
    """
    best = None
    name = ""
    for count, word in enumerate(words[:LONGEST_NAME], 1):
        name = f"{name} {word}" if name else word
        found = registry.find(name)
        if found is not None:
            best = found, count
    return best


def run(invocation: Invocation) -> Answer | Awaitable[Answer]:
    """
    Run a command.

    @param invocation: It; its C{args} are set here.

    @return: The answer.

    @raise CommandError: It is refused or unknown.
    """
    found = find(invocation.registry, invocation.words)
    if found is None:
        words, level = invocation.words, invocation.listed_for
        raise CommandError(
            unknown(invocation.registry, words, level, expert=invocation.state.expert)
        )
    command, count = found
    invocation.args = invocation.words[count:]
    # What does not say that it changes nothing is taken to change something.
    invocation.changes = command.changes is not False
    invocation.need(parse_level(command.level))
    answer: Answer | Awaitable[Answer] = command.run(invocation)
    return answer


def framed(text: str) -> str:
    """
    Give an answer just one line feed at its end.

    @param text: The answer.

    @return: It, empty when there is nothing to say.
    """
    text = text.rstrip("\n")
    return f"{text}\n" if text else ""


def table(commands: Iterable[Command]) -> str:
    """
    Write usage and description of commands, a line each.

    @param commands: In the order to show.

    @return: The lines.
    """
    listed = list(commands)
    longest = max((len(each.usage) for each in listed), default=0)
    width = min(longest, _USAGE_WIDTH)
    return "".join(f"  {each.usage:<{width}} : {each.text}\n" for each in listed)


def help_text(
    registry: Registry[Command],
    words: list[str],
    level: Level = Level.ADMIN,
    *,
    expert: bool = False,
) -> str:
    """
    List commands.

    @param registry: The commands of this console.

    @param words: The words that those to list begin with; empty for all.

    @param level: Commands above it are left out.

    @param expert: Those for C{expert-mode} are listed too.

    @return: The lines, with title.
    """
    listed = [
        registry.get(name) for name in _names(registry, level, expert) if _begins(name, words)
    ]
    return VALID + table([*sorted(listed, key=lambda each: each.usage), *_last(registry)])


def unknown(
    registry: Registry[Command],
    words: list[str],
    level: Level = Level.ADMIN,
    *,
    expert: bool = False,
) -> str:
    """
    Say that there is no such command, and what may have been meant.

    @param registry: The commands of this console.

    @param words: What was entered; empty to list all.

    @param level: Commands above it are left out.

    @param expert: Those for C{expert-mode} are listed too.

    @return: The lines.
    """
    if not words:
        title = "Unknown command. Please enter one of the following commands only:\n"
        return title + help_text(registry, [], level, expert=expert)[len(VALID) :]
    text = " ".join(words)
    near = similar(registry, words, level, expert=expert)
    if not near:
        title = f"Unknown command: '{text}'. Please enter one of the following commands only:\n"
        return title + help_text(registry, [], level, expert=expert)[len(VALID) :]
    title = f"Unknown command: '{text}', but maybe one of the following ones is a better match:\n"
    return title + table([*near, *_last(registry)])


def similar(
    registry: Registry[Command],
    words: list[str],
    level: Level = Level.ADMIN,
    *,
    expert: bool = False,
) -> list[Command]:
    """
    Guess which commands may have been meant: those whose first words are the same, else those that
    look alike.

    @param registry: The commands of this console.

    @param words: What was entered.

    @param level: Commands above it are left out.

    @param expert: Those for C{expert-mode} are listed too.

    @return: Sorted by usage: all with the same first words, or at most five similar ones.
    """
    names = _names(registry, level, expert)
    chosen = [name for name in names if _begins(name, words)]
    if not chosen:
        chosen = difflib.get_close_matches(" ".join(words[:3]), names, n=_SIMILAR, cutoff=0.5)
    if not chosen:
        chosen = [name for name in names if name.split()[0] == words[0]][:_SIMILAR]
    return sorted((registry.get(name) for name in chosen), key=lambda each: each.usage)


def _names(registry: Registry[Command], level: Level, expert: bool) -> list[str]:
    return [
        name
        for name, each in registry
        if (expert if each.expert else not each.hidden)
        and name not in LAST
        and parse_level(each.level) <= level
    ]


def _begins(name: str, words: list[str]) -> bool:
    have = name.split()
    return all(own.startswith(asked) for own, asked in zip(have, words, strict=False))


def _last(registry: Registry[Command]) -> list[Command]:
    return [registry.get(name) for name in LAST if name in registry]
