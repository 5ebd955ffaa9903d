"""
The engine of C{filter spoe} at work: it asks agents about streams (SPOE.txt).
"""
