"""
Finds the agent that a command line names.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from mwproxy.spoa.agent import Agent
from mwproxy.spoa.binding import BadSignature


class NoAgent(Exception):
    """
    There is no such agent; the text says why.
    """


def load_agent(target: str) -> Agent:
    """
    Import an agent.

    @param target: C{module:name} or C{path/to/file.py:name}; without a name it is C{agent}. The
        directory that we are in is searched first.

    @return: The agent.

    @raise NoAgent: There is none, or its code fails; the text has the traceback then.
    """
    where, _, name = target.partition(":")
    name = name or "agent"
    module = _load(where)
    found: object = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, Agent):
        known = [key for key, value in vars(module).items() if isinstance(value, Agent)]
        hint = f"; it has {', '.join(known)}" if known else "; 'agent = Agent()' makes one"
        raise NoAgent(f"'{where}' has no agent '{name}'{hint}")
    if not found.entries:
        raise NoAgent(f"agent '{name}' of '{where}' has no function for any message")
    return found


def _load(where: str) -> ModuleType:
    try:
        if where.endswith(".py") or "/" in where:
            return _load_file(where)
        sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(where)
    except (BadSignature, NoAgent) as error:
        raise NoAgent(f"'{where}' cannot be loaded: {error}") from None
    except ModuleNotFoundError as error:
        if error.name is not None and (where == error.name or where.startswith(f"{error.name}.")):
            raise NoAgent(f"there is no module '{where}' here ({Path.cwd()})") from None
        raise NoAgent(f"'{where}' cannot be loaded: {error}") from None
    except Exception:
        raise NoAgent(f"'{where}' cannot be loaded:\n{traceback.format_exc()}") from None


def _load_file(where: str) -> ModuleType:
    path = Path(where)
    if not path.is_file():
        raise NoAgent("there is no such file")
    # What stands beside the file can be imported by it.
    sys.path.insert(0, str(path.absolute().parent))
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NoAgent("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
