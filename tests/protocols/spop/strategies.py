"""
What hypothesis draws for the tests of SPOP.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from mwproxy.protocols.spop.actions import Scope, SetVar, UnsetVar
from mwproxy.protocols.spop.notify import Message

quick = settings(derandomize=True, max_examples=150, deadline=None, database=None)

IDS = st.integers(0, 2**64 - 1)
#: Any bytes can be a string.
TEXTS = st.binary(max_size=300).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.ip_addresses(v=4),
    st.ip_addresses(v=6),
    TEXTS,
    st.binary(max_size=300),
)
MESSAGES = st.builds(
    Message, TEXTS, st.lists(st.tuples(TEXTS, VALUES), max_size=5)
)  # fmt: skip
ACTIONS = st.one_of(
    st.builds(SetVar, st.sampled_from(Scope), TEXTS, VALUES),
    st.builds(UnsetVar, st.sampled_from(Scope), TEXTS),
)
