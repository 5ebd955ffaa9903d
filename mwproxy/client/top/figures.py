"""
What is shown of two looks: rates, and the order of the rows. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from mwproxy.client.formats.words import Row
from mwproxy.client.top.sample import Sample

Number = int | float | None


@dataclass(frozen=True, slots=True)
class Line:
    """
    One proxy or server.

    @ivar kind: C{frontend}, C{backend}, C{server} or C{listener}.

    @ivar status: As C{show stat} has it.

    @ivar queue: Waiting for a server.   @ivar sessions: Now.   @ivar limit: Most, L{None} for any.

    @ivar rate: Requests or sessions per second.   @ivar read: Bytes per second from clients.

    @ivar sent: Bytes per second to clients.   @ivar total: Requests or sessions since the start.

    @ivar errors: Errors since the start.   @ivar check: The last health check.
    """

    proxy: str
    name: str
    kind: str
    status: str
    queue: Number
    sessions: Number
    limit: Number
    rate: Number
    read: Number
    sent: Number
    total: Number
    errors: Number
    weight: Number
    check: str

    @property
    def server(self) -> str:
        """
        What commands call it, empty when it is no server.
        """
        return f"{self.proxy}/{self.name}" if self.kind == "server" else ""


def lines(now: Sample, before: Sample | None) -> list[Line]:
    """
    Compare two looks.

    @param now: The later one.

    @param before: The one before, L{None} for none. If it was at another worker, or counters have
        been cleared meanwhile, rates are those that the worker itself tells.

    @return: The rows, in the order of C{show stat}.
    """
    former: dict[tuple[object, object], Row] = {}
    seconds = 0.0
    if before is not None and before.info.get("Pid") == now.info.get("Pid"):
        seconds = now.at - before.at
        former = {(row.get("pxname"), row.get("svname")): row for row in before.rows}
    return [
        _line(row, former.get((row.get("pxname"), row.get("svname"))), seconds) for row in now.rows
    ]


def _line(row: Row, former: Row | None, seconds: float) -> Line:
    counted = "req_tot" if _number(row, "req_tot") is not None else "stot"
    told = "req_rate" if counted == "req_tot" else "rate"
    rate = _rate(row, former, counted, seconds)
    errors = [_number(row, name) or 0 for name in ("ereq", "econ", "eresp")]
    return Line(
        str(row.get("pxname") or ""),
        str(row.get("svname") or ""),
        str(row.get("type") or ""),
        str(row.get("status") or ""),
        _number(row, "qcur"),
        _number(row, "scur"),
        _number(row, "slim"),
        _number(row, told) if rate is None else rate,
        _rate(row, former, "bin", seconds),
        _rate(row, former, "bout", seconds),
        _number(row, counted),
        sum(errors),
        _number(row, "weight"),
        str(row.get("check_status") or ""),
    )


def _number(row: Row, name: str) -> int | None:
    found = row.get(name)
    return found if isinstance(found, int) else None


def _rate(row: Row, former: Row | None, name: str, seconds: float) -> float | None:
    if former is None or seconds <= 0:
        return None
    now, before = _number(row, name), _number(former, name)
    if now is None or before is None or now < before:
        return None
    return (now - before) / seconds


def short(number: Number) -> str:
    """
    Write a number in at most five characters.

    @param number: It.

    @return: Such as C{950}, C{1.2k}, C{34M}; C{-} for none.
    """
    if number is None:
        return "-"
    if number < 1000:
        return f"{number:.1f}" if 0 < number < 10 and number != int(number) else f"{number:.0f}"
    for unit in "kMGTP":
        number /= 1000
        if number < 999.5:
            return f"{number:.1f}{unit}" if number < 9.95 else f"{number:.0f}{unit}"
    return f"{number:.0f}P"
