"""
Tests of mwproxy.
"""
