"""
C{mwproxyctl top}: the live view. What is shown and what keys do is pure; only C{screen} knows rich.
"""
