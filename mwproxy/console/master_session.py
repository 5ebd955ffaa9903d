"""
The master's console: its own commands, and a relay to the workers.

Rules (management manual 9.4):
  - the connection stays open until C{quit}; prompt modes are C{i} and C{p};
  - a command goes to the target of its prefix, else to the connection's default target, which a
    prefix alone sets; it is executed over a session of its own, at the connection's level;
  - commands about the connection print nothing; their errors are a line without empty line and
    discard all input that has come;
  - C{@@} opens a session in the worker that takes all input until it ends.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Sequence
from functools import cache
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from mwproxy.console.about_connection import about_connection
from mwproxy.console.audit import performed
from mwproxy.console.broadcast import Broadcast
from mwproxy.console.dispatch import Invocation, run
from mwproxy.console.line_session import LineSession
from mwproxy.console.manhole import PythonPrompt, pieces
from mwproxy.console.master_commands.reload import answer_reload
from mwproxy.console.master_view import MasterView, ReloadResult
from mwproxy.console.relay import Source, WorkerLink, link
from mwproxy.console.session_input import SessionInput
from mwproxy.console.state import ConsoleState, clock
from mwproxy.console.targets import not_found, resolve
from mwproxy.core import families
from mwproxy.core.families import master_commands
from mwproxy.core.levels import Level, parse_level
from mwproxy.core.registry import Registry
from mwproxy.process.inheritance import RelayFacts, SessionFacts
from mwproxy.process.sockets import inherited_socket
from mwproxy.process.transports import flush, unsent, write_now
from mwproxy.protocols.cli_lines import ALL, Command, Target

#: The last that those get whose command another image of the master cannot go on with.
REPLACED = "\n# The master is being replaced by an upgrade: this connection ends.\n"
CANNOT_CONNECT = "Can't connect to the target CLI!"
#: What of a connection's state another image of the master has as it was.
_CARRIED = ("mode", "timed", "severity", "expert", "experimental", "debug", "closing")


@cache
def debugging() -> Registry[families.Command]:
    """
    List the commands that there are in C{mcli-debug-mode}; all must have been registered.
    """
    both: Registry[families.Command] = Registry("command")
    for registry in (master_commands, families.debug_commands):
        for name, entry in registry:
            both.register(name, entry)
    return both


class MasterConsole(LineSession):
    """
    One connection to the master's console.
    """

    def __init__(
        self,
        view: MasterView,
        reactor: Any,
        level: Level = Level.ADMIN,
        severity: str = "none",
        timeout_ms: int | None = None,
    ) -> None:
        """
        @param view: The master.

        @param reactor: The reactor.

        @param level: What the connection may do.

        @param severity: How feedback begins.

        @param timeout_ms: How long it may be idle, L{None} for ever.
        """
        state = ConsoleState(level, "i", severity=severity, timeout_ms=timeout_ms or None)
        super().__init__(state, prefixes=True, clock=reactor, audit=view.audit)
        self.view = view
        self._reactor = reactor
        self._default: int | None = None
        self._link: WorkerLink | None = None
        self._input: SessionInput | None = None
        self._own = False
        self._broadcast: Broadcast | None = None
        self._python: PythonPrompt | None = None

    # Another image of the master.

    def facts(self, requests: Sequence[object]) -> SessionFacts | None:
        """
        Note what another image of the master needs to go on with this connection.

        @param requests: The reloads that connections may wait for.

        @return: L{None} for one that is over, or ends here (C{@*}, Python).
        """
        self.hurry()
        # When all is sent the next command may begin.
        flush(self.transport)
        self.hurry()
        relay = self._relay_facts()
        position = self._position(requests)
        if self._gone or (self._busy and relay is None and position < 0):
            return None
        facts = SessionFacts(
            int(self.transport.fileno()),
            level=self.state.level.word,
            default=self._default or 0,
            input=self.reader.unread(),
            unsent=unsent(self.transport),
            request=position,
            relay=relay,
            who=self.state.who,
            command=[] if self.invocation is None else self.invocation.words,
        )
        for name in _CARRIED:
            setattr(facts, name, getattr(self.state, name))
        return facts

    def _position(self, requests: Sequence[object]) -> int:
        """
        Find the reload that it waits for, -1 for none.
        """
        awaited = self.state.awaited
        return next((i for i, each in enumerate(requests) if each is awaited), -1)

    def farewell(self, requests: Sequence[object]) -> None:
        """
        Tell the client, if the connection ends with this image of the master.

        @param requests: The reloads that connections may wait for.
        """
        if self._busy and self._link is None and self._position(requests) < 0:
            self.hurry()
            self.send(REPLACED)
            self.write_out()
            flush(self.transport)

    def _relay_facts(self) -> RelayFacts | None:
        if self._link is None:
            return None
        transport = self._link.transport
        flush(transport)
        tail = b"" if self._input is None else self._input.tail
        return RelayFacts(int(transport.fileno()), unsent(transport) + tail, self._in_session)

    @property
    def _in_session(self) -> bool:
        """
        Whether input is for a session in a worker.
        """
        return self._input is not None and not self._input.over

    def go_on(self, facts: SessionFacts, reload: Awaitable[ReloadResult] | None) -> None:
        """
        Go on where a former image was, after L{connectionMade}.

        @param reload: What it waits for, L{None} for nothing.
        """
        for name in _CARRIED:
            setattr(self.state, name, getattr(facts, name))
        self.state.level = parse_level(facts.level)
        self.state.who = facts.who
        self._default = facts.default or None
        self.reader.feed(facts.input)
        self.transport.write(facts.unsent)
        if reload is not None:
            self._own = True
            words = facts.command or ["reload"]
            self.invocation = Invocation(
                words, self.state, self.view, master_commands, changes=True
            )
            self.answer_when(answer_reload(self.state, reload))
            return
        sock = inherited_socket(facts.relay.fd) if facts.relay is not None else None
        if sock is not None and facts.relay is not None:
            if facts.relay.session:
                self._input = SessionInput("i")
            self._join(sock, facts.relay.unsent)
            self._begin_session()
            return
        self.advance()

    # Commands.

    def execute(self, command: Command) -> None:
        """
        Run a command, here or in a worker.

        @param command: It.
        """
        self._own = False
        if command.problem:
            self._complain(command.problem)
            return
        target = command.target
        if target is None:
            if self._about_connection(command):
                return
            if self._default is not None:
                self._forward(self._default, command)
                return
            self._run(command)
            return
        if target.kind == "all":
            self._ask_all(command)
            return
        pid = None
        if target.kind != "master":
            pid = resolve(self.view.rows(), target)
            if pid is None:
                self._complain(not_found(target))
                return
        if not command.raw.strip() and command.payload is None:
            self._choose(pid, target)
        elif pid is None:
            if not self._about_connection(command):
                self._run(command)
        elif target.session:
            self._open(pid, "n", self._replayed() + command.raw + b"\n")
        else:
            self._forward(pid, command)

    def _choose(self, pid: int | None, target: Target) -> None:
        if pid is not None and target.session:
            if self.state.timed:
                self._open(pid, "n", self._replayed() + b"prompt timed\n")
            else:
                replayed = self._replayed()
                self._open(pid, self.state.mode, replayed + b"\n" if replayed else b"")
            return
        self._default = pid
        self.finish()

    def _run(self, command: Command) -> None:
        self._own = True
        if not command.words and command.payload is None:
            self.finish()
            return
        payload = command.payload
        invocation = Invocation(
            list(command.words),
            self.state,
            self.view,
            debugging() if self.state.debug else master_commands,
            payload=None if payload is None else payload.decode("utf-8", "surrogateescape"),
            tell=self._tell if self.state.mode == "p" else None,
            session=self,
        )
        self.invocation = invocation
        answer = run(invocation)
        if isinstance(answer, Awaitable):
            self.answer_when(answer)
        else:
            self.answer(answer)

    def _about_connection(self, command: Command) -> bool:
        """
        Run a command about this connection.

        @return: False when it is none.
        """
        found = about_connection(self.state, command.words)
        if found is None:
            return False
        if found.wrong:
            self._complain(found.text)
        else:
            self.send(found.text)
            self.finish()
        return True

    def _complain(self, text: str) -> None:
        self._own = False
        self.send(text.rstrip("\n") + "\n")
        self.reader.discard()
        self.finish()

    def _tell(self, text: str) -> None:
        self.send(f"# {text}\n")
        self.write_out()

    def open_python(self, namespace: dict[str, Any]) -> Deferred[None]:
        """
        Give the input to a Python prompt, while a command is answered.

        @return: Fires at its end.

        @raise NoManhole: There is no interpreter.
        """
        done: Deferred[None] = Deferred()

        def ended(rest: bytes) -> None:
            self._python = None
            self.reader.feed(rest)
            done.callback(None)

        def note(line: str) -> None:
            for piece in pieces(line):
                self._note_python(["manhole:", piece], "entered")

        prompt = PythonPrompt(namespace, self._relayed, note, ended)
        self._python = prompt
        self._note_python(["manhole"], "opened")
        prompt.feed(self.reader.discard())
        if self._ended:
            prompt.input_ended()
        return done

    def _note_python(self, words: list[str], result: str) -> None:
        self._audit(performed(self.state, words, None, self.target, result))

    # Workers.

    def _ask_all(self, command: Command) -> None:
        """
        Send a command to all current workers.
        """
        rows = [row for row in self.view.rows() if row.serving and not row.starting]
        if not command.raw.strip() and command.payload is None:
            self._complain(f"'{ALL}' needs a command behind it.")
            return
        if not rows:
            self._complain(f"Can't find the target PID matching the prefix '{ALL}'")
            return
        self.hold()
        self._own = True
        self._broadcast = Broadcast(self._reactor, self._relayed, self._all_answered)
        request = self._replayed(severity=False) + command.wire()
        for row in rows:
            label = f"{row.relative} ({row.pid})"
            try:
                sock = self.view.open_worker(row.pid, self.state.level, "n", self.state.who)
            except LookupError:
                self._broadcast.refuse(label, CANNOT_CONNECT)
            else:
                self._broadcast.ask(label, sock, request)
        self._broadcast.begin()

    def _all_answered(self) -> None:
        self._broadcast = None
        if not self._gone:
            self.release()

    def _replayed(self, *, severity: bool = True) -> bytes:
        """
        Write the connection's modes as commands that answer nothing, for the same line.

        @param severity: Whether feedback has its severity: who reads it expects that at the
            beginning of an answer.
        """
        state = self.state
        commands = []
        if state.expert:
            commands.append("expert-mode on -")
        if state.experimental:
            commands.append("experimental-mode on -")
        if severity and state.severity != "none":
            commands.append(f"set severity-output {state.severity} -")
        return "".join(f"{command};" for command in commands).encode()

    def _forward(self, pid: int, command: Command) -> None:
        self._connect(pid, "n", self._replayed() + command.wire())

    def _open(self, pid: int, mode: str, request: bytes) -> None:
        self._input = SessionInput(mode)
        first, rest = self._input.take(request + self.reader.discard())
        self.reader.feed(rest)
        self._connect(pid, mode, first)
        if self._link is None:
            self._input = None
        self._begin_session()

    def _begin_session(self) -> None:
        if self._link is None or not self._in_session:
            return
        self._link.transport.registerProducer(Source(self.transport), True)
        if self._ended:
            self._link.input_ended()

    def _pass(self, data: bytes) -> None:
        """
        Hand input to the session in the worker, as far as it is for it.
        """
        assert self._input is not None and self._link is not None
        taken, rest = self._input.take(data)
        self._link.send(taken)
        if self._input.over:
            # The rest waits here, in bounds of its own.
            self._link.transport.unregisterProducer()
            self.transport.resumeProducing()
            super().dataReceived(rest)

    def _connect(self, pid: int, mode: str, request: bytes) -> None:
        try:
            sock = self.view.open_worker(pid, self.state.level, mode, self.state.who)
        except LookupError:
            self.state.closing = True
            self._complain(CANNOT_CONNECT)
            return
        self._join(sock, request)

    def _join(self, sock: socket.socket, request: bytes) -> None:
        self.hold()
        self._link = WorkerLink(request, self._relayed, self._relay_ended)
        link(self._reactor, sock, self._link)

    def _relayed(self, data: bytes) -> None:
        if not self._gone:
            self.busy_now()
            self.write_out()
            write_now(self.transport, data)

    def _relay_ended(self) -> None:
        self._link = None
        self._input = None
        if not self._gone:
            self.release()

    # The connection.

    def waits_for_us(self) -> bool:
        """
        Tell whether the client waits: in a session in a worker, and in Python, it may be we who
        wait for it.
        """
        return not self._in_session and self._python is None and super().waits_for_us()

    def dataReceived(self, data: bytes) -> None:
        """
        Take input: for the session in the worker, if there is one.

        @param data: Bytes of the client.
        """
        if self._in_session and self._link is not None:
            self.busy_now()
            self._pass(data)
            return
        if self._python is not None:
            self.busy_now()
            self._python.feed(data)
            return
        super().dataReceived(data)

    def readConnectionLost(self) -> None:
        """
        Take notice that the client will send no more.
        """
        if self._in_session and self._link is not None:
            self._link.input_ended()
        super().readConnectionLost()
        if self._python is not None:
            self._python.input_ended()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        End, also what goes on in a worker for this connection.

        @param reason: Why.
        """
        relayed, self._link = self._link, None
        if relayed is not None:
            relayed.abandon()
        if self._broadcast is not None:
            self._broadcast.abandon()
        if self._python is not None:
            self._python.abandon()
            self._note_python(["manhole"], "the client left")
        super().connectionLost(reason)

    def pauseProducing(self) -> None:
        """
        Let the worker wait too.
        """
        super().pauseProducing()
        if self._link is not None:
            self._link.pause()
        if self._broadcast is not None:
            self._broadcast.pause()

    def resumeProducing(self) -> None:
        """
        Let the worker go on.
        """
        if self._link is not None:
            self._link.resume()
        if self._broadcast is not None:
            self._broadcast.resume()
        super().resumeProducing()

    # Prompts.

    def finish(self) -> None:
        """
        End an answer: by an empty line if it is the master's, and by a prompt.
        """
        if self._own:
            self.send("\n")
        self._own = False
        if self.state.mode == "p":
            self.send(self.prompt())

    def prompt(self) -> str:
        """
        Write the prompt.

        @return: Such as C{master[ReloadFailed](x)> }.
        """
        state = self.state
        time = ""
        if state.timed:
            time = "[gone] "
            uptime = self._uptime()
            if uptime is not None:
                time = clock(uptime)
        if self._default is not None:
            who = str(self._default)
        else:
            who = "master[ReloadFailed]" if self.view.reload_failed else "master"
        flags = "x" * state.experimental + "e" * state.expert + "d" * state.debug
        return f"{time}{who}{f'({flags})' if flags else ''}> "

    def _uptime(self) -> float | None:
        if self._default is None:
            return self.view.uptime()
        found = (row.uptime for row in self.view.rows() if row.pid == self._default)
        return next(found, None)
