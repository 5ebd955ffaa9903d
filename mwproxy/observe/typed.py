"""
Statistics one per line with their kind: C{show stat typed} and C{show info typed}.
"""

from __future__ import annotations

from mwproxy.observe.fields import Field, Reading
from mwproxy.observe.rows import MARK, Shape


def line(prefix: str, process: int, reading: Reading, *, explain: bool) -> str:
    """
    Write one value.

    @param prefix: What identifies the object, such as C{"F.2.0."}; empty for the process.

    @param process: Relative number of the process.

    @param reading: The value.

    @param explain: Also say what it is.

    @return: A line with line feed, such as C{F.2.0.4.scur.1:MGP:u32:0}.
    """
    field = reading.field
    tail = f':"{field.text}"' if explain else ""
    return (
        f"{prefix}{reading.position}.{field.name}.{process}:"
        f"{field.tags}:{field.kind}:{reading.value}{tail}\n"
    )


def shape(process: int, *, explain: bool) -> Shape:
    """
    Write the lines of an object of C{show stat}.

    @param process: Relative number of the process.

    @param explain: Also say what each value is.

    @return: The format.
    """

    def before(position: int, field: Field) -> str:
        return f"{MARK}{position}.{field.name}.{process}:{field.tags}:{field.kind}:"

    return Shape(
        before=before,
        after=lambda field: f':"{field.text}"\n' if explain else "\n",
        absent="",
        text=str,
        mark=lambda row: f"{row.letter}.{row.proxy.number}.{row.number}.",
    )
