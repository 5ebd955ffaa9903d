"""
The units of C{systemd/} under a true systemd.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from mwproxy import __version__
from tests.integration.clients import PATIENCE
from tests.integration.harness import ROOT, wait_until
from tests.integration.supervised import ask, write_commands
from tests.integration.systemd_room import INSIDE, UNITS, Systemd, version

UNIT = "mwproxy.service"
RELOADED = "mwproxy-notify-reload.service"

PROXY = """\
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend web
    bind unix@/run/mwproxy/web.sock mode 666
    http-request return status 200 content-type text/plain string "{word}"
"""


class UnitTests(SynchronousTestCase):
    """
    The files as such.
    """

    def test_verify(self) -> None:
        """
        systemd finds nothing wrong with the units, but that the commands are not installed in
        C{/usr/bin} here, and what it is too old for.
        """
        if shutil.which("systemd-analyze") is None:
            raise SkipTest("systemd-analyze is not installed")
        for name in (UNIT, RELOADED):
            done = subprocess.run(
                ["systemd-analyze", "verify", str(UNITS / name)],
                capture_output=True,
                text=True,
                check=False,
            )
            known = re.compile(
                r"/usr/bin/mwproxy(ctl)? is not executable|notify-reload|ReloadSignal"
            )
            wrong = [line for line in done.stderr.splitlines() if not known.search(line)]
            self.assertEqual(wrong, [])

    def test_same_hardening(self) -> None:
        """
        Both units harden alike.
        """
        one, other = (
            (UNITS / name).read_text().partition("# What a proxy does not need")[2]
            for name in (UNIT, RELOADED)
        )
        self.assertIn("NoNewPrivileges=true", one)
        self.assertEqual(one, other)

    def test_exposure(self) -> None:
        """
        systemd's own measure calls the service's exposure no more than medium low.
        """
        if shutil.which("systemd-analyze") is None:
            raise SkipTest("systemd-analyze is not installed")
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=40", str(UNITS / UNIT)],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout[-500:])


class SystemdTestCase(SynchronousTestCase):
    """
    A test with a systemd of its own.
    """

    name = UNIT

    def boot(self, config: str, more: str = "", *, name: str = UNIT, **units: str) -> None:
        """
        Boot one that has the unit and a configuration.

        @param more: Further lines of the unit's C{[Service]}.

        @param units: Further units; C{_} in their names stands for a point.
        """
        self.name = name
        self.systemd = Systemd()
        self.addCleanup(self.systemd.stop)
        self.configure(config)
        self.systemd.install(name, more)
        for unit, text in units.items():
            self.systemd.unit(unit.replace("_", "."), text)
        self.systemd.boot()

    def configure(self, text: str) -> None:
        (self.systemd.files / "proxy.cfg").write_text(text)

    def start(self, config: str, more: str = "", **units: str) -> None:
        """
        Boot, and start the service.
        """
        self.boot(config, more, **units)
        self.systemd.ctl("start", self.name)

    def get(self, socket_: str = "/run/mwproxy/web.sock") -> str:
        return ask(self.systemd.path(socket_))

    def show(self, name: str) -> str:
        return self.systemd.show(self.name, name)

    def wait(self, fact: Callable[[], object]) -> None:
        wait_until(fact, self.systemd.told, 3 * PATIENCE)

    def cli(self, command: str) -> str:
        """
        Ask the console.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(str(self.systemd.path("/run/mwproxy/master.sock")))
            sock.sendall(f"{command}; quit\n".encode())
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
        return answer.decode()

    def copy_package(self) -> None:
        """
        Have the unit run a copy of the package, which may change.
        """
        package = self.systemd.files / "lib" / "mwproxy"
        shutil.copytree(ROOT / "mwproxy", package, ignore=shutil.ignore_patterns("__pycache__"))
        write_commands(self.systemd.files / "bin", f"{INSIDE}/lib")

    def upgrade(self) -> None:
        """
        Change the copy, reload, and assert that the same process goes on as what it is now.
        """
        pid = self.show("MainPID")
        self.assertIn(__version__, self._version_of(pid))
        module = self.systemd.files / "lib" / "mwproxy" / "__init__.py"
        module.write_text(module.read_text().replace(__version__, "99.1"))
        self.systemd.ctl("reload", UNIT)
        self.assertEqual((self.show("MainPID"), self.show("NRestarts")), (pid, "0"))
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertIn("99.1", self._version_of(pid))

    def _version_of(self, pid: str) -> str:
        rows = self.cli("show proc").splitlines()
        return next(row for row in rows if row.startswith(f"{pid} "))

    def worker(self) -> int:
        """
        Tell the pid of the serving worker, as here.
        """
        row = self.cli("show proc").partition("# workers\n")[2].split()
        return self.systemd.pid_here(int(row[0]))


