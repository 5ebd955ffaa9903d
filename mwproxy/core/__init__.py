"""
The vocabulary: registries, diagnostics, values, addresses. Imports nothing of mwproxy or Twisted.
"""
