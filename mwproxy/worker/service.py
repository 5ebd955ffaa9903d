"""
One worker: the data plane of one configuration, from READY to its last connection.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mwproxy.config.model import Bind, Configuration, Proxy
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Severity, format_message
from mwproxy.core.levels import Level
from mwproxy.live.proxies import WorkerState
from mwproxy.live.servers import Server
from mwproxy.net.handover import HandoverReceiver, HandoverSender
from mwproxy.net.listeners import Listener
from mwproxy.net.plane import Plane
from mwproxy.net.pools import drop_idle, purge
from mwproxy.net.reactor import DirectReactor
from mwproxy.net.resolve import resolve_added, resolve_servers
from mwproxy.process.affinity import bind_to_cpus
from mwproxy.process.limits import TooLittle, limit_memory
from mwproxy.process.log_lines import NOTICE
from mwproxy.process.messages import write_stderr
from mwproxy.process.sockets import LOG, CannotBind, ListenerSpec
from mwproxy.stream.assignment import serve_queue
from mwproxy.stream.routing import Router
from mwproxy.worker.binding import open_sockets
from mwproxy.worker.build import (
    begin_servers,
    build_state,
    connect_logs,
    limit_connections,
    passed_descriptors,
)
from mwproxy.worker.host import Host
from mwproxy.worker.limits import limit_descriptors
from mwproxy.worker.order import Order
from mwproxy.worker.pausing import Port, make_port, pause_all, resume_all
from mwproxy.worker.soft_stop import SoftStop
from mwproxy.worker.startup import StartFailed, read_configuration, start_trace

if TYPE_CHECKING:
    from mwproxy.console.stats_port import StatsPort
    from mwproxy.net.log_targets import LogTargets
    from mwproxy.net.trace import Trace

_log = Logger()


class WorkerService:
    """
    One worker at work.

    @ivar finished: Fires with the exit status when everything is gone.

    @ivar state: The live state, L{None} before it is loaded.
    """

    def __init__(self, reactor: DirectReactor, host: Host) -> None:
        """
        @param reactor: The worker's reactor.

        @param host: Who runs it.
        """
        self._reactor = reactor
        self._host = host
        self._listeners: list[Listener] = []
        self._consoles: list[StatsPort] = []
        self._own: list[socket.socket] = []
        self._siblings: list[socket.socket] = []
        self._ports: list[Port] = []
        self._routers: dict[str, Router] = {}
        self._trace: Trace | None = None
        self._checks: Any = None
        self._logs: Any = None
        self._engines: Any = None
        self._receivers: list[HandoverReceiver] = []
        self._soft_stop: SoftStop | None = None
        self._ticker: Any = None
        self._starting = True
        self._rests = False
        self._quiet = False
        self.finished: Deferred[int] = Deferred()
        self.state: WorkerState | None = None
        self.plane: Plane | None = None

    async def load(self, order: Order, configuration: Configuration | None = None) -> int:
        """
        Become what an order says.

        @param order: The order.

        @param configuration: Its configuration, if it was read and checked already.

        @return: 0 when traffic is being accepted, else the exit status: everything was
            said, and everything that was opened is closed.
        """
        try:
            await self._load(order, configuration)
        except StartFailed as failure:
            self.close()
            return failure.status
        return 0

    async def _load(self, order: Order, configuration: Configuration | None) -> None:
        begun = self._reactor.seconds()
        self._rests = self._rests or order.paused
        if configuration is None:
            configuration, diagnostics = read_configuration(order, self._host)
        else:
            diagnostics = Diagnostics(lambda message: self._host.say(message.render(os.getpid())))
        cpus = configuration.global_.cpu_map.get(order.process)
        problem = bind_to_cpus(cpus) if cpus else ""
        if problem:
            self._warn(f"cpu-map : process {order.process} cannot be bound: {problem}.")
        program = order.options.get("argv0", "mwproxy")
        room = limit_descriptors(configuration, diagnostics, program)
        if room.automatic and (order.options.get("verbose") or order.options.get("debug")):
            write_stderr(f"Note: setting global.maxconn to {room.maxconn}.")
        trace = self._trace = start_trace(order)
        if trace is not None:
            trace.watch_rules(configuration)
        configuration.seal_all()
        state = self.state = build_state(configuration, order)
        state.under_master = self._host.under_master
        state.say = self._say
        limit_connections(state, room.maxconn)
        plane = self.plane = Plane(self._reactor, state)
        plane.pipes.most = room.pipes
        ignore = bool(order.options.get("no_resolve_fail"))
        family = socket.AF_INET if order.options.get("ipv4_only") else socket.AF_UNSPEC
        resolve_servers(state, diagnostics, ignore_failures=ignore, family=family)
        if diagnostics.errors:
            raise StartFailed(1)
        begin_servers(state)
        state.on_server_up.append(self._server_up)
        state.on_server_down.append(self._server_down)
        state.on_server_added.append(self._server_added)
        state.on_server_moved.append(self._server_moved)
        state.on_server_gone.append(self._server_gone)
        self._reactor.turn_starts.append(self._turn)
        self._reactor.turn_ends.append(state.settle)
        try:
            self._logs = await self._connect_logs(plane, configuration)
        except CannotBind as error:
            diagnostics.alert(f"sendmsg()/log target cannot be used: {error}.")
            raise StartFailed(1) from None
        except OSError as error:
            diagnostics.alert(f"sendmsg()/log target cannot be used: {error.strerror}.")
            raise StartFailed(1) from None
        if any(proxy.filters for proxy in configuration.proxies):
            from mwproxy.spoe.build import Engines

            self._engines = Engines(plane, self._logs.sink_for)
        if trace is not None:
            trace.watch_ends(state)
        await self._listen(configuration, diagnostics, order)
        try:
            limit_memory(order.options.get("memory_mb", 0))
        except TooLittle as error:
            diagnostics.alert(f"[{program}.main()] {error}")
            raise StartFailed(1) from None
        self._quiet = bool(order.options.get("quiet"))
        self._host.drop_privileges(configuration.global_)
        for listener in self._listeners:
            listener.start()
        if self._rests:
            self._pause()
        self._start_checks()
        self._tick()
        self._starting = False
        state.boot_ms = int((self._reactor.seconds() - begun) * 1000)
        self._host.say_ready({"listeners": len(self._listeners), "paused": self._rests})

    async def _connect_logs(self, plane: Plane, configuration: Configuration) -> LogTargets:
        """
        Open the log targets. Descriptors that an operator has passed are the master's.

        @raise CannotBind: The master was not passed one.

        @raise OSError: A target cannot be used.
        """
        descriptors: dict[int, int] = {}
        if not self._host.under_master:
            return connect_logs(plane)
        try:
            for number in passed_descriptors(configuration):
                spec = ListenerSpec(LOG, "", number)
                descriptors[number] = await self._host.get_listener(spec)
            return connect_logs(plane, descriptors)
        finally:
            for fd in descriptors.values():
                os.close(fd)

    async def _listen(
        self, configuration: Configuration, diagnostics: Diagnostics, order: Order
    ) -> None:
        opened = await open_sockets(
            configuration,
            self._host.get_listener,
            diagnostics,
            program=order.options.get("argv0", "mwproxy"),
            process=order.process,
            needed=not self._host.under_master,
            paused=self._rests,
        )
        routers = self._routers
        for each in opened:
            if not each.ours:
                self._siblings.append(socket.socket(fileno=each.fd))
            elif each.proxy is None:
                self._listen_stats(each.bind, each.fd)
            else:
                self._listen_clients(each.proxy, each.bind, each.fd, routers)

    def _listen_clients(
        self, proxy: Proxy, bind: Bind, fd: int, routers: dict[str, Router]
    ) -> None:
        assert self.plane is not None and self.state is not None
        frontend = self.state.frontends[proxy.name]
        router = routers.get(proxy.name)
        if router is None:
            router = Router(frontend, self.state.backends)
            if self._trace is not None:
                router = self._trace.watch_router(router)
            routers[proxy.name] = router
        listener = Listener(self.plane, frontend, bind, router, fd)
        frontend.listeners.append(listener)
        self._listeners.append(listener)
        kind = "proxy" if proxy.kind == "listen" else "frontend"
        self._ports.append(make_port(f"{kind} {proxy.name}", listener, listener.sock, bind, proxy))
        if bind.address.family != "fd":
            self._own.append(listener.sock)

    def _listen_stats(self, bind: Bind, fd: int) -> None:
        from mwproxy.console.stats_port import listen_stats

        assert self.state is not None
        try:
            console = listen_stats(self._reactor, fd, bind, self.state, self.sockets, self._audit)
        except ConfigError as error:
            self._say(Severity.ALERT, f"Starting frontend GLOBAL: {error}")
            raise StartFailed(1) from None
        self._consoles.append(console)
        # HAProxy names it first.
        port = make_port("frontend GLOBAL", console, console.sock, bind, None)
        self._ports.insert(len(self._consoles) - 1, port)
        if bind.address.family != "fd":
            self._own.append(console.sock)

    def sockets(self) -> list[socket.socket]:
        """
        List all listening sockets that another process may get, those of siblings too; not those
        that were inherited.
        """
        return [each for each in (*self._own, *self._siblings) if each.fileno() >= 0]

    def _start_checks(self) -> None:
        from mwproxy.net.checks.schedule import Checks

        assert self.state is not None
        self._checks = Checks(self._reactor, self.state)
        self._checks.start()

    def _turn(self, now: float) -> None:
        if self.state is not None:
            self.state.now = now

    def _tick(self) -> None:
        """
        Once a second: rates, the time of day, idle server connections, clients in the backlog.
        """
        assert self.state is not None and self.plane is not None
        state = self.state
        self._ticker = self._reactor.callLater(1, self._tick)
        self.plane.wall_offset = time() - monotonic()
        state.counters.tick()
        for frontend in state.frontends.values():
            frontend.counters.tick()
        for backend in state.backends.values():
            backend.counters.tick()
            # Of ten thousand servers most may never have had a stream.
            used = [each for each in backend.servers if each.counters.stot or each.idle]
            for server in used:
                server.counters.tick()
            purge(used, self._reactor.now)
        for listener in self._listeners:
            listener.look()
        self._host.report(self.figures())

    def _server_up(self, server: Server) -> int:
        before = len(server.backend.queue)
        serve_queue(server.backend)
        return before - len(server.backend.queue)

    def _server_down(self, server: Server) -> int:
        if not server.up:
            drop_idle(server)
        backend = server.backend
        if not backend.usable():
            # Nobody will come for those who wait.
            for waiting in list(backend.queue):
                waiting.stream.leave_queue()
                waiting.stream.refused(503, "S", "Q")
        return 0

    def _server_added(self, server: Server) -> int:
        resolve_added(server)
        return 0

    def _server_moved(self, server: Server) -> int:
        drop_idle(server)
        return 0

    def _server_gone(self, server: Server) -> int:
        drop_idle(server)
        for router in self._routers.values():
            router.forget(server)
        return 0

    def hand_over(self, sock: socket.socket) -> None:
        """
        Have a successor: idle connections go to it during the soft stop.

        @param sock: The channel to it; becomes this worker's own.
        """
        if self.plane is None or self.plane.handover is not None:
            sock.close()
            return
        self.plane.handover = HandoverSender(self.plane, sock)

    def take_over(self, sock: socket.socket) -> None:
        """
        Be a successor: take connections from a worker that leaves.

        @param sock: The channel from it; becomes this worker's own.
        """
        if self.plane is None:
            sock.close()
            return
        self._receivers.append(HandoverReceiver(self.plane, sock))

    def leave(self) -> None:
        """
        Begin a soft stop (SIGUSR1).
        """
        if self.plane is None or self._starting:
            self.stop()
            return
        if self._soft_stop is None:
            self._soft_stop = SoftStop(self.plane, self._stop_listening, self._left)
        self._soft_stop.begin()

    def _stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()
        for console in self._consoles:
            console.stop()
        self._consoles.clear()
        for sock in self._siblings:
            sock.close()
        if self._engines is not None:
            self._engines.leave()

    def _left(self) -> None:
        self.close()
        self._finish(0)

    def stop(self) -> None:
        """
        End at once.
        """
        self.close()
        self._finish(0)

    def _finish(self, status: int) -> None:
        if not self.finished.called:
            self.finished.callback(status)

    def pause(self) -> None:
        """
        Accept no more clients for now, and release the ports (SIGTTOU). One that loads still comes
        up so.
        """
        self._rests = True
        if not self._starting:
            self._pause()
        self._host.say_paused(True)

    def resume(self) -> None:
        """
        Accept clients again (SIGTTIN).
        """
        self._rests = False
        if not self._starting:
            resume_all(self._ports, self._warn)
            self._show_paused()
        self._host.say_paused(False)

    def _pause(self) -> None:
        pause_all(self._ports, self._warn)
        self._show_paused()

    def _show_paused(self) -> None:
        paused = {port.owner.split()[1] for port in self._ports if port.paused}
        for name, frontend in self.state.frontends.items() if self.state is not None else ():
            if frontend.state in ("OPEN", "PAUSED"):
                frontend.state = "PAUSED" if name in paused else "OPEN"

    def _warn(self, text: str) -> None:
        self._say(Severity.WARNING, text)

    def serve_console(self, sock: socket.socket, level: Level, mode: str, who: str = "") -> None:
        """
        Serve a console session.

        @param sock: A connected stream socket; becomes the session's own.

        @param level: What it may do.

        @param mode: C{n}, C{i} or C{p}.

        @param who: The master's client, for the audit.
        """
        from mwproxy.console.stats_port import serve_socket

        if self.state is None:
            sock.close()
            return
        serve_socket(self._reactor, sock, self.state, level, mode, who, self._audit)

    def figures(self) -> dict[str, Any]:
        """
        Tell what the supervisor's status line shows.

        @return: C{connections} and C{stopping}.
        """
        state = self.state
        if state is None:
            return {}
        return {"connections": state.counters.scur, "stopping": state.leaving}

    def close(self) -> None:
        """
        Close everything that was opened.
        """
        if self._soft_stop is not None:
            self._soft_stop.cancel()
        if self._ticker is not None and self._ticker.active():
            self._ticker.cancel()
        closers: list[Callable[[], Any]] = [each.stop for each in self._consoles]
        closers += [each.close for each in self._receivers]
        closers += [each.close for each in self._siblings]
        if self.plane is not None and self.plane.handover is not None:
            closers.append(self.plane.handover.close)
        closers += [each.close for each in self._listeners]
        if self._checks is not None:
            closers.append(self._checks.stop)
        if self.state is not None:
            closers += [session.crashed for session in list(self.state.sessions)]  # type: ignore[attr-defined]  # sessions at work are clients
            for backend in self.state.backends.values():
                for server in backend.servers:
                    drop_idle(server)
        if self._engines is not None:
            closers.append(self._engines.close)
        if self._logs is not None:
            closers += [self._logs.flush, self._logs.close]
        if self.plane is not None:
            closers.append(self.plane.pipes.close)
        for close in closers:
            try:
                close()
            except Exception:
                _log.failure("closing failed")
        self._consoles.clear()

    def _audit(self, text: str) -> None:
        if not self._quiet:
            write_stderr(format_message(Severity.NOTICE, os.getpid(), text))
        if self.state is not None and self.state.audit_log is not None:
            self.state.audit_log(NOTICE, text.encode("utf-8", "replace"))

    def _say(self, severity: Severity, text: str) -> None:
        line = format_message(severity, os.getpid(), text)
        if self._starting and self.state is not None:
            self.state.startup_messages.append(line)
        self._host.say(line)
