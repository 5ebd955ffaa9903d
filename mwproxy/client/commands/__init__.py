"""
The commands of C{mwproxyctl}, one file per subject.
"""
