"""
What the generated reference adds to the registries: how an entry differs from HAProxy 3.2,
and texts of options that share one function.

A test refuses names that no registry knows.
"""

from __future__ import annotations

#: Options, in words.
OPTIONS = {
    "option abortonclose": "Drop queued requests whose client has closed its side.",
    "option allbackups": "Use all backup servers together, not only the first.",
    "option clitcpka": "TCP keep-alive on the client's side.",
    "option contstats": "Count bytes while they pass, not at the end of a session.",
    "option dontlog-normal": "Log only what went wrong.",
    "option dontlognull": "Do not log connections that sent nothing.",
    "option http-ignore-probes": "No log and no 408 for connections that close or wait silently.",
    "option http-buffer-request": "Wait for the body of a request before `http-request` rules.",
    "option http-no-delay": "Send small pieces of bodies at once.",
    "option http-pretend-keepalive": "Do not tell servers that their connection will be closed.",
    "option idle-close-on-response": "In a soft stop idle connections get one more response.",
    "option independent-streams": "Count the timeouts of both directions apart.",
    "option log-health-checks": "Log each change of a check's result.",
    "option log-separate-errors": "Raise the level of failed exchanges to err.",
    "option logasap": "Log when the response's head has passed, not at its end.",
    "option nolinger": "Close with a reset.",
    "option persist": "Follow persistence cookies even to a server that is down.",
    "option prefer-last-server": "Prefer the server that the connection used last.",
    "option socket-stats": "Count each listener of a frontend apart.",
    "option splice-auto": "Let the kernel move bytes where that pays.",
    "option splice-request": "Let the kernel move the bytes of requests.",
    "option splice-response": "Let the kernel move the bytes of responses.",
    "option srvtcpka": "TCP keep-alive on the server's side.",
    "option tcp-smart-accept": "Save the acknowledgement of a request.",
    "option tcp-smart-connect": "Save the acknowledgement of a connection.",
}

_LIVE = "Needs level operator; HAProxy lets level user do it."
_NONE = "There are no stick tables: answers as HAProxy does without."
_EPOLL = "No effect: epoll is the only poller."
_OWN = "mwproxy's own."
_ENGINE = "No effect: it tunes HAProxy's own engine."

#: Names of all families, with what is different here.
DIFFERENCES = {
    "bind": "Extension: `fd@<name>` is a socket that a service manager passes by that name.",
    "bind-process": "HAProxy removed it in 2.5; here it goes with `nbproc`, as in 2.4.",
    "cpu-map": "The first set is one of workers (`nbproc`), as in HAProxy 2.4; of threads only the"
    " first counts.",
    "stats bind-process": "HAProxy removed it in 2.5; here it goes with `nbproc`, as in 2.4.",
    "nbproc": "HAProxy removed it in 2.5. Here it is how several CPUs are used: that many workers"
    " share the listening sockets and are replaced together.",
    "nbthread": "Values above 1 have no effect, with a notice: workers have one thread.",
    "program": "Needs no `expose-deprecated-directives`; programs do not outlive their master.",
    "expose-deprecated-directives": "Accepted; nothing needs it.",
    "master-worker": "Extension: `re-exec auto|always|never` says whether a reload replaces the"
    " master too: if the installed code has changed (the default), each time, or never."
    " `respawn [limit <number>]` replaces a serving worker that died (10 times in a row unless"
    " `limit` says otherwise; then its death counts as without it). `ready-timeout <time>` (60s)"
    " bounds how long a worker may take to load.",
    "mworker-max-reloads": "The default is 50, as in HAProxy 3.3.",
    "noepoll": _EPOLL,
    "nosplice": "Bodies and tunnels then pass through the worker's memory.",
    "option splice-auto": "Not needed: bytes that no rule looks at are spliced anyway.",
    "option splice-request": "Not needed: bytes that no rule looks at are spliced anyway.",
    "option splice-response": "Not needed: bytes that no rule looks at are spliced anyway.",
    "option tcp-smart-accept": "No effect: the system decides when to acknowledge.",
    "option tcp-smart-connect": "No effect: the system decides when to acknowledge.",
    "option independent-streams": "No effect: the timeouts of both directions count together.",
    "option persist": "No effect: there are no persistence cookies.",
    "option logasap": "No effect, with a warning: a stream is logged when it ends.",
    "option contstats": "No effect, with a warning: bytes are counted when a stream ends.",
    "maxqueue": "Counts with `balance source` only: with the other algorithms streams wait in the"
    " queue of the backend, for whichever server is free first.",
    "reg": "Python's `re`, not PCRE: possessive quantifiers, atomic groups and lookaheads are"
    " there, `\\K` and recursion are not.",
    "regsub": "Python's `re`, not PCRE.",
    "reload": "Answered for the content that this very reload loaded; a second reload waits."
    " Extension: with `confirm` it is taken back unless `reload confirmed` comes in time."
    " HAProxy ignores other words, here they are refused.",
    "hard-reload": "As `reload`; the old workers get TERM.",
    "reload confirmed": _OWN,
    "confirm": _OWN,
    "diff": _OWN,
    "rollback": _OWN,
    "show spoe": _OWN,
    "show generations": _OWN,
    "show generations diff": _OWN,
    "manhole": _OWN,
    "@*": _OWN,
    "show proc": "Extension: `json`.",
    "add server": "An option without its value is refused. See"
    " [console.md](console.md#servers-that-come-and-go).",
    "add map": _LIVE + " A payload is taken whole or not at all.",
    "add acl": _LIVE + " It takes a payload too.",
    "set map": _LIVE,
    "del map": _LIVE,
    "del acl": _LIVE,
    "clear map": _LIVE,
    "clear acl": _LIVE,
    "prepare map": _LIVE,
    "prepare acl": _LIVE,
    "commit map": _LIVE,
    "commit acl": _LIVE,
    "show map": "The number before an entry is no address; entries are counted once, not for each"
    " use.",
    "show acl": "As `show map`.",
    "show errors": "The reason in words where HAProxy shows the state of its parser.",
    "show activity": "Other figures.",
    "show fd": "Other figures: what a descriptor is, and whom it serves.",
    "show events": "There are no rings.",
    "show sess": "What is about HAProxy's engine is always zero; `susp` shows who has no timeout,"
    " or is there after it.",
    "show table": _NONE,
    "set table": _NONE,
    "clear table": _NONE,
    "set var": "A value that needs a session is refused.",
    "wait": "Not interrupted by a client that closes its sending side. `srv-unused` means"
    " `srv-removable`.",
    "set server": "A port beyond 65535, or with letters behind it, is refused. See"
    " [console.md](console.md#servers).",
    "set rate-limit": "`ssl-sessions` and `http-compression` limit nothing yet; letters are not"
    " taken for 0.",
    "set maxconn frontend": "Letters are not taken for 0.",
    "set maxconn global": "Letters are not taken for 0.",
    "maxconnrate": "Counts per worker, where there are several (`nbproc`).",
    "maxsessrate": "Counts per worker, where there are several (`nbproc`).",
    "rate-limit": "Counts per worker, where there are several (`nbproc`).",
    "help": "A master lists what the connection's level may run.",
    "tcp-request content": "Fewer actions. See [contents.md](contents.md).",
    "tcp-request connection": "Fewer actions. See [contents.md](contents.md).",
    "tcp-request session": "Fewer actions. See [contents.md](contents.md).",
    "tcp-request inspect-delay": "No effect, with a warning: rules are asked once, and always wait"
    " for agents.",
    "tcp-response inspect-delay": "No effect, with a warning: rules are asked once, and always wait"
    " for agents.",
    "req.body_param": "A string for ACLs too, as the manual says; HAProxy asks for `-m` there.",
    "tcp-response content": "Fewer actions; in HTTP mode the response's head is there. See"
    " [contents.md](contents.md).",
    "option http-buffer-request": "The bytes of chunked coding count too. See"
    " [contents.md](contents.md#bodies-of-requests).",
    "wait-for-body": "For requests only; see [contents.md](contents.md#bodies-of-requests).",
    "req.body_truncated": _OWN + " See [contents.md](contents.md#bodies-of-requests).",
    "pidfile": "Not readable by others unless `pidfile-mode 644` is given. See"
    " [management.md](management.md#pid-file).",
    "pidfile-mode": _OWN + " See [management.md](management.md#pid-file).",
    "kept-generations": _OWN + " See [console.md](console.md#generations).",
    "insecure-manhole-wanted": _OWN + " See [console.md](console.md#a-python-prompt).",
}


