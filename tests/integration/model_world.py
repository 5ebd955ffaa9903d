"""
What may happen to a master: done to the true one and to its model.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
from dataclasses import replace

from tests.integration.clients import PATIENCE, Connection
from tests.integration.model import Worker
from tests.integration.model_clients import Asker, Client, Console
from tests.integration.model_configs import SLOW_ANSWER, SLOW_FILE, Mistake, Plan
from tests.integration.model_scene import Scene
from tests.integration.model_view import children, stopped

#: Descriptors that the watch over programs adds to a master at rest.
SPARE = 2


class World(Scene):
    """
    A master to which something happens.
    """

    def reload(self, how: str) -> None:
        """
        Reload and wait for the outcome.

        @param how: C{"reload"}, C{"hard-reload"}, C{"USR2"} or C{"HUP"}.
        """
        ready = self.count_told("READY=1")
        disk = self.model.disk
        success = self.model.reload(how == "hard-reload")
        if how in ("USR2", "HUP"):
            self.proxy.signal(signal.Signals[f"SIG{how}"])
            self.proxy.wait(lambda: self.count_told("READY=1") > ready)
        else:
            self._judge(self.proxy.master_cli(how), success, disk)

    def storm(self, asked: int, signaled: int) -> None:
        """
        Reload many times at once.

        @param asked: How often on the console, at once, and once more behind all the rest.

        @param signaled: How often by USR2.
        """
        before, disk = self.model.reloads, self.model.disk
        askers = [Asker(self.proxy.console_path) for _ in range(asked)]
        for _ in range(signaled):
            self.proxy.signal(signal.SIGUSR2)
        for asker in askers:
            self._judge(asker.answer(), self.model.reload(False), disk)
        # Signals are one if several wait, so only the master knows how many reloads these were.
        self._judge(self.proxy.master_cli("reload"), self.model.reload(False), disk)
        (master,) = (row for row in self.listed() if row.section == "master")
        more = master.reloads - self.model.reloads
        least = 1 if signaled else 0
        assert least <= more <= signaled, f"{more} reloads by {signaled} signals"
        assert self.model.reloads == before + asked + 1
        for _ in range(more):
            self.model.reload(False)
        # Those of the last generation were born in the last reload, whichever that was.
        for worker in self.model.serving:
            worker.born = self.model.reloads

    def begin_slow(self, plan: Plan) -> None:
        """
        Begin to load a slow configuration; a worker loads it from now on.
        """
        self.write(plan)
        self.model.disk = plan
        self.model.begin_slow()
        self.askers.append(Asker(self.proxy.console_path))
        self.slow_end = self.proxy.wait(self._open_slow)
        # It has read that; who comes next shall not wait.
        self.model.disk = replace(plan, slow=False)
        self.write(self.model.disk)

    def finish_slow(self) -> None:
        """
        Let it load, and those that wait behind it.
        """
        assert self.model.loading is not None
        os.write(self.slow_end, SLOW_ANSWER)
        self.close_slow()
        plan = self.model.loading[1]
        self.model.finish_slow()
        self._judge(self.askers.pop(0).answer(), True, plan)
        self._finish_queue()

    def crash_slow(self) -> None:
        """
        Kill the worker that loads.
        """
        assert self.model.loading is not None
        worker, plan = self.model.loading
        os.kill(worker.pid, signal.SIGKILL)
        self.model.crash_slow()
        answer = self.askers.pop(0).answer()
        self.close_slow()
        self._judge(answer, False, plan)
        assert f"({worker.pid}) exited with code 137 (Killed)" in answer
        self._finish_queue()

    def queue(self) -> None:
        """
        Ask for a reload while one is under way.
        """
        self.askers.append(Asker(self.proxy.console_path))

    def open(self, kind: str) -> None:
        """
        Open a connection that lasts.

        @param kind: See L{Client}.
        """
        port = self.proxy.port("relay" if kind == "tunnel" else "web")
        connection = Connection(port)
        client = Client(kind, connection)
        if kind == "held":
            path = f"/held/{len(self.gates)}"
            self.gates[path] = threading.Event()
            connection.send(f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
            self.proxy.wait(lambda: self.asked_origin(path))
            client.kind = path
        elif kind == "tunnel":
            connection.send(b"first")
            assert connection.receive_exactly(5) == b"first"
        else:
            self.check_answer(connection.ask().body)
        client.pid = self.proxy.wait(lambda: self.owner(client))
        self.clients.append(client)

    def let_go(self, client: Client) -> None:
        """
        Finish what a client does, and close it.
        """
        self.clients.remove(client)
        if client.kind.startswith("/held"):
            self.gates[client.kind].set()
            answer = client.connection.response()
            assert answer.body == b"hello", f"{client.kind} was answered {answer.raw!r}"
        client.connection.close()

    def open_console(self) -> None:
        """
        Open a session on the console, with a prompt.
        """
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(PATIENCE)
        sock.connect(self.proxy.console_path)
        session = Console(sock)
        self.consoles.append(session)
        session.ask("prompt")

    def kill_worker(self, worker: Worker) -> None:
        """
        Kill a worker that serves or leaves.
        """
        # A connection on its way to the successor belongs to neither; let it arrive.
        self.check()
        self._lose(worker.pid)
        model = self.model
        replaced = model.paused and model.plan.respawn and worker in model.serving
        heard = len(self._heard("Paused frontend web"))
        os.kill(worker.pid, signal.SIGKILL)
        self._fatal(model.worker_killed(worker))
        if replaced:
            # Who takes its place is paused too, and says so.
            self.proxy.wait(lambda: len(self._heard("Paused frontend web")) > heard)

    def kill_program(self, pid: int) -> None:
        """
        Kill a program.
        """
        (program,) = (each for each in self.model.programs if each.pid == pid)
        os.kill(pid, signal.SIGKILL)
        self._fatal(self.model.program_killed(program))

    def kill_spare(self, name: str) -> None:
        """
        Kill a process that C{show proc} does not list, if there is one.

        @param name: C{"mwproxy-worker"} for the standby, C{"mwproxy-nursery"}, or C{"python"} for
            the watch over programs.
        """
        listed = {row.pid for row in self.listed()}
        for pid, found in children(self.proxy.pid).items():
            if pid not in listed and found.startswith(name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def stop_worker(self, worker: Worker) -> None:
        """
        Stop a worker.
        """
        self.check()
        os.kill(worker.pid, signal.SIGSTOP)
        self.proxy.wait(lambda: stopped(worker.pid))
        worker.stopped = True
        for client in self.clients:
            if self.owner(client) == worker.pid:
                client.sure = False

    def continue_workers(self) -> None:
        """
        Let all stopped workers go on. One that should have left meanwhile serves until it hears of
        that.
        """
        for worker in self.model.serving + self.model.old:
            if worker.stopped:
                os.kill(worker.pid, signal.SIGCONT)
                worker.stopped = False
                if worker in self.model.old:
                    self.proxy.wait_output(rf"\({worker.pid}\) : Proxy web stopped")

    def pause(self) -> None:
        """
        Have the workers listen no more, and a client connect.
        """
        heard = len(self._heard("Paused frontend web"))
        self.proxy.signal(signal.SIGTTOU)
        self.model.paused = True
        awake = sum(not worker.stopped for worker in self.model.serving)
        self.proxy.wait(lambda: len(self._heard("Paused frontend web")) >= heard + awake)
        self.knock()

    def resume(self) -> None:
        """
        Have them listen again.
        """
        heard = len(self._heard("Resumed frontend web"))
        self.proxy.signal(signal.SIGTTIN)
        self.model.paused = False
        awake = sum(not worker.stopped for worker in self.model.serving)
        self.proxy.wait(lambda: len(self._heard("Resumed frontend web")) >= heard + awake)

    def knock(self) -> None:
        """
        Connect and ask while nobody may be there to answer.
        """
        connection = Connection(self.proxy.port("web"))
        connection.send(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        self.waiting.append((connection, len(self.model.words) - 1))

    def end(self, number: signal.Signals) -> None:
        """
        Tell the master to end, and wait for it.

        @param number: SIGTERM or SIGINT, or SIGUSR1, which lets clients finish.
        """
        model = self.model
        if number is signal.SIGUSR1:
            self.continue_workers()
            self.check()
        self.proxy.signal(number)
        model.stopping = True
        self.proxy.wait(lambda: "STOPPING=1" in self.proxy.notices)
        if number is signal.SIGUSR1:
            for client in [each for each in self.clients if each.pins]:
                self.let_go(client)
            if any(program.name == "deaf" for program in model.programs):
                self.proxy.signal(signal.SIGTERM)
        code = model.exit_code
        if number is signal.SIGINT and model.serving:
            code = code or 130
        self.wait_end(code)

    def rest(self) -> None:
        """
        Bring it to rest: one worker, no clients; then nothing may be left of what has been.
        """
        if self.model.loading is not None:
            self.finish_slow()
        self.continue_workers()
        self.check()
        if self.ended:
            return
        for client in list(self.clients):
            self.let_go(client)
        for session in self.consoles:
            session.sock.close()
        self.consoles.clear()
        self.model.disk = plan = Plan("rest")
        self.write(plan)
        self.reload("hard-reload")
        self.check()
        self.proxy.wait(lambda: 0 < self.resting() <= Scene.at_rest + SPARE)
        self.end(signal.SIGTERM)

    def _open_slow(self) -> int:
        try:
            return os.open(self.proxy.directory / SLOW_FILE, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return 0

    def _finish_queue(self) -> None:
        while self.askers:
            disk = self.model.disk
            self._judge(self.askers.pop(0).answer(), self.model.reload(False), disk)

    def _judge(self, answer: str, success: bool, disk: Plan | Mistake) -> None:
        assert answer.startswith(f"Success={int(success)}\n--\n"), f"{disk}: {answer}"
        if isinstance(disk, Mistake):
            assert disk.told in answer, f"{disk}: {answer}"
        else:
            assert not success or "Loading success." in answer, answer

    def _heard(self, text: str) -> list[str]:
        return re.findall(re.escape(text), self.proxy.output)

    def _lose(self, pid: int) -> None:
        """
        Forget the clients of a worker that is about to die.
        """
        for client in list(self.clients):
            if pid in (self.owner(client), client.pid):
                client.connection.close()
                self.clients.remove(client)

    def _fatal(self, everything: bool) -> None:
        if everything:
            self.model.stopping = True
            self.wait_end(self.model.exit_code)
