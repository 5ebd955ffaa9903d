"""
The master's and the worker's consoles.
"""
