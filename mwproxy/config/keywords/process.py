"""
C{global}: how the processes run.

Those with C{discovery} are read by the master and again by the workers.
"""

from __future__ import annotations

import grp
import pwd
import re

from mwproxy.config.line import Line
from mwproxy.config.model import Global
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword
from mwproxy.core.values import BadValue, parse_integer, parse_time_ms

#: How often in a row C{respawn} replaces a worker unless C{limit} says otherwise.
RESPAWN_LIMIT = 10
_NODE = re.compile(r"[A-Za-z0-9._-]+")


def complain(line: Line, text: str) -> None:
    """
    Report an error in the form that has no blank before its colon.

    @param text: What is wrong.
    """
    line.diagnostics.alert(f"config : parsing [{line.where}]: {text}")


def no_effect(line: Line, why: str = "") -> None:
    """
    Tell that a keyword is understood and changes nothing.

    @param why: What to do or know instead; may be empty.
    """
    line.diagnostics.notice(
        f"'{line.name}' has no effect in mwproxy{'; ' if why else ''}{why}.", line.where
    )


def already_specified(line: Line, text: str = "") -> None:
    """
    Object to a second line of a kind: the first one stays.

    @param text: How the message begins, if not with the keyword.
    """
    line.diagnostics.objection(
        f"{text or repr(line.name)} already specified. Continuing.", line.where
    )


def whole_number(line: Line, what: str = "an integer argument") -> int:
    """
    Read the one argument as a number of at least 0.

    @param what: What messages say is expected.

    @return: The number.

    @raise ConfigError: It is missing or none.
    """
    try:
        return parse_integer(line.args[0], 0, 2**31 - 1)
    except (IndexError, BadValue):
        raise ConfigError(f"'{line.name}' expects {what}.") from None


def _duration(line: Line) -> int:
    if not line.args:
        raise ConfigError(f"'{line.name}' expects <time> as argument.")
    try:
        return parse_time_ms(line.args[0])
    except BadValue as error:
        if "overflow" in str(error):
            raise ConfigError(
                f"timer overflow in argument '{line.args[0]}' to <{line.name}>"
                " (maximum value is 2147483647 ms or ~24.8 days)."
            ) from None
        raise ConfigError(f"{error} in argument to <{line.name}>.") from None


@keyword("daemon", sections="global", discovery=True)
def kw_daemon(line: Line, section: Global) -> None:
    """
    Go to the background once everything has started.
    """
    section.daemon = True


@keyword("master-worker", sections="global", high=None, syntax="[<option>]", discovery=True)
def kw_master_worker(line: Line, section: Global) -> None:
    """
    Run a master that supervises workers; C{no-exit-on-failure} keeps it when a worker dies.

    C{re-exec}, an extension, says when a reload replaces the master too: C{auto}, the default, if
    the installed code has changed.

    Two more extensions: C{respawn} replaces a serving worker that died, at once, with the
    configuration that it had; C{limit} (10) says how often in a row before its death counts as it
    would without. C{ready-timeout} (60s) is how long a worker may take to load.
    """
    words = iter(line.args)
    for word in words:
        if word == "exit-on-failure":
            section.exit_on_failure = True
        elif word == "no-exit-on-failure":
            section.exit_on_failure = False
        elif word == "re-exec":
            when = next(words, "")
            if when not in ("auto", "always", "never"):
                raise ConfigError(
                    f"'{line.name}' : 're-exec' expects 'auto', 'always' or 'never' (got '{when}')."
                )
            section.reexec = when
        elif word == "respawn":
            section.respawn_limit = section.respawn_limit or RESPAWN_LIMIT
        elif word == "limit" and section.respawn_limit is not None:
            section.respawn_limit = _respawn_limit(line, next(words, ""))
        elif word == "ready-timeout":
            section.ready_timeout_ms = _ready_timeout(line, next(words, ""))
        else:
            raise ConfigError(f"'{line.name}' only supports 'no-exit-on-failure' option.")
    section.master_worker = True


def _respawn_limit(line: Line, word: str) -> int:
    try:
        return parse_integer(word, 1, 2**31 - 1)
    except BadValue:
        raise ConfigError(
            f"'{line.name}' : 'respawn limit' expects a number above 0 (got '{word}')."
        ) from None


def _ready_timeout(line: Line, word: str) -> int:
    try:
        value = parse_time_ms(word)
    except BadValue:
        value = 0
    if not value:
        raise ConfigError(f"'{line.name}' : 'ready-timeout' expects a time above 0 (got '{word}').")
    return value


