"""
Tests for C{mwproxy/live/}.
"""
