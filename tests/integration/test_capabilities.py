"""
Low ports without root: an interpreter with file capabilities (C{setcap}), and ambient ones.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest

import twisted
from tests.integration.configs import NAMED
from tests.integration.harness import ROOT, ProcessTestCase, Proxy
from tests.integration.test_privileges import NONE, status_of

NOBODY, NOGROUP = 65534, 65534
#: The number of C{CAP_NET_BIND_SERVICE} as a bit.
BIND = 1 << 10
PROGRAM = """\
program side
    command /bin/sh -c 'echo side; grep Cap /proc/self/status; echo end; exec sleep 1000'
"""
#: In a network of its own, where low ports are low; becomes the words behind it.
IN_ITS_NETWORK = (
    "ip link set lo up && { echo 1024 > /proc/sys/net/ipv4/ip_unprivileged_port_start; } && "
    'exec "$@"'
)
ASK = (
    "import socket; s = socket.create_connection(('127.0.0.1', 80), 20); "
    "s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n'); print(s.makefile('rb').read()[-3:].decode())"
)


def tool(name: str) -> str:
    """
    Find a program of the system.

    @raise SkipTest: It is not installed.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise SkipTest(f"{name} is not installed")
    return found


def public_interpreter() -> str:
    """
    Find an interpreter of our version that anybody may run.

    @raise SkipTest: There is none.
    """
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (
        Path(sys.executable).resolve(),
        Path("/usr/bin", name),
        Path("/usr/local/bin", name),
    ):
        parents = [path, *path.parents]
        if path.exists() and all(each.stat().st_mode & 1 for each in parents):
            return str(path)
    raise SkipTest(f"there is no {name} that other users may run")


