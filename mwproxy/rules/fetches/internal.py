"""
Constants, the process, and the state of proxies and servers.
"""

from __future__ import annotations

import os
import random
import socket
import time
import uuid
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from mwproxy.core.families import sample_fetch
from mwproxy.rules.texts import to_text, to_wire
from mwproxy.rules.variables import check_name, reader

Getter = Callable[[Any], Any]
_BACKEND = ("backend?",)
_SERVER = ("server",)


def _constant(value: Any) -> Getter:
    return lambda stream: value


@sample_fetch("always_true", gives="bool", phases="internal")
def fetch_always_true() -> Getter:
    """
    True.
    """
    return _constant(True)


@sample_fetch("always_false", gives="bool", phases="internal")
def fetch_always_false() -> Getter:
    """
    False.
    """
    return _constant(False)


@sample_fetch("wait_end", gives="bool", phases="internal")
def fetch_wait_end() -> Getter:
    """
    True: the rulesets of mwproxy run when what they look at is complete.
    """
    return _constant(True)


@sample_fetch("bool", gives="bool", args=("str",), phases="internal")
def fetch_bool(value: bytes) -> Getter:
    """
    A boolean constant.
    """
    known = {b"true": True, b"1": True, b"false": False, b"0": False}
    if value not in known:
        raise ValueError("Expects 'true', 'false', '0' or '1'")
    return _constant(known[value])


@sample_fetch("int", gives="sint", args=("sint",), phases="internal")
def fetch_int(value: int) -> Getter:
    """
    An integer constant.
    """
    return _constant(value)


@sample_fetch("str", gives="str", args=("str",), phases="internal")
def fetch_str(value: bytes) -> Getter:
    """
    A string constant.
    """
    return _constant(value)


@sample_fetch("bin", gives="bin", args=("str",), phases="internal")
def fetch_bin(value: bytes) -> Getter:
    """
    Constant data in hexadecimal.
    """
    return _constant(bytes.fromhex(to_text(value)))


@sample_fetch("meth", gives="meth", args=("str",), phases="internal")
def fetch_meth(value: bytes) -> Getter:
    """
    A constant method.
    """
    return _constant(value)


@sample_fetch("ipv4", gives="ipv4", args=("ipv4",), phases="internal")
def fetch_ipv4(value: IPv4Address) -> Getter:
    """
    A constant address.
    """
    return _constant(value)


@sample_fetch("ipv6", gives="ipv6", args=("ipv6",), phases="internal")
def fetch_ipv6(value: IPv6Address) -> Getter:
    """
    A constant address.
    """
    return _constant(value)


@sample_fetch("env", gives="str", args=("str",), phases="internal")
def fetch_env(name: bytes) -> Getter:
    """
    An environment variable as it was when the configuration was read.
    """
    value = os.environb.get(name)  # noqa: TID251  # what the process was started with is asked for
    return _constant(value)


@sample_fetch("var", gives="any", args=("var", "str?"), phases="internal")
def fetch_var(name: str, default: bytes | None = None) -> Getter:
    """
    A variable, or the default when it is not set.
    """
    read = reader(check_name(name))
    if default is None:
        return read

    def value(stream: Any) -> Any:
        found = read(stream)
        return default if found is None else found

    return value


@sample_fetch("date", gives="sint", args=("sint?", "str?"), phases="internal")
def fetch_date(offset: int | None = None, unit: bytes = b"s") -> Getter:
    """
    The time since the epoch, in seconds unless C{ms} or C{us} is asked for.
    """
    factors = {b"": 10**9, b"s": 10**9, b"ms": 10**6, b"us": 10**3}
    if unit not in factors:
        raise ValueError(f"expects 's', 'ms' or 'us', got '{to_text(unit)}'")
    factor, added = factors[unit], offset or 0
    return lambda stream: time.time_ns() // factor + added


@sample_fetch("date_us", gives="sint", phases="internal")
def fetch_date_us() -> Getter:
    """
    The microseconds of the time.
    """
    return lambda stream: time.time_ns() // 1000 % 1_000_000


