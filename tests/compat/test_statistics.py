"""
Figures of C{show stat} after the same traffic, compared with HAProxy.
"""

from __future__ import annotations

import csv
import io

from tests.compat.outcomes import CompatTestCase
from tests.compat.test_requests import CONFIG
from tests.integration.clients import request
from tests.integration.harness import Proxy
from tests.integration.origins import Origin

COLUMNS = """
    pxname svname stot dreq dresp ereq econ eresp wretr wredis status weight
    act bck pid iid sid lbtot type hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other
    req_tot mode algo conn_tot intercepted qcur qmax
"""
TRAFFIC = (
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /denied HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /moved HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
)


class StatisticsTests(CompatTestCase):
    """
    Tests of figures.
    """

    def test_figures(self) -> None:
        """
        Each proxy and server counts the same.
        """
        origin = Origin()
        self.addCleanup(origin.stop)

        def script(proxy: Proxy) -> dict[str, str]:
            for sent in TRAFFIC:
                request(proxy.port("web"), sent)
            answer = proxy.master_cli("@1 show stat").removeprefix("# ")
            return {
                f"{row['pxname']}/{row['svname']}/{column}": row[column]
                for row in csv.DictReader(io.StringIO(answer))
                for column in COLUMNS.split()
                if row["pxname"] in ("web", "first", "second")
            }

        self.compare(CONFIG, script, lambda: {"origin": origin.address})
