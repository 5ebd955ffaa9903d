"""
Converters of integers: arithmetic in 64 bits, bit operations, tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import converter
from mwproxy.rules.casts import INT_MAX, clamp, to_int
from mwproxy.rules.context import Context
from mwproxy.rules.expression import with_stream
from mwproxy.rules.variables import is_name, reader

StreamStep = Callable[[Any, Any], Any]


def _operation(compute: Callable[[int, int], int], operand: str) -> StreamStep:
    try:
        constant = int(operand)
    except ValueError:
        if not is_name(operand):
            raise ConfigError("expects an integer or a variable name") from None
        read = reader(operand)

        def with_variable(sample: int, stream: Any) -> int | None:
            value = read(stream)
            number = None if value is None else to_int(value)
            return None if number is None else compute(sample, number)

        return with_variable
    return lambda sample, stream: compute(sample, constant)


def _divide(sample: int, number: int) -> int:
    if not number:
        return INT_MAX
    quotient = abs(sample) // abs(number)
    return clamp(quotient if (sample < 0) == (number < 0) else -quotient)


def _modulo(sample: int, number: int) -> int:
    if not number:
        return 0
    rest = abs(sample) % abs(number)
    return -rest if sample < 0 else rest


@converter("add", args=("var",), takes="sint", gives="sint")
@with_stream
def conv_add(context: Context, operand: str) -> StreamStep:
    """
    Add a number or a variable.
    """
    return _operation(lambda sample, number: clamp(sample + number), operand)


@converter("sub", args=("var",), takes="sint", gives="sint")
@with_stream
def conv_sub(context: Context, operand: str) -> StreamStep:
    """
    Subtract a number or a variable.
    """
    return _operation(lambda sample, number: clamp(sample - number), operand)


@converter("mul", args=("var",), takes="sint", gives="sint")
@with_stream
def conv_mul(context: Context, operand: str) -> StreamStep:
    """
    Multiply by a number or a variable.
    """
    return _operation(lambda sample, number: clamp(sample * number), operand)


@converter("div", args=("var",), takes="sint", gives="sint")
@with_stream
def conv_div(context: Context, operand: str) -> StreamStep:
    """
    Divide by a number or a variable; by 0 gives the largest number.
    """
    return _operation(_divide, operand)


@converter("mod", args=("var",), takes="sint", gives="sint")
@with_stream
def conv_mod(context: Context, operand: str) -> StreamStep:
    """
    What remains of a division; by 0 gives 0.
    """
    return _operation(_modulo, operand)


@converter("and", args=("var",), takes="sint", gives="sint")
@with_stream
def conv_and(context: Context, operand: str) -> StreamStep:
    """
    Bitwise "and".
    """
    return _operation(lambda sample, number: sample & number, operand)


@converter("or", args=("var",), takes="sint", gives="sint")
@with_stream
def conv_or(context: Context, operand: str) -> StreamStep:
    """
    Bitwise "or".
    """
    return _operation(lambda sample, number: sample | number, operand)


@converter("xor", args=("var",), takes="sint", gives="sint")
@with_stream
def conv_xor(context: Context, operand: str) -> StreamStep:
    """
    Bitwise "exclusive or".
    """
    return _operation(lambda sample, number: sample ^ number, operand)


@converter("neg", takes="sint", gives="sint")
def conv_neg(sample: int) -> int:
    """
    Change the sign.
    """
    return clamp(-sample)


@converter("cpl", takes="sint", gives="sint")
def conv_cpl(sample: int) -> int:
    """
    Flip all bits.
    """
    return ~int(sample)


@converter("not", takes="sint", gives="bool")
def conv_not(sample: int) -> bool:
    """
    Whether it is 0.
    """
    return not sample


@converter("bool", takes="sint", gives="bool")
def conv_bool(sample: int) -> bool:
    """
    Whether it is not 0.
    """
    return bool(sample)


@converter("even", takes="sint", gives="bool")
def conv_even(sample: int) -> bool:
    """
    Whether it is even.
    """
    return not sample & 1


@converter("odd", takes="sint", gives="bool")
def conv_odd(sample: int) -> bool:
    """
    Whether it is odd.
    """
    return bool(sample & 1)


@converter("htonl", takes="sint", gives="bin")
def conv_htonl(sample: int) -> bytes:
    """
    Write it in four bytes, the highest first.
    """
    return (sample & 0xFFFFFFFF).to_bytes(4, "big")
