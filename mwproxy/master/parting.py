"""
Former workers, once their successors serve: who is told what.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from mwproxy.master.instance import Instance
from mwproxy.process.worker import WorkerProcess


def send_away(
    instance: Instance, successors: Sequence[WorkerProcess], limit: int, *, hard: bool
) -> list[Deferred[None]]:
    """
    Signal former workers, each at most once: those over the limit are terminated, the others get
    a successor.

    @param successors: The generation that serves from now on.

    @param limit: Its C{mworker-max-reloads}.

    @param hard: All are terminated.

    @return: They fire when those that finish accept no more clients.
    """
    parting = []
    for worker in [each for each in instance.workers if each not in successors]:
        if instance.successes - worker.successes > limit:
            worker.over_limit = limit
            worker.terminate()
        elif hard:
            worker.terminate()
        else:
            successor = successors[(worker.relative - 1) % len(successors)]
            parting.append(worker.leave(successor))
    return parting


def release_unused(instance: Instance) -> None:
    """
    Close the listening sockets that only generations without workers had.
    """
    alive = {worker.generation for worker in instance.workers} | {instance.serving}
    for generation in instance.listeners.generations() - alive:
        instance.listeners.release(generation)