class LifeTests(SystemdTestCase):
    """
    Start, reload, stop, crash.
    """

    def test_start(self) -> None:
        """
        C{systemctl start} returns when the proxy serves; the status is live.
        """
        self.start(PROXY.format(word="one"))
        self.assertEqual(self.get(), "one")
        self.assertEqual(self.show("ActiveState"), "active")
        pid = self.systemd.path("/run/mwproxy/mwproxy.pid").read_text().strip()
        self.assertEqual(self.show("MainPID"), pid)
        console = self.systemd.path("/run/mwproxy/master.sock")
        self.assertEqual(console.stat().st_mode & 0o777, 0o600)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(str(self.systemd.path("/run/mwproxy/web.sock")))
            self.wait(
                lambda: (
                    self.show("StatusText") == "Ready. workers: 1 current, 0 old; connections: 1"
                )
            )

    def test_reload(self) -> None:
        """
        C{systemctl reload} returns when the new configuration serves, in the same master.
        """
        self.start(PROXY.format(word="one"))
        pid = self.show("MainPID")
        self.configure(PROXY.format(word="two"))
        self.systemd.ctl("reload", UNIT)
        self.assertEqual(self.get(), "two")
        self.assertEqual(self.show("MainPID"), pid)
        self.wait(lambda: ", last succeeded " in self.show("StatusText"))
        self.assertEqual(self.show("NRestarts"), "0")

    def test_reload_with_a_mistake(self) -> None:
        """
        A configuration with a mistake fails C{systemctl reload} and says why; the running process
        never hears of it.
        """
        self.start(PROXY.format(word="one"))
        self.configure(PROXY.format(word="two").replace("bind", "bnid"))
        self.systemd.ctl("reload", UNIT, status=1)
        self.assertIn("unknown keyword 'bnid' in 'frontend' section", self.systemd.log())
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertEqual(self.get(), "one")
        self.assertIn("master          0 [failed: 0]", self.cli("show proc"))

    def test_reload_that_cannot_serve(self) -> None:
        """
        A configuration that is valid but cannot be served fails it too; the journal has each
        message once, and the status tells until a reload succeeds.
        """
        self.start(PROXY.format(word="one"))
        self.configure(PROXY.format(word="two").replace("/run/mwproxy/web", "/no/such/place/web"))
        before = len(self.systemd.log())
        self.systemd.ctl("reload", UNIT, status=1)
        said = self.systemd.log()[before:]
        for text in ("cannot bind UNIX socket", "Failed to load worker", "Reloading mwproxy"):
            self.assertEqual(said.count(text), 1, said)
        self.assertIn("The reload failed: the messages above tell why.", said)
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertEqual(self.get(), "one")
        self.wait(
            lambda: re.match(
                r"Reload failed! workers: 1 current, 0 old; connections: \d+; reloads: 1, "
                r"last failed .*: Binding \[.*cannot bind UNIX socket",
                self.show("StatusText"),
            )
        )
        self.configure(PROXY.format(word="three"))
        self.systemd.ctl("reload", UNIT)
        self.assertEqual(self.get(), "three")
        self.assertTrue(self.show("StatusText").startswith("Ready."))

    def test_stop(self) -> None:
        """
        C{systemctl stop} is a success, and leaves nothing.
        """
        self.start(PROXY.format(word="one"))
        self.assertNotEqual(self.systemd.processes(UNIT), [])
        self.systemd.ctl("stop", UNIT)
        self.assertEqual((self.show("ActiveState"), self.show("Result")), ("inactive", "success"))
        self.assertEqual(self.systemd.processes(UNIT), [])
        self.assertFalse(self.systemd.path("/run/mwproxy").exists())

    def test_soft_stop(self) -> None:
        """
        With C{KillSignal=SIGUSR1} C{systemctl stop} lets connections end.
        """
        self.start(PROXY.format(word="one"), "KillSignal=SIGUSR1\n")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.systemd.path("/run/mwproxy/web.sock")))
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n")
            self.wait(lambda: "CurrConns: 1" in self.cli("@1 show info"))
            self.systemd.ctl("stop", "--no-block", UNIT)
            self.wait(lambda: "Proxy web stopped" in self.systemd.log())
            self.assertEqual(self.show("ActiveState"), "deactivating")
            client.sendall(b"\r\n")
            self.assertIn(b"one", client.recv(1000))
        self.wait(lambda: self.show("ActiveState") == "inactive")
        self.assertEqual((self.show("Result"), self.show("NRestarts")), ("success", "0"))

    def test_killed(self) -> None:
        """
        A master that is killed is started anew, and nothing of the former is left.
        """
        self.start(PROXY.format(word="one"))
        before = set(self.systemd.processes(UNIT))
        os.kill(self.systemd.pid_here(int(self.show("MainPID"))), signal.SIGKILL)
        self.wait(lambda: self.show("NRestarts") == "1" and self.show("ActiveState") == "active")
        self.assertEqual(self.get(), "one")
        self.assertEqual(before & set(self.systemd.processes(UNIT)), set())

    def test_upgrade(self) -> None:
        """
        A reload after an upgrade goes on as the new version, in the same process: for systemd
        nothing was restarted.
        """
        self.boot(PROXY.format(word="one"))
        self.copy_package()
        self.systemd.ctl("start", UNIT)
        self.configure(PROXY.format(word="two"))
        self.upgrade()
        self.assertEqual(self.get(), "two")
        self.wait(lambda: "reloads: 1, last succeeded " in self.show("StatusText"))
        self.systemd.ctl("stop", UNIT)
        self.assertEqual(self.show("Result"), "success")

    def test_bad_start(self) -> None:
        """
        A start with a mistake fails at once and says why.
        """
        self.boot(PROXY.format(word="one").replace("bind", "bnid"), "Restart=no\n")
        self.systemd.ctl("start", UNIT, status=1)
        self.assertEqual(self.show("ActiveState"), "failed")
        self.assertIn("unknown keyword 'bnid' in 'frontend' section", self.systemd.log())

    def test_master_hangs(self) -> None:
        """
        With a watchdog, which is off in the unit, a master that hangs is started anew.
        """
        self.start(PROXY.format(word="one"), "WatchdogSec=6\nTimeoutAbortSec=1\n")
        self.wait(lambda: self.show("WatchdogTimestampMonotonic") != "0")
        first = self.show("WatchdogTimestampMonotonic")
        self.wait(lambda: self.show("WatchdogTimestampMonotonic") != first)
        os.kill(self.systemd.pid_here(int(self.show("MainPID"))), signal.SIGSTOP)
        self.wait(lambda: self.show("NRestarts") == "1" and self.show("ActiveState") == "active")
        self.assertEqual(self.get(), "one")


