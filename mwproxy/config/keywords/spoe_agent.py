"""
Keywords of C{spoe-agent} sections, in the files that C{filter spoe} names (SPOE.txt 2.2).
"""

from __future__ import annotations

from mwproxy.config.keywords.log_targets import LOG_SYNTAX
from mwproxy.config.line import Line
from mwproxy.config.log_line import parse_log
from mwproxy.config.spoe_drafts import ODD_IN_VARIABLE, AgentDraft, GroupDraft, Used
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword
from mwproxy.core.values import BadValue, parse_integer, parse_time_ms

AGENT = "spoe-agent"


def one_word(line: Line) -> None:
    """
    Refuse more than one argument.

    @raise ConfigError: There is one more.
    """
    _at_most(line, 1)


def _at_most(line: Line, count: int) -> None:
    if len(line.args) > count:
        first = line.name.split()[0]
        raise ConfigError(f"'{first}' cannot handle unexpected argument '{line.args[count]}'.")


@keyword("messages", sections="spoe-agent spoe-group", high=None, syntax="<msg-name> ...")
def kw_messages(line: Line, section: AgentDraft | GroupDraft) -> None:
    """
    Name messages: of an agent, those that it gets at their events; of a group, its messages.
    """
    _use(line, section.messages, "spoe-message")


@keyword("groups", sections=AGENT, high=None, syntax="<grp-name> ...")
def kw_groups(line: Line, agent: AgentDraft) -> None:
    """
    Name the groups that C{send-spoe-group} may send to the agent.
    """
    _use(line, agent.groups, "spoe-group")


def _use(line: Line, used: list[Used], kind: str) -> None:
    for name in line.args:
        if any(each.name == name for each in used):
            line.diagnostics.alert(
                f"config : parsing [{line.where}]: {kind} '{name}' already used."
            )
        else:
            used.append(Used(name, line.where))


@keyword("use-backend", sections=AGENT, high=None, syntax="<backend>")
def kw_use_backend_of_agent(line: Line, agent: AgentDraft) -> None:
    """
    Name the backend whose servers are the agents; it is in C{mode spop} or C{mode tcp}.
    """
    if not line.args:
        raise ConfigError("'use-backend' expects a backend name.")
    one_word(line)
    agent.backend = line.args[0]


@keyword("register-var-names", sections=AGENT, high=None, syntax="<var-name> ...")
def kw_register_var_names(line: Line, agent: AgentDraft) -> None:
    """
    Let the agent set variables that are named nowhere in the configuration; without scope and
    prefix.
    """
    if not line.args:
        raise ConfigError("'register-var-names' expects one or more variable names.")
    agent.registered += [Used(name, line.where) for name in line.args]


@keyword("timeout hello", sections=AGENT, high=None, syntax="<timeout>")
def kw_timeout_hello(line: Line, agent: AgentDraft) -> None:
    """
    Limit the time until a new connection's AGENT-HELLO.
    """
    agent.timeout_hello_ms = duration(line)


@keyword("timeout idle", sections=AGENT, high=None, syntax="<timeout>")
def kw_timeout_idle(line: Line, agent: AgentDraft) -> None:
    """
    Close a connection on which nothing happened for that long.
    """
    agent.timeout_idle_ms = duration(line)


@keyword("timeout processing", sections=AGENT, high=None, syntax="<timeout>")
def kw_timeout_processing(line: Line, agent: AgentDraft) -> None:
    """
    Limit the time a stream waits for the answer to the messages of an event or group.
    """
    agent.timeout_processing_ms = duration(line)


@keyword("timeout", sections=AGENT, high=None, syntax="{hello | idle | processing} <timeout>")
def kw_timeout_of_agent(line: Line, _agent: AgentDraft) -> None:
    """
    The three below; others are refused.
    """
    if not line.args:
        raise ConfigError("'timeout' expects 'hello', 'idle' and 'processing'.")
    raise ConfigError(f"'timeout' supports 'hello', 'idle' or 'processing' (got {line.args[0]}).")


def duration(line: Line) -> int | None:
    """
    Read the value of a timeout.

    @return: Milliseconds, L{None} for 0, which is no limit.

    @raise ConfigError: It is none.
    """
    if not line.args:
        raise ConfigError(f"'{line.name}' expects an integer value (in milliseconds).")
    one_word(line)
    text = line.args[0]
    try:
        return parse_time_ms(text) or None
    except BadValue as error:
        if str(error).startswith("timer overflow"):
            raise ConfigError(
                f"timer overflow in argument <{text}> to <{line.name}>, maximum value is"
                " 2147483647 ms (~24.8 days)."
            ) from None
        raise ConfigError(f"{error} in '{line.name}'.") from None


@keyword("maxconnrate", sections=AGENT, high=None, syntax="<number>")
def kw_maxconnrate_of_agent(line: Line, agent: AgentDraft) -> None:
    """
    Limit the new connections to the agents, per second and worker; 0 for no limit.
    """
    agent.maxconnrate = _number(line, 0)


@keyword("maxerrrate", sections=AGENT, high=None, syntax="<number>")
def kw_maxerrrate(line: Line, agent: AgentDraft) -> None:
    """
    Ask the agents nothing more in a second that had that many errors; 0 for no limit.
    """
    agent.maxerrrate = _number(line, 0)


