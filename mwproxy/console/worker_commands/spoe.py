"""
Console command C{show spoe}: what SPOE engines do. HAProxy has nothing like it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core.families import command
from mwproxy.live.proxies import WorkerState
from mwproxy.live.spoe import AgentFigures, EngineFigures
from mwproxy.protocols.spop.errors import reason_of

#: Codes of C{option set-on-error} below those of SPOP.
_CODES = {
    1: "timeout",
    2: "no server or too many waiting",
    3: "frame too big",
    5: "stream ended",
    255: "unknown",
}
_SPOP = 256


def code_words(code: int) -> str:
    """
    Put a status in words.

    @param code: As C{option set-on-error} has it.

    @return: The words.
    """
    if code >= _SPOP:
        return reason_of(code - _SPOP)
    return _CODES.get(code, f"code {code}")


@command("show spoe", on="worker", changes=False, level="operator",
         usage="show spoe [<px>[/<engine>]] [json]",
         text="show connections, latencies and errors of SPOE engines")  # fmt: skip
def cmd_show_spoe(invocation: Invocation) -> Iterator[str]:
    """
    Show the engines: their connections, what is under way, what has failed, and how long answers
    took.

    @param invocation: The command; a proxy, or a proxy and its engine; C{json}.

    @return: The pieces of the answer.

    @raise CommandError: There is no such engine, or a word too many.
    """
    state: WorkerState = invocation.subject
    words = list(invocation.args)
    as_json = "json" in words
    if as_json:
        words.remove("json")
    if len(words) > 1:
        raise CommandError("'show spoe' expects [<px>[/<engine>]] [json].")
    found = list(state.spoe)
    if words:
        found = [each for each in found if words[0] in (each.proxy, f"{each.proxy}/{each.engine}")]
        if not found:
            raise CommandError("No such SPOE engine.")
    return _as_json(found) if as_json else _as_text(found)


def _as_text(found: list[EngineFigures]) -> Iterator[str]:
    for each in found:
        latencies = each.latencies
        yield (
            f"engine {each.proxy}/{each.engine} (agent {each.agent}, backend {each.backend})\n"
            f"  connections={each.connections} idle={each.idle} in_flight={each.in_flight}"
            f" waiting={each.waiting} opened={each.opened}\n"
            f"  processed={each.processed} failed={each.failed} skipped={each.skipped}"
            f" refused={each.refused} repeated={each.repeated} strays={each.strays}\n"
            f"  latency_ms p50={_ms(latencies.quantile(0.5))} p99={_ms(latencies.quantile(0.99))}"
            f" max={_ms(int(latencies.longest))}\n"
        )
        for code, count in sorted(each.codes.items()):
            yield f"  error {code} ({code_words(code)}): {count}\n"
        for server in each.servers():
            yield _server_line(server)


def _server_line(server: AgentFigures) -> str:
    return (
        f"  server {server.name} {server.state} connections={server.connections}"
        f" connecting={server.connecting} idle={server.idle} in_flight={server.in_flight}"
        f" waiting={server.waiting} opened={server.opened} failed={server.failed}"
        f" answered={server.answered}\n"
    )


def _ms(microseconds: int) -> str:
    return f"{microseconds / 1000:.3f}"


def _as_json(found: list[EngineFigures]) -> Iterator[str]:
    yield json.dumps([_described(each) for each in found], separators=(",", ":")) + "\n"


def _described(each: EngineFigures) -> dict[str, Any]:
    latencies = each.latencies
    names = (
        "proxy engine agent backend connections idle in_flight waiting opened processed failed "
        "skipped refused repeated strays"
    )
    described: dict[str, Any] = {name: getattr(each, name) for name in names.split()}
    described["latency_us"] = {
        "p50": latencies.quantile(0.5),
        "p99": latencies.quantile(0.99),
        "max": int(latencies.longest),
        "count": latencies.count,
    }
    described["errors"] = [
        {"code": code, "reason": code_words(code), "count": count}
        for code, count in sorted(each.codes.items())
    ]
    described["servers"] = [asdict(server) for server in each.servers()]
    return described
