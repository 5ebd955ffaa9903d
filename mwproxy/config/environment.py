"""
The variables that configuration lines see.

Besides the environment proper there are pseudo variables about the line being read, and the
default log formats, which exist only while files are read (configuration manual 2.3 and 8.2).
"""

from __future__ import annotations

from mwproxy.config.log_formats import ENVIRONMENT


class Variables:
    """
    What a line can look up.

    @ivar environment: The environment, which C{setenv} and its like change.

    @ivar file: Name of the file being read.

    @ivar line: Number of the line being read.

    @ivar section: Name of the section, its kind when it has none, empty before the first.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.file = ""
        self.line = 0
        self.section = ""

    def lookup(self, name: str) -> str | None:
        """
        Get the value of a variable.

        @param name: Its name; pseudo variables begin with a dot.

        @return: The value, L{None} when it is not set.
        """
        if name == ".FILE":
            return self.file
        if name == ".LINE":
            return str(self.line)
        if name == ".SECTION":
            return self.section
        return self.environment.get(name)


class LogFormatVariables:
    """
    Lends the default log formats to an environment, as a context manager.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def __enter__(self) -> None:
        self._environment.update(ENVIRONMENT)

    def __exit__(self, *_: object) -> None:
        for name in ENVIRONMENT:
            self._environment.pop(name, None)
