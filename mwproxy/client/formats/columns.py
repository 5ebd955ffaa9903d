"""
Listings whose first line names their columns: C{show servers state} and others.
"""

from __future__ import annotations

import re

from mwproxy.client.formats.words import Row, Unreadable, filled, value

_TEXTS = frozenset(
    [
        "be_name",
        "srv_name",
        "srv_addr",
        "srv_fqdn",
        "srvrecord",
        "srv_check_addr",
        "srv_agent_addr",
        "name",
        "addr",
        "bkname/svname",
        "bkid/svid",
        "socket",
        "lvl",
        "processes",
    ]
)
_EACH = re.compile(r"(\w+)\[(\d{1,3})\]", re.ASCII)
_ENTRY = re.compile(r"(0x[0-9a-fA-F]+) (\S+)(?: (.*))?", re.ASCII)
_FILE = re.compile(r"(-?\d+) \((.*?)\) (.*)", re.ASCII)
_COUNTS = re.compile(r" (curr_ver|next_ver|entry_cnt)=(\d+)", re.ASCII)
_TABLE = re.compile(r"# table: (\S+), type: (\S+), size:(\d+), used:(\d+)(.*)", re.ASCII)


def read_columns(text: str) -> list[Row]:
    """
    Read rows below a line of names.

    @param text: The answer of C{show servers state}, C{show servers conn}, C{show backend} or
        C{show cli sockets}; a first line with the number of the format does not count.

    @return: A row for each, by the names of its columns; L{None} for C{-}.

    @raise Unreadable: It is no such table.
    """
    lines = filled(text)
    if lines and lines[0].isdecimal():
        del lines[0]
    if not lines:
        return []
    if not lines[0].startswith("# "):
        raise Unreadable(f"there is no line of names: '{lines[0][:40]}'")
    names = _names(lines[0][2:].split())
    rows = []
    for line in lines[1:]:
        words = line.split()
        if line.startswith("#"):
            continue
        if len(words) > len(names):
            raise Unreadable(f"'{line[:60]}' has more than {len(names)} columns")
        words += ["-"] * (len(names) - len(words))
        pairs = zip(names, words, strict=True)
        rows.append({name: _field(name, word) for name, word in pairs if name != "-"})
    return rows


def _names(words: list[str]) -> list[str]:
    # The last column may be one for each thread.
    each = _EACH.fullmatch(words[-1]) if words else None
    if each is None:
        return words
    return [*words[:-1], *(f"{each[1]}[{number}]" for number in range(int(each[2])))]


def _field(name: str, word: str) -> str | int | None:
    if word == "-":
        return None
    return word if name in _TEXTS else value(word)


def read_patterns(text: str) -> list[Row]:
    """
    Read maps and ACLs, or the entries of one.

    @param text: The answer of C{show map} or C{show acl}, with a name or without.

    @return: For maps C{id}, C{file}, C{description} and their counts; for entries C{ref},
        C{key} and C{value}, which is L{None} in an ACL.

    @raise Unreadable: A line is none of these.
    """
    rows: list[Row] = []
    for line in filled(text):
        if line.startswith("#"):
            continue
        if entry := _ENTRY.fullmatch(line):
            rows.append({"ref": entry[1], "key": entry[2], "value": entry[3]})
        elif file := _FILE.fullmatch(line):
            counts: Row = {name: int(number) for name, number in _COUNTS.findall(file[3])}
            described = _COUNTS.sub("", file[3])
            rows.append(
                {"id": int(file[1]), "file": file[2] or None, "description": described, **counts}
            )
        else:
            raise Unreadable(f"'{line[:60]}' is no entry")
    return rows


def read_tables(text: str) -> list[Row]:
    """
    Read stick tables, or the entries of one.

    @param text: The answer of C{show table}, with a name or without.

    @return: For tables C{table}, C{type}, C{size} and C{used}; entries carry the C{table} that
        they are in and their own names.

    @raise Unreadable: A line is none of these.
    """
    tables: list[Row] = []
    entries: list[Row] = []
    for line in filled(text):
        if found := _TABLE.fullmatch(line):
            names = ("table", "type", "size", "used")
            tables.append(dict(zip(names, map(value, found.groups()[:4]), strict=True)))
        elif line.startswith("#"):
            continue
        elif line.startswith("0x") and tables:
            ref, _, rest = line.partition(":")
            pairs = (word.partition("=") for word in rest.split())
            named = {name: text if name == "key" else value(text) for name, _, text in pairs}
            entries.append({"table": tables[-1]["table"], "ref": ref, **named})
        else:
            raise Unreadable(f"'{line[:60]}' is no entry")
    return entries or tables
