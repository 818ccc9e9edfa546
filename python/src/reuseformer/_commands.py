"""Where the programs are, and running one to its end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, List, NoReturn, Sequence

from . import errors


def program() -> str:
    """The command's path: what ``REUSEFORMER`` names, else the one that this package carries."""
    named = os.environ.get("REUSEFORMER")
    if named:
        return named
    carried = Path(__file__).parent / "_programs" / "bin" / "reuseformer"
    if carried.is_file():
        return str(carried)
    raise errors.Defect(
        "this installation carries no programs (%s): install a wheel, or name the command in REUSEFORMER" % carried)


def run(arguments: Sequence[str], accepted: Sequence[int] = (0,)) -> "subprocess.CompletedProcess[bytes]":
    """Runs the command to its end; what it says of its progress goes to this program's standard error.

    Raises the error that its exit status stands for, with its last message, which is then not shown as well."""
    process = subprocess.Popen([program(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    messages = _Messages(process)
    try:
        assert process.stdout is not None
        with process.stdout:
            output = process.stdout.read()
        process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        messages.finish()
    if process.returncode not in accepted:
        raise errors.of_status(process.returncode, last_message(messages.lines))
    messages.show_last()
    return subprocess.CompletedProcess(process.args, process.returncode, output)


class _Messages:
    """Standard error of a command: shown as it comes, but for what it ends with."""

    def __init__(self, process: "subprocess.Popen[bytes]"):
        assert process.stderr is not None
        self.lines: List[str] = []
        self._shown = 0
        self._thread = threading.Thread(target=self._copy, args=(process.stderr,), daemon=True)
        self._thread.start()

    def finish(self) -> None:
        self._thread.join()

    def show_last(self) -> None:
        for line in self.lines[self._shown:]:
            show(line)
        self._shown = len(self.lines)

    def _copy(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                if not any(_is_own(line) for line in self.lines[self._shown:]):
                    self.show_last()


def show(line: str) -> None:
    """Writes a line to standard error; there may be none, or a closed one."""
    try:
        print(line, file=sys.stderr)
    except (OSError, ValueError, AttributeError):
        pass


def _is_own(line: str) -> bool:
    """Whether a line is the beginning of what a command failed with."""
    return line.startswith("Error: ") or line.startswith("reuseformer: ") and not line.startswith("reuseformer: note: ")


def last_message(lines: Sequence[str]) -> str:
    """The last thing that a command said of itself, without its name and without how it is used."""
    lines = [line for line in lines if line.strip()]
    starts = [index for index, line in enumerate(lines) if _is_own(line)]
    if not starts:
        return lines[-1] if lines else ""
    message = "\n".join(lines[starts[-1]:]).partition(": ")[2]
    return message.partition("\nUsage: ")[0]


def main() -> NoReturn:
    """The command, for the shell: replaces this process."""
    try:
        path = program()
        os.execv(path, [path, *sys.argv[1:]])
    except (errors.Defect, OSError) as error:
        sys.exit("reuseformer: %s" % error)
