"""
The conversation: lines that are edited, completed and remembered.
"""
