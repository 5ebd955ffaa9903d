"""
The C{mwproxy} command: HAProxy's command line.

What is needed to run is imported once it is known what to run, so that C{-v} and mistakes answer at
once.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mwproxy import PRODUCT
from mwproxy.process.arguments import ArgumentError, Arguments, UsageError, parse_arguments
from mwproxy.process.lean import CHANNEL, REACTOR, import_lean, postpone_cookies
from mwproxy.process.settings import REEXEC_VARIABLE, Settings
from mwproxy.process.stdout import answer

if TYPE_CHECKING:
    from mwproxy.process.early import EarlyWorker
    from mwproxy.process.messages import Speaker
    from mwproxy.process.reexec import Arrival

USAGE = """\
Usage : {program} [-f <file or directory>]* [options] [-- <file or directory>*]
        -f <path>     read this configuration file, or the .cfg files of this directory
        -C <dir>      change to this directory first
        -c            check the configuration, say that it is valid and exit ; -q says nothing
        -cc <cond>    evaluate a condition and exit: 0 true, 1 false, 2 error
        -v | -vv      show the version | and what it runs on
        -W            run a master with workers ; -Ws also notify the service manager
        -S <addr>[,<option>...]   offer the master's console on this address
        -D            run in the background ; -db never do, whatever the configuration says
        -d            stay in the foreground, quiet off, show the traffic on standard output
        -q            print no messages ; -V print them whatever the configuration says
        -p <file>     write the pid to this file
        --notify-fd <n>   write a line feed to this descriptor once ready, and close it (s6)
        -sf|-st <pid>*   tell older processes to finish | to stop, once this one is ready
        -x <socket>   take the listening sockets over from an older process
        -n <number>   most connections of the process ; -N of each frontend
        -m <megabytes>   limit the memory of each process
        -L <name>     name of this peer (default: the host's name)
        -4            resolve names to IPv4 addresses only
        -dW           refuse to start if there is any warning ; -dD also print hints
        -dR           do not share ports (SO_REUSEPORT)
        -dr           start even if a server's name cannot be resolved
        -dV           do not verify certificates of servers
        -dS           do not use splice()
        -dC[key][,line]   print the configuration as it is read, with names hidden if there is a key
        -dK<class,...>    print what keywords exist ; -dKhelp lists the classes
"""


def usage(program: str) -> int:
    """
    Show the version on standard output and the usage on standard error.

    @param program: The program's name.

    @return: The exit status.
    """
    from mwproxy.observe.about import version_lines

    answer(*version_lines())
    sys.stderr.write(USAGE.format(program=Path(program).name))
    return 1


def main(argv: list[str] | None = None) -> int:
    """
    Run the command.

    @param argv: The arguments without the program's name, L{None} for those of the process.

    @return: The exit status.
    """
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["spoa"]:
        from mwproxy.spoa.run import main as run_spoa

        return run_spoa(words[1:])
    if argv is None:
        # The process is ours, and what it imports stays: looking for cycles in that is in vain.
        # Whoever stays enables it again.
        gc.disable()
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            # Until somebody handles it: it ends us, without a traceback.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    postpone_cookies()
    argv0 = _program()
    arrival = None
    if REEXEC_VARIABLE in os.environ:
        from mwproxy.process.reexec import NoInheritance, take_arrival

        try:
            arrival = take_arrival(os.environ, os.getpid(), os.getppid())
        except NoInheritance as error:
            _speaker(argv0).alert(f"Cannot take over: {error}")
            return 1
    try:
        arguments = parse_arguments(words, argv0)
    except UsageError as error:
        if error.alert:
            _speaker(argv0).alert(error.alert)
        return usage(argv0)
    except ArgumentError as error:
        _speaker(argv0).alert(str(error))
        return 1
    if arguments.version:
        from mwproxy.observe.about import build_lines, version_lines

        answer(*version_lines())
        if arguments.version > 1:
            answer(*build_lines())
        return 0
    early = _start_early(arguments) if arrival is None else None
    try:
        return _obey(arguments, arrival, early)
    finally:
        if early is not None:
            early.discard()


def _start_early(arguments: Arguments) -> EarlyWorker | None:
    """
    Start the first worker of a master that will be in this process and directory, as far as the
    command line tells; else who comes to know that does so (C{master/start.py}).
    """
    settings = arguments.settings
    elsewhere = settings.daemon or settings.directory or settings.check
    other = arguments.dump is not None or arguments.condition is not None
    if not settings.master or elsewhere or other or arguments.keywords is not None:
        return None
    from mwproxy.process.early import start_early

    return start_early(os.environ) if settings.files else None


def _obey(arguments: Arguments, arrival: Arrival | None, early: EarlyWorker | None) -> int:
    speaker = _speaker(arguments.settings.argv0)
    speaker.quiet = arguments.settings.quiet
    if arguments.condition is not None:
        return check_condition(arguments.condition, speaker)
    if arguments.keywords is not None:
        status = show_keywords(arguments.keywords, speaker)
        if status or not arguments.settings.files:
            return status
    return run(arguments, speaker, arrival, early)


def _speaker(argv0: str) -> Speaker:
    from mwproxy.process.messages import Speaker

    return Speaker(argv0)


def _program() -> str:
    name = sys.argv[0] or PRODUCT
    path = Path(name)
    return str(path.absolute()) if path.exists() else name


def check_condition(text: str, speaker: Speaker) -> int:
    """
    Do what C{-cc} asks for.

    @param text: The condition.

    @param speaker: Says what is wrong with it.

    @return: 0 when it is true, 1 when it is false, 2 when it cannot be read.
    """
    from mwproxy.config.conditions import ConditionError, evaluate

    try:
        return 0 if evaluate(text, _environment()) else 1
    except ConditionError as error:
        speaker.alert(f"config : Failed to evaluate condition: {error.reason}")
        return 2


def _environment() -> dict[str, str]:
    from mwproxy.process.environment import initial_environment, predefine

    return predefine(initial_environment(os.environ), master=False)


def show_keywords(text: str, speaker: Speaker) -> int:
    """
    Do what C{-dK} asks for.

    @param text: The classes.

    @param speaker: Says what is wrong with them.

    @return: 0, or 1 when there is no such class.
    """
    from mwproxy.core.families import PACKAGES
    from mwproxy.core.registry import load_family
    from mwproxy.observe.registered import FAMILIES, registered, unknown_classes

    unknown = unknown_classes(text)
    if unknown:
        speaker.alert(f"-dK option: unknown class '{unknown[0]}', '-dKhelp' lists the classes.")
        return 1
    for family in FAMILIES:
        load_family(PACKAGES[family])
    answer(*registered(text))
    return 0


def show_configuration(settings: Settings, text: str, speaker: Speaker) -> int:
    """
    Do what C{-dC} asks for.

    @param settings: Names the files.

    @param text: The option's own arguments.

    @param speaker: Says what cannot be read.

    @return: The exit status.
    """
    from mwproxy.config.dump import dump_file, parse_dump_options
    from mwproxy.config.files import cannot_open, expand_files
    from mwproxy.core.diagnostics import ConfigError

    public = _words_of_the_language()
    environment = _environment()
    options = parse_dump_options(text)
    try:
        files = expand_files([str(Path(settings.directory, name)) for name in settings.files])
    except ConfigError as error:
        speaker.alert(str(error))
        return 1
    for name in files:
        try:
            content = Path(name).read_text("utf-8", "surrogateescape")
        except OSError as error:
            speaker.alert(cannot_open(name, error))
            return 1
        answer(*dump_file(name, content, environment, options, public))
    return 0


def _words_of_the_language() -> set[str]:
    """
    Collect the words that are nobody's secret.
    """
    from mwproxy.core import families
    from mwproxy.core.registry import load_family
    from mwproxy.rules.acl import DERIVED

    names = [
        "http tcp if unless { } ! or || -i -m -f -- info debug notice err local0 found",
        *DERIVED,
    ]
    loaded = ("sample_fetches", "converters", "matchers", "actions", "balances")
    for family in ("keywords", *loaded):
        load_family(families.PACKAGES[family])
    for family in (*loaded, "bind_options", "server_options"):
        names += getattr(families, family).names()
    names += [each.name for each in families.all_keywords()]
    return {word for name in names for word in name.split()}


def run(
    arguments: Arguments,
    speaker: Speaker,
    arrival: Arrival | None = None,
    early: EarlyWorker | None = None,
) -> int:
    """
    Check or run what a command line asks for.

    @param arguments: The command line.

    @param speaker: Says what prevents it.

    @param arrival: What a former version of this process wants, L{None} for an ordinary start.

    @param early: A worker for the master, L{None} if it was not started yet.

    @return: The exit status.
    """
    from mwproxy.config.files import expand_files
    from mwproxy.core.diagnostics import ConfigError

    settings = arguments.settings
    try:
        files = expand_files([str(Path(settings.directory, name)) for name in settings.files])
    except ConfigError:
        # Whoever loads it says so, after the messages that belong before.
        files = list(settings.files)
    if not files and arrival is None:
        return usage(settings.argv0)
    if arguments.dump is not None:
        return show_configuration(settings, arguments.dump, speaker)
    if arrival is None:
        _remark(arguments, speaker)
    # A master that takes over is one, whatever its files say by now.
    master = settings.master or arrival is not None or _wants_master(settings)
    if settings.sockets:
        if not master:
            speaker.alert(
                "a master CLI socket was defined, but master-worker mode (-W) is not enabled."
            )
            return 1
        if not _sockets_are_fine(settings, speaker):
            return 1
    if settings.check:
        import_lean(REACTOR)
        from mwproxy.worker.standalone import check

        return check(settings)
    if master:
        import_lean(REACTOR, CHANNEL)
        from mwproxy.master.start import run_master

        if arrival is not None and arrival.facts is None:
            from mwproxy.tap import prove_fit

            return prove_fit()
        return run_master(settings, None if arrival is None else arrival.facts, early)
    import_lean(REACTOR)
    from mwproxy.worker.standalone import run_standalone

    return run_standalone(settings)


def _remark(arguments: Arguments, speaker: Speaker) -> None:
    """
    Say what of a command line is odd, or has no effect; and with C{-V} what there is to work with.
    """
    for text in arguments.warnings:
        speaker.warning(text)
    if arguments.trace:
        speaker.notice("'-dt' has no effect: this program has no traces.")
    for option in arguments.ignored:
        speaker.notice(f"'{option}' has no effect: it tunes what only HAProxy has.")
    settings = arguments.settings
    if settings.no_verify:
        speaker.notice("'-dV' has no effect: there is no TLS to servers.")
    if settings.verbose and not settings.check:
        from mwproxy.observe.about import filter_lines, poller_lines

        print(*poller_lines(), "", *filter_lines(), sep="\n", file=sys.stderr, flush=True)
        answer("Using epoll() as the polling mechanism.")


def _wants_master(settings: Settings) -> bool:
    from mwproxy.process.discovery import wants_master
    from mwproxy.process.environment import initial_environment

    return wants_master(settings, initial_environment(os.environ))


def _sockets_are_fine(settings: Settings, speaker: Speaker) -> bool:
    from mwproxy.config.console_settings import console_settings
    from mwproxy.console.spec import parse_console_spec
    from mwproxy.core.diagnostics import ConfigError

    try:
        lines = [line for each in settings.sockets for line in parse_console_spec(each)]
        if settings.check and any(console_settings(line).tls for line in lines):
            # Whoever starts reads them anyway.
            from mwproxy.console.ports import tls_problem

            for problem in filter(None, map(tls_problem, lines)):
                raise ConfigError(problem)
    except ConfigError as error:
        speaker.alert(f"config : {error}")
        speaker.alert("config : Can't create the master's CLI.")
        return False
    return True
