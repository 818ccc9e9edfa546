"""The table of scripts/check-recognition."""
import argparse
import csv
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

import command
import document

EXPECTED = pathlib.Path(__file__).with_suffix(".tsv")
DOCUMENT = "recognition.md"
UNSUPPORTED = 4


def table(path):
    with open(path, encoding="utf8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def call(binary, *arguments):
    return subprocess.run([str(binary), *map(str, arguments)], capture_output=True, text=True)


def recognise(binary, samples, row):
    """What `inspect` says of a checkpoint, as a dictionary, and what is wrong with that."""
    given = ["--config", samples / row["config"]] if row["config"] else []
    done = call(binary, "inspect", "--json", samples / row["checkpoint"], *given)
    if done.returncode:
        return {}, [f"inspect ends with status {done.returncode}: {done.stderr.strip()}"]
    said, wrong = json.loads(done.stdout), []
    for key in ("dialect", "architecture"):
        if said.get(key, "") != row[key]:
            wrong.append(f"{key} is {said.get(key, 'unknown')}, expected {row[key] or 'none'}")
    if bool(said["problems"]) != bool(row["refused"]):
        wrong += said["problems"] or ["nothing is said to be wrong with it"]
    return said, wrong


def refusal(binary, samples, row):
    """What is wrong with how a checkpoint that is not handled is refused."""
    with tempfile.TemporaryDirectory() as scratch:
        np.savez(pathlib.Path(scratch) / "in.npz", input_ids=np.zeros((1, 1), "i4"))
        done = call(binary, "run", samples / row["checkpoint"], "--inputs", pathlib.Path(scratch) / "in.npz",
                    "--dump", "hidden", "-o", pathlib.Path(scratch) / "out.npz")
    wrong = [] if done.returncode == UNSUPPORTED else [f"run ends with status {done.returncode}"]
    if not re.search(row["refused"], done.stderr):
        wrong.append(f"run says: {done.stderr.strip()}")
    return wrong


def little_endian(array, dtype):
    """An array's bytes in its stored type."""
    array = np.ascontiguousarray(array)
    if "bfloat16" in dtype:
        return (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return array.astype(array.dtype.newbyteorder("<")).tobytes()


def owner(row):
    """A weights.tsv's row -> the file that it speaks of ("": the only one), the dataset's path in it."""
    path, file = row.get("dataset") or row["path"], row.get("file") or ""
    if not file and not path.startswith("/") and (cut := re.search("[:!]/", path)):
        # "file:/path", or "archive:member!/path"
        file, path = path[:cut.start()].split(":")[0], path[cut.start() + 1:]
    return file, path.lstrip("/")


def stored_in(folder, file):
    """The file that rows speak of: a member of an archive is in the only whole file there is."""
    places = (folder, folder / "preset")
    named = [place / file for place in places if file]
    whole = [path for place in places for path in sorted(place.glob("*"))
             if path.suffix in (".h5", ".keras") and not path.name.startswith("task.")]
    return next(path for path in named + whole if path.is_file())


def weights(binary, folder):
    """Digests of every file of a sample -> file name to (number of tensors, what differs)."""
    wanted = {}
    for row in table(folder / "weights.tsv"):
        file, path = owner(row)
        wanted.setdefault(stored_in(folder, file), []).append((path, row["dtype"], row["sha256"]))
    result = {}
    for path, rows in wanted.items():
        with tempfile.TemporaryDirectory() as scratch:
            command.call(binary, "extract", path, "-o", f"{scratch}/out.npz")
            with np.load(f"{scratch}/out.npz") as found:
                differing = [
                    name for name, dtype, digest in rows if name not in found.files
                    or hashlib.sha256(little_endian(found[name], dtype)).hexdigest() != digest]
        result[path.name] = len(rows), differing
    return result


def measure(binary, samples, row, digests):
    """Cells of a row of the table, and what is wrong."""
    said, wrong = recognise(binary, samples, row)
    if row["refused"]:
        wrong += refusal(binary, samples, row)
    path = samples / row["checkpoint"]
    folder = next(place for place in (path, *path.parents) if (place / "weights.tsv").exists())
    if folder not in digests:
        digests[folder] = weights(binary, folder)
    # A folder is all of its files, a single file itself alone.
    files = digests[folder] if path.is_dir() else {path.name: digests[folder][path.name]}
    count = sum(number for number, _ in files.values())
    differing = [name for _, names in files.values() for name in names]
    wrong += [f"{name} differs" for name in differing]
    problems = said.get("problems", []) if row["refused"] else []
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    note = f"not handled: {problems[0]}{more}" if problems else ""
    name = row["checkpoint"].removesuffix("/preset")
    return [name, said.get("dialect") or "–", said.get("architecture") or "–",
            f"{count - len(differing)} of {count}", note], wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("samples", type=pathlib.Path)
    parser.add_argument("--binary")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{DOCUMENT}")
    options = parser.parse_args()
    binary, digests, failures = command.find(options.binary), {}, []
    expected = table(EXPECTED)
    listed = {options.samples / row["checkpoint"] for row in expected}
    for path in sorted(options.samples.glob("**/weights.tsv")):
        if not any(path.parent in (place, *place.parents) for place in listed):
            failures.append(f"{path.parent}: nothing says what it is")
    lines = ["| checkpoint | layout | architecture | equal tensors | |", "| --- | --- | --- | --- | --- |"]
    for row in expected:
        cells, wrong = measure(binary, options.samples, row, digests)
        failures += [f"{row['checkpoint']}: {problem}" for problem in wrong]
        lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |"))
    rows = "".join(f"{line}\n" for line in lines)
    if options.write:
        document.fill(DOCUMENT, "scripts/check-recognition", rows)
    else:
        print(rows, end="")
    total = sum(number for files in digests.values() for number, _ in files.values())
    print(f"{len(expected)} checkpoints, {total} tensors", file=sys.stderr)
    if failures:
        sys.exit("\n".join(failures))


main()
