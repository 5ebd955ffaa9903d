"""
Actions of http-request, http-response and their kin.
"""
