"""
mwproxy: HAProxy's process management and proxying as a Twisted daemon.
"""

__version__ = "0.1.0"
RELEASE_DATE = "2026/11/20"
PRODUCT = "mwproxy"
