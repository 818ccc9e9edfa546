"""Mutates whole files and gives them to the command: each must give the right values or a typed error.

Files of tensors: HDF5, .keras and safetensors of fixtures/ and of the folders given, and .reuse.h5 files made of a
fixture. Models: every checkpoint there, single files and folders (sharded, presets, with tokenizers), one file changed.
Mutants of binary files: bits and bytes changed, numbers replaced by extreme ones, blocks exchanged, copied, cleared,
cut out or put in, files cut short; four fifths of them in the file's structures, the rest anywhere. Of texts: letters,
numbers and punctuation changed, put in, left out.

Judged:
  extract    0, 4 or 5, and a file only with 0. Values must be those that h5py or safetensors read from the same mutant,
             in a process of its own, or those of the unchanged file; where they crash, hang or refuse, a tensor whose
             bytes were not touched is compared with the seed's.
             Of a .reuse.h5 nothing is read (4 or 5): a digest covers every byte.
  run        0, 4 or 5; of a .reuse.h5 never 0. With a changed text also 2 (two architectures fit alike) and 6 (it names
             a file that is not there)
  inspect    the same
Never: a signal, status 1, more than 10 seconds of processor time, more than 512 MB. What fails is kept in
fuzz-findings/; exit status 1.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

import opinion
import seeds

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Processor time decides; the wall is far away, because machines are busy.
SECONDS, WALL_SECONDS, MEGABYTES, LARGEST_SEED = 10, 300, 512, 5 << 20
INPUTS = {"input_ids", "attention_mask", "token_type_ids", "position_ids", "decoder_input_ids",
          "decoder_attention_mask", "pixel_values", "input_features"}


class Trial:
    """One run of the command."""

    def __init__(self, binary, arguments):
        start = time.monotonic()
        self.command = arguments[0]
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [binary] + arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
            self.status = None
            while time.monotonic() - start < WALL_SECONDS:
                found, status, usage = os.wait4(process.pid, os.WNOHANG)
                if found:
                    self.status = os.waitstatus_to_exitcode(status)
                    break
                time.sleep(0.001)
            if self.status is None:
                os.kill(process.pid, signal.SIGKILL)
                _, _, usage = os.wait4(process.pid, 0)
                self.status = "hang"
            process.returncode = 0
            self.seconds = usage.ru_utime + usage.ru_stime
            self.megabytes = usage.ru_maxrss / 1024 / (1024 if sys.platform == "darwin" else 1)
            errors.seek(0)
            self.message = errors.read().decode("utf-8", "replace").strip()[-300:]

    def problem(self, allowed):
        if self.status not in allowed:
            return f"{self.command}: status {self.status}: {self.message}"
        if self.megabytes > MEGABYTES:
            return f"{self.command}: {self.megabytes:.0f} MB"
        if self.seconds > SECONDS:
            return f"{self.command}: {self.seconds:.1f} s"
        return None


class Tally:
    def __init__(self):
        self.runs = collections.Counter()
        self.judged = self.unjudged = self.kept = 0
        self.seconds = self.megabytes = 0.0

    def add(self, trial):
        self.runs[trial.status] += 1
        self.seconds = max(self.seconds, trial.seconds)
        self.megabytes = max(self.megabytes, trial.megabytes)


class Session:
    """All trials: what they are, and what came out."""

    def __init__(self, binary, scratch, keep):
        self.binary, self.scratch, self.keep = binary, scratch, keep
        self.opinion, self.tallies, self.findings = opinion.Opinion(), collections.defaultdict(Tally), []
        self.texts, self.output, self.vectors = scratch / "texts.txt", scratch / "out.npz", scratch / "out.npy"
        self.texts.write_text("one text\n")

    def run(self, arguments, seed):
        for file in (self.output, self.vectors):
            file.unlink(missing_ok=True)
        trial = Trial(self.binary, [str(argument) for argument in arguments])
        self.tallies[seed.group].add(trial)
        return trial

    def found(self, name, problem, *files):
        self.findings.append(f"{name}: {problem}")
        print("FOUND", self.findings[-1], file=sys.stderr, flush=True)
        folder = self.keep / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "problem.txt").write_text(problem + "\n")
        for file in files:
            shutil.copy(file, folder)

    def try_model(self, name, seed, rng):
        folder = self.scratch / "model"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        model, changed, is_binary = seed.mutant(rng, folder)
        if seed.inputs and rng.random() < 0.5:
            words = ["--inputs", seed.inputs, "--dump", "hidden,logits", "-o", self.output]
            trial = self.run(["run", model, *words], seed)
        else:
            trial = self.run(["inspect", model], seed)
        if problem := trial.problem([0, 4, 5] if is_binary else [0, 2, 4, 5, 6]):
            self.found(name, f"{seed.path}: {problem}", changed)

    def try_file(self, name, seed, rng):
        mutant = seed.mutant(rng)
        file = self.scratch / f"mutant{seed.suffix}"
        file.write_bytes(mutant)
        has_digest = seed.suffix == ".reuse.h5" and mutant != seed.data
        if seed.suffix == ".reuse.h5" and rng.random() < 0.5:
            trial = self.run(["run", file, "--texts", self.texts, "-o", self.vectors], seed)
            # Without its magic a file is unknown, which may be called unsupported; an unchanged one is read, and
            # lacks nothing or a tokenizer.
            if problem := trial.problem([4, 5] if has_digest else [0, 6]):
                self.found(name, problem, file)
            return
        trial = self.run(["extract", file, "-o", self.output], seed)
        # What has lost its magic is any HDF5 file.
        problem = trial.problem([5] if has_digest and mutant[:8] == seed.data[:8] else [0, 4, 5])
        if not problem and trial.status != 0 and self.output.exists():
            problem = f"status {trial.status} and an output file"
        if not problem and trial.status == 0:
            problem = self.judge_values(seed, mutant, file)
        if problem:
            self.found(name, problem, file)

    def judge_values(self, seed, mutant, file):
        """What is wrong with the values that the command has extracted from a mutant."""
        ours, tally = {}, self.tallies[seed.group]
        with np.load(self.output) as arrays:
            for name in arrays.files:
                ours[name] = opinion.digest(arrays[name])
        read = self.opinion.read(file)
        same_length = len(mutant) == len(seed.data)
        for name, value in ours.items():
            theirs = read.get(name) if read is not None else None
            if theirs is not None and theirs == value:
                tally.judged += 1
            elif theirs is not None and value == seed.values.get(name):
                # h5py has lost something that is still there: a chunk, say, behind a damaged key of its index.
                tally.kept += 1
            elif theirs is not None:
                return f"{name} differs from what the other library reads, and from what was written"
            else:
                own = seed.by_name.get(name)
                untouched = same_length and own and all(mutant[a:b] == seed.data[a:b] for a, b in own)
                # Its description may still have been changed into another sound one: same bytes, other numbers.
                if untouched and value == seed.values.get(name):
                    tally.judged += 1
                else:
                    tally.unjudged += 1
        return None


# MARK: Seeds

def inputs_of(folder, scratch):
    """The inputs of a sample's reference.npz as the command takes them."""
    reference = next((f / "reference.npz" for f in (folder, folder.parent) if (f / "reference.npz").exists()), None)
    if reference is None:
        return None
    with np.load(reference) as arrays:
        names = {name.removeprefix("in."): name for name in arrays.files if name.startswith("in.") or name in INPUTS}
        inputs = {name: arrays[own] for name, own in names.items()}
    path = scratch / f"inputs-{len(list(scratch.glob('inputs-*')))}.npz"
    np.savez(path, **inputs)
    return path


