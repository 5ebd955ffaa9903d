"""
From the text of a listing to values, one file per form. Pure.
"""
