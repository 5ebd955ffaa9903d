"""
Tests of L{mwproxy.programs}.
"""
