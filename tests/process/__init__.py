"""
Tests of L{mwproxy.process}.
"""
