"""
Tests for L{mwproxy.config.loader}.
"""

from __future__ import annotations

import subprocess
import sys

from mwproxy.config import loader
from mwproxy.config.line import Line
from mwproxy.config.loader import load
from mwproxy.config.lookup import Table
from mwproxy.config.model import Global
from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.core.families import Keyword
from tests.config.loading import LoadingTestCase

PROXIES = """
defaults
    mode http
    timeout connect 5s  # how long
    timeout client  1m
    timeout server  1m

frontend fe
    bind 127.0.0.1:8080
    default_backend be

backend be
    server a 127.0.0.1:8001
    server b 127.0.0.1:8002
"""


class ReadingTests(LoadingTestCase):
    """
    Tests for reading files.
    """

    def test_valid(self) -> None:
        """
        A valid configuration says nothing and has all that was written.
        """
        found = self.load(PROXIES)
        self.assertEqual(self.messages, [])
        fe, be = found.proxies
        self.assertEqual((fe.default_backend, fe.mode, fe.timeouts.client), ("be", "http", 60_000))
        self.assertEqual([each.name for each in be.servers], ["a", "b"])
        found.seal_all()

    def test_what_backends_share(self) -> None:
        """
        Backends that write the same have one object for what their servers have, whichever of
        them it stands in: that is what lets ten thousand servers be loaded.
        """
        backend = (
            "backend b{0}\n default-server check inter 1s\n"
            " server x 127.0.0.{0}:80 weight 5\n server y 127.0.1.{0}:80\n"
        )
        found = self.load("defaults\n mode http\n" + "".join(map(backend.format, range(1, 4))))
        self.assertEqual(len({id(each.default_server) for each in found.proxies}), 1)
        servers = [server for proxy in found.proxies for server in proxy.servers]
        self.assertEqual(len({id(each.settings) for each in servers}), 2)
        self.assertEqual(len({id(each.settings.check) for each in servers}), 1)

    def test_carriage_returns(self) -> None:
        """
        Lines may end with a carriage return.
        """
        self.load(PROXIES.replace("\n", "\r\n"))
        self.assertEqual(self.messages, [])

    def test_all_mistakes(self) -> None:
        """
        One run reports all mistakes of all files, each file's end and the verdict.
        """
        self.load(
            'global\n foo\n node "x\n',
            "frontend\n",
            "backend b\n foo\nfrontend f\n default_backend x\n",
        )
        self.assertEqual(
            self.messages,
            [
                "ALERT config : parsing [1.cfg:2] : unknown keyword 'foo' in 'global' section",
                'ALERT config : parsing [1.cfg:3]: unmatched quote at position 7:\n  node "x\n'
                "       ^",
                "ALERT config : Error(s) found in configuration file : 1.cfg",
                "ALERT config : parsing [2.cfg:1] : 'frontend' expects an <id> argument",
                "ALERT config : Error(s) found in configuration file : 2.cfg",
                "ALERT config : parsing [3.cfg:2] : unknown keyword 'foo' in 'backend' section",
                "ALERT config : Error(s) found in configuration file : 3.cfg",
                "ALERT Proxy 'f': unable to find required default_backend: 'x'.",
                "ALERT config : Fatal errors found in configuration.",
            ],
        )

    def test_missing_file(self) -> None:
        """
        A file that cannot be opened is an error, the others are read.
        """
        diagnostics = Diagnostics()
        name = f"{self.directory}/none"
        load([name, self.write("a.cfg", "foo\n")], {}, diagnostics)
        self.assertEqual(
            diagnostics.messages[0].text,
            f"config : Cannot open configuration file/directory {name} : No such file or directory",
        )
        self.assertEqual(diagnostics.errors, 5)

    def test_last_line(self) -> None:
        """
        The last line ends with a line feed.
        """
        self.assertEqual(
            self.alerts("backend f\n retries 3"),
            [
                "parsing [1.cfg:2]: Missing LF on last line, file might have been truncated at"
                " position 11."
            ],
        )

    def test_nul(self) -> None:
        """
        NUL bytes are refused.
        """
        self.assertEqual(
            self.alerts("global\n node\0b\n"),
            ["parsing [1.cfg:2]: Stray NUL character at position 6."],
        )

    def test_bytes(self) -> None:
        """
        Bytes that are no UTF-8 are no reason to stop.
        """
        found = self.load(b"global\n description caf\xe9\xa0 \xff\n")
        self.assertEqual(
            found.global_.description.encode("utf-8", "surrogateescape"), b"caf\xe9\xa0 \xff"
        )

    def test_too_many_words(self) -> None:
        """
        A line has at most 64 words, quoted or not.
        """
        many = " ".join(str(number) for number in range(1, 68))
        self.assertEqual(
            self.alerts(f"global\n description {many}\n"),
            ["parsing [1.cfg:2]: too many words, truncating after word 64, position 190: <63>."],
        )

    def test_empty_word(self) -> None:
        """
        An empty word ends the line, which is warned of.
        """
        found = self.load('global\n description a "" b\n')
        self.assertEqual(found.global_.description, "a")
        self.assertEqual(
            self.messages,
            [
                "WARNING config : parsing [1.cfg:2]: argument number 2 at position 16 is empty and"
                " marks the end of the argument list; all subsequent arguments will be ignored:\n"
                '  description a "" b\n'
                "                ^"
            ],
        )

    def test_every_cut(self) -> None:
        """
        A file cut anywhere gives messages, never a traceback.
        """
        text = 'global\n node "$N"\nlisten l\n bind :80\n server a 127.0.0.1:80 check\n'
        for cut in range(len(text)):
            self.load(text[:cut])
            self.assertNotIn("internal error", "".join(self.messages))

    def test_address_variables(self) -> None:
        """
        Addresses expand variables outside of quotes too.
        """
        self.environment.update(HOST="127.0.0.1", PORT="81")
        found = self.load(
            "listen l\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n"
            " bind $HOST:${PORT}\n server s ${HOST}:${P-82}\n"
        )
        self.assertEqual(self.messages, [])
        self.assertEqual(str(found.proxies[0].binds[0].address), "127.0.0.1:81")
        self.assertEqual(str(found.proxies[0].servers[0].address), "127.0.0.1:82")

    def test_log_formats(self) -> None:
        """
        The default log formats can be looked up while files are read, and only then.
        """
        self.load('.notice "$HAPROXY_TCP_LOG_FMT"\n')
        self.assertIn("%ci:%cp", self.messages[0])
        self.assertEqual(self.environment, {})


