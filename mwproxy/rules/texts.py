"""
Between configuration words (text) and wire data (bytes).
"""

from __future__ import annotations


def to_wire(text: str) -> bytes:
    """
    Encode a configuration word; undecodable bytes of the file come back as they were.

    @return: The bytes.
    """
    return text.encode("utf-8", "surrogateescape")


def to_text(data: bytes) -> str:
    """
    Decode bytes so that L{to_wire} gives them back.

    @return: The text.
    """
    return data.decode("utf-8", "surrogateescape")


def _printable_table(extra: bytes) -> dict[int, str]:
    return {
        code: f"#{code:02X}" for code in range(256) if not 32 <= code < 127 or code in b"#" + extra
    }


_LOG = str.maketrans({chr(code): text for code, text in _printable_table(b'"').items()})
_LOG_HEADER = str.maketrans({chr(code): text for code, text in _printable_table(b'"{|}').items()})
_HEADER = str.maketrans({chr(code): f"%{code:02X}" for code in (*range(32), 127)})
_CONTROL = str.maketrans({chr(code): f"#{code:02X}" for code in (*range(32), 127)})
_PLAIN = bytes(code for code in range(32, 127) if code not in b'#"')
_NO_CONTROL = bytes(code for code in range(256) if 32 <= code != 127)


def escape_log(data: bytes) -> bytes:
    """
    Make bytes fit for a log line: all but printable ASCII, and C{#} and C{"}, become
    C{#} and two hexadecimal digits (configuration manual, 8.6).

    @return: The escaped bytes.
    """
    if not data.translate(None, _PLAIN):
        return data
    return data.decode("latin-1").translate(_LOG).encode("latin-1")


def escape_log_header(data: bytes) -> bytes:
    """
    The same for captured headers, where C{{}}, C{|} are delimiters too.

    @return: The escaped bytes.
    """
    return data.decode("latin-1").translate(_LOG_HEADER).encode("latin-1")


def escape_log_control(data: bytes) -> bytes:
    """
    Make the value of an expression fit for a log line: only control characters are escaped.

    @return: The escaped bytes.
    """
    if not data.translate(None, _NO_CONTROL):
        return data
    return data.decode("latin-1").translate(_CONTROL).encode("latin-1")


def escape_header(data: bytes) -> bytes:
    """
    Make the value of an expression fit for a header or target: control characters become
    C{%} and two hexadecimal digits, so that no value can end the line.

    @return: The escaped bytes.
    """
    if not data.translate(None, _NO_CONTROL):
        return data
    return data.decode("latin-1").translate(_HEADER).encode("latin-1")
