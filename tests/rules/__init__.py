"""
Tests of C{mwproxy/rules/}.
"""
