"""
What somebody wants to see, and what keys change of it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mwproxy.client.top.figures import Line, Number

#: Columns: title, attribute of a line.
COLUMNS = (
    ("proxy", "proxy"),
    ("name", "name"),
    ("status", "status"),
    ("queue", "queue"),
    ("sess", "sessions"),
    ("limit", "limit"),
    ("req/s", "rate"),
    ("in/s", "read"),
    ("out/s", "sent"),
    ("total", "total"),
    ("err", "errors"),
    ("weight", "weight"),
    ("check", "check"),
)
HELP = (
    ("up down PgUp PgDn Home End", "move"),
    ("< >", "sort by another column"),
    ("r", "turn the order around"),
    ("o", "the order of the configuration again"),
    ("/", "show only lines with a text (Enter: keep it, Esc: all)"),
    ("s", "with servers or without (cheaper for the proxy)"),
    ("w", "the next worker, where there are several"),
    ("space, p", "pause"),
    ("+ -", "look less or more often"),
    ("d", "drain the server: no new sessions"),
    ("m", "maintenance: no sessions, no checks"),
    ("e", "ready: back in service"),
    ("h, ?", "this help"),
    ("q, Ctrl-C", "leave"),
)
#: What keys do with a server.
STATES = {"d": "drain", "m": "maint", "e": "ready"}
_INTERVALS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


@dataclass(slots=True)
class View:
    """
    The state of the view.

    @ivar interval: Seconds between looks.

    @ivar column: Index of the column to sort by, L{None} for the configuration's order.

    @ivar reverse: Whether the largest comes first.

    @ivar wanted: Text that shown lines have.   @ivar typing: Whether it is being typed.

    @ivar selected: Index of the selected line.   @ivar page: Lines that fit.

    @ivar question: C{(server, state)} that is to be confirmed.

    @ivar ordered: What was confirmed and is to be done, to be taken by who does it.

    @ivar over: Whether to leave.   @ivar worker: How often another worker was asked for.
    """

    interval: float = 2.0
    column: int | None = None
    reverse: bool = True
    wanted: str = ""
    typing: bool = False
    selected: int = 0
    page: int = 10
    servers: bool = True
    paused: bool = False
    help: bool = False
    worker: int = 0
    question: tuple[str, str] | None = None
    ordered: list[tuple[str, str]] = field(default_factory=list)
    message: str = ""
    over: bool = False
    _shown: list[Line] = field(default_factory=list)

    def arrange(self, lines: list[Line]) -> list[Line]:
        """
        Choose and sort what is shown.

        @param lines: All.

        @return: Those to show; the selection is moved to one of them.
        """
        word = self.wanted.lower()
        # The text of a filter is looked for in names and status.
        shown = [
            line for line in lines if word in f"{line.proxy}/{line.name} {line.status}".lower()
        ]
        if not self.servers:
            shown = [line for line in shown if line.kind != "server"]
        if self.column is not None:
            attribute = COLUMNS[self.column][1]
            shown.sort(key=lambda line: _key(getattr(line, attribute)), reverse=self.reverse)
        self.selected = max(0, min(self.selected, len(shown) - 1))
        self._shown = shown
        return shown

    def press(self, key: str) -> None:
        """
        Do what a key means.

        @param key: A character, or a name such as C{up} or C{enter}.
        """
        self.message = ""
        if key == "ctrl-c":
            self.over = True
        elif self.question is not None:
            self._answer(key)
        elif self.typing:
            self._type(key)
        elif self.help:
            self.help = False
        elif key in STATES:
            self._ask(STATES[key])
        else:
            self._command(key)

    def _answer(self, key: str) -> None:
        asked, self.question = self.question, None
        if asked is not None and key in ("y", "Y"):
            self.ordered.append(asked)
        else:
            self.message = "not done"

    def _type(self, key: str) -> None:
        if key in ("enter", "esc"):
            self.typing = False
            if key == "esc":
                self.wanted = ""
        elif key == "backspace":
            self.wanted = self.wanted[:-1]
        elif len(key) == 1 and key.isprintable():
            self.wanted += key

    def _ask(self, state: str) -> None:
        line = self._shown[self.selected] if self.selected < len(self._shown) else None
        if line is None or not line.server:
            self.message = "select a server first (up, down)"
            return
        self.question = (line.server, state)

    def _command(self, key: str) -> None:
        last = len(self._shown) - 1
        moves = {
            "up": self.selected - 1,
            "k": self.selected - 1,
            "down": self.selected + 1,
            "j": self.selected + 1,
            "pgup": self.selected - self.page,
            "pgdn": self.selected + self.page,
            "home": 0,
            "end": last,
        }
        if key in moves:
            self.selected = max(0, min(moves[key], last))
        elif key in ("<", ">", "left", "right"):
            self._sort(1 if key in (">", "right") else -1)
        elif key == "r":
            self.reverse = not self.reverse
        elif key == "o":
            self.column = None
        elif key == "/":
            self.typing, self.wanted = True, ""
        elif key == "s":
            self.servers = not self.servers
        elif key == "w":
            self.worker += 1
        elif key in (" ", "p"):
            self.paused = not self.paused
        elif key in ("+", "-"):
            self._pace(1 if key == "+" else -1)
        elif key in ("h", "?"):
            self.help = True
        elif key in ("q", "eof"):
            self.over = True

    def _sort(self, step: int) -> None:
        if self.column is None:
            # The first one that is asked for is the rate.
            self.column = 6
        else:
            self.column = (self.column + step) % len(COLUMNS)
        self.reverse = self.column > 2

    def _pace(self, step: int) -> None:
        longer = [each for each in _INTERVALS if each > self.interval]
        shorter = [each for each in _INTERVALS if each < self.interval]
        if step > 0 and longer:
            self.interval = longer[0]
        elif step < 0 and shorter:
            self.interval = shorter[-1]
        self.message = f"every {self.interval:g} s"


def _key(value: str | Number) -> tuple[bool, float, str]:
    if isinstance(value, str):
        return True, 0.0, value
    return value is not None, float(value or 0), ""
