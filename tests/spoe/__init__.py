"""
Tests for L{mwproxy.spoe}.
"""
