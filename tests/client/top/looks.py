"""
What a scripted console says to somebody who looks.
"""

from __future__ import annotations

from mwproxy.client.formats.info import read_info
from mwproxy.client.formats.stat import read_stat
from mwproxy.client.top.sample import Sample

INFO = b"Name: mwproxy\nVersion: 0.1.0\nPid: %d\nCurrConns: %d\nMaxconn: 100\nIdle_pct: 98\n\n"
HEAD = "# pxname,svname,qcur,scur,slim,stot,bin,bout,ereq,econ,status,type,weight,req_tot,rate,\n"
PROC = (
    b"#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
    b"1   master  3 [failed: 1]   0d00h03m02s     0.1.0          \n# workers\n"
    b"9   worker  0  0d00h00m02s  0.1.0\n"
)
OLD = b"# old workers\n7   worker  1  0d00h01m02s  0.1.0\n"


def stat(total: int = 0, *servers: str) -> bytes:
    """
    Write C{show stat} of a frontend, a backend C{be} and its servers.

    @param total: Requests so far.

    @param servers: C{name status}; C{UP} for C{s1} if none is given.

    @return: The answer.
    """
    rows = [f"fe,FRONTEND,,3,50,{total},{total * 10},{total * 100},0,,OPEN,0,,{total},7,"]
    for number, each in enumerate(servers or ("s1 UP",)):
        name, _, status = each.partition(" ")
        rows.append(f"be,{name},0,{number},,{total},{total},0,,0,{status},2,1,,5,")
    rows.append(f"be,BACKEND,0,1,,{total},0,0,,0,UP,1,1,{total},,")
    return (HEAD + "\n".join(rows) + "\n\n").encode()


def look(at: float, total: int, *servers: str, pid: int = 9) -> Sample:
    """
    Make a look.
    """
    rows = read_stat(stat(total, *servers).decode())
    return Sample(at, 0.1, read_info((INFO % (pid, 5)).decode()), rows)
