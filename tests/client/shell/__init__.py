"""
Tests of the conversation.
"""
