"""
Answers to variables: what the actions of an ACK do (SPOE.txt 3.4).

An agent may set only variables that the configuration knows, or all with C{option force-set-var}.
Others are passed over without a word. For each variable that may be set there is one function,
found by scope and name as they stand in the frame.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from typing import Any

from mwproxy.core.values import Binary
from mwproxy.protocols.spop.actions import Scope
from mwproxy.protocols.spop.data import STRING, decode_value
from mwproxy.protocols.spop.errors import BadFrame
from mwproxy.protocols.spop.varint import decode_varint
from mwproxy.rules.variables import late_writer

Writer = Callable[[Any, Any], None]
#: A variable's function and its value; L{None} to unset it.
Change = tuple[Writer, Any]

_SET_VAR, _UNSET_VAR = 1, 2
_SCOPES = tuple(scope.name for scope in Scope)
_NAME = re.compile(rb"[A-Za-z0-9_.]+")
#: So many functions are kept when the agent may set what it likes.
_MOST_KNOWN = 1024
#: So many answers are remembered, none of them longer than so many bytes.
_MOST_REMEMBERED, _LONGEST_REMEMBERED = 1024, 256


class AnswerReader:
    """
    Reads the answers of one agent.
    """

    def __init__(self, prefix: str, known: Set[str] | None) -> None:
        """
        @param prefix: What stands between scope and name (C{option var-prefix}).

        @param known: Full names of the variables that may be set, L{None} for all.
        """
        self._prefix = prefix
        self._known = known
        self._writers: dict[bytes, Writer] = {}
        self._remembered: dict[bytes, list[Change]] = {}

    def changes(self, actions: bytes) -> list[Change]:
        """
        The same as L{read}, for all that follows the ids of an answer. Agents say the same few
        things again and again, so what is short is remembered.

        @param actions: What an answer says; not to be changed.

        @return: What to do, in order; not to be changed.

        @raise BadFrame: They are no list of actions.
        """
        remembered = self._remembered
        found = remembered.get(actions)
        if found is None:
            found = self.read(actions, 0)
            if len(actions) <= _LONGEST_REMEMBERED:
                if len(remembered) >= _MOST_REMEMBERED:
                    remembered.clear()
                remembered[actions] = found
        return found

    def read(self, frame: bytes, at: int) -> list[Change]:
        """
        Read the actions of an answer.

        @param frame: The frame.

        @param at: Where its actions begin.

        @return: What to do, in order.

        @raise BadFrame: They are no list of actions. Nothing of it is to be done then.
        """
        changes: list[Change] = []
        end = len(frame)
        writers = self._writers
        try:
            while at < end:
                kind = frame[at]
                count = frame[at + 1]
                at += 2
                if kind != _SET_VAR and kind != _UNSET_VAR:
                    for _ in range(count):
                        _, at = decode_value(frame, at)
                    continue
                if count != (3 if kind == _SET_VAR else 2):
                    raise BadFrame(detail=f"action with {count} arguments")
                begin = at
                size = frame[at + 1]
                at += 2
                if size >= 240:
                    size, at = decode_varint(frame, at - 1)
                at += size
                key = frame[begin:at]
                value = None
                if kind == _SET_VAR:
                    value, at = read_value(frame, at)
                write = writers.get(key) or self._find(key, frame[begin], key[len(key) - size :])
                if write is not None:
                    changes.append((write, value))
        except (IndexError, ValueError):
            raise BadFrame(detail="action ends too early") from None
        if at != end:
            raise BadFrame(detail="action ends too early")
        return changes

    def _find(self, key: bytes, scope: int, name: bytes) -> Writer | None:
        if scope >= len(_SCOPES):
            raise BadFrame(detail=f"variable of scope {scope}")
        if _NAME.fullmatch(name) is None:
            return None
        full = f"{_SCOPES[scope]}.{self._prefix}.{name.decode('ascii')}"
        if self._known is not None and full not in self._known:
            # Such names are not remembered: there may be any number of them.
            return None
        if len(self._writers) >= _MOST_KNOWN:
            self._writers.clear()
        found = self._writers[key] = late_writer(full)
        return found


def read_value(frame: bytes, at: int) -> tuple[Any, int]:
    """
    Read typed data as the value that rules have: text is bytes, binary data L{Binary} ones.

    @param frame: A frame.

    @param at: Where it begins.

    @return: The value, L{None} for C{NULL}, and where it ends.

    @raise BadFrame: It is of no known type, or too large for it.

    @raise IndexError: The frame ends before it does. For strings that is found out by who compares
        the end with that of the frame.

    @raise ValueError: So does an address.
    """
    if frame[at] & 0x0F == STRING:
        size = frame[at + 1]
        at += 2
        if size >= 240:
            size, at = decode_varint(frame, at - 1)
        end = at + size
        return frame[at:end], end
    value, end = decode_value(frame, at)
    return (Binary(value) if type(value) is bytes else value), end
