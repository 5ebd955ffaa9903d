"""
Tests for L{mwproxy.console.master_commands}.
"""
