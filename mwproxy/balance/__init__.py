"""
Load-balancing algorithms, one module each.
"""
