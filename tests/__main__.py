"""
Runs all that has to hold: C{python -m tests}.

The linter, its formatter, the type checker and trial, in this order; each of
the first three counts as one test. The last line printed is the sum.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent.parent
_SUM = re.compile(
    r"^(?:PASSED|FAILED)(?: \((?P<counts>[^)]*)\))?$",
)


def checks() -> list[tuple[str, list[str]]]:
    """
    List what runs before the tests.

    @return: Names and commands.
    """
    tool = [sys.executable, "-m"]
    return [
        ("ruff check", [*tool, "ruff", "check", "."]),
        ("ruff format --check", [*tool, "ruff", "format", "--check", "."]),
        ("mypy", [*tool, "mypy"]),
    ]


def add_up(last: str) -> tuple[int, int, int]:
    """
    Read the last line of trial.

    @param last: Such as C{FAILED (skips=1, failures=2, successes=3)}.

    @return: How many passed, failed and were skipped; one failure if the line is
        none of trial's.
    """
    match = _SUM.match(last)
    if match is None:
        return 0, 1, 0
    counts = dict(re.findall(r"(\w+)=(\d+)", match["counts"] or ""))
    passed = int(counts.get("successes", 0)) + int(counts.get("expectedFailures", 0))
    bad = ("failures", "errors", "unexpectedSuccesses")
    return passed, sum(int(counts.get(name, 0)) for name in bad), int(counts.get("skips", 0))


def run_trial(arguments: list[str]) -> tuple[int, int, int]:
    """
    Run the tests.

    @param arguments: What to hand to trial.

    @return: How many passed, failed and were skipped.
    """
    command = [sys.executable, "-m", "twisted.trial", *arguments]
    last = ""
    with subprocess.Popen(command, cwd=_HERE, stdout=subprocess.PIPE, text=True) as trial:
        assert trial.stdout is not None
        for line in trial.stdout:
            sys.stdout.write(line)
            last = line.strip() or last
    sys.stdout.flush()
    passed, failed, skipped = add_up(last)
    if trial.returncode and not failed:
        failed = 1
    return passed, failed, skipped


def main(arguments: list[str]) -> int:
    """
    Run everything, or the named tests alone.

    @param arguments: Words for trial; empty for all there is.

    @return: The exit status.
    """
    # What a shell runs in the background has these ignored, and would hand that on.
    for each in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(each, signal.SIG_DFL)
    passed = failed = skipped = 0
    if not arguments:
        for name, command in checks():
            status = subprocess.run(command, cwd=_HERE, check=False).returncode
            print(f"{name}: {'ok' if status == 0 else f'failed with status {status}'}", flush=True)
            passed, failed = passed + (status == 0), failed + (status != 0)
    good, bad, left_out = run_trial(arguments or ["tests"])
    passed, failed, skipped = passed + good, failed + bad, skipped + left_out
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
