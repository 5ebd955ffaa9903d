"""
The plain health check: a server that accepts connections is fine.
"""

from __future__ import annotations

from mwproxy.core.families import health_check
from mwproxy.live.servers import Server
from mwproxy.net.checks.result import Result


class TcpDialog:
    """
    Nothing is said.
    """

    request = b""
    broken = "L7RSP"

    def received(self, data: bytes) -> Result | None:
        """
        Take what nobody asked for.
        """
        return Result("L4OK")


@health_check("tcp")
def check_tcp(server: Server) -> TcpDialog:
    """
    Check that a connection can be made.
    """
    return TcpDialog()
