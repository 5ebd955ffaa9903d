"""
Checks JSON Web Tokens (RFC 7519, RFC 7515), strictly.

The algorithm comes from the configuration, never from the token: a token that names another one is
refused, "none" included. A token has to expire.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import math
import re
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

#: Longer ones are not looked at.
MAX_TOKEN = 8192
_PART = re.compile(r"[A-Za-z0-9_-]+")


class BadToken(Exception):
    """
    A token is refused; the text says why.
    """


class HS256:
    """
    A secret shared with who signs.
    """

    name = "HS256"

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("a secret for HS256 has at least 32 bytes (RFC 7518, 3.2)")
        self._secret = secret

    def verify(self, data: bytes, signature: bytes) -> bool:
        """
        Check a signature.
        """
        expected = hmac.new(self._secret, data, hashlib.sha256).digest()
        return hmac.compare_digest(expected, signature)


class RS256:
    """
    The public key of who signs, PEM.
    """

    name = "RS256"

    def __init__(self, pem: bytes) -> None:
        key = load_pem_public_key(pem)
        if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
            raise ValueError("a key for RS256 is RSA and has at least 2048 bits (RFC 7518, 3.3)")
        self._key = key

    def verify(self, data: bytes, signature: bytes) -> bool:
        """
        Check a signature.
        """
        try:
            self._key.verify(signature, data, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


def check_token(
    token: str, key: HS256 | RS256, audience: str, now: float, leeway: float = 30.0
) -> dict[str, Any]:
    """
    Check a token.

    @param audience: Who we are: C{aud} has to name us.

    @param now: Seconds since the epoch.

    @param leeway: Seconds that clocks may differ.

    @return: Its claims.

    @raise BadToken: It is not valid.
    """
    parts = token.split(".")
    if len(token) > MAX_TOKEN or len(parts) != 3:
        raise BadToken("malformed")
    header = _object(parts[0])
    if header.get("alg") != key.name or "crit" in header:
        raise BadToken("algorithm")
    if not key.verify(f"{parts[0]}.{parts[1]}".encode("ascii"), _bytes(parts[2])):
        raise BadToken("signature")
    claims = _object(parts[1])
    if _time(claims, "exp", required=True) <= now - leeway:
        raise BadToken("expired")
    if _time(claims, "nbf") > now + leeway:
        raise BadToken("not yet valid")
    named = claims.get("aud")
    if audience not in (named if isinstance(named, list) else [named]):
        raise BadToken("audience")
    return claims


def _bytes(part: str) -> bytes:
    # b64decode skips what is not base64: it must not see it.
    if not _PART.fullmatch(part):
        raise BadToken("malformed")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise BadToken("malformed") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _object(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(part), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise BadToken("malformed") from None
    if not isinstance(found, dict):
        raise BadToken("malformed")
    return found


def _time(claims: dict[str, Any], name: str, required: bool = False) -> float:
    value = claims.get(name)
    if value is None and not required:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadToken(f"no valid {name}")
    return float(value)
