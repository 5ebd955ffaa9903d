"""
Console commands about files of authorities and of revoked certificates: C{ssl ca-file} and C{ssl
crl-file}, with the words of L{certificates<mwproxy.console.worker_commands.ssl_cert>}.

Both kinds have their names from one list, as in HAProxy, and a transaction each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mwproxy.console.dispatch import CommandError, Feedback, Invocation
from mwproxy.console.worker_commands.ssl_cert import abort, commit, delete, named, payload_of
from mwproxy.core.families import command
from mwproxy.live.proxies import WorkerState
from mwproxy.live.tls_files import Refused, Shelf, TlsFile


@dataclass(frozen=True, slots=True)
class _Kind:
    """
    What the two kinds call things.

    @ivar word: In commands.   @ivar name: In messages.   @ivar other: The other kind's name.

    @ivar contents: What a payload has.   @ivar item: What stands before each part.
    """

    word: str
    name: str
    other: str
    contents: str
    item: str

    def shelves(self, invocation: Invocation) -> tuple[Shelf[Any], Shelf[Any]]:
        """
        Get its files, and those of the other kind.
        """
        worker: WorkerState = invocation.subject
        files = worker.tls_files
        if self is _CA:
            return files.authorities, files.revocations
        return files.revocations, files.authorities


_CA = _Kind("ca-file", "CA", "CRL", "CAs", "Certificate")
_CRL = _Kind("crl-file", "CRL", "CA", "CRLs", "Certificate Revocation List")


def _kind(invocation: Invocation) -> _Kind:
    """
    Tell which kind a command is about, by its last word.
    """
    return _CA if invocation.words[2] == _CA.word else _CRL


def _listing(shelf: Shelf[Any], kind: _Kind) -> str:
    def line(name: str, content: Any) -> str:
        return f"{name} - {len(content or ())} certificate(s)\n" if kind is _CA else f"{name}\n"

    changing = ""
    if shelf.changing:
        changing = "# transaction\n" + line(f"*{shelf.changing}", shelf.draft)
    return f"{changing}# filename\n" + "".join(
        line(name, shelf.files[name].content) for name in shelf.names()
    )


def _index(shelf: Shelf[Any], written: str, kind: _Kind) -> tuple[str, int]:
    """
    Read C{name:index}; 0 for all. A name may have a colon.
    """
    name, colon, number = written.rpartition(":")
    if not colon or shelf.find(written) is not None:
        return written, 0
    if not (number.isdecimal() and number.isascii() and int(number)):
        raise CommandError(f"wrong {kind.name} index after colons in '{written}'!")
    return name, int(number)


def _described(name: str, file: TlsFile[Any], index: int, kind: _Kind) -> Iterator[str]:
    if file.content is None or (kind is _CA and index > len(file.content)):
        if kind is _CRL:
            yield f"Filename: {name}\nStatus: {file.status}\n"
        return
    yield f"Filename: {name}\nStatus: {file.status}\n"
    from mwproxy.console.certificate_text import certificate_lines, revocation_lines

    describe: Any = certificate_lines if kind is _CA else revocation_lines
    for number, each in enumerate(file.content, 1):
        if index in (0, number):
            yield f" \n{kind.item} #{number}:\n"
            yield from describe(each)


@command("show ssl ca-file", on="worker", level="operator", changes=False,
         usage="show ssl ca-file [<cafile>[:<index>]]",
         text="list files of authorities in memory, or tell about one")  # fmt: skip
@command("show ssl crl-file", on="worker", level="operator", changes=False,
         usage="show ssl crl-file [<crlfile>[:<index>]]",
         text="list files of revoked certificates in memory, or tell about one")  # fmt: skip
def cmd_show_ssl_file(invocation: Invocation) -> str | Iterator[str]:
    """
    List files of authorities or of revoked certificates, or describe what is in one.

    @param invocation: The command.

    @return: Names, those of authorities with how many certificates they have; or fields of one or
        all parts of a file.

    @raise CommandError: There is none of that name.
    """
    kind = _kind(invocation)
    shelf, _ = kind.shelves(invocation)
    if not invocation.argument(0):
        return _listing(shelf, kind)
    name, index = _index(shelf, invocation.argument(0), kind)
    file = shelf.find(name)
    if file is None:
        raise CommandError(f"Can't display the {kind.name} file : Not found!")
    return _described(name, file, index, kind)


@command("new ssl ca-file", on="worker", level="admin", changes=True,
         usage="new ssl ca-file <cafile>",
         text="make an empty file of authorities")  # fmt: skip
@command("new ssl crl-file", on="worker", level="admin", changes=True,
         usage="new ssl crl-file <crlfile>",
         text="make an empty file of revoked certificates")  # fmt: skip
def cmd_new_ssl_file(invocation: Invocation) -> Feedback:
    """
    Make an empty file.

    @param invocation: The command.

    @return: That it is there.

    @raise CommandError: The name is used, by either kind.
    """
    kind = _kind(invocation)
    name = named(invocation, f"'new ssl {kind.word}' expects a filename")
    shelf, other = kind.shelves(invocation)
    if name in shelf.files or name in other.files:
        raise CommandError(f"{kind.name} file '{name}' already exists!")
    shelf.files[name] = TlsFile()
    return Feedback(f"New {kind.name} file created '{name}'!")


@command("set ssl ca-file", on="worker", level="admin", changes=True,
         usage="set ssl ca-file <cafile> <payload>",
         text="replace authorities in memory once 'commit ssl ca-file' comes")  # fmt: skip
@command("set ssl crl-file", on="worker", level="admin", changes=True,
         usage="set ssl crl-file <crlfile> <payload>",
         text="replace lists in memory once 'commit ssl crl-file' comes")  # fmt: skip
def cmd_set_ssl_file(invocation: Invocation) -> Feedback:
    """
    Begin the transaction, or begin it anew.

    @param invocation: The command; its payload has certificates, or lists.

    @return: That it was created, or updated.

    @raise CommandError: There is no such file, another transaction, or nothing of the kind in the
        payload.
    """
    kind = _kind(invocation)
    text = payload_of(
        invocation, f"'set ssl {kind.word} expects a filename and {kind.contents} as a payload"
    )
    from mwproxy.protocols.pem import BadPem, read_certificates, read_revocations

    name = invocation.argument(0)
    shelf, _ = kind.shelves(invocation)
    try:
        if name not in shelf.files:
            raise Refused(
                f"Can't replace a {kind.name} file which is not referenced by the configuration!"
            )
        shelf.begin(name, "set")
        draft: Any = read_certificates(text) if kind is _CA else read_revocations(text)
    except (BadPem, Refused) as error:
        raise CommandError(f"{error}\nCan't update {name}!") from None
    return Feedback(f"transaction {shelf.change(name, draft)} for {kind.name} {name}!")


@command("commit ssl ca-file", on="worker", level="admin", changes=True,
         usage="commit ssl ca-file <cafile>",
         text="have what 'set ssl ca-file' made take its place")  # fmt: skip
@command("commit ssl crl-file", on="worker", level="admin", changes=True,
         usage="commit ssl crl-file <crlfile>",
         text="have what 'set ssl crl-file' made take its place")  # fmt: skip
def cmd_commit_ssl_file(invocation: Invocation) -> Feedback:
    """
    End the transaction: all who use the file get the new one, or none.

    @param invocation: The command.

    @return: That it is done.

    @raise CommandError: There is nothing to commit, or it will not do.
    """
    kind = _kind(invocation)
    name = named(invocation, f"'commit ssl {kind.word} expects a filename")
    return commit(kind.shelves(invocation)[0], name)


@command("abort ssl ca-file", on="worker", level="admin", changes=True,
         usage="abort ssl ca-file <cafile>",
         text="forget what 'set ssl ca-file' made")  # fmt: skip
@command("abort ssl crl-file", on="worker", level="admin", changes=True,
         usage="abort ssl crl-file <crlfile>",
         text="forget what 'set ssl crl-file' made")  # fmt: skip
def cmd_abort_ssl_file(invocation: Invocation) -> Feedback:
    """
    Forget the transaction.

    @param invocation: The command.

    @return: That it is forgotten.

    @raise CommandError: There is none.
    """
    kind = _kind(invocation)
    name = named(invocation, f"'abort ssl {kind.word}' expects a filename")
    return abort(kind.shelves(invocation)[0], name)


@command("del ssl ca-file", on="worker", level="admin", changes=True,
         usage="del ssl ca-file <cafile>",
         text="forget a file of authorities that nobody uses")  # fmt: skip
@command("del ssl crl-file", on="worker", level="admin", changes=True,
         usage="del ssl crl-file <crlfile>",
         text="forget a file of revoked certificates that nobody uses")  # fmt: skip
def cmd_del_ssl_file(invocation: Invocation) -> Feedback:
    """
    Forget a file.

    @param invocation: The command.

    @return: That it is forgotten.

    @raise CommandError: There is none, it is of the other kind, used, or being changed.
    """
    kind = _kind(invocation)
    name = named(invocation, f"'del ssl {kind.word}' expects a {kind.name} file name")
    shelf, other = kind.shelves(invocation)
    if name in other.files:
        raise CommandError(
            f"Can't remove the {kind.name} file: 'del ssl {kind.word}' does not work on "
            f"{kind.other} files!"
        )
    return delete(shelf, name, f"{kind.name} file")
