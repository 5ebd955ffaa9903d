"""
ACLs: a criterion, flags and patterns, compiled to one predicate.

Configuration manual 7.1. A criterion is a sample expression or one of the derived keywords of
L{DERIVED}, which imply a match method. Where the fetch has several values the ACL matches when one
of them does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core import families
from mwproxy.core.diagnostics import ConfigError
from mwproxy.live.patterns import Reference, book_of
from mwproxy.rules.acl_patterns import AclPatterns
from mwproxy.rules.casts import CannotCast, cast
from mwproxy.rules.context import Context
from mwproxy.rules.expression import Expression, compile_expression, split_name
from mwproxy.rules.fast import fast_predicate
from mwproxy.rules.patterns import (
    load_map_file,
    load_pattern_file,
    parse_ranges,
    range_text,
)
from mwproxy.rules.unsupported import FETCHES

Predicate = Callable[[Any], bool]

#: Derived keywords: fetch and match method.
DERIVED: dict[str, tuple[str, str]] = {
    "base": ("base", "str"),
    "base_beg": ("base", "beg"),
    "base_dir": ("base", "dir"),
    "base_dom": ("base", "dom"),
    "base_end": ("base", "end"),
    "base_len": ("base", "len"),
    "base_reg": ("base", "reg"),
    "base_sub": ("base", "sub"),
    "cook": ("req.cook", "str"),
    "cook_beg": ("req.cook", "beg"),
    "cook_dir": ("req.cook", "dir"),
    "cook_dom": ("req.cook", "dom"),
    "cook_end": ("req.cook", "end"),
    "cook_len": ("req.cook", "len"),
    "cook_reg": ("req.cook", "reg"),
    "cook_sub": ("req.cook", "sub"),
    "hdr": ("req.hdr", "str"),
    "hdr_beg": ("req.hdr", "beg"),
    "hdr_dir": ("req.hdr", "dir"),
    "hdr_dom": ("req.hdr", "dom"),
    "hdr_end": ("req.hdr", "end"),
    "hdr_len": ("req.hdr", "len"),
    "hdr_reg": ("req.hdr", "reg"),
    "hdr_sub": ("req.hdr", "sub"),
    "method": ("method", "str"),
    "path": ("path", "str"),
    "path_beg": ("path", "beg"),
    "path_dir": ("path", "dir"),
    "path_dom": ("path", "dom"),
    "path_end": ("path", "end"),
    "path_len": ("path", "len"),
    "path_reg": ("path", "reg"),
    "path_sub": ("path", "sub"),
    "req_ver": ("req.ver", "str"),
    "resp_ver": ("res.ver", "str"),
    "scook": ("res.cook", "str"),
    "scook_beg": ("res.cook", "beg"),
    "scook_dir": ("res.cook", "dir"),
    "scook_dom": ("res.cook", "dom"),
    "scook_end": ("res.cook", "end"),
    "scook_len": ("res.cook", "len"),
    "scook_reg": ("res.cook", "reg"),
    "scook_sub": ("res.cook", "sub"),
    "shdr": ("res.hdr", "str"),
    "shdr_beg": ("res.hdr", "beg"),
    "shdr_dir": ("res.hdr", "dir"),
    "shdr_dom": ("res.hdr", "dom"),
    "shdr_end": ("res.hdr", "end"),
    "shdr_len": ("res.hdr", "len"),
    "shdr_reg": ("res.hdr", "reg"),
    "shdr_sub": ("res.hdr", "sub"),
    "url": ("url", "str"),
    "url_beg": ("url", "beg"),
    "url_dir": ("url", "dir"),
    "url_dom": ("url", "dom"),
    "url_end": ("url", "end"),
    "url_len": ("url", "len"),
    "url_reg": ("url", "reg"),
    "url_sub": ("url", "sub"),
    "urlp": ("urlp", "str"),
    "urlp_beg": ("urlp", "beg"),
    "urlp_dir": ("urlp", "dir"),
    "urlp_dom": ("urlp", "dom"),
    "urlp_end": ("urlp", "end"),
    "urlp_len": ("urlp", "len"),
    "urlp_reg": ("urlp", "reg"),
    "urlp_sub": ("urlp", "sub"),
}  # fmt: skip

_DEFAULT_METHOD = {
    "bool": "bool",
    "sint": "int",
    "addr": "ip",
    "ipv4": "ip",
    "ipv6": "ip",
    "str": "str",
    "meth": "str",
}
_MATCH_TYPE = {
    "bool": "bool",
    "int": "sint",
    "ip": "addr",
    "found": "any",
    "bin": "bin",
}
_NO_PATTERN = (
    "parsing acl keyword '{}' :\n"
    "  no pattern to match against were provided, so this ACL will never match.\n"
    "  If this is what you intended, please add '--' to get rid of this warning.\n"
    "  If you intended to match only for existence, please use '-m found'.\n"
    "  If you wanted to force an int to match as a bool, please use '-m bool'.\n"
)


def compile_acl(words: list[str], context: Context) -> Predicate:
    """
    Compile an ACL.

    @param words: Criterion, flags and patterns.

    @return: The predicate; its C{phases} attribute tells where it can match, C{criterion} what
        it looks at.

    @raise ConfigError: It is none.
    """
    if not words or not words[0]:
        raise ConfigError("missing fetch method in ACL expression ''")
    text = words[0]
    name, _position = split_name(text)
    fetch, implied = DERIVED.get(name, ("", ""))
    if not fetch and name not in families.sample_fetches:
        base, _underscore, method = name.rpartition("_")
        if method in _SUFFIXES and base in families.sample_fetches:
            fetch, implied = base, method
        elif method in _SUFFIXES and base in FETCHES:
            raise ConfigError(f"ACL keyword '{name}' is not supported by mwproxy")
    try:
        expression, _taken = compile_expression(text, context, fetch=fetch)
    except ConfigError as error:
        message, found, hint = str(error).partition("; did you mean")
        raise ConfigError(f"{message} in ACL expression '{text}'{found}{hint}") from None
    if not expression.plain:
        implied = ""
    method, sources, resolve, given = _flags(words[1:], context, name)
    method = method or implied or _DEFAULT_METHOD.get(expression.gives, "")
    if not method:
        raise ConfigError(
            "matching method must be specified first (using '-m') when using a sample fetch "
            f"of this type ('{name}')"
        )
    if not given and method not in ("bool", "found"):
        context.diagnostics.warning(_NO_PATTERN.format(text))
    predicate = _predicate(expression, method, sources, resolve, name)
    predicate.__dict__.update(phases=expression.phases, criterion=text)
    return predicate


#: What other fetches accept as a derived keyword too, such as C{req.hdr_beg} of the manual.
_SUFFIXES = ("beg", "dir", "dom", "end", "len", "reg", "sub")
_Sources = list[tuple[bool, Reference]]


def _flags(words: list[str], context: Context, keyword: str) -> tuple[str, _Sources, bool, bool]:
    """
    Read flags and patterns.

    @return: Match method (empty for the default), lists of patterns and whether each ignores case,
        whether names may be resolved, and whether there was any pattern or C{--}.
    """
    method = ""
    ignore_case = False
    resolve = True
    as_map = False
    given = False
    own_number = -1
    files: list[tuple[bool, bool, str]] = []
    position = 0

    def take(flag: str, what: str) -> str:
        nonlocal position
        position += 1
        if position >= len(words):
            raise ConfigError(f"'{flag}' expects {what}")
        return words[position]

    while position < len(words) and words[position].startswith("-"):
        flag = words[position]
        if flag == "-i":
            ignore_case = True
        elif flag == "-n":
            resolve = False
        elif flag == "-u":
            number = take(flag, "a unique ACL id")
            if not number.isdecimal():
                raise ConfigError("Argument of '-u' must be a number")
            own_number = int(number)
        elif flag == "-M":
            as_map = True
        elif flag == "-m":
            if given:
                raise ConfigError(
                    "'-m' must only be specified before patterns and files in parsing ACL "
                    "expression"
                )
            method = take(flag, "a matching method")
            if method not in families.matchers:
                raise ConfigError(f"unknown matching method '{method}' when parsing ACL expression")
        elif flag == "-f":
            given = True
            files.append((ignore_case, as_map, take(flag, "a file name")))
        elif flag == "--":
            given = True
            position += 1
            break
        else:
            raise ConfigError(
                f"'{flag}' is not a valid ACL option. Please use '--' before any pattern "
                "beginning with a '-'"
            )
        position += 1
    book = book_of(context.diagnostics)
    where = f"file '{context.where.file}' line {context.where.line}"
    sources: _Sources = []
    for ignored, with_values, name in files:
        if with_values:
            reference = book.file(name, load_map_file, has_values=True)
        else:
            reference = book.file(name, _load_keys, has_values=False)
        reference.in_acls = True
        reference.places.append(f"{'map' if with_values else 'acl'} at {where}")
        sources.append((ignored, reference))
    given = given or position < len(words)
    place = f"acl '{keyword}' {where}"
    sources.append((ignore_case, book.anonymous(words[position:], place, own_number)))
    return method, sources, resolve, given


def _load_keys(name: str) -> list[tuple[str, str | None]]:
    return [(pattern, None) for pattern in load_pattern_file(name)]


def _predicate(
    expression: Expression, method: str, sources: _Sources, resolve: bool, name: str
) -> Predicate:
    if method in ("int", "len"):
        # Operators belong to the words behind them; as ranges, patterns stand for themselves.
        own = sources[-1][1]
        ranges = [range_text(each) for each in parse_ranges(own.keys())]
        own.clear()
        own.add((text, None) for text in ranges)
    change = None
    if method != "found":
        try:
            change = cast(expression.gives, _MATCH_TYPE.get(method, "str"))
        except CannotCast:
            raise ConfigError(
                f"matching method '{method}' cannot be used with fetch keyword '{name}'"
            ) from None
        if method == "ip" and expression.gives == "meth":
            raise ConfigError(
                f"matching method '{method}' cannot be used with fetch keyword '{name}'"
            )
        if method in ("bool", "int") and expression.gives in ("bool", "sint"):
            change = None
    patterns = AclPatterns(method, resolve, sources, change)
    match = patterns.compile()
    groups = patterns.groups()
    predicate = None
    if change is None and len(groups) == 1 and expression.plain and method != "found":
        predicate = fast_predicate(expression, method, groups[0][1], groups[0][0], match)
    if predicate is None:
        predicate = _test(expression, match, method == "found")
    if method not in ("found", "bool"):
        patterns.predicate = predicate
    return predicate


def _test(expression: Expression, match: Callable[[Any], bool], found: bool) -> Predicate:
    sample, values = expression.sample, expression.values
    if found:
        return lambda stream: sample(stream) is not None

    def any_value(stream: Any) -> bool:
        # A generator would cost a call; without values this is not called.
        for value in values(stream):  # type: ignore[misc]  # noqa: SIM110
            if match(value):
                return True
        return False

    def one_value(stream: Any) -> bool:
        value = sample(stream)
        return value is not None and match(value) is True

    def rebind(new: Callable[[Any], bool], _patterns: object) -> None:
        nonlocal match
        match = new

    predicate: Predicate = one_value if values is None else any_value
    predicate.__dict__["rebind"] = rebind
    return predicate
