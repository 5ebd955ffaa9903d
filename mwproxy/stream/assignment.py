"""
Streams get servers: load balancing, C{maxconn}, queues.

A stream that finds all usable servers full waits in its backend's queue. Whoever lets go of a
server gives it to the oldest one that waits.
"""

from __future__ import annotations

from typing import Protocol, cast

from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Server, StickyBalancer
from mwproxy.live.sessions import Stream


class Waiting(Protocol):
    """
    Who waits in a queue.
    """

    stream: Stream | None

    def server_free(self, server: Server) -> None:
        """
        The wait is over; the server has been L{taken<take>} for it already.
        """


def pick(stream: Stream, backend: Backend, avoid: Server | None = None) -> Server | None:
    """
    Choose a server and take one of its places.

    @param stream: The stream.

    @param backend: Its backend.

    @param avoid: A server that failed it, not to be chosen if there is another.

    @return: The server, L{None} when none has room or none is usable (see L{may_wait}).
    """
    server = backend.balancer.pick(stream, avoid)
    if server is not None:
        server.counters.lbtot += 1
        backend.counters.lbtot += 1
        take(server, stream)
    return server


def take(server: Server, stream: Stream) -> None:
    """
    Take one place of a server for a stream.
    """
    server.current = current = server.current + 1
    counters = server.counters
    counters.stot += 1
    if current > server.used_max:
        server.used_max = current
        if current > counters.smax:
            counters.smax = current
    counters.scur = current
    balancer = server.backend.balancer
    if balancer.tracks_load:
        balancer.load_changed(server)
    stream.server = server


def pick_instead(stream: Stream, backend: Backend) -> Server | None:
    """
    Choose another server for a stream whose own one is full and has as many streams waiting for it
    as its C{maxqueue} allows.

    @param stream: The stream.

    @param backend: Its backend.

    @return: The server, L{None} when the stream is to wait.
    """
    balancer = cast("StickyBalancer", backend.balancer)
    own = balancer.preferred(stream)
    if own is None or not own.maxqueue:
        return None
    waiting = sum(
        each.stream is not None and balancer.preferred(each.stream) is own for each in backend.queue
    )
    return pick(stream, backend, own) if waiting >= own.maxqueue else None


def may_wait(backend: Backend) -> bool:
    """
    Tell whether it makes sense to wait for a server.

    @return: False when no server can be used at all.
    """
    return backend.usable() > 0


def enqueue(waiting: Waiting, stream: Stream, backend: Backend) -> None:
    """
    Let a stream wait for any server of its backend.
    """
    backend.queue.append(waiting)
    # As HAProxy counts, the first in the queue is number 1.
    stream.backend_queue = length = len(backend.queue)
    if length > backend.counters.qmax:
        backend.counters.qmax = length


def leave_queue(waiting: Waiting, backend: Backend) -> None:
    """
    Take a stream out of the queue, if it stands there.
    """
    try:
        backend.queue.remove(waiting)
    except ValueError:
        return


def release(server: Server) -> None:
    """
    Give one place of a server back, and give it on to the next who waits.

    @param server: What was taken.
    """
    server.current = server.counters.scur = server.current - 1
    backend = server.backend
    if backend.balancer.tracks_load:
        backend.balancer.load_changed(server)
    if backend.queue:
        serve_queue(backend, server)


def serve_queue(backend: Backend, server: Server | None = None) -> None:
    """
    Give free places to those who wait, oldest first.

    @param backend: The backend whose queue it is.

    @param server: The one server that has room, or L{None} to ask the algorithm: after servers came
        up.
    """
    if backend.balancer.sticky:
        _serve_bound(backend, server)
        return
    queue = backend.queue
    while queue:
        waiting = queue[0]
        stream = waiting.stream
        if server is None:
            found = pick(stream, backend)
            if found is None:
                return
        elif server.usable_now and server.has_room:
            found = server
            server.counters.lbtot += 1
            backend.counters.lbtot += 1
            take(server, stream)
        else:
            return
        queue.popleft()
        waiting.server_free(found)


def _serve_bound(backend: Backend, server: Server | None) -> None:
    """
    Likewise with a sticky algorithm: each waits for a server of its own, so who waits for
    another one does not hold up those behind.
    """
    queue = backend.queue
    while server is None or (server.usable_now and server.has_room):
        for waiting in queue:
            found = pick(waiting.stream, backend) if waiting.stream is not None else None
            if found is not None:
                break
        else:
            return
        queue.remove(waiting)
        waiting.server_free(found)
