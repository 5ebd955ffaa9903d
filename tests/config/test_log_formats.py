"""
Tests for mwproxy/config/log_formats.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import log_formats
from mwproxy.config.model import Proxy
from mwproxy.core import compilers
from mwproxy.core.diagnostics import Diagnostics, Where


class Echo:
    """
    A compiler whose formats make their own text.
    """

    def log_format(self, text: str, *_: Any, http: bool = True) -> Callable[[Any], bytes]:
        """
        Make a function that returns the text.
        """
        return lambda stream: text.encode()


class LogFormatTests(SynchronousTestCase):
    """
    Tests for the default formats.
    """

    def test_http(self) -> None:
        """
        The HTTP format is that of manual 8.2.3.
        """
        self.assertEqual(
            log_formats.HTTP,
            "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc "
            "%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r",
        )

    def test_tcp(self) -> None:
        """
        The TCP format is that of manual 8.2.2.
        """
        self.assertEqual(
            log_formats.TCP,
            "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
        )

    def test_kinds_are_used(self) -> None:
        """
        A proxy gets the format and the name of its kind.
        """
        self.addCleanup(compilers._installed.__setitem__, slice(None), list(compilers._installed))
        compilers.install(Echo())  # type: ignore[arg-type]  # only log_format is called
        proxy = Proxy("frontend", "f")
        for kind, (text, _) in log_formats.KINDS.items():
            log_formats.use(proxy, kind, Where("", 1), Diagnostics(), "" if text else "%ci")
            self.assertEqual(proxy.log_format_kind, kind)
            assert proxy.log_format is not None
            self.assertEqual(proxy.log_format(None), (text or "%ci").encode())

    def test_environment(self) -> None:
        """
        Each format has its pseudo variable.
        """
        self.assertEqual(
            sorted(log_formats.ENVIRONMENT),
            [
                "HAPROXY_HTTPS_LOG_FMT",
                "HAPROXY_HTTP_CLF_LOG_FMT",
                "HAPROXY_HTTP_LOG_FMT",
                "HAPROXY_TCP_CLF_LOG_FMT",
                "HAPROXY_TCP_LOG_FMT",
            ],
        )
