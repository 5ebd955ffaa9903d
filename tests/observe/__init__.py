"""
Tests of L{mwproxy.observe}.
"""
