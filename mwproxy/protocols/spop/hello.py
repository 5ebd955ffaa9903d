"""
HAPROXY-HELLO and AGENT-HELLO (SPOE.txt 3.2.4, 3.2.5): what both sides can do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mwproxy.protocols.spop.data import Uint32, Value
from mwproxy.protocols.spop.errors import BadFrame, Status
from mwproxy.protocols.spop.frames import MIN_FRAME_SIZE, VERSION, Kind, encode_frame
from mwproxy.protocols.spop.kvlist import decode_kvlist, encode_kvlist

_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
_MAJOR, _MINOR = 2, 0


@dataclass(frozen=True, slots=True)
class EngineHello:
    """
    What an engine says first.

    @ivar max_frame_size: The longest frame that it takes and sends, in bytes.

    @ivar capabilities: Such as C{pipelining}.

    @ivar healthcheck: The connection only asks whether the agent is there.

    @ivar engine_id: Tells engines apart; empty when the engine does not say.
    """

    max_frame_size: int
    capabilities: frozenset[str] = frozenset()
    healthcheck: bool = False
    engine_id: str = ""


@dataclass(frozen=True, slots=True)
class AgentHello:
    """
    What an agent answers.

    @ivar max_frame_size: The longest frame from now on, in bytes.

    @ivar capabilities: Such as C{pipelining}.
    """

    max_frame_size: int
    capabilities: frozenset[str] = frozenset()


def encode_engine_hello(hello: EngineHello) -> bytes:
    """
    Write a HAPROXY-HELLO.

    @return: The whole frame.
    """
    items: dict[str, Value] = {
        "supported-versions": VERSION,
        "max-frame-size": Uint32(hello.max_frame_size),
        "capabilities": ",".join(sorted(hello.capabilities)),
    }
    if hello.healthcheck:
        items["healthcheck"] = True
    if hello.engine_id:
        items["engine-id"] = hello.engine_id
    return encode_frame(Kind.HAPROXY_HELLO, encode_kvlist(items))


def decode_engine_hello(frame: bytes, at: int) -> EngineHello:
    """
    Read a HAPROXY-HELLO.

    @param frame: The frame.

    @param at: Where its payload begins.

    @return: What it says.

    @raise BadFrame: It is wrong, lacks something, or has no version that we speak; the status says
        what to answer.
    """
    items = decode_kvlist(frame, at)
    versions = _string(items, "supported-versions", Status.NO_VERSION)
    if not any(_speaks(version) for version in versions.split(",")):
        raise BadFrame(Status.BAD_VERSION, f"engine speaks {versions[:40]!r}")
    size = _size(items)
    capabilities = _capabilities(items)
    engine_id = items.get("engine-id", "")
    return EngineHello(
        size,
        capabilities,
        items.get("healthcheck") is True,
        engine_id if isinstance(engine_id, str) else "",
    )


def encode_agent_hello(hello: AgentHello) -> bytes:
    """
    Write an AGENT-HELLO.

    @return: The whole frame.
    """
    items: dict[str, Value] = {
        "version": VERSION,
        "max-frame-size": Uint32(hello.max_frame_size),
        "capabilities": ",".join(sorted(hello.capabilities)),
    }
    return encode_frame(Kind.AGENT_HELLO, encode_kvlist(items))


def decode_agent_hello(frame: bytes, at: int, offered: int) -> AgentHello:
    """
    Read an AGENT-HELLO.

    @param frame: The frame.

    @param at: Where its payload begins.

    @param offered: The largest frame size that the engine offered, in bytes.

    @return: What it says.

    @raise BadFrame: It is wrong, lacks something, or does not fit; the status says what to answer.
    """
    items = decode_kvlist(frame, at)
    version = _string(items, "version", Status.NO_VERSION)
    if not _speaks(version, exactly=True):
        raise BadFrame(Status.BAD_VERSION, f"agent speaks {version[:40]!r}")
    size = _size(items)
    if size > offered:
        raise BadFrame(Status.BAD_FRAME_SIZE, f"agent wants {size}, {offered} was offered")
    # Agents leave them out, though they have to be there (SPOE.txt 3.2.5), and HAProxy lets them.
    return AgentHello(size, _capabilities({"capabilities": "", **items}))


def _speaks(version: str, exactly: bool = False) -> bool:
    found = _VERSION.fullmatch(version.strip())
    if found is None or int(found[1]) != _MAJOR:
        return False
    # An engine that speaks 2.4 speaks 2.0 too; an agent names the one that it speaks.
    return not exactly or int(found[2]) == _MINOR


def _string(items: dict[str, Value], name: str, missing: Status) -> str:
    value = items.get(name)
    if value is None:
        raise BadFrame(missing)
    if not isinstance(value, str):
        raise BadFrame(detail=f"{name} is no string")
    return value


def _size(items: dict[str, Value]) -> int:
    value = items.get("max-frame-size")
    if value is None:
        raise BadFrame(Status.NO_MAX_FRAME_SIZE)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadFrame(detail="max-frame-size is no number")
    if not MIN_FRAME_SIZE <= value < 2**31:
        raise BadFrame(Status.BAD_FRAME_SIZE, f"{value} bytes")
    return value


def _capabilities(items: dict[str, Value]) -> frozenset[str]:
    words = _string(items, "capabilities", Status.NO_CAPABILITIES)
    return frozenset(word.strip() for word in words.split(",") if word.strip())
