"""Where the programs are, and running one to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Sequence

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

    Raises the error that its exit status stands for, with its last message."""
    process = subprocess.Popen([program(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    try:
        output, messages = _communicate(process)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if process.returncode not in accepted:
        raise errors.of_status(process.returncode, _last_message(messages))
    return subprocess.CompletedProcess(process.args, process.returncode, output, messages)


def _communicate(process):
    """Both streams to their ends; standard error is also shown as it comes."""
    import threading

    messages = bytearray()

    def copy():
        for line in process.stderr:
            messages.extend(line)
            del messages[:-65536]
            try:
                sys.stderr.write(line.decode("utf-8", "replace"))
            except (OSError, ValueError):
                pass

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    output = process.stdout.read()
    process.wait()
    thread.join()
    return output, bytes(messages)


def _last_message(messages: bytes) -> str:
    lines = [line for line in messages.decode("utf-8", "replace").splitlines() if line.strip()]
    own = [line for line in lines if line.startswith("reuseformer: ") or line.startswith("Error: ")]
    text = (own or lines or [""])[-1]
    return text.removeprefix("reuseformer: ") if hasattr(text, "removeprefix") else text.replace("reuseformer: ", "", 1)


def main() -> None:
    """The command, for the shell: replaces this process."""
    path = program()
    os.execv(path, [path, *sys.argv[1:]])