@keyword("mworker-max-reloads", sections="global", high=1, syntax="<number>", discovery=True)
def kw_mworker_max_reloads(line: Line, section: Global) -> None:
    """
    How many reloads a leaving worker survives.
    """
    if not line.args:
        raise ConfigError(f"'{line.name}' expects an integer argument.")
    try:
        value = parse_integer(line.args[0])
    except BadValue:
        raise ConfigError(f"'{line.name}' expects an integer argument.") from None
    if value < 0:
        raise ConfigError(f"'{line.name}' : invalid value {value}, must be >= 0")
    section.mworker_max_reloads = value


@keyword("nbproc", sections="global", high=1, syntax="<number>", discovery=True)
def kw_nbproc(line: Line, section: Global) -> None:
    """
    How many workers share the traffic.
    """
    value = whole_number(line)
    if not 1 <= value <= 64:
        raise ConfigError(f"'{line.name}' value must be between 1 and 64 (was {value})")
    section.nbproc = value


@keyword("nbthread", sections="global", high=1, syntax="<number>")
def kw_nbthread(line: Line, section: Global) -> None:
    """
    Accepted: workers have one thread; several processors need C{nbproc}.
    """
    try:
        value = parse_integer(line.args[0])
    except (IndexError, BadValue):
        got = line.args[0] if line.args else ""
        raise ConfigError(
            f"'{line.name}' passed a missing or unparsable integer value in '{got}'"
        ) from None
    if not 1 <= value <= 64:
        raise ConfigError(f"'{line.name}' value must be between 1 and 64 (was {value})")
    section.nbthread = value
    if value > 1:
        no_effect(line, f"workers are single-threaded, 'nbproc {value}' runs that many of them")


@keyword("maxconn", sections="global", high=1, syntax="<number>")
def kw_maxconn(line: Line, section: Global) -> None:
    """
    Most concurrent connections of a process.
    """
    value = whole_number(line)
    if section.maxconn is not None:
        already_specified(line)
    else:
        section.maxconn = value


@keyword("ulimit-n", sections="global", high=1, syntax="<number>", discovery=True)
def kw_ulimit_n(line: Line, section: Global) -> None:
    """
    Most file descriptors of a process.
    """
    value = whole_number(line)
    if section.ulimit_n is not None:
        already_specified(line)
    else:
        section.ulimit_n = value


@keyword("pidfile", sections="global", high=1, syntax="<file>", discovery=True)
def kw_pidfile(line: Line, section: Global) -> None:
    """
    Where the process writes its PID.
    """
    if not line.args:
        raise ConfigError(f"'{line.name}' expects a file name as an argument.")
    if section.pidfile:
        already_specified(line)
    else:
        section.pidfile = line.args[0]
        section.pidfile_at = line.where


@keyword("pidfile-mode", sections="global", high=1, syntax="<mode>", discovery=True)
def kw_pidfile_mode(line: Line, section: Global) -> None:
    """
    Permissions of the pid file, in octal, whatever the umask is (600 unless said); 644 for a
    monitor of another user. The owner has to be able to read it, nobody else to write it.
    """
    text = line.args[0] if line.args else ""
    if re.fullmatch(r"0?[0-7]{3}", text, re.ASCII) is None:
        raise ConfigError(f"'{line.name}' expects three octal digits such as 644 (got '{text}').")
    mode = int(text, 8)
    if mode & 0o022:
        raise ConfigError(
            f"'{line.name}' : with mode {text} others than the owner could write into the file"
            " whom '-sf' and '-st' are to signal; 644 lets them read it."
        )
    if not mode & 0o400:
        raise ConfigError(f"'{line.name}' : with mode {text} its owner could not read the file.")
    section.pidfile_mode = mode


@keyword("quiet", sections="global", discovery=True)
def kw_quiet(line: Line, section: Global) -> None:
    """
    Print nothing while starting.
    """
    section.quiet = True


@keyword("zero-warning", sections="global", discovery=True)
def kw_zero_warning(line: Line, section: Global) -> None:
    """
    Refuse to start when there are warnings.
    """
    section.zero_warning = True


@keyword("chroot", sections="global", high=1, syntax="<directory>")
def kw_chroot(line: Line, section: Global) -> None:
    """
    The directory that becomes a worker's root.
    """
    if not line.args:
        raise ConfigError(f"'{line.name}' expects a directory as an argument.")
    if section.chroot:
        already_specified(line)
    else:
        section.chroot = line.args[0]


@keyword("user", sections="global", high=1, syntax="<name>")
def kw_user(line: Line, section: Global) -> None:
    """
    The user that workers become.
    """
    if section.uid is not None:
        already_specified(line, "user/uid")
        return
    name = line.args[0] if line.args else ""
    try:
        section.uid = pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):
        raise ConfigError(f"cannot find user id for '{name}' (0:Success)") from None
    section.user = name


