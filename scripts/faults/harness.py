"""Runs of the command on a small model, and what is wrong with how one ended: for inject-faults and break-machine."""
import collections
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Longest run; more for a debug build on a busy machine.
SECONDS = int(os.environ.get("FAULT_SECONDS", "20"))


class Harness:
    """Commands on fixtures/encoder and on what was converted from it, in a folder of their own."""

    def __init__(self, binary, folder):
        self.program = str(pathlib.Path(binary).resolve() / "reuseformer")
        self.folder = pathlib.Path(folder)
        self.out = self.folder / "out"
        # A copy, because some runs damage it.
        self.model = self.folder / "model"
        shutil.copytree(ROOT / "fixtures/encoder", self.model)
        self.texts = self.folder / "texts.txt"
        self.texts.write_text("".join(f"{line}\n" for line in self.lines("heldout.txt")[:24]))
        self.calibration = self.folder / "calibration.txt"
        self.calibration.write_text("".join(f"{line[:60]}\n" for line in self.lines("calibration.txt")[:60]))
        self.small = self.folder / "small.reuse.h5"
        # Two threads, so that their start can fail.
        threads = ["--threads", "2"]
        convert = ["convert", self.model, "--calibration", self.calibration, "--budget", "1/3", *threads]
        analysis, plan = self.folder / "analysis.json", self.folder / "plan.json"
        rewrite = ["convert", self.model, "--plan", plan, "--heal", "none"]
        for words in [["analyze", self.model, "--calibration", self.calibration, "-o", analysis],
                      ["plan", analysis, "--budget", "1/3", "-o", plan],
                      [*rewrite, "-o", self.small, "--compress", "none"]]:
            subprocess.run([self.program, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.commands = {
            "inspect": ["inspect", self.model, "--stats"],
            "inspect a .reuse.h5": ["inspect", self.small],
            "run": ["run", self.model, "--texts", self.texts, *threads, "-o", self.out / "rows.npy"],
            "run a .reuse.h5": ["run", self.small, "--texts", self.texts, *threads, "--dump", "hidden", "-o",
                                self.out / "all.npz"],
            "rewrite": [*rewrite, "-o", self.out / "plain.reuse.h5"],
            "convert": [*convert, "-o", self.out / "new.reuse.h5"],
            "verify": ["verify", self.model, self.small, "--data", self.texts, *threads, "--json"],
        }

    def lines(self, name):
        return (ROOT / "fixtures/encoder" / name).read_text().splitlines()

    def run(self, command, *, before=None, environment=None, stdin=subprocess.DEVNULL, wrap=None, during=None):
        """How a run ended: status (negative: a signal, None: too long), output, errors, files in `out`.

        before: called in the child; wrap: words before the command; during: called with the running process.
        """
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()
        os.chmod(self.out, 0o777)
        words = self.commands[command] if isinstance(command, str) else command
        process = subprocess.Popen(
            [*(wrap or []), self.program, *map(str, words)], env={**os.environ, **(environment or {})}, cwd=self.folder,
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=before)
        try:
            if during:
                during(process)
            output, errors = process.communicate(timeout=SECONDS)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            status = None
        files = {path.name: path.read_bytes() for path in sorted(self.out.iterdir())}
        return status, output, errors.decode(errors="replace"), files


# Of a fault of the machine: done, a gate, a file or the machine, interrupted.
MACHINE = (0, 3, 6, 130)


def judge(ended, sound=None, allowed=MACHINE, comparable=False, silent=False, complete=None):
    """What is wrong with a run under a fault; None when nothing is.

    sound: the run without the fault; comparable: its output is the same each time; silent: errors could not be written;
    complete: files that may be there all the same, if the message says that they are complete.
    """
    status, output, errors, files = ended
    if status is None:
        return "did not end"
    if status < 0 and -status not in (2, 9, 3, 15, 1):
        return f"signal {-status}"
    if status == 1 or "a defect of" in errors or "Program crashed" in errors:
        return f"exit {status}, as a defect: {errors.strip()[-200:]}"
    if status not in allowed and status >= 0:
        return f"exit {status}: {errors.strip()[-200:]}"
    if status == 0 and sound and files != sound[3]:
        return "exit 0 with other files"
    if status == 0 and sound and comparable and output != sound[1]:
        return "exit 0 with another output"
    if files and files == complete and "complete" in errors:
        files = {}
    if status not in (0, None) and status != -9 and status != -3 and files:
        return f"exit {status}, left {', '.join(files)}"
    if status != 0 and status > 0 and not silent and not errors.strip():
        return f"exit {status} without a word"
    return None


def compile_shim(folder):
    """The library that makes calls fail; Linux only."""
    shim = pathlib.Path(folder) / "failing_calls.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", shim, ROOT / "scripts/faults/failing_calls.c", "-ldl"],
                   check=True)
    return shim


def report(rows, columns, markdown):
    """A table of counters, with their sum."""
    total = collections.Counter()
    for row in rows.values():
        total.update(row)
    if markdown:
        print("| " + " | ".join(["", *map(str, columns)]) + " |")
        print("| --- |" + " ---: |" * len(columns))
    for name, row in [*rows.items(), ("all", total)]:
        cells = [name, *(str(row[column]) for column in columns)]
        print("| " + " | ".join(cells) + " |" if markdown else "  ".join(cells))
    sys.stdout.flush()
