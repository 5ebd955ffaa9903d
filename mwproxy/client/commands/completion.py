"""
C{mwproxyctl completion}: what bash and zsh need to complete its command line. Written from the
parsers, so that it never lacks an option.
"""

from __future__ import annotations

import argparse

from mwproxy.client.command import DONE, MODULES, ClientCommand, client_commands, load

#: First words of the consoles' own commands. Those that lower a level or switch a prompt make no
#: sense for one command.
_WORDS = (
    "abort add clear commit del disable echo enable get hard-reload help new prepare rollback set"
    " show shutdown wait"
)
#: Second words, by the first one: those that every console has.
_SECOND = {
    "show": "acl activity backend cli env errors events fd generations info map proc schema"
    " servers sess ssl startup-logs stat table version",
    "set": "map maxconn profiling rate-limit server severity-output ssl table timeout var weight",
    "enable": "agent frontend health server",
    "disable": "agent frontend health server",
    "shutdown": "frontend session sessions",
    "clear": "acl counters map table",
}
#: Options whose argument is a file.
_FILES = "-s|--socket|--cert|--key|--ca"


def options(parser: argparse.ArgumentParser) -> dict[str, bool]:
    """
    List the options of a parser.

    @param parser: One.

    @return: For each spelling whether an argument follows.
    """
    return {
        word: action.nargs != 0
        for action in parser._actions
        for word in action.option_strings
        if action.help != argparse.SUPPRESS
    }


def bash_script() -> str:
    """
    Write the completion for bash.
    """
    from mwproxy.client.main import command_parser, make_parser

    main = options(make_parser(texts=False))
    valued = "|".join(sorted(word for word, takes in main.items() if takes))
    cases = [
        f"    {name}) options='{' '.join(sorted(options(command_parser(name))))}' ;;"
        for name in sorted(MODULES)
    ]
    second = [f"    {name}) words='{words}' ;;" for name, words in sorted(_SECOND.items())]
    return f"""\
# bash completion for mwproxyctl, written by 'mwproxyctl completion bash'

_mwproxyctl() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  local command='' index options='' words=''
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case ${{COMP_WORDS[index]}} in
    {valued}) ((index++)) ;;
    -*) ;;
    *) command=${{COMP_WORDS[index]}}; break ;;
    esac
  done
  case $previous in
  {_FILES}) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  if [[ -z $command ]]; then
    options='{" ".join(sorted(main))}'
    words='{" ".join(sorted(MODULES))} {_WORDS}'
  else
    case $command in
{chr(10).join(cases)}
    *) options='--json' ;;
    esac
    if ((COMP_CWORD == index + 1)); then
      case $command in
    completion) words='bash zsh' ;;
    reload) words='confirm confirmed' ;;
{chr(10).join(second)}
      esac
    fi
  fi
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}}

complete -o bashdefault -F _mwproxyctl mwproxyctl
"""


def zsh_script() -> str:
    """
    Write the completion for zsh.
    """
    from mwproxy.client.main import command_parser, make_parser

    commands = "\n".join(f"    {_quoted(f'{name}:{load(name).text}')}" for name in sorted(MODULES))
    cases = "\n".join(
        f"      {name}) _arguments -s \\\n{_zsh_options(command_parser(name))}"
        f"        '*:argument:{_zsh_words(name)}' ;;"
        for name in sorted(MODULES)
    )
    second = "\n".join(
        f"      {name}) _arguments '1: :({words})' '*: :' ;;"
        for name, words in sorted(_SECOND.items())
    )
    return f"""\
#compdef mwproxyctl
# zsh completion for mwproxyctl, written by 'mwproxyctl completion zsh'

_mwproxyctl() {{
  local context state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
{commands}
  )
  _arguments -s -S \\
{_zsh_options(make_parser(texts=False))}    '1: :->command' \\
    '*:: :->argument'
  case $state in
    command)
      _describe -t commands command commands
      _values -w 'console command' {_WORDS}
      ;;
    argument)
      case $line[1] in
{cases}
{second}
      esac
      ;;
  esac
}}

if [[ $funcstack[1] == _mwproxyctl ]]; then
  _mwproxyctl "$@"
else
  compdef _mwproxyctl mwproxyctl
fi
"""


def _zsh_words(name: str) -> str:
    return {"completion": "(bash zsh)", "reload": "(confirm confirmed)"}.get(name, " ")


def _zsh_options(parser: argparse.ArgumentParser) -> str:
    lines = []
    for action in parser._actions:
        if not action.option_strings or action.help == argparse.SUPPRESS:
            continue
        text = (action.help or "").replace("%%", "%").replace("[", "(").replace("]", ")")
        text = text.replace(":", "\\:")
        value = ""
        if action.nargs != 0:
            files = any(word in _FILES.split("|") for word in action.option_strings)
            value = f":{action.metavar}:{'_files' if files else ' '}"
        excluded = " ".join(action.option_strings)
        for word in action.option_strings:
            lines.append(f"    {_quoted(f'({excluded}){word}[{text}]{value}')} \\\n")
    return "".join(lines)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the options.
    """
    parser.add_argument("shell", choices=("bash", "zsh"), help="for which shell")


def run(options: argparse.Namespace) -> int:
    """
    Write the script.

    @param options: The command line.

    @return: The exit status.
    """
    print(bash_script() if options.shell == "bash" else zsh_script(), end="")
    return DONE


client_commands.register(
    "completion", ClientCommand("write completion for a shell", add_arguments, run)
)
