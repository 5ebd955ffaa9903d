"""
Tests of streams without a network.
"""
