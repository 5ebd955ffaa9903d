"""
Why an event or group failed, as C{option set-on-error} and the log have it (SPOE.txt 2.2).
"""

from __future__ import annotations

#: It took too long.
TIMED_OUT = 1
#: There is no server, or too many wait for one.
NO_RESOURCES = 2
#: The frame is larger than the agent takes.
TOO_BIG = 3
#: The stream has ended meanwhile.
INTERRUPTED = 5
#: Something else.
UNKNOWN = 255
#: Added to the status of a DISCONNECT frame.
SPOP = 256