class KeywordsTests(LoadingTestCase):
    """
    Tests for calling keyword functions.
    """

    def lines(self, *, fails: Exception | None = None, text: str = " test a b\n") -> list[Line]:
        """
        Load a C{global} section with a keyword that records its lines, then fails.
        """
        seen: list[Line] = []

        def kw_test(line: Line, section: Global) -> None:
            seen.append(line)
            if fails is not None:
                raise fails

        entry = Keyword("test", frozenset({"global"}), 1, 2, "<x> [<y>]", False, True, kw_test)

        def with_test(section: str, *, discovery: bool) -> Table:
            table = Table(section, discovery=discovery)
            table._add(entry)
            table.single["test"] = entry
            return table

        self.patch(loader, "table_of", with_test)
        self.load(f"global\n{text}")
        return seen

    def test_line(self) -> None:
        """
        A function gets words, arguments and place.
        """
        [line] = self.lines()
        self.assertEqual(
            (line.words, line.name, line.args, line.section, line.negated, line.where.line),
            (["test", "a", "b"], "test", ["a", "b"], "global", False, 2),
        )
        self.assertIs(line.environment, self.environment)

    def test_negated(self) -> None:
        """
        C{no} is told, and excuses missing arguments.
        """
        [line] = self.lines(text=" no test\n")
        self.assertEqual((line.words, line.args, line.negated), (["no", "test"], [], True))

    def test_too_few(self) -> None:
        """
        The arguments are checked before the call.
        """
        self.assertEqual(self.lines(text=" test\n"), [])
        self.assertEqual(
            self.messages[0],
            "ALERT config : parsing [1.cfg:2] : 'test' expects <x> [<y>] as arguments.",
        )

    def test_error(self) -> None:
        """
        Its error is an alert about the line.
        """
        self.lines(fails=ConfigError("'test' is wrong."))
        self.assertEqual(self.messages[0], "ALERT config : parsing [1.cfg:2] : 'test' is wrong.")

    def test_fault(self) -> None:
        """
        A fault of the function is an alert too, and the next line is read.
        """
        seen = self.lines(fails=ZeroDivisionError("x"), text=" test a\n test b\n")
        self.assertEqual(len(seen), 2)
        self.assertTrue(
            self.messages[0].startswith(
                "ALERT config : parsing [1.cfg:2] : 'test' : internal error: ZeroDivisionError: x"
                " (line "
            )
        )


