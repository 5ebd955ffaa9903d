"""
C{python -m mwproxy} is the C{mwproxy} command.
"""

from __future__ import annotations

import sys

from mwproxy.main import main

if __name__ == "__main__":
    sys.exit(main())
