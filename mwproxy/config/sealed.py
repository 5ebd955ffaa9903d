"""
Objects that are filled while the configuration files are read, and sealed afterwards.
"""

from __future__ import annotations

from typing import ClassVar, Self


class Sealed:
    """
    An object that can be made read-only. Until then it is a plain object, which matters for
    how long ten thousand of them take: what refuses changes is the class of sealed ones.

    @cvar sealed: Whether it is read-only.
    """

    sealed: ClassVar[bool] = False

    def seal(self) -> None:
        """
        Refuse changes from now on.
        """
        if not self.sealed:
            self.__class__ = _refusing(type(self))

    def copy(self) -> Self:
        """
        Copy it; what it refers to is shared.

        @return: An object that takes changes.
        """
        kind = type(self)
        # The class of a sealed object has that of open ones as its base.
        other: Self = object.__new__(kind.__mro__[1] if self.sealed else kind)
        vars(other).update(vars(self))
        return other


def _refuse(self: Sealed, name: str, value: object) -> None:
    raise AttributeError(f"{type(self).__name__}.{name}: the description is sealed")


#: The classes of sealed objects, by the class of open ones.
_refusing_classes: dict[type[Sealed], type[Sealed]] = {}


def _refusing(kind: type[Sealed]) -> type[Sealed]:
    known = _refusing_classes.get(kind)
    if known is None:
        known = type(kind.__name__, (kind,), {"sealed": True, "__setattr__": _refuse})
        _refusing_classes[kind] = known
    return known