#: Functions behind keywords of C{program} sections: one name may mean something else elsewhere.
_PROGRAMS = frozenset(
    f"kw_{name}"
    for name in (
        "directory",
        "env",
        "listen_on",
        "log_output",
        "on_failure",
        "option_keep_unchanged",
        "option_start_after_stop",
        "ready",
        "restart",
        "rlimit",
        "stop_signal",
        "stop_timeout",
    )
)


#: The same for keywords of agent files and what has to do with them, by function.
_SPOE = {
    "kw_filter": "`spoe` is the only filter. Agents are asked by each worker on connections of its"
    " own.",
    "kw_failure": _OWN + " See [spoe.md](spoe.md).",
    "kw_timeout_of_message": _OWN + " See [spoe.md](spoe.md).",
    "kw_option_async": "No effect, with a warning; HAProxy 3.1 dropped it too.",
    "kw_option_send_frag_payload": "No effect, with a warning; HAProxy 3.1 dropped it too.",
    "kw_maxconnrate_of_agent": "What is no number is refused; HAProxy takes it for 0.",
    "kw_maxerrrate": "What is no number is refused; HAProxy takes it for 0.",
    "kw_max_waiting_frames": "Negative numbers are refused.",
    "kw_args": "More than 255 are refused: a frame cannot have them.",
    "kw_mode": "A backend of agents may stay in mode `tcp`, which `show stat` says then; HAProxy"
    " 3.1 turns it into `spop`. `log` is not supported.",
    "check_spop": "What is no frame of SPOP at all is refused at once; HAProxy waits for the rest"
    " of it.",
    "act_send_spoe_group": "Rules of a `defaults` section are refused, since filters are.",
    "kw_event": "An HTTP event in a proxy of mode tcp, which never happens, is warned of.",
    "kw_max_frame_size": "`tune.bufsize` counts wherever it stands.",
}


def difference(name: str, function: str) -> str:
    """
    Tell how an entry differs from HAProxy.

    @param name: Its spelling.

    @param function: The name of the function behind it.

    @return: A text, empty when nothing is known to differ.
    """
    if function in _PROGRAMS:
        return _OWN + " See [programs.md](programs.md)."
    if function in _SPOE:
        return _SPOE[function]
    if function == "kw_without_effect":
        return DIFFERENCES.get(name, _ENGINE)
    return DIFFERENCES.get(name, "")
