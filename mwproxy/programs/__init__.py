"""
Program sections: sidecar children of the master.
"""
