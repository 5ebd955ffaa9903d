"""
Tests for L{mwproxy.worker.soft_stop}.
"""

from __future__ import annotations

import random
from typing import Any

from tests.net.plane import Peer, PlaneTestCase, get, response

HTTP = (
    "frontend f\n bind 127.0.0.1:8000\n LOG\n default_backend b\n"
    "backend b\n server s 127.0.0.1:{port}\n"
)


class Console:
    """
    A console's listener that counts how often it was stopped.
    """

    def __init__(self) -> None:
        self.stopped = 0

    def stop(self) -> None:
        self.stopped += 1


class Resistance:
    """
    A session that does not end.
    """

    stream = None

    def leave(self) -> None:
        pass

    def close(self) -> None:
        pass

    def crashed(self) -> None:
        pass


class SoftStopTests(PlaneTestCase):
    """
    Tests for L{SoftStop<mwproxy.worker.soft_stop.SoftStop>}, by way of the service.
    """

    def used(self, settings: str = "", option: str = "") -> tuple[Peer, Peer]:
        """
        Let one exchange take place.

        @return: The client's connection and the server's.
        """
        self.the_origin = self.origin()
        text = HTTP.format(port=self.the_origin.port)
        if option:
            text = text.replace(" LOG\n", f" LOG\n option {option}\n")
        self.start(text, settings)
        client = self.client()
        client.send(get())
        server = self.the_origin.accept()
        server.head()
        server.send(response())
        client.message()
        self.logged()
        self.host.spoken.clear()
        return client, server

    def finished(self) -> bool:
        """
        Tell whether the worker has ended.
        """
        return bool(self.service.finished.called)

    def said(self) -> list[str]:
        """
        Take the messages, without their labels.
        """
        texts = [line.partition(" : ")[2].rstrip("\n") for line in self.host.spoken]
        self.host.spoken.clear()
        return texts

    def test_nothing_to_do(self) -> None:
        """
        A worker without sessions ends at once, and says what it has done.
        """
        client, _ = self.used()
        client.close()
        self.settled()
        self.service.leave()
        self.assertEqual(self.successResultOf(self.service.finished), 0)
        self.assertEqual(
            self.said(),
            [
                "Proxy f stopped (cumulated conns: FE: 1, BE: 0).",
                "Proxy b stopped (cumulated conns: FE: 0, BE: 1).",
            ],
        )
        self.assertRaises(ConnectionRefusedError, self.client)

    def test_idle_connections_are_closed(self) -> None:
        """
        A client connection between two requests is closed at once.
        """
        client, _ = self.used()
        self.service.leave()
        self.assertEqual(client.rest(), b"")
        self.assertTrue(self.finished())

    def test_asked_again_already(self) -> None:
        """
        A client whose next request is in the kernel when the end begins gets its answer, and hears
        that it was the last.
        """
        client, server = self.used()
        client.send(get("/2"))
        self.service.leave()
        self.assertFalse(self.finished())
        self.assertIn(b"/2", server.head())
        server.send(response())
        self.assertIn(b"connection: close\r\n", client.message()[0])
        self.assertEqual(client.rest(), b"")
        client.close()
        self.until(self.finished)

    def test_idle_close_on_response(self) -> None:
        """
        With C{option idle-close-on-response} idle connections stay for one more response.
        """
        client, server = self.used(option="idle-close-on-response")
        self.service.leave()
        self.turn(3)
        self.assertFalse(self.finished())
        client.send(get("/2"))
        server.head()
        server.send(response())
        self.assertIn(b"connection: close\r\n", client.message()[0])
        self.assertEqual(client.rest(), b"")
        client.close()
        self.until(self.finished)

    def test_active_ones_finish(self) -> None:
        """
        An exchange under way finishes, tells the client to close, and then the worker ends.
        """
        client, server = self.used()
        client.send(get("/2"))
        server.head()
        self.service.leave()
        self.service.leave()
        self.turn(3)
        self.assertFalse(self.finished())
        server.send(response())
        head, body = client.message()
        self.assertIn(b"connection: close\r\n", head)
        self.assertEqual(body, b"hello")
        self.assertEqual(client.rest(), b"")
        client.close()
        self.until(self.finished)

    def test_pipelined_ones_finish(self) -> None:
        """
        An answer that was begun before the stop, in full, is followed by what was pipelined.
        """
        client, server = self.used()
        client.send(get("/2"))
        server.head()
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel")
        client.head()
        client.send(get("/3"))
        self.turn(3)
        self.service.leave()
        server.send(b"lo")
        client.take(5)
        self.assertEqual(server.head(), get("/3"))
        server.send(response())
        self.assertIn(b"connection: close\r\n", client.message()[0])
        client.rest()
        client.close()
        self.until(self.finished)

    def finish_answer(self, half: bool) -> None:
        """
        Begin a stop within a response.

        @param half: Whether the client has ended its side by then.
        """
        client, server = self.used()
        client.send(get("/2"))
        server.head()
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel")
        client.head()
        if half:
            client.half_close()
            self.turn(3)
        self.service.leave()
        server.send(b"lo")
        self.assertEqual(client.rest(), b"hello")
        self.until(self.finished)

    def test_answer_under_way(self) -> None:
        """
        A response that was begun before the stop ends, and the idle connection behind it is
        closed.
        """
        self.finish_answer(half=False)

    def test_answer_to_half_closed(self) -> None:
        """
        Also if the client has ended its side.
        """
        self.finish_answer(half=True)

    def test_head_under_way(self) -> None:
        """
        A request that is arriving is served.
        """
        client, server = self.used()
        client.send(b"GET /2 HT")
        self.turn(2)
        self.service.leave()
        client.send(b"TP/1.1\r\nhost: a\r\n\r\n")
        server.head()
        server.send(response())
        self.assertIn(b"connection: close\r\n", client.message()[0])
        client.rest()
        client.close()
        self.until(self.finished)

    def test_tunnels_go_on(self) -> None:
        """
        Sessions in TCP mode go on until they end.
        """
        origin = self.origin()
        self.start(
            "frontend f\n mode tcp\n bind 127.0.0.1:8000\n LOG\n default_backend b\n"
            f"backend b\n mode tcp\n server s 127.0.0.1:{origin.port}\n"
        )
        client = self.client()
        server = origin.accept()
        self.service.leave()
        client.send(b"x")
        server.take(1)
        client.close()
        server.close()
        self.until(self.finished)

    def test_hard_stop(self) -> None:
        """
        C{hard-stop-after} ends what is left: C{KH} and C{KD}.
        """
        client, server = self.used("  hard-stop-after 5s\n")
        client.send(get("/2"))
        server.head()
        other = self.client()
        other.send(b"GET / HT")
        self.turn(3)
        self.service.leave()
        self.said()
        self.advance(4.9)
        self.assertFalse(self.finished())
        self.advance(0.2)
        self.assertTrue(self.finished())
        self.assertEqual(client.rest(), b"")
        self.assertEqual(self.logged()[0][:12], "f b/s KH -1 ")
        self.assertEqual(
            self.said(),
            [
                "soft-stop running for too long, performing a hard-stop.",
                "Proxy f hard-stopped (2 remaining conns will be closed).",
            ],
        )

    def test_hard_stop_within_a_response(self) -> None:
        """
        A response that is cut so ends with a reset.
        """
        client, server = self.used("  hard-stop-after 5s\n")
        client.send(get("/2"))
        server.head()
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel")
        client.head()
        self.service.leave()
        self.advance(5.1)
        self.assertEqual(self.logged()[0][:13], "f b/s KD 200 ")
        client.rest()
        self.assertTrue(client.was_reset)

    def test_grace(self) -> None:
        """
        During C{grace} everything goes on, new clients included.
        """
        client, _ = self.used("  grace 10s\n")
        self.service.leave()
        self.assertEqual(self.said(), ["Scheduling a soft-stop in 10000 ms."])
        self.advance(9)
        other = self.client()
        other.send(get())
        second = self.the_origin.accept()
        second.head()
        second.send(response())
        self.assertNotIn(b"close", other.message()[0])
        other.close()
        client.quiet()
        self.advance(1.1)
        self.assertEqual(self.said()[0], "Grace period expired, proceeding with soft-stop now.")
        self.assertEqual(client.rest(), b"")
        self.assertTrue(self.finished())

    def test_grace_is_told(self) -> None:
        """
        During C{grace} C{stopping} is true for C{show info} and for rules, so that a load balancer
        can be told, and C{show info} can still be asked.
        """
        self.used("  grace 10s\n")
        console: Any = Console()
        self.service._consoles.append(console)
        self.service.leave()
        state = self.service.state
        assert state is not None
        self.assertEqual((state.leaving, state.stopping, console.stopped), (True, False, 0))
        self.assertTrue(self.service.figures()["stopping"])
        self.service.leave()
        self.assertEqual(self.said(), ["Scheduling a soft-stop in 10000 ms."])
        self.advance(10.1)
        self.assertEqual((state.leaving, state.stopping, console.stopped), (True, True, 1))

    def test_close_spread_time(self) -> None:
        """
        With C{close-spread-time} idle connections are closed one by one within that time.
        """
        self.patch(random, "randrange", lambda limit: limit // 2)
        client, _ = self.used("  close-spread-time 4s\n")
        self.service.leave()
        self.advance(1.9)
        client.quiet()
        self.advance(0.2)
        self.assertEqual(client.rest(), b"")
        self.assertTrue(self.finished())

    def spread(self, chance: float, at: float) -> bytes:
        """
        Answer a request at a moment of C{close-spread-time 4s}.

        @param chance: What the dice give all the time.

        @return: The head of the response.
        """
        self.patch(random, "randrange", lambda limit: limit - 1)
        self.patch(random, "random", lambda: chance)
        client, server = self.used("  close-spread-time 4s\n")
        client.send(get("/2"))
        server.head()
        self.service.leave()
        self.advance(at)
        server.send(response())
        self.client_that_stays = client
        return client.message()[0]

    def test_active_ones_early(self) -> None:
        """
        Within the time an exchange ends without closing its connection, if its chance is good; at
        the end of the time that goes.
        """
        self.assertNotIn(b"connection: close", self.spread(0.5, 1.9))
        self.client_that_stays.quiet()
        self.assertFalse(self.finished())
        self.advance(2.2)
        self.assertEqual(self.client_that_stays.rest(), b"")
        self.assertTrue(self.finished())

    def test_active_ones_late(self) -> None:
        """
        The later an exchange ends the more likely it is to close its connection.
        """
        self.assertIn(b"connection: close", self.spread(0.5, 2.1))
        self.client_that_stays.rest()
        self.client_that_stays.close()
        self.until(self.finished)

    def test_close_spread_time_infinite(self) -> None:
        """
        With C{infinite} the stop itself closes nothing: the worker ends with its last client.
        """
        client, server = self.used("  close-spread-time infinite\n")
        client.send(get("/2"))
        server.head()
        self.service.leave()
        server.send(response())
        self.assertNotIn(b"connection: close", client.message()[0])
        client.quiet()
        client.send(get("/3"))
        server.head()
        server.send(response())
        self.assertNotIn(b"connection: close", client.message()[0])
        self.assertFalse(self.finished())
        client.close()
        self.until(self.finished)

    def test_something_resists(self) -> None:
        """
        A session that a hard stop could not end does not keep the worker longer than a second.
        """
        client, _ = self.used("  hard-stop-after 5s\n")
        state = self.service.state
        assert state is not None
        resistance: Any = Resistance()
        state.sessions.add(resistance)
        self.service.leave()
        client.rest()
        self.advance(5.1)
        self.said()
        self.assertFalse(self.finished())
        self.advance(1.1)
        self.assertEqual(self.said(), ["Some tasks resisted to hard-stop, exiting now."])
        self.assertEqual(self.successResultOf(self.service.finished), 0)
        state.sessions.discard(resistance)

    def test_stop(self) -> None:
        """
        A stop ends everything at once, also within a soft stop.
        """
        client, server = self.used("  hard-stop-after 5s\n")
        client.send(get("/2"))
        server.head()
        self.service.leave()
        self.service.stop()
        self.assertTrue(self.finished())
        client.rest()
        self.assertEqual(self.present(), [], "something was not given back")
