"""
Tests of L{mwproxy.console.worker_commands}.
"""
