"""
A true master with true clients beside its model, and everything that can be checked of them.
"""

from __future__ import annotations

import functools
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from mwproxy import __version__
from tests.integration.clients import PATIENCE, Connection
from tests.integration.harness import Proxy
from tests.integration.model import Model, Program, Row, Worker
from tests.integration.model_clients import Asker, Client, Console
from tests.integration.model_configs import SLOW_FILE, Mistake, Plan
from tests.integration.model_view import (
    accepted,
    children,
    compare,
    misnotified,
    parse_proc,
    sockets,
)
from tests.integration.origins import HELLO, EchoOrigin, Origin

#: Most workers in waiting.
MOST = 4


class Scene:
    """
    One master, its clients and its model.

    @ivar ended: The master has ended, and was looked at.

    @ivar waiting: Clients that connected and asked while nobody was there to answer, and the place
        of what served then among the model's words.

    @ivar slow_end: Where a slow configuration is let go on, -1 for none.

    @ivar askers: Those who asked for a reload that is not over, in order.

    @ivar gates: What lets a held request be answered, by path.
    """

    #: Descriptors of a master at rest with one worker, once known.
    at_rest = 0

    def __init__(self, plan: Plan) -> None:
        self.proxy = Proxy()
        self.ended = False
        self.clients: list[Client] = []
        self.waiting: list[tuple[Connection, int]] = []
        self.consoles: list[Console] = []
        self.slow_end = -1
        self.askers: list[Asker] = []
        self.gates: dict[str, threading.Event] = {}
        self._origin = Origin(self._answer)
        self._echo = EchoOrigin()
        self._taken = socket.create_server(("127.0.0.1", 0))
        os.mkfifo(self.proxy.directory / SLOW_FILE)
        self.proxy.values |= {
            "origin": self._origin.address,
            "echo": self._echo.address,
            "taken": f"127.0.0.1:{self._taken.getsockname()[1]}",
        }
        self.write(plan)
        self.model = Model.started(plan)

    def start(self) -> None:
        """
        Start it and wait until it serves.
        """
        self.proxy.start()
        self.proxy.wait_ready()
        self.check()
        if not Scene.at_rest:
            self.proxy.wait(self.resting)
            Scene.at_rest = min(self.resting() for _ in range(5))

    def write(self, disk: Plan | Mistake) -> None:
        """
        Write the configuration file.
        """
        text = disk.text() if isinstance(disk, Plan) else Plan("bad").text()
        if isinstance(disk, Plan):
            self.proxy.configure(text)
        elif disk.spoil is None:
            self.proxy.file.unlink(missing_ok=True)
        else:
            self.proxy.configure(disk.spoil(text))

    def check(self) -> None:
        """
        Check everything that can be seen; what only settles may take a while.
        """
        if self.ended:
            return
        model = self.model
        if model.answering:
            for connection, since in self.waiting:
                # Whoever served first has answered: several reloads may be one step.
                self.check_answer(connection.response().body, since)
                connection.close()
            self.waiting.clear()
            self.check_answer(self.proxy.get("web").body)
        self._drop_lost_clients()
        model.leave({client.pid for client in self.clients if client.pins})
        if model.over:
            self.wait_end(model.exit_code)
            return
        self._settle(self._differences)
        self._learn()
        self._settle(self._strangers)
        self._settle(self._programs_not_up)
        self._check_clients()
        self._check_prompts()
        self._check_said()

    def wait_end(self, code: int) -> None:
        """
        Wait for the end of the master, and look what it left.

        @param code: The exit status that it has to have.
        """
        self.ended = True
        found = self.proxy.wait_exit()
        assert found == code, f"exit status {found}, not {code}"
        self._settle(lambda: [f"left: {each}" for each in self.proxy.processes().items()])
        for asker in self.askers:
            answer = asker.answer()
            assert answer.startswith("Success=0\n--\n"), f"a reload was answered {answer!r}"
        self._check_said()

    def check_answer(self, body: bytes, since: int = -1) -> None:
        """
        Check what C{/} answered.

        @param since: The place of the first that may have answered among the model's words, -1 for
            the last.
        """
        word, _, pid = body.decode().partition(" ")
        if word in self.model.words[since:-1]:
            return
        assert word == self.model.plan.word, f"answered {body!r}"
        known = {worker.pid for worker in self.model.serving}
        assert 0 in known or int(pid) in known, f"answered {body!r}, serving are {known}"

    def owner(self, client: Client) -> int:
        """
        Find the worker that has a client's connection.

        @return: Its pid, 0 for none, or for two while it moves.
        """
        sock = client.connection.sock
        inode = accepted(sock.getpeername()[1]).get(sock.getsockname()[1], -1)
        owners = [pid for pid in children(self.proxy.pid) if inode in sockets(pid)]
        return owners[0] if len(owners) == 1 else 0

    def listed(self) -> list[Row]:
        """
        Ask for C{show proc}.

        @return: Its rows.
        """
        found = parse_proc(self.proxy.master_cli("show proc"))
        for row, version in found:
            wanted = "-" if "programs" in row.section else __version__
            assert version == wanted, f"{row} has version {version}"
        return [row for row, _ in found]

    def resting(self) -> int:
        """
        Look whether there is one worker, one in waiting, and the nursery.

        @return: How many descriptors the master has, 0 if it does not rest.
        """
        listed = {row.pid for row in self.listed()}
        found = children(self.proxy.pid)
        names = sorted(name for pid, name in found.items() if pid not in listed)
        if len(listed) != 2 or names[:2] != ["mwproxy-nursery", "mwproxy-worker"] or names[3:]:
            return 0
        return len(list(Path(f"/proc/{self.proxy.pid}/fd").iterdir()))

    def count_told(self, line: str) -> int:
        """
        Tell how often the service manager was told something.
        """
        return sum(line in notice.split("\n") for notice in list(self.proxy.notices))

    def clean_up(self) -> None:
        """
        Kill and close whatever is left.
        """
        self.close_slow()
        for gate in self.gates.values():
            gate.set()
        for client in self.clients:
            client.connection.close()
        for connection, _ in self.waiting:
            connection.close()
        for session in self.consoles:
            session.sock.close()
        self.proxy.clean_up()
        self._origin.stop()
        self._echo.stop()
        self._taken.close()

    def close_slow(self) -> None:
        """
        Close the pipe that a slow configuration waits for.
        """
        if self.slow_end > 0:
            os.close(self.slow_end)
        self.slow_end = -1

    def asked_origin(self, path: str) -> bool:
        """
        Tell whether a request for a path has reached the origin.
        """
        return any(f"GET {path} ".encode() in request for request in self._origin.requests)

    def _answer(self, request: bytes) -> bytes:
        gate = self.gates.get(request.split(b" ", 2)[1].decode())
        if gate is not None:
            gate.wait(10 * PATIENCE)
        return HELLO

    def _settle(self, differences: Callable[[], list[str]]) -> None:
        try:
            self.proxy.wait(lambda: not differences())
        except AssertionError:
            left = differences()
            assert not left, "\n".join(left)

    def _differences(self) -> list[str]:
        return compare(self.model.rows(), self.listed())

    def _learn(self) -> None:
        """
        Note the pids of those that are new.
        """
        model = self.model
        workers = model.serving + model.old + ([model.loading[0]] if model.loading else [])
        known = {each.pid for each in workers} | {each.pid for each in model.programs}
        for row in self.listed():
            if row.pid in known or row.kind == "master":
                continue
            fresh: list[Worker | Program] = [
                *(each for each in workers if row.kind == "worker"),
                *(each for each in model.programs if row.kind == each.name),
            ]
            for each in fresh:
                if not each.pid and (row.relative in (0, getattr(each, "relative", 0))):
                    each.pid = row.pid
                    break

    def _strangers(self) -> list[str]:
        """
        Compare the processes that there are with those that are listed.
        """
        listed = {row.pid for row in self.listed()} - {self.proxy.pid}
        found = children(self.proxy.pid)
        wrong = [f"listed, but no child of the master: {pid}" for pid in listed - set(found)]
        unlisted = [name for pid, name in found.items() if pid not in listed]
        for name, most in (("mwproxy-worker", MOST), ("mwproxy-nursery", 1), ("python", 1)):
            same = [each for each in unlisted if each.startswith(name)]
            if len(same) > most:
                wrong.append(f"{len(same)} {name}")
            unlisted = [each for each in unlisted if each not in same]
        wrong += [f"a child that is not listed: {name}" for name in unlisted]
        elsewhere = set(self.proxy.processes()) - set(found) - {self.proxy.pid}
        return wrong + [f"no child of the master: {pid}" for pid in elsewhere]

    def _programs_not_up(self) -> list[str]:
        # Before that they do not ignore what they shall.
        found = children(self.proxy.pid)
        pids = [program.pid for program in self.model.programs]
        return [f"{pid} is {found.get(pid)}" for pid in pids if found.get(pid) != "sleep"]

    def _drop_lost_clients(self) -> None:
        """
        Check that the connections of workers that were ended are closed, and forget them. Idle ones
        may have moved to a successor before: where several reloads are one step, nobody looked.
        """
        alive = {worker.pid for worker in self.model.serving + self.model.old}
        for client in list(self.clients):
            if client.pid not in alive:
                self.proxy.wait(functools.partial(self._parted, client))
                if client.closed():
                    self._forget(client)
                else:
                    client.sure = False

    def _parted(self, client: Client) -> bool:
        """
        Tell whether a client has nothing to do with its former worker any more.
        """
        moved = client.kind == "idle" and self.owner(client) not in (0, client.pid)
        return moved or client.closed()

    def _check_clients(self) -> None:
        model = self.model
        stopped = {worker.pid for worker in model.serving + model.old if worker.stopped}
        serving = {worker.pid for worker in model.serving} - stopped
        for client in list(self.clients):
            if client.kind == "tunnel" and client.pid not in stopped:
                client.connection.send(b"ping")
                assert client.connection.receive_exactly(4) == b"ping"
            elif client.kind == "idle" and self.owner(client) not in stopped:
                self.proxy.wait(functools.partial(self._arrived, client, serving))
                if client.closed():
                    assert not client.sure, f"a connection of worker {client.pid} was closed"
                    self._forget(client)
                    continue
                self.check_answer(client.connection.ask().body)
                client.pid = self.owner(client)
                client.sure = True

    def _arrived(self, client: Client, serving: set[int]) -> bool:
        return self.owner(client) in serving or client.closed()

    def _check_prompts(self) -> None:
        name = "master[ReloadFailed]> " if self.model.failed else "master> "
        for session in self.consoles:
            said = session.ask("show version")
            assert said.endswith(f"\n{name}"), f"the console said {said!r}"

    def _check_said(self) -> None:
        wrong = misnotified(list(self.proxy.notices))
        assert not wrong, f"{wrong}: {self.proxy.notices}"
        begun = self.count_told("RELOADING=1")
        assert self.ended or begun == self.model.reloads, f"{begun} times told RELOADING"
        assert "Traceback" not in self.proxy.output, "a traceback"

    def _forget(self, client: Client) -> None:
        client.connection.close()
        self.clients.remove(client)
