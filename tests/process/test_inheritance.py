"""
Tests for L{mwproxy.process.inheritance}.
"""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.facts import BadFacts
from mwproxy.process.inheritance import (
    FORMAT,
    BoundFacts,
    ChannelFacts,
    ConsoleFacts,
    GuardFacts,
    ListenerFacts,
    MasterFacts,
    ProgramFacts,
    RelayFacts,
    SessionFacts,
    WorkerFacts,
    read,
)

CHANNELS = st.builds(ChannelFacts, fd=..., received=..., unsent=..., asked=...)
WORKERS = st.builds(
    WorkerFacts,
    pid=st.integers(2),
    channel=CHANNELS,
    leaving=...,
    status=...,
    started=st.floats(0, 1e9),
    version=...,
    figures=st.just({"a": 1}),
)
PROGRAMS = st.builds(ProgramFacts, pid=st.integers(2), old=..., told=...)
BOUND = st.builds(BoundFacts, spec=st.just({"family": "ipv4", "host": "127.0.0.1"}))
MASTERS = st.builds(
    MasterFacts,
    format=st.just(FORMAT),
    pid=st.just(7),
    serving=st.integers(1),
    configuration=st.just({"nbproc": 2}),
    workers=st.lists(WORKERS, max_size=3),
    programs=st.lists(PROGRAMS, max_size=3),
    listeners=st.lists(st.builds(ListenerFacts, bound=BOUND), max_size=3),
    consoles=st.lists(
        st.builds(
            ConsoleFacts,
            bound=BOUND,
            sessions=st.lists(st.builds(SessionFacts, input=..., relay=...), max_size=2),
        ),
        max_size=3,
    ),
    log=...,
    environment=...,
    signals=...,
)


def facts(**values: object) -> MasterFacts:
    """
    Make the least that is read.
    """
    found = MasterFacts(FORMAT, 7, serving=1)
    for name, value in values.items():
        setattr(found, name, value)
    return found


class InheritanceTests(SynchronousTestCase):
    """
    Tests for what a master leaves.
    """

    @given(MASTERS)
    def test_round_trip(self, master: MasterFacts) -> None:
        """
        What was left is read as it was.
        """
        self.assertEqual(read(master.write(), 7), master)

    @given(MASTERS, st.dictionaries(st.text(min_size=1).map("x-{}".format), st.integers()))
    def test_newer(self, master: MasterFacts, more: dict[str, int]) -> None:
        """
        What a newer version adds is left out.
        """
        value = json.loads(master.write())
        value.update(more)
        for each in value["workers"]:
            each.update(more)
            each["channel"].update(more)
        self.assertEqual(read(json.dumps(value).encode(), 7), master)

    def test_older(self) -> None:
        """
        What an older version does not know has its default.
        """
        data = json.dumps({"format": FORMAT, "pid": 7, "serving": 3}).encode()
        self.assertEqual(read(data, 7), MasterFacts(FORMAT, 7, serving=3))

    def test_refused(self) -> None:
        """
        Another format, another process, pids that a signal must never go to, and a master
        that serves nothing are refused.
        """
        no_child = "it names a process that is no child"
        for wrong, text in (
            (
                facts(format=FORMAT + 1),
                f"format {FORMAT + 1} is not understood, only {FORMAT}: a restart is needed",
            ),
            (facts(pid=8), "it belongs to process 8"),
            (
                facts(workers=[WorkerFacts(0, ChannelFacts())]),
                "it names a process that is no child",
            ),
            (
                facts(workers=[WorkerFacts(1, ChannelFacts())]),
                "it names a process that is no child",
            ),
            (facts(programs=[ProgramFacts(-5, "p", [])]), no_child),
            (facts(remains=[5, 1]), no_child),
            (facts(serving=0), "it served nothing"),
        ):
            error = self.assertRaises(BadFacts, read, wrong.write(), 7)
            self.assertEqual(str(error), text)

    def test_descriptors(self) -> None:
        """
        Each descriptor that stands anywhere is kept, closed ones are none.
        """
        session = SessionFacts(14, relay=RelayFacts(15))
        master = facts(
            workers=[
                WorkerFacts(9, ChannelFacts(fd=11)),
                WorkerFacts(10, ChannelFacts(fd=-1)),
            ],
            listeners=[ListenerFacts(BoundFacts({}, 12, 17))],
            consoles=[ConsoleFacts(BoundFacts({}, 13), [session])],
            guard=GuardFacts(5, 16),
        )
        self.assertEqual(master.descriptors(), [11, 12, 13, 14, 15, 16, 17])