class DiscoveryTests(LoadingTestCase):
    """
    Tests for reading as the master does.
    """

    def test_ignored(self) -> None:
        """
        What workers read is passed over in silence, nonsense included.
        """
        found = self.load(
            "global\n daemon\n maxconn x\n nonsense\npeers p\n x\nfrontend\n bnid\n foo\n"
            "program p\n command x y\n",
            discovery=True,
        )
        self.assertEqual(self.messages, [])
        self.assertEqual((found.global_.daemon, found.proxies), (True, []))
        self.assertEqual(found.programs[0].command, ("x", "y"))

    def test_errors(self) -> None:
        """
        What concerns the master is checked, as are quotes and conditions everywhere.
        """
        self.load(
            'global\n mworker-max-reloads x\nfrontend f\n bind "x\nprogram p\n foo\n',
            discovery=True,
        )
        self.assertEqual(
            [each for each in self.messages if "[" in each],
            [
                "ALERT config : parsing [1.cfg:2] : 'mworker-max-reloads' expects an integer"
                " argument.",
                'ALERT config : parsing [1.cfg:4]: unmatched quote at position 7:\n  bind "x\n'
                "       ^",
                "ALERT config : parsing [1.cfg:6] : unknown keyword 'foo' in 'program' section",
            ],
        )

    def test_passed_over(self) -> None:
        """
        Lines of sections that the master does not read are passed over at a glance, which
        changes neither what is found nor what is said.
        """
        lines = (
            "server s 127.0.0.1:80",
            "\tserver s 127.0.0.1:80",
            "server s $",
            "server s ${X",
            'server s "x',
            "server s 'x",
            "server s x\\xz",
            "server s x\\",
            "server s # 'x",
            "bind $1",
            ".if 0",
            "\t.bad",
            ".endif",
            " .notice x",
            "global",
            " program q",
            "program#q",
            "peers p",
            "backend b",
            "backend\u00a0b",
            "\u00e9 'x",
            "\x01",
            "\0",
            "x\rprogram z",
            "program\vz",
            "\x1cprogram z",
            "nonsense",
            " ",
        )
        for section in ("frontend f", "peers p", "global", "program p\n command x"):
            for line in lines:
                text = f"{section}\n{line}\n command y\nprogram r\n command z\n.endif\n"
                quick = self.load(text, discovery=True), self.messages
                patch = self.patch(loader._Loader, "_passes_over", lambda _, text: False)
                slow = self.load(text, discovery=True), self.messages
                patch.restore()
                self.assertEqual(quick[1], slow[1], line)
                self.assertEqual(quick[0].programs, slow[0].programs, line)

    def test_section_variable(self) -> None:
        """
        C{.SECTION} is the same as in full reading.
        """
        self.load('frontend fe\nprogram p\n command "$.SECTION"\n', discovery=True)
        self.assertEqual(self.messages, [])

    def test_light(self) -> None:
        """
        It imports neither rules nor streams nor Twisted, and no keywords of proxies.
        """
        script = (
            "import sys\n"
            "from mwproxy.config.loader import load\n"
            "from mwproxy.core.diagnostics import Diagnostics\n"
            "load([sys.argv[1]], {}, Diagnostics(), discovery=True)\n"
            "print(*sys.modules)\n"
        )
        name = self.write("a.cfg", PROXIES)
        done = subprocess.run(
            [sys.executable, "-c", script, name], capture_output=True, text=True, check=True
        )
        loaded = done.stdout.split()
        self.assertIn("mwproxy.config.keywords.program", loaded)
        for name in loaded:
            self.assertFalse(
                name.startswith(
                    ("mwproxy.rules", "mwproxy.stream", "mwproxy.net", "mwproxy.live", "twisted")
                ),
                name,
            )
        self.assertNotIn("mwproxy.config.keywords.server", loaded)
