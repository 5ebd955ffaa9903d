"""
C{mwproxyctl}: the console's client for people and for scripts.
"""
