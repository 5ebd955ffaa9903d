"""
Tests of L{mwproxy.worker}.
"""
