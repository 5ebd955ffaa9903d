"""
Tests of who imports whom: a room imports only from rooms to its left.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "mwproxy"

#: Rooms from left to right; those in one entry do not import each other.
ORDER = (
    ("core",),
    ("protocols", "config"),
    ("live",),
    ("balance", "rules"),
    ("stream",),
    ("observe", "process"),
    ("console",),
    ("net", "programs"),
    ("spoe",),
    ("master", "worker"),
    ("tap",),
    ("main",),
    ("__main__",),
)
#: Rooms beside the line, and all that they may import.
APART = {
    "demo": frozenset[str](),
    "spoa": frozenset({"protocols"}),
    "client": frozenset({"core", "protocols"}),
}
#: Rooms beside the line that one room of the line starts.
STARTS = {"main": frozenset({"spoa"})}
#: Rooms that decide and never act.
PURE = ("core", "protocols", "config", "live", "balance", "rules", "stream")
#: What the console may know of the reactor's side outside its listener and relay.
CONSOLE_MAY = frozenset({"defer", "error", "interfaces", "protocol"})


def modules() -> Iterator[tuple[str, Path]]:
    """
    List the modules of the package.

    @return: Their dotted names and files.
    """
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """
    List what a file imports.

    @return: Dotted names, and whether the import runs when the module is imported.
    """
    tree = ast.parse(path.read_text(), str(path))
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, id(node) not in inner
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield "." * node.level + (node.module or ""), id(node) not in inner
            for name in node.names:
                yield f"{node.module}.{name.name}", id(node) not in inner


def room_of(name: str) -> str:
    """
    Tell the room of a module.

    @param name: A dotted name that begins with C{mwproxy}.

    @return: The room, empty for the package itself and what stands in its C{__init__.py}.
    """
    parts = name.split(".")
    if len(parts) < 2:
        return ""
    known = (PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").is_file()
    return parts[1] if known else ""


def allowed(room: str) -> frozenset[str]:
    """
    List the rooms that a room may import.

    @return: Their names, its own included.
    """
    own = frozenset({room, ""})
    if room in APART:
        return own | APART[room]
    left: set[str] = set()
    for rooms in ORDER:
        if room in rooms:
            return own | left | STARTS.get(room, frozenset())
        left.update(rooms)
    return own


class ImportTests(SynchronousTestCase):
    """
    Tests of the import statements.
    """

    def test_every_room_has_its_place(self) -> None:
        """
        No room stands outside the order.
        """
        placed = {room for rooms in ORDER for room in rooms} | set(APART) | {""}
        self.assertEqual({room_of(name) for name, _ in modules()} - placed, set())

    def test_only_from_the_left(self) -> None:
        """
        A room imports neither from its right nor from its neighbor.
        """
        wrong = [
            f"{name} imports {target}"
            for name, path in modules()
            for target, _ in imports(path)
            if target.split(".")[0] == "mwproxy" and room_of(target) not in allowed(room_of(name))
        ]
        self.assertEqual(wrong, [])

    def test_imports_are_absolute(self) -> None:
        """
        No import is relative.
        """
        wrong = [name for name, path in modules() for said, _ in imports(path) if said[0] == "."]
        self.assertEqual(wrong, [])

    def test_pure_rooms_know_no_reactor(self) -> None:
        """
        The rooms that decide import nothing of C{twisted.internet}, C{core} nothing of Twisted.
        """
        wrong = [
            f"{name} imports {target}"
            for name, path in modules()
            for target, _ in imports(path)
            if (room_of(name) in PURE and target.startswith("twisted.internet"))
            or (room_of(name) == "core" and target.startswith("twisted"))
        ]
        self.assertEqual(wrong, [])

    def test_console_acts_in_listener_and_relay_alone(self) -> None:
        """
        The rest of the console sees protocols and Deferreds, not the reactor.
        """
        wrong = [
            f"{name} imports {target}"
            for name, path in modules()
            if room_of(name) == "console" and path.name not in ("listener.py", "relay.py")
            for target, _ in imports(path)
            if target.startswith("twisted.internet.") and target.split(".")[2] not in CONSOLE_MAY
        ]
        self.assertEqual(wrong, [])

    def test_reactor_is_never_bound_at_import(self) -> None:
        """
        No module imports the reactor when it is itself imported.
        """
        wrong = [
            name
            for name, path in modules()
            for target, at_import in imports(path)
            if at_import and target == "twisted.internet.reactor"
        ]
        self.assertEqual(wrong, [])

    def test_init_files_hold_a_docstring(self) -> None:
        """
        An C{__init__.py} has no code; the package's own has the version.
        """
        wrong = [
            name
            for name, path in modules()
            if path.name == "__init__.py" and path.parent != PACKAGE
            if len(ast.parse(path.read_text()).body) != 1
        ]
        self.assertEqual(wrong, [])

    def test_master_knows_nothing_of_traffic(self) -> None:
        """
        What the master imports brings no room that carries traffic.
        """
        found = self._loaded("import mwproxy.master.service")
        traffic = {"rules", "stream", "net", "balance", "worker", "spoe"}
        self.assertEqual({room_of(name) for name in found} & traffic, set())
        self.assertEqual([name for name in found if "worker_commands" in name], [])

    def test_version_is_quick(self) -> None:
        """
        The command itself imports no Twisted before it knows what is wanted.
        """
        found = self._loaded("import mwproxy.main", "twisted")
        self.assertEqual(found, [])

    def _loaded(self, statement: str, package: str = "mwproxy") -> list[str]:
        code = f"{statement}; import sys; print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return [name for name in done.stdout.split() if name.split(".")[0] == package]
