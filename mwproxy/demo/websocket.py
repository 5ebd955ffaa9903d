"""
Just enough WebSocket (RFC 6455) for an echo: bytes in, bytes to send back out.
"""

from __future__ import annotations

import base64
import hashlib

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUE, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
#: The longest message that is echoed.
MAX_FRAME = 1 << 20


def accept_key(key: str) -> str:
    """
    Answer the client's challenge.

    @param key: Its C{Sec-WebSocket-Key}.

    @return: The C{Sec-WebSocket-Accept} to send.
    """
    return base64.b64encode(hashlib.sha1(key.encode("latin-1") + _GUID).digest()).decode()


def frame(opcode: int, payload: bytes) -> bytes:
    """
    Build an unmasked frame, as servers send.

    @param opcode: What it is.

    @param payload: Its content.

    @return: The bytes.
    """
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, length))
    elif length < 65536:
        head = bytes((0x80 | opcode, 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 127)) + length.to_bytes(8, "big")
    return head + payload


class Echo:
    """
    The server's side of one echo connection.

    @ivar closed: True once the connection has to end.
    """

    def __init__(self) -> None:
        self.closed = False
        self._buffer = bytearray()
        self._message = bytearray()
        self._opcode = _TEXT

    def feed(self, data: bytes) -> bytes:
        """
        Take bytes of the client.

        @param data: What arrived, cut anywhere.

        @return: What to send back, may be empty.
        """
        self._buffer += data
        answer = bytearray()
        while not self.closed:
            taken = self._take()
            if taken is None:
                break
            answer += self._react(*taken)
        return bytes(answer)

    def _take(self) -> tuple[bool, int, bytes] | None:
        if len(self._buffer) < 2:
            return None
        first, second = self._buffer[0], self._buffer[1]
        length, start = second & 0x7F, 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if len(self._buffer) < 2 + size:
                return None
            length = int.from_bytes(self._buffer[2 : 2 + size], "big")
            start += size
        if not second & 0x80 or length > MAX_FRAME:
            return True, _CLOSE, (1002 if not second & 0x80 else 1009).to_bytes(2, "big")
        if len(self._buffer) < start + 4 + length:
            return None
        mask = self._buffer[start : start + 4]
        body = self._buffer[start + 4 : start + 4 + length]
        del self._buffer[: start + 4 + length]
        plain = bytes(byte ^ mask[index & 3] for index, byte in enumerate(body))
        return bool(first & 0x80), first & 0x0F, plain

    def _react(self, final: bool, opcode: int, payload: bytes) -> bytes:
        if opcode == _CLOSE:
            self.closed = True
            return frame(_CLOSE, payload[:2])
        if opcode == _PING:
            return frame(_PONG, payload)
        if opcode == _PONG:
            return b""
        if opcode != _CONTINUE:
            self._opcode = opcode
            self._message.clear()
        self._message += payload
        if len(self._message) > MAX_FRAME:
            self.closed = True
            return frame(_CLOSE, (1009).to_bytes(2, "big"))
        if not final:
            return b""
        whole = bytes(self._message)
        self._message.clear()
        return frame(self._opcode, whole)
