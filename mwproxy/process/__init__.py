"""
Processes: spawning, the control channel, listening sockets, signals.
"""
