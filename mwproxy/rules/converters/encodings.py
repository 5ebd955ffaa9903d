"""
Converters between encodings: base64, hexadecimal, URL, JSON.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import converter
from mwproxy.rules.context import Context
from mwproxy.rules.expression import prepared
from mwproxy.rules.texts import to_text

Step = Callable[[Any], Any]
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


@converter("base64", takes="bin", gives="str")
def conv_base64(sample: bytes) -> bytes:
    """
    Encode in base64.
    """
    return base64.b64encode(sample)


@converter("b64dec", takes="str", gives="bin")
def conv_b64dec(sample: bytes) -> bytes | None:
    """
    Decode base64; nothing when it is none.
    """
    try:
        return base64.b64decode(sample, validate=True)
    except binascii.Error:
        return None


@converter("ub64enc", takes="bin", gives="str")
def conv_ub64enc(sample: bytes) -> bytes:
    """
    Encode in the base64 of URLs, without padding.
    """
    return base64.urlsafe_b64encode(sample).rstrip(b"=")


@converter("ub64dec", takes="str", gives="bin")
def conv_ub64dec(sample: bytes) -> bytes | None:
    """
    Decode the base64 of URLs; nothing when it is none.
    """
    text = sample.rstrip(b"=")
    if re.fullmatch(rb"[A-Za-z0-9_-]*", text) is None:
        return None
    try:
        return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return None


@converter("hex", takes="bin", gives="str")
def conv_hex(sample: bytes) -> bytes:
    """
    Write bytes in hexadecimal.
    """
    return sample.hex().upper().encode()


@converter("hex2i", takes="str", gives="sint")
def conv_hex2i(sample: bytes) -> int | None:
    """
    Read a number in hexadecimal; nothing when it is none.
    """
    if re.fullmatch(rb"[0-9A-Fa-f]{1,16}", sample) is None:
        return None
    number = int(sample, 16)
    return number - (1 << 64) if number >> 63 else number


def _chunks(sample: bytes, size: int, truncate: bool) -> list[bytes]:
    parts = [sample[start : start + size] for start in range(0, len(sample), size)]
    if truncate and parts and len(parts[-1]) < size:
        parts.pop()
    return parts


@converter("be2hex", args=("str?", "sint?", "sint?"), takes="bin", gives="str")
@prepared
def conv_be2hex(
    context: Context, separator: bytes = b"", size: int | None = None, truncate: int | None = None
) -> Step:
    """
    Write bytes in hexadecimal, with a separator between chunks.
    """
    if size is not None and size < 1:
        raise ConfigError("chunk_size value must be positive")
    if separator and size is None:
        raise ConfigError("chunk_size needs to be positive")
    length, cut = size or 1, bool(truncate)

    def encode(sample: bytes) -> bytes:
        parts = _chunks(sample, length, cut)
        return separator.join([part.hex().upper().encode() for part in parts])

    return encode


@converter("be2dec", args=("str", "sint", "sint?"), takes="bin", gives="str")
@prepared
def conv_be2dec(context: Context, separator: bytes, size: int, truncate: int | None = None) -> Step:
    """
    Write chunks of bytes as numbers, with a separator between them.
    """
    if not 1 <= size <= 8:
        raise ConfigError("chunk_size value must be between 1 and 8")
    cut = bool(truncate)

    def encode(sample: bytes) -> bytes:
        parts = _chunks(sample, size, cut)
        return separator.join([b"%d" % int.from_bytes(part, "big") for part in parts])

    return encode


@converter("url_enc", args=("str?",), takes="str", gives="str")
@prepared
def conv_url_enc(context: Context, kind: bytes = b"query") -> Step:
    """
    Encode for a query string.
    """
    if kind not in (b"", b"query"):
        raise ConfigError("Unexpected encode type. Allowed value is 'query'")
    return lambda sample: quote_from_bytes(sample, safe="").encode()


@converter("url_dec", args=("sint?",), takes="str", gives="str")
@prepared
def conv_url_dec(context: Context, in_form: int | None = None) -> Step:
    """
    Decode C{%XX}; C{+} becomes a blank behind a question mark, or everywhere with 1. Nothing
    when an escape is broken.
    """
    everywhere = bool(in_form)

    def decode(sample: bytes) -> bytes | None:
        if _BAD_ESCAPE.search(sample):
            return None
        path, mark, query = sample.partition(b"?")
        if everywhere:
            path = path.replace(b"+", b" ")
        text = path + mark + query.replace(b"+", b" ")
        return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text)

    return decode


_JSON_ERRORS = {"ascii": "", "utf8": "strict", "utf8s": "ignore"}


@converter("json", args=("str?",), takes="str", gives="str")
@prepared
def conv_json(context: Context, code: bytes = b"ascii") -> Step:
    """
    Escape for a JSON string.
    """
    name = to_text(code) or "ascii"
    if name in ("utf8p", "utf8ps"):
        raise ConfigError(f"input code type '{name}' is not supported by mwproxy")
    if name not in _JSON_ERRORS:
        raise ConfigError(
            "Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' "
            "and 'utf8ps'"
        )
    errors = _JSON_ERRORS[name]

    def encode(sample: bytes) -> bytes | None:
        try:
            text = sample.decode("utf-8", errors) if errors else sample.decode("latin-1")
        except UnicodeDecodeError:
            return None
        if any(ord(char) > 0xFFFF for char in text):
            if errors != "ignore":
                return None
            text = "".join(char for char in text if ord(char) <= 0xFFFF)
        return json.dumps(text)[1:-1].replace("/", "\\/").encode()

    return encode
