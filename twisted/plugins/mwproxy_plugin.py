"""
Tells twistd of C{twistd mwproxy}.
"""

from twisted.application.service import ServiceMaker

mwproxy = ServiceMaker(
    "mwproxy",
    "mwproxy.tap",
    "HAProxy's process management and proxying as a Twisted daemon",
    "mwproxy",
)
