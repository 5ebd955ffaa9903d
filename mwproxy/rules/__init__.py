"""
What configuration lines evaluate to: expressions, ACLs, rulesets, log formats.
"""
