"""
Tests for L{mwproxy.protocols.spop}.
"""
