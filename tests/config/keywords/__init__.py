"""
Tests of C{mwproxy.config.keywords}.
"""
