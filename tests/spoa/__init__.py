"""
Tests for L{mwproxy.spoa}.
"""
