"""
Statistics, start-up logs, notifications.
"""
