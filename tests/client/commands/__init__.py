"""
Tests of the console's client.
"""
