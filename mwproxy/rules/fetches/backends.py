"""
The live state of frontends, backends and servers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core.families import sample_fetch
from mwproxy.rules.fetches.process import worker_of
from mwproxy.rules.texts import to_wire

Getter = Callable[[Any], Any]
_BACKEND = ("backend?",)
_SERVER = ("server",)


def _of_backend(name: str, measure: Callable[[Any], int]) -> Getter:
    def value(stream: Any) -> int | None:
        backend = worker_of(stream).backends.get(name) if name else stream.backend
        return None if backend is None else measure(backend)

    return value


@sample_fetch("nbsrv", gives="sint", args=_BACKEND, phases="internal")
def fetch_nbsrv(backend: str = "") -> Getter:
    """
    How many servers of a backend are usable.
    """
    return _of_backend(backend, lambda found: found.usable())


def _queued(backend: Any) -> int:
    return len(backend.queue) + sum(len(server.queue) for server in backend.servers)


@sample_fetch("queue", gives="sint", args=_BACKEND, phases="internal")
def fetch_queue(backend: str = "") -> Getter:
    """
    How many streams wait for a backend and its servers.
    """
    return _of_backend(backend, _queued)


def _average(backend: Any) -> int:
    waiting = _queued(backend)
    servers = backend.usable()
    return -(-waiting // servers) if servers else waiting * 2


@sample_fetch("avg_queue", gives="sint", args=_BACKEND, phases="internal")
def fetch_avg_queue(backend: str = "") -> Getter:
    """
    How many streams wait per usable server; twice their number when there is none.
    """
    return _of_backend(backend, _average)


@sample_fetch("be_conn", gives="sint", args=_BACKEND, phases="internal")
def fetch_be_conn(backend: str = "") -> Getter:
    """
    Streams of a backend now.
    """
    return _of_backend(backend, lambda found: int(found.counters.scur))


@sample_fetch("be_sess_rate", gives="sint", args=_BACKEND, phases="internal")
def fetch_be_sess_rate(backend: str = "") -> Getter:
    """
    New streams of a backend during the last second.
    """
    return _of_backend(backend, lambda found: int(found.counters.session_rate.current))


def _serving(backend: Any) -> list[Any]:
    usable = [server for server in backend.servers if server.usable_now]
    return [server for server in usable if not server.backup] or usable


def _free(backend: Any) -> int:
    servers = _serving(backend)
    if any(not server.maxconn for server in servers):
        return -1
    return sum(max(server.maxconn - server.current, 0) for server in servers)


@sample_fetch("be_conn_free", gives="sint", args=_BACKEND, phases="internal")
def fetch_be_conn_free(backend: str = "") -> Getter:
    """
    How many more streams the servers of a backend take, -1 for no limit.
    """
    return _of_backend(backend, _free)


def _slots(backend: Any) -> int:
    total = 0
    for server in backend.servers:
        if not server.usable_now:
            continue
        if not server.maxconn or not server.maxqueue:
            return -1
        total += server.maxconn - server.current + server.maxqueue - len(server.queue)
    return max(total, 0)


@sample_fetch("connslots", gives="sint", args=_BACKEND, phases="internal")
def fetch_connslots(backend: str = "") -> Getter:
    """
    How many more streams the servers of a backend take or queue, -1 for no limit.
    """
    return _of_backend(backend, _slots)


@sample_fetch("be_id", gives="sint", phases="backend")
def fetch_be_id() -> Getter:
    """
    The backend's number.
    """
    return _of_backend("", lambda found: int(found.number))


@sample_fetch("be_server_timeout", gives="sint", phases="backend")
def fetch_be_server_timeout() -> Getter:
    """
    The backend's C{timeout server} in milliseconds.
    """
    return _of_backend("", lambda found: found.description.timeouts.server)


@sample_fetch("be_tunnel_timeout", gives="sint", phases="backend")
def fetch_be_tunnel_timeout() -> Getter:
    """
    The backend's C{timeout tunnel} in milliseconds.
    """
    return _of_backend("", lambda found: found.description.timeouts.tunnel)


def _of_frontend(name: str, measure: Callable[[Any], int]) -> Getter:
    def value(stream: Any) -> int | None:
        frontend = stream.session.frontend
        if name and name != frontend.name:
            frontend = frontend.worker.frontends.get(name)
        return None if frontend is None else measure(frontend)

    return value


@sample_fetch("fe_conn", gives="sint", args=("frontend?",), phases="internal")
def fetch_fe_conn(frontend: str = "") -> Getter:
    """
    Client connections of a frontend now.
    """
    return _of_frontend(frontend, lambda found: int(found.counters.scur))


@sample_fetch("fe_req_rate", gives="sint", args=("frontend?",), phases="internal")
def fetch_fe_req_rate(frontend: str = "") -> Getter:
    """
    HTTP requests of a frontend during the last second.
    """
    return _of_frontend(frontend, lambda found: int(found.counters.request_rate.current))


@sample_fetch("fe_sess_rate", gives="sint", args=("frontend?",), phases="internal")
def fetch_fe_sess_rate(frontend: str = "") -> Getter:
    """
    New sessions of a frontend during the last second.
    """
    return _of_frontend(frontend, lambda found: int(found.counters.session_rate.current))


@sample_fetch("srv_id", gives="sint", phases="server")
def fetch_srv_id() -> Getter:
    """
    The server's number.
    """

    def srv_id(stream: Any) -> int | None:
        server = stream.server
        return None if server is None else server.number

    return srv_id


def _of_server(path: str, measure: Callable[[Any], Any]) -> Getter:
    backend_name, _slash, name = path.rpartition("/")

    def value(stream: Any) -> Any:
        backend = worker_of(stream).backends.get(backend_name)
        if backend is not None:
            for server in backend.servers:
                if server.name == name:
                    return measure(server)
        return None

    return value


@sample_fetch("srv_conn", gives="sint", args=_SERVER, phases="internal")
def fetch_srv_conn(server: str) -> Getter:
    """
    Streams that use a server now.
    """
    return _of_server(server, lambda found: int(found.current))


@sample_fetch("srv_conn_free", gives="sint", args=_SERVER, phases="internal")
def fetch_srv_conn_free(server: str) -> Getter:
    """
    How many more streams a server takes, -1 for no limit.
    """

    def free(found: Any) -> int:
        return max(found.maxconn - found.current, 0) if found.maxconn else -1

    return _of_server(server, free)


@sample_fetch("srv_queue", gives="sint", args=_SERVER, phases="internal")
def fetch_srv_queue(server: str) -> Getter:
    """
    Streams that wait for a server.
    """
    return _of_server(server, lambda found: len(found.queue))


@sample_fetch("srv_sess_rate", gives="sint", args=_SERVER, phases="internal")
def fetch_srv_sess_rate(server: str) -> Getter:
    """
    New streams of a server during the last second.
    """
    return _of_server(server, lambda found: int(found.counters.session_rate.current))


@sample_fetch("srv_weight", "srv_uweight", gives="sint", args=_SERVER, phases="internal")
def fetch_srv_weight(server: str) -> Getter:
    """
    A server's weight.
    """
    return _of_server(server, lambda found: int(found.weight))


@sample_fetch("srv_iweight", gives="sint", args=_SERVER, phases="internal")
def fetch_srv_iweight(server: str) -> Getter:
    """
    A server's weight as configured.
    """
    return _of_server(server, lambda found: int(found.initial_weight))


@sample_fetch("be_name", gives="str", phases="backend")
def fetch_be_name() -> Getter:
    """
    The backend's name.
    """

    def be_name(stream: Any) -> bytes | None:
        backend = stream.backend
        return None if backend is None else to_wire(backend.name)

    return be_name


@sample_fetch("srv_name", gives="str", phases="server")
def fetch_srv_name() -> Getter:
    """
    The server's name.
    """

    def srv_name(stream: Any) -> bytes | None:
        server = stream.server
        return None if server is None else to_wire(server.name)

    return srv_name


@sample_fetch("srv_is_up", gives="bool", args=_SERVER, phases="internal")
def fetch_srv_is_up(server: str) -> Getter:
    """
    Whether a server is up and not in maintenance.
    """
    return _of_server(server, lambda found: bool(found.up))
