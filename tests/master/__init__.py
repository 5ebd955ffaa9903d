"""
Tests of L{mwproxy.master}.
"""
