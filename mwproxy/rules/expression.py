"""
Sample expressions: a fetch and its converters, compiled to one function of the stream.

Configuration manual 7.3. The function returns L{None} when the fetch has no value or a converter
fails; each step is called with a value only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from mwproxy.core import families
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.registry import UnknownName
from mwproxy.rules.arguments import convert_arguments, split_arguments
from mwproxy.rules.casts import CannotCast, cast
from mwproxy.rules.context import NEEDS, Context
from mwproxy.rules.unsupported import CONVERTERS, FETCHES

Function = TypeVar("Function", bound=Callable[..., Any])
Sampler = Callable[[Any], Any]
_END = "(,"

#: Fetches whose direction follows the ruleset they stand in.
BY_DIRECTION = {"hdr": "res.hdr", "cookie": "res.cook"}


def prepared(function: Function) -> Function:
    """
    Mark a converter that is called once per use: with the context and its arguments it returns the
    function that converts a sample.

    @return: The same function.
    """
    function.__dict__["prepared"] = "sample"
    return function


def with_stream(function: Function) -> Function:
    """
    The same for converters that look at the stream: the returned function takes sample and
    stream.

    @return: The same function.
    """
    function.__dict__["prepared"] = "stream"
    return function


@dataclass(frozen=True, slots=True)
class Expression:
    """
    A compiled expression.

    @ivar sample: Gives one value for a stream, or L{None}.

    @ivar values: L{None} for most; else gives all values in turn, for ACLs.

    @ivar gives: Type of the values.

    @ivar phases: Where the fetch has a value.

    @ivar fetch: Name of the fetch; C{plain} when nothing converts it.

    @ivar arguments: What the fetch was given.
    """

    sample: Sampler
    values: Callable[[Any], Iterable[Any]] | None
    gives: str
    phases: frozenset[str]
    fetch: str
    plain: bool
    arguments: tuple[Any, ...]


def split_name(text: str, position: int = 0) -> tuple[str, int]:
    """
    Read the name of a fetch or converter.

    @return: The name, and the position behind it.
    """
    end = position
    while end < len(text) and text[end] not in _END:
        end += 1
    return text[position:end], end


def find_fetch(name: str) -> families.SampleFetch:
    """
    Look a sample fetch up.

    @return: Its entry.

    @raise ConfigError: There is none of that name.
    """
    if not name:
        raise ConfigError("missing fetch method")
    try:
        return families.sample_fetches.get(name)
    except UnknownName as error:
        if name in FETCHES:
            raise ConfigError(f"fetch method '{name}' is not supported by mwproxy") from None
        raise ConfigError(f"unknown fetch method '{name}'{guess(error.nearest)}") from None


def find_converter(name: str) -> families.Converter:
    """
    Look a converter up.

    @return: Its entry.

    @raise ConfigError: There is none of that name.
    """
    try:
        return families.converters.get(name)
    except UnknownName as error:
        if name in CONVERTERS:
            raise ConfigError(f"converter '{name}' is not supported by mwproxy") from None
        raise ConfigError(f"unknown converter '{name}'{guess(error.nearest)}") from None


def guess(nearest: str) -> str:
    """
    Word a guess at what was meant.

    @return: Empty when there is none.
    """
    return f"; did you mean '{nearest}' maybe?" if nearest else ""


def compile_expression(
    text: str, context: Context, *, fetch: str = "", more: tuple[str, ...] = ()
) -> tuple[Expression, int]:
    """
    Compile an expression.

    @param text: One word such as C{req.hdr(host),lower}.

    @param fetch: The fetch to use in place of the one that is named; empty for that one.

    @param more: Words behind it, which may be converters too.

    @return: The expression, and how many of C{more} it took.

    @raise ConfigError: It is no expression.
    """
    name, position = split_name(text)
    if not fetch and context.response:
        name = BY_DIRECTION.get(name, name)
    entry = find_fetch(fetch or name)
    if context.ruleset:
        context.used.append((f"fetch method '{entry.name}'", entry.phases))
    words: list[str] | None = None
    try:
        if text[position : position + 1] == "(":
            words, position = split_arguments(text, position + 1)
        arguments = convert_arguments(words, entry.args, context, name)
        sample = entry.make(*arguments)
        values = entry.many(*arguments) if entry.many is not None else None
    except ConfigError as error:
        raise ConfigError(f"fetch method '{name}' : {error}") from None
    except ValueError as error:
        raise ConfigError(f"invalid args in fetch method '{name}' : {error}") from None
    steps, gives = _converters(text, position, entry.gives, context)
    taken = 0
    for word in more:
        if split_name(word)[0] not in families.converters:
            break
        added, gives = _converters("," + word, 0, gives, context)
        steps += added
        taken += 1
    for step in steps:
        sample = _then(sample, step)
        values = None if values is None else _each(values, step)
    plain = not steps
    used = tuple(arguments)
    return Expression(sample, values, gives, entry.phases, entry.name, plain, used), taken


def require_phases(text: str, expression: Expression, context: Context) -> None:
    """
    Refuse an expression that never has a value where it stands.

    @param text: As written, for the message.

    @raise ConfigError: It never has.
    """
    if not expression.phases & context.phases:
        needs = next((NEEDS[name] for name in NEEDS if name in expression.phases), "more")
        raise ConfigError(
            f"sample fetch <{text}> may not be reliably used here because it needs "
            f"'{needs}' which is not available here"
        )


_Step = tuple[bool, Callable[..., Any]]


def _converters(text: str, position: int, gives: str, context: Context) -> tuple[list[_Step], str]:
    steps: list[_Step] = []
    while position < len(text):
        if text[position] != ",":
            raise ConfigError(f"missing comma after fetch keyword '{text[:position]}'")
        name, position = split_name(text, position + 1)
        if not name:
            continue
        entry = find_converter(name)
        try:
            words: list[str] | None = None
            if text[position : position + 1] == "(":
                words, position = split_arguments(text, position + 1)
            arguments = convert_arguments(words, entry.args, context, name)
            step = _step(entry, arguments, context)
        except ConfigError as error:
            raise ConfigError(f"invalid args in converter '{name}' : {error}") from None
        try:
            change = cast(gives, entry.takes)
        except CannotCast:
            raise ConfigError(f"converter '{name}' cannot be applied") from None
        if change is not None:
            steps.append((False, change))
        steps.append(step)
        gives = entry.gives if entry.gives != "same" else gives
    return steps, gives


def _step(entry: families.Converter, arguments: list[Any], context: Context) -> _Step:
    convert = entry.convert
    kind = getattr(convert, "prepared", "")
    if kind:
        return kind == "stream", convert(context, *arguments)
    if not arguments:
        return False, convert

    def with_arguments(sample: Any) -> Any:
        return convert(sample, *arguments)

    return False, with_arguments


def _then(sample: Sampler, step: _Step) -> Sampler:
    wants_stream, convert = step
    if wants_stream:

        def run_with_stream(stream: Any) -> Any:
            value = sample(stream)
            return None if value is None else convert(value, stream)

        return run_with_stream

    def run(stream: Any) -> Any:
        value = sample(stream)
        return None if value is None else convert(value)

    return run


def _each(values: Callable[[Any], Iterable[Any]], step: _Step) -> Callable[[Any], Iterable[Any]]:
    wants_stream, convert = step

    def run(stream: Any) -> Iterable[Any]:
        for value in values(stream):
            done = convert(value, stream) if wants_stream else convert(value)
            if done is not None:
                yield done

    return run
