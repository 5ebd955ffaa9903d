"""
The command line: the same words to HAProxy and to mwproxy.

Each case is run in a directory with the files of L{FILES}. Where HAProxy 2.6, which is installed
here, does what 3.2 does, both have to say the same and end with the same status (L{SAME}); else
what each says is written down with the reason (L{DIFFERENT}).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.integration.harness import ROOT

GOOD = """\
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend fe
    bind 127.0.0.1:18999
"""
FILES = {
    "ok.cfg": GOOD,
    "warn.cfg": "frontend fe\n    bind 127.0.0.1:18999\n    timeout client 1s\n    mode http\n"
    "    http-request deny\n    http-request redirect location /\n    use_backend x if FALSE\n"
    "backend x\n",
    "nothing.cfg": "global\n    maxconn 10\n",
    "bad.cfg": "global\n    foo\n",
    "bad2.cfg": "frontend f\n    foo\n    bar\n    bind\n    timeout client 5x\n",
    "outside.cfg": "foo\n    bar\n",
    "noline.cfg": "global\n    maxconn 10",
    "console.cfg": "global\n    stats socket DIR/never.sock\n",
    "again.cfg": "global\n    maxconn 10\n    maxconn 20\n    pidfile /a\n    pidfile /b\n" + GOOD,
    "master.cfg": "global\n    master-worker\n" + GOOD,
    "pid.cfg": "global\n    pidfile DIR/x.pid\n" + GOOD,
    "program.cfg": "program x\n    command sleep 5\n" + GOOD,
    "peer.cfg": "global\n    localpeer a\n" + GOOD,
    "chroot.cfg": "global\n    chroot /no/such\n"
    + GOOD.replace("127.0.0.1:18999", "unix@DIR/s.sock"),
    "taken.cfg": GOOD.replace("18999", "TAKEN"),
    "unix.cfg": GOOD.replace("127.0.0.1:18999", "unix@/no/such/s"),
    "free.cfg": GOOD.replace("127.0.0.1:18999", "unix@DIR/s.sock"),
    "many.cfg": "global\n    maxconn 30000\n" + GOOD.replace("127.0.0.1:18999", "unix@DIR/s.sock"),
    "d/a.cfg": "global\n    maxconn 10\n",
    "d/b.cfg": GOOD,
    "d/c.conf": "no configuration\n",
    "d/.hidden.cfg": "no configuration\n",
    "d/x.cfg.cfg": "no configuration\n",
    "d/sub/y.cfg": "no configuration\n",
    "empty/x.conf": "no configuration\n",
}

#: Command lines to which both say the same, word for word, and end with the same status.
SAME = """
# usage
''
foo
-z
-c
-c --
-c -f ok.cfg extra
-c -f empty
-cc
-c -f ok.cfg -s 12
-c -f ok.cfg -sx
-x
# a value is missing
-f
-c -f
-p
-S
-C
-n
-m
-N
-L
# checking
-c -f ok.cfg
-c -V -f ok.cfg
-c -q -f ok.cfg
-c -q -V -f ok.cfg
-V -q -c -f ok.cfg
-c -f nothing.cfg
-c -q -f nothing.cfg
-c -f bad.cfg
-c -q -f bad.cfg
-c -f bad2.cfg
-c -f outside.cfg
-c -f noline.cfg
-c -f missing.cfg
-c -f console.cfg
-c -f again.cfg
-c -f /dev/null
-c -q -f warn.cfg -dW
-c -f chroot.cfg
-c -f taken.cfg
-c -D -p /no/such -f ok.cfg
# files
-c -f d
-c -f d/
-c -f d -f ok.cfg
-c -- ok.cfg
-c -f d/a.cfg -- ok.cfg
-c -- d/a.cfg ok.cfg
-C d -c -f b.cfg
-C nowhere -c -f ok.cfg
-C d -c -f ok.cfg
# conditions
-cc 'streq(a,a)'
-cc 'streq(a,b)'
-cc 'defined(HOME)'
-cc '!defined(HOME)'
-cc 'defined(NO_SUCH) || streq(a,a)'
-cc xx
-cc '(streq(a,a)'
-cc 'streq(a,a'
-cc 'streq(a,a) x'
-cc 1 -f missing.cfg
-cc 0
# older processes
-sf -c -f ok.cfg
-c -f ok.cfg -sf
-c -f ok.cfg -st
-c -sf 999999 999998 -st 999997 -f ok.cfg
-c -f ok.cfg -sf abc
-c -f ok.cfg -sf '12 '
-c -f ok.cfg -sf '12 13'
-c -f ok.cfg -sf '12x'
-c -f ok.cfg -sf 0
-c -f ok.cfg -sf ''
-c -f ok.cfg -sf ' '
-x /dev/null -c -f ok.cfg
-x /no/such -c -f ok.cfg
# modes
-c -W -f program.cfg
-c -W -f ok.cfg
-c -Ws -f ok.cfg
-c -WD -f ok.cfg
-c -W -D -f ok.cfg
-c -W -S /m.sock -f ok.cfg
-c -W -S /m.sock -S 127.0.0.1:9,level,user -f ok.cfg
-c -S /m.sock -f master.cfg
-c -db -f ok.cfg
-c -d -f ok.cfg
-c -n 5 -N 6 -f ok.cfg
-c -m 0 -n 0 -f ok.cfg
-c -L me -f ok.cfg
-c -dW -dD -dR -dr -f ok.cfg
-c -dWx -Vx -f ok.cfg
# starts that fail
-f missing.cfg
-W -f missing.cfg
-D -f missing.cfg
-W -D -f missing.cfg
-D -C nowhere -f ok.cfg
-f nothing.cfg
-f chroot.cfg
-f bad.cfg
"""

#: Command lines with two outcomes, HAProxy's and ours, and why: each outcome is the exit status
#: and patterns of lines, standard output and error together.
DIFFERENT: list[tuple[str, str, tuple[int, list[str]], tuple[int, list[str]]]] = [
    (
        "-c -f ok.cfg -sf 99999999999",
        "HAProxy takes what is left of too large a number; 'DIFFER' in the specification",
        (0, ["Configuration file is valid"]),
        (1, [r"\[ALERT\].* : -sf option: '99999999999' is no process number"]),
    ),
    (
        "-c -n abc -f ok.cfg",
        "HAProxy takes what is no number for none",
        (0, ["Configuration file is valid"]),
        (1, [r"\[ALERT\].* : -n option: 'abc' is not a positive integer"]),
    ),
    (
        "-c -f pid.cfg -p y.pid",
        "3.2 made it a warning",
        (
            0,
            [
                r"\[ALERT\].*parsing \[pid.cfg:2\] : 'pidfile' already specified. Continuing\.",
                "Configuration file is valid",
            ],
        ),
        (
            0,
            [
                r"\[WARNING\].*parsing \[pid.cfg:2\] : 'pidfile' already specified. Continuing\.",
                "Configuration file is valid",
            ],
        ),
    ),
    (
        "-c -f peer.cfg -L b",
        "3.2 made it an error",
        (0, ["'localpeer' ignored since it is already set", "Warnings were found."]),
        (1, [r"\[ALERT\].*'localpeer' can not be used with '-L' on the command line\."]),
    ),
    (
        "-c -f program.cfg",
        "3.2 has other words",
        (1, ["Can't use a 'program' section without master worker mode."]),
        (
            1,
            [
                r"\[ALERT\].*config : 'program' section is defined in configuration, but "
                r"master-worker mode \(-W\) is not enabled\."
            ],
        ),
    ),
    (
        "-S DIR/m.sock -f nothing.cfg",
        "3.2 made it an error",
        (1, [r"\[WARNING\].*a master CLI socket was defined, but master-worker mode"]),
        (
            1,
            [
                r"\[ALERT\].* : a master CLI socket was defined, but master-worker mode \(-W\) is"
                r" not enabled\."
            ],
        ),
    ),
    (
        "-W -S foo -f ok.cfg",
        "the address is quoted",
        (1, ["missing port specification in 'foo'", "Can't create the master's CLI."]),
        (1, ["missing port specification in 'foo'", "Can't create the master's CLI."]),
    ),
    (
        "-W -S /no/such/m.sock -f ok.cfg",
        "3.2 has other words",
        (1, [r"cannot bind UNIX socket \(No such file or directory\)"]),
        (
            1,
            [
                r"cannot bind UNIX socket \(No such file or directory\) \[/no/such/m.sock\]",
                "Can't create the master's CLI.",
            ],
        ),
    ),
    (
        "-x /no/such -f free.cfg",
        "we add why",
        (
            1,
            ["Failed to connect to the old process socket '/no/such'", "Failed to get the sockets"],
        ),
        (
            1,
            [
                r"\[WARNING\].*Failed to connect to the old process socket '/no/such': No such",
                r"\[ALERT\].*Failed to get the sockets from the old process!",
            ],
        ),
    ),
    (
        "-x /a -x /b -c -f ok.cfg",
        "HAProxy counts it among the warnings of the configuration",
        (0, ["-x option already set, overwriting the value", "Warnings were found."]),
        (0, ["-x option already set, overwriting the value", "Configuration file is valid"]),
    ),
    (
        "-f taken.cfg",
        "3.2 names the protocol",
        (1, [r"Binding \[taken.cfg:7\] for frontend fe: cannot bind socket \(Address already in"]),
        (
            1,
            [
                r"\[ALERT\].*Binding \[taken.cfg:7\] for frontend fe: protocol tcpv4: cannot bind "
                r"socket \(Address already in use\) for \[127.0.0.1:TAKEN\]\.",
                r"\[ALERT\].*main\(\)\] Some protocols failed to start their listeners! Exiting\.",
            ],
        ),
    ),
    (
        "-f unix.cfg",
        "3.2 names the protocol",
        (1, [r"cannot bind UNIX socket \(No such file or directory\)"]),
        (
            1,
            [
                r"protocol unix_stream: cannot bind UNIX socket \(No such file or directory\) "
                r"\[/no/such/s\]\."
            ],
        ),
    ),
    (
        "-D -p /no/such/pid -f free.cfg",
        "3.2's launcher tells that its daemon failed",
        (1, [r"\[ALERT\].*main\(\)\] Cannot create pidfile /no/such/pid"]),
        (
            1,
            [
                r"\[ALERT\].*main\(\)\] Cannot create pidfile /no/such/pid",
                r"\[ALERT\].*Process \d+ exited with code 1 \(Exit\)",
            ],
        ),
    ),
    (
        "-D -f bad.cfg",
        "3.2's launcher tells that its daemon failed",
        (1, ["unknown keyword 'foo' in 'global' section", "Fatal errors found"]),
        (1, ["unknown keyword 'foo' in 'global' section", r"Process \d+ exited with code 1"]),
    ),
    (
        "-W -f bad.cfg",
        "since 3.1 the worker reads the file",
        (1, ["unknown keyword 'foo' in 'global' section", "Fatal errors found"]),
        (
            1,
            [
                r"\[NOTICE\].*Initializing new worker \(\d+\)",
                r"\[ALERT\].*config : parsing \[bad.cfg:2\] : unknown keyword 'foo' in 'global'",
                r"\[ALERT\].*Failed to load worker \(\d+\) exited with code 1 \(Exit\)",
            ],
        ),
    ),
    (
        "-W -f chroot.cfg",
        "since 3.1 the master waits for the worker",
        (1, ["Loading success.", r"Cannot chroot\(/no/such\)\."]),
        (1, [r"Cannot chroot\(/no/such\)\.", r"Failed to load worker \(\d+\) exited with code 1"]),
    ),
    (
        "-c -dW -f again.cfg -p /x",
        "the one that 3.2 made a warning",
        (0, ["'pidfile' already specified. Continuing."]),
        (0, ["'pidfile' already specified. Continuing."]),
    ),
    (
        "-dKhelp",
        "HAProxy wants a configuration for it",
        (1, ["Usage : "]),
        (0, ["# List of supported keyword classes:", "cfg: configuration keywords"]),
    ),
    (
        "-c -dKsvc,flt -f ok.cfg",
        "we have one filter and no services; an unknown class is an error here",
        (0, ["# List of registered filter names:", "# List of registered service names:"]),
        (0, ["# List of registered filter names:", r"spoe \[SPOE\]"]),
    ),
    (
        "-c -4 -f ok.cfg",
        "2.6 does not have it",
        (1, ["Usage : "]),
        (0, ["Configuration file is valid"]),
    ),
    (
        "-c -dV -dM -dt -f ok.cfg",
        "we have no TLS, no memory pools and no traces, and say so",
        (0, ["Configuration file is valid"]),
        (
            0,
            [
                r"\[NOTICE\].*'-dt' has no effect",
                r"\[NOTICE\].*'-dM' has no effect",
                r"\[NOTICE\].*'-dV' has no effect",
                "Configuration file is valid",
            ],
        ),
    ),
    (
        "-f many.cfg",
        "we hold other descriptors besides the connections",
        (1, [r"\[ALERT\].*main\(\)\] Cannot raise FD limit to 60\d\d\d, limit is \d+\."]),
        (1, [r"\[ALERT\].*main\(\)\] Cannot raise FD limit to 60\d\d\d, limit is \d+\."]),
    ),
    (
        "-m 1 -f free.cfg",
        "HAProxy crashes",
        (-11, []),
        (
            1,
            [r"\[ALERT\].*main\(\)\] Cannot fix MEM limit to 1 megs: this process has \d+ already"],
        ),
    ),
    (
        "-W -m 1 -f free.cfg",
        "HAProxy crashes",
        (-11, []),
        (
            1,
            [r"\[ALERT\].*main\(\)\] Cannot fix MEM limit to 1 megs: this process has \d+ already"],
        ),
    ),
]


class CommandLineTests(SynchronousTestCase):
    """
    Tests of both command lines.
    """

    maxDiff = None

    def setUp(self) -> None:
        haproxy = shutil.which("haproxy")
        if haproxy is None:
            raise SkipTest("haproxy is not installed")
        self.commands = {"haproxy": [haproxy], "mwproxy": [sys.executable, "-m", "mwproxy"]}
        self.directory = tempfile.mkdtemp(prefix="mwp")
        self.addCleanup(shutil.rmtree, self.directory)
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        self.taken = str(taken.getsockname()[1])
        for name, text in FILES.items():
            path = Path(self.directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            text = text.replace("DIR", self.directory).replace("TAKEN", self.taken)
            path.write_text(text)

    def run_one(self, product: str, line: str) -> tuple[int, str]:
        """
        Run a command line.

        @return: The exit status, and what was said: standard error, then standard output.
        """
        words = shlex.split(line.replace("DIR", self.directory))
        env = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
        try:
            done = subprocess.run(
                [*self.commands[product], *([] if line == "''" else words)],
                cwd=self.directory,
                env={**env, "PYTHONPATH": str(ROOT), "HOME": "/"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{product} {line}: {error}") from None
        self.assertNotIn("Traceback", done.stderr, line)
        return done.returncode, self.mask(done.stderr + done.stdout)

    def run_pair(self, pair: tuple[str, str]) -> tuple[int, str]:
        return self.run_one(*pair)

    def mask(self, text: str) -> str:
        """
        Hide what differs between the two: names, versions, the usage's own words, pids.
        """
        text = re.sub(r"Usage : (?:.*\n)+?(?=HAProxy|mwproxy)", "Usage : \n", text)
        text = re.sub(
            r"(?:HAProxy|mwproxy) version .*\nStatus: .*\nKnown bugs: .*\nRunning on: .*\n",
            "VERSION\n",
            text,
        )
        text = re.sub(r"\[NOTICE\] .*(?:version is|path to executable is) .*\n", "INTRO\n", text)
        text = re.sub(r"^(\[\w+\] +)\(\d+\)", r"\1(PID)", text, flags=re.MULTILINE)
        text = re.sub(r"\[[^\[]*\.main\(\)\]", "[PROGRAM.main()]", text)
        text = text.replace("\n\n", "\n")
        return text.replace(self.directory, "DIR").replace(f":{self.taken}]", ":TAKEN]")

    def test_same(self) -> None:
        """
        Both end alike and say the same.
        """
        lines = [line for line in SAME.splitlines() if line and not line.startswith("#")]
        pairs = [(product, line) for line in lines for product in self.commands]
        with ThreadPoolExecutor(4) as pool:
            outcomes = dict(zip(pairs, pool.map(self.run_pair, pairs), strict=True))
        different = []
        for line in lines:
            expected, found = (outcomes[product, line] for product in self.commands)
            if expected != found:
                different.append(f"{line}\n  haproxy {expected!r}\n  mwproxy {found!r}")
        self.assertEqual(different, [], "\n" + "\n".join(different))

    def test_different(self) -> None:
        """
        Where the two differ, each does what is written down.
        """
        wrong = []
        for line, why, *expected in DIFFERENT:
            for product, (status, patterns) in zip(self.commands, expected, strict=True):
                found, text = self.run_one(product, line)
                missing = [each for each in patterns if re.search(each, text) is None]
                if found != status or missing:
                    wrong.append(f"{product} {line} ({why}): {found}, lacks {missing}\n{text}")
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))