def files_in(folder):
    for path in sorted(folder.rglob("*")):
        if path.suffix in seeds.ModelSeed.TENSORS and "hostile" not in path.parts and "odd" not in path.parts \
                and path.stat().st_size <= LARGEST_SEED:
            yield path


def models_in(folder, group, scratch):
    """Folders that hold a configuration beside weights, and single files elsewhere."""
    folders, singles = set(), []
    for path in files_in(folder):
        (folders.add(path.parent) if (path.parent / "config.json").exists() else singles.append(path))
    for path in sorted(folders) + singles:
        yield seeds.ModelSeed(group(path), path, inputs_of(path if path.is_dir() else path.parent, scratch))


def pool(binary, folders, scratch):
    """Files and models."""
    def named(root):
        """Fixtures by their kind, others by the folder that was given."""
        return lambda path: path.relative_to(root).parts[0] if root == ROOT / "fixtures" else root.name

    files, models = [], []
    for folder in [ROOT / "fixtures"] + folders:
        group = named(folder)
        for path in files_in(folder):
            # Larger ones only as models: of a thousand mutants most would be spent on reading them.
            if path.stat().st_size > 1 << 20 or "fuzz" in path.parts:
                continue
            try:
                files.append(seeds.Seed(group(path), path))
            except Exception as error:
                print(f"fuzz-files: {path} is no seed: {error}", file=sys.stderr)
        models += models_in(folder, lambda path: group(path) + ", models", scratch)
    sys.path.insert(0, str(ROOT / "fixtures/fuzz"))
    plan = scratch / "plan.json"
    plan.write_text(json.dumps(__import__("make").PLAN))
    for method in ["none", "zstd"]:
        path = scratch / f"{method}.reuse.h5"
        subprocess.run([binary, "convert", str(ROOT / "fixtures/checkpoints/bert"), "--plan", str(plan), "--heal",
                        "none", "--compress", method, "-o", str(path)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        files.append(seeds.Seed("reuse.h5", path))
    return files, models


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz-files", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=pathlib.Path, help="folders with more seeds")
    parser.add_argument("--command", default=str(ROOT / ".build/release/reuseformer"))
    parser.add_argument("--runs", type=int, default=1000, help="mutants in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="groups whose name contains this")
    parser.add_argument("--markdown", action="store_true", help="print a table for the documentation")
    arguments = parser.parse_args()
    rng, start = random.Random(arguments.seed), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        session = Session(arguments.command, pathlib.Path(folder), pathlib.Path("fuzz-findings"))
        groups = collections.defaultdict(list)
        for kind, members in zip((session.try_file, session.try_model), pool(arguments.command, arguments.folders,
                                                                             session.scratch)):
            for seed in members:
                if arguments.only in seed.group:
                    groups[seed.group].append((kind, seed))
        names = sorted(groups)
        for run in range(arguments.runs):
            kind, seed = rng.choice(groups[names[run % len(names)]])
            kind(f"seed{arguments.seed}-run{run}", seed, rng)
            if run % 500 == 499:
                print(f"{run + 1} mutants, {len(session.findings)} findings", file=sys.stderr, flush=True)
    report(session, arguments, time.monotonic() - start)
    return 1 if session.findings else 0


def report(session, arguments, seconds):
    rows = [["files", "mutants", "read (0)", "unsupported (4)", "corrupt (5)", "usage, file (2, 6)", "other",
             "values as others'", "as before", "not comparable", "slowest", "largest"]]
    for group, tally in sorted(session.tallies.items()):
        total, runs = sum(tally.runs.values()), tally.runs
        known = [runs[0], runs[4], runs[5], runs[2] + runs[6]]
        rows.append([group, total, *known, total - sum(known), tally.judged, tally.kept, tally.unjudged,
                     f"{tally.seconds:.2f} s", f"{tally.megabytes:.0f} MB"])
    rows.append(["all"] + [sum(row[column] for row in rows[1:]) for column in range(1, 10)] + ["", ""])
    if arguments.markdown:
        for index, row in enumerate(rows):
            print("| " + " | ".join(str(cell) for cell in row) + " |")
            if index == 0:
                print("| --- |" + " ---: |" * (len(row) - 1))
    else:
        for row in rows:
            print("".join(str(cell).rjust(19) for cell in row))
    print(f"\nseed {arguments.seed}, {seconds / 60:.1f} minutes, {len(session.findings)} findings")


if __name__ == "__main__":
    sys.exit(main())
