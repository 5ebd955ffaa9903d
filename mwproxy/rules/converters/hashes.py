"""
Converters that hash and sign.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import converter
from mwproxy.rules import hashing
from mwproxy.rules.casts import to_bytes
from mwproxy.rules.context import Context
from mwproxy.rules.expression import prepared, with_stream
from mwproxy.rules.texts import to_text
from mwproxy.rules.variables import is_name, reader

Step = Callable[[Any], Any]


def _plain(function: Callable[[bytes], int], avalanche: int | None) -> Step:
    if avalanche:
        raise ConfigError("avalanche is not supported by mwproxy")
    return function


@converter("sdbm", args=("sint?",), takes="bin", gives="sint")
@prepared
def conv_sdbm(context: Context, avalanche: int | None = None) -> Step:
    """
    Hash with SDBM's function.
    """
    return _plain(hashing.sdbm, avalanche)


@converter("djb2", args=("sint?",), takes="bin", gives="sint")
@prepared
def conv_djb2(context: Context, avalanche: int | None = None) -> Step:
    """
    Hash with Dan Bernstein's function.
    """
    return _plain(hashing.djb2, avalanche)


@converter("crc32", args=("sint?",), takes="bin", gives="sint")
@prepared
def conv_crc32(context: Context, avalanche: int | None = None) -> Step:
    """
    Hash with CRC32.
    """
    return _plain(hashing.crc32, avalanche)


@converter("crc32c", args=("sint?",), takes="bin", gives="sint")
@prepared
def conv_crc32c(context: Context, avalanche: int | None = None) -> Step:
    """
    Hash with CRC32C.
    """
    return _plain(hashing.crc32c, avalanche)


@converter("sha1", takes="bin", gives="bin")
def conv_sha1(sample: bytes) -> bytes:
    """
    Digest with SHA-1.
    """
    return hashlib.sha1(sample, usedforsecurity=False).digest()


@converter("sha2", args=("sint?",), takes="bin", gives="bin")
@prepared
def conv_sha2(context: Context, bits: int | None = None) -> Step:
    """
    Digest with SHA-2 of 224, 256, 384 or 512 bits.
    """
    size = 256 if bits is None else bits
    if size not in (224, 256, 384, 512):
        raise ConfigError(f"Unsupported number of bits: '{size}'")
    make = getattr(hashlib, f"sha{size}")
    return lambda sample: make(sample).digest()


def _algorithm(name: bytes) -> str:
    text = to_text(name).lower()
    try:
        if hashlib.new(text, usedforsecurity=False).digest_size:
            return text
    except (TypeError, ValueError):
        pass
    raise ConfigError("algorithm must be a valid OpenSSL message digest name")


@converter("digest", args=("str",), takes="bin", gives="bin")
@prepared
def conv_digest(context: Context, algorithm: bytes) -> Step:
    """
    Digest with an algorithm of OpenSSL.
    """
    name = _algorithm(algorithm)
    return lambda sample: hashlib.new(name, sample, usedforsecurity=False).digest()


@converter("hmac", args=("str", "str"), takes="bin", gives="bin")
@with_stream
def conv_hmac(context: Context, algorithm: bytes, key: bytes) -> Callable[[Any, Any], Any]:
    """
    Sign with a key in base64, or in a variable in base64.
    """
    name = _algorithm(algorithm)
    text = to_text(key)
    if is_name(text):
        read = reader(text)

        def sign_with_variable(sample: bytes, stream: Any) -> bytes | None:
            value = read(stream)
            if value is None:
                return None
            try:
                secret = base64.b64decode(to_bytes(value), validate=True)
            except binascii.Error:
                return None
            return hmac.digest(secret, sample, name)

        return sign_with_variable
    try:
        secret = base64.b64decode(key, validate=True)
    except binascii.Error:
        raise ConfigError("failed to parse key : expects base64") from None
    return lambda sample, stream: hmac.digest(secret, sample, name)
