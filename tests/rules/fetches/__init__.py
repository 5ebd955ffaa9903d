"""
Tests of C{mwproxy/rules/fetches}.
"""
