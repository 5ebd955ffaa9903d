"""
Tests of the demonstration origin.
"""
