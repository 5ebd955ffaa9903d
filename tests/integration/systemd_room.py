"""
A true systemd in namespaces of its own: pid 1 there, with an empty C{/run} and a control group for
itself; it knows only the units that a test gives it, and nothing of the machine's.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.integration.clients import PATIENCE
from tests.integration.harness import ROOT, wait_until
from tests.integration.supervised import write_commands

#: Names a folder with another systemd than the machine's: Debian's packages C{systemd},
#: C{libsystemd0} and C{libsystemd-shared}, unpacked there with C{dpkg -x}.
ELSEWHERE = "MWPROXY_TEST_SYSTEMD"
UNITS = ROOT / "systemd"
#: Where a test's files are for what runs inside.
INSIDE = "/run/test"
#: Units that systemd wants to have.
TARGETS = ["room", "sysinit", "basic", "shutdown", "multi-user", "network-online", "sockets"]

_BOOT = """\
set -e
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/test
mount --bind "$1" /run/test
mount -t tmpfs tmpfs /sys/fs/cgroup
umount /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH=/run/test/units \\
  LD_LIBRARY_PATH="$3" "$2" --system --unit=room.target --show-status=no --log-target=console
"""
_DROP_IN = """\
[Service]
Environment=CONFIG=/run/test/proxy.cfg
StandardOutput=append:/run/test/log
StandardError=append:/run/test/log
RestartSec=50ms
{paths}"""


def cgroup_root() -> Path | None:
    """
    Find where control groups of version 2 are mounted.
    """
    for line in Path("/proc/self/mounts").read_text().splitlines():
        words = line.split()
        if words[2] == "cgroup2":
            return Path(words[1])
    return None


def make_group(root: Path) -> Path:
    """
    Make a control group.

    @raise OSError: That is not allowed.
    """
    return Path(tempfile.mkdtemp(prefix="mwproxy-test-", dir=root))


def binary() -> str:
    """
    Tell which systemd is tried.
    """
    return f"{os.environ.get(ELSEWHERE, '')}/lib/systemd/systemd"


def libraries() -> str:
    """
    Tell where its libraries are, empty for the usual places.
    """
    root = os.environ.get(ELSEWHERE, "")
    if not root:
        return ""
    found = sorted({str(path.parent) for path in Path(root).rglob("libsystemd*.so*")})
    return ":".join(found)


def version() -> int:
    """
    Tell its version.

    @raise SkipTest: There is none.
    """
    if shutil.which(binary()) is None:
        raise SkipTest(f"{binary()} is not installed")
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries()}
    done = subprocess.run([binary(), "--version"], env=environment, capture_output=True, check=True)
    return int(done.stdout.split()[1])


def may_boot() -> None:
    """
    Find out whether a systemd can be booted here.

    @raise SkipTest: It cannot; the text says why.
    """
    for program in (binary(), "unshare", "setpriv", "nsenter", "systemctl"):
        if shutil.which(program) is None:
            raise SkipTest(f"{program} is not installed")
    if os.geteuid() != 0:
        raise SkipTest("only root may boot a systemd in namespaces")
    root = cgroup_root()
    if root is None:
        raise SkipTest("no control groups of version 2 are mounted")
    try:
        make_group(root).rmdir()
    except OSError as error:
        raise SkipTest(f"control groups cannot be made here: {error}") from None
    words = ["unshare", "--pid", "--mount", "--cgroup", "--fork", "--mount-proc"]
    tried = subprocess.run([*words, "mount", "-t", "tmpfs", "x", "/run"], capture_output=True)
    if tried.returncode:
        raise SkipTest(f"namespaces are not allowed here: {tried.stderr.decode().strip()}")


class Systemd:
    """
    One systemd. C{files} is what runs inside sees as L{INSIDE}.
    """

    def __init__(self) -> None:
        may_boot()
        root = cgroup_root()
        assert root is not None
        self.files = Path(tempfile.mkdtemp(prefix="mwsd"))
        self.files.chmod(0o755)
        self._group = make_group(root)
        self._outer: subprocess.Popen[bytes] | None = None
        self.pid = 0
        (self.files / "units").mkdir()
        write_commands(self.files / "bin")
        for name in TARGETS:
            self.unit(f"{name}.target", "[Unit]\nDefaultDependencies=no\n")

    def unit(self, name: str, text: str) -> None:
        """
        Write a unit, or a drop-in.

        @param name: Such as C{a.service} or C{a.service.d/b.conf}.
        """
        path = self.files / "units" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def install(self, name: str, more: str = "") -> None:
        """
        Install one of our units as it is shipped, but that commands are those of this checkout,
        which it may see wherever that lies.

        @param name: Such as C{mwproxy.service}.

        @param more: Further lines of C{[Service]}.
        """
        text = (UNITS / name).read_text()
        self.unit(name, text.replace("/usr/bin/mwproxy", f"{INSIDE}/bin/mwproxy"))
        paths = sorted({str(ROOT), sys.prefix, sys.base_prefix})
        seen = "".join(f"BindReadOnlyPaths={path}\n" for path in paths)
        if any(path.startswith(("/root/", "/home/")) for path in paths):
            seen += "ProtectHome=tmpfs\n"
        self.unit(f"{name}.d/test.conf", _DROP_IN.format(paths=seen) + more)

    def boot(self) -> None:
        """
        Start it and wait until it is up.
        """
        # Whatever becomes of the test, nothing of this stays.
        words = ["setpriv", "--pdeathsig", "KILL"]
        words += ["unshare", "--pid", "--mount", "--cgroup", "--uts", "--ipc", "--fork"]
        words += ["--mount-proc", "--kill-child", "sh", "-c", _BOOT, "sh", str(self.files)]
        words += [binary(), libraries()]
        join = f'echo $$ > {self._group}/cgroup.procs && exec "$@"'
        with (self.files / "console").open("wb") as console:
            self._outer = subprocess.Popen(
                ["sh", "-c", join, "sh", *words],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._is_up, self.told, 3 * PATIENCE)

    def ctl(self, *words: str, status: int | None = 0) -> str:
        """
        Run C{systemctl} inside.

        @param status: What it has to end with, L{None} for anything.

        @return: What it printed.
        """
        done = self.run("systemctl", *words)
        if status is not None and done.returncode != status:
            raise AssertionError(f"{words} ended with {done.returncode}:{done.stdout}{self.told()}")
        return done.stdout

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """
        Run a command inside.
        """
        return subprocess.run(
            ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--cgroup", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=12 * PATIENCE,
            check=False,
        )

    def show(self, unit: str, name: str) -> str:
        """
        Read a property of a unit.
        """
        return self.ctl("show", "--property", name, "--value", unit).strip()

    def path(self, inside: str) -> Path:
        """
        Tell how a path inside is reached from here.
        """
        return Path(f"/proc/{self.pid}/root{inside}")

    def log(self) -> str:
        """
        Read what the services printed.
        """
        path = self.files / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def told(self) -> str:
        """
        All that is known, for failures.
        """
        return f"\n{(self.files / 'console').read_text('utf-8', 'replace')}\n{self.log()}"

    def processes(self, unit: str) -> list[int]:
        """
        List the processes of a service, by their numbers here.
        """
        found = []
        for path in self._group.rglob(f"{unit}/**/cgroup.procs"):
            found += [int(word) for word in path.read_text().split()]
        return found

    def pid_here(self, inside: int) -> int:
        """
        Tell the number that a process of a number inside has here.
        """
        for path in self._group.rglob("cgroup.procs"):
            for word in path.read_text().split():
                with contextlib.suppress(OSError):
                    status = Path(f"/proc/{word}/status").read_text()
                    numbers = re.search(r"^NSpid:(.*)$", status, re.MULTILINE)
                    if numbers and int(numbers[1].split()[-1]) == inside:
                        return int(word)
        raise LookupError(f"no process {inside} inside")

    def stop(self) -> None:
        """
        Kill it with all that it runs.
        """
        if self._outer is not None:
            if self.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
            self._outer.kill()
            self._outer.wait()
        wait_until(self._no_groups, lambda: str(self._members()), 3 * PATIENCE)
        shutil.rmtree(self.files, ignore_errors=True)

    def _no_groups(self) -> bool:
        """
        Remove the control groups; one stays busy for a moment after its last process has ended.
        """
        inner = [path for path in self._group.rglob("*") if path.is_dir()]
        for path in [*sorted(inner, key=lambda each: -len(each.parts)), self._group]:
            with contextlib.suppress(OSError):
                path.rmdir()
        return not self._group.exists()

    def _members(self) -> list[str]:
        found = []
        for path in self._group.rglob("cgroup.procs"):
            found += path.read_text().split()
        return found

    def _is_up(self) -> bool:
        assert self._outer is not None
        if self._outer.poll() is not None:
            raise AssertionError(f"systemd does not boot: {self.told()}")
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text()
        if not children.split():
            return False
        self.pid = int(children.split()[0])
        if not self.path("/run/systemd/private").exists():
            return False
        return self.run("systemctl", "is-active", "room.target").stdout.strip() == "active"
