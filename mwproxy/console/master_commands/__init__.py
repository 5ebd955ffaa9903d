"""
Commands that the master executes.
"""
