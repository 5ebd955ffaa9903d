"""
Commands that a worker executes, one module per noun.
"""
