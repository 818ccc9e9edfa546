#!/usr/bin/env python3
"""Mutates whole files and gives them to the command: each must give the right values or a typed error.

    scripts/fuzz-files BINARY [--runs 1000] [--seed 1] [--markdown] [FOLDER …]

Files: HDF5 checkpoints of fixtures/ and of the folders given, and .reuse.h5 files made of a fixture. Mutants: bits and
bytes changed, numbers replaced by extreme ones, blocks exchanged, copied, cleared, cut out or put in, files cut short;
four fifths of them in the file's structures, the rest anywhere.

Judged:
  extract    0, 4 or 5, and a file only with 0. Values must be those that h5py reads from the same mutant, in a
             process of its own, or those of the unchanged file; where h5py crashes, hangs or refuses, a dataset whose
             bytes were not touched is compared with the seed's.
             Of a .reuse.h5 nothing is read (4 or 5): a digest covers every byte.
  run        for .reuse.h5: the same
  inspect    for a folder with config.json: 0, 4 or 5, of changed weights or of a changed configuration
Never: a signal, status 1, more than 10 seconds of processor time, more than 512 MB. What fails is kept in
fuzz-findings/; exit status 1.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import hdf5plugin  # noqa: F401, gives h5py the filters that we write with
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Processor time decides; the wall is far away, because machines are busy.
SECONDS, WALL_SECONDS, MEGABYTES, LARGEST_SEED = 10, 300, 512, 1 << 20
EXTREMES = [0, 1, 2, 127, 128, 255, 256, 32767, 65535, 1 << 31, (1 << 32) - 1, (1 << 63) - 1, (1 << 64) - 1]


def digest(array):
    """SHA-256 of the values, whatever type they are stored in."""
    array = np.asarray(array)
    if array.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            array = np.ascontiguousarray(array.astype("<f4"))
        bits = array.view("<u4").copy() if array.ndim else np.array(array.view("<u4"))
        bits[np.isnan(array)] = 0x7FC00000
        return hashlib.sha256(bits.tobytes()).hexdigest()
    return hashlib.sha256(np.ascontiguousarray(array.astype("<i8")).tobytes()).hexdigest()


def spelled(name):
    """A name as the command spells it: bytes that are no UTF-8 as \\xNN."""
    return "".join("\\x%02x" % (ord(c) - 0xDC00) if 0xDC80 <= ord(c) <= 0xDCFF else c for c in name)


# MARK: The second opinion

def read_all(path):
    """Digest, or nothing where h5py refuses, by every path of every dataset of numbers."""
    result = {}

    def visit(group, prefix, above):
        for name in group:
            if len(result) > 5000:
                return
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                continue
            try:
                item = group[name]
            except Exception:
                result[spelled(prefix + name)] = None
                continue
            if isinstance(item, h5py.Group):
                address = h5py.h5o.get_info(item.id).addr
                if address not in above:
                    visit(item, prefix + name + "/", above | {address})
            elif isinstance(item, h5py.Dataset):
                result[spelled(prefix + name)] = value(item)

    def value(dataset):
        try:
            if dataset.size is None or dataset.size * dataset.dtype.itemsize > 64 << 20:
                return None
            array = dataset[()]
            if array.dtype.kind == "V" and array.dtype.itemsize == 2:
                array = (np.frombuffer(array.tobytes(), "<u2").astype("<u4") << 16).view("<f4")
            elif array.dtype.itemsize == 2 and dataset.attrs.get("dtype") in ("bfloat16", b"bfloat16"):
                array = (np.ascontiguousarray(array).view("<u2").astype("<u4") << 16).view("<f4")
            return digest(array) if array.dtype.kind in "fiub" else None
        except Exception:
            return None

    with h5py.File(path, "r") as file:
        visit(file, "", {h5py.h5o.get_info(file.id).addr})
    return result


def oracle_main():
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    for line in sys.stdin:
        try:
            answer = read_all(line.rstrip("\n"))
        except Exception as error:
            answer = {"": str(error)[:100]}
        print(json.dumps(answer), flush=True)


class Oracle:
    """h5py in a process of its own, started again when it dies or hangs."""

    def __init__(self):
        self.process = None

    def read(self, path):
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, __file__, "--oracle"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True)
        try:
            self.process.stdin.write(path + "\n")
            self.process.stdin.flush()
            if select.select([self.process.stdout], [], [], 5)[0]:
                line = self.process.stdout.readline()
                if line:
                    answer = json.loads(line)
                    return None if "" in answer else answer
        except (BrokenPipeError, ValueError):
            pass
        self.process.kill()
        self.process.wait()
        self.process = None
        return None


# MARK: Seeds and mutants

class Seed:
    def __init__(self, group, path, config=None):
        self.group, self.path, self.config = group, pathlib.Path(path), config
        self.data = self.path.read_bytes()
        self.extents = self.values = None
        self.prepare()

    def prepare(self):
        """Where the values of each dataset lie, and what they are."""
        extents, self.by_name = [], {}
        offset = max(self.data.find(b"\x89HDF\r\n\x1a\n"), 0)
        with h5py.File(self.path, "r") as file:
            def visit(name, item):
                if not isinstance(item, h5py.Dataset):
                    return
                own = []
                if item.chunks:
                    for index in range(item.id.get_num_chunks()):
                        chunk = item.id.get_chunk_info(index)
                        own.append((chunk.byte_offset, chunk.byte_offset + chunk.size))
                elif item.id.get_offset() is not None:
                    own.append((item.id.get_offset(), item.id.get_offset() + item.id.get_storage_size()))
                # Some versions count from the superblock, others from the start of the file: take both places.
                extents.extend(own + [(a + offset, b + offset) for a, b in own])
                self.by_name[name] = own
            file.visititems(visit)
        self.values = read_all(str(self.path))
        inside = np.zeros(len(self.data), bool)
        for start, end in extents:
            inside[start:end] = True
        self.structures = np.flatnonzero(~inside)

    def position(self, rng):
        if rng.random() < 0.8 and len(self.structures):
            return int(self.structures[rng.randrange(len(self.structures))])
        return rng.randrange(len(self.data))

    def mutant(self, rng):
        data = bytearray(self.data)
        for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
            at, kind = self.position(rng), rng.randrange(12)
            if kind < 4:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            elif kind < 6:
                data[at % len(data)] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
            elif kind < 8:
                size = rng.choice([2, 4, 8])
                at = min(at, len(data) - size)
                if at >= 0:
                    number = rng.choice(EXTREMES + [len(data), rng.randrange(len(data))]) % (1 << 8 * size)
                    data[at:at + size] = number.to_bytes(size, "little")
            else:
                size = rng.choice([4, 8, 16, 40, 64, 128, 512])
                other = self.position(rng)
                at, other = (max(0, min(place, len(data) - size)) for place in (at, other))
                if kind == 8:
                    data[at:at + size], data[other:other + size] = data[other:other + size], data[at:at + size]
                elif kind == 9:
                    data[at:at + size] = data[other:other + size]
                elif kind == 10:
                    data[at:at + size] = bytes(min(size, len(data) - at))
                elif rng.random() < 0.5:
                    del data[at:at + size]
                else:
                    data[at:at] = data[other:other + size]
        if rng.random() < 0.04:
            del data[rng.randrange(len(data)):]
        return bytes(data) or b"\0"


def mutated_text(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4])):
        at, kind = rng.randrange(len(data)), rng.randrange(5)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(7)
        elif kind == 1:
            del data[at:at + rng.choice([1, 2, 8])]
        elif kind == 2:
            data[at:at] = rng.choice([b"[", b"{", b'"', b"-", b"0", b"9" * 20, b"null", b"1e400", b",", b"\\u0000"])
        else:
            numbers = list(re.finditer(rb"\d+(\.\d+)?(e-?\d+)?", data))
            if numbers:
                span = rng.choice(numbers).span()
                data[span[0]:span[1]] = rng.choice(
                    [b"0", b"-1", b"1", b"3", b"1000000007", b"9223372036854775807", b"1e300", b"0.5", b"null", b"[]"])
        if not data:
            data = bytearray(b" ")
    return bytes(data)


# MARK: Running and judging

class Trial:
    def __init__(self, binary, arguments, environment=None):
        start = time.monotonic()
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
            return f"status {self.status}: {self.message}"
        if self.megabytes > MEGABYTES:
            return f"{self.megabytes:.0f} MB"
        if self.seconds > SECONDS:
            return f"{self.seconds:.1f} s"
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


def judge_values(seed, mutant, output, opinion, tally):
    """What is wrong with the values that the command has extracted from a mutant."""
    ours = {}
    with np.load(output) as arrays:
        for name in arrays.files:
            ours[name] = digest(arrays[name])
    if opinion is not None:
        for name, value in ours.items():
            theirs = opinion.get(name)
            if theirs is None:
                tally.unjudged += 1
            elif theirs != value and value == seed.values.get(name):
                # h5py has lost something that is still there: a chunk, say, behind a damaged key of its index.
                tally.kept += 1
            elif theirs != value:
                return f"{name} differs from what h5py reads, and from what was written"
            else:
                tally.judged += 1
        return None
    same_length = len(mutant) == len(seed.data)
    for name, value in ours.items():
        own, untouched = seed.by_name.get(name), False
        if same_length and own and seed.values.get(name):
            untouched = all(mutant[a:b] == seed.data[a:b] for a, b in own)
        # Its description may still have been changed into another sound one: same bytes, other numbers.
        if untouched and seed.values[name] == value:
            tally.judged += 1
        else:
            tally.unjudged += 1
    return None


def seeds(binary, folders, scratch):
    result = []
    for folder in [ROOT / "fixtures/hdf5", ROOT / "fixtures/checkpoints"] + folders:
        for path in sorted(pathlib.Path(folder).rglob("*.h5")):
            if "hostile" in path.parts or path.stat().st_size > LARGEST_SEED:
                continue
            config = path.parent / "config.json"
            try:
                group = path.relative_to(folder).parts[0] if folder.name in ("samples", "fixtures") else folder.name
                result.append(Seed(group, path, config if config.exists() else None))
            except Exception as error:
                print(f"fuzz-files: {path} is no seed: {error}", file=sys.stderr)
    sys.path.insert(0, str(ROOT / "fixtures/fuzz"))
    plan = scratch / "plan.json"
    plan.write_text(json.dumps(__import__("make").PLAN))
    for method in ["none", "zstd"]:
        path = scratch / f"{method}.reuse.h5"
        subprocess.run([binary, "convert", str(ROOT / "fixtures/checkpoints/bert"), "--plan", str(plan), "--heal",
                        "none", "--compress", method, "-o", str(path)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        result.append(Seed("reuse.h5", path))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=1000, help="mutants in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", action="store_true", help="print a table for the documentation")
    arguments = parser.parse_args()
    rng, oracle, tallies, findings = random.Random(arguments.seed), Oracle(), collections.defaultdict(Tally), []
    start = time.monotonic()

    def found(name, problem, *files):
        findings.append(f"{name}: {problem}")
        print("FOUND", findings[-1], file=sys.stderr, flush=True)
        keep = pathlib.Path("fuzz-findings", name)
        keep.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(file, keep)

    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        pool = seeds(arguments.binary, arguments.folders, scratch)
        groups = sorted({seed.group for seed in pool})
        texts, output, vectors = scratch / "texts.txt", scratch / "out.npz", scratch / "out.npy"
        texts.write_text("one text\n")
        for run in range(arguments.runs):
            seed = rng.choice([s for s in pool if s.group == groups[run % len(groups)]])
            tally, name = tallies[seed.group], f"seed{arguments.seed}-run{run}"
            output.unlink(missing_ok=True)
            # A changed configuration beside sound weights, every eighth time.
            if seed.config and run // len(groups) % 8 == 7:
                model = scratch / "model"
                shutil.rmtree(model, ignore_errors=True)
                model.mkdir()
                os.symlink(seed.path, model / "tf_model.h5")
                (model / "config.json").write_bytes(mutated_text(seed.config.read_bytes(), rng))
                trial = Trial(arguments.binary, ["inspect", str(model)])
                tally.add(trial)
                if problem := trial.problem([0, 4, 5]):
                    found(name, problem, model / "config.json")
                continue
            mutant = seed.mutant(rng)
            file = scratch / ("mutant.reuse.h5" if seed.group == "reuse.h5" else "mutant.h5")
            file.write_bytes(mutant)
            if seed.group == "reuse.h5" and run // len(groups) % 2:
                vectors.unlink(missing_ok=True)
                trial = Trial(arguments.binary, ["run", str(file), "--texts", str(texts), "-o", str(vectors)])
                tally.add(trial)
                # Without its magic a file is a stranger, which may be called unsupported; an unchanged one is read,
                # and lacks nothing or a tokenizer.
                if problem := trial.problem([4, 5] if mutant != seed.data else [0, 6]):
                    found(name, problem, file)
                continue
            trial = Trial(arguments.binary, ["extract", str(file), "-o", str(output)])
            tally.add(trial)
            # What has lost its magic is any HDF5 file.
            has_digest = seed.group == "reuse.h5" and mutant[:8] == seed.data[:8] and mutant != seed.data
            problem = trial.problem([5] if has_digest else [0, 4, 5])
            if not problem and trial.status != 0 and output.exists():
                problem = f"status {trial.status} and an output file"
            if not problem and trial.status == 0:
                problem = judge_values(seed, mutant, output, oracle.read(str(file)), tally)
            if problem:
                found(name, problem, file)
    report(tallies, findings, arguments, time.monotonic() - start)
    return 1 if findings else 0


def report(tallies, findings, arguments, seconds):
    rows = [["files", "mutants", "read (0)", "unsupported (4)", "corrupt (5)", "other", "values as h5py's",
             "as before", "not comparable", "slowest", "largest"]]
    for group, tally in sorted(tallies.items()):
        total, known = sum(tally.runs.values()), sum(tally.runs[s] for s in (0, 4, 5))
        rows.append([group, total, tally.runs[0], tally.runs[4], tally.runs[5], total - known, tally.judged,
                     tally.kept, tally.unjudged, f"{tally.seconds:.2f} s", f"{tally.megabytes:.0f} MB"])
    rows.append(["all"] + [sum(row[column] for row in rows[1:]) for column in range(1, 9)] + ["", ""])
    if arguments.markdown:
        for index, row in enumerate(rows):
            print("| " + " | ".join(str(cell) for cell in row) + " |")
            if index == 0:
                print("| --- |" + " ---: |" * (len(row) - 1))
    else:
        for row in rows:
            print("".join(str(cell).rjust(17) for cell in row))
    print(f"\nseed {arguments.seed}, {seconds / 60:.1f} minutes, {len(findings)} findings")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--oracle"]:
        oracle_main()
    else:
        sys.exit(main())
