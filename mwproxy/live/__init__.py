"""
Live state: what traffic and the CLI change.
"""
