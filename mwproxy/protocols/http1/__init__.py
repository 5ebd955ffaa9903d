"""
HTTP/1: heads, framing, chunked coding, as RFC 9112 asks of an intermediary.
"""
