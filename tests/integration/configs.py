"""
Configurations that several tests use.
"""

#: A generation that names itself; the word stands in angle brackets.
NAMED = """\
global
    master-worker no-exit-on-failure
defaults
    mode http
    timeout connect 2s
    timeout client 100s
    timeout server 100s
frontend web
    bind <listen:web>
    http-request return status 200 content-type text/plain string "<word>"
"""

#: HTTP and TCP in front of two origins.
BOTH_MODES = """\
global
    master-worker no-exit-on-failure
defaults
    mode http
    timeout connect 2s
    timeout client 100s
    timeout server 100s
frontend web
    bind <listen:web>
    default_backend pages
backend pages
    server one <origin>
listen relay
    bind <listen:relay>
    mode tcp
    server one <echo>
"""

#: A program beside the worker.
WITH_PROGRAM = (
    NAMED
    + """\
program side
    command <python> -c "import time, sys; print('side runs', flush=True); time.sleep(600)"
"""
)
