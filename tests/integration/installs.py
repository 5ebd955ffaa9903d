"""
An installation of its own for a test, which can be upgraded while a proxy runs from it.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import tempfile
from pathlib import Path

from tests.integration.harness import ROOT

#: What makes a successor wait, right after the exec, until it may go on.
_HOLD = """
import os as _os, time as _time
if _os.environ.get("MWPROXY_REEXEC", "").startswith("fd:"):
    open({inside!r}, "w").close()
    while not _os.path.exists({go!r}):
        _time.sleep(0.01)
"""


class Installation:
    """
    A copy of the package, first in the search path of what is started with L{environment}.

    @ivar directory: What contains it.

    @ivar inside: Exists once a successor that was held has begun.
    """

    def __init__(self, version: str = "1.0.0") -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mwi"))
        self.inside = self.directory / "inside"
        self._times = itertools.count(1)
        ignore = shutil.ignore_patterns("__pycache__", "dropin.cache")
        for room in ("mwproxy", "twisted"):
            shutil.copytree(ROOT / room, self.directory / room, ignore=ignore)
        self.set_version(version)

    @property
    def environment(self) -> dict[str, str]:
        """
        What has to be in the environment of a start.
        """
        return {"PYTHONPATH": str(self.directory), "PYTHONSAFEPATH": "1"}

    def write(self, path: str, text: str) -> None:
        """
        Replace a file of the package, by rename as installers do.
        """
        target = self.directory / "mwproxy" / path
        temporary = target.with_name(f"{target.name}.new")
        temporary.write_text(text)
        # Compiled code goes by the time in seconds and the size.
        time = target.stat().st_mtime + next(self._times)
        os.utime(temporary, (time, time))
        temporary.replace(target)

    def read(self, path: str) -> str:
        """
        Read a file of the package.
        """
        return (self.directory / "mwproxy" / path).read_text()

    def replace(self, path: str, old: str, new: str) -> None:
        """
        Change a file of the package.
        """
        text = self.read(path)
        assert old in text, (path, old)
        self.write(path, text.replace(old, new))

    def set_version(self, version: str) -> None:
        """
        Install another version.
        """
        text = self.read("__init__.py")
        self.write("__init__.py", re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', text))

    def hold(self) -> None:
        """
        Have successors wait right after the exec, from the next version on.
        """
        go = str(self.directory / "go")
        text = self.read("__init__.py") + _HOLD.format(inside=str(self.inside), go=go)
        self.write("__init__.py", text)

    def let_go(self) -> None:
        """
        Let a successor go on that was held, and those that follow.
        """
        (self.directory / "go").touch()

    def clean_up(self) -> None:
        """
        Remove it.
        """
        shutil.rmtree(self.directory, ignore_errors=True)
