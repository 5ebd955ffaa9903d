"""
What rights and limits the processes have: seen in C{/proc} as an operator would.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import socket
from pathlib import Path

from tests.integration.clients import fetch
from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase, command_of

DROPPED = NAMED.replace(
    "global\n", "global\n    user nobody\n    group nogroup\n    chroot <dir>/jail\n"
)
LOOKING = (
    NAMED
    + """\
program look
    command sh -c "ls -l /proc/self/fd > <dir>/fds.new; ulimit -Sn > <dir>/limit; grep NoNewPrivs /proc/self/status >> <dir>/limit; mv <dir>/fds.new <dir>/fds; exec sleep 600"
"""  # noqa: E501  # one line of configuration
)
NONE = "0000000000000000"


def status_of(pid: int) -> dict[str, str]:
    """
    Read C{/proc/<pid>/status}.

    @return: Values by name.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {
        name: " ".join(rest.split()) for name, _, rest in (line.partition(":") for line in lines)
    }


class PrivilegeTests(ProcessTestCase):
    """
    Tests of rights, which only root can give up.
    """

    def setUp(self) -> None:
        if os.geteuid():
            self.skipTest("only root can give up rights")

    def assert_powerless(self, pid: int) -> None:
        """
        Assert that a worker has given everything up.
        """
        found = status_of(pid)
        for name in ("Uid", "Gid"):
            self.assertEqual(found[name], "65534 65534 65534 65534", name)
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(found[name], NONE, name)
        self.assertEqual((found["Groups"], found["NoNewPrivs"]), ("", "1"))
        limits = Path(f"/proc/{pid}/limits").read_text()
        self.assertRegex(limits, r"Max processes +0 +0 ")

    def test_workers_drop_everything(self) -> None:
        """
        Workers of the first start and of a reload are nobody in an empty directory; the master
        and its consoles stay what they were.
        """
        proxy = self.make(DROPPED, word="one")
        (proxy.directory / "jail").mkdir()
        proxy.start()
        proxy.wait_ready()
        self.assertEqual(proxy.get("web").body, b"one")
        [first] = proxy.worker_pids()
        self.assert_powerless(first)
        self.assertEqual(str(Path(f"/proc/{first}/root").readlink()), str(proxy.directory / "jail"))
        proxy.configure(DROPPED, word="two")
        self.assertIn("Success=1", proxy.reload())
        self.assertEqual(proxy.get("web").body, b"two")
        [second] = proxy.worker_pids()
        self.assertNotEqual(second, first)
        self.assert_powerless(second)
        self.assertEqual(status_of(proxy.pid)["Uid"], "0 0 0 0")
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_chroot_that_fails(self) -> None:
        """
        A directory that is not there is told, and nothing starts.
        """
        proxy = self.make(DROPPED, word="one")
        proxy.start()
        self.assertEqual(proxy.wait_exit(), 1)
        self.assertIn(f"main()] Cannot chroot({proxy.directory}/jail).", proxy.output)

    def test_programs_get_nothing_of_ours(self) -> None:
        """
        A program has the three standard descriptors and no more: no control channel, no listener,
        no console; its limit of descriptors is that of the master's start, and it may gain rights.
        """
        proxy = self.start(LOOKING, word="x")
        proxy.wait((proxy.directory / "fds").exists)
        rows = (proxy.directory / "fds").read_text().splitlines()[1:]
        numbers = [row.split(" -> ")[0].split()[-1] for row in rows]
        # What ls has opened to look.
        self.assertEqual(numbers, ["0", "1", "2", "3"])
        self.assertTrue(rows[3].endswith("/fd"), rows)
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.assertEqual((proxy.directory / "limit").read_text(), f"{soft}\nNoNewPrivs:\t0\n")

    def test_low_port_without_root(self) -> None:
        """
        One who is not root and may bind low ports serves on them, before and after a reload; the
        workers cannot.
        """
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            self.skipTest("needs setpriv")
        port = _low_port()
        text = NAMED.replace("<listen:web>", f"127.0.0.1:{port}")
        proxy = self.make(text, word="low")
        proxy.directory.chmod(0o777)
        (proxy.directory / "n.sock").chmod(0o777)
        # The second one only lets that user read an interpreter that may be in root's home.
        given = "+net_bind_service,+dac_override"
        proxy.command = [
            setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", f"--inh-caps={given}",
            f"--ambient-caps={given}", *command_of("mwproxy"),
        ]  # fmt: skip
        proxy.start()
        proxy.wait_ready()
        self.assertEqual(fetch(port).body, b"low")
        self.assertNotEqual(status_of(proxy.pid)["CapEff"], NONE)
        for _ in range(2):
            [worker] = proxy.worker_pids()
            self.assert_powerless(worker)
            self.assertIn("Success=1", proxy.reload())
        self.assertEqual(fetch(port).body, b"low")
        self.assertEqual(proxy.stop(), 0)

    def test_pid_file(self) -> None:
        """
        The pid file is made anew: a link that somebody put there is not followed, and nobody but
        its owner may read it.
        """
        proxy = self.make(NAMED, word="x")
        victim = proxy.directory / "victim"
        victim.write_text("precious")
        path = proxy.directory / "pid"
        path.symlink_to(victim)
        proxy.start("-p", str(path))
        proxy.wait_ready()
        self.assertEqual(victim.read_text(), "precious")
        self.assertFalse(path.is_symlink())
        self.assertEqual(path.read_text(), f"{proxy.pid}\n")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_mode_of_the_pid_file(self) -> None:
        """
        C{pidfile-mode} is what the file has, whatever the umask is; a reload changes it.
        """
        self.addCleanup(os.umask, os.umask(0o077))
        readable = NAMED.replace("global\n", "global\n    pidfile-mode 644\n")
        proxy = self.make(readable, word="x")
        path = proxy.directory / "pid"
        proxy.start("-p", str(path))
        proxy.wait_ready()
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)
        proxy.configure(NAMED, word="y")
        self.assertIn("Success=1", proxy.reload())
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(path.read_text(), f"{proxy.pid}\n")

    def test_control_channel_has_no_name(self) -> None:
        """
        The channel between master and worker is a pair of sockets without a name: no other
        process can connect to it.
        """
        proxy = self.start(NAMED, word="x")
        [worker] = proxy.worker_pids()
        inodes = set()
        for entry in Path(f"/proc/{worker}/fd").iterdir():
            target = ""
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                target = str(entry.readlink())
            if target.startswith("socket:["):
                inodes.add(target[len("socket:[") : -1])
        self.assertTrue(inodes)
        for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
            words = line.split()
            if words[6] in inodes:
                self.assertEqual(words[7:], [], line)


def _low_port() -> int:
    for port in range(1023, 600, -1):
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port below 1024 is free")
