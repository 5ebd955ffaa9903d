"""
Converters of strings: case, cutting, joining, replacing, comparing.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import converter
from mwproxy.rules.casts import to_bytes
from mwproxy.rules.context import Context
from mwproxy.rules.expression import prepared, with_stream
from mwproxy.rules.regex import compile_regex, expand_references, fill_references
from mwproxy.rules.texts import to_text
from mwproxy.rules.variables import check_name, guarded_writer, reader, writer

Step = Callable[[Any], Any]
StreamStep = Callable[[Any, Any], Any]


@converter("lower", takes="str", gives="str")
def conv_lower(sample: bytes) -> bytes:
    """
    Make letters lower-case.
    """
    return sample.lower()


@converter("upper", takes="str", gives="str")
def conv_upper(sample: bytes) -> bytes:
    """
    Make letters upper-case.
    """
    return sample.upper()


@converter("length", takes="str", gives="sint")
def conv_length(sample: bytes) -> int:
    """
    Measure a string.
    """
    return len(sample)


def _offset(text: bytes) -> tuple[int, Callable[[Any], Any] | None]:
    if re.fullmatch(rb"-?[0-9]+", text):
        return int(text), None
    return 0, reader(check_name(to_text(text)))


@converter("bytes", args=("str", "str?"), takes="bin", gives="bin")
@with_stream
def conv_bytes(context: Context, offset: bytes, length: bytes = b"") -> StreamStep:
    """
    Cut a part out of data; offset and length are numbers or variables.
    """
    try:
        start, start_variable = _offset(offset)
        size, size_variable = _offset(length) if length else (-1, None)
    except ConfigError:
        raise ConfigError("expects an integer or a variable name") from None

    def cut(sample: bytes, stream: Any) -> bytes | None:
        begin, count = start, size
        if start_variable is not None:
            begin = start_variable(stream)
        if size_variable is not None:
            count = size_variable(stream)
        if not isinstance(begin, int) or not isinstance(count, int) or begin < 0:
            return None
        if begin > len(sample):
            return b""
        return sample[begin:] if not length else sample[begin : begin + count]

    return cut


def _delimiters(text: bytes) -> frozenset[int]:
    if not text:
        raise ConfigError("Empty separators list")
    return frozenset(text)


def _spans(sample: bytes, delimiters: frozenset[int]) -> list[tuple[int, int]]:
    spans = []
    start = 0
    for position, byte in enumerate(sample):
        if byte in delimiters:
            spans.append((start, position))
            start = position + 1
    spans.append((start, len(sample)))
    return spans


def _cut(sample: bytes, spans: list[tuple[int, int]], index: int, count: int) -> bytes | None:
    if index > 0:
        if index > len(spans):
            return None
        last = len(spans) if count == 0 else min(index + count - 1, len(spans))
        return sample[spans[index - 1][0] : spans[last - 1][1]]
    if -index > len(spans):
        return None
    end = len(spans) + index
    first = 0 if count == 0 else max(end - count + 1, 0)
    return sample[spans[first][0] : spans[end][1]]


@converter("field", args=("sint", "str", "sint?"), takes="str", gives="str")
@prepared
def conv_field(context: Context, index: int, delimiters: bytes, count: int | None = None) -> Step:
    """
    Pick the nth field; fields between delimiters next to each other are empty. Several fields are
    taken with the delimiters between them.
    """
    known = _delimiters(delimiters)
    number = 1 if count is None else count
    if not index:
        raise ConfigError("Unexpected value 0 for index")

    def pick(sample: bytes) -> bytes | None:
        return _cut(sample, _spans(sample, known), index, number)

    return pick


@converter("word", args=("sint", "str", "sint?"), takes="str", gives="str")
@prepared
def conv_word(context: Context, index: int, delimiters: bytes, count: int | None = None) -> Step:
    """
    Pick the nth word; empty words do not count. Several words are taken with what is between them.
    """
    known = _delimiters(delimiters)
    number = 1 if count is None else count
    if not index:
        raise ConfigError("Unexpected value 0 for index")

    def pick(sample: bytes) -> bytes | None:
        spans = [(low, high) for low, high in _spans(sample, known) if low != high]
        return _cut(sample, spans, index, number)

    return pick


@converter("ltrim", args=("str",), takes="str", gives="str")
def conv_ltrim(sample: bytes, characters: bytes) -> bytes:
    """
    Drop characters from the beginning.
    """
    return sample.lstrip(characters)


@converter("rtrim", args=("str",), takes="str", gives="str")
def conv_rtrim(sample: bytes, characters: bytes) -> bytes:
    """
    Drop characters from the end.
    """
    return sample.rstrip(characters)


@converter("cut_crlf", takes="str", gives="str")
def conv_cut_crlf(sample: bytes) -> bytes:
    """
    Cut at the first carriage return or line feed.
    """
    return re.split(rb"[\r\n]", sample, maxsplit=1)[0]


@converter("regsub", args=("regex", "str", "str?"), takes="str", gives="str")
@prepared
def conv_regsub(context: Context, pattern: str, replacement: bytes, flags: bytes = b"") -> Step:
    """
    Replace what a regular expression matches: the first match, or all with C{g}.
    """
    bad = re.search(rb"[^ig]", flags)
    if bad is not None:
        raise ConfigError(f"invalid regex flag '{to_text(bad[0])}', only 'i' and 'g' are supported")
    regex = compile_regex(pattern, b"i" in flags)
    parts = expand_references(to_text(replacement))
    count = 0 if b"g" in flags else 1
    return lambda sample: regex.sub(lambda found: fill_references(parts, found), sample, count)


def _optional_reader(name: str) -> Callable[[Any], Any]:
    return reader(check_name(name)) if name else lambda stream: None


@converter("concat", args=("str?", "var?", "str?"), takes="str", gives="str")
@with_stream
def conv_concat(
    context: Context, start: bytes = b"", variable: str = "", end: bytes = b""
) -> StreamStep:
    """
    Append a constant, a variable and a constant.
    """
    read = _optional_reader(variable)

    def concat(sample: bytes, stream: Any) -> bytes:
        value = read(stream)
        middle = b"" if value is None else to_bytes(value)
        return sample + start + middle + end

    return concat


@converter("add_item", args=("str", "var?", "str?"), takes="str", gives="str")
@with_stream
def conv_add_item(
    context: Context, delimiter: bytes, variable: str = "", suffix: bytes = b""
) -> StreamStep:
    """
    Append a variable and a suffix, behind a delimiter when neither side is empty.
    """
    if not variable and not suffix:
        raise ConfigError("one of the optional arguments has to be nonempty")
    read = _optional_reader(variable)

    def add(sample: bytes, stream: Any) -> bytes:
        value = read(stream)
        item = (b"" if value is None else to_bytes(value)) + suffix
        return sample + delimiter + item if sample and item else sample + item

    return add


@converter("strcmp", args=("var",), takes="str", gives="sint")
@with_stream
def conv_strcmp(context: Context, variable: str) -> StreamStep:
    """
    Compare with a variable: 0 when equal, negative when the sample comes first.
    """
    try:
        read = reader(check_name(variable))
    except ConfigError:
        raise ConfigError(f"failed to register variable name '{variable}'") from None

    def compare(sample: bytes, stream: Any) -> int | None:
        value = read(stream)
        if value is None:
            return None
        other = to_bytes(value)
        if sample == other:
            return 0
        return _first_difference(sample, other)

    return compare


def _first_difference(sample: bytes, other: bytes) -> int:
    for mine, theirs in zip(sample, other, strict=False):
        if mine != theirs:
            return 1 if mine > theirs else -1
    return -1 if len(sample) < len(other) else 1


@converter("secure_memcmp", args=("var",), takes="bin", gives="bool")
@with_stream
def conv_secure_memcmp(context: Context, variable: str) -> StreamStep:
    """
    Compare with a variable in constant time.
    """
    try:
        read = reader(check_name(variable))
    except ConfigError:
        raise ConfigError(f"failed to register variable name '{variable}'") from None

    def compare(sample: bytes, stream: Any) -> bool | None:
        value = read(stream)
        return None if value is None else hmac.compare_digest(sample, to_bytes(value))

    return compare


@converter("iif", args=("str", "str"), takes="bool", gives="str")
def conv_iif(sample: bool, when_true: bytes, when_false: bytes) -> bytes:
    """
    Choose one of two strings.
    """
    return when_true if sample else when_false


@converter("host_only", takes="str", gives="str")
def conv_host_only(sample: bytes) -> bytes:
    """
    Cut the port off a C{Host} value and make it lower-case.
    """
    return _split_host(sample)[0].lower()


@converter("port_only", takes="str", gives="sint")
def conv_port_only(sample: bytes) -> int:
    """
    Read the port of a C{Host} value, 0 when it has none.
    """
    port = _split_host(sample)[1]
    return int(port) if port.isdigit() and len(port) < 10 else 0


def _split_host(value: bytes) -> tuple[bytes, bytes]:
    if value.startswith(b"["):
        host, bracket, rest = value.partition(b"]")
        return host + bracket, rest.removeprefix(b":")
    host, _colon, port = value.partition(b":")
    return host, port


@converter("param", args=("str", "str?"), takes="str", gives="str")
def conv_param(sample: bytes, name: bytes, delimiter: bytes = b"&") -> bytes | None:
    """
    Find a parameter in a string such as C{a=1&b=2}; one without value is empty.
    """
    for part in sample.split(delimiter[:1] or b"&"):
        known, _equal, value = part.partition(b"=")
        if known == name:
            return value
    return None


@converter("set-var", args=("var", "str?", "str?"), takes="any", gives="same")
@with_stream
def conv_set_var(
    context: Context, variable: str, first: bytes = b"", second: bytes = b""
) -> StreamStep:
    """
    Note the sample in a variable, and pass it on.
    """
    write = guarded_writer(variable, [to_text(word) for word in (first, second) if word])

    def note(sample: Any, stream: Any) -> Any:
        write(stream, sample)
        return sample

    return note


@converter("unset-var", args=("var",), takes="any", gives="same")
@with_stream
def conv_unset_var(context: Context, variable: str) -> StreamStep:
    """
    Forget a variable, and pass the sample on.
    """
    write = writer(check_name(variable))

    def forget(sample: Any, stream: Any) -> Any:
        write(stream, None)
        return sample

    return forget
