"""
Tests for L{mwproxy.master.ready}.
"""

from __future__ import annotations

from pathlib import Path
from signal import SIGTERM

from mwproxy.master import ready
from mwproxy.process.settings import Settings
from tests.master.fixture import SupervisorTestCase
from tests.process.test_delegate import RecordedElders


class ReadyTests(SupervisorTestCase):
    """
    What happens once a configuration is served.
    """

    def test_pid_file(self) -> None:
        """
        The pid file is written when the first worker is READY, and removed after a clean stop.
        """
        path = Path(self.directory, "pid")
        self.build(Settings(pidfile=str(path)))
        self.write()
        self.supervisor.start()
        (worker,) = self.starting()
        worker.hello()
        self.assertFalse(path.exists())
        worker.ready()
        self.assertEqual(path.read_text(), "100\n")
        self.supervisor.handle_signal(SIGTERM)
        worker.exit(143)
        self.system.clock.advance(2)
        self.assertFalse(path.exists())

    def test_pid_file_that_cannot_be_written(self) -> None:
        """
        That is a warning: what serves goes on serving.
        """
        self.build(Settings(pidfile="/no/such/directory/pid"))
        self.start()
        self.assertIn(
            "W Cannot create pidfile /no/such/directory/pid (No such file or directory)", self.said
        )
        self.assertEqual(self.over, [])

    def test_another_pid_file(self) -> None:
        """
        A reload that names another pid file removes the former.
        """
        first, second = Path(self.directory, "1"), Path(self.directory, "2")
        self.start(f"    pidfile {first}")
        self.write(f"    pidfile {second}")
        self.serve_next()
        self.assertEqual((first.exists(), second.exists()), (False, True))

    def test_older_processes(self) -> None:
        """
        Processes of C{-sf} and C{-st} are told to leave once, when we serve.
        """
        for hard, told in ((False, "leave"), (True, "leave now")):
            self.setUp()
            self.build(Settings(old_pids=(7, 8), old_hard=hard))
            older = self.instance.older = RecordedElders()
            self.start()
            self.serve_next()
            self.assertEqual(older.told, [told])

    def test_quiet(self) -> None:
        """
        With C{quiet} nothing is said after the start, and the terminal is let go of; the start-up
        log goes on.
        """
        gone: list[int] = []
        self.patch(ready, "let_go_of_terminal", lambda: gone.append(1))
        self.start("    quiet")
        self.said.clear()
        self.serve_next()
        self.assertEqual(self.said, [])
        self.assertEqual(gone, [1])
        self.assertIn("Loading success.", self.instance.log.text())
