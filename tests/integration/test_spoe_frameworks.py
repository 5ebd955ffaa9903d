"""
Agents written with other frameworks for Python, asked by HAProxy and by mwproxy: haproxyspoa and
spoe-forge, both of PyPI.

spoe-forge needs Python 3.12. Where this is an older one C{make test} looks for another, and puts
spoe-forge into an environment of its own, C{.venv/forge}.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.integration.clients import Connection
from tests.integration.harness import ROOT, Proxy, wait_until
from tests.integration.spoe_scene import SpoeTestCase, spoe_file
from tests.spoa.processes import end

FORGE = ROOT / ".venv/forge/bin/python"

#: They listen where they are told to; here that is a socket that the test has bound.
LISTEN = """\
import asyncio, ipaddress, socket, sys
start = asyncio.start_server
def start_server(handler, *words, **named):
    return start(handler, sock=socket.socket(fileno=int(sys.argv[1])))
asyncio.start_server = start_server
VALUES = {"u": 2**32, "text": "te xt", "bin": b"\\x00\\xff", "yes": True,
          "ip4": ipaddress.IPv4Address("192.0.2.1"), "ip6": ipaddress.IPv6Address("2001:db8::1")}
def told(**arguments):
    return " ".join(f"{name}={type(value).__name__}:{value}" for name, value in arguments.items())
"""
HAPROXYSPOA = """\
from haproxyspoa.payloads.ack import AckPayload
from haproxyspoa.spoa_server import SpoaServer
agent = SpoaServer()
@agent.handler("asked")
async def asked(**arguments):
    ack = AckPayload()
    for name, value in [*VALUES.items(), ("told", told(**arguments))]:
        ack.set_txn_var(name, value)
    return ack
agent.run()
"""
SPOE_FORGE = """\
from spoe_forge import ActionScope, AgentContext, SetVarAction, SpoeForge, UnsetVarAction
agent = SpoeForge(name="tested", max_frame_size=16000)
@agent.message("asked")
async def asked(ctx: AgentContext):
    values = [*VALUES.items(), ("told", told(**ctx.get_args())), ("gone", "x")]
    actions = [SetVarAction(ActionScope.TRANSACTION, *each) for each in values]
    return [*actions, UnsetVarAction(ActionScope.TRANSACTION, "gone")]
