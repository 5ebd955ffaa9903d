"""
Tests of C{mwproxy/rules/matchers}.
"""
