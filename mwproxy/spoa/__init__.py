"""
A framework to write SPOE agents with: C{doc/spoe.md} tells how.
"""
