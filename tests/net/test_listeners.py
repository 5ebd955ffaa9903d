"""
Tests for L{mwproxy.net.listeners}.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path

from mwproxy.net.listeners import Listener
from mwproxy.net.reactor import EXCLUSIVE
from tests.net.plane import PlaneTestCase, get, response

ONE = "frontend f\n bind 127.0.0.1:8000{words}\n LOG\n {front}\n http-request return status 200\n"


class ListenerTests(PlaneTestCase):
    """
    Tests for L{Listener}.
    """

    def begin(self, front: str = "", words: str = "", settings: str = "") -> Listener:
        """
        Start a frontend that answers by itself.
        """
        self.start(ONE.format(front=front, words=words and " " + words), settings)
        listener: Listener = self.frontend().listeners[0]
        return listener

    def test_maxconn_of_the_frontend(self) -> None:
        """
        Beyond C{maxconn} clients wait in the backlog, and are accepted as others leave.
        """
        self.begin("maxconn 2")
        clients = [self.client() for _ in range(4)]
        for client in clients:
            client.send(get())
        self.turn(5)
        self.assertEqual(self.frontend().counters.scur, 2)
        for number in range(4):
            clients[number].message()
            clients[number].close()
            self.turn(3)
        self.assertEqual(self.frontend().counters.smax, 2)
        self.assertEqual(self.frontend().counters.conn_tot, 4)
        self.logged(4)

    def test_finished(self) -> None:
        """
        One that listens no more accepts who waited, up to C{maxconn}: they are answered.
        """
        listener = self.begin("maxconn 70")
        clients = [self.client() for _ in range(72)]
        listener.finish()
        self.assertEqual(self.frontend().counters.scur, 70)
        self.assertEqual(listener.fd, -1)
        for client in clients[:70]:
            client.send(get())
            client.message()
        self.logged(70)

    def test_finished_with_a_successor(self) -> None:
        """
        With a successor, who shares the socket, they are left to that one.
        """
        listener = self.begin()
        copy = listener.sock.dup()
        self.addCleanup(copy.close)
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        self.service.hand_over(ours)
        self.client()
        listener.finish()
        self.assertEqual(self.frontend().counters.scur, 0)
        copy.accept()[0].close()

    def test_maxconn_of_the_listener(self) -> None:
        """
        So do they at the C{maxconn} of a C{bind} line.
        """
        listener = self.begin(words="maxconn 1")
        one, two = self.client(), self.client()
        two.send(get())
        self.turn(5)
        self.assertEqual(listener.current, 1)
        one.close()
        two.message()

    def test_maxconn_of_the_process(self) -> None:
        """
        And at that of the process.
        """
        self.begin()
        self.plane.state.maxconn = 1
        one, two = self.client(), self.client()
        two.send(get())
        self.turn(5)
        self.assertEqual(self.plane.state.counters.scur, 1)
        self.assertEqual(self.plane.state.maxconn_reached, 1)
        one.close()
        two.message()

    def test_full_does_not_spin(self) -> None:
        """
        A full listener is not watched while clients wait.
        """
        self.begin("maxconn 1")
        self.client()
        self.client()
        self.turn(5)
        listener = self.frontend().listeners[0]
        self.assertNotIn(listener.fd, self.reactor.handlers)

    def test_pause_and_resume(self) -> None:
        """
        A paused listener leaves clients in the backlog until it is resumed; doing either twice
        changes nothing.
        """
        listener = self.begin()
        listener.pause()
        listener.pause()
        client = self.client()
        client.send(get())
        client.quiet()
        listener.resume()
        listener.resume()
        client.message()

    def test_paused_while_full(self) -> None:
        """
        A listener that is paused while it is full stays so when a session ends.
        """
        listener = self.begin("maxconn 1")
        one, two = self.client(), self.client()
        two.send(get())
        self.turn(5)
        listener.pause()
        one.close()
        two.quiet()
        listener.resume()
        two.message()

    def watched(self) -> str:
        """
        Tell what the kernel was asked to watch the listening socket for, in hexadecimal.
        """
        poller = self.reactor._poller.fileno()
        listener = self.frontend().listeners[0]
        text = Path(f"/proc/self/fdinfo/{poller}").read_text()
        found = re.search(rf"tfd: +{listener.fd} events: +([0-9a-f]+)", text)
        assert found is not None, text
        return found[1]

    def test_one_worker(self) -> None:
        """
        A single worker is always woken, also while another one that leaves has the same socket.
        """
        self.begin()
        self.assertFalse(int(self.watched(), 16) & EXCLUSIVE)

    def test_several_workers(self) -> None:
        """
        Of several workers one is woken.
        """
        self.assertEqual(self.configure(ONE.format(words="", front=""), processes=2), 0)
        self.assertTrue(int(self.watched(), 16) & EXCLUSIVE)

    def test_nobody_was_woken(self) -> None:
        """
        A client in the backlog of which nothing was told is accepted at the next look; a paused
        listener does not look.
        """
        listener = self.begin()
        with socket.create_connection(listener.sock.getsockname()):
            listener.pause()
            listener.look()
            self.assertEqual(self.frontend().counters.conn_tot, 0)
            listener.resume()
            listener.look()
            self.assertEqual(self.frontend().counters.conn_tot, 1)
        self.turn(3)

    def test_a_sibling_released_the_port(self) -> None:
        """
        A listener whose socket does not listen any more, as a sibling was paused, looks again once
        a second, and accepts when it does.
        """
        listener = self.begin()
        listener.sock.shutdown(socket.SHUT_RD)
        self.turn(3)
        self.assertRaises(AssertionError, self.watched)
        listener.look()
        listener.sock.listen(5)
        listener.look()
        with socket.create_connection(listener.sock.getsockname()):
            listener.look()
            self.assertEqual(self.frontend().counters.conn_tot, 1)
        self.turn(3)

    def test_closed(self) -> None:
        """
        A closed listener refuses; closing twice does nothing.
        """
        listener = self.begin()
        listener.close()
        listener.close()
        self.assertRaises(ConnectionRefusedError, self.client)
        listener.resume()

    def test_counters(self) -> None:
        """
        Sessions are counted when they come and when they go.
        """
        self.begin()
        clients = [self.client() for _ in range(3)]
        self.turn(3)
        for counters in (self.frontend().counters, self.plane.state.counters):
            self.assertEqual((counters.scur, counters.smax, counters.conn_tot), (3, 3, 3))
        for client in clients:
            client.close()
        self.settled()
        for counters in (self.frontend().counters, self.plane.state.counters):
            self.assertEqual((counters.scur, counters.smax, counters.conn_tot), (0, 3, 3))

    def test_out_of_descriptors(self) -> None:
        """
        When descriptors run out, accepting rests for a moment.
        """
        listener = self.begin()

        class Empty:
            family = 2

            def _accept(self) -> None:
                raise OSError(24, "Too many open files")

        real = listener._sock
        listener._sock = Empty()  # type: ignore[assignment]
        client = self.client()
        client.send(get())
        self.turn(3)
        self.assertNotIn(listener.fd, self.reactor.handlers)
        listener._sock = real
        self.advance(0.2)
        client.message()

    def test_failing_session(self) -> None:
        """
        A session that fails from the start is closed; others are served.
        """
        listener = self.begin()

        def fail(stream: object) -> None:
            raise ValueError("told so")

        rules = listener.entry.request_rules
        listener.entry.request_rules = fail
        client = self.client()
        client.try_send(get())
        self.assertEqual(client.rest(), b"")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        listener.entry.request_rules = rules
        client = self.client()
        client.send(get())
        client.message()

    def test_failing_accept(self) -> None:
        """
        A listener that fails is heard again a moment later.
        """
        listener = self.begin()
        entry = listener.entry
        listener.entry = None  # type: ignore[assignment]
        self.client()
        self.turn(3)
        self.assertNotEqual(self.flushLoggedErrors(AttributeError), [])
        listener.entry = entry
        self.frontend().counters.scur = self.plane.state.counters.scur = listener.current = 0
        self.advance(0.2)
        client = self.client()
        client.send(get())
        client.message()

    def test_failing_later(self) -> None:
        """
        A session that fails in a later request is closed, its server connection and its place
        with it.
        """
        origin = self.origin()
        self.start(
            "frontend f\n bind 127.0.0.1:8000\n LOG\n default_backend b\n"
            f"backend b\n server s 127.0.0.1:{origin.port}\n"
        )
        client = self.client()
        client.send(get())
        server = origin.accept()
        server.head()
        session = self.session

        def fail(*_: object) -> None:
            raise ValueError("told so")

        session.stream._respond = fail
        server.send(response())
        self.assertEqual((client.rest(), server.rest()), (b"", b""))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.settled()


class RateTests(PlaneTestCase):
    """
    Tests of limits of rates.
    """

    def begin(self, front: str = "", settings: str = "") -> Listener:
        """
        Start a frontend that answers by itself.
        """
        self.start(ONE.format(front=front, words=""), settings)
        listener: Listener = self.frontend().listeners[0]
        return listener

    def accepted(self) -> int:
        """
        Tell how many clients have been accepted.
        """
        self.turn(5)
        return self.frontend().counters.conn_tot

    def pass_time(self, seconds: float) -> None:
        """
        Let time pass, in steps in which timers may act.
        """
        for _ in range(10):
            self.advance(seconds / 10)
            self.turn(2)

    def test_frontend(self) -> None:
        """
        Beyond C{rate-limit sessions} clients wait in the backlog, and are accepted as time passes,
        though nobody leaves.
        """
        self.begin("rate-limit sessions 3")
        for _ in range(8):
            self.client()
        self.assertEqual(self.accepted(), 3)
        self.pass_time(2)
        self.assertLessEqual(self.accepted(), 8)
        self.assertGreater(self.accepted(), 3)
        self.pass_time(3)
        self.assertEqual(self.accepted(), 8)

    def test_process(self) -> None:
        """
        So they do at the process's limits.
        """
        for settings in ("maxconnrate 2", "maxsessrate 2"):
            with self.subTest(settings=settings):
                self.begin(settings=f"  {settings}\n")
                for _ in range(4):
                    self.client()
                self.assertEqual(self.accepted(), 2)
                self.pass_time(4)
                self.assertEqual(self.accepted(), 4)

    def test_changed(self) -> None:
        """
        The console sets a limit and takes it away; without one nothing is asked per connection.
        """
        listener = self.begin()
        self.assertNotIn("_room", vars(listener))
        state = listener.plane.state
        limit = state.connection_limit
        limit.set(1, 0, state.now)
        listener.limit_rate()
        for _ in range(3):
            self.client()
        self.assertEqual(self.accepted(), 1)
        limit.set(0, 0, state.now)
        listener.limit_rate()
        self.assertEqual(self.accepted(), 3)
        self.assertNotIn("_room", vars(listener))

    def test_finished(self) -> None:
        """
        One that ends accepts all who wait, whatever the limit, and leaves no timer.
        """
        listener = self.begin("rate-limit sessions 1")
        for _ in range(4):
            self.client()
        self.assertEqual(self.accepted(), 1)
        listener.finish()
        self.assertEqual(self.frontend().counters.conn_tot, 4)
        self.assertIsNone(listener._returns)
