"""
Tests of C{mwproxy/rules/actions}.
"""