@sample_fetch("accept_date", gives="sint", args=("str?",), phases="connection")
def fetch_accept_date(unit: bytes = b"s") -> Getter:
    """
    When the connection was accepted, in seconds since the epoch unless C{ms} or C{us}.
    """
    factors = {b"": 1, b"s": 1, b"ms": 1000, b"us": 1_000_000}
    if unit not in factors:
        raise ValueError(f"expects 's', 'ms' or 'us', got '{to_text(unit)}'")
    factor = factors[unit]
    return lambda stream: int(stream.session.accepted_wall * factor)


@sample_fetch("rand", gives="sint", args=("sint?",), phases="internal")
def fetch_rand(limit: int | None = None) -> Getter:
    """
    A random number from 0 to below the limit.
    """
    wanted = 2**32 if limit is None else limit
    if wanted < 1:
        raise ValueError("expects a positive range")
    return lambda stream: int(random.random() * wanted)  # noqa: S311  # not for secrets


@sample_fetch("uuid", gives="str", args=("sint?",), phases="internal")
def fetch_uuid(version: int | None = None) -> Getter:
    """
    A random UUID.
    """
    if version not in (None, 0, 4):
        raise ValueError("Unsupported UUID version")
    return lambda stream: str(uuid.uuid4()).encode()


@sample_fetch("hostname", gives="str", phases="internal")
def fetch_hostname() -> Getter:
    """
    The name of the machine.
    """
    return _constant(to_wire(socket.gethostname()))


@sample_fetch("pid", gives="sint", phases="internal")
def fetch_pid() -> Getter:
    """
    The number of the process.
    """
    return lambda stream: os.getpid()


@sample_fetch("nbproc", gives="sint", phases="internal")
def fetch_nbproc() -> Getter:
    """
    How many workers share the listeners.
    """
    return lambda stream: _worker(stream).configuration.global_.nbproc


@sample_fetch("proc", gives="sint", phases="internal")
def fetch_proc() -> Getter:
    """
    The relative number of this worker, from 1.
    """
    return lambda stream: _worker(stream).process


@sample_fetch("thread", gives="sint", phases="internal")
def fetch_thread() -> Getter:
    """
    The number of the thread: 0, since a worker has one.
    """
    return _constant(0)


@sample_fetch("stopping", gives="bool", phases="internal")
def fetch_stopping() -> Getter:
    """
    Whether a soft stop has begun.
    """
    return lambda stream: _worker(stream).stopping


@sample_fetch("uptime", gives="sint", phases="internal")
def fetch_uptime() -> Getter:
    """
    For how many seconds this worker has run.
    """

    def uptime(stream: Any) -> int:
        worker = _worker(stream)
        return int(worker.now - worker.started)

    return uptime


@sample_fetch("act_conn", gives="sint", phases="internal")
def fetch_act_conn() -> Getter:
    """
    Client connections of this worker.
    """
    return lambda stream: len(_worker(stream).sessions)


def _worker(stream: Any) -> Any:
    return stream.session.frontend.worker


def _of_backend(name: str, measure: Callable[[Any], int]) -> Getter:
    def value(stream: Any) -> int | None:
        backend = _worker(stream).backends.get(name) if name else stream.backend
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


@sample_fetch("be_name", gives="str", phases="backend")
def fetch_be_name() -> Getter:
    """
    The backend's name.
    """

    def be_name(stream: Any) -> bytes | None:
        backend = stream.backend
        return None if backend is None else to_wire(backend.name)

    return be_name


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


@sample_fetch("srv_name", gives="str", phases="server")
def fetch_srv_name() -> Getter:
    """
    The server's name.
    """

    def srv_name(stream: Any) -> bytes | None:
        server = stream.server
        return None if server is None else to_wire(server.name)

    return srv_name


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
        backend = _worker(stream).backends.get(backend_name)
        if backend is not None:
            for server in backend.servers:
                if server.name == name:
                    return measure(server)
        return None

    return value


@sample_fetch("srv_is_up", gives="bool", args=_SERVER, phases="internal")
def fetch_srv_is_up(server: str) -> Getter:
    """
    Whether a server is up and not in maintenance.
    """
    return _of_server(server, lambda found: bool(found.up))


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
