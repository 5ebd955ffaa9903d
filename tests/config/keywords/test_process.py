"""
Tests for L{mwproxy.config.keywords.process}.
"""

from __future__ import annotations

from mwproxy.config.model import Global
from tests.config.loading import LoadingTestCase


class ProcessTests(LoadingTestCase):
    """
    Tests for the keywords of C{global} about processes.
    """

    def settings(self, *lines: str) -> Global:
        """
        Load a C{global} section that has nothing wrong.
        """
        found = self.load("global\n" + "".join(f" {line}\n" for line in lines)).global_
        self.assertEqual([each for each in self.messages if not each.startswith("NOTICE")], [])
        return found

    def refused(self, *lines: str) -> list[str]:
        """
        Load a C{global} section and get its alerts, without their place.
        """
        alerts = self.alerts("global\n" + "".join(f" {line}\n" for line in lines))
        return [each.split("] : ")[-1].split("]: ")[-1] for each in alerts]

    def test_switches(self) -> None:
        """
        Keywords without argument turn something on.
        """
        found = self.settings("daemon", "quiet", "zero-warning", "master-worker")
        self.assertTrue(found.daemon and found.quiet and found.zero_warning)
        self.assertTrue(found.master_worker and found.exit_on_failure)
        self.settings("expose-deprecated-directives", "expose-experimental-directives")

    def test_master_worker(self) -> None:
        """
        The death of a worker may be survived; other words are refused.
        """
        self.assertFalse(self.settings("master-worker no-exit-on-failure").exit_on_failure)
        self.assertEqual(
            self.refused("master-worker foo"),
            ["'master-worker' only supports 'no-exit-on-failure' option."],
        )

    def test_respawn(self) -> None:
        """
        A worker that died may be replaced, ten times in a row or as often as is said; how long
        one may take to load can be said too.
        """
        self.assertIsNone(self.settings("master-worker").respawn_limit)
        self.assertEqual(self.settings("master-worker respawn").respawn_limit, 10)
        found = self.settings("master-worker respawn limit 3 no-exit-on-failure ready-timeout 2m")
        self.assertEqual(
            (found.respawn_limit, found.exit_on_failure, found.ready_timeout_ms),
            (3, False, 120_000),
        )
        for words, message in (
            ("limit 3", "'master-worker' only supports 'no-exit-on-failure' option."),
            *(
                (
                    f"respawn limit {word}".strip(),
                    f"'master-worker' : 'respawn limit' expects a number above 0 (got '{word}').",
                )
                for word in ("", "0", "few")
            ),
            *(
                (
                    f"ready-timeout {word}".strip(),
                    f"'master-worker' : 'ready-timeout' expects a time above 0 (got '{word}').",
                )
                for word in ("", "0", "3w")
            ),
        ):
            self.assertEqual(self.refused(f"master-worker {words}"), [message])

    def test_reexec(self) -> None:
        """
        When a reload replaces the master is one of three words; usual is C{auto}.
        """
        self.assertEqual(self.settings("master-worker").reexec, "auto")
        found = self.settings("master-worker re-exec never no-exit-on-failure")
        self.assertEqual((found.reexec, found.exit_on_failure), ("never", False))
        for words, got in (("re-exec sometimes", "sometimes"), ("re-exec", "")):
            self.assertEqual(
                self.refused(f"master-worker {words}"),
                [f"'master-worker' : 're-exec' expects 'auto', 'always' or 'never' (got '{got}')."],
            )

    def test_numbers(self) -> None:
        """
        Numbers are read.
        """
        found = self.settings(
            "maxconn 7", "nbproc 2", "nbthread 1", "ulimit-n 99", "mworker-max-reloads 0"
        )
        self.assertEqual(
            (
                found.maxconn,
                found.nbproc,
                found.nbthread,
                found.ulimit_n,
                found.mworker_max_reloads,
            ),
            (7, 2, 1, 99, 0),
        )
        self.assertEqual(self.messages, [])

    def test_bad_numbers(self) -> None:
        """
        What is no number, or too small, is refused.
        """
        self.assertEqual(
            self.refused(
                "maxconn", "maxconn x", "nbproc 0", "nbthread x", "nbthread 65", "ulimit-n",
                "mworker-max-reloads", "mworker-max-reloads x", "mworker-max-reloads -1",
            ),
            [
                "'maxconn' expects an integer argument.",
                "'maxconn' expects an integer argument.",
                "'nbproc' value must be between 1 and 64 (was 0)",
                "'nbthread' passed a missing or unparsable integer value in 'x'",
                "'nbthread' value must be between 1 and 64 (was 65)",
                "'ulimit-n' expects an integer argument.",
                "'mworker-max-reloads' expects an integer argument.",
                "'mworker-max-reloads' expects an integer argument.",
                "'mworker-max-reloads' : invalid value -1, must be >= 0",
            ],
        )  # fmt: skip

    def test_threads(self) -> None:
        """
        Several threads are accepted, with a notice.
        """
        self.assertEqual(self.settings("nbthread 4").nbthread, 4)
        self.assertEqual(
            self.messages,
            [
                "NOTICE config : parsing [1.cfg:2] : 'nbthread' has no effect in mwproxy; workers"
                " are single-threaded, 'nbproc 4' runs that many of them."
            ],
        )

    def test_identity(self) -> None:
        """
        Users and groups are looked up, or given by number.
        """
        found = self.settings("user root", "group root")
        self.assertEqual((found.user, found.uid, found.group, found.gid), ("root", 0, "root", 0))
        found = self.settings("uid 5", "gid 6")
        self.assertEqual((found.user, found.uid, found.group, found.gid), ("", 5, "", 6))

    def test_bad_identity(self) -> None:
        """
        They exist, are numbers, and are given once.
        """
        self.assertEqual(
            self.refused("user no-such", "group no-such", "uid x", "gid"),
            [
                "cannot find user id for 'no-such' (0:Success)",
                "cannot find group id for 'no-such' (0:Success)",
                "uid: string 'x' is not a number.\n   | You might want to use the 'user' parameter"
                " to use a system user name.",
                "'gid' expects an integer argument.",
            ],
        )

    def test_files(self) -> None:
        """
        A PID file and a root directory are given once.
        """
        found = self.settings("pidfile /p", "chroot /c")
        self.assertEqual((found.pidfile, found.chroot), ("/p", "/c"))
        self.assertEqual(
            self.refused("pidfile", "chroot"),
            [
                "'pidfile' expects a file name as an argument.",
                "'chroot' expects a directory as an argument.",
            ],
        )

    def test_pidfile_mode(self) -> None:
        """
        Only its owner may read a PID file unless it is said otherwise; nobody else may write it.
        """
        self.assertEqual(self.settings().pidfile_mode, 0o600)
        for word, mode in (("644", 0o644), ("0640", 0o640), ("400", 0o400)):
            self.assertEqual(self.settings(f"pidfile-mode {word}").pidfile_mode, mode)
        for words in ("", " 64", " 4755", " 688", " rw-r--r--"):
            self.assertEqual(
                self.refused(f"pidfile-mode{words}"),
                [f"'pidfile-mode' expects three octal digits such as 644 (got '{words.strip()}')."],
            )
        for word in ("664", "602", "666"):
            self.assertEqual(
                self.refused(f"pidfile-mode {word}"),
                [
                    f"'pidfile-mode' : with mode {word} others than the owner could write into the"
                    " file whom '-sf' and '-st' are to signal; 644 lets them read it."
                ],
            )
        self.assertEqual(
            self.refused("pidfile-mode 244"),
            ["'pidfile-mode' : with mode 244 its owner could not read the file."],
        )

    def test_twice(self) -> None:
        """
        A second line of a kind is an alert; the first one stays and the file is used.
        """
        lines = (
            "uid 1", "user root", "gid 2", "group root", "gid 3", "pidfile a", "pidfile b",
            "chroot a", "chroot b", "maxconn 1", "maxconn 2", "ulimit-n 5", "ulimit-n 6",
        )  # fmt: skip
        found = self.load("global\n" + "".join(f" {line}\n" for line in lines)).global_
        self.assertEqual(self.diagnostics.errors, 0)
        self.assertEqual((found.uid, found.gid, found.pidfile, found.chroot), (1, 2, "a", "a"))
        self.assertEqual((found.maxconn, found.ulimit_n), (1, 5))
        alerts = [each.text.split("] : ")[1] for each in self.diagnostics.messages]
        self.assertEqual(
            alerts,
            [
                "user/uid already specified. Continuing.",
                "gid/group was already specified. Continuing.",
                "group/gid already specified. Continuing.",
                "'pidfile' already specified. Continuing.",
                "'chroot' already specified. Continuing.",
                "'maxconn' already specified. Continuing.",
                "'ulimit-n' already specified. Continuing.",
            ],
        )

    def test_times(self) -> None:
        """
        Times are read in milliseconds.
        """
        found = self.settings("hard-stop-after 5s", "grace 10", "close-spread-time infinite")
        self.assertEqual(
            (found.hard_stop_after_ms, found.grace_ms, found.close_spread_time_ms), (5000, 10, -1)
        )
        self.assertEqual(
            self.refused("grace", "grace x", "hard-stop-after 99d"),
            [
                "'grace' expects <time> as argument.",
                "unexpected character 'x' in argument to <grace>.",
                "timer overflow in argument '99d' to <hard-stop-after> (maximum value is"
                " 2147483647 ms or ~24.8 days).",
            ],
        )

    def test_console(self) -> None:
        """
        The console's limits are positive.
        """
        found = self.settings("stats timeout 2m", "stats maxconn 3")
        self.assertEqual((found.stats_timeout_ms, found.stats_maxconn), (120_000, 3))
        self.assertEqual(
            self.refused("stats maxconn 0", "stats timeout 5x"),
            [
                "'stats maxconn' expects a positive value",
                "'stats timeout' : unexpected character 'x'",
            ],
        )

    def test_texts(self) -> None:
        """
        Texts are kept.
        """
        found = self.settings("node a.b-1_C", "description one two", "localpeer me")
        self.assertEqual(
            (found.node, found.description, found.localpeer), ("a.b-1_C", "one two", "me")
        )
        self.assertEqual(self.environment["HAPROXY_LOCALPEER"], "me")
        self.assertEqual(
            self.refused('node "a b"', "description", "localpeer"),
            [
                "'node' requires valid node name - non-empty string with digits(0-9),"
                " letters(A-Z, a-z), dot(.), hyphen(-) or underscode(_).",
                "'description' expects a string argument.",
                "'localpeer' expects a name as an argument.",
            ],
        )
