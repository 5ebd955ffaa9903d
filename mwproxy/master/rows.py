"""
The rows of C{show proc}.
"""

from __future__ import annotations

from collections.abc import Sequence

from mwproxy import __version__
from mwproxy.console.master_view import ProcessRow
from mwproxy.master.instance import Instance
from mwproxy.process.child import Phase
from mwproxy.process.worker import WorkerProcess
from mwproxy.programs.program import ProgramProcess
from mwproxy.programs.rests import Rest


def list_rows(
    instance: Instance, programs: Sequence[ProgramProcess], resting: Sequence[Rest] = ()
) -> list[ProcessRow]:
    """
    List the processes: the master, current workers, old ones (newest first), programs, old
    programs.

    As in HAProxy a worker is shown as old from the moment a reload begins; until its successor is
    READY it serves all the same.

    @param resting: Programs that do not run: they have no pid, and a word in place of a version.
    """
    now = instance.system.monotonic()
    rows = [
        ProcessRow(
            instance.system.pid,
            "master",
            "",
            0,
            instance.reloads,
            instance.failed,
            now - instance.started,
            __version__,
        )
    ]
    workers = [_worker(instance, worker, now) for worker in instance.workers]
    rows += sorted((row for row in workers if not row.old), key=lambda row: row.relative)
    rows += sorted((row for row in workers if row.old), key=lambda row: (row.reloads, row.relative))
    listed = [_program(instance, program, now) for program in programs if program.running]
    rows += [row for row in listed if not row.old]
    rows += [_resting(instance, rest, now) for rest in resting]
    rows += [row for row in listed if row.old]
    return rows


def _worker(instance: Instance, worker: WorkerProcess, now: float) -> ProcessRow:
    reloads = instance.reloads - worker.reload_count
    return ProcessRow(
        worker.pid,
        "worker",
        "",
        worker.relative,
        reloads,
        0,
        now - worker.loaded_at,
        worker.version or __version__,
        old=reloads > 0,
        starting=worker.phase is Phase.STARTING,
        generation=worker.generation,
        serving=worker.generation == instance.serving,
        channel=worker.channel_fds(),
    )


def _program(instance: Instance, program: ProgramProcess, now: float) -> ProcessRow:
    return ProcessRow(
        program.pid,
        "program",
        program.name,
        0,
        instance.reloads - program.reload_count,
        0,
        now - program.started,
        "-",
        old=program.old,
    )


def _resting(instance: Instance, rest: Rest, now: float) -> ProcessRow:
    reloads = instance.reloads - rest.program.reload_count
    return ProcessRow(0, "program", rest.name, 0, reloads, 0, now - rest.since, rest.state)
