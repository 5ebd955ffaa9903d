"""
Origin servers for the quickstart and the tests.
"""