class SandboxTests(SystemdTestCase):
    """
    What the unit's hardening leaves possible.
    """

    def _logged(self, path: Path) -> socket.socket:
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(log.close)
        log.settimeout(PATIENCE)
        path.parent.mkdir(parents=True, exist_ok=True)
        log.bind(str(path))
        path.chmod(0o666)
        return log

    def _config(self, *global_: str) -> str:
        logging = "frontend web\n    log global\n    option httplog"
        return (
            "global\n"
            "    log /dev/log local0\n"
            + "".join(f"    {line}\n" for line in global_)
            + PROXY.format(word="one").replace("frontend web", logging)
        )

    def _assert_logs(self, log: socket.socket) -> None:
        self.assertEqual(self.get(), "one")
        while b" web web/<NOSRV> " not in log.recv(4096):
            pass

    def test_log_socket(self) -> None:
        """
        Logs reach the system's C{/dev/log}, though the service has devices of its own.
        """
        self.boot(self._config())
        log = self._logged(self.systemd.path("/run/systemd/journal/dev-log"))
        self.systemd.ctl("start", UNIT)
        self._assert_logs(log)

    def test_dropped_rights(self) -> None:
        """
        Workers become another user in a chroot, after a reload too, and log to a socket that is
        bound into it; the console, UNIX listeners and programs work. Capabilities are few, and
        system calls are filtered.
        """
        self.boot(
            self._config(
                "master-worker no-exit-on-failure",
                "user nobody",
                "chroot /var/jail",
                "stats socket /run/mwproxy/stats.sock mode 660 user nobody",
            )
            + "program side\n"
            "    command sh -c 'id -u; echo side runs; exec sleep 1000'\n"
            "    user nobody\n",
            "TemporaryFileSystem=/var:ro\nBindPaths=/run/test/jail:/var/jail\n",
        )
        log = self._logged(self.systemd.files / "jail/dev/log")
        self.systemd.ctl("start", UNIT)
        self._assert_logs(log)
        worker = self.worker()
        self._assert_harmless(worker)
        self.wait(lambda: "65534\nside runs" in self.systemd.log())
        self.systemd.ctl("reload", UNIT)
        self._assert_logs(log)
        new = self.worker()
        self.assertNotEqual(new, worker)
        self._assert_harmless(new)
        # Unlike a worker in waiting it does not yield to others.
        self.assertEqual(os.getpriority(os.PRIO_PROCESS, new), 0)
        self.assertTrue(self.systemd.path("/run/mwproxy/stats.sock").is_socket())
        self.assertNotIn("not permitted", self.systemd.log())

    def _assert_harmless(self, worker: int) -> None:
        status = Path(f"/proc/{worker}/status").read_text()
        self.assertIn("Uid:\t65534\t65534", status)
        self.assertIn("CapEff:\t0000000000000000", status)
        self.assertIn("NoNewPrivs:\t1", status)
        self.assertIn("Seccomp:\t2", status)
        self.assertTrue(str(Path(f"/proc/{worker}/root").readlink()).endswith("/var/jail"))


