"""
Decisions about sessions and streams; no sockets.
"""
