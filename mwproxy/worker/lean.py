"""
To be imported before anything else by what is started as a process of its own: Twisted comes
without what no worker uses (L{mwproxy.process.lean}).
"""

from __future__ import annotations

import gc

from mwproxy.process.lean import CHANNEL, REACTOR, import_lean, postpone_cookies

# What is imported stays: looking for cycles in it is in vain.
gc.disable()
postpone_cookies()
import_lean(REACTOR, CHANNEL)
