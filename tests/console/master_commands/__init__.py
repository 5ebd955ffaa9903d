"""
Tests of L{mwproxy.console.master_commands}.
"""
