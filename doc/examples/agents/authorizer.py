"""
Who may in: a client with a certificate on the list, or one with a valid JSON Web Token.

    JWT_SECRET_FILE=secret mwproxy spoa doc/examples/agents/authorizer.py
    mwproxy -f doc/examples/agents/authorizer.cfg    # or haproxy

JWT_SECRET_FILE (HS256) or JWT_KEY_FILE (RS256, a public key in PEM) says how tokens are signed,
JWT_AUDIENCE whom they have to be for; CERTIFICATE_NAMES are the common names that need no token,
separated by commas. Without a key nobody has a valid token.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from json_web_tokens import HS256, RS256, BadToken, check_token

from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent

agent = Agent("authorizer")

AUDIENCE = os.environ.get("JWT_AUDIENCE", "example")
NAMES = frozenset(filter(None, os.environ.get("CERTIFICATE_NAMES", "").split(",")))


def load_key() -> HS256 | RS256 | None:
    """
    Read the key that tokens are signed with.
    """
    secret, public = os.environ.get("JWT_SECRET_FILE"), os.environ.get("JWT_KEY_FILE")
    if secret and public:
        raise ValueError("both JWT_SECRET_FILE and JWT_KEY_FILE are given")
    if secret:
        return HS256(Path(secret).read_bytes().strip())
    return RS256(Path(public).read_bytes()) if public else None


KEY = load_key()


def verdict(allowed: bool, subject: str, reason: str) -> object:
    """
    Say who it is, or why not.
    """
    return [
        set_var("txn", "allowed", allowed),
        set_var("txn", "subject", subject),
        set_var("txn", "reason", reason),
    ]


@agent.message("authorize")
def authorize(
    authorization: str = "", has_certificate: bool = False, verified: int = -1, name: str = ""
) -> object:
    """
    Decide about one request.

    @param verified: What OpenSSL found, 0 when the certificate is good.
    """
    if has_certificate and verified == 0 and name in NAMES:
        return verdict(True, name, "certificate")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return verdict(False, "", "no token")
    if KEY is None:
        return verdict(False, "", "no key")
    try:
        claims = check_token(token.strip(), KEY, AUDIENCE, time.time())
    except BadToken as error:
        return verdict(False, "", str(error))
    return verdict(True, str(claims.get("sub", "")), "token")
