"""
Tests for C{mwproxy/net/checks/}.
"""
