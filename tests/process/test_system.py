"""
Tests for L{mwproxy.process.system}.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from mwproxy.process.spawn import ROOT
from mwproxy.process.system import System, exit_status, exit_text


class StatusTests(SynchronousTestCase):
    """
    Exit statuses as a shell sees them.
    """

    def test_status(self) -> None:
        """
        An exit code is kept, a signal counts from 128.
        """
        for value, expected in (
            (ProcessDone(0), 0),
            (ProcessTerminated(3, None, 3 << 8), 3),
            (ProcessTerminated(None, 9, 9), 137),
        ):
            self.assertEqual(exit_status(Failure(value)), expected)

    def test_text(self) -> None:
        """
        Signals have the system's names.
        """
        texts = {0: "Exit", 7: "Exit", 137: "Killed", 143: "Terminated", 134: "Aborted"}
        texts |= {130: "Interrupt", 139: "Segmentation fault", 138: "User defined signal 1"}
        self.assertEqual({status: exit_text(status) for status in texts}, texts)
        self.assertEqual(exit_text(255), "Exit")


class SignalTests(SynchronousTestCase):
    """
    Signals to others.
    """

    timeout = 20

    def test_kill(self) -> None:
        """
        Signaling tells whether there was somebody; a group is told as a whole.
        """
        system = System(None)
        child = subprocess.Popen(["sleep", "60"], process_group=0)
        self.assertTrue(system.kill(child.pid, 0))
        self.assertTrue(system.kill_group(child.pid, signal.SIGTERM))
        self.assertEqual(child.wait(), -signal.SIGTERM)
        self.assertFalse(system.kill(child.pid, 0))
        self.assertFalse(system.kill_group(child.pid, signal.SIGTERM))

    def test_who_we_are(self) -> None:
        """
        The pid is the present one, and the environment a copy.
        """
        system = System(None)
        self.assertEqual(system.pid, os.getpid())
        system.environment()["MWPROXY_TEST"] = "x"
        self.assertNotIn("MWPROXY_TEST", os.environ)


EXEC = """
import os, signal, sys
from twisted.internet import reactor
from mwproxy.process.reexec import Origin, capture
from mwproxy.process.system import System

def handle(signum):
    said.append(f"handled {signum}")
    if len(said) == 4:
        print(*said, sep="; ")
        reactor.stop()

def write(caught):
    said.append(f"caught {caught}")
    # One that comes now waits for the successor, or for the end of the attempt.
    os.kill(os.getpid(), signal.SIGUSR1)
    return b""

def attempt():
    os.kill(os.getpid(), signal.SIGUSR2)
    try:
        system.become_successor(Origin(("/no/x",), (), "/", {}, {}), write, [])
    except OSError as error:
        said.append(error.strerror)

said = []
system = System(reactor)
system.on_signals({signal.SIGUSR1: handle, signal.SIGUSR2: handle})
reactor.callWhenRunning(attempt)
reactor.run()
"""


LATE = """
import atexit, os, signal
from twisted.internet import reactor
from mwproxy.process.system import System

def over():
    system.hold_signals()
    reactor.stop()

# Called after all of ours, while the interpreter ends.
atexit.register(lambda: (signal.signal(signal.SIGTERM, signal.SIG_DFL), os.kill(os.getpid(), 15)))
system = System(reactor)
system.on_signals({signal.SIGTERM: print})
reactor.callWhenRunning(over)
reactor.run()
"""


class SuccessorTests(SynchronousTestCase):
    """
    Becoming another program.
    """

    timeout = 20

    def test_signals(self) -> None:
        """
        What was caught is told; what comes later is held back until the attempt has failed, and
        nothing is lost or handled twice.
        """
        done = subprocess.run(
            [sys.executable, "-c", EXEC], capture_output=True, check=True, cwd=ROOT
        )
        self.assertEqual(
            done.stdout.decode(),
            f"caught [{signal.SIGUSR2.value}]; No such file or directory;"
            f" handled {signal.SIGUSR2.value}; handled {signal.SIGUSR1.value}\n",
        )


class LateSignalTests(SynchronousTestCase):
    """
    Signals that come while the interpreter ends.
    """

    timeout = 20

    def test_held(self) -> None:
        """
        A TERM that finds its default back does not change the exit status.
        """
        done = subprocess.run([sys.executable, "-c", LATE], check=False, cwd=ROOT)
        self.assertEqual(done.returncode, 0)


class NicenessTests(SynchronousTestCase):
    """
    Priorities.
    """

    def test_without_the_capability(self) -> None:
        """
        Root without C{CAP_SYS_NICE}, as in containers, could not undo what it did: nothing is made
        nice then.
        """
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            raise SkipTest("only root can drop a capability, with setpriv")
        code = (
            "import os; from mwproxy.process.system import System, may_lower_nice;"
            "print(may_lower_nice(), System(None).make_nice(os.getpid()),"
            " os.getpriority(os.PRIO_PROCESS, 0) > 0)"
        )
        for drop, expected in (([], b"True True True\n"), (["-sys_nice"], b"False False False\n")):
            words = [f"--bounding-set={word}" for word in drop]
            command = ["setpriv", *words, sys.executable, "-c", code]
            done = subprocess.run(command, capture_output=True, check=True)
            self.assertEqual(done.stdout, expected)
