"""
Tests for L{mwproxy.process.reexec}.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.inheritance import FORMAT, MasterFacts
from mwproxy.process.reexec import (
    VARIABLE,
    Arrival,
    NoInheritance,
    Origin,
    capture,
    replace,
    take_arrival,
)

LIMITS = {resource.RLIMIT_NOFILE: (1024, 4096)}
REPLACE = """
import json, os, resource, sys
from mwproxy.process.reexec import Origin, replace
read, write = os.pipe()
os.write(write, b"in the pipe")
origin = Origin(
    (sys.executable, "-c", sys.argv[1]), (), sys.argv[2], {"A": "1"},
    {resource.RLIMIT_NOFILE: (64, 128)},
)
os.dup2(read, 40)
replace(origin, b"state", [40])
"""
SUCCESSOR = """
import json, os, resource, sys
fd = int(os.environ["MWPROXY_REEXEC"].removeprefix("fd:"))
print(json.dumps({
    "pid": os.getpid(), "state": os.read(fd, 99).decode(), "pipe": os.read(40, 99).decode(),
    "directory": os.getcwd(), "environment": sorted(os.environ),
    "limit": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    "open": [n for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")],
}))
"""


class CaptureTests(SynchronousTestCase):
    """
    Tests for how a process was started.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp()).resolve()
        self.addCleanup(shutil.rmtree, self.directory)
        here = Path.cwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.directory)

    def script(self, first: str, mode: int = 0o755) -> str:
        """
        Make a script.

        @return: Its path from where we are.
        """
        path = self.directory / "run"
        path.write_text(f"{first}\npass\n")
        path.chmod(mode)
        return "./run"

    def command(self, words: list[str], argv: list[str]) -> list[str]:
        """
        Capture a start with /usr/bin/python3 for an interpreter.

        @return: The command that will be executed.
        """
        return list(capture({}, words, argv, "/usr/bin/python3").argv)

    def test_module(self) -> None:
        """
        A module is found by the interpreter, with the same options.
        """
        words = ["python3", "-P", "-m", "mwproxy", "-W", "-f", "x"]
        argv = ["/lib/mwproxy/__main__.py", "-W", "-f", "x"]
        self.assertEqual(self.command(words, argv), ["/usr/bin/python3", *words[1:]])

    def test_code(self) -> None:
        """
        So it is with a command in the command line.
        """
        words = ["python3", "-c", "import mwproxy", "-W"]
        self.assertEqual(self.command(words, ["-c", "-W"]), ["/usr/bin/python3", *words[1:]])

    def test_script_for_an_interpreter(self) -> None:
        """
        A script that was given to an interpreter is given to it again, by its absolute path.
        """
        script = self.script("#!/opt/other/python")
        self.assertEqual(
            self.command(["python3", "-P", script, "-W"], [script, "-W"]),
            ["/usr/bin/python3", "-P", str(self.directory / "run"), "-W"],
        )

    def test_script_by_itself(self) -> None:
        """
        One that was executed is executed again: after an upgrade it may name another interpreter.
        """
        script = self.script("#!/usr/bin/python3 -P")
        self.assertEqual(
            self.command(["/usr/bin/python3", "-P", script, "-W"], [script, "-W"]),
            [str(self.directory / "run"), "-W"],
        )

    def test_script_by_env(self) -> None:
        """
        The same with C{env}.
        """
        for first in ("#!/usr/bin/env python3", "#!/usr/bin/env -S python3"):
            script = self.script(first)
            self.assertEqual(
                self.command(["python3", script], [script]), [str(self.directory / "run")]
            )

    def test_script_that_cannot_be_executed(self) -> None:
        """
        One that may not be executed is left to the interpreter.
        """
        script = self.script("#!/usr/bin/python3", 0o644)
        self.assertEqual(
            self.command(["/usr/bin/python3", script], [script]),
            ["/usr/bin/python3", str(self.directory / "run")],
        )

    def test_logical_directory(self) -> None:
        """
        The directory is the way that was taken to it, if that still leads there.
        """
        link = self.directory / "current"
        (self.directory / "one").mkdir()
        link.symlink_to("one")
        os.chdir(link)
        words, argv = ["python3", "-m", "x"], ["/x.py"]
        self.assertEqual(capture({"PWD": str(link)}, words, argv).directory, str(link))
        self.assertEqual(capture({"PWD": "/"}, words, argv).directory, str(self.directory / "one"))

    def test_marks(self) -> None:
        """
        A script that was replaced has other marks, also behind a symbolic link.
        """
        self.script("#!/usr/bin/python3")
        (self.directory / "two").write_text("#!/usr/bin/python3\npass\n")
        link = self.directory / "link"
        link.symlink_to("run")
        origin = capture({}, ["python3", str(link)], [str(link)])
        before = origin.marks()
        self.assertEqual(origin.marks(), before)
        link.unlink()
        link.symlink_to("two")
        self.assertNotEqual(origin.marks(), before)
        link.unlink()
        self.assertNotEqual(origin.marks(), before)

    def test_problems(self) -> None:
        """
        What is gone or may not be executed is known before it is tried.
        """
        plain = str(self.directory / "plain")
        Path(plain).write_text("")
        here = str(self.directory)

        def problem(argv: str, watched: str, directory: str = here) -> str:
            return Origin((argv,), (watched,), directory, {}, LIMITS).problem()

        self.assertEqual(problem(sys.executable, sys.executable), "")
        self.assertEqual(problem(f"{here}/no", f"{here}/no"), f"{here}/no does not exist")
        self.assertEqual(problem(sys.executable, f"{here}/no"), f"{here}/no does not exist")
        self.assertEqual(problem(plain, plain), f"{plain} is not executable")
        self.assertEqual(
            problem(sys.executable, sys.executable, f"{here}/no"),
            f"the directory {here}/no cannot be entered",
        )


