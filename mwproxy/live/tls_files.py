"""
Certificates, authorities and revocation lists in memory, as consoles change them (management
manual, "set ssl cert").

Theory. A shelf has the files of one kind by name. A change is a transaction: it is built beside
what is in use, one at a time, and takes its place in one step. Who uses a file (a listener with
TLS) says so by L{Shelf.hold}; a commit first has every use prepare what it needs of the new
content, and only when all could are they told to go on with it. So a change that one of them
cannot take changes nothing.

What a file contains is not known here; L{mwproxy.protocols.pem} reads it. So a worker that has
nothing to do with certificates never loads OpenSSL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Content = TypeVar("Content")

#: Makes what a use needs of a new content and returns what puts it to use; raises
#: L{ConfigError<mwproxy.core.diagnostics.ConfigError>} when it cannot be used there.
Use = Callable[[Any], Callable[[], None]]


class Refused(Exception):
    """
    A change is refused; the text says why, in HAProxy's words.
    """


@dataclass(slots=True)
class TlsFile(Generic[Content]):
    """
    One file in memory.

    @ivar content: What it contains, L{None} while it is empty.

    @ivar uses: Those who need it.
    """

    content: Content | None = None
    uses: list[Use] = field(default_factory=list)

    @property
    def status(self) -> str:
        """
        What C{show ssl …} calls its state: C{Empty}, C{Used} or C{Unused}.
        """
        if self.content is None:
            return "Empty"
        return "Used" if self.uses else "Unused"


class Shelf(Generic[Content]):
    """
    The files of one kind.

    @ivar files: By name.

    @ivar changing: The name that the transaction is about, empty when there is none.

    @ivar draft: What it would put there.
    """

    def __init__(self) -> None:
        self.files: dict[str, TlsFile[Content]] = {}
        self.changing = ""
        self.draft: Content | None = None

    def names(self) -> list[str]:
        """
        List the names, sorted by their bytes.
        """
        return sorted(self.files, key=lambda name: name.encode("utf-8", "surrogateescape"))

    def find(self, name: str) -> TlsFile[Content] | None:
        """
        Find a file, or with C{*} before its name what the transaction would make of it.
        """
        if name.startswith("*"):
            changing = bool(self.changing) and name[1:] == self.changing
            return TlsFile(self.draft) if changing else None
        return self.files.get(name)

    def hold(self, name: str, content: Content, use: Use) -> None:
        """
        Say that a file is used. A name that is used already keeps its content.

        @param content: What was read from it.

        @param use: Called when it changes.
        """
        file = self.files.setdefault(name, TlsFile(content))
        if file.content is None:
            file.content = content
        file.uses.append(use)

    def begin(self, name: str, verb: str) -> Content | None:
        """
        Tell what a transaction starts from.

        @param verb: What the command does, for the message.

        @return: The draft, else the present content, L{None} for an empty file.

        @raise Refused: Another transaction is under way.
        """
        self._only(name, verb)
        return self.draft if self.changing else self.files[name].content

    def change(self, name: str, draft: Content) -> str:
        """
        Make a draft, or another one.

        @return: C{created} or C{updated}: what happened to the transaction.
        """
        done = "updated" if self.changing else "created"
        self.changing, self.draft = name, draft
        return done

    def abort(self, name: str) -> None:
        """
        Forget the draft.

        @raise Refused: There is none, or it is about another file.
        """
        if not self.changing:
            raise Refused("No ongoing transaction!")
        self._only(name, "abort a transaction for")
        self.changing, self.draft = "", None

    def pending(self, name: str) -> Content:
        """
        Get the draft that is to be committed.

        @raise Refused: There is none, or it is about another file.
        """
        if not self.changing or self.draft is None:
            raise Refused("No ongoing transaction! !")
        self._only(name, "set")
        return self.draft

    def commit(self, name: str) -> int:
        """
        Have the draft take the place of the file, for all who use it.

        @return: How many do.

        @raise Refused: There is no draft, or it is about another file.

        @raise ConfigError: Somebody cannot use it; nothing has changed.
        """
        draft = self.pending(name)
        file = self.files[name]
        steps = [use(draft) for use in file.uses]
        for step in steps:
            step()
        file.content = draft
        self.changing, self.draft = "", None
        return len(steps)

    def _only(self, name: str, verb: str) -> None:
        if self.changing not in ("", name):
            raise Refused(
                f"The ongoing transaction is about '{self.changing}' but you are trying to "
                f"{verb} '{name}'"
            )


class TlsFiles:
    """
    All shelves of a worker.

    @ivar certificates: Of L{Bundle<mwproxy.protocols.pem.Bundle>}, C{ssl cert}.

    @ivar authorities: Of tuples of certificates, C{ssl ca-file}.

    @ivar revocations: Of tuples of lists, C{ssl crl-file}.
    """

    def __init__(self) -> None:
        self.certificates: Shelf[Any] = Shelf()
        self.authorities: Shelf[Any] = Shelf()
        self.revocations: Shelf[Any] = Shelf()
