"""
Log-format variables such as %ci and %Tr.
"""
