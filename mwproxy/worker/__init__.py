"""
A worker process, under a master or alone.
"""
