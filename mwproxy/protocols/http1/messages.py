"""
HTTP/1 messages as the rest of the program sees them.

Theory. The header lines of a message are one L{Block}, parsed once and never changed, so that
blocks can be shared: clients on a keep-alive connection repeat theirs, and the parser remembers
recent ones. A message whose lines no rule touches goes out with the block's ready-made C{wire}; the
first change gives the message a list of its own.
"""

from __future__ import annotations

from mwproxy.core.specialize import specialized

Field = tuple[bytes, bytes]


class BadMessage(Exception):
    """
    The peer sent what must not be understood.

    @ivar status: What to answer a client; for a server's message the answer is 502.

    @ivar reason: Why, for C{show errors} and for people.

    @ivar position: Offset of the offending byte in the message, -1 when it has none.
    """

    def __init__(self, status: int, reason: str, position: int = -1) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.position = position


class Block:
    """
    The header lines of a message, parsed. Shared between messages: never changed.

    @ivar fields: Name in lower case and value without surrounding blanks, in order, as received.

    @ivar wire: The lines to send on: lower-case names, without those that concern only
        the connection (C{connection}, what it names except C{te: trailers} and C{upgrade} handling,
        C{keep-alive}, C{proxy-connection}, C{transfer-encoding}, C{upgrade}); each ends in CRLF.

    @ivar ready: C{wire} with the empty line behind it when nothing has to be said between the two
        on a connection that lives on (no chunked coding, no upgrade), else empty.

    @ivar plain: Like L{fields} after the same removals: what C{wire} spells out.

    @ivar length: C{content-length}, -1 when absent.

    @ivar body: True when a body follows, as far as the lines tell.

    @ivar chunked: True when C{transfer-encoding} ends in C{chunked}.

    @ivar close: True when C{connection} has C{close}.

    @ivar keep_alive: True when it has C{keep-alive}.

    @ivar upgrade: Value of C{upgrade} when C{connection} names it, else empty.

    @ivar expect_continue: True for C{expect: 100-continue}.

    @ivar host: Value of C{host}, L{None} when absent.
    """

    __slots__ = (
        "_names",
        "fields", "wire",
        "ready", "plain", "length", "body", "chunked", "close", "keep_alive", "upgrade",
        "expect_continue", "host",
    )  # fmt: skip

    fields: tuple[Field, ...]
    wire: bytes
    ready: bytes
    plain: tuple[Field, ...]
    length: int
    body: bool
    chunked: bool
    close: bool
    keep_alive: bool
    upgrade: bytes
    expect_continue: bool
    host: bytes | None
    _names: frozenset[bytes]

    def names(self) -> frozenset[bytes]:
        """
        Get the names of all lines.
        """
        try:
            return self._names
        except AttributeError:
            self._names = frozenset([name for name, _ in self.fields])
            return self._names


class Message:
    """
    What requests and responses share.

    @ivar block: The header lines as received.

    @ivar edited: L{None} while none of them is changed; else the list that replaces
        C{block.plain}. Use L{own} before changing it.

    @ivar added: Lines that go behind those of the block while C{edited} is L{None}; L{None} for
        none. Most rules only add a line, and the block's need not be written anew for that.

    @ivar version: 10 or 11.

    @ivar size: Bytes of the head as received, empty line included.
    """

    __slots__ = ("added", "block", "edited", "version", "size")

    block: Block
    edited: list[Field] | None
    added: list[Field] | None
    version: int
    size: int

    def untouched(self) -> bool:
        """
        Tell whether the header lines go on as they came.
        """
        return self.edited is None and self.added is None

    def add(self, field: Field) -> None:
        """
        Add a header line behind the others.

        @param field: Name in lower case, and value.
        """
        if self.edited is not None:
            self.edited.append(field)
        elif self.added is not None:
            self.added.append(field)
        else:
            self.added = [field]

    def put(self, field: Field) -> None:
        """
        Replace all lines of a header by one, which stands behind the others.

        @param field: Name in lower case, and value.
        """
        name = field[0]
        if self.edited is None and self.added is None and name not in self.block.names():
            self.added = [field]
            return
        fields = self.own()
        for known, _value in fields:
            if known == name:
                fields[:] = [kept for kept in fields if kept[0] != name]
                break
        fields.append(field)

    def own(self) -> list[Field]:
        """
        Get the header lines for changing.

        @return: The list that will be sent.
        """
        if self.edited is None:
            self.edited = list(self.block.plain)
            if self.added is not None:
                self.edited += self.added
                self.added = None
        return self.edited

    def fields(self) -> tuple[Field, ...] | list[Field]:
        """
        Get the header lines for reading.

        @return: All lines as received, or as changed.
        """
        if self.edited is not None:
            return self.edited
        return self.block.fields if self.added is None else (*self.block.fields, *self.added)

    def get_all(self, name: bytes) -> list[bytes]:
        """
        Find the values of a header, one per line.

        @param name: In lower case.

        @return: The values in order, each a whole line.
        """
        return [value for known, value in self.fields() if known == name]

    def wire_fields(self) -> bytes:
        """
        Write the header lines for sending.

        @return: Lines, each ending in CRLF; without the empty one.
        """
        if self.edited is not None:
            return b"".join([name + b": " + value + b"\r\n" for name, value in self.edited])
        if self.added is None:
            return self.block.wire
        wire = self.block.wire
        for name, value in self.added:
            wire += name + b": " + value + b"\r\n"
        return wire


@specialized
class Request(Message):
    """
    An HTTP/1 request.

    @ivar method: As received.

    @ivar target: The request target as it is to be sent: what came, or what rules made of it.

    @ivar line: The request line as received, with its CRLF.
    """

    __slots__ = ("line", "method", "target")

    line: bytes
    method: bytes
    target: bytes

    def __init__(
        self,
        method: bytes,
        target: bytes,
        version: int,
        block: Block,
        size: int,
        line: bytes = b"",
    ) -> None:
        self.line = line
        self.method = method
        self.target = target
        self.version = version
        self.block = block
        self.edited = None
        self.added = None
        self.size = size

    @property
    def path(self) -> bytes:
        """
        The path alone: from its first slash to the query, without scheme and authority; empty
        for C{CONNECT}, C{*} for C{OPTIONS *}.
        """
        target = self.target.partition(b"?")[0]
        if target[:1] != b"/":
            _scheme, found, rest = target.partition(b"://")
            if not found:
                return target if target == b"*" else b""
            slash = rest.find(b"/")
            return rest[slash:] if slash >= 0 else b"/"
        return target

    @property
    def query(self) -> bytes:
        """
        What follows the first question mark, empty when there is none.
        """
        return self.target.partition(b"?")[2]

    @property
    def keep_alive(self) -> bool:
        """
        Whether the client lets the connection serve another request.
        """
        block = self.block
        return not block.close and (self.version >= 11 or block.keep_alive)


@specialized
class Response(Message):
    """
    An HTTP/1 response.

    @ivar status: Its code.

    @ivar reason: As received, may be empty.

    @ivar line: The status line to send on, with its CRLF; empty when it is to be written anew.
    """

    __slots__ = ("line", "reason", "status")

    line: bytes
    status: int
    reason: bytes

    def __init__(
        self,
        status: int,
        reason: bytes,
        version: int,
        block: Block,
        size: int,
        line: bytes = b"",
    ) -> None:
        self.line = line
        self.status = status
        self.reason = reason
        self.version = version
        self.block = block
        self.edited = None
        self.added = None
        self.size = size
