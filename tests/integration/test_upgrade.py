"""
Upgrade in place: the master becomes the installed version, and nobody notices.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.integration.clients import Connection, Crowd
from tests.integration.configs import NAMED
from tests.integration.harness import Proxy
from tests.integration.installs import Installation
from tests.integration.origins import EchoOrigin
from tests.integration.upgrades import WHOLE, Console, UpgradeTestCase


class UpgradeTests(UpgradeTestCase):
    """
    Tests of upgrades that succeed.
    """

    def test_nobody_notices(self) -> None:
        """
        A reload with changed code replaces the master in place: pid, listening sockets, the pid
        file, programs and all consoles are what they were, both versions are listed while the
        old worker drains, and no client is lost.
        """
        echo = EchoOrigin()
        self.addCleanup(echo.stop)
        pidfile = Path(self.mktemp()).resolve()
        proxy = self.begin(WHOLE, "-p", str(pidfile), echo=echo.address)
        first = proxy.rows()
        web, own = Path(proxy.directory, "web.sock"), Path(proxy.console_path)
        inodes = [path.stat().st_ino for path in (web, own)]
        stream = Connection(proxy.port("relay"))
        self.addCleanup(stream.close)
        stream.send(b"a")
        self.assertEqual(stream.receive_exactly(1), b"a")
        idle, prompt, inner = (Console(proxy.console_path) for _ in range(3))
        for each in (idle, prompt, inner):
            self.addCleanup(each.sock.close)
        idle.ask("show version")
        prompt.ask("prompt", "master> ")
        prompt.ask("operator", "> ")
        inner.ask("@@1", "\n")
        inner.sock.sendall(b"show vers")
        crowd = proxy.keep_connecting("web")
        crowd.wait_for(20)
        self.install(proxy)
        answer = proxy.reload()
        self.assertEqual(answer.splitlines()[:2], ["Success=1", "--"])
        self.assertIn("Version 2.0.0 takes over from version 1.0.0.", answer)
        self.assertEqual(proxy.get("web").body, b"2.0.0")
        crowd.wait_for(20)
        tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))

        rows = proxy.rows()
        self.assertEqual(rows["master"][0][0], first["master"][0][0])
        self.assertEqual(rows["master"][0][2:5], ["1", "[failed:", "0]"])
        self.assertEqual(rows["programs"][0][0], first["programs"][0][0])
        (old,) = rows["old workers"]
        self.assertEqual((old[0], old[-1]), (first["workers"][0][0], "1.0.0"))
        self.assertEqual(self.versions(proxy), ["2.0.0", "2.0.0"])
        self.assertEqual([path.stat().st_ino for path in (web, own)], inodes)
        self.assertEqual(pidfile.read_text(), f"{proxy.pid}\n")
        self.assertIn("HAPROXY_STARTUP_VERSION=1.0.0\n", proxy.master_cli("show env"))

        self.assertEqual(idle.ask("show version"), "2.0.0\n\n")
        self.assertIn("Permission denied", prompt.ask("expert-mode on", "> "))
        self.assertIn("1.0.0", inner.ask("ion;quit", "\n\n"))
        self.assertIn("1.0.0", proxy.master_cli(f"@!{old[0]} show version"))
        stream.send(b"b")
        self.assertEqual(stream.receive_exactly(1), b"b")
        stream.close()
        proxy.wait_output(rf"Former worker \({old[0]}\) exited with code 0 \(Exit\)")
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)
        self.assertEqual([path.exists() for path in (web, own, pidfile)], [False] * 3)

    def test_by_signal_and_again(self) -> None:
        """
        SIGUSR2 upgrades as well; the next reload with the same code replaces nobody.
        """
        proxy = self.begin()
        self.install(proxy)
        proxy.signal(signal.SIGUSR2)
        proxy.wait_ready(2)
        self.assertEqual(self.versions(proxy), ["2.0.0", "2.0.0"])
        proxy.configure(self.config, word="two")
        self.assertNotIn("takes over", proxy.reload())
        self.assertEqual(proxy.get("web").body, b"two")
        self.install(proxy, "1.5.0")
        self.assertIn("Version 1.5.0 takes over from version 2.0.0.", proxy.reload())
        self.assertIn("HAPROXY_STARTUP_VERSION=1.0.0\n", proxy.master_cli("show env"))
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_bad_configuration_meets_new_code(self) -> None:
        """
        When the configuration is bad, the new master keeps the old worker as any failed reload
        does.
        """
        proxy = self.begin()
        (worker,) = proxy.worker_pids()
        self.installation.set_version("2.0.0")
        proxy.configure(self.config.replace("bind", "bnid"), word="two")
        answer = proxy.reload()
        self.assertEqual(answer.splitlines()[0], "Success=0")
        self.assertIn("unknown keyword 'bnid'", answer)
        self.assertEqual(proxy.get("web").body, b"one")
        rows = proxy.rows()
        self.assertEqual(rows["master"][0][3:], ["[failed:", "1]", rows["master"][0][5], "2.0.0"])
        self.assertEqual(rows["old workers"][0][0], str(worker))
        proxy.configure(self.config, word="three")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(proxy.get("web").body, b"three")

    def test_other_channel(self) -> None:
        """
        A worker that speaks another version of the control channel is signaled instead, and leaves
        as others do.
        """
        proxy = self.begin()
        (worker,) = proxy.worker_pids()
        crowd = proxy.keep_connecting("web")
        crowd.wait_for(20)
        text = self.installation.read("process/ipc.py")
        self.installation.write(
            "process/ipc.py", text.replace("CHANNEL_VERSION = ", "CHANNEL_VERSION = 100 + ")
        )
        self.install(proxy)
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        proxy.wait_output(rf"Former worker \({worker}\) exited with code 0 \(Exit\)")
        crowd.wait_for(20)
        tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))
        self.assertEqual(self.versions(proxy), ["2.0.0", "2.0.0"])

    def test_never(self) -> None:
        """
        With C{master-worker re-exec never} workers run the new code and the master stays.
        """
        never = NAMED.replace("no-exit-on-failure", "no-exit-on-failure re-exec never")
        proxy = self.begin(never)
        self.install(proxy)
        answer = proxy.reload()
        self.assertIn("The installed code has changed: workers will run it", answer)
        self.assertEqual(answer.splitlines()[0], "Success=1")
        self.assertEqual(self.versions(proxy), ["1.0.0", "2.0.0"])

    def test_always(self) -> None:
        """
        With C{re-exec always} each reload replaces the master; no client is lost, and nothing adds
        up: neither descriptors nor processes.
        """
        always = NAMED.replace("no-exit-on-failure", "no-exit-on-failure re-exec always")
        proxy = self.begin(always)
        crowd = Crowd(proxy.port("web"), 1, 1)
        counts = []
        for number in range(5):
            answer = proxy.reload()
            self.assertIn("takes over", answer)
            self.assertEqual(answer.splitlines()[0], "Success=1", number)
            proxy.wait(lambda: len(proxy.rows().get("old workers", [])) == 0)
            counts.append(len(list(Path(f"/proc/{proxy.pid}/fd").iterdir())))
        # The nursery comes and goes.
        self.assertLessEqual(max(counts[1:]) - min(counts[1:]), 4, counts)
        tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))
        self.assertEqual(proxy.rows()["master"][0][2], "5")
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)


class StartTests(UpgradeTestCase):
    """
    Tests of upgrades of processes that were started in other ways.
    """

    def begin_as(self, *command: str) -> Proxy:
        """
        Start with another command from the installation.
        """
        self.config = NAMED
        proxy = self.make(NAMED, word="one")
        proxy.command = list(command)
        proxy.start(environment=self.installation.environment)
        proxy.wait_ready()
        return proxy

    def assert_upgrades(self, proxy: Proxy, pid: int) -> None:
        """
        Assert that an upgrade succeeds and the process stays.
        """
        self.install(proxy)
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1", proxy.output)
        self.assertEqual(proxy.get("web").body, b"2.0.0")
        self.assertEqual(proxy.rows()["master"][0][0], str(pid))
        self.assertEqual(self.versions(proxy), ["2.0.0", "2.0.0"])

    def test_twistd(self) -> None:
        """
        Under C{twistd -n}, with a pid file of twistd's own.
        """
        twistd = str(Path(sys.executable).with_name("twistd"))
        pidfile = Path(self.mktemp()).resolve()
        proxy = self.begin_as(sys.executable, twistd, "-n", "--pidfile", str(pidfile), "mwproxy")
        self.assert_upgrades(proxy, proxy.pid)
        self.assertEqual(pidfile.read_text(), str(proxy.pid))
        self.assertEqual(pidfile.stat().st_mode & 0o777, 0o600)
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)
        self.assertFalse(pidfile.exists())

    def test_twistd_in_the_background(self) -> None:
        """
        Under twistd that went to the background by itself: it does not do so again.
        """
        twistd = str(Path(sys.executable).with_name("twistd"))
        pidfile = Path(self.mktemp()).resolve()
        log = Path(self.mktemp()).resolve()
        files = ("--pidfile", str(pidfile), "--logfile", str(log))
        self.config = NAMED
        proxy = self.make(NAMED, word="one")
        proxy.command = [sys.executable, twistd, *files, "mwproxy"]
        proxy.start(environment=self.installation.environment)
        self.assertEqual(proxy.wait_exit(), 0)
        proxy.wait(lambda: any("READY=1" in each for each in proxy.notices))
        pid = int(pidfile.read_text())
        self.assert_upgrades(proxy, pid)
        self.assertEqual(pidfile.read_text(), str(pid))
        self.assertEqual(pidfile.stat().st_mode & 0o777, 0o600)
        os.kill(pid, signal.SIGTERM)
        self.assert_no_orphans(proxy)

    def test_daemon(self) -> None:
        """
        A daemon (C{-W -D}) stays the process that its pid file names, and stays silent.
        """
        pidfile = Path(self.mktemp()).resolve()
        words = (sys.executable, "-m", "mwproxy", "-W", "-D", "-p", str(pidfile))
        self.config = NAMED
        proxy = self.make(NAMED, word="one")
        proxy.command = list(words)
        proxy.start(environment=self.installation.environment)
        self.assertEqual(proxy.wait_exit(), 0)
        pid = int(pidfile.read_text())
        before = proxy.output
        self.assert_upgrades(proxy, pid)
        self.assertEqual(pidfile.read_text(), f"{pid}\n")
        self.assertEqual(proxy.output, before)
        os.kill(pid, signal.SIGTERM)
        self.assert_no_orphans(proxy)

    def test_symbolic_link(self) -> None:
        """
        An installation is switched by a symbolic link: the script that was called is executed
        again, whatever it leads to by then.
        """
        second = Installation("2.0.0")
        self.addCleanup(second.clean_up)
        for each in (self.installation, second):
            script = each.directory / "run"
            script.write_text(
                f"#!{sys.executable}\n"
                "import pathlib, sys\n"
                "sys.path[0] = str(pathlib.Path(__file__).resolve().parent)\n"
                "from mwproxy.main import main\n"
                "sys.exit(main())\n"
            )
            script.chmod(0o755)
        link = Path(self.mktemp()).resolve()
        link.symlink_to(self.installation.directory)
        self.config = NAMED
        proxy = self.make(NAMED, word="one")
        proxy.command = [str(link / "run"), "-Ws"]
        proxy.start()
        proxy.wait_ready()
        self.assertEqual(self.versions(proxy), ["1.0.0", "1.0.0"])
        other = link.with_name("other")
        other.symlink_to(second.directory)
        other.replace(link)
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1", proxy.output)
        self.assertEqual(self.versions(proxy), ["2.0.0", "2.0.0"])
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)


class RefusedTests(UpgradeTestCase):
    """
    Tests of upgrades that do not take place.
    """

    def test_broken_code(self) -> None:
        """
        Code that does not import, in the master or in a worker, leaves everything as it was, and
        the answer says what is wrong with it; the repaired code is taken.
        """
        proxy = self.begin()
        before = proxy.worker_pids()
        crowd = proxy.keep_connecting("web")
        idle = Console(proxy.console_path)
        self.addCleanup(idle.sock.close)
        for failed, path in enumerate(("master/service.py", "net/relay.py"), 1):
            good = self.installation.read(path)
            future = "from __future__ import annotations\n"
            self.installation.replace(path, future, f"{future}import nonsense_of_a_test\n")
            self.install(proxy)
            answer = proxy.reload()
            self.assertEqual(answer.splitlines()[0], "Success=0")
            self.assertIn("Cannot upgrade: the installed code does not start: exited with", answer)
            self.assertIn("No module named 'nonsense_of_a_test'", answer)
            rows = proxy.rows()
            self.assertEqual(rows["master"][0][2:5], [str(failed), "[failed:", f"{failed}]"])
            self.assertEqual(rows["master"][0][-1], "1.0.0")
            self.assertEqual([int(row[0]) for row in rows["old workers"]], before)
            self.assertEqual(proxy.get("web").body, b"one")
            self.installation.write(path, good)
        self.assertEqual(idle.ask("show version"), "1.0.0\n\n")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(idle.ask("show version"), "2.0.0\n\n")
        tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))

    def test_other_format(self) -> None:
        """
        A version that does not understand what it would be left is refused with that reason.
        """
        proxy = self.begin()
        self.installation.replace("process/inheritance.py", "\nFORMAT = 1", "\nFORMAT = 2")
        self.install(proxy)
        answer = proxy.reload()
        self.assertEqual(answer.splitlines()[0], "Success=0")
        self.assertIn("format 1 is not understood, only 2: a restart is needed", answer)
        self.assertEqual(self.versions(proxy)[0], "1.0.0")
        self.assertEqual(proxy.get("web").body, b"one")

    def test_exec_fails(self) -> None:
        """
        When the kernel refuses the exec at the last moment, the master goes on as it was: its
        console, its signals, its workers.
        """
        script = self.installation.directory / "run"
        # In the child that tries it, the script takes its own right to be executed.
        script.write_text(
            f"#!{sys.executable}\n"
            "import os, sys\n"
            "if 'check' in os.environ.get('MWPROXY_REEXEC', ''): os.chmod(__file__, 0o644)\n"
            "from mwproxy.main import main\n"
            "sys.exit(main())\n"
        )
        script.chmod(0o755)
        proxy = self.make(NAMED, word="one")
        proxy.command = [str(script), "-Ws"]
        self.config = NAMED
        proxy.start(environment=self.installation.environment)
        proxy.wait_ready()
        self.install(proxy)
        crowd = proxy.keep_connecting("web")
        answer = proxy.reload()
        self.assertEqual(answer.splitlines()[0], "Success=0")
        self.assertIn(
            f"Failed to reexecute the master process [{proxy.pid}]: Permission denied", answer
        )
        answer = proxy.reload()
        self.assertIn(f"Cannot upgrade: {script} is not executable", answer)
        crowd.wait_for(20)
        tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))
        self.assertEqual(self.versions(proxy), ["1.0.0"])
        script.chmod(0o755)
        script.write_text(script.read_text().replace("0o644", "0o755"))
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(self.versions(proxy), ["2.0.0", "2.0.0"])
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)
