"""
Measurements of mwproxy, each beside HAProxy in the same run.
"""
