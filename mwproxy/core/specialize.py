"""
Own copies of inherited functions, for classes whose instances are many and busy.

Theory. The interpreter (PEP 659) rewrites an attribute access for the one class that it has met
there. A function inherited by two busy classes meets both in turn and is never rewritten for good,
and each access then takes several times as long. With a copy of the function, each class has
accesses of its own.
"""

from __future__ import annotations

from types import FunctionType
from typing import TypeVar

Kind = TypeVar("Kind", bound=type)


def specialized(kind: Kind) -> Kind:
    """
    Give a class copies of the functions that it inherits. To be used as a decorator.

    @param kind: The class; what its bases get later does not reach it.

    @return: It.
    """
    for base in kind.__mro__[1:-1]:
        for name, function in vars(base).items():
            if isinstance(function, FunctionType) and getattr(kind, name) is function:
                setattr(kind, name, _copy(function))
    return kind


def _copy(function: FunctionType) -> FunctionType:
    made = FunctionType(
        function.__code__.replace(),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__qualname__ = function.__qualname__
    made.__doc__ = function.__doc__
    made.__module__ = function.__module__
    made.__annotations__ = function.__annotations__
    made.__dict__.update(function.__dict__)
    return made
