"""
One module per subject; each function is one configuration keyword.
"""