agent.run(host="127.0.0.1", port=0)
"""


def python_with(module: str) -> Path:
    """
    Find a Python that has a framework.

    @raise SkipTest: There is none.
    """
    if importlib.util.find_spec(module) is not None:
        return Path(sys.executable)
    if module == "spoe_forge":
        if FORGE.exists():
            return FORGE
        version = ".".join(map(str, sys.version_info[:3]))
        raise SkipTest(
            f"spoe-forge needs Python 3.12 or later; this is {version}, and 'make test' could not "
            "make .venv/forge with another one"
        )
    raise SkipTest(f"{module} is not installed: pip install '.[test]'")


class FrameworkTests(SpoeTestCase):
    """
    Tests with HAProxy as the engine and haproxyspoa.

    @ivar module: The framework's.

    @ivar code: An agent.

    @ivar yes: How it reads true; haproxyspoa 0.0.1 looks at the wrong bit.
    """

    module = "haproxyspoa"
    code = HAPROXYSPOA
    yes = "False"

    #: Between two checks; so long that none is in the way of a test of something else.
    pause = "10s"

    def framework(self, code: str = "", **options: str) -> Proxy:
        """
        Start an agent and the proxy.
        """
        python = python_with(self.module)
        sock = self.listening()
        self.port: int = sock.getsockname()[1]
        file = Path(self.mktemp())
        file.write_text(LISTEN + (code or self.code))
        agent = subprocess.Popen(
            [str(python), str(file), str(sock.fileno())],
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[sock.fileno()],
        )
        self.addCleanup(end, agent)
        arguments = (
            "a=str(abc) yes=bool(true) no=bool(false) n=int(5) big=int(9223372036854775807) "
            "ip=ipv4(192.0.2.7) ip6=ipv6(2001:db8::7) bin=bin(00ff80) null=var(txn.none) path=path"
        )
        names = ("u", "text", "ip4", "ip6", "yes", "gone")
        said = " ".join(f"%[var(txn.t.{name})]" for name in names)
        return self.web(
            spoe_file(arguments=arguments, **options),
            f"127.0.0.1:{self.port} check inter {self.pause}",
            said=f"{said} %[var(txn.t.bin),hex] %[var(txn.t.told)] %[var(txn.t.err)]",
        )

    def expected(self, path: str) -> str:
        """
        What the proxy answers.
        """
        return (
            "4294967296 te xt 192.0.2.1 2001:db8::1 1  00FF "
            f"a=str:abc yes=bool:{self.yes} no=bool:False n=int:5 big=int:9223372036854775807 "
            "ip=IPv4Address:192.0.2.7 ip6=IPv6Address:2001:db8::7 bin=bytes:b'\\x00\\xff\\x80' "
            f"null=NoneType:None path=str:{path}"
        )

    def test_types(self) -> None:
        """
        All types come and go, in short frames and long ones.
        """
        proxy = self.framework()
        for path in ("/", "/" + 3000 * "x", "/" + 7000 * "x"):
            self.assertEqual(proxy.get("web", path).body.decode().strip(), self.expected(path))

    def test_many(self) -> None:
        """
        Many requests at a time are each answered with their own.
        """
        proxy = self.framework()
        wrong: Counter[str] = Counter()

        def ask(number: int) -> None:
            connection = Connection(proxy.port("web"))
            for turn in range(50):
                path = f"/{number}/{'x' * (turn % 7)}"
                answer = connection.ask(path).body.decode().strip()
                if answer != self.expected(path):
                    wrong[answer] += 1
            connection.close()

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.product == "haproxy":
            # Once, between HAProxy 2.6 and haproxyspoa, one of 400 answers did not come, and its
            # request went on without it (code 1). None of the others may be wrong.
            self.assertLessEqual(wrong.pop("1", 0), 1)
        self.assertEqual(wrong, {})

    def test_idle(self) -> None:
        """
        A connection that is not used any more is ended, and another one made when it is needed.
        """
        proxy = self.framework(idle="100ms")
        for _ in range(2):
            self.assertEqual(proxy.get("web").body.decode().strip(), self.expected("/"))
            wait_until(lambda: established(self.port) == 0, lambda: str(self.port), 10)

    def test_check(self) -> None:
        """
        C{option spop-check} finds it up.
        """
        self.pause = "100ms"
        proxy = self.framework()
        wait_until(lambda: self.state(proxy) == "L7OK", lambda: self.state(proxy), 10)

    def state(self, proxy: Proxy) -> str:
        """
        Tell the result of the last check.
        """
        lines = proxy.master_cli("@1 show stat").splitlines()
        names = lines[0].lstrip("# ").split(",")
        for line in lines[1:]:
            row = dict(zip(names, line.split(","), strict=False))
            if (row.get("pxname"), row.get("svname")) == ("agents", "a0"):
                return row["check_status"].lstrip("* ")
        return ""


def established(port: int) -> int:
    """
    Count the connections that a port of the loopback has.
    """
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    return sum(row[1] == f"0100007F:{port:04X}" and row[3] == "01" for row in rows)


class ForgeTests(FrameworkTests):
    """
    Tests with HAProxy as the engine and spoe-forge.
    """

    module = "spoe_forge"
    code = SPOE_FORGE
    yes = "True"


class MwproxyFrameworkTests(FrameworkTests):
    """
    Tests with mwproxy as the engine and haproxyspoa.
    """

    product = "mwproxy"


class MwproxyForgeTests(ForgeTests):
    """
    Tests with mwproxy as the engine and spoe-forge.
    """

    product = "mwproxy"
