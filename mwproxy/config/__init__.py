"""
Configuration text to description.
"""
