"""
Tests of C{mwproxy.config}.
"""
