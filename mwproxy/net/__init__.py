"""
Input and output of the data plane.
"""
