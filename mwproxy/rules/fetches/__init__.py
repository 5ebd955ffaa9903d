"""
Sample fetches, one module per subject.
"""
