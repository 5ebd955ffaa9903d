"""
Tests of L{mwproxy.console}.
"""
