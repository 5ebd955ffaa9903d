"""
C{python -m mwproxy.spoa module:agent} is C{mwproxy spoa module:agent}.
"""

from __future__ import annotations

import sys

from mwproxy.spoa.run import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
