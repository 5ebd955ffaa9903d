"""
What C{show ssl cert}, C{show ssl ca-file} and C{show ssl crl-file} list and tell about one.
"""

from __future__ import annotations

import re
from typing import Any

from mwproxy.client.formats.words import Unreadable, value

_TITLES = {"# transaction": True, "# filename": False}
_COUNT = re.compile(r"(.*) - (\d+) certificate\(s\)", re.ASCII)
_PART = re.compile(r"(Certificate|Certificate Revocation List) #(\d+):", re.ASCII)
_REVOKED = ("Serial Number", "Revocation Date")


def read_ssl(text: str) -> Any:
    """
    Read names, or one file.

    @return: For names an array of C{name}, C{transaction} (whether it is that of one), and
        C{certificates} where they are counted. For one file an object of its fields, with a
        C{chain} of C{Subject} and C{Issuer}, or with C{parts}.

    @raise Unreadable: It is something else.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or lines[0] in _TITLES:
        return _names(lines)
    if not lines[0].startswith("Filename: "):
        raise Unreadable(f"'{lines[0][:60]}' is no list of files")
    return _one(lines)


def _names(lines: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    changing = False
    for line in lines:
        if line in _TITLES:
            changing = _TITLES[line]
            continue
        counted = _COUNT.fullmatch(line)
        name = (counted[1] if counted else line).removeprefix("*" if changing else "")
        row: dict[str, Any] = {"name": name, "transaction": changing}
        rows.append(row | ({"certificates": int(counted[2])} if counted else {}))
    return rows


def _one(lines: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    into = result
    for line in lines:
        name, _, rest = line.strip().partition(":")
        rest = rest.strip()
        if found := _PART.fullmatch(line):
            into = {"number": int(found[2])}
            result.setdefault("parts", []).append(into)
        elif name in _REVOKED:
            revoked = into.setdefault("Revoked Certificates", [])
            if name == _REVOKED[0]:
                revoked.append({})
            revoked[-1][name] = rest
        elif name.startswith("Chain "):
            chain = into.setdefault("chain", [])
            if name == "Chain Subject":
                chain.append({})
            chain[-1][name.removeprefix("Chain ")] = rest
        elif name == "Subject Alternative Name":
            into[name] = [each for each in rest.split(", ") if each]
        elif name.startswith("Version "):
            into["Version"] = value(name.removeprefix("Version "))
        elif name not in ("Revoked Certificates", "No Revoked Certificates."):
            into[name] = rest
    return result
