"""
Tests of the vocabulary.
"""