@keyword("group", sections="global", high=1, syntax="<name>")
def kw_group(line: Line, section: Global) -> None:
    """
    The group that workers become members of.
    """
    if section.gid is not None:
        already_specified(line, "gid/group was")
        return
    name = line.args[0] if line.args else ""
    try:
        section.gid = grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise ConfigError(f"cannot find group id for '{name}' (0:Success)") from None
    section.group = name


@keyword("uid", sections="global", high=1, syntax="<number>")
def kw_uid(line: Line, section: Global) -> None:
    """
    The number of the user that workers become.
    """
    if section.uid is not None:
        already_specified(line, "user/uid")
        return
    section.uid = _identity(line, "user")


@keyword("gid", sections="global", high=1, syntax="<number>")
def kw_gid(line: Line, section: Global) -> None:
    """
    The number of the group that workers become members of.
    """
    if section.gid is not None:
        already_specified(line, "group/gid")
        return
    section.gid = _identity(line, "group")


def _identity(line: Line, other: str) -> int:
    if not line.args:
        raise ConfigError(f"'{line.name}' expects an integer argument.")
    try:
        return parse_integer(line.args[0], 0, 2**32 - 2)
    except BadValue:
        raise ConfigError(
            f"{line.name}: string '{line.args[0]}' is not a number.\n   | You might want to use"
            f" the '{other}' parameter to use a system {other} name."
        ) from None


@keyword("hard-stop-after", sections="global", high=1, syntax="<time>")
def kw_hard_stop_after(line: Line, section: Global) -> None:
    """
    How long a worker that leaves waits for its connections.
    """
    section.hard_stop_after_ms = _duration(line)


@keyword("grace", sections="global", high=1, syntax="<time>")
def kw_grace(line: Line, section: Global) -> None:
    """
    How long a worker that is asked to leave still accepts.
    """
    section.grace_ms = _duration(line)


@keyword("close-spread-time", sections="global", high=1, syntax="<time>")
def kw_close_spread_time(line: Line, section: Global) -> None:
    """
    The time over which a leaving worker closes idle connections; C{infinite} for never.
    """
    if line.args == ["infinite"]:
        section.close_spread_time_ms = -1
    else:
        section.close_spread_time_ms = _duration(line)


@keyword("node", sections="global", high=1, syntax="<name>")
def kw_node(line: Line, section: Global) -> None:
    """
    What the console calls this machine.
    """
    if not line.args or _NODE.fullmatch(line.args[0]) is None:
        complain(
            line,
            "'node' requires valid node name - non-empty string with digits(0-9),"
            " letters(A-Z, a-z), dot(.), hyphen(-) or underscode(_).",
        )
    else:
        section.node = line.args[0]


@keyword("description", sections="global", high=None, syntax="<text>")
def kw_description(line: Line, section: Global) -> None:
    """
    What the console says about this instance.
    """
    if not line.args:
        complain(line, "'description' expects a string argument.")
    else:
        section.description = " ".join(line.args)


@keyword("localpeer", sections="global", high=1, syntax="<name>", discovery=True)
def kw_localpeer(line: Line, section: Global) -> None:
    """
    The name of this machine among peers.
    """
    if not line.args:
        raise ConfigError(f"'{line.name}' expects a name as an argument.")
    section.localpeer = line.args[0]
    line.environment["HAPROXY_LOCALPEER"] = line.args[0]


@keyword("stats timeout", sections="global", high=1, syntax="<time>")
def kw_stats_timeout(line: Line, section: Global) -> None:
    """
    How long a console may be idle.
    """
    try:
        section.stats_timeout_ms = parse_time_ms(line.args[0])
    except IndexError:
        raise ConfigError(f"'{line.name}' expects <time> as argument.") from None
    except BadValue as error:
        raise ConfigError(f"'{line.name}' : {error}") from None


@keyword("stats maxconn", sections="global", high=1, syntax="<number>")
def kw_stats_maxconn(line: Line, section: Global) -> None:
    """
    Most console connections at a time.
    """
    try:
        section.stats_maxconn = parse_integer(line.args[0], 1, 2**31 - 1)
    except (IndexError, BadValue):
        raise ConfigError(f"'{line.name}' expects a positive value") from None


@keyword("expose-deprecated-directives", sections="global", discovery=True)
def kw_expose_deprecated_directives(line: Line, section: Global) -> None:
    """
    Accepted: C{program} sections need no such leave here.
    """


@keyword("expose-experimental-directives", sections="global", discovery=True)
def kw_expose_experimental_directives(line: Line, section: Global) -> None:
    """
    Accepted: no keyword needs such leave here.
    """
