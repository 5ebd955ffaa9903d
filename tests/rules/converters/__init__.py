"""
Tests of C{mwproxy/rules/converters}.
"""
