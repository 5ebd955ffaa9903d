"""
Tests of C{mwproxy/rules/log_aliases}.
"""
