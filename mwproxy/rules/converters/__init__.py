"""
Sample converters, one module per subject.
"""
