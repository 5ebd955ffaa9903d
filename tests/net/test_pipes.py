"""
Tests for L{mwproxy.net.pipes}.
"""

from __future__ import annotations

import fcntl
import os

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.net import pipes
from mwproxy.net.pipes import PipePool
from tests.net.plane import open_descriptors


class PipePoolTests(SynchronousTestCase):
    """
    Tests for L{PipePool}.
    """

    def setUp(self) -> None:
        self.before = open_descriptors()
        self.pool = PipePool()

    def tearDown(self) -> None:
        self.pool.close()
        self.assertEqual(open_descriptors() - self.before, set())

    def test_lent_again(self) -> None:
        """
        An empty pipe is lent again.
        """
        pipe = self.pool.lend()
        assert pipe is not None
        self.assertEqual((self.pool.used, self.pool.free), (1, 0))
        self.assertGreaterEqual(pipe.size, 4096)
        self.pool.take_back(pipe)
        self.assertEqual((self.pool.used, self.pool.free), (0, 1))
        self.assertIs(self.pool.lend(), pipe)
        self.pool.take_back(pipe)

    def test_filled_one_is_closed(self) -> None:
        """
        Bytes of one transfer never get into another.
        """
        pipe = self.pool.lend()
        assert pipe is not None
        os.write(pipe.writer, b"secret")
        pipe.filled = 6
        self.pool.take_back(pipe)
        self.assertEqual((self.pool.used, self.pool.free), (0, 0))

    def test_no_more_than_a_pool(self) -> None:
        """
        Only some wait for the next transfer.
        """
        self.patch(pipes, "POOL_SIZE", 1)
        lent = [self.pool.lend() for _ in range(2)]
        for pipe in lent:
            assert pipe is not None
            self.pool.take_back(pipe)
        self.assertEqual(self.pool.free, 1)

    def test_none_to_be_had(self) -> None:
        """
        Beyond the limit, or without descriptors, there is none.
        """
        self.pool.most = 1
        pipe = self.pool.lend()
        self.assertIsNone(self.pool.lend())
        assert pipe is not None
        self.pool.take_back(pipe)
        self.pool.close()

        def fail(flags: int) -> None:
            raise OSError(24, "Too many open files")

        self.patch(os, "pipe2", fail)
        self.assertIsNone(self.pool.lend())
        self.assertEqual(self.pool.used, 0)

    def test_default_size(self) -> None:
        """
        Where a pipe may not grow, its own size counts.
        """
        real = fcntl.fcntl

        def limited(fd: int, command: int, size: int = 0) -> int:
            if command == fcntl.F_SETPIPE_SZ:
                raise OSError(1, "Operation not permitted")
            return real(fd, command, size)

        self.patch(fcntl, "fcntl", limited)
        pipe = self.pool.lend()
        assert pipe is not None
        self.assertEqual(pipe.size, 65536)
        self.pool.take_back(pipe)
