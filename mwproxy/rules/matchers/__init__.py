"""
ACL match methods (-m).
"""
