"""
The variables that configuration lines see.

Besides the environment proper there are pseudo variables about the line being read, and the
default log formats, which exist only while files are read (configuration manual 2.3 and 8.2).
"""

from __future__ import annotations

#: Present while files are read, absent afterwards.
LOG_FORMATS = {
    "HAPROXY_HTTP_LOG_FMT": (
        "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc "
        "%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
    ),
    "HAPROXY_HTTP_CLF_LOG_FMT": (
        '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc '
        "%ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl"
    ),
    "HAPROXY_HTTPS_LOG_FMT": (
        "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc "
        "%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r "
        "%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] "
        "%[ssl_fc_sni]/%sslv/%sslc"
    ),
    "HAPROXY_TCP_LOG_FMT": "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
    "HAPROXY_TCP_CLF_LOG_FMT": (
        '%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- '
        '%ac %fc %bc %sc %rc %sq %bq "" "" -- '
    ),
}


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
        self._environment.update(LOG_FORMATS)

    def __exit__(self, *_: object) -> None:
        for name in LOG_FORMATS:
            self._environment.pop(name, None)
