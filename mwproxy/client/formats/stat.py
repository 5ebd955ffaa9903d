"""
The CSV of C{show stat}.
"""

from __future__ import annotations

import csv

from mwproxy.client.formats.words import Row, Unreadable, filled, value

#: Columns that stay text, whatever somebody called his servers.
TEXTS = frozenset(
    [
        "pxname",
        "svname",
        "status",
        "tracked",
        "check_status",
        "last_chk",
        "last_agt",
        "agent_status",
        "check_desc",
        "agent_desc",
        "addr",
        "cookie",
        "mode",
        "algo",
        "agg_server_status",
        "agg_server_check_status",
        "agg_check_status",
        "proto",
    ]
)
#: C{type} in words.
TYPES = {0: "frontend", 1: "backend", 2: "server", 3: "listener"}


def read_stat(text: str) -> list[Row]:
    """
    Read figures of proxies and servers.

    @param text: The answer of C{show stat}.

    @return: A row for each, by the names of its columns: whole numbers where they are some,
        L{None} where there is nothing; C{type} is C{frontend}, C{backend}, C{server} or
        C{listener}.

    @raise Unreadable: It is no such table.
    """
    header, *lines = filled(text) or [""]
    if not header.startswith("# ") or "pxname" not in header:
        raise Unreadable(f"figures begin with '# pxname,svname', not with '{header[:40]}'")
    names = header[2:].rstrip(",").split(",")
    rows = []
    for fields in csv.reader(lines):
        if not len(names) <= len(fields) <= len(names) + 1:
            raise Unreadable(
                f"a row of {len(fields)} fields where {len(names)} are named: "
                f"'{','.join(fields)[:40]}'"
            )
        row = {
            name: (text or None) if name in TEXTS else value(text)
            for name, text in zip(names, fields, strict=False)
            if name != "-"
        }
        if isinstance(kind := row.get("type"), int):
            row["type"] = TYPES.get(kind, str(kind))
        rows.append(row)
    return rows