class ActivationTests(SystemdTestCase):
    """
    Sockets that systemd listens on.
    """

    def test_socket(self) -> None:
        """
        A client that comes before the service starts it and is answered; the socket goes on
        over reloads, and over a restart, without refusing anybody.
        """
        config = PROXY.replace("unix@/run/mwproxy/web.sock mode 666", "fd@web")
        self.boot(
            config.format(word="one"),
            "Sockets=mwproxy.socket\n",
            mwproxy_socket="[Socket]\nListenStream=/run/web.sock\nFileDescriptorName=web\n",
        )
        self.systemd.ctl("start", "mwproxy.socket")
        self.assertEqual(self.show("ActiveState"), "inactive")
        self.assertEqual(self.get("/run/web.sock"), "one")
        self.configure(config.format(word="two"))
        self.systemd.ctl("reload", UNIT)
        self.assertEqual(self.get("/run/web.sock"), "two")
        self.configure(config.format(word="three"))
        self.systemd.ctl("restart", UNIT)
        self.assertEqual(self.get("/run/web.sock"), "three")
        for pid in self.systemd.processes(UNIT):
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            if pid != self.systemd.pid_here(int(self.show("MainPID"))):
                self.assertNotIn(b"LISTEN_FDS", environment)
                self.assertNotIn(b"NOTIFY_SOCKET", environment)

    def test_upgrade(self) -> None:
        """
        Sockets outlast an upgrade in place, those too that no configuration used before.
        """
        config = PROXY.replace("unix@/run/mwproxy/web.sock mode 666", "fd@web:1")
        self.boot(
            config.format(word="one"),
            "Sockets=mwproxy.socket\n",
            mwproxy_socket="[Socket]\nListenStream=/run/web.sock\nListenStream=/run/more.sock\n"
            "FileDescriptorName=web\n",
        )
        self.copy_package()
        self.systemd.ctl("start", "mwproxy.socket", UNIT)
        self.configure(config.format(word="two").replace("fd@web:1", "fd@web:1,fd@web:2"))
        self.upgrade()
        self.assertEqual([self.get("/run/web.sock"), self.get("/run/more.sock")], ["two", "two"])

    def test_no_such_socket(self) -> None:
        """
        A name that was not passed is an error that says what was.
        """
        self.boot(
            PROXY.format(word="one").replace("unix@/run/mwproxy/web.sock mode 666", "fd@wbe"),
            "Sockets=mwproxy.socket\nRestart=no\n",
            mwproxy_socket="[Socket]\nListenStream=/run/web.sock\nFileDescriptorName=web\n",
        )
        self.systemd.ctl("start", "mwproxy.socket")
        self.systemd.ctl("start", UNIT, status=1)
        self.assertIn(
            "cannot use inherited socket (no socket named 'wbe' was passed, only 'web') "
            "for [fd@wbe].",
            self.systemd.log(),
        )


class NotifyReloadTests(SystemdTestCase):
    """
    The unit for systemd 253 and later.
    """

    def test_reload(self) -> None:
        """
        C{systemctl reload} returns when the new configuration serves; one that fails leaves the
        service as it was. A systemd that is too old names what it does not know.
        """
        if version() < 253:
            self.refused()
            return
        self.start(PROXY.format(word="one"), name=RELOADED)
        self.configure(PROXY.format(word="two"))
        self.systemd.ctl("reload", RELOADED)
        self.assertEqual(self.get(), "two")
        self.configure(PROXY.format(word="three").replace("bind", "bnid"))
        self.systemd.ctl("reload", RELOADED)
        self.assertEqual(self.get(), "two")
        self.wait(lambda: self.show("StatusText").startswith("Reload failed!"))
        self.assertEqual(self.show("ActiveState"), "active")

    def refused(self) -> None:
        """
        Check what a systemd before 253 says of the unit; C{MWPROXY_TEST_SYSTEMD} may name a
        younger one.
        """
        done = subprocess.run(
            ["systemd-analyze", "verify", str(UNITS / RELOADED)],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertIn("Failed to parse service type, ignoring: notify-reload", done.stderr)
        self.assertIn("Unknown key 'ReloadSignal'", done.stderr)
