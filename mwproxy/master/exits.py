"""
What the end of a process means: what is said, what the master will exit with, and whether all
the rest has to go (management manual 4; observed).
"""

from __future__ import annotations

from mwproxy import PRODUCT
from mwproxy.config.program_settings import DEGRADE, IGNORE, STOP
from mwproxy.master.instance import Instance
from mwproxy.process.child import Phase
from mwproxy.process.system import exit_text
from mwproxy.process.worker import WorkerProcess
from mwproxy.programs.program import ProgramProcess
from mwproxy.programs.restarts import EXPECTED, failed


def worker_ended(instance: Instance, worker: WorkerProcess, status: int) -> bool:
    """
    Judge the end of a worker that was serving or leaving.

    @return: Whether everybody else has to go.
    """
    speaker = instance.speaker
    who = f"worker {instance.label(worker)} exited with code {status} ({exit_text(status)})"
    replacement = worker.ended_as is Phase.STARTING and worker.generation == instance.serving
    if worker.ended_as is not Phase.CURRENT and not replacement:
        limit = worker.over_limit
        over = "" if limit is None else f", as it exceeds max reloads ({limit})"
        speaker.warning(f"Former {who}{over}")
        return False
    if status < 128:
        speaker.warning(f"Current {who}")
    else:
        speaker.alert(f"Current {who}")
    note_status(instance, status)
    if status in EXPECTED or status == 128 + instance.stopping:
        return False
    speaker.warning(
        f"A worker process unexpectedly died: this may be a bug in {PRODUCT} or in what it uses. "
        "Please report it with the messages above and the configuration."
    )
    return instance.global_.exit_on_failure


def program_ended(instance: Instance, program: ProgramProcess, status: int) -> bool:
    """
    Judge the end of a program. Dying of the very signal that we sent it is no failure, so that a
    program which knows nothing of SIGUSR1 does not turn a soft stop into a hard one. One that will
    be started again, or that only a reload under way depends on, ends nothing.

    @return: Whether everybody else has to go.
    """
    speaker = instance.speaker
    who = (
        f"program '{program.name}' ({program.pid}) exited with code {status} ({exit_text(status)})"
    )
    if program.old:
        speaker.warning(f"Former {who}")
        return False
    before = "" if program.ready else " before it was ready"
    speaker.alert(f"Current {who}{before}")
    if program.again:
        return False
    if program.candidate:
        if not instance.serving:
            note_status(instance, status or 1)
        return False
    policy = program.description.settings.on_failure
    if policy in (IGNORE, DEGRADE):
        return False
    lost = failed(status, program.told) or program.given_up
    if lost or status == 130:
        note_status(instance, 1 if status in (0, 143) else status)
    return lost and (policy == STOP or instance.global_.exit_on_failure)


def note_status(instance: Instance, status: int) -> None:
    """
    Remember the first end of a current process that was not as it should be.
    """
    if instance.exit_code == 0 and status not in (0, 143):
        instance.exit_code = status


def forget_status(instance: Instance) -> None:
    """
    Forget, at the end of a reload, who died before: HAProxy executes itself anew at each, and knows
    nothing of before. While nobody serves any more, or all is being stopped, it is what the master
    ends with.
    """
    serves = any(worker.phase is Phase.CURRENT for worker in instance.workers)
    if serves and not (instance.stopping or instance.killing):
        instance.exit_code = 0