class ReplaceTests(SynchronousTestCase):
    """
    Tests for becoming another program.
    """

    def test_becomes(self) -> None:
        """
        The successor has the same pid, the named descriptors and no others, what was written for
        it, and directory, environment and limit of the first start.
        """
        done = subprocess.Popen(
            [sys.executable, "-c", REPLACE, SUCCESSOR, "/usr"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        )
        out, _ = done.communicate()
        found = json.loads(out)
        # Standard streams, the pipe and what was left.
        self.assertEqual(len(found.pop("open")), 5)
        # The interpreter may add one itself.
        self.assertEqual(set(found.pop("environment")) - {"LC_CTYPE"}, {"A", VARIABLE})
        self.assertEqual(
            found,
            {
                "pid": done.pid,
                "state": "state",
                "pipe": "in the pipe",
                "directory": "/usr",
                "limit": 64,
            },
        )

    def test_fails(self) -> None:
        """
        When it cannot be executed, all is as before: directory, descriptors, limits.
        """
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        here = Path.cwd()
        before = sorted(Path("/proc/self/fd").iterdir())
        os.set_inheritable(write, True)
        origin = Origin(("/nonexistent/x",), (), "/", {}, capture({}).limits)
        self.assertRaises(FileNotFoundError, replace, origin, b"", [read, write])
        self.assertEqual(Path.cwd(), here)
        self.assertEqual((os.get_inheritable(read), os.get_inheritable(write)), (False, True))
        self.assertEqual(sorted(Path("/proc/self/fd").iterdir()), before)

    def test_bad_descriptor(self) -> None:
        """
        Nothing stays open either when a descriptor is none, or when there is no directory to go
        to.
        """
        before = sorted(Path("/proc/self/fd").iterdir())
        limits = capture({}).limits
        origin = Origin((sys.executable,), (), "/", {}, limits)
        self.assertRaises(OSError, replace, origin, b"", [99999])
        origin = Origin((sys.executable,), (), "/nonexistent", {}, limits)
        self.assertRaises(FileNotFoundError, replace, origin, b"", [])
        self.assertEqual(sorted(Path("/proc/self/fd").iterdir()), before)


class ArrivalTests(SynchronousTestCase):
    """
    Tests for what a process was started for.
    """

    def memory(self, data: bytes, purpose: str = "fd") -> dict[str, str]:
        """
        Leave something in memory.

        @return: The environment that tells of it.
        """
        fd = os.memfd_create("x")
        os.write(fd, data)
        os.lseek(fd, 0, os.SEEK_SET)
        return {"A": "1", VARIABLE: f"{purpose}:{fd}"}

    def test_ordinary(self) -> None:
        """
        Without the variable a start is an ordinary one.
        """
        self.assertIsNone(take_arrival({"A": "1"}, 7))

    def test_check(self) -> None:
        """
        A child that checks reads what was left for its parent, and has no facts itself.
        """
        environment = self.memory(MasterFacts(FORMAT, 6, serving=1).write(), "check")
        self.assertEqual(take_arrival(environment, 7, 6), Arrival(None))
        self.assertEqual(environment, {"A": "1"})
        for data in (b"garbage", MasterFacts(FORMAT, 7, serving=1).write()):
            environment = self.memory(data, "check")
            self.assertRaises(NoInheritance, take_arrival, environment, 7, 6)

    def test_successor(self) -> None:
        """
        A successor finds what was left; variable and descriptor are gone.
        """
        facts = MasterFacts(FORMAT, 7, serving=1)
        environment = self.memory(facts.write())
        fd = int(environment[VARIABLE].removeprefix("fd:"))
        self.assertEqual(take_arrival(environment, 7), Arrival(facts))
        self.assertEqual(environment, {"A": "1"})
        self.assertRaises(OSError, os.fstat, fd)

    def test_unusable(self) -> None:
        """
        What cannot be used is refused with the reason, and gone as well.
        """
        for environment, text in (
            ({VARIABLE: "fd:0"}, "MWPROXY_REEXEC=fd:0 leads nowhere"),
            ({VARIABLE: "fd:99999"}, "MWPROXY_REEXEC=fd:99999 leads nowhere"),
            ({VARIABLE: "fd:x"}, "MWPROXY_REEXEC=fd:x leads nowhere"),
            ({VARIABLE: ""}, "MWPROXY_REEXEC= leads nowhere"),
            (
                self.memory(b"garbage"),
                "what the former version left cannot be used: no JSON",
            ),
            (
                self.memory(MasterFacts(FORMAT, 8, serving=1).write()),
                "what the former version left cannot be used: it belongs to process 8",
            ),
        ):
            error = self.assertRaises(NoInheritance, take_arrival, environment, 7)
            self.assertEqual(str(error), text)
            self.assertNotIn(VARIABLE, environment)
