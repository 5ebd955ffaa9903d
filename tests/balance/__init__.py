"""
Tests for C{mwproxy/balance/}.
"""
