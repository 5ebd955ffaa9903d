"""
Console commands about certificates: C{show ssl cert}, C{new}, C{set}, C{commit}, C{abort}, C{del}
and C{dump ssl cert}.

What they change is in L{mwproxy.live.tls_files}, in this worker and until it ends; files are not
written. OpenSSL is loaded by the first payload.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mwproxy.console.dispatch import CommandError, Feedback, Invocation
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import command
from mwproxy.live.proxies import WorkerState
from mwproxy.live.tls_files import Refused, Shelf, TlsFile

if TYPE_CHECKING:
    from mwproxy.protocols.pem import Bundle

#: How names of files that belong to a certificate end.
PARTS = ("key", "issuer", "ocsp", "sctl")
_NOT_SHOWN = "Can't display the certificate: Not found or the certificate is a bundle!"
_INCOMPLETE = "The transaction must contain at least a certificate and a private key!"


def _shelf(invocation: Invocation) -> Shelf[Bundle]:
    worker: WorkerState = invocation.subject
    return worker.tls_files.certificates


def named(invocation: Invocation, missing: str) -> str:
    """
    Get the name of a file.

    @param missing: What to say when there is none.

    @raise CommandError: There is none.
    """
    if not invocation.argument(0):
        raise CommandError(missing)
    return invocation.argument(0)


def payload_of(invocation: Invocation, missing: str) -> bytes:
    """
    Get the payload of a command that has a name before it.

    @param missing: What to say when one of them is missing.

    @raise CommandError: So.
    """
    if not invocation.argument(0) or invocation.payload is None:
        raise CommandError(missing)
    return invocation.payload.encode("utf-8", "surrogateescape")


def listing(shelf: Shelf[Bundle]) -> str:
    """
    List the files of a shelf, first the one that is being changed.
    """
    changing = f"# transaction\n*{shelf.changing}\n" if shelf.changing else ""
    names = "".join(f"{name}\n" for name in shelf.names())
    return changing + (f"# filename\n{names}" if names else "")


@command("show ssl cert", on="worker", level="operator", changes=False,
         usage="show ssl cert [<certfile>]",
         text="list certificates in memory, or tell about one")  # fmt: skip
def cmd_show_ssl_cert(invocation: Invocation) -> str | Iterator[str]:
    """
    List certificates, or describe one; with C{*} before it the one of the transaction, with
    C{.ocsp} behind it its OCSP response.

    @param invocation: The command.

    @return: The names, or fields of one.

    @raise CommandError: There is none of that name.
    """
    shelf = _shelf(invocation)
    name = invocation.argument(0)
    if not name:
        return listing(shelf)
    file = shelf.find(name)
    if file is not None:
        return _described(name, file)
    response = shelf.find(name.removesuffix(".ocsp")) if name.endswith(".ocsp") else None
    if response is None:
        raise CommandError(_NOT_SHOWN)
    return _response(response)


def _described(name: str, file: TlsFile[Bundle]) -> Iterator[str]:
    yield f"Filename: {name}\nStatus: {file.status}\n"
    if file.content is None:
        yield "OCSP Response Key: \n"
        return
    from mwproxy.console.certificate_text import bundle_lines

    yield from bundle_lines(file.content)


def _response(file: TlsFile[Bundle]) -> Iterator[str]:
    if file.content is not None and file.content.ocsp:
        from mwproxy.console.certificate_text import response_lines

        yield from response_lines(file.content.ocsp)


@command("new ssl cert", on="worker", level="admin", changes=True, usage="new ssl cert <certfile>",
         text="make an empty certificate, for 'set ssl cert'")  # fmt: skip
def cmd_new_ssl_cert(invocation: Invocation) -> Feedback:
    """
    Make an empty certificate.

    @param invocation: The command.

    @return: That it is there.

    @raise CommandError: There is one of that name.
    """
    name = named(invocation, "'new ssl cert' expects a filename")
    shelf = _shelf(invocation)
    if name in shelf.files:
        raise CommandError(f"Certificate '{name}' already exists!")
    shelf.files[name] = TlsFile()
    return Feedback(f"New empty certificate store '{name}'!")


@command("set ssl cert", on="worker", level="admin", changes=True,
         usage="set ssl cert <certfile> <payload>",
         text="replace a certificate in memory once 'commit ssl cert' comes")  # fmt: skip
def cmd_set_ssl_cert(invocation: Invocation) -> Feedback:
    """
    Begin or continue the transaction: the payload is the certificate with key and chain, or, for
    a name that ends so, its C{.key}, C{.issuer}, C{.ocsp} or C{.sctl}.

    @param invocation: The command.

    @return: That the transaction was created, or updated.

    @raise CommandError: There is no such certificate, another transaction, or a bad payload.
    """
    text = payload_of(invocation, "'set ssl cert expects a filename and a certificate as a payload")
    from mwproxy.protocols.pem import BadPem, Bundle, add_part, read_bundle

    shelf = _shelf(invocation)
    written = invocation.argument(0)
    name, part = _split(shelf, written)
    try:
        if name not in shelf.files:
            raise Refused(
                "Can't replace a certificate which is not referenced by the configuration!"
            )
        former = shelf.begin(name, "set")
        if part:
            draft = add_part(former or Bundle(), part, text, name)
        else:
            draft = read_bundle(text, name)
    except BadPem as error:
        raise CommandError(f"{error}\nCan't load the payload\nCan't update {written}!") from None
    except Refused as error:
        raise CommandError(f"{error}\nCan't update {written}!") from None
    return Feedback(f"Transaction {shelf.change(name, draft)} for certificate {name}!")


def _split(shelf: Shelf[Bundle], written: str) -> tuple[str, str]:
    """
    Tell which certificate, and which of its parts, a name means.
    """
    name, _dot, part = written.rpartition(".")
    if part in PARTS and name in shelf.files and written not in shelf.files:
        return name, part
    return written, ""


@command("commit ssl cert", on="worker", level="admin", changes=True,
         usage="commit ssl cert <certfile>",
         text="have what 'set ssl cert' made take the place of the certificate")  # fmt: skip
def cmd_commit_ssl_cert(invocation: Invocation) -> Feedback:
    """
    End the transaction: all who use the certificate get the new one, or none.

    @param invocation: The command.

    @return: That it is done, with a point for each who uses it.

    @raise CommandError: There is nothing to commit, or it will not do.
    """
    name = named(invocation, "'commit ssl cert expects a filename")
    shelf = _shelf(invocation)
    try:
        draft = shelf.pending(name)
        if draft.certificate is None or draft.key is None:
            raise Refused(_INCOMPLETE)
        if not draft.fits():
            raise Refused(f"inconsistencies between private key and certificate loaded '{name}'.")
    except Refused as error:
        raise CommandError(f"{error}\nCan't commit {name}!") from None
    return commit(shelf, name)


def commit(shelf: Shelf[Bundle], name: str) -> Feedback:
    """
    Commit the transaction of a shelf.

    @return: HAProxy's words.

    @raise CommandError: There is none, or somebody cannot use what it would make.
    """
    try:
        users = shelf.commit(name)
    except (Refused, ConfigError) as error:
        raise CommandError(f"{error}\nCan't commit {name}!") from None
    return Feedback(f"Committing {name}{'.' * users}\nSuccess!")


@command("abort ssl cert", on="worker", level="admin", changes=True,
         usage="abort ssl cert <certfile>",
         text="forget what 'set ssl cert' made")  # fmt: skip
def cmd_abort_ssl_cert(invocation: Invocation) -> Feedback:
    """
    Forget the transaction.

    @param invocation: The command.

    @return: That it is forgotten.

    @raise CommandError: There is none, or it is about another certificate.
    """
    name = named(invocation, "'abort ssl cert' expects a filename")
    return abort(_shelf(invocation), name)


def abort(shelf: Shelf[Bundle], name: str) -> Feedback:
    """
    Forget the transaction of a shelf.

    @return: HAProxy's words.

    @raise CommandError: There is none.
    """
    try:
        shelf.abort(name)
    except Refused as error:
        raise CommandError(str(error)) from None
    return Feedback(f"Transaction aborted for certificate '{name}'!")


@command("del ssl cert", on="worker", level="admin", changes=True, usage="del ssl cert <certfile>",
         text="forget a certificate that nobody uses")  # fmt: skip
def cmd_del_ssl_cert(invocation: Invocation) -> Feedback:
    """
    Forget a certificate.

    @param invocation: The command.

    @return: That it is forgotten.

    @raise CommandError: There is none, or it is used, or being changed.
    """
    name = named(invocation, "'del ssl cert' expects a certificate name")
    return delete(_shelf(invocation), name, "certificate")


def delete(shelf: Shelf[Bundle], name: str, what: str) -> Feedback:
    """
    Forget a file of a shelf.

    @param what: What HAProxy calls it.

    @return: HAProxy's words.

    @raise CommandError: There is none, or it is used, or being changed.
    """
    problem = ""
    file = shelf.files.get(name)
    if shelf.changing == name:
        problem = f"ongoing transaction for the {what} '{name}'"
    elif file is None:
        problem = f"{what} '{name}' doesn't exist!"
    elif file.uses:
        problem = f"{what} '{name}' in use, can't be deleted!"
    if problem:
        raise CommandError(f"Can't remove the {what}: {problem}")
    del shelf.files[name]
    return Feedback(f"{what[0].upper()}{what[1:]} '{name}' deleted!")


@command("dump ssl cert", on="worker", level="admin", changes=False,
         usage="dump ssl cert <certfile>",
         text="show a certificate with its private key, in PEM")  # fmt: skip
def cmd_dump_ssl_cert(invocation: Invocation) -> str:
    """
    Show private key, certificate and chain.

    @param invocation: The command.

    @return: Them, in PEM.

    @raise CommandError: There is none of that name, or it is empty.
    """
    file = _shelf(invocation).find(named(invocation, "'dump ssl cert' expects a filename"))
    if file is None or file.content is None:
        raise CommandError("Can't dump the certificate: Not found!")
    return file.content.pem().decode("ascii")
