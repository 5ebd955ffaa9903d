"""
The master process.
"""