@keyword("max-waiting-frames", sections=AGENT, high=None, syntax="<number>")
def kw_max_waiting_frames(line: Line, agent: AgentDraft) -> None:
    """
    Limit the frames that wait for their answer on a connection, 20 by default.
    """
    agent.max_waiting_frames = _number(line, 1, "a positive")


def _number(line: Line, low: int, kind: str = "an") -> int:
    if not line.args:
        raise ConfigError(f"'{line.name}' expects an integer argument.")
    one_word(line)
    try:
        return parse_integer(line.args[0], low, 2**31 - 1)
    except BadValue:
        raise ConfigError(
            f"'{line.name}' expects {kind} integer argument (got '{line.args[0]}')."
        ) from None


@keyword("max-frame-size", sections=AGENT, high=None, syntax="<number>")
def kw_max_frame_size(line: Line, agent: AgentDraft) -> None:
    """
    Limit the size of frames in bytes: 256 to C{tune.bufsize} - 4, which is the default.
    """
    if not line.args:
        raise ConfigError("'max-frame-size' expects an integer argument.")
    one_word(line)
    agent.max_frame_size = line.args[0]
    agent.max_frame_size_at = line.where


@keyword("log", sections=AGENT, high=None, syntax=f"global | {LOG_SYNTAX}", negatable=True)
def kw_log_of_agent(line: Line, agent: AgentDraft) -> None:
    """
    Add a target of the agent's log lines, or those of C{global}.
    """
    if line.negated:
        if line.args:
            raise ConfigError("log : 'no log' does not expect arguments")
        agent.log_targets.clear()
        agent.log_global = False
    elif line.args == ["global"]:
        agent.log_global = True
    elif line.args[:1] == ["global"]:
        raise ConfigError(f"log : unknown log facility '{line.args[1]}'")
    else:
        agent.log_targets.append(parse_log(line.args))


@keyword("option pipelining", sections=AGENT, high=None, negatable=True)
def kw_option_pipelining(line: Line, agent: AgentDraft) -> None:
    """
    Send frames on a connection while others wait there for their answers; on by default.
    """
    _at_most(line, 0)
    agent.pipelining = not line.negated


@keyword("option dontlog-normal", sections=AGENT, high=None, negatable=True)
def kw_option_dontlog_normal_of_agent(line: Line, agent: AgentDraft) -> None:
    """
    Log errors only.
    """
    _at_most(line, 0)
    agent.dontlog_normal = not line.negated


@keyword("option async", sections=AGENT, high=None, negatable=True)
def kw_option_async(line: Line, _agent: AgentDraft) -> None:
    """
    Nothing: an answer has to come on the connection that the frame was sent on.
    """
    _at_most(line, 0)
    if not line.negated:
        line.warning(
            "'option async' has no effect in mwproxy: answers come on the connection of their"
            " frame ('option pipelining')."
        )


@keyword("option send-frag-payload", sections=AGENT, high=None, negatable=True)
def kw_option_send_frag_payload(line: Line, _agent: AgentDraft) -> None:
    """
    Nothing: frames are never cut into fragments.
    """
    _at_most(line, 0)
    if not line.negated:
        line.warning(
            "'option send-frag-payload' has no effect in mwproxy: messages that do not fit into a"
            " frame are an error ('max-frame-size')."
        )


@keyword("option continue-on-error", sections=AGENT, high=None)
def kw_option_continue_on_error(line: Line, agent: AgentDraft) -> None:
    """
    Send the messages of later events though an earlier one of the stream failed.
    """
    _at_most(line, 0)
    agent.continue_on_error = True


@keyword("option force-set-var", sections=AGENT, high=None)
def kw_option_force_set_var(line: Line, agent: AgentDraft) -> None:
    """
    Let the agent set variables of any name.
    """
    _at_most(line, 0)
    agent.force_set_var = True


@keyword("option var-prefix", sections=AGENT, high=None, syntax="<prefix>")
def kw_option_var_prefix(line: Line, agent: AgentDraft) -> None:
    """
    Set what the names of the agent's variables begin with, behind the scope; by default its name.
    """
    agent.var_prefix = _variable(line)


@keyword("option set-on-error", sections=AGENT, high=None, syntax="<var-name>")
def kw_option_set_on_error(line: Line, agent: AgentDraft) -> None:
    """
    Set a variable C{txn.PREFIX.NAME} to the reason when an event or group fails.
    """
    agent.set_on_error = _variable(line)


@keyword("option set-process-time", sections=AGENT, high=None, syntax="<var-name>")
def kw_option_set_process_time(line: Line, agent: AgentDraft) -> None:
    """
    Set a variable C{txn.PREFIX.NAME} to the milliseconds that the last event or group took.
    """
    agent.set_process_time = _variable(line)


@keyword("option set-total-time", sections=AGENT, high=None, syntax="<var-name>")
def kw_option_set_total_time(line: Line, agent: AgentDraft) -> None:
    """
    Set a variable C{txn.PREFIX.NAME} to the milliseconds that all events and groups took.
    """
    agent.set_total_time = _variable(line)


def _variable(line: Line) -> str:
    if not line.args:
        raise ConfigError(f"'{line.name}' expects a value.")
    one_word(line)
    name = line.args[0]
    if ODD_IN_VARIABLE.search(name):
        raise ConfigError(f"'{line.name}' only supports [a-zA-Z0-9_.] chars.")
    return name
