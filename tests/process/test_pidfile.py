"""
Tests for L{mwproxy.process.pidfile}.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.pidfile import (
    Pidfile,
    discard_prepared,
    prepare_pidfile,
    read_pidfile,
    remove_pidfile,
    restore_pidfile,
    write_pidfile,
)


class PidfileTests(SynchronousTestCase):
    """
    The pid file is whole or not there.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = self.directory / "p"

    def test_written_and_replaced(self) -> None:
        """
        The file has one line, is readable by nobody else, and nothing is left beside it.
        """
        write_pidfile(str(self.path), 12, mode=0o644)
        write_pidfile(str(self.path), 345)
        self.assertEqual(self.path.read_text(), "345\n")
        self.assertEqual(self.mode(), 0o600)
        self.assertEqual([each.name for each in self.directory.iterdir()], ["p"])

    def mode(self) -> int:
        """
        Tell the permissions.
        """
        return self.path.stat().st_mode & 0o777

    def test_mode(self) -> None:
        """
        The permissions are those that were asked for, whatever the umask is.
        """
        self.addCleanup(os.umask, os.umask(0o077))
        write_pidfile(str(self.path), 12, mode=0o644)
        self.assertEqual(self.mode(), 0o644)
        os.umask(0)
        write_pidfile(str(self.path), 12)
        self.assertEqual(self.mode(), 0o600)

    def test_somebody_elses_file(self) -> None:
        """
        The owner is who writes, not who owned a former file.
        """
        self.path.write_text("1")
        if os.getuid() == 0:
            os.chown(self.path, 65534, 65534)
        write_pidfile(str(self.path), 12)
        self.assertEqual(self.path.stat().st_uid, os.getuid())

    def test_written_by_somebody_else(self) -> None:
        """
        Who opens a file that was prepared gets one that only its owner may read, and nothing is
        written through a link.
        """
        self.addCleanup(os.umask, os.umask(0))
        victim = self.directory / "victim"
        victim.write_text("precious")
        self.path.symlink_to(victim)
        prepare_pidfile(str(self.path))
        self.path.write_text("12")
        self.assertEqual((self.mode(), victim.read_text()), (0o600, "precious"))

    def test_not_prepared(self) -> None:
        """
        A file that is there is left as it is, and a directory that is not there is no error.
        """
        self.path.write_text("12")
        self.path.chmod(0o640)
        prepare_pidfile(str(self.path))
        self.assertEqual((self.path.read_text(), self.mode()), ("12", 0o640))
        prepare_pidfile(str(self.directory / "no" / "p"))

    def test_prepared_in_vain(self) -> None:
        """
        An empty file is discarded, one that names somebody is not, nor is a link.
        """
        prepare_pidfile(str(self.path))
        discard_prepared(str(self.path))
        self.assertFalse(self.path.exists())
        discard_prepared(str(self.path))
        self.path.write_text("12")
        discard_prepared(str(self.path))
        self.assertTrue(self.path.exists())
        link = self.directory / "link"
        link.symlink_to("/dev/null")
        discard_prepared(str(link))
        self.assertTrue(link.is_symlink())

    def test_several(self) -> None:
        """
        Several processes have a line each, and are read as they were written.
        """
        write_pidfile(str(self.path), 12, 13)
        self.assertEqual(self.path.read_text(), "12\n13\n")
        self.assertEqual(read_pidfile(str(self.path)), Pidfile((12, 13), 0o600))

    def test_no_pid_file(self) -> None:
        """
        What is no pid file names nobody.
        """
        self.assertEqual(read_pidfile(str(self.path)), Pidfile())
        self.path.write_text("12 x\n")
        self.assertEqual(read_pidfile(str(self.path)), Pidfile())
        self.assertEqual(read_pidfile(str(self.directory)), Pidfile())

    def test_a_device(self) -> None:
        """
        A device is not replaced by a file.
        """
        os.mkfifo(self.path)
        self.assertRaises(OSError, write_pidfile, str(self.path), 12)
        reading = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reading)
        write_pidfile(str(self.path), 12)
        self.assertEqual(os.read(reading, 100), b"12\n")
        self.assertEqual(read_pidfile("/dev/null"), Pidfile())

    def test_a_link_to_a_device(self) -> None:
        """
        Nothing is written through a link, whatever it leads to.
        """
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reading)
        self.path.symlink_to(pipe)
        write_pidfile(str(self.path), 12)
        self.assertEqual(os.read(reading, 100), b"")
        self.assertEqual(self.path.read_text(), "12\n")

    def test_a_directory(self) -> None:
        """
        A directory is the system's error, and nothing is left beside it.
        """
        self.path.mkdir()
        self.assertRaises(OSError, write_pidfile, str(self.path), 12)
        self.assertEqual([each.name for each in self.directory.iterdir()], ["p"])

    def test_a_link_is_replaced_not_followed(self) -> None:
        """
        A link left at the path by somebody else is not written through.
        """
        victim = self.directory / "victim"
        victim.write_text("precious")
        self.path.symlink_to(victim)
        write_pidfile(str(self.path), 12)
        self.assertEqual(victim.read_text(), "precious")

    def test_removed_only_if_ours(self) -> None:
        """
        A file that names another process stays.
        """
        write_pidfile(str(self.path), 12)
        remove_pidfile(str(self.path), 13)
        self.assertTrue(self.path.exists())
        remove_pidfile(str(self.path), 12)
        self.assertFalse(self.path.exists())
        remove_pidfile(str(self.path), 12)

    def test_restored(self) -> None:
        """
        What was written is taken back: whom it named before it names again, or it is gone.
        """
        path = str(self.path)
        write_pidfile(path, 12)
        restore_pidfile(path, Pidfile(), [13])
        self.assertEqual(read_pidfile(path).pids, (12,))
        restore_pidfile(path, Pidfile((10, 11), 0o640), [12])
        self.assertEqual(read_pidfile(path), Pidfile((10, 11), 0o640))
        restore_pidfile(path, Pidfile(), [10, 11])
        self.assertFalse(self.path.exists())
        restore_pidfile(path, Pidfile(), [10])
        restore_pidfile("/no/such/directory/p", Pidfile((10,)), [11])

    def test_no_directory(self) -> None:
        """
        A directory that does not exist is the system's error.
        """
        self.assertRaises(OSError, write_pidfile, str(self.directory / "no" / "p"), 1)