class CapabilityTests(ProcessTestCase):
    """
    Tests as another user, in a network of its own.
    """

    def setUp(self) -> None:
        if os.geteuid():
            raise SkipTest("only root can give capabilities away")

    def prepare(self, text: str, capabilities: str, *, under: str = "-Ws") -> Proxy:
        """
        Prepare a proxy whose interpreter has capabilities in its file.

        @param capabilities: As C{setcap} wants them, empty for none.

        @param under: The word for the kind of process, empty for one without a master.
        """
        proxy = self.make(text.replace("<listen:web>", "127.0.0.1:80"), word="low")
        proxy.directory.chmod(0o777)
        (proxy.directory / "n.sock").chmod(0o777)
        python = public_interpreter()
        if capabilities:
            copy = shutil.copy(python, proxy.directory / "python")
            done = subprocess.run(
                [tool("setcap"), capabilities, copy], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise SkipTest(f"no file capabilities here: {done.stderr.strip()}")
            python = str(copy)
        ambient = (
            []
            if capabilities
            else ["--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"]
        )
        proxy.command = [
            tool("unshare"), "-n", "/bin/sh", "-c", IN_ITS_NETWORK, "sh", tool("setpriv"),
            f"--reuid={NOBODY}", f"--regid={NOGROUP}", "--clear-groups", *ambient, python, "-m",
            "mwproxy", *([under] if under else []),
        ]  # fmt: skip
        tool("ip")
        return proxy

    def begin(self, proxy: Proxy) -> None:
        """
        Start it, and wait until it serves.
        """
        packages = Path(twisted.__file__).parent.parent
        proxy.start(environment={"PYTHONPATH": f"{ROOT}:{packages}"})
        proxy.wait_ready()

    def ask(self, proxy: Proxy) -> str:
        """
        Ask on port 80 of its network.

        @return: The end of the answer.
        """
        command = [tool("nsenter"), "-t", str(proxy.pid), "-n", sys.executable, "-c", ASK]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.strip() or done.stderr

    def assert_powerless(self, pid: int, uid: int = NOBODY) -> None:
        """
        Assert that a process has no capability, and is who it should be.
        """
        found = status_of(pid)
        self.assertEqual(found["Uid"], " ".join([str(uid)] * 4))
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(found[name], NONE, name)
        self.assertEqual(found["NoNewPrivs"], "1")

    def assert_programs_powerless(self, proxy: Proxy, times: int) -> None:
        """
        Assert that no program that was started has a capability.
        """
        proxy.wait(lambda: proxy.output.count("\nend\n") >= times)
        for each in proxy.output.split("side\nCapInh:")[1:]:
            for line in ("CapPrm:\t", "CapEff:\t", "CapAmb:\t"):
                self.assertIn(line + NONE, each)

    def serves(self, proxy: Proxy, uid: int = NOBODY) -> None:
        """
        Assert that it serves with powerless workers, before and after a reload.
        """
        for times in (1, 2):
            self.assertEqual(self.ask(proxy), "low")
            [worker] = proxy.worker_pids()
            self.assert_powerless(worker, uid)
            self.assert_programs_powerless(proxy, times)
            self.assertEqual(int(status_of(proxy.pid)["CapEff"], 16) & BIND, BIND)
            self.assertIn("Success=1", proxy.reload())
        self.assertEqual(proxy.stop(), 0)

    def test_master(self) -> None:
        """
        A master binds port 80 by the capability of its interpreter's file; neither its workers nor
        its programs have it.
        """
        proxy = self.prepare(NAMED + PROGRAM, "cap_net_bind_service=ep")
        self.begin(proxy)
        self.serves(proxy)

    def test_another_user(self) -> None:
        """
        With C{user} and C{group}, for which the file has to have two more, workers become that
        user, and have none of the three.
        """
        daemon = 1
        text = NAMED.replace("global\n", f"global\n    uid {daemon}\n    gid {daemon}\n")
        capabilities = "cap_net_bind_service,cap_setuid,cap_setgid,cap_kill=ep"
        proxy = self.prepare(text + PROGRAM, capabilities)
        self.begin(proxy)
        self.serves(proxy, daemon)

    def test_ambient(self) -> None:
        """
        Ambient capabilities, as systemd gives them, do not reach programs either.
        """
        proxy = self.prepare(NAMED + PROGRAM, "")
        self.begin(proxy)
        self.serves(proxy)

    def test_without_it(self) -> None:
        """
        Without the capability the port is refused, as everywhere.
        """
        proxy = self.prepare(NAMED, "cap_chown=ep")
        self.assertRaises(AssertionError, self.begin, proxy)
        self.assertIn("cannot bind socket (Permission denied) for [127.0.0.1:80]", proxy.output)

    def test_twistd(self) -> None:
        """
        Under C{twistd --uid --gid} the master is that user from the beginning, and may replace
        itself in place.
        """
        text = NAMED.replace("no-exit-on-failure", "re-exec always")
        proxy = self.make(text, word="one")
        proxy.directory.chmod(0o777)
        (proxy.directory / "n.sock").chmod(0o777)
        script = proxy.directory / "twistd"
        script.write_text("from twisted.scripts.twistd import run\nrun()\n")
        rights = [f"--uid={NOBODY}", f"--gid={NOGROUP}"]
        proxy.command = [public_interpreter(), str(script), "-n", *rights, "mwproxy"]
        self.begin(proxy)
        for word in ("two", "three"):
            proxy.configure(text, word=word)
            self.assertIn("Success=1", proxy.reload())
            self.assertEqual(proxy.get("web").body, word.encode())
            for pid in (proxy.pid, *proxy.worker_pids()):
                self.assertEqual(status_of(pid)["Uid"], " ".join([str(NOBODY)] * 4))
        self.assertEqual(proxy.output.count("takes over from version"), 2)
        self.assertEqual(proxy.stop(), 0)

    def test_alone(self) -> None:
        """
        A process without a master binds port 80, and has given the capability up when it serves.
        """
        proxy = self.prepare(
            NAMED.replace("    master-worker no-exit-on-failure\n", ""),
            "cap_net_bind_service=ep",
            under="",
        )
        command = [*proxy.command, "-f", str(proxy.file)]
        packages = Path(twisted.__file__).parent.parent
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{packages}"}
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        proxy.process = process
        proxy.wait(lambda: self.ask(proxy) == "low")
        self.assert_powerless(process.pid)
