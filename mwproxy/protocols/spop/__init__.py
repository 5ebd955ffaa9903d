"""
SPOP 2.0, the protocol between an engine such as HAProxy and its agents (SPOE.txt, 3).
"""
